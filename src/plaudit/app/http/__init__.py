"""The HTTP edge: one lean layer around the framework, strict bodies, the house's own routes."""
