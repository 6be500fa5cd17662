"""Pure values and rules of campaigns."""
