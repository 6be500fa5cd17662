"""Tipping over HTTP: ``catalogue`` is what tips are decided by, ``tips`` and ``reversals`` what is done."""

from typing import Any, Final

from plaudit.features.tipping.http import catalogue, earnings, reversals, tips

ROUTES: Final[tuple[Any, ...]] = (*catalogue.ROUTES, *tips.ROUTES, *reversals.ROUTES, *earnings.ROUTES)

__all__ = ["ROUTES"]
