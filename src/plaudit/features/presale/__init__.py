"""Presale: shows, offers and tickets, sold before the stream exists."""
