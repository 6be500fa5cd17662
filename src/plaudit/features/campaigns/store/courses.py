"""How campaigns stand, as far as the reaction has read: the steps of their life, what is left of budgets."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_APPROVE: Final = (
    "INSERT INTO campaigns.course AS c (tenant_id, campaign, approved)"
    " SELECT %s, v.campaign, v.position FROM unnest(%s, %s) AS v (campaign, position)"
    " ON CONFLICT (tenant_id, campaign) DO UPDATE SET approved = coalesce(c.approved, excluded.approved)"
)
_END: Final = (
    "INSERT INTO campaigns.course AS c (tenant_id, campaign, ended)"
    " SELECT %s, v.campaign, v.position FROM unnest(%s, %s) AS v (campaign, position)"
    " ON CONFLICT (tenant_id, campaign) DO UPDATE SET ended = coalesce(c.ended, excluded.ended)"
)


@dataclass(frozen=True, slots=True)
class Watch:
    """The version of what is in force, how many campaigns are, the first approval ever and the last end."""

    version: int = 0
    awake: int = 0
    since: int = 0
    ended: int = 0


async def select_watch(conn: Connection, *, tenant_id: int) -> Watch:
    """Return how far a tenant's campaigns are; all zero where there was none."""
    cursor = await conn.execute(
        "SELECT version, awake, since, ended FROM campaigns.watch WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    return Watch() if row is None else Watch(*row)


async def select_steps(conn: Connection, *, tenant_id: int, ended_after: int | None) -> list[int]:
    """Return the positions of all steps of campaigns that go on, in order.

    With `ended_after` of those, too, that ended after this position: what happened before is judged again.
    """
    ended = "" if ended_after is None else " OR c.ended > %(ended_after)s"
    cursor = await conn.execute(
        "SELECT s.position FROM campaigns.course c JOIN campaigns.step s ON s.tenant_id = c.tenant_id"
        f" AND s.campaign = c.campaign WHERE c.tenant_id = %(tenant)s AND (c.ended IS NULL{ended})"
        " ORDER BY s.position",
        {"tenant": Int4(tenant_id), "ended_after": Int8(ended_after or 0)},
    )
    return [position for (position,) in await cursor.fetchall()]


async def select_budgets(conn: Connection, *, tenant_id: int, campaigns: Collection[str]) -> dict[str, int]:
    """Return what is left of budgets by the facts that were read, in minor units."""
    cursor = await conn.execute(
        "SELECT campaign, budget FROM campaigns.course WHERE tenant_id = %s AND campaign = ANY(%s)",
        (Int4(tenant_id), packing.texts(sorted(campaigns))),
    )
    return {campaign: budget for campaign, budget in await cursor.fetchall()}  # noqa: C416 - rows, not pairs


async def save_budgets(conn: Connection, *, tenant_id: int, budgets: Mapping[str, int]) -> None:
    """Write what is left of budgets."""
    await conn.execute(
        "INSERT INTO campaigns.course (tenant_id, campaign, budget)"
        " SELECT %s, v.campaign, v.budget FROM unnest(%s, %s) AS v (campaign, budget)"
        " ON CONFLICT (tenant_id, campaign) DO UPDATE SET budget = excluded.budget",
        (Int4(tenant_id), packing.texts(list(budgets)), packing.int8s(list(budgets.values()))),
    )


async def save_steps(
    conn: Connection,
    *,
    tenant_id: int,
    steps: Sequence[tuple[str, int]],
    approved: Mapping[str, int],
    ended: Mapping[str, int],
) -> None:
    """Write steps given as (campaign, position), first approvals and ends by campaign: another version."""
    await conn.execute(
        "INSERT INTO campaigns.step (tenant_id, campaign, position)"
        " SELECT %s, v.campaign, v.position FROM unnest(%s, %s) AS v (campaign, position)"
        " ON CONFLICT DO NOTHING",
        (
            Int4(tenant_id),
            packing.texts([campaign for campaign, _ in steps]),
            packing.int8s([position for _, position in steps]),
        ),
    )
    for moments, statement in ((approved, _APPROVE), (ended, _END)):
        if moments:
            await conn.execute(
                statement,
                (Int4(tenant_id), packing.texts(list(moments)), packing.int8s(list(moments.values()))),
            )
    await conn.execute(
        "INSERT INTO campaigns.watch AS w (tenant_id, version, awake, since, ended)"
        " SELECT %(tenant)s, 1, count(*) FILTER (WHERE ended IS NULL), coalesce(min(approved), 0),"
        " coalesce(max(ended), 0) FROM campaigns.course WHERE tenant_id = %(tenant)s AND approved IS NOT NULL"
        " ON CONFLICT (tenant_id) DO UPDATE SET version = w.version + 1, awake = excluded.awake,"
        " since = excluded.since, ended = excluded.ended",
        {"tenant": Int4(tenant_id)},
    )
