"""Wallets over HTTP: ``accounts`` has credits, balances and statements, ``adjustments`` the corrections."""

from typing import Any, Final

from plaudit.features.wallets.http import accounts, adjustments

ROUTES: Final[tuple[Any, ...]] = (*accounts.ROUTES, *adjustments.ROUTES)

__all__ = ["ROUTES"]
