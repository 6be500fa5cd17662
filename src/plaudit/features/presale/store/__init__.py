"""The SQL of presale."""
