"""Campaigns tested alone and against a season of real broadcasts."""
