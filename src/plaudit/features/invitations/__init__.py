"""Invitations: a personal link for each ticket holder, and a reward when the friend has paid."""
