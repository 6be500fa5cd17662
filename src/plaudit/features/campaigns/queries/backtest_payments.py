"""What a revision would have done with payments from elsewhere, judged in memory; no database is asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.backtest.figures import Backtest, Beside
from plaudit.features.campaigns.model.backtest.trial import (
    Candidate,
    Told,
    Trial,
    happenings_of,
    items_of,
    running_in,
)
from plaudit.features.campaigns.model.checking import check_together, terms_of
from plaudit.features.campaigns.model.life import check_campaign
from plaudit.features.campaigns.model.people import check_calendar, days_of
from plaudit.kernel.refusal import invalid

PAYMENTS: Final = ("payment", "ticket", "tip", "topup")
"""The triggers of whose facts a payment says enough."""

_SPAN: Final = 5_000
_MOMENT: Final = timedelta(microseconds=1)


class Paid(NamedTuple):
    """A payment from elsewhere."""

    at: datetime
    viewer: str
    creator: str
    show: str
    asset: str
    amount_minor: int


def candidates(
    sent: Mapping[str, dict[str, Any]],
    *,
    calendars: Mapping[str, Sequence[str]] | None = None,
    budget_minor: int | None = None,
) -> list[Candidate]:
    """Return what is tested, and what runs beside it: terms as sent by campaign, the tested ones first.

    `calendars` are days by the names that conditions call them; the budget is of the tested one. Raises
    Refusal (INVALID) for what is wrong with terms, with its place, `calendar.invalid` for days, and
    `backtest.trigger` for one that no payment can be a fact of, or that is not that of the tested terms.
    """
    days = {
        check_calendar(name): tuple(day.isoformat() for day in days_of(some))
        for name, some in (calendars or {}).items()
    }
    found = [
        Candidate(campaign=check_campaign(name), terms=terms_of(terms, zone="UTC", calendars=days))
        for name, terms in sent.items()
    ]
    tested, *beside = found
    for one in found:
        _check_trigger(one, tested)
    check_together(tested.terms, {one.campaign: one.terms for one in beside})
    return [msgspec.structs.replace(tested, budget_minor=budget_minor), *beside]


def _check_trigger(one: Candidate, tested: Candidate) -> None:
    trigger = one.terms.trigger
    if trigger not in PAYMENTS:
        known = ", ".join(PAYMENTS)
        raise invalid(
            "backtest.trigger",
            f"No payment of a file can be a fact of this trigger; only of one of these: {known}.",
            place="trigger",
            campaign=one.campaign,
            trigger=trigger,
        )
    if trigger != tested.terms.trigger:
        raise invalid(
            "backtest.trigger",
            "The payments are facts of one trigger; let what runs beside the tested terms have theirs.",
            place="trigger",
            campaign=one.campaign,
            trigger=trigger,
        )


def over_payments(
    *,
    tested: Candidate,
    paid: Iterable[Paid],
    beside: Sequence[Candidate] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Return what a revision would have done with payments from elsewhere, in the order of their times.

    Each is taken as a fact of the revision's trigger, with what a payment says: who, how much, when, to which
    creator and in which show. It is the first of its viewer that there is in the list. What runs `beside` it,
    of the same trigger and with as much as it takes, is judged with it and without. What never ran at these
    times is judged as if it did.
    """
    ordered = sorted(paid, key=lambda one: one.at)
    if ordered:
        since, until = ordered[0].at, ordered[-1].at + _MOMENT
        tested = running_in(tested, since=since, until=until)
        beside = [running_in(one, since=since, until=until) for one in beside]
    total = len(ordered) * (2 if beside else 1)

    def moved(done: int) -> None:
        if progress is not None:
            progress(done, total)

    found = _judged(tested, beside, ordered, moved)
    if not beside:
        return found
    without = _judged(beside[0], beside[1:], ordered, lambda done: moved(len(ordered) + done))
    return msgspec.structs.replace(found, beside=_compared(beside, found, without))


def _judged(
    tested: Candidate, beside: Sequence[Candidate], ordered: Sequence[Paid], moved: Callable[[int], None]
) -> Backtest:
    kind = triggers.TRIGGERS[tested.terms.trigger].kind
    trial = Trial(tested, beside=beside)
    for first in range(0, len(ordered), _SPAN):
        told = [
            _told(kind, number, one) for number, one in enumerate(ordered[first : first + _SPAN], first + 1)
        ]
        items = list(items_of(told, tested))
        trial.needs(items)
        # Of equal times the one that says less comes first, though it stands later.
        back = sorted(trial.reaches(items))
        earlier = (_told(kind, number, ordered[number - 1]) for number in back if number <= first)
        trial.hear(items, originals=happenings_of(earlier))
        moved(min(first + _SPAN, len(ordered)))
    return trial.result()


def _compared(beside: Sequence[Candidate], found: Backtest, without: Backtest) -> tuple[Beside, ...]:
    """Return what those beside cost with the tested one, and `without` it, where the first was the tested."""
    both = {one.campaign: (one.cost_minor, one.rewards) for one in found.beside}
    alone = {one.campaign: (one.cost_minor, one.rewards) for one in without.beside}
    alone[without.campaign] = (without.cost_minor, without.rewards)
    none = (0, 0)
    return tuple(
        Beside(
            campaign=one.campaign,
            revision=1,
            asset=one.terms.reward.asset,
            cost_minor=both.get(one.campaign, none)[0],
            cost_without_minor=alone.get(one.campaign, none)[0],
            rewards=both.get(one.campaign, none)[1],
            rewards_without=alone.get(one.campaign, none)[1],
        )
        for one in sorted(beside, key=lambda one: one.campaign)
    )


def _told(kind: str, number: int, one: Paid) -> Told:
    return Told(number, kind, one.at, one.at, _data(one))


def _data(one: Paid) -> Mapping[str, Any]:
    """Return a payment by the names that facts of its triggers have for what it says."""
    return {
        "viewer": one.viewer,
        "payer": one.viewer,
        "creator": one.creator,
        "show": one.show,
        "asset": one.asset,
        "amount_minor": one.amount_minor,
        "paid_asset": one.asset,
        "paid_minor": one.amount_minor,
    }
