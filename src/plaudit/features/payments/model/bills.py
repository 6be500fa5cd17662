"""A day's bill as a whole: whose, which day, its totals, what was found in it, the queue of differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

import msgspec

from plaudit.features.payments.model.channel import BillKind, ChannelName
from plaudit.features.payments.model.reconciliation import Finding
from plaudit.kernel.ids import valid_name
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal, conflict, invalid, not_found
from plaudit.kernel.time import Period, day_of
from plaudit.vocabulary.facts.bills import BillSum, Difference, Resolution

RECONCILIATION: Final = "rcn"
"""The prefix of the ids of reconciliations."""
EXCEPTION: Final = "exc"
"""The prefix of the ids of exceptions."""

ExceptionState: TypeAlias = Literal["expected", "open", "resolved"]

DIFFERENCES: Final[tuple[Difference, ...]] = get_args(Difference)
RESOLUTIONS: Final[tuple[Resolution, ...]] = get_args(Resolution)
ACCEPTED: Final[frozenset[Resolution]] = frozenset({"written_off", "duplicate"})
"""Resolutions after which a difference may stay as it is; after any other it comes back into the queue."""

BILLS: Final[Mapping[ChannelName, tuple[BillKind, ...]]] = {
    "wechat": ("trade", "funds"),
    "alipay": ("trade", "funds"),
    "stripe": ("trade",),
    "sandbox": ("trade", "funds"),
}
"""The bills that each channel makes. Without one of its funds, there is no balance to compare with."""

READY_HOUR: Final = 10
"""From this hour of its own zone on, a channel has the bill of the day before."""
LOOK_BACK_DAYS: Final = 3
"""For so many days a bill that has not come is asked for."""
LAST_TURNS: Final = timedelta(hours=3)
"""What is left of that time when a bill that has not come is taken for one that will not: a few turns of the
schedule, for one may be missed."""
REFUSALS_MAX: Final = 3
"""So often a damaged bill of a day is fetched again by itself."""
NOTE_MAX: Final = 500
_NOON: Final = 12
_ZONES: Final[Mapping[ChannelName, str]] = {
    "wechat": "Asia/Shanghai",
    "alipay": "Asia/Shanghai",
    "stripe": "UTC",
    "sandbox": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledAccount:
    """A merchant account as reconciliation needs it; `fee_rate` as agreed with the channel, None: unknown."""

    tenant_id: int
    number: int
    id: str
    channel: ChannelName
    zone: ZoneInfo
    fee_rate: Rate | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """Lines of one class in one currency, and what both sides have of them in minor units."""

    lines: int = 0
    ours_minor: int = 0
    theirs_minor: int = 0

    def add(self, *, theirs_minor: int, ours_minor: int) -> None:
        """Count one line."""
        self.lines += 1
        self.theirs_minor += theirs_minor
        self.ours_minor += ours_minor


class BillTotals(msgspec.Struct, kw_only=True):
    """What a bill adds up to in one currency; what goes out of the account is negative."""

    payments: int = 0
    payments_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    fees_minor: int = 0
    withdrawals_minor: int = 0
    others_minor: int = 0
    balance_minor: int | None = None


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel keeps for us, by its bill and by our ledger at the end of the day.

    `timing_minor` is what stands on the bill and came into the ledger later, less what came before.
    """

    bill_minor: int
    ledger_minor: int
    timing_minor: int

    @property
    def difference_minor(self) -> int:
        """What the bill has more than the ledger explains: 0 when they agree."""
        return self.bill_minor - self.ledger_minor - self.timing_minor


class AssetSums(msgspec.Struct, frozen=True, kw_only=True):
    """A day in one currency: the bill's totals, ours, what was posted now, and the balance if there is one.

    Refunds are negative on both sides.
    """

    asset: str
    bill: BillTotals
    our_payments: int
    our_payments_minor: int
    our_refunds: int
    our_refunds_minor: int
    fees_posted_minor: int
    withdrawals_posted_minor: int
    balance: Balance | None = None


