"""Shows, tickets in hand, deposits and what is to be told about them: read and locked, written as columns."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from plaudit.features.notifications.model.kinds import BALANCE, SOON
from plaudit.features.notifications.model.reminders import (
    Deposit,
    Holding,
    Register,
    Reminder,
    Show,
    order_id,
)
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_SHOW: Final = "show, title_en, title_zh, starts_at, timed_at, watch_url, state"
_REMINDER: Final = "kind, thing, show, occasion, due_at, moved_from, reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A reminder that is due, with its show as it is now."""

    reminder: Reminder
    show: Show | None


async def open_register(
    conn: Connection, *, tenant_id: int, shows: Sequence[str], orders: Sequence[int]
) -> Register:
    """Return the rows of shows and orders, as they are."""
    return Register(
        shows=await select_shows(conn, tenant_id=tenant_id, shows=shows),
        holdings=await _holdings(conn, tenant_id, orders),
        deposits=await select_deposits(conn, tenant_id=tenant_id, orders=orders),
    )


async def save_register(conn: Connection, *, tenant_id: int, register: Register) -> None:
    """Write what has changed; set-based, a statement for each table."""
    await _save_shows(conn, tenant_id, [register.shows[one] for one in sorted(register.changed_shows)])
    await _save_holdings(
        conn, tenant_id, [register.holdings[one] for one in sorted(register.changed_holdings)]
    )
    await _save_deposits(
        conn, tenant_id, [register.deposits[one] for one in sorted(register.changed_deposits)]
    )
    await _save_reminders(conn, tenant_id, register)


async def select_shows(conn: Connection, *, tenant_id: int, shows: Sequence[str]) -> dict[str, Show]:
    """Return shows by name."""
    cursor = await conn.execute(
        f"SELECT {_SHOW} FROM notifications.show WHERE tenant_id = %s AND show = ANY(%s)",
        (Int4(tenant_id), packing.texts(shows)),
    )
    return {row[0]: _show(*row) for row in await cursor.fetchall()}


async def select_deposits(conn: Connection, *, tenant_id: int, orders: Sequence[int]) -> dict[int, Deposit]:
    """Return deposits by order."""
    cursor = await conn.execute(
        "SELECT order_number, show, viewer, asset, amount, balance_until, open FROM notifications.deposit"
        " WHERE tenant_id = %s AND order_number = ANY(%s)",
        (Int4(tenant_id), packing.int8s(orders)),
    )
    return {
        order: Deposit(
            order=order,
            show=show,
            viewer=viewer,
            asset=asset,
            amount_minor=amount,
            balance_until=until,
            is_open=is_open,
        )
        for order, show, viewer, asset, amount, until, is_open in await cursor.fetchall()
    }


async def select_due_tenants(conn: Connection, *, tenant_ids: Sequence[int], now: datetime) -> list[int]:
    """Return the tenants in which something is to be told. One query by index alone."""
    cursor = await conn.execute(
        "SELECT t.tenant_id FROM unnest(%s) AS t (tenant_id) WHERE EXISTS (SELECT FROM"
        " notifications.reminder r WHERE r.tenant_id = t.tenant_id AND r.due_at <= %s)",
        (packing.int8s(tenant_ids), now),
    )
    return [tenant_id for (tenant_id,) in await cursor.fetchall()]


async def lock_due(conn: Connection, *, tenant_id: int, now: datetime, limit: int) -> list[Due]:
    """Return reminders that are due, the longest due first, and keep them locked; others skip them.

    All of one show or order come together, so that the newest can be told from the others.
    """
    cursor = await conn.execute(
        f"SELECT {_REMINDER} FROM notifications.reminder WHERE tenant_id = %s AND thing IN (SELECT thing FROM"
        " notifications.reminder WHERE tenant_id = %s AND due_at <= %s ORDER BY due_at LIMIT %s)"
        " AND due_at <= %s ORDER BY thing, kind FOR UPDATE SKIP LOCKED",
        (Int4(tenant_id), Int4(tenant_id), now, limit, now),
    )
    found = [_reminder(*row) for row in await cursor.fetchall()]
    shows = await select_shows(conn, tenant_id=tenant_id, shows=sorted({one.show for one in found}))
    return [Due(reminder=one, show=shows.get(one.show)) for one in found]


