"""Notifications: messages in the app, by webhook and by e-mail."""
