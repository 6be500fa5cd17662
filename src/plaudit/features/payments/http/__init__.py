"""Payments over HTTP: merchant accounts, payments, callbacks, refunds, the cashier, figures, bills."""

from typing import Any, Final

from plaudit.features.payments.http import (
    accounts,
    callbacks,
    cashier,
    exceptions,
    figures,
    payments,
    reconciliation,
    refunds,
)

ROUTES: Final[tuple[Any, ...]] = (
    *accounts.ROUTES,
    *payments.ROUTES,
    *refunds.ROUTES,
    *callbacks.ROUTES,
    *cashier.ROUTES,
    *figures.ROUTES,
    *reconciliation.ROUTES,
    *exceptions.ROUTES,
)

__all__ = ["ROUTES"]
