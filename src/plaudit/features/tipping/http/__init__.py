"""Tipping over HTTP: ``catalogue`` is what tips are decided by, ``tips`` the tips themselves."""

from typing import Any, Final

from plaudit.features.tipping.http import catalogue, earnings, tips

ROUTES: Final[tuple[Any, ...]] = (*catalogue.ROUTES, *tips.ROUTES, *earnings.ROUTES)

__all__ = ["ROUTES"]
