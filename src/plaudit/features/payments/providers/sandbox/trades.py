"""The port behind which the sandbox keeps the books of one merchant account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from plaudit.features.payments.model.sandbox import Entry, Trade, TradePayment, TradeRefund

__all__ = ["Entry", "Trade", "TradePayment", "TradeRefund", "Trades"]


class Trades(Protocol):
    """The books of one merchant account at the sandbox."""

    async def open(self, trade: Trade) -> Trade:
        """Keep a trade, and return it as it is kept: the one that there was of this number, if any."""

    async def find(self, number: str) -> Trade | None:
        """Return a trade with what was paid for it."""

    async def close(self, number: str) -> Trade | None:
        """Close a trade unless something has become of it, and return what it is now."""

    async def refund(self, refund: TradeRefund) -> TradeRefund | None:
        """Refund a trade, or return the refund that there was of this number.

        None when there is no such trade, or less is left of what was paid for it.
        """

    async def find_refund(self, refund_number: str) -> TradeRefund | None:
        """Return a refund."""

    async def entries(self, *, since: datetime, until: datetime) -> list[Entry]:
        """Return what was paid and refunded in a half-open span, in order of time."""

    async def balances(self, *, before: datetime) -> Mapping[str, int]:
        """Return what the sandbox kept for the merchant before a moment, by currency."""
