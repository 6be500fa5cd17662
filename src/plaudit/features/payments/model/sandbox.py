"""What the sandbox channel keeps: trades, what was paid for them, what went back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

TradeState: TypeAlias = Literal["pending", "paid", "failed", "closed"]
Act: TypeAlias = Literal["pay", "fail", "pay_late", "pay_twice", "pay_other_amount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePayment:
    """One time that a trade was paid; `payment` counts from 1. The sandbox keeps `fee_minor` of it."""

    payment: int
    transaction: str
    amount_minor: int
    fee_minor: int
    paid_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """An order as the sandbox holds it, and what was paid for it."""

    number: str
    asset: str
    amount_minor: int
    title: str
    notify_url: str
    state: TradeState
    opened_at: datetime
    expires_at: datetime
    payments: tuple[TradePayment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRefund:
    """A refund of a trade; it is done as soon as it is asked for."""

    refund_number: str
    number: str
    transaction: str
    asset: str
    amount_minor: int
    notify_url: str
    refunded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payment or refund of a span of time: a line of the bill to be. Refunds are negative."""

    kind: Literal["payment", "refund"]
    number: str
    transaction: str
    refund_number: str
    asset: str
    amount_minor: int
    fee_minor: int
    happened_at: datetime
