"""The projections of campaigns: set-based SQL straight over the facts between two positions."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

TOLD: Final = "campaigns.rewards"
FIGURES: Final = "campaigns.figures"
"""The names of the subscriptions that keep these tables."""
TOLD_TABLES: Final = ("campaigns.told",)
FIGURE_TABLES: Final = ("campaigns.reached", "campaigns.figure", "campaigns.paid")

_IN_SPAN: Final = " WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s AND f.position <= %(upto)s"
_DECIDED: Final = " AND f.kind IN ('campaign.granted', 'campaign.withheld', 'campaign.reversed')"

_APPLY_TOLD: Final = (
    "INSERT INTO campaigns.told (tenant_id, position, campaign, viewer, fact, kind)"
    " SELECT f.tenant_id, f.position, f.data ->> 'campaign', f.data ->> 'viewer',"
    " (f.data ->> 'fact')::bigint, substr(f.kind, 10)"
    f" FROM journal.fact f{_IN_SPAN}{_DECIDED}"
)

_APPLY_MATURED: Final = (
    "UPDATE campaigns.told t SET matured = f.position FROM journal.fact f"
    f"{_IN_SPAN} AND f.kind = 'campaign.matured' AND t.tenant_id = f.tenant_id"
    " AND t.position = (f.data ->> 'grant')::bigint"
)

# Whom a campaign reached is counted where it happened first by position, so that it does not matter which
# facts are looked at together.
_APPLY_REACHED: Final = (
    "WITH v AS (SELECT f.data ->> 'campaign' AS campaign, f.data ->> 'viewer' AS viewer,"
    " (array_agg(date_bin('5 minutes', f.at, 'epoch') ORDER BY f.position))[1] AS reached,"
    " (array_agg(date_bin('5 minutes', f.at, 'epoch') ORDER BY f.position)"
    " FILTER (WHERE f.kind = 'campaign.granted'))[1] AS granted"
    f" FROM journal.fact f{_IN_SPAN} AND f.kind IN ('campaign.granted', 'campaign.withheld') GROUP BY 1, 2),"
    " o AS (SELECT v.*, r.granted AS had FROM v LEFT JOIN LATERAL (SELECT granted FROM campaigns.reached"
    " WHERE tenant_id = %(tenant)s AND campaign = v.campaign AND viewer = v.viewer OFFSET 0) AS r ON true),"
    " n AS (INSERT INTO campaigns.reached AS r (tenant_id, campaign, viewer, granted)"
    " SELECT %(tenant)s, campaign, viewer, granted IS NOT NULL FROM v"
    " ON CONFLICT (tenant_id, campaign, viewer) DO UPDATE SET granted = r.granted OR excluded.granted),"
    " c AS (SELECT campaign, reached AS bucket, 1 AS reached, 0 AS participants FROM o WHERE had IS NULL"
    " UNION ALL SELECT campaign, granted, 0, 1 FROM o WHERE granted IS NOT NULL AND had IS NOT TRUE)"
    " INSERT INTO campaigns.figure AS g"
    " (tenant_id, campaign, bucket, reached, participants, grants, granted, taken_back, withheld)"
    " SELECT %(tenant)s, campaign, bucket, sum(reached), sum(participants), 0, 0, 0, 0 FROM c GROUP BY 2, 3"
    " ON CONFLICT (tenant_id, campaign, bucket) DO UPDATE SET reached = g.reached + excluded.reached,"
    " participants = g.participants + excluded.participants"
)

_APPLY_COST: Final = (
    "INSERT INTO campaigns.figure AS g"
    " (tenant_id, campaign, bucket, reached, participants, grants, granted, taken_back, withheld)"
    " SELECT f.tenant_id, d.campaign, date_bin('5 minutes', f.at, 'epoch'), 0, 0,"
    " count(*) FILTER (WHERE f.kind = 'campaign.granted'),"
    " coalesce(sum(d.amount_minor) FILTER (WHERE f.kind = 'campaign.granted'), 0),"
    " coalesce(sum(coalesce(d.pending_minor, 0) + coalesce(d.taken_minor, 0) + coalesce(d.debt_minor, 0))"
    " FILTER (WHERE f.kind = 'campaign.reversed'), 0),"
    " count(*) FILTER (WHERE f.kind = 'campaign.withheld')"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data) AS d (campaign text,"
    " amount_minor bigint, pending_minor bigint, taken_minor bigint, debt_minor bigint)"
    f"{_IN_SPAN}{_DECIDED} GROUP BY 1, 2, 3"
    " ON CONFLICT (tenant_id, campaign, bucket) DO UPDATE SET grants = g.grants + excluded.grants,"
    " granted = g.granted + excluded.granted, taken_back = g.taken_back + excluded.taken_back,"
    " withheld = g.withheld + excluded.withheld"
)

_APPLY_PAID: Final = (
    "INSERT INTO campaigns.paid AS p (tenant_id, bucket, asset, count, amount)"
    " SELECT f.tenant_id, date_bin('5 minutes', f.at, 'epoch'), f.data ->> 'asset', count(*),"
    f" sum((f.data ->> 'amount_minor')::bigint) FROM journal.fact f{_IN_SPAN}"
    " AND f.kind = 'payment.succeeded' GROUP BY 1, 2, 3"
    " ON CONFLICT (tenant_id, bucket, asset) DO UPDATE SET count = p.count + excluded.count,"
    " amount = p.amount + excluded.amount"
)

_SUMS: Final = (
    "sum(reached)::bigint, sum(participants)::bigint, sum(grants)::bigint, sum(granted)::bigint,"
    " sum(taken_back)::bigint, sum(withheld)::bigint"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a campaign came to on a day, or (None) in all; amounts in its reward's asset."""

    day: date | None
    reached: int
    participants: int
    grants: int
    granted_minor: int
    taken_back_minor: int
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Payments that succeeded on a day, in one asset."""

    day: date
    asset: str
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision about a viewer's reward: its position, and that at which it matured."""

    position: int
    matured: int | None


