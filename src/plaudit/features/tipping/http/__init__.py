"""Tipping over HTTP: what tips are decided by, tips and units in hand, orders, reversals and earnings."""

from typing import Any, Final

from plaudit.features.tipping.http import catalogue, earnings, orders, reversals, tips, units

ROUTES: Final[tuple[Any, ...]] = (
    *catalogue.ROUTES,
    *tips.ROUTES,
    *units.ROUTES,
    *orders.ROUTES,
    *reversals.ROUTES,
    *earnings.ROUTES,
)

__all__ = ["ROUTES"]
