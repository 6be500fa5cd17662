"""Pure values and rules of payments."""
