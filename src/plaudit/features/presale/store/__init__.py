"""Presale's only SQL."""
