"""Views and clicks: written once each, rolled up in the same transaction, pruned, and rolled up again.

Whoever writes here holds the cursor of the projection `insight.traffic`: flushes of several processes take
turns by tenant, and none comes between a rebuild and its comparison.
"""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.core.journal.subscriptions import hold_cursor
from plaudit.features.insight.model import OTHER, Event
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

PROJECTION: Final = "insight.traffic"
"""The name of the subscription that keeps `insight.traffic`."""

TABLES: Final = ("insight.traffic",)

CHANNELS_MAX: Final = 5_000
"""Campaigns and invitations of one show that are told apart. Anybody may invent some."""

_KNOWN: Final = (
    "INSERT INTO insight.show AS s (tenant_id, show, revision)"
    " SELECT f.tenant_id, f.data ->> 'show', max((f.data ->> 'revision')::integer) FROM journal.fact f"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s AND f.kind = 'show.saved' GROUP BY 1, 2"
    " ON CONFLICT (tenant_id, show) DO UPDATE SET revision = greatest(s.revision, excluded.revision)"
)

_CHANNELS: Final = (
    "WITH new AS (SELECT a.show, a.campaign, a.invitation,"
    " row_number() OVER (PARTITION BY a.show ORDER BY a.campaign, a.invitation) AS n"
    " FROM (SELECT DISTINCT v.show, v.campaign, v.invitation FROM unnest(%s, %s, %s)"
    " AS v (show, campaign, invitation) WHERE v.campaign <> '' OR v.invitation <> '') a"
    " WHERE EXISTS (SELECT FROM insight.show s WHERE s.tenant_id = %s AND s.show = a.show)"
    " AND NOT EXISTS (SELECT FROM insight.channel c WHERE c.tenant_id = %s AND c.show = a.show"
    " AND c.campaign = a.campaign AND c.invitation = a.invitation)),"
    " taken AS (SELECT s.show, (SELECT count(*) FROM insight.channel c"
    " WHERE c.tenant_id = %s AND c.show = s.show) AS n FROM (SELECT DISTINCT show FROM new) s)"
    " INSERT INTO insight.channel (tenant_id, show, campaign, invitation)"
    " SELECT %s, new.show, new.campaign, new.invitation FROM new JOIN taken USING (show)"
    " WHERE taken.n + new.n <= %s"
)

_GRAINS: Final = (
    "CASE GROUPING(hour, campaign) WHEN 0 THEN 'both' WHEN 1 THEN 'hour' ELSE 'channel' END,"
    " coalesce(hour, '-infinity'), coalesce(campaign, ''), coalesce(invitation, '')"
)
_SETS: Final = (
    "GROUPING SETS ((show, hour, campaign, invitation), (show, hour), (show, campaign, invitation))"
)

_WRITE: Final = (
    "WITH given AS (SELECT DISTINCT ON (v.event) v.* FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " WITH ORDINALITY AS v (event, kind, show, page, element, visitor, campaign, invitation, at, n)"
    " ORDER BY v.event, v.n),"
    " known AS (SELECT g.* FROM given g"
    " WHERE EXISTS (SELECT FROM insight.show s WHERE s.tenant_id = %s AND s.show = g.show)),"
    " fresh AS MATERIALIZED (SELECT k.n, k.event, k.kind, k.show, k.page, k.element, k.at,"
    " nullif(k.visitor, '00000000-0000-0000-0000-000000000000') AS visitor,"
    " CASE WHEN k.campaign = '' AND k.invitation = '' OR c.show IS NOT NULL THEN k.campaign"
    f" ELSE '{OTHER}' END AS campaign, CASE WHEN c.show IS NOT NULL THEN k.invitation ELSE '' END"
    " AS invitation FROM known k LEFT JOIN insight.channel c ON c.tenant_id = %s AND c.show = k.show"
    " AND c.campaign = k.campaign AND c.invitation = k.invitation"
    " WHERE NOT EXISTS (SELECT FROM insight.event e WHERE e.tenant_id = %s AND e.event = k.event)),"
    " met AS (INSERT INTO insight.visitor (tenant_id, show, visitor, seen_at)"
    " SELECT %s, show, visitor, min(at) FROM fresh WHERE kind = 'view' AND visitor IS NOT NULL"
    " GROUP BY show, visitor ON CONFLICT DO NOTHING RETURNING show, visitor),"
    " firsts AS (SELECT min(f.n) AS n FROM fresh f JOIN met USING (show, visitor) WHERE f.kind = 'view'"
    " GROUP BY f.show, f.visitor),"
    " placed AS MATERIALIZED (SELECT f.*, date_trunc('hour', f.at, 'UTC') AS hour, o.n IS NOT NULL AS is_new"
    " FROM fresh f LEFT JOIN firsts o ON o.n = f.n),"
    " kept AS (INSERT INTO insight.event (tenant_id, event, kind, show, page, element, visitor, is_new,"
    " campaign, invitation, at) SELECT %s, event, kind, show, nullif(page, ''), nullif(element, ''), visitor,"
    " is_new, campaign, invitation, at FROM placed),"
    " rolled AS (INSERT INTO insight.traffic AS t"
    " (tenant_id, show, grain, hour, campaign, invitation, views, visitors, clicks)"
    f" SELECT %s, show, {_GRAINS}, count(*) FILTER (WHERE kind = 'view'), count(*) FILTER (WHERE is_new),"
    f" count(*) FILTER (WHERE kind = 'click') FROM placed GROUP BY {_SETS}"
    " ON CONFLICT (tenant_id, show, grain, hour, campaign, invitation) DO UPDATE SET"
    " views = t.views + excluded.views, visitors = t.visitors + excluded.visitors,"
    " clicks = t.clicks + excluded.clicks)"
    " SELECT (SELECT count(*) FROM given), (SELECT count(*) FROM known), (SELECT count(*) FROM placed)"
)

