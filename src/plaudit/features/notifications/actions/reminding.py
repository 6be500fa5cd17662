"""Reminding: facts of presale become rows of who is to be told what when; what is due becomes messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from plaudit.core.handles import Connection
from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import wait_until
from plaudit.features.notifications.actions.base import Means
from plaudit.features.notifications.actions.composing import compose
from plaudit.features.notifications.model import kinds
from plaudit.features.notifications.model.messages import News
from plaudit.features.notifications.model.reminders import (
    Register,
    Reminder,
    Show,
    held_by,
    newest,
    order_id,
    order_number,
)
from plaudit.features.notifications.model.wording import Money
from plaudit.features.notifications.store import deliveries as delivery_store
from plaudit.features.notifications.store import reminders as store
from plaudit.kernel.ids import MAX_NUMBER
from plaudit.platform import jobs, log
from plaudit.vocabulary.facts.shows import ShowSaved, ShowStateChanged
from plaudit.vocabulary.facts.tickets import (
    OrderEnded,
    TicketDeposited,
    TicketForfeited,
    TicketIssued,
    TicketPledged,
    TicketRefunded,
    TicketTransferred,
)

_log = log.logger("notifications")

KINDS: Final = (
    ShowSaved.KIND,
    ShowStateChanged.KIND,
    TicketIssued.KIND,
    TicketDeposited.KIND,
    TicketPledged.KIND,
    OrderEnded.KIND,
    TicketForfeited.KIND,
    TicketRefunded.KIND,
    TicketTransferred.KIND,
)
"""The kinds of facts that are followed."""

PAGE: Final = 1_000
"""How many viewers are told in one transaction."""
_REMINDERS: Final = 50

SUBSCRIPTION: Final = "notifications.shows"
"""The name of the reaction that keeps the rows."""

_HEARD_WITHIN_MS: Final = 5_000
_ABOUT_A_SHOW: Final = (*kinds.SOON, *kinds.BALANCE, kinds.MOVED)


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """In which tenant."""

    tenant_id: int


class _Told(NamedTuple):
    """What a page of one reminder tells, and the last viewer of it when there may be more."""

    news: list[News]
    reached: str | None


async def hear(conn: Connection, *, tenant_id: int, facts: Sequence[Recorded], now: datetime) -> bool:
    """Take facts in their order: rows first, then what is told at once; what was overtaken is dropped.

    Returns whether there are reminders now that are due at once.
    """
    # Orders that end unpaid are many, and nobody is told anything of them.
    facts = [fact for fact in facts if fact.kind != OrderEnded.KIND or fact.data.get("payment") is not None]
    if not facts:
        return False
    register = await store.open_register(
        conn,
        tenant_id=tenant_id,
        shows=sorted({fact.data["show"] for fact in facts}),
        orders=sorted({fact.data["order"] for fact in facts if "order" in fact.data}),
    )
    for fact in facts:
        _take(register, fact)
    await store.save_register(conn, tenant_id=tenant_id, register=register)
    await _drop(conn, tenant_id, register, now)
    await compose(conn, tenant_id=tenant_id, news=register.told, now=now)
    return any(one.due_at <= now for one in register.reminders.values())


async def enqueue(conn: Connection, *, tenant_id: int) -> None:
    """Have what is due told once the caller's transaction is committed."""
    await jobs.enqueue(conn, REMIND, arguments=Tenant(tenant_id=tenant_id), once=str(tenant_id))


async def remind_all(means: Means, *, tenant_id: int) -> None:
    """Tell all that is due in a tenant by the house's clock.

    First all must have been heard that was recorded until now: nobody is reminded who has been refunded.
    """
    async with means.database.connection() as conn:
        head = (await read.page(conn, tenant_id=tenant_id, after=MAX_NUMBER, limit=1)).head
    heard = await wait_until(
        means.database,
        tenant_id=tenant_id,
        subscription=SUBSCRIPTION,
        position=head,
        timeout_ms=_HEARD_WITHIN_MS,
    )
    if not heard:
        _log.warning("reminders wait: not all is heard yet", tenant_id=tenant_id, head=head)
        return
    looked_at = 1
    while looked_at:
        async with means.database.transaction() as tx:
            looked_at = await remind(tx, tenant_id=tenant_id, now=means.clock.now())


async def remind(conn: Connection, *, tenant_id: int, now: datetime) -> int:
    """Tell what is due, a page of it, and return how many reminders were looked at.

    Of the marks before one start or deadline only the newest is told, and none once that has passed.
    """
    due = await store.lock_due(conn, tenant_id=tenant_id, now=now, limit=_REMINDERS)
    shows = {one.reminder.show: one.show for one in due}
    send, done = newest([one.reminder for one in due])
    news: list[News] = []
    for reminder in send:
        show = shows[reminder.show]
        told = _Told([], None)
        if show is not None and len(news) < PAGE:
            told = await _told(conn, tenant_id=tenant_id, reminder=reminder, show=show, now=now)
        elif show is not None:
            continue  # its turn comes with the next page
        news += told.news
        if told.reached is None:
            done.append(reminder)
        else:
            await store.move_on(conn, tenant_id=tenant_id, reminder=reminder, reached=told.reached)
    await store.delete_reminders(conn, tenant_id=tenant_id, reminders=done)
    await compose(conn, tenant_id=tenant_id, news=news, now=now)
    return len(due)