async def select_holders(
    conn: Connection, *, tenant_id: int, show: str, since_until: datetime, after: str, limit: int
) -> list[str]:
    """Return viewers with a ticket of a show since then at the latest, by name, those after a name."""
    cursor = await conn.execute(
        "SELECT viewer FROM notifications.holding WHERE tenant_id = %s AND show = %s AND viewer > %s"
        " AND tickets > 0 GROUP BY viewer HAVING min(since) <= %s ORDER BY viewer LIMIT %s",
        (Int4(tenant_id), show, after, since_until, limit),
    )
    return [viewer for (viewer,) in await cursor.fetchall()]


async def select_concerned(
    conn: Connection, *, tenant_id: int, show: str, after: str, limit: int
) -> list[str]:
    """Return viewers with a ticket of a show or a deposit for one, by name, those after a name."""
    cursor = await conn.execute(
        "SELECT viewer FROM (SELECT viewer FROM notifications.holding WHERE tenant_id = %s AND show = %s"
        " AND viewer > %s AND tickets > 0 UNION SELECT viewer FROM notifications.deposit WHERE tenant_id = %s"
        " AND show = %s AND viewer > %s AND open) AS all_of_them ORDER BY viewer LIMIT %s",
        (Int4(tenant_id), show, after, Int4(tenant_id), show, after, limit),
    )
    return [viewer for (viewer,) in await cursor.fetchall()]


async def move_on(conn: Connection, *, tenant_id: int, reminder: Reminder, reached: str) -> None:
    """Write down how far a locked reminder has been told."""
    await conn.execute(
        "UPDATE notifications.reminder SET reached = %s WHERE tenant_id = %s AND kind = %s AND thing = %s",
        (reached, Int4(tenant_id), reminder.kind, reminder.thing),
    )


async def delete_reminders(conn: Connection, *, tenant_id: int, reminders: Sequence[Reminder]) -> None:
    """Delete locked reminders: they were told, or came too late."""
    await conn.execute(
        "DELETE FROM notifications.reminder r USING unnest(%s, %s) AS d (kind, thing)"
        " WHERE r.tenant_id = %s AND r.kind = d.kind AND r.thing = d.thing",
        (
            packing.texts([one.kind for one in reminders]),
            packing.texts([one.thing for one in reminders]),
            Int4(tenant_id),
        ),
    )


async def _holdings(
    conn: Connection, tenant_id: int, orders: Sequence[int]
) -> dict[tuple[int, str], Holding]:
    cursor = await conn.execute(
        "SELECT show, viewer, order_number, tickets, since FROM notifications.holding"
        " WHERE tenant_id = %s AND order_number = ANY(%s)",
        (Int4(tenant_id), packing.int8s(orders)),
    )
    return {
        (order, viewer): Holding(show=show, viewer=viewer, order=order, tickets=tickets, since=since)
        for show, viewer, order, tickets, since in await cursor.fetchall()
    }


async def _save_shows(conn: Connection, tenant_id: int, shows: Sequence[Show]) -> None:
    if not shows:
        return
    await conn.execute(
        f"INSERT INTO notifications.show (tenant_id, {_SHOW})"
        " SELECT %s, d.show, d.title_en, d.title_zh, d.starts_at, d.timed_at, nullif(d.watch_url, ''),"
        " d.state"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s)"
        " AS d (show, title_en, title_zh, starts_at, timed_at, watch_url, state)"
        " ON CONFLICT (tenant_id, show) DO UPDATE SET title_en = excluded.title_en, title_zh ="
        " excluded.title_zh, starts_at = excluded.starts_at, timed_at = excluded.timed_at, watch_url ="
        " excluded.watch_url, state = excluded.state",
        (
            Int4(tenant_id),
            packing.texts([one.show for one in shows]),
            packing.texts([one.title_en for one in shows]),
            packing.texts([one.title_zh for one in shows]),
            packing.times([one.starts_at for one in shows]),
            packing.times([one.timed_at for one in shows]),
            packing.texts([one.watch_url or "" for one in shows]),
            packing.texts([one.state for one in shows]),
        ),
    )


