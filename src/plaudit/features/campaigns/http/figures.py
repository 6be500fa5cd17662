"""What a campaign came to, over HTTP: whom it reached, what it cost, what was paid meanwhile and before."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.campaigns.http.fields import READ, TAGS
from plaudit.features.campaigns.queries import rewards as queries
from plaudit.features.campaigns.store.figures import Cost, Paid
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import get


class PaidView(msgspec.Struct, kw_only=True):
    """Payments that succeeded, in one asset."""

    asset: str
    count: int
    amount_minor: int


class DayView(msgspec.Struct, kw_only=True):
    """A day in the campaign's zone.

    `reached` and `participants` are viewers who were so for the first time. `cost_minor` is what was granted
    less what was had back.
    """

    day: str
    reached: int
    participants: int
    grants: int
    withheld: int
    cost_minor: int
    payments: list[PaidView]


class PaymentsDay(msgspec.Struct, kw_only=True):
    """The payments of a day in the campaign's zone."""

    day: str
    payments: list[PaidView]


class PaymentsView(msgspec.Struct, kw_only=True):
    """All payments of a half-open span."""

    since: str
    until: str
    payments: list[PaidView]


class FiguresView(msgspec.Struct, kw_only=True):
    """What a campaign came to so far, in its reward's asset.

    `reached` are viewers about whom it decided anything, `participants` those it gave something. Payments,
    of everybody, are told `during` it and for the same length `before`, to five minutes; by day in `days` and
    `days_before`, of long campaigns for the last 400 days.
    """

    campaign: str
    asset: str
    zone: str
    reached: int
    participants: int
    grants: int
    withheld: int
    granted_minor: int
    taken_back_minor: int
    cost_minor: int
    budget_left_minor: int
    during: PaymentsView
    before: PaymentsView
    days: list[DayView]
    days_before: list[PaymentsDay]


@get("/v1/campaigns/{campaign:str}/figures", opt=READ, summary="What a campaign came to", tags=TAGS)
async def show_figures(*, campaign: str, grant: Grant, database: Database, clock: Clock) -> FiguresView:
    """Return participants, reach, cost, what is left of the budget, and payments against those before."""
    found = await queries.figures(
        database=database, tenant_id=grant.tenant_id, campaign=campaign, now=clock.now()
    )
    whole = found.whole
    starts = format_time(found.terms.starts_at)
    return FiguresView(
        campaign=campaign,
        asset=found.budget.asset,
        zone=found.terms.zone,
        reached=whole.reached,
        participants=whole.participants,
        grants=whole.grants,
        withheld=whole.withheld,
        granted_minor=whole.granted_minor,
        taken_back_minor=whole.taken_back_minor,
        cost_minor=whole.granted_minor - whole.taken_back_minor,
        budget_left_minor=found.budget.balance_minor,
        during=_payments(found.during, since=format_time(found.since), until=format_time(found.until)),
        before=_payments(found.before, since=format_time(found.before_since), until=starts),
        days=_days(found.days, found.during),
        days_before=[
            PaymentsDay(day=day.isoformat(), payments=_sums(some))
            for day, some in sorted(_by_day(found.before).items())
        ],
    )


ROUTES: Final[tuple[Any, ...]] = (show_figures,)


def _payments(paid: Sequence[Paid], *, since: str, until: str) -> PaymentsView:
    return PaymentsView(since=since, until=until, payments=_sums(paid))


def _days(costs: Sequence[Cost], paid: Sequence[Paid]) -> list[DayView]:
    by_day = {one.day: one for one in costs if one.day is not None}
    payments = _by_day(paid)
    return [_day(day, by_day.get(day), payments.get(day, [])) for day in sorted({*by_day, *payments})]


def _day(day: date, cost: Cost | None, paid: Sequence[Paid]) -> DayView:
    return DayView(
        day=day.isoformat(),
        reached=0 if cost is None else cost.reached,
        participants=0 if cost is None else cost.participants,
        grants=0 if cost is None else cost.grants,
        withheld=0 if cost is None else cost.withheld,
        cost_minor=0 if cost is None else cost.granted_minor - cost.taken_back_minor,
        payments=_sums(paid),
    )


def _by_day(paid: Sequence[Paid]) -> dict[date, list[Paid]]:
    found: dict[date, list[Paid]] = {}
    for one in paid:
        found.setdefault(one.day, []).append(one)
    return found


def _sums(paid: Sequence[Paid]) -> list[PaidView]:
    counts: dict[str, tuple[int, int]] = {}
    for one in paid:
        count, amount = counts.get(one.asset, (0, 0))
        counts[one.asset] = (count + one.count, amount + one.amount_minor)
    return [
        PaidView(asset=asset, count=count, amount_minor=amount)
        for asset, (count, amount) in sorted(counts.items())
    ]
