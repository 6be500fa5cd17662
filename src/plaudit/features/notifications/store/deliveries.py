"""Deliveries: put in beside what they carry, taken when they are due, kept with what came of them."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.features.notifications.model.contacts import Channel
from plaudit.features.notifications.model.deliveries import LEASE, After, Delivery, State
from plaudit.features.notifications.model.kinds import BALANCE, MOVED, SOON
from plaudit.features.notifications.model.messages import Draft
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ROW: Final = (
    "number, channel, endpoint, message, fact, kind, viewer, state, attempts, next_at, problem, receipt,"
    " created_at, ended_at"
)
_TAKEN: Final = "d." + _ROW  # the number is in both parts of the statement
_OF_NO_USE: Final = "overtaken"
_SENDERS: Final = ("email", "sms", "push")


async def insert_of_messages(
    conn: Connection, *, tenant_id: int, drafts: Mapping[int, Draft], now: datetime
) -> None:
    """Insert the deliveries of messages, by the messages' numbers; those of the inbox have arrived."""
    rows = [(number, draft, route) for number, draft in drafts.items() for route in draft.routes]
    await conn.execute(
        "INSERT INTO notifications.delivery (tenant_id, channel, endpoint, message, kind, viewer, state,"
        " attempts, next_at, created_at, ended_at, receipt)"
        " SELECT %s, d.channel, d.endpoint, d.message, d.kind, d.viewer, d.state, 0,"
        " CASE WHEN d.state <> 'sent' THEN d.next_at END, %s,"
        " CASE WHEN d.state = 'sent' THEN %s::timestamptz END, CASE WHEN d.state = 'sent' THEN 'inbox' END"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s)"
        " AS d (message, channel, endpoint, kind, viewer, state, next_at)",
        (
            Int4(tenant_id),
            now,
            now,
            packing.int8s([number for number, _, _ in rows]),
            packing.texts([route.channel for _, _, route in rows]),
            packing.int8s([route.endpoint for _, _, route in rows]),
            packing.texts([draft.news.kind for _, draft, _ in rows]),
            packing.texts([draft.news.viewer for _, draft, _ in rows]),
            packing.texts([route.state for _, _, route in rows]),
            packing.times([route.next_at or now for _, _, route in rows]),
        ),
    )


async def insert_of_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> list[int]:
    """Insert a delivery of each fact of a span for each webhook that names its kind.

    Returns these webhooks.
    """
    cursor = await conn.execute(
        "WITH put AS (INSERT INTO notifications.delivery (tenant_id, channel, endpoint, fact, kind, state,"
        " attempts, next_at, created_at)"
        " SELECT w.tenant_id, 'webhook', w.number, f.position, f.kind, 'queued', 0, f.recorded_at,"
        " f.recorded_at FROM notifications.webhook w JOIN journal.fact f ON f.tenant_id = w.tenant_id"
        " AND f.kind = ANY(w.kinds) AND f.recorded_at >= w.made_at"
        " WHERE w.tenant_id = %s AND w.enabled AND f.position > %s AND f.position <= %s"
        " ORDER BY f.position, w.number"
        " ON CONFLICT (tenant_id, fact, endpoint) DO NOTHING RETURNING endpoint)"
        " SELECT DISTINCT endpoint FROM put",
        (Int4(tenant_id), Int8(after), Int8(upto)),
    )
    return [number for (number,) in await cursor.fetchall()]


async def select_due_lanes(
    conn: Connection, *, tenant_ids: Sequence[int], now: datetime
) -> list[tuple[int, Channel, int]]:
    """Return (tenant, channel, webhook) of all lanes with something due. One query by index alone."""
    cursor = await conn.execute(
        "SELECT l.tenant_id, l.channel, l.endpoint FROM (SELECT t AS tenant_id, c AS channel, 0::bigint AS"
        " endpoint FROM unnest(%s) t CROSS JOIN unnest(%s) c UNION ALL SELECT w.tenant_id, 'webhook',"
        " w.number FROM notifications.webhook w WHERE w.tenant_id = ANY(%s)) l"
        " WHERE EXISTS (SELECT FROM notifications.delivery d WHERE d.tenant_id = l.tenant_id"
        " AND d.channel = l.channel AND d.endpoint = l.endpoint AND d.next_at <= %s)",
        (packing.int8s(tenant_ids), packing.texts(_SENDERS), packing.int8s(tenant_ids), now),
    )
    return list(await cursor.fetchall())


