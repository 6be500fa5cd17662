"""What presale does on time: sales begin, deposits are forfeited, groups end, cancelled shows are refunded.

Plain functions of the house's clock; running them late, twice or in several processes at once changes
nothing. One tenant that is off or in trouble keeps no other.
"""

from datetime import UTC, datetime
from typing import Any, Final

from plaudit.core import dues
from plaudit.core.commands.batch import Result
from plaudit.core.commands.command import Outcome
from plaudit.core.commands.tenants import in_every_tenant
from plaudit.core.feature import Schedule
from plaudit.features.presale.actions.base import Means
from plaudit.features.presale.actions.cancellation import refund_rest
from plaudit.features.presale.actions.pledges import end_member, fail_group, forfeit
from plaudit.features.presale.actions.shows import NotDue, open_sale
from plaudit.features.presale.model.bookings import Booking
from plaudit.features.presale.model.orders import LATE
from plaudit.features.presale.store import bookings as store
from plaudit.features.presale.store import groups as group_store
from plaudit.features.presale.store import shows as show_store
from plaudit.kernel.refusal import Refusal
from plaudit.platform import log
from plaudit.vocabulary.facts.tickets import TicketForfeited

_log = log.logger("presale")
_PAGE: Final = 200
_FIRST: Final = (datetime.min.replace(tzinfo=UTC), 0)
"""Before every time and order."""


async def open_sales(house: Means, *, tenant_id: int) -> None:
    """Let the sales begin whose time has come."""
    now = house.clock.now()
    last: tuple[datetime, str] | None = None
    while True:
        async with house.database.connection() as conn:
            due = await show_store.select_sales_due(
                conn, tenant_id=tenant_id, now=now, after=last, limit=_PAGE
            )
        for _, show in due:
            try:
                await open_sale(corridor=house.corridor, tenant_id=tenant_id, show=show, now=now)
            except NotDue:
                continue
            except Refusal as refusal:
                _log.info("sale not begun", tenant_id=tenant_id, show=show, code=refusal.code)
        if len(due) < _PAGE:
            return
        last = due[-1]


async def forfeit_deposits(means: Means, *, tenant_id: int) -> int:
    """End the deposited orders whose balance did not come in time; return how many.

    One that cannot be ended now (an account of it is frozen) keeps no other, and has its turn again.
    """
    ended = 0
    before, last = means.clock.now() - LATE, _FIRST
    while True:
        async with means.database.transaction() as tx:
            page = await store.lock_overdue(tx, tenant_id=tenant_id, before=before, after=last, limit=_PAGE)
            commands = [forfeit(tenant_id=tenant_id, booking=one) for one in page]
            results = await dues.recorded(means.corridor, tx, commands=commands)
            refused = [result.code for result in results if isinstance(result, Refusal)]
            done = [
                _forfeited(booking, result)
                for booking, result in zip(page, results, strict=True)
                if not isinstance(result, Refusal)
            ]
            if page:
                last = (page[-1].balance_due or before, page[-1].order)
            if done:
                await store.save_bookings(tx, tenant_id=tenant_id, bookings=done)
        if refused:
            _log.warning("deposits not forfeited", tenant_id=tenant_id, count=len(refused), code=refused[0])
        ended += len(done)
        if len(page) < _PAGE:
            return ended


def _forfeited(booking: Booking, result: Result) -> Booking:
    """Let a forfeiture have its effect on its booking, and return it."""
    assert isinstance(result, Outcome), result
    fact = result.data
    assert isinstance(fact, TicketForfeited), result
    booking.deposits_minor = fact.returned_minor
    booking.state, booking.seats, booking.balance_due = "forfeited", 0, None
    return booking


async def fail_groups(means: Means, *, tenant_id: int) -> int:
    """End the groups that are not full in time, and give their members' seats back; return how many.

    Each in a transaction of its own; one that cannot be ended now keeps no other, and has its turn again.
    """
    ended = 0
    before, last = means.clock.now() - LATE, (_FIRST[0], "")
    while True:
        async with means.database.connection() as conn:
            page = await group_store.select_overdue(
                conn, tenant_id=tenant_id, before=before, after=last, limit=_PAGE
            )
        for group in page:
            try:
                ended += await _fail_group(means, tenant_id, group.id)
            except Refusal as refusal:
                _log.warning("group not ended", tenant_id=tenant_id, group=group.id, code=refusal.code)
            last = (group.until, group.id)
        if len(page) < _PAGE:
            return ended


async def _fail_group(means: Means, tenant_id: int, group: str) -> bool:
    """End a group, unless it has ended; tell whether it was done. Raises Refusal when it cannot be."""
    async with means.database.transaction() as tx:
        found = await group_store.lock_groups(tx, tenant_id=tenant_id, groups=[group])
        if not found:
            return False
        members = list((await store.lock_members(tx, tenant_id=tenant_id, groups=[group])).values())
        commands = [fail_group(tenant_id=tenant_id, group=one) for one in found]
        commands += [end_member(tenant_id=tenant_id, booking=one, cause="group") for one in members]
        for result in await dues.recorded(means.corridor, tx, commands=commands):
            if isinstance(result, Refusal):
                raise result
        for booking in members:
            booking.state, booking.seats = "ended", 0
        await group_store.end_groups(tx, tenant_id=tenant_id, groups=[group], filled=False)
        if members:
            await store.save_bookings(tx, tenant_id=tenant_id, bookings=members)
    return True


async def _tidy(house: Any) -> None:  # noqa: ANN401 - the assembled house
    means: Means = house
    await in_every_tenant(
        means.database, lambda one: forfeit_deposits(means, tenant_id=one), trouble="deposits not forfeited"
    )
    await in_every_tenant(
        means.database, lambda one: fail_groups(means, tenant_id=one), trouble="groups not ended"
    )


async def _refund_rest(house: Any) -> None:  # noqa: ANN401 - the assembled house
    means: Means = house
    await in_every_tenant(
        means.database, lambda one: refund_rest(means, tenant_id=one), trouble="cancelled shows not refunded"
    )


async def _open_sales(house: Any) -> None:  # noqa: ANN401 - the assembled house
    means: Means = house
    await in_every_tenant(
        means.database, lambda one: open_sales(means, tenant_id=one), trouble="sales not begun"
    )


SALES: Final = Schedule(name="presale.sales", cron="* * * * * */5", work=_open_sales)
TIDY: Final = Schedule(name="presale.tidy", cron="* * * * * */5", work=_tidy)
CANCELLED: Final = Schedule(name="presale.cancelled", cron="* * * * *", work=_refund_rest)