class ClassSum(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one class in one currency; "matched" is the class without a difference."""

    difference: Difference | Literal["matched"]
    asset: str
    lines: int
    ours_minor: int
    theirs_minor: int


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a day. A refused one has a `problem` and nothing else."""

    number: int
    account: int
    channel: ChannelName
    day: date
    state: Literal["done", "refused"]
    bill_hash: str
    problem: str | None
    problem_line: int | None
    lines: int
    classes: tuple[ClassSum, ...]
    sums: tuple[AssetSums, ...]
    opened: int
    settled: int
    ended_at: datetime


class BillException(msgspec.Struct, frozen=True, kw_only=True):
    """A difference in the queue. `resolution` "settled": it explained itself; then nobody resolved it."""

    number: int
    account: int
    channel: ChannelName
    day: date
    subject: str
    difference: Difference
    state: ExceptionState
    asset: str
    ours_minor: int | None
    theirs_minor: int | None
    fee_minor: int
    fee_due_minor: int | None
    ours_state: str
    theirs_state: str
    order_number: str
    transaction: str
    refund_number: str
    channel_refund: str
    intent: int | None
    refund: int | None
    line: int | None
    happened_at: datetime | None
    opened_at: datetime
    reopened: int
    assignee: str | None
    note: str | None
    note_hash: str | None
    owner: str | None
    resolution: Resolution | Literal["settled"] | None
    resolved_by: str | None
    resolved_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Classes:
    """The running count of a comparison, by class and currency; `on_bill` is of those with a line."""

    tallies: dict[tuple[Difference, str], Tally] = field(default_factory=dict)
    on_bill: dict[str, Tally] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Count a difference. What came a day later, as expected, agrees."""
        if finding.carried:
            return
        theirs_minor = finding.theirs.amount_minor if finding.theirs else 0
        ours_minor = finding.ours.amount_minor if finding.ours else 0
        tally = self.tallies.setdefault((finding.difference, finding.asset), Tally())
        tally.add(theirs_minor=theirs_minor, ours_minor=ours_minor)
        if finding.theirs is not None:
            tally = self.on_bill.setdefault(finding.asset, Tally())
            tally.add(theirs_minor=theirs_minor, ours_minor=ours_minor)

    def closed(self, totals: Mapping[str, BillTotals]) -> tuple[ClassSum, ...]:
        """Return all classes with lines, what agrees first: the bill's lines less those that differ."""
        agreed: dict[str, ClassSum] = {}
        for asset, bill in totals.items():
            other = self.on_bill.get(asset, Tally())
            theirs_minor = bill.payments_minor + bill.refunds_minor - other.theirs_minor
            agreed[asset] = ClassSum(
                difference="matched",
                asset=asset,
                lines=bill.payments + bill.refunds - other.lines,
                ours_minor=theirs_minor,
                theirs_minor=theirs_minor,
            )
        differing = [
            ClassSum(
                difference=name,
                asset=asset,
                lines=one.lines,
                ours_minor=one.ours_minor,
                theirs_minor=one.theirs_minor,
            )
            for (name, asset), one in self.tallies.items()
        ]
        places: dict[str, int] = {name: place for place, name in enumerate(DIFFERENCES)}
        differing.sort(key=lambda one: (places[one.difference], one.asset))
        return (*(agreed[asset] for asset in sorted(agreed) if agreed[asset].lines), *differing)


def zone_of(channel: ChannelName) -> ZoneInfo:
    """Return the zone whose days a channel's bills are of."""
    return ZoneInfo(_ZONES[channel])


def period_of(day: date, zone: ZoneInfo) -> Period:
    """Return the instants of a calendar day."""
    return day_of(datetime(day.year, day.month, day.day, _NOON, tzinfo=zone), zone)


def due_days(*, now: datetime, zone: ZoneInfo) -> tuple[date, ...]:
    """Return the days whose bills should be there by now, oldest first."""
    here = now.astimezone(zone)
    last = here.date() - timedelta(days=1 if here.hour >= READY_HOUR else 2)
    return tuple(last - timedelta(days=back) for back in reversed(range(LOOK_BACK_DAYS)))


def is_given_up(day: date, *, now: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a bill that has not come by now is not waited for any more."""
    return day < due_days(now=now + LAST_TURNS, zone=zone)[0]


def bill_sums(
    totals: Mapping[str, BillTotals], *, before: tuple[BillSum, ...], fees: bool, withdrawals: bool
) -> tuple[BillSum, ...]:
    """Return what a bill adds up to by currency, and what it posts beyond the bill of the same day before it.

    `fees` and `withdrawals` tell which of them this bill is asked for; the others it only mentions.
    """
    old = {one.asset: one for one in before}
    sums = []
    for asset in sorted({*totals, *old}):
        new, last = totals.get(asset, BillTotals()), old.get(asset, BillSum(asset=asset))
        sums.append(
            BillSum(
                asset=asset,
                payments_minor=new.payments_minor,
                refunds_minor=-new.refunds_minor,
                fees_minor=-new.fees_minor,
                withdrawals_minor=-new.withdrawals_minor,
                fees_posted_minor=-new.fees_minor - last.fees_minor if fees else 0,
                withdrawals_posted_minor=-new.withdrawals_minor - last.withdrawals_minor
                if withdrawals
                else 0,
                balance_minor=new.balance_minor,
            )
        )
    return tuple(sums)


def check_note(note: str | None) -> str | None:
    """Return a note without blanks around it. Raises Refusal `body.invalid` (INVALID)."""
    if note is None:
        return None
    text = note.strip()
    if not 1 <= len(text) <= NOTE_MAX or "\0" in text:
        raise invalid("body.invalid", f"Write a note of 1 to {NOTE_MAX} characters.", field="note")
    return text


def check_assignee(assignee: str | None) -> None:
    """Raise Refusal `body.invalid` (INVALID) for somebody whose id breaks the rule of names."""
    if assignee is not None and not valid_name(assignee):
        raise invalid(
            "body.invalid",
            "Write ids with letters, digits and _ . : @ -, at most 64.",
            field="assignee",
        )


def check_day(day: date, *, now: datetime, zone: ZoneInfo) -> None:
    """Raise Refusal `reconciliation.day` (INVALID) for a day that is not over in the channel's zone."""
    if day >= now.astimezone(zone).date():
        raise invalid("reconciliation.day", "Ask for a day that is over where the channel is.", field="day")


def check_unresolved(exception: BillException) -> None:
    """Raise Refusal `exception.resolved` (CONFLICT) when it was resolved before."""
    if exception.state == "resolved":
        raise conflict(
            "exception.resolved",
            "This exception was resolved before; it comes back when a comparison finds it again.",
            resolution=exception.resolution,
        )


def unknown_exception() -> Refusal:
    """Return the refusal of an exception that there is not."""
    return not_found("exception.unknown", "There is no such exception; check its id.")


def unknown_reconciliation() -> Refusal:
    """Return the refusal of a reconciliation that there is not."""
    return not_found("reconciliation.unknown", "There is no such reconciliation; check its id.")