async def take_due(
    conn: Connection, *, tenant_id: int, channel: Channel, endpoint: int, now: datetime, limit: int
) -> list[Delivery]:
    """Take deliveries of a lane that are due, the longest due first.

    Nobody else takes them until the lease ends.
    """
    cursor = await conn.execute(
        "UPDATE notifications.delivery AS d SET attempts = d.attempts + 1, next_at = %s"
        " FROM (SELECT number FROM notifications.delivery WHERE tenant_id = %s AND channel = %s"
        " AND endpoint = %s AND next_at <= %s ORDER BY next_at LIMIT %s FOR UPDATE SKIP LOCKED) due"
        f" WHERE d.tenant_id = %s AND d.number = due.number RETURNING {_TAKEN}",
        (
            now + LEASE,
            Int4(tenant_id),
            channel,
            Int8(endpoint),
            now,
            limit,
            Int4(tenant_id),
        ),
    )
    return sorted((_delivery(*row) for row in await cursor.fetchall()), key=lambda one: one.number)


async def save_after(conn: Connection, *, tenant_id: int, afters: Mapping[int, After], now: datetime) -> None:
    """Write down what came of attempts, by number; what was dropped meanwhile stays so."""
    numbers = list(afters)
    found = list(afters.values())
    await conn.execute(
        "UPDATE notifications.delivery AS d SET state = a.state, attempts = a.attempts,"
        " next_at = CASE WHEN a.state IN ('queued', 'waiting', 'failed') THEN a.next_at END,"
        " ended_at = CASE WHEN a.state IN ('sent', 'dead', 'dropped') THEN %s::timestamptz END,"
        " problem = nullif(a.problem, ''), receipt = nullif(a.receipt, '')"
        " FROM unnest(%s, %s, %s, %s, %s, %s) AS a (number, state, attempts, next_at, problem, receipt)"
        " WHERE d.tenant_id = %s AND d.number = a.number AND d.state NOT IN ('sent', 'dead', 'dropped')",
        (
            now,
            packing.int8s(numbers),
            packing.texts([one.state for one in found]),
            packing.int2s([one.attempts for one in found]),
            packing.times([one.next_at or now for one in found]),
            packing.texts([one.problem or "" for one in found]),
            packing.texts([one.receipt or "" for one in found]),
            Int4(tenant_id),
        ),
    )


async def drop_of_shows(
    conn: Connection, *, tenant_id: int, shows: Sequence[str], kinds: Sequence[str], now: datetime
) -> None:
    """Drop what was not sent yet of these kinds about shows, whoever was to get it."""
    await conn.execute(
        "UPDATE notifications.delivery AS d SET state = 'dropped', next_at = NULL, ended_at = %s,"
        " problem = %s"
        " FROM notifications.message m WHERE m.tenant_id = %s AND m.show = ANY(%s) AND m.kind = ANY(%s)"
        " AND d.tenant_id = m.tenant_id AND d.message = m.number AND d.next_at IS NOT NULL",
        (now, _OF_NO_USE, Int4(tenant_id), packing.texts(shows), packing.texts(kinds)),
    )


async def drop_of_leavers(
    conn: Connection, *, tenant_id: int, left: Sequence[tuple[str, str]], now: datetime
) -> None:
    """Drop reminders not sent yet of (viewer, show) who have no ticket of the show any more."""
    await conn.execute(
        "UPDATE notifications.delivery AS d SET state = 'dropped', next_at = NULL, ended_at = %s,"
        " problem = %s"
        " FROM unnest(%s, %s) AS l (viewer, show) JOIN notifications.message m ON m.viewer = l.viewer"
        " AND m.show = l.show WHERE m.tenant_id = %s AND m.kind = ANY(%s) AND d.tenant_id = m.tenant_id"
        " AND d.message = m.number AND d.next_at IS NOT NULL AND NOT EXISTS (SELECT FROM"
        " notifications.holding h WHERE h.tenant_id = m.tenant_id AND h.show = m.show"
        " AND h.viewer = m.viewer AND h.tickets > 0)",
        (
            now,
            _OF_NO_USE,
            packing.texts([viewer for viewer, _ in left]),
            packing.texts([show for _, show in left]),
            Int4(tenant_id),
            packing.texts((*SOON, MOVED)),
        ),
    )


