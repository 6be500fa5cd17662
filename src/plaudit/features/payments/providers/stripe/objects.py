"""What is needed of Stripe's objects: checkout sessions, refunds, charges, balance transactions."""

from typing import Any, TypeAlias

import msgspec

from plaudit.features.payments.providers.stripe.amounts import from_stripe

Reference: TypeAlias = str | dict[str, Any] | None
"""Another object: its id, or the object itself where that was asked for."""


def id_of(reference: Reference) -> str | None:
    """Return the id of another object. Raises KeyError when it has none."""
    if isinstance(reference, dict):
        found: str = reference["id"]
        return found
    return reference


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout session: `status` open, complete or expired, `payment_status` unpaid or paid."""

    id: str
    livemode: bool
    status: str | None = None
    payment_status: str | None = None
    currency: str | None = None
    amount_total: int | None = None
    client_reference_id: str | None = None
    payment_intent: Reference = None
    customer: Reference = None
    url: str | None = None

    @property
    def transaction(self) -> str:
        """What the payment is called: its intent; the session's own id before there is one."""
        return id_of(self.payment_intent) or self.id

    @property
    def due(self) -> tuple[str, int]:
        """Return the asset and the amount in its minor units. Raises ValueError when there are none."""
        if self.currency is None or self.amount_total is None:
            raise ValueError(f"session {self.id} has no amount")
        return from_stripe(currency=self.currency, amount=self.amount_total)


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund: `status` pending, requires_action, succeeded, failed or canceled.

    `metadata` has our numbers: `number` the refund's, `order` the order's.
    """

    id: str
    status: str | None
    currency: str
    amount: int
    created: int
    payment_intent: Reference = None
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None

    def ours(self, name: str) -> str | None:
        """Return one of our numbers."""
        return (self.metadata or {}).get(name)

    @property
    def back(self) -> tuple[str, int]:
        """Return the asset and the amount in its minor units. Raises ValueError."""
        return from_stripe(currency=self.currency, amount=self.amount)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What moved the balance: a charge or a refund mostly, in the currency that the payer sees."""

    id: str
    object: str = ""
    status: str | None = None
    currency: str | None = None
    amount: int | None = None
    payment_intent: Reference = None
    metadata: dict[str, str] | None = None


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of the balance, in the currency of the balance: `net` is `amount` less `fee`."""

    id: str
    type: str
    currency: str
    amount: int
    fee: int
    net: int
    created: int
    source: str | Source | None = None
