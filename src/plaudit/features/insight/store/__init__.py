"""The SQL of insight, and the events that wait in memory to be written."""
