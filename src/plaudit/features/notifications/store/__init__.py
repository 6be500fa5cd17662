"""The SQL of notifications, a module for each thing that is kept."""
