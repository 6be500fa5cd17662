"""The HTTP edge: one lean layer around the framework, strict bodies, routes of the house itself, the description."""
