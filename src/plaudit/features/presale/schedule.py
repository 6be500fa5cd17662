"""What presale does on time: sales begin, deposits are forfeited, groups end, cancelled shows are refunded.

Plain functions of the house's clock; running them late, twice or in several processes at once changes
nothing. One tenant that is off or in trouble keeps no other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.core import dues
from plaudit.core.commands.command import Command
from plaudit.core.commands.tenants import in_every_tenant
from plaudit.core.feature import Schedule
from plaudit.core.handles import Connection
from plaudit.features.presale.actions.base import Means
from plaudit.features.presale.actions.cancellation import refund_rest
from plaudit.features.presale.actions.pledges import end_member, fail_group, forfeit
from plaudit.features.presale.actions.shows import NotDue, open_sale
from plaudit.features.presale.model.bookings import split_deposit
from plaudit.features.presale.model.orders import LATE
from plaudit.features.presale.store import bookings as store
from plaudit.features.presale.store import groups as group_store
from plaudit.features.presale.store import shows as show_store
from plaudit.kernel.refusal import Refusal
from plaudit.platform import log

_log = log.logger("presale")
_PAGE: Final = 200


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
    """End the deposited orders whose balance did not come in time; return how many."""
    ended = 0
    while True:
        now = means.clock.now()
        async with means.database.transaction() as tx:
            page = await store.lock_overdue(tx, tenant_id=tenant_id, before=now - LATE, limit=_PAGE)
            commands = [forfeit(tenant_id=tenant_id, booking=one) for one in page]
            await _done(means, tx, commands)
            for booking in page:
                _, booking.deposits_minor = split_deposit(
                    deposit_minor=booking.deposits_minor, forfeited=booking.forfeited
                )
                booking.state, booking.seats, booking.balance_due = "forfeited", 0, None
            if page:
                await store.save_bookings(tx, tenant_id=tenant_id, bookings=page)
        ended += len(page)
        if len(page) < _PAGE:
            return ended


async def fail_groups(means: Means, *, tenant_id: int) -> int:
    """End the groups that are not full in time, and give their members' seats back; return how many."""
    now = means.clock.now()
    async with means.database.transaction() as tx:
        groups = await group_store.lock_overdue(tx, tenant_id=tenant_id, before=now - LATE, limit=_PAGE)
        if not groups:
            return 0
        names = [one.id for one in groups]
        members = await store.lock_members(tx, tenant_id=tenant_id, groups=names)
        commands = [fail_group(tenant_id=tenant_id, group=one) for one in groups]
        commands += [end_member(tenant_id=tenant_id, booking=one, cause="group") for one in members]
        await _done(means, tx, commands)
        for booking in members:
            booking.state, booking.seats = "ended", 0
        await group_store.end_groups(tx, tenant_id=tenant_id, groups=names, filled=False)
        if members:
            await store.save_bookings(tx, tenant_id=tenant_id, bookings=members)
    return len(groups)


async def _done(means: Means, tx: Connection, commands: Sequence[Command]) -> None:
    """Record commands that nobody may refuse: whoever refuses one undoes the page, which is tried again."""
    for result in await dues.recorded(means.corridor, tx, commands):
        if isinstance(result, Refusal):
            raise result


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