_ROLL_UP: Final = (
    "INSERT INTO insight.traffic"
    " (tenant_id, show, grain, hour, campaign, invitation, views, visitors, clicks)"
    f" SELECT %s, show, {_GRAINS}, sum(views), sum(visitors), sum(clicks)"
    " FROM (SELECT show, date_trunc('hour', at, 'UTC') AS hour, campaign, invitation,"
    " count(*) FILTER (WHERE kind = 'view') AS views, count(*) FILTER (WHERE is_new) AS visitors,"
    " count(*) FILTER (WHERE kind = 'click') AS clicks"
    " FROM insight.event WHERE tenant_id = %s GROUP BY 1, 2, 3, 4"
    " UNION ALL SELECT show, hour, campaign, invitation, views, visitors, clicks"
    " FROM insight.past WHERE tenant_id = %s) AS c"
    f" GROUP BY {_SETS}"
)

_PRUNE: Final = (
    "WITH gone AS (DELETE FROM insight.event WHERE tenant_id = %s AND event IN (SELECT event"
    " FROM insight.event WHERE tenant_id = %s AND at < %s ORDER BY at LIMIT %s)"
    " RETURNING kind, show, is_new, campaign, invitation, at),"
    " summed AS (INSERT INTO insight.past AS p"
    " (tenant_id, show, hour, campaign, invitation, views, visitors, clicks)"
    " SELECT %s, show, date_trunc('hour', at, 'UTC'), campaign, invitation,"
    " count(*) FILTER (WHERE kind = 'view'), count(*) FILTER (WHERE is_new),"
    " count(*) FILTER (WHERE kind = 'click') FROM gone GROUP BY 2, 3, 4, 5"
    " ON CONFLICT (tenant_id, show, hour, campaign, invitation) DO UPDATE SET"
    " views = p.views + excluded.views, visitors = p.visitors + excluded.visitors,"
    " clicks = p.clicks + excluded.clicks)"
    " SELECT count(*) FROM gone"
)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of some events: kept now, kept before, and those of shows that there are not."""

    kept: int
    doubled: int
    strange: int


async def learn_shows(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Learn the shows that were announced between two positions: events of others are not kept."""
    await conn.execute(_KNOWN, (Int4(tenant_id), Int8(after), Int8(upto)))


async def write_events(conn: Connection, *, tenant_id: int, events: Sequence[Event]) -> Written:
    """Keep the events that were not kept before, and count them, in the caller's transaction."""
    await hold_cursor(conn, tenant_id=tenant_id, subscription=PROJECTION)
    tenant = Int4(tenant_id)
    shows = packing.texts([one.show for one in events])
    campaigns = packing.texts([one.campaign for one in events])
    invitations = packing.texts([one.invitation for one in events])
    await conn.execute(
        _CHANNELS, (shows, campaigns, invitations, tenant, tenant, tenant, tenant, Int8(CHANNELS_MAX))
    )
    cursor = await conn.execute(
        _WRITE,
        (
            packing.uuids([one.event for one in events]),
            packing.texts([one.kind for one in events]),
            shows,
            packing.texts([one.page for one in events]),
            packing.texts([one.element for one in events]),
            packing.uuids([one.visitor for one in events]),
            campaigns,
            invitations,
            packing.times([one.at for one in events]),
            *((tenant,) * 6),
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "counts are always returned"
    given, known, kept = row
    return Written(kept=kept, doubled=len(events) - given + known - kept, strange=given - known)


async def roll_up(conn: Connection, *, tenant_id: int) -> None:
    """Count all events of a tenant again, those that were pruned by what they had come to.

    The caller holds the cursor.
    """
    tenant = Int4(tenant_id)
    await conn.execute("DELETE FROM insight.traffic WHERE tenant_id = %s", (tenant,))
    await conn.execute(_ROLL_UP, (tenant, tenant, tenant))


async def prune_events(conn: Connection, *, tenant_id: int, before: datetime, limit: int) -> int:
    """Delete the oldest events before a time, a page of them, and keep what they come to; return how many."""
    await hold_cursor(conn, tenant_id=tenant_id, subscription=PROJECTION)
    tenant = Int4(tenant_id)
    cursor = await conn.execute(_PRUNE, (tenant, tenant, before, limit, tenant))
    row = await cursor.fetchone()
    assert row is not None, "a count is always returned"
    return int(row[0])


async def prune_visitors(conn: Connection, *, tenant_id: int, before: datetime, limit: int) -> int:
    """Forget visitors who came first before a time, a page of them, and return how many."""
    tenant = Int4(tenant_id)
    cursor = await conn.execute(
        "DELETE FROM insight.visitor WHERE tenant_id = %s AND (show, visitor) IN (SELECT show, visitor"
        " FROM insight.visitor WHERE tenant_id = %s AND seen_at < %s ORDER BY seen_at LIMIT %s)",
        (tenant, tenant, before, limit),
    )
    return cursor.rowcount
