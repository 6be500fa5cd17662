"""What campaigns do on time: those whose period is over are told to have ended, pending rewards mature."""

from datetime import UTC, datetime
from typing import Any, Final

from plaudit.core import dues
from plaudit.core.commands.tenants import in_every_tenant
from plaudit.core.feature import Schedule
from plaudit.core.ledger import balances
from plaudit.features.campaigns.actions import rewards
from plaudit.features.campaigns.actions.base import Means
from plaudit.features.campaigns.actions.running import NotDue, end_by_time
from plaudit.features.campaigns.store import life as store
from plaudit.features.campaigns.store import standings
from plaudit.kernel.refusal import Refusal
from plaudit.platform import log
from plaudit.vocabulary import chart

_log = log.logger("campaigns")
_PAGE: Final = 200
_FIRST: Final = (datetime.min.replace(tzinfo=UTC), 0)
"""Before every time and grant."""


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


async def mature(means: Means, *, tenant_id: int) -> int:
    """Put pending rewards whose time has come into their wallets; return how many.

    One that cannot be put there now (an account is frozen) keeps no other, and has its turn again.
    """
    matured = 0
    now, last = means.clock.now(), _FIRST
    while True:
        async with means.database.transaction() as tx:
            page = await standings.lock_maturing(tx, tenant_id=tenant_id, now=now, after=last, limit=_PAGE)
            owing = {chart.viewer_debt(viewer=one.viewer, asset=one.asset) for one in page}
            debts = await balances.balances(tx, tenant_id=tenant_id, addresses=sorted(owing))
            commands = [rewards.mature(tenant_id=tenant_id, lot=one, debts=debts) for one in page]
            results = await dues.recorded(means.corridor, tx, commands=commands)
            done = [lot for lot, result in zip(page, results, strict=True) if not isinstance(result, Refusal)]
            if done:
                await standings.empty_lots(tx, tenant_id=tenant_id, lots=done)
        if len(done) < len(page):
            _log.warning("rewards not matured", tenant_id=tenant_id, count=len(page) - len(done))
        matured += len(done)
        if len(page) < _PAGE:
            return matured
        last = (page[-1].matures_at, page[-1].grant)


async def _mature(house: Any) -> None:  # noqa: ANN401 - the assembled house
    means: Means = house
    await in_every_tenant(
        means.database, lambda one: mature(means, tenant_id=one), trouble="rewards not matured"
    )


async def _end_over(house: Any) -> None:  # noqa: ANN401 - the assembled house
    means: Means = house
    await in_every_tenant(
        means.database, lambda one: end_over(means, tenant_id=one), trouble="campaigns not ended"
    )


ENDS: Final = Schedule(name="campaigns.ends", cron="* * * * * */5", work=_end_over)
MATURING: Final = Schedule(name="campaigns.maturing", cron="* * * * * */5", work=_mature)