def _take(register: Register, fact: Recorded) -> None:
    at = fact.at
    match fact.kind:
        case ShowSaved.KIND:
            register.save_show(msgspec.convert(fact.data, ShowSaved), at=at)
        case ShowStateChanged.KIND:
            register.change_state(msgspec.convert(fact.data, ShowStateChanged), at=at)
        case TicketIssued.KIND:
            register.issue(msgspec.convert(fact.data, TicketIssued), at=at)
        case TicketDeposited.KIND:
            register.deposit(msgspec.convert(fact.data, TicketDeposited), at=at)
        case TicketPledged.KIND:
            register.pledge(msgspec.convert(fact.data, TicketPledged), at=at)
        case OrderEnded.KIND:
            register.end(msgspec.convert(fact.data, OrderEnded))
        case TicketForfeited.KIND:
            register.forfeit(msgspec.convert(fact.data, TicketForfeited))
        case TicketRefunded.KIND:
            register.refund(msgspec.convert(fact.data, TicketRefunded))
        case _:
            register.transfer(msgspec.convert(fact.data, TicketTransferred), at=at)


async def _drop(conn: Connection, tenant_id: int, register: Register, now: datetime) -> None:
    """Drop what was made and not sent yet, and is not so any more."""
    if register.over:
        await delivery_store.drop_of_shows(
            conn, tenant_id=tenant_id, shows=sorted(register.over), kinds=_ABOUT_A_SHOW, now=now
        )
    if register.retimed:
        await delivery_store.drop_of_shows(
            conn,
            tenant_id=tenant_id,
            shows=sorted(register.retimed),
            kinds=(*kinds.SOON, kinds.MOVED),
            now=now,
        )
    if register.left:
        await delivery_store.drop_of_leavers(conn, tenant_id=tenant_id, left=sorted(register.left), now=now)
    if register.settled:
        settled = [register.deposits[order] for order in sorted(register.settled)]
        await delivery_store.drop_of_orders(
            conn,
            tenant_id=tenant_id,
            settled=[(one.viewer, one.show, order_id(one.order)) for one in settled],
            now=now,
        )


async def _told(conn: Connection, *, tenant_id: int, reminder: Reminder, show: Show, now: datetime) -> _Told:
    if reminder.kind in kinds.BALANCE:
        return await _balance(conn, tenant_id=tenant_id, reminder=reminder, show=show, now=now)
    viewers: list[str]
    if reminder.kind in kinds.SOON:
        since_until = held_by(due_at=reminder.due_at, timed_at=show.timed_at)
        if now >= show.starts_at or since_until is None:
            return _Told([], None)
        viewers = await store.select_holders(
            conn,
            tenant_id=tenant_id,
            show=show.show,
            since_until=since_until,
            after=reminder.reached,
            limit=PAGE,
        )
    else:
        viewers = await store.select_concerned(
            conn, tenant_id=tenant_id, show=show.show, after=reminder.reached, limit=PAGE
        )
    news = [_about_show(viewer, reminder, show) for viewer in viewers]
    return _Told(news, viewers[-1] if len(viewers) == PAGE else None)


def _about_show(viewer: str, reminder: Reminder, show: Show) -> News:
    return News(
        viewer=viewer,
        kind=reminder.kind,
        thing=show.show,
        occasion=reminder.occasion,
        show=show.show,
        values={
            "show": show.titles,
            "starts_at": show.starts_at,
            "moved_from": reminder.moved_from or show.starts_at,
            "link": show.link,
        },
        link="" if reminder.kind == kinds.CANCELLED else show.link,
        # That a show is cancelled is worth telling later, too.
        expires_at=None if reminder.kind == kinds.CANCELLED else show.starts_at,
    )


async def _balance(
    conn: Connection, *, tenant_id: int, reminder: Reminder, show: Show, now: datetime
) -> _Told:
    order = order_number(reminder.thing)
    deposit = (await store.select_deposits(conn, tenant_id=tenant_id, orders=[order])).get(order)
    if deposit is None or not deposit.is_open or now >= deposit.balance_until:
        return _Told([], None)
    news = News(
        viewer=deposit.viewer,
        kind=reminder.kind,
        thing=reminder.thing,
        occasion=reminder.occasion,
        show=show.show,
        values={
            "show": show.titles,
            "starts_at": show.starts_at,
            "amount": Money(asset=deposit.asset, amount_minor=deposit.amount_minor),
            "deadline": deposit.balance_until,
            "order": reminder.thing,
        },
        expires_at=deposit.balance_until,
    )
    return _Told([news], None)


async def _perform(house: Any, attempt: jobs.Attempt[Tenant]) -> None:  # noqa: ANN401 - the assembled house
    await remind_all(house, tenant_id=attempt.arguments.tenant_id)


REMIND: Final = jobs.Job(name="notifications.remind", arguments=Tenant, work=_perform, timeout_s=300)
"""Telling what is due in a tenant: at once when a show was moved or cancelled, else by the schedule."""
