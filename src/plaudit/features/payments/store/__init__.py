"""The only SQL of payments, a module for each sort of rows."""
