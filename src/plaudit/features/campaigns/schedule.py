"""What campaigns do on time: those whose period is over are told to have ended."""

from datetime import datetime
from typing import Any, Final

from plaudit.core.commands.tenants import in_every_tenant
from plaudit.core.feature import Schedule
from plaudit.features.campaigns.actions.base import Means
from plaudit.features.campaigns.actions.running import NotDue, end_by_time
from plaudit.features.campaigns.store import life as store
from plaudit.kernel.refusal import Refusal
from plaudit.platform import log

_log = log.logger("campaigns")
_PAGE: Final = 200


async def end_over(means: Means, *, tenant_id: int) -> int:
    """End the campaigns whose time is over; return how many. One that cannot be ended keeps no other."""
    ended = 0
    now = means.clock.now()
    last: tuple[datetime, str] | None = None
    while True:
        async with means.database.connection() as conn:
            page = await store.select_over(conn, tenant_id=tenant_id, now=now, after=last, limit=_PAGE)
        for _, campaign in page:
            try:
                await end_by_time(means, tenant_id=tenant_id, campaign=campaign)
            except NotDue:
                continue
            except Refusal as refusal:
                _log.info("campaign not ended", tenant_id=tenant_id, campaign=campaign, code=refusal.code)
            else:
                ended += 1
        if len(page) < _PAGE:
            return ended
        last = page[-1]


async def _end_over(house: Any) -> None:  # noqa: ANN401 - the assembled house
    means: Means = house
    await in_every_tenant(
        means.database, lambda one: end_over(means, tenant_id=one), trouble="campaigns not ended"
    )


ENDS: Final = Schedule(name="campaigns.ends", cron="* * * * * */5", work=_end_over)
