"""Payments over HTTP: merchant accounts, payments, callbacks, refunds, the cashier, figures."""

from typing import Any, Final

from plaudit.features.payments.http import accounts, callbacks, cashier, figures, payments, refunds

ROUTES: Final[tuple[Any, ...]] = (
    *accounts.ROUTES,
    *payments.ROUTES,
    *refunds.ROUTES,
    *callbacks.ROUTES,
    *cashier.ROUTES,
    *figures.ROUTES,
)

__all__ = ["ROUTES"]
