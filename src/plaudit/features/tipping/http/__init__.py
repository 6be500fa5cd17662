"""Tipping over HTTP: what tips are decided by, the tips themselves, orders, reversals and earnings."""

from typing import Any, Final

from plaudit.features.tipping.http import catalogue, earnings, orders, reversals, tips

ROUTES: Final[tuple[Any, ...]] = (
    *catalogue.ROUTES,
    *tips.ROUTES,
    *orders.ROUTES,
    *reversals.ROUTES,
    *earnings.ROUTES,
)

__all__ = ["ROUTES"]
