"""What a channel's bill and our books say of the same money, and what it is called when they differ.

Pure: two sides in, a finding or nothing out. Which line belongs to which of ours is the store's to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from plaudit.kernel.rate import Rate
from plaudit.kernel.time import Period
from plaudit.vocabulary.facts.bills import Difference

Subject: TypeAlias = Literal["payment", "refund"]
TheirState: TypeAlias = Literal["done", "processing", "failed"]

BOUNDARY: Final = timedelta(minutes=15)
"""What we settled so shortly before the end of a day may be on the channel's bill of the next."""
FEE_TOLERANCE_MINOR: Final = 1
"""How far a fee may lie from the agreed rate: channels round in their own ways."""
_PROCESSING: Final = frozenset({"PROCESSING", "PENDING", "REFUND_PROCESSING", "REQUIRES_ACTION"})
_FAILED: Final = frozenset(
    {"FAIL", "FAILED", "CLOSED", "REFUNDCLOSE", "REFUND_CLOSED", "ABNORMAL", "CHANGE", "CANCELED"}
)
_PAID: Final = frozenset({"paid", "surplus"})
_OFF: Final = frozenset({"failed", "rejected"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What two sides are judged by: the day of the bill in instants, and the agreed fee."""

    day: Period
    fee_rate: Rate | None = None


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bill. `again`: a line before it has the same number."""

    line: int
    subject: Subject
    asset: str
    amount_minor: int
    fee_minor: int
    number: str
    transaction: str
    refund_number: str
    channel_refund: str
    told: str
    state: TheirState
    happened_at: datetime | None
    again: bool = False


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt or a refund of ours; a refund's amount is negative, as on a bill."""

    subject: Subject
    asset: str
    amount_minor: int
    state: str
    number: str
    transaction: str
    intent: int
    attempt: int
    settled_at: datetime | None
    owner: str | None
    refund: int | None = None
    channel_refund: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A difference, ready to be queued. `carried`: ours of the day before, on this day's bill as expected."""

    subject: str
    difference: Difference
    theirs: Theirs | None
    ours: Ours | None
    fee_due_minor: int | None = None
    carried: bool = False

    @property
    def asset(self) -> str:
        """The currency: the bill's where there is a line."""
        side = self.theirs or self.ours
        assert side is not None, self.subject
        return side.asset


def their_state(told: str) -> TheirState:
    """Return what a channel's word for a refund's state means; no word means that it was done."""
    word = told.upper()
    if word in _PROCESSING:
        return "processing"
    return "failed" if word in _FAILED else "done"


def judge(*, theirs: Theirs | None, ours: Ours | None, rules: Rules) -> Finding | None:
    """Return what two sides differ in, None when they agree. One of them may be missing.

    A pair is given once. Ours alone is of the day, and settled.
    """
    if theirs is None:
        assert ours is not None, "nothing to judge"
        return _only_ours(ours, rules)
    subject = _subject_of(theirs, ours)
    if ours is None:
        return Finding(subject=subject, difference="missing_here", theirs=theirs, ours=None)
    pair = _judge_payment if theirs.subject == "payment" else _judge_refund
    return pair(subject, theirs, ours, rules)


def fee_due(*, amount_minor: int, rate: Rate) -> int:
    """Return the agreed fee of an amount, halves rounded up."""
    return (2 * amount_minor * rate.numerator + rate.denominator) // (2 * rate.denominator)


def fee_fits(*, amount_minor: int, fee_minor: int, rate: Rate) -> bool:
    """Tell whether a fee is as agreed, give or take what rounding may make of it."""
    gap = abs(fee_minor * rate.denominator - amount_minor * rate.numerator)
    return gap <= FEE_TOLERANCE_MINOR * rate.denominator


def _judge_payment(subject: str, theirs: Theirs, ours: Ours, rules: Rules) -> Finding | None:
    due: int | None = None
    difference: Difference | None = None
    other = theirs.transaction and ours.transaction and theirs.transaction != ours.transaction
    if ours.state not in _PAID or other:
        difference = "missing_here"
    elif (theirs.asset, theirs.amount_minor) != (ours.asset, ours.amount_minor):
        difference = "amount_differs"
    elif rules.fee_rate is not None and not fee_fits(
        amount_minor=theirs.amount_minor, fee_minor=theirs.fee_minor, rate=rules.fee_rate
    ):
        difference = "fee_differs"
        due = fee_due(amount_minor=theirs.amount_minor, rate=rules.fee_rate)
    if difference is not None:
        return Finding(subject=subject, difference=difference, theirs=theirs, ours=ours, fee_due_minor=due)
    return _timely(subject, theirs, ours, rules)


def _judge_refund(subject: str, theirs: Theirs, ours: Ours, rules: Rules) -> Finding | None:
    difference: Difference | None = None
    if (theirs.asset, theirs.amount_minor) != (ours.asset, ours.amount_minor):
        difference = "amount_differs"
    elif theirs.state == "failed":
        if ours.state in _OFF:
            return None
        difference = "refund_state_differs"
    elif ours.state == "sending" and theirs.state == "processing":
        difference = "timing"
    elif ours.state != "succeeded":
        difference = "refund_state_differs"
    if difference is not None:
        return Finding(subject=subject, difference=difference, theirs=theirs, ours=ours)
    return _timely(subject, theirs, ours, rules)


def _timely(subject: str, theirs: Theirs, ours: Ours, rules: Rules) -> Finding | None:
    """Return a finding only for what is equal on both sides and of different days."""
    assert ours.settled_at is not None, subject
    if rules.day.contains(ours.settled_at):
        return None
    carried = ours.settled_at < rules.day.start
    return Finding(subject=subject, difference="timing", theirs=theirs, ours=ours, carried=carried)


def _only_ours(ours: Ours, rules: Rules) -> Finding:
    assert ours.settled_at is not None, ours
    late = ours.settled_at >= rules.day.end - BOUNDARY
    return Finding(
        subject=_subject_of(None, ours),
        difference="timing" if late else "missing_there",
        theirs=None,
        ours=ours,
    )


def _subject_of(theirs: Theirs | None, ours: Ours | None) -> str:
    if ours is not None:
        return f"{ours.subject}/{ours.number}"
    assert theirs is not None
    number, theirs_number = (
        (theirs.number, theirs.transaction)
        if theirs.subject == "payment"
        else (theirs.refund_number, theirs.channel_refund or theirs.transaction)
    )
    name = number or f"/{theirs_number}"
    return f"{theirs.subject}/{name}#{theirs.line}" if theirs.again else f"{theirs.subject}/{name}"
