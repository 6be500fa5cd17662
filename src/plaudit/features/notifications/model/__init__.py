"""Pure values and rules of notifications: what is said, to whom and when, and what follows from a failure."""
