"""What insight does on time: single events are forgotten when they are old; what they come to stays."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.feature import Schedule
from plaudit.core.handles import Connection
from plaudit.features.insight.actions import Means
from plaudit.features.insight.store import traffic
from plaudit.platform import log

_log = log.logger("insight")

_PAGE: Final = 10_000


async def prune(house: Means) -> None:
    """Delete in every tenant the events, and forget the visitors, that are older than the setting says."""
    before = house.clock.now() - timedelta(days=house.settings.track_keep_days)
    async with house.database.connection() as conn:
        found = await core_tenants.tenants(conn)
    for tenant in found:
        await prune_tenant(house, tenant_id=tenant.tenant_id, before=before)


async def prune_tenant(house: Means, *, tenant_id: int, before: datetime, page: int = _PAGE) -> int:
    """Do so for one tenant, a page and a transaction at a time, and return how many events were deleted."""

    async def events(conn: Connection) -> int:
        return await traffic.prune_events(conn, tenant_id=tenant_id, before=before, limit=page)

    async def visitors(conn: Connection) -> int:
        return await traffic.prune_visitors(conn, tenant_id=tenant_id, before=before, limit=page)

    deleted = await _all_of(house, events, page)
    forgotten = await _all_of(house, visitors, page)
    if deleted or forgotten:
        _log.info("old events deleted", tenant_id=tenant_id, events=deleted, visitors=forgotten)
    return deleted


async def _all_of(house: Means, work: Callable[[Connection], Awaitable[int]], page: int) -> int:
    done = 0
    while True:
        count = await house.database.run(work)
        done += count
        if count < page:
            return done


async def _prune(house: Any) -> None:  # noqa: ANN401 - the assembled house
    await prune(house)


PRUNE: Final = Schedule(name="insight.prune", cron="23 * * * *", work=_prune, timeout_s=3_000.0)
