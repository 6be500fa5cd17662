"""What a simulator remembers: merchants, orders, refunds, money, callbacks, planted differences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct, field

OrderState: TypeAlias = Literal["pending", "paid", "failed", "closed", "finished"]
RefundState: TypeAlias = Literal["processing", "succeeded", "abnormal", "closed"]
RefundHabit: TypeAlias = Literal["soon", "at_once", "hold", "abnormal"]
BillHabit: TypeAlias = Literal["next_morning", "at_once"]
EntryKind: TypeAlias = Literal["payment", "fee", "refund", "fee_back", "refund_back", "withdrawal"]
DeliveryState: TypeAlias = Literal["waiting", "done", "given_up", "vanished"]
Difference: TypeAlias = Literal["missing_row", "extra_row", "other_amount", "other_fee", "other_refund_state"]


class Merchant(Struct, kw_only=True):
    """A merchant of the channel. `facts` are the identifiers and keys of its protocol, PEM where keys.

    `fee_rate` like "0.6%". `refunds`: settled "soon" after they were asked for, told as done "at_once",
    kept until told ("hold"), or turned "abnormal". `bills`: made in the "next_morning", or shown "at_once".
    """

    id: str
    mode: Literal["public_key", "certificate"]
    fee_rate: str
    refunds: RefundHabit
    bills: BillHabit
    facts: dict[str, str]


class Payment(Struct, kw_only=True):
    """Money that came for an order. `refunded_minor` and `fee_back_minor` grow with its refunds."""

    transaction: str
    amount_minor: int
    fee_minor: int
    payer: str
    paid_at: datetime
    refunded_minor: int = 0
    fee_back_minor: int = 0


class Order(Struct, kw_only=True):
    """An order of a merchant; more than one payment only where a payer was made to pay twice."""

    merchant: str
    number: str
    method: str
    amount_minor: int
    title: str
    opened_at: datetime
    expires_at: datetime | None
    notify_url: str
    return_url: str = ""
    attach: str = ""
    payer: str = ""
    reference: str = ""
    state: OrderState = "pending"
    closed_at: datetime | None = None
    payments: list[Payment] = field(default_factory=list)


class Refund(Struct, kw_only=True):
    """A refund of one payment. `id` is the channel's name for it."""

    merchant: str
    number: str
    id: str
    order: str
    transaction: str
    amount_minor: int
    fee_minor: int
    reason: str
    notify_url: str
    asked_at: datetime
    state: RefundState = "processing"
    settled_at: datetime | None = None


class Entry(Struct, kw_only=True):
    """A movement on a merchant's account at the channel, and the balance after it."""

    number: int
    at: datetime
    kind: EntryKind
    amount_minor: int
    balance_minor: int
    order: str = ""
    transaction: str = ""
    refund: str = ""


class Attempt(Struct, kw_only=True):
    """One try to deliver a callback: `outcome` is a status, or "lost", "unreachable", "no answer"."""

    at: datetime
    outcome: str
    took_ms: int = 0
    mischief: str = ""


class Delivery(Struct, kw_only=True):
    """A callback: what it says (`content`, as the protocol wraps it), where to, and what became of it."""

    id: int
    merchant: str
    event: str
    order: str
    url: str
    content: dict[str, Any]
    made_at: datetime
    refund: str = ""
    state: DeliveryState = "waiting"
    next_at: datetime | None = None
    attempts: list[Attempt] = field(default_factory=list)


class Planting(Struct, kw_only=True, forbid_unknown_fields=True):
    """A difference put into the trade bill of a day. `number` names the order, or for refunds the refund.

    An extra row is made up from `number`, `amount_minor` and `fee_minor`; `state` is the channel's own word.
    """

    merchant: str
    day: date
    kind: Difference
    number: str
    amount_minor: int = 1
    fee_minor: int = 0
    state: str = ""


class _Snapshot(Struct, kw_only=True):
    merchants: list[Merchant]
    orders: list[Order]
    refunds: list[Refund]
    entries: dict[str, list[Entry]]
    deliveries: list[Delivery]
    plantings: list[Planting]
    counter: int
    offset_s: float = 0.0
    frozen_at: datetime | None = None


class Books:
    """All of it, in memory, found by the names that merchants use."""

    def __init__(self) -> None:
        """Start empty."""
        self.merchants: dict[str, Merchant] = {}
        self.orders: dict[tuple[str, str], Order] = {}
        self.payments: dict[tuple[str, str], Order] = {}
        self.refunds: dict[tuple[str, str], Refund] = {}
        self.refunds_of: dict[tuple[str, str], list[Refund]] = {}
        self.entries: dict[str, list[Entry]] = {}
        self.deliveries: list[Delivery] = []
        self.plantings: list[Planting] = []
        self.counter = 0
        self.offset_s = 0.0
        self.frozen_at: datetime | None = None

    def next_number(self) -> int:
        """Return a number that was not returned before."""
        self.counter += 1
        return self.counter

    def balance_minor(self, merchant: str) -> int:
        """Return what the channel keeps for a merchant."""
        entries = self.entries.get(merchant)
        return entries[-1].balance_minor if entries else 0

    def enter(self, merchant: str, entry: Entry) -> None:
        """Book an entry whose balance follows from those before it."""
        entry.balance_minor = self.balance_minor(merchant) + entry.amount_minor
        self.entries.setdefault(merchant, []).append(entry)

    def add_refund(self, refund: Refund) -> None:
        """Keep a refund under its number and with its order."""
        self.refunds[refund.merchant, refund.number] = refund
        self.refunds_of.setdefault((refund.merchant, refund.order), []).append(refund)

    def add_payment(self, order: Order, payment: Payment) -> None:
        """Keep a payment with its order and under its own name."""
        order.payments.append(payment)
        self.payments[order.merchant, payment.transaction] = order

    def orders_numbered(self, number: str, *, merchant: str | None) -> Iterator[Order]:
        """Yield the orders of that number, of one merchant or of all."""
        for name in (merchant,) if merchant else self.merchants:
            order = self.orders.get((name, number))
            if order is not None:
                yield order

    def save(self, path: Path) -> None:
        """Write everything to a file, whole or not at all."""
        snapshot = _Snapshot(
            merchants=list(self.merchants.values()),
            orders=list(self.orders.values()),
            refunds=list(self.refunds.values()),
            entries=self.entries,
            deliveries=self.deliveries,
            plantings=self.plantings,
            counter=self.counter,
            offset_s=self.offset_s,
            frozen_at=self.frozen_at,
        )
        aside = path.with_name(path.name + ".new")
        aside.write_bytes(msgspec.json.encode(snapshot))
        aside.chmod(0o600)
        aside.replace(path)

    @classmethod
    def load(cls, path: Path) -> Books:
        """Return what a file holds, empty where there is none. Raises ValueError on another kind of file."""
        books = cls()
        if not path.exists():
            return books
        found = msgspec.json.decode(path.read_bytes(), type=_Snapshot)
        books.merchants = {one.id: one for one in found.merchants}
        books.orders = {(one.merchant, one.number): one for one in found.orders}
        books.payments = {
            (one.merchant, payment.transaction): one for one in found.orders for payment in one.payments
        }
        for refund in found.refunds:
            books.add_refund(refund)
        books.entries = found.entries
        books.deliveries = found.deliveries
        books.plantings = found.plantings
        books.counter = found.counter
        books.offset_s, books.frozen_at = found.offset_s, found.frozen_at
        return books
