"""What can be wished for at the control interface."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from plaudit.app.simulate.books import BillHabit, RefundHabit, RefundState


class _Wish(Struct, kw_only=True, forbid_unknown_fields=True):
    """The base of what is asked: fields that are not known are refused."""


class NewMerchant(_Wish):
    """A merchant to be made. `facts`: identifiers and keys that are given rather than made up."""

    facts: dict[str, str] = field(default_factory=dict)
    mode: Literal["public_key", "certificate"] = "public_key"
    fee_rate: str = "0.6%"
    refunds: RefundHabit = "soon"
    bills: BillHabit = "next_morning"


class ChangedMerchant(_Wish):
    """What is to be different with a merchant from now on."""

    mode: Literal["public_key", "certificate"] | None = None
    fee_rate: str | None = None
    refunds: RefundHabit | None = None
    bills: BillHabit | None = None


class Pay(_Wish):
    """Somebody pays. `late`: though the order is closed; `again`: though it is paid."""

    number: str
    merchant: str | None = None
    amount_minor: int | None = None
    payer: str | None = None
    late: bool = False
    again: bool = False


class PayMany(_Wish):
    """Many pay at once: the orders named, or all that wait to be paid."""

    numbers: list[str] | None = None
    merchant: str | None = None


class Named(_Wish):
    """An order, by its number."""

    number: str
    merchant: str | None = None


class SettleRefund(_Wish):
    """What becomes of a refund that is under way."""

    number: str
    state: RefundState
    merchant: str | None = None


class Withdraw(_Wish):
    """Money leaves for the merchant's bank."""

    merchant: str
    amount_minor: int


class TimeWish(_Wish):
    """How time goes on: standing at `at` (or running from there), ahead by `offset_s`, or `advance_s` on."""

    at: datetime | None = None
    running: bool = False
    offset_s: float | None = None
    advance_s: float | None = None


class Craft(_Wish):
    """A callback sent aside, true or false, at once and only once; the answer to it comes back.

    It says what the last callback of the order (or of the refund) said, with `changes` in it, signed by the
    keys of `signed_by` (a merchant; else its own) as of `age_s` seconds ago, or as a `probe`.
    """

    number: str
    merchant: str | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    age_s: float = 0.0
    signed_by: str | None = None
    probe: bool = False
    url: str | None = None


class Flush(_Wish):
    """Send what is held back, and with `scheduled` what waits for its next try."""

    scheduled: bool = False
