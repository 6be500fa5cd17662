"""Verbs of payments: what to lock and how to decide."""
