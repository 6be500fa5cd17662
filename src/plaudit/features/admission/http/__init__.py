"""Admission over HTTP: media servers, playback, sessions, and the hooks of media servers."""

from typing import Any, Final

from plaudit.features.admission.http import hooks, playback, servers, sessions

ROUTES: Final[tuple[Any, ...]] = (*servers.ROUTES, *playback.ROUTES, *sessions.ROUTES, *hooks.ROUTES)
"""All routes of admission."""
