"""Wallets over HTTP.

``accounts`` has credits, balances and statements, ``adjustments`` the corrections, ``packs`` what top-ups are
decided by, ``topups`` their orders.
"""

from typing import Any, Final

from plaudit.features.wallets.http import accounts, adjustments, packs, topups

ROUTES: Final[tuple[Any, ...]] = (*accounts.ROUTES, *adjustments.ROUTES, *packs.ROUTES, *topups.ROUTES)

__all__ = ["ROUTES"]
