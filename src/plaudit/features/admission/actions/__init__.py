"""The verbs of admission."""
