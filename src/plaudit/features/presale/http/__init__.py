"""Presale over HTTP: shows, what is sold of them, and codes."""

from typing import Any, Final

from plaudit.features.presale.http import codes, offers, shows

ROUTES: Final[tuple[Any, ...]] = (*shows.ROUTES, *offers.ROUTES, *codes.ROUTES)

__all__ = ["ROUTES"]
