"""Payments over HTTP: merchant accounts, and payments from opening to closing."""

from typing import Any, Final

from plaudit.features.payments.http import accounts, payments

ROUTES: Final[tuple[Any, ...]] = (*accounts.ROUTES, *payments.ROUTES)

__all__ = ["ROUTES"]