async def apply_told(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring what was decided about rewards over a span."""
    span = _span(tenant_id, after, upto)
    await conn.execute(_APPLY_TOLD, span)
    await conn.execute(_APPLY_MATURED, span)


async def apply_figures(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring figures and payments over a span."""
    span = _span(tenant_id, after, upto)
    for statement in (_APPLY_REACHED, _APPLY_COST, _APPLY_PAID):
        await conn.execute(statement, span)


async def select_costs(
    conn: Connection, *, tenant_id: int, campaign: str, zone: str, since: datetime
) -> list[Cost]:
    """Return what a campaign came to in all, and on the days of a zone from a time on, oldest first."""
    cursor = await conn.execute(
        "WITH g AS (SELECT (bucket AT TIME ZONE %s)::date AS day, bucket >= %s AS shown, reached,"
        " participants, grants, granted, taken_back, withheld FROM campaigns.figure"
        " WHERE tenant_id = %s AND campaign = %s)"
        f" SELECT NULL::date AS day, {_SUMS} FROM g"
        f" UNION ALL SELECT day, {_SUMS} FROM g WHERE shown GROUP BY day ORDER BY day NULLS FIRST",
        (zone, since, Int4(tenant_id), campaign),
    )
    return [
        Cost(
            day=day,
            reached=reached or 0,
            participants=participants or 0,
            grants=grants or 0,
            granted_minor=granted or 0,
            taken_back_minor=taken_back or 0,
            withheld=withheld or 0,
        )
        for day, reached, participants, grants, granted, taken_back, withheld in await cursor.fetchall()
    ]


async def select_paid(
    conn: Connection, *, tenant_id: int, zone: str, since: datetime, until: datetime
) -> list[Paid]:
    """Return the payments of a half-open span by day of a zone and asset, oldest first."""
    cursor = await conn.execute(
        "SELECT (bucket AT TIME ZONE %s)::date AS day, asset, sum(count)::bigint, sum(amount)::bigint"
        " FROM campaigns.paid WHERE tenant_id = %s AND bucket >= %s AND bucket < %s"
        " GROUP BY day, asset ORDER BY day, asset",
        (zone, Int4(tenant_id), since, until),
    )
    return [
        Paid(day=day, asset=asset, count=count, amount_minor=amount)
        for day, asset, count, amount in await cursor.fetchall()
    ]


async def select_told(
    conn: Connection,
    *,
    tenant_id: int,
    before: int,
    limit: int,
    viewer: str | None = None,
    campaign: str | None = None,
    kinds: Sequence[str],
) -> list[Told]:
    """Return decisions about a viewer or of a campaign before a position, newest first."""
    column, given = ("viewer", viewer) if campaign is None else ("campaign", campaign)
    cursor = await conn.execute(
        f"SELECT position, matured FROM campaigns.told WHERE tenant_id = %s AND {column} = %s"
        " AND position < %s AND kind = ANY(%s) ORDER BY position DESC LIMIT %s",
        (Int4(tenant_id), given, Int8(before), list(kinds), limit),
    )
    return [Told(position=position, matured=matured) for position, matured in await cursor.fetchall()]


async def select_told_of(
    conn: Connection, *, tenant_id: int, campaign: str, fact: int, limit: int
) -> list[Told]:
    """Return what a campaign decided about a fact, in order, the first few."""
    cursor = await conn.execute(
        "SELECT position, matured FROM campaigns.told WHERE tenant_id = %s AND fact = %s AND campaign = %s"
        " ORDER BY position LIMIT %s",
        (Int4(tenant_id), Int8(fact), campaign, limit),
    )
    return [Told(position=position, matured=matured) for position, matured in await cursor.fetchall()]


def _span(tenant_id: int, after: int, upto: int) -> dict[str, Int4 | Int8]:
    return {"tenant": Int4(tenant_id), "after": Int8(after), "upto": Int8(upto)}
