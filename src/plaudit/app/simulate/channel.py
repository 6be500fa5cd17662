"""What each channel brings to a simulator: its merchants, its protocol, its callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from plaudit.app.simulate.books import Delivery, Merchant, Order, Payment, Refund
from plaudit.app.simulate.schedule import Schedule
from plaudit.app.simulate.till import Event
from plaudit.app.simulate.wire import Reply, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A callback ready to be sent."""

    headers: Mapping[str, str]
    body: bytes


class Channel(Protocol):
    """A channel's protocol, over the common books and till."""

    name: str
    schedule: Schedule

    def new_merchant(self, facts: Mapping[str, str], *, number: int, now: datetime) -> dict[str, str]:
        """Return a merchant's facts, those that are given and the rest made up. Takes its time (keys)."""

    def rotated(self, merchant: Merchant, *, now: datetime) -> dict[str, str]:
        """Return the facts with a new key of the channel, the former one kept beside. Takes its time."""

    def id_of(self, facts: Mapping[str, str]) -> str:
        """Return a merchant's name at this channel."""

    async def serve(self, request: Request) -> Reply:
        """Answer a request of a merchant or a payer."""

    def notice(
        self, event: Event, order: Order, *, payment: Payment | None, refund: Refund | None, now: datetime
    ) -> Delivery | None:
        """Return the callback about an event, None where the channel sends none."""

    def sign(self, delivery: Delivery, merchant: Merchant, *, at: datetime, probe: bool = False) -> Signed:
        """Wrap and sign a callback as of an instant; `probe`: with a deliberately wrong signature."""

    def accepted(self, *, status: int, body: bytes) -> bool:
        """Tell whether that is the exact answer that ends a callback."""

    def changed(self, content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a callback says with some of it replaced, to craft false ones."""
