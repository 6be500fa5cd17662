"""Delivery: HTTP, workers and the command line. ``assembly`` is the only file that knows every feature."""
