"""The verbs of presale."""
