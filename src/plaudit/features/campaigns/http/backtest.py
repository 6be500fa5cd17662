"""Backtests over HTTP: what a revision would have cost, for as much of the journal as a request may read."""

from datetime import datetime
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.features.campaigns.actions.base import Means, open_seed
from plaudit.features.campaigns.http.fields import DONE, READ, TAGS, Amount, text_of
from plaudit.features.campaigns.model.backtest.chart import chart
from plaudit.features.campaigns.model.backtest.figures import Backtest, Spread
from plaudit.features.campaigns.queries import backtest as queries
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time, parse_time
from plaudit.platform.web import post


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is tested, a revision (the newest, when none is named) or other `terms`, and on which period.

    It begins with `from` and ends before `until`. `budget_minor` is how much may be spent; as much as it
    takes, when not given. With `alone` no other campaign takes part.
    """

    since: str = msgspec.field(name="from")
    until: str
    revision: int | None = None
    terms: dict[str, Any] | None = None
    budget_minor: Amount | None = None
    alone: bool = False


class DayView(msgspec.Struct, kw_only=True):
    """One day in the campaign's zone."""

    day: str
    cost_minor: int
    granted_minor: int
    taken_back_minor: int
    rewards: int


class BucketView(msgspec.Struct, kw_only=True):
    """So many amounts of at least `from_minor`, and below the next bucket."""

    from_minor: int
    count: int


class SpreadView(msgspec.Struct, kw_only=True):
    """How amounts are spread."""

    count: int
    sum_minor: int
    least_minor: int
    p10_minor: int
    p25_minor: int
    p50_minor: int
    p75_minor: int
    p90_minor: int
    p99_minor: int
    most_minor: int
    histogram: list[BucketView]


class DryView(msgspec.Struct, kw_only=True):
    """The budget did not reach for the reward of this fact."""

    at: str
    day: str
    fact: int
    left_minor: int


class WinnerView(msgspec.Struct, kw_only=True):
    """Who gets most."""

    viewer: str
    amount_minor: int
    rewards: int


class FailedView(msgspec.Struct, kw_only=True):
    """A comparison, and by how many of the facts that did not match it was not met."""

    place: str
    attribute: str
    operator: str
    count: int


class BesideView(msgspec.Struct, kw_only=True):
    """A campaign that ran then: its cost in the period with the tested one beside it, and as it was."""

    campaign: str
    revision: int
    asset: str
    cost_minor: int
    cost_without_minor: int
    rewards: int
    rewards_without: int


class BacktestView(msgspec.Struct, kw_only=True):
    """What a revision would have done; `chart_svg` draws its cost by day.

    It is tested `as_if_running` in the period that is judged where its own has nothing of it. Facts of the
    period that were recorded after `recorded_until` were not read; null: all were.
    """

    campaign: str
    revision: int | None
    as_if_running: bool
    asset: str
    zone: str
    first_at: str | None
    last_at: str | None
    recorded_until: str | None
    facts: int
    heard: int
    matched: int
    counted: int
    rewards: int
    viewers: int
    budget_minor: int | None
    cost_minor: int
    granted_minor: int
    taken_back_minor: int
    waived_minor: int
    dry: DryView | None
    days: list[DayView]
    by_reward: SpreadView | None
    by_viewer: SpreadView | None
    winners: list[WinnerView]
    failed: list[FailedView]
    withheld: dict[str, int]
    kept_out: dict[str, int]
    beside: list[BesideView]
    chart_svg: str


@post(
    "/v1/campaigns/{campaign:str}/backtest",
    opt={**READ, "keyless": True},
    status_code=DONE,
    summary="What a revision would have cost",
    tags=TAGS,
)
async def backtest_campaign(*, campaign: str, data: Wanted, grant: Grant, house: Means) -> BacktestView:
    """Judge a period of the journal by a revision, beside the campaigns that ran then. Nothing is written.

    What is longer than one request may read is for `plaudit backtest`.
    """
    period = queries.Period(
        since=_time(data.since, "from"), until=_time(data.until, "until"), alone=data.alone
    )
    tested = await queries.candidate(
        house,
        tenant_id=grant.tenant_id,
        campaign=campaign,
        revision=data.revision,
        sent=data.terms,
        budget_minor=data.budget_minor,
    )
    found = await queries.at_once(
        database=house.database,
        tenant_id=grant.tenant_id,
        tested=tested,
        period=period,
        opened=lambda name, sealed: open_seed(
            house.vault, tenant_id=grant.tenant_id, campaign=name, sealed=sealed
        ),
    )
    return view(found, title=tested.terms.texts.title_en)


ROUTES: Final[tuple[Any, ...]] = (backtest_campaign,)


def view(found: Backtest, *, title: str) -> BacktestView:
    """Return a backtest as it is shown."""
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return BacktestView(
        **{
            **fields,
            "first_at": text_of(found.first_at),
            "last_at": text_of(found.last_at),
            "recorded_until": text_of(found.recorded_until),
            "dry": None
            if found.dry is None
            else DryView(
                at=format_time(found.dry.at),
                day=found.dry.day.isoformat(),
                fact=found.dry.fact,
                left_minor=found.dry.left_minor,
            ),
            "days": [
                DayView(
                    day=one.day.isoformat(),
                    cost_minor=one.cost_minor,
                    granted_minor=one.granted_minor,
                    taken_back_minor=one.taken_back_minor,
                    rewards=one.rewards,
                )
                for one in found.days
            ],
            "by_reward": _spread(found.by_reward),
            "by_viewer": _spread(found.by_viewer),
            "winners": [msgspec.convert(one, WinnerView, from_attributes=True) for one in found.winners],
            "failed": [msgspec.convert(one, FailedView, from_attributes=True) for one in found.failed],
            "beside": [msgspec.convert(one, BesideView, from_attributes=True) for one in found.beside],
            "chart_svg": chart(found, title=title),
        }
    )


def _spread(one: Spread | None) -> SpreadView | None:
    return None if one is None else msgspec.convert(one, SpreadView, from_attributes=True)


def _time(text: str, field: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise invalid("body.invalid", str(error), field=field) from error