async def drop_of_orders(conn: Connection, *, tenant_id: int, orders: Sequence[str], now: datetime) -> None:
    """Drop reminders not sent yet of balances that are not due any more."""
    await conn.execute(
        "UPDATE notifications.delivery AS d SET state = 'dropped', next_at = NULL, ended_at = %s,"
        " problem = %s"
        " FROM notifications.message m WHERE m.tenant_id = %s AND m.thing = ANY(%s) AND m.kind = ANY(%s)"
        " AND d.tenant_id = m.tenant_id AND d.message = m.number AND d.next_at IS NOT NULL",
        (now, _OF_NO_USE, Int4(tenant_id), packing.texts(orders), packing.texts(BALANCE)),
    )


async def drop_of_viewers(conn: Connection, *, tenant_id: int, viewers: Sequence[str], now: datetime) -> None:
    """Drop whatever was not sent yet to viewers who were erased, and to webhooks about them."""
    await conn.execute(
        "UPDATE notifications.delivery SET state = 'dropped', next_at = NULL, ended_at = %s,"
        " problem = 'erased' WHERE tenant_id = %s AND viewer = ANY(%s) AND next_at IS NOT NULL",
        (now, Int4(tenant_id), packing.texts(viewers)),
    )


async def lock_delivery(conn: Connection, *, tenant_id: int, number: int) -> Delivery | None:
    """Return a delivery and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.delivery WHERE tenant_id = %s AND number = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _delivery(*row) if row else None


async def revive_delivery(conn: Connection, *, tenant_id: int, number: int, now: datetime) -> None:
    """Have a locked delivery tried again at once, with all its attempts before it."""
    await conn.execute(
        "UPDATE notifications.delivery SET state = 'queued', attempts = 0, next_at = %s, ended_at = NULL"
        " WHERE tenant_id = %s AND number = %s",
        (now, Int4(tenant_id), Int8(number)),
    )


async def select_delivery(conn: Connection, *, tenant_id: int, number: int) -> Delivery | None:
    """Return a delivery, None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.delivery WHERE tenant_id = %s AND number = %s",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _delivery(*row) if row else None


async def select_deliveries(
    conn: Connection,
    *,
    tenant_id: int,
    state: State | None,
    channel: Channel | None,
    viewer: str | None,
    before: int,
    limit: int,
) -> list[Delivery]:
    """Return deliveries, newest first, before a number; as far as given of a state, a channel, a viewer."""
    given = [
        (column, value)
        for column, value in (("state", state), ("channel", channel), ("viewer", viewer))
        if value is not None
    ]
    filtered = "".join(f" AND {column} = %s" for column, _ in given)
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.delivery WHERE tenant_id = %s AND number < %s{filtered}"
        " ORDER BY number DESC LIMIT %s",
        (Int4(tenant_id), Int8(before), *(value for _, value in given), limit),
    )
    return [_delivery(*row) for row in await cursor.fetchall()]


def _delivery(*row: Any) -> Delivery:  # noqa: ANN401 - the columns of _ROW
    (
        number,
        channel,
        endpoint,
        message,
        fact,
        kind,
        viewer,
        state,
        attempts,
        next_at,
        problem,
        receipt,
        created_at,
        ended_at,
    ) = row
    return Delivery(
        number=number,
        channel=channel,
        endpoint=endpoint,
        message=message,
        fact=fact,
        kind=kind,
        viewer=viewer,
        state=state,
        attempts=attempts,
        next_at=next_at,
        problem=problem,
        receipt=receipt,
        created_at=created_at,
        ended_at=ended_at,
    )
