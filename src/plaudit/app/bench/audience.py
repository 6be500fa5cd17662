"""What `bench track` needs: a tenant with a show, events that were told of before, calls to be sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from msgspec import Struct

from plaudit.app.assembly import FEATURES, assembled, open_tenant
from plaudit.app.bench.ground import Base
from plaudit.core.commands import tenants
from plaudit.core.journal.subscriptions import Subscription, rebuild
from plaudit.platform.clock import clock_of
from plaudit.platform.db import Database
from plaudit.platform.settings import Settings

SHOW: Final = "winter"
EVENTS_A_CALL: Final = 10
HOURS: Final = 720
CHANNELS: Final = 1_000

_SLUG: Final = "bench"

# One of sixty campaigns or one of the invitations leads to each; a visitor comes about five times.
_EVENTS: Final = (
    "INSERT INTO insight.event (tenant_id, event, kind, show, page, visitor, is_new, campaign, invitation,"
    " at)"
    " SELECT %(tenant)s, md5('e' || n)::uuid, CASE WHEN n %% 5 = 0 THEN 'click' ELSE 'view' END, %(show)s,"
    " '/shows/winter', md5('v' || n / 5)::uuid, n %% 5 = 1,"
    " CASE WHEN n %% %(channels)s < 60 THEN 'campaign-' || n %% %(channels)s ELSE '' END,"
    " CASE WHEN n %% %(channels)s < 60 THEN '' ELSE 'inv_' || n %% %(channels)s END,"
    " %(now)s::timestamptz"
    " - make_interval(secs => (n * 7919::bigint %% (%(hours)s * 3600))::double precision)"
    " FROM generate_series(1, %(events)s) AS n"
)
_FUNNEL: Final = (
    "INSERT INTO insight.funnel (tenant_id, show, grain, hour, campaign, invitation, asset, orders,"
    " paid_orders, seats, money)"
    " SELECT tenant_id, show, grain, hour, campaign, invitation, 'CNY', views / 10, views / 20, views / 10,"
    " views * 100 FROM insight.traffic WHERE tenant_id = %(tenant)s"
)
_OFFERS: Final = (
    "INSERT INTO insight.offer (tenant_id, offer, show, zone, asset, prices, on_sale, seats)"
    " SELECT %(tenant)s, 'offer-' || n, %(show)s, 'zone-' || n %% 3, 'CNY', '[100, 200, 300]', true, 100000"
    " FROM generate_series(1, 10) AS n"
)
_STEPS: Final = (
    "INSERT INTO insight.step SELECT %(tenant)s, %(show)s, 'offer-' || n, s, 'CNY', 900, 100, 100, 600, 100,"
    " 0, 60000, 0, 1000, 59000, 0, 0 FROM generate_series(1, 10) AS n, generate_series(0, 2) AS s"
)
_PACES: Final = (
    "INSERT INTO insight.pace SELECT %(tenant)s, %(show)s,"
    " date_trunc('hour', %(now)s::timestamptz, 'UTC') - make_interval(hours => h), 'offer-' || n, 'CNY',"
    " 9, 6, 6, 600 FROM generate_series(0, %(hours)s) AS h, generate_series(1, 10) AS n"
)
_SHOWS: Final = "INSERT INTO insight.show (tenant_id, show, revision) VALUES (%(tenant)s, %(show)s, 1)"


class Seated(Struct, frozen=True, kw_only=True):
    """A tenant ready to be told of views, its key, and how long its events took to be counted again."""

    tenant_id: int
    key: str
    rebuild_s: float


async def seat(*, settings: Settings, base: Base, events: int) -> Seated:
    """Open a tenant whose show was seen `events` times in the last thirty days."""
    clock = clock_of(None)
    async with assembled(settings, url=base.url) as house:
        key = await open_tenant(house, slug=_SLUG, name="Bench")
        async with house.database.connection() as conn:
            tenant_id = next(one.tenant_id for one in await tenants.tenants(conn) if one.slug == _SLUG)
    given = {
        "tenant": tenant_id,
        "show": SHOW,
        "now": datetime.now(UTC),
        "events": events,
        "hours": HOURS,
        "channels": CHANNELS,
    }
    with psycopg.connect(base.owner_url, autocommit=True) as connection:
        connection.execute(_SHOWS, given)
        connection.execute(_EVENTS, given)
        connection.execute("ANALYZE insight.event")
    started = datetime.now(UTC)
    async with Database.open(base.url, pool_max=2, listen=False) as database:
        await rebuild(database=database, clock=clock, subscription=_traffic(), tenant_id=tenant_id)
    rebuild_s = (datetime.now(UTC) - started).total_seconds()
    with psycopg.connect(base.owner_url, autocommit=True) as connection:
        for statement in (_FUNNEL, _OFFERS, _STEPS, _PACES):
            connection.execute(statement, given)
        connection.execute("ANALYZE")
    return Seated(tenant_id=tenant_id, key=key, rebuild_s=round(rebuild_s, 2))


def _traffic() -> Subscription:
    return next(one for feature in FEATURES for one in feature.subscriptions if one.name == "insight.traffic")


def calls(count: int, *, mark: str) -> Iterator[dict[str, Any]]:
    """Yield calls of ten events each; no two events have the same id."""
    for call in range(count):
        numbers = range(call * EVENTS_A_CALL, (call + 1) * EVENTS_A_CALL)
        yield {
            "events": [
                {
                    "id": f"{mark}-{number}",
                    "kind": "click" if number % EVENTS_A_CALL == 0 else "view",
                    "show": SHOW,
                    "page": "/shows/winter",
                    "visitor": f"visitor-{number // 5}",
                    "campaign": {"source": "campaign", "medium": f"{number % 60}"},
                }
                for number in numbers
            ]
        }


def kept(*, base: Base, tenant_id: int) -> int:
    """Return how many events of a tenant are kept."""
    with psycopg.connect(base.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM insight.event WHERE tenant_id = %s", (tenant_id,)
        ).fetchone()
    assert row is not None, "a count is always returned"
    return int(row[0])