async def _save_holdings(conn: Connection, tenant_id: int, holdings: Sequence[Holding]) -> None:
    if not holdings:
        return
    await conn.execute(
        "INSERT INTO notifications.holding (tenant_id, show, viewer, order_number, tickets, since)"
        " SELECT %s, d.* FROM unnest(%s, %s, %s, %s, %s) AS d (show, viewer, order_number, tickets, since)"
        " ON CONFLICT (tenant_id, show, viewer, order_number)"
        " DO UPDATE SET tickets = excluded.tickets, since = excluded.since",
        (
            Int4(tenant_id),
            packing.texts([one.show for one in holdings]),
            packing.texts([one.viewer for one in holdings]),
            packing.int8s([one.order for one in holdings]),
            packing.int8s([one.tickets for one in holdings]),
            packing.times([one.since for one in holdings]),
        ),
    )


async def _save_deposits(conn: Connection, tenant_id: int, deposits: Sequence[Deposit]) -> None:
    if not deposits:
        return
    await conn.execute(
        "INSERT INTO notifications.deposit"
        " (tenant_id, order_number, show, viewer, asset, amount, balance_until, open)"
        " SELECT %s, d.order_number, d.show, d.viewer, d.asset, d.amount, d.balance_until, d.open = 1"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s)"
        " AS d (order_number, show, viewer, asset, amount, balance_until, open)"
        " ON CONFLICT (tenant_id, order_number) DO UPDATE SET open = excluded.open",
        (
            Int4(tenant_id),
            packing.int8s([one.order for one in deposits]),
            packing.texts([one.show for one in deposits]),
            packing.texts([one.viewer for one in deposits]),
            packing.texts([one.asset for one in deposits]),
            packing.int8s([one.amount_minor for one in deposits]),
            packing.times([one.balance_until for one in deposits]),
            packing.int2s([int(one.is_open) for one in deposits]),
        ),
    )


async def _save_reminders(conn: Connection, tenant_id: int, register: Register) -> None:
    await conn.execute(
        "DELETE FROM notifications.reminder WHERE tenant_id = %s AND (show = ANY(%s)"
        " OR (show = ANY(%s) AND kind = ANY(%s)) OR (thing = ANY(%s) AND kind = ANY(%s)))",
        (
            Int4(tenant_id),
            packing.texts(sorted(register.over)),
            packing.texts(sorted(register.retimed)),
            packing.texts(SOON),
            packing.texts([order_id(one) for one in sorted(register.settled)]),
            packing.texts(BALANCE),
        ),
    )
    reminders = list(register.reminders.values())
    if not reminders:
        return
    await conn.execute(
        "INSERT INTO notifications.reminder (tenant_id, kind, thing, show, occasion, due_at, moved_from)"
        " SELECT %s, d.kind, d.thing, d.show, d.occasion, d.due_at, nullif(d.moved_from, d.due_at)"
        " FROM unnest(%s, %s, %s, %s, %s, %s) AS d (kind, thing, show, occasion, due_at, moved_from)"
        " ON CONFLICT (tenant_id, kind, thing) DO UPDATE SET occasion = excluded.occasion, due_at ="
        " excluded.due_at, moved_from = excluded.moved_from, reached = ''",
        (
            Int4(tenant_id),
            packing.texts([one.kind for one in reminders]),
            packing.texts([one.thing for one in reminders]),
            packing.texts([one.show for one in reminders]),
            packing.texts([one.occasion for one in reminders]),
            packing.times([one.due_at for one in reminders]),
            # No show was moved from the moment at which that is told; so this stands for "not moved".
            packing.times([one.moved_from or one.due_at for one in reminders]),
        ),
    )


def _show(*row: Any) -> Show:  # noqa: ANN401 - the columns of _SHOW
    show, title_en, title_zh, starts_at, timed_at, watch_url, state = row
    return Show(
        show=show,
        title_en=title_en,
        title_zh=title_zh,
        starts_at=starts_at,
        timed_at=timed_at,
        watch_url=watch_url,
        state=state,
    )


def _reminder(*row: Any) -> Reminder:  # noqa: ANN401 - the columns of _REMINDER
    kind, thing, show, occasion, due_at, moved_from, reached = row
    return Reminder(
        kind=kind,
        thing=thing,
        show=show,
        occasion=occasion,
        due_at=due_at,
        moved_from=moved_from,
        reached=reached,
    )
