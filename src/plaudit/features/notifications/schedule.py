"""What notifications does on time: reminders that are due are told, deliveries that are due are sent.

Every five seconds by the house's clock, over all tenants; two queries by index alone when nothing is due.
Running it late, twice or in several processes at once changes nothing: reminders are taken under lock, each
message is made once, and lanes are sent by jobs that do not run beside themselves.
"""

from typing import Any, Final

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.feature import Schedule
from plaudit.features.notifications.actions import reminding, sending
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.store import deliveries as delivery_store
from plaudit.features.notifications.store import reminders as reminder_store
from plaudit.platform import log

_log = log.logger("notifications")


async def tidy(house: Means) -> None:
    """Tell what is due, then put lanes to work in which something is. A tenant in trouble keeps no other."""
    async with house.database.connection() as conn:
        tenant_ids = [tenant.tenant_id for tenant in await core_tenants.tenants(conn)]
        due = await reminder_store.select_due_tenants(conn, tenant_ids=tenant_ids, now=house.clock.now())
    for tenant_id in due:
        try:
            await reminding.remind_all(house, tenant_id=tenant_id)
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            _log.warning("reminders not told", tenant_id=tenant_id, exc_info=error)
    async with house.database.transaction() as tx:
        lanes = await delivery_store.select_due_lanes(tx, tenant_ids=tenant_ids, now=house.clock.now())
        for tenant_id, channel, endpoint in lanes:
            await sending.enqueue(tx, tenant_id=tenant_id, channel=channel, endpoint=endpoint)


async def _tidy(house: Any) -> None:  # noqa: ANN401 - the assembled house
    await tidy(house)


TIDY: Final = Schedule(name="notifications.tidy", cron="* * * * * */5", work=_tidy)
