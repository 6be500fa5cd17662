"""Places: taken and given up by many at once, in one statement each.

They are written without waiting for the disk: a place that a crash forgets is found again by its client's
next question, and nobody's money or right depends on it. What is kicked is enqueued in a transaction that
does wait.
"""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from plaudit.features.admission.model.places import STAGE, Ask, Place
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

_ROW = (
    "p.number, p.viewer, p.show, p.slot, p.server, p.client, p.protocol, p.stream, p.device, p.serial,"
    " p.since, p.seen_at, p.ends_at"
)
# Its own transaction ends with the statement, and so does this.
_QUICK: Final = "(SELECT set_config('synchronous_commit', 'off', true)) AS quick"
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for NULL in a packed column."""


async def ask_places(conn: Connection, *, tenant_id: int, viewers: Sequence[tuple[str, str]]) -> Cursor:
    """Ask for the places of viewers in shows, (viewer, show) each once; `places_in` reads the answer.

    OFFSET 0 keeps it one index probe a viewer: where statistics are young the planner would make a join of it
    that reads the whole table.
    """
    return await conn.execute(
        f"SELECT p.* FROM unnest(%s::text[], %s::text[]) AS w (viewer, show)"
        f" CROSS JOIN LATERAL (SELECT {_ROW} FROM admission.place AS p"
        " WHERE p.tenant_id = %s AND p.viewer = w.viewer AND p.show = w.show OFFSET 0) AS p",
        (
            packing.texts([viewer for viewer, _ in viewers]),
            packing.texts([show for _, show in viewers]),
            Int4(tenant_id),
        ),
    )


async def places_in(cursor: Cursor) -> dict[tuple[str, str], list[Place]]:
    """Return places by (viewer, show)."""
    found: dict[tuple[str, str], list[Place]] = {}
    for row in await cursor.fetchall():
        found.setdefault((row[1], row[2]), []).append(_place(*row))
    return found


async def take_places(
    conn: Connection, *, tenant_id: int, taken: Sequence[tuple[Ask, int]]
) -> dict[tuple[str, str, int], int]:
    """Take places that were free and return the numbers of those that were had, by (viewer, show, slot).

    What is missing was taken by somebody else meanwhile, or its client has another place already. The
    statement must be a transaction of its own: the disk is not waited for.
    """
    asks = [ask for ask, _ in taken]
    cursor = await conn.execute(
        "INSERT INTO admission.place (tenant_id, viewer, show, slot, server, client, protocol, stream,"
        " device, serial, since, seen_at, ends_at)"
        " SELECT %s, v.viewer, v.show, v.slot, v.server, v.client, v.protocol, v.stream, v.device, v.serial,"
        " v.at, v.at, nullif(v.ends_at, %s)"
        " FROM unnest(%s::text[], %s::text[], %s::smallint[], %s::bigint[], %s::text[], %s::text[],"
        " %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])"
        " AS v (viewer, show, slot, server, client, protocol, stream, device, serial, at, ends_at),"
        f" {_QUICK}"
        " ON CONFLICT DO NOTHING RETURNING viewer, show, slot, number",
        (
            Int4(tenant_id),
            _NEVER,
            packing.texts([ask.viewer for ask in asks]),
            packing.texts([ask.show for ask in asks]),
            packing.int2s([slot for _, slot in taken]),
            packing.int8s([ask.server for ask in asks]),
            packing.texts([ask.client for ask in asks]),
            packing.texts([ask.protocol for ask in asks]),
            packing.texts([ask.stream for ask in asks]),
            packing.texts([ask.device for ask in asks]),
            packing.int8s([ask.serial for ask in asks]),
            packing.times([ask.at for ask in asks]),
            packing.times([ask.ends_at or _NEVER for ask in asks]),
        ),
    )
    return {(row[0], row[1], row[2]): row[3] for row in await cursor.fetchall()}


async def replace_place(conn: Connection, *, tenant_id: int, ask: Ask, before: Place) -> int | None:
    """Give one place to another client; None when somebody else was quicker.

    It keeps its number when it stays with the same client or device, for that is who it is to some servers:
    but not from one room to another, since who is ended in one by its number may come back there by the next.
    """
    kept = (before.is_of(ask) or before.device == ask.device) and not before.is_left_by(ask)
    number = "" if kept else "number = DEFAULT, "
    cursor = await conn.execute(
        f"UPDATE admission.place SET {number}server = %s, client = %s, protocol = %s, stream = %s,"
        " device = %s, serial = %s, since = %s, seen_at = %s, ends_at = %s"
        " WHERE tenant_id = %s AND viewer = %s AND show = %s AND slot = %s AND number = %s AND serial = %s"
        " RETURNING number",
        (
            Int8(ask.server),
            ask.client,
            ask.protocol,
            ask.stream,
            ask.device,
            Int8(ask.serial),
            ask.at,
            ask.at,
            ask.ends_at,
            Int4(tenant_id),
            ask.viewer,
            ask.show,
            Int4(before.slot),
            Int8(before.number),
            Int8(before.serial),
        ),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else None


async def see_places(
    conn: Connection, *, tenant_id: int, server: int, clients: Collection[str], now: datetime
) -> None:
    """Note that clients of a server are there."""
    await conn.execute(
        f"UPDATE admission.place AS p SET seen_at = %s FROM unnest(%s::text[]) AS w (client), {_QUICK}"
        " WHERE p.tenant_id = %s AND p.server = %s AND p.client = w.client",
        (now, packing.texts(list(clients)), Int4(tenant_id), Int8(server)),
    )


async def end_clients(
    conn: Connection, *, tenant_id: int, clients: Sequence[tuple[int, str, str | None]]
) -> None:
    """Give up the places of clients that have left, (server, client, name) each.

    With a name, only while that is what their stream is called there: who has gone from one stream to another
    keeps the place, whichever is told first.
    """
    await conn.execute(
        "DELETE FROM admission.place AS p USING unnest(%s::bigint[], %s::text[], %s::text[])"
        f" AS w (server, client, name), {_QUICK}"
        " WHERE p.tenant_id = %s AND p.server = w.server AND p.client = w.client"
        " AND (w.name = '' OR EXISTS (SELECT FROM admission.server s WHERE s.tenant_id = p.tenant_id"
        " AND s.number = p.server"
        " AND replace(replace(s.stream_name, '{show}', p.show), '{stream}', p.stream) = w.name))",
        (
            packing.int8s([server for server, _, _ in clients]),
            packing.texts([client for _, client, _ in clients]),
            packing.texts([name or "" for _, _, name in clients]),
            Int4(tenant_id),
        ),
    )


async def clear_client(conn: Connection, *, tenant_id: int, ask: Ask) -> None:
    """Give up the place that the client of an ask has in another show or for another viewer.

    Also the one to publish from where it asks to watch, and the other way round.
    """
    await conn.execute(
        "DELETE FROM admission.place WHERE tenant_id = %s AND server = %s AND client = %s"
        " AND ((viewer, show) <> (%s, %s) OR (slot = %s) <> %s)",
        (Int4(tenant_id), Int8(ask.server), ask.client, ask.viewer, ask.show, Int4(STAGE), ask.publish),
    )


async def delete_places(
    conn: Connection, *, tenant_id: int, numbers: Sequence[tuple[str, str, int]]
) -> list[Place]:
    """End places, (viewer, show, number) each, and return those that were still there."""
    cursor = await conn.execute(
        "DELETE FROM admission.place AS p USING unnest(%s::text[], %s::text[], %s::bigint[])"
        " AS w (viewer, show, number) WHERE p.tenant_id = %s AND p.viewer = w.viewer AND p.show = w.show"
        f" AND p.number = w.number RETURNING {_ROW}",
        (
            packing.texts([viewer for viewer, _, _ in numbers]),
            packing.texts([show for _, show, _ in numbers]),
            packing.int8s([number for _, _, number in numbers]),
            Int4(tenant_id),
        ),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def delete_of_shows(conn: Connection, *, tenant_id: int, shows: Sequence[str]) -> list[Place]:
    """End all places of shows that are over, publishers' as well, and return them."""
    cursor = await conn.execute(
        f"DELETE FROM admission.place AS p WHERE p.tenant_id = %s AND p.show = ANY(%s) RETURNING {_ROW}",
        (Int4(tenant_id), packing.texts(shows)),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def delete_of_viewers(conn: Connection, *, tenant_id: int, viewers: Sequence[str]) -> list[Place]:
    """End all places of viewers, and return them."""
    cursor = await conn.execute(
        f"DELETE FROM admission.place AS p WHERE p.tenant_id = %s AND p.viewer = ANY(%s) RETURNING {_ROW}",
        (Int4(tenant_id), packing.texts(viewers)),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def delete_over(conn: Connection, *, tenant_id: int, now: datetime, unseen_since: datetime) -> int:
    """Delete places whose time is over, or that nobody has told of since a moment; return how many."""
    cursor = await conn.execute(
        "DELETE FROM admission.place WHERE tenant_id = %s AND (ends_at <= %s OR seen_at < %s)",
        (Int4(tenant_id), now, unseen_since),
    )
    return cursor.rowcount


async def delete_absent(
    conn: Connection, *, tenant_id: int, server: int, present: Collection[str], before: datetime
) -> int:
    """Delete places of a server whose clients are not there, and were not just let in; return how many."""
    cursor = await conn.execute(
        "DELETE FROM admission.place WHERE tenant_id = %s AND server = %s AND since < %s"
        " AND client <> ALL(%s)",
        (Int4(tenant_id), Int8(server), before, packing.texts(sorted(present))),
    )
    return cursor.rowcount


async def select_places(
    conn: Connection,
    *,
    tenant_id: int,
    show: str | None = None,
    viewer: str | None = None,
    after: tuple[str, str, int] = ("", "", -1),
    limit: int,
) -> list[Place]:
    """Return places in the order of viewer, show and slot, those after one of them."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM admission.place AS p WHERE p.tenant_id = %s"
        " AND (%s::text IS NULL OR p.show = %s) AND (%s::text IS NULL OR p.viewer = %s)"
        " AND (p.viewer, p.show, p.slot) > (%s, %s, %s) ORDER BY p.viewer, p.show, p.slot LIMIT %s",
        (Int4(tenant_id), show, show, viewer, viewer, *after[:2], Int4(after[2]), limit),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def count_places(conn: Connection, *, tenant_id: int) -> dict[int, int]:
    """Return by server how many are there."""
    cursor = await conn.execute(
        "SELECT server, count(*) FROM admission.place WHERE tenant_id = %s GROUP BY server",
        (Int4(tenant_id),),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


def _place(*row: Any) -> Place:  # noqa: ANN401 - the columns of _ROW
    number, viewer, show, slot, server, client, protocol, stream, device, serial, since, seen_at, ends_at = (
        row
    )
    return Place(
        number=number,
        viewer=viewer,
        show=show,
        slot=slot,
        server=server,
        client=client,
        protocol=protocol,
        stream=stream,
        device=device,
        serial=serial,
        since=since,
        seen_at=seen_at,
        ends_at=ends_at,
    )
