"""Messages: inserted once for each occasion, read as an inbox, followed by their changes."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.features.notifications.model.messages import Draft, Message
from plaudit.features.notifications.model.templates import Rendered
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ROW: Final = (
    "number, changed, viewer, kind, thing, occasion, language, title, body, link, shown, created_at,"
    " expires_at, read_at"
)


async def draw_changes(conn: Connection, *, tenant_id: int, count: int) -> int:
    """Return the first of so many new numbers of changes. The tenant's others wait until the commit."""
    cursor = await conn.execute(
        "INSERT INTO notifications.tally AS t (tenant_id, last) VALUES (%s, %s)"
        " ON CONFLICT (tenant_id) DO UPDATE SET last = t.last + excluded.last RETURNING last",
        (Int4(tenant_id), Int8(count)),
    )
    row = await cursor.fetchone()
    assert row is not None, "a tally is one row"
    return int(row[0]) - count + 1


async def insert_messages(
    conn: Connection, *, tenant_id: int, first: int, drafts: Sequence[Draft], now: datetime
) -> Mapping[int, Draft]:
    """Insert drafts under numbers from `first` on, and return by number those that were not there before."""
    cursor = await conn.execute(
        "INSERT INTO notifications.message (tenant_id, number, changed, viewer, kind, thing, occasion, show,"
        " language, title, body, link, shown, created_at, expires_at)"
        " SELECT %s, %s + d.n - 1, %s + d.n - 1, d.viewer, d.kind, d.thing, d.occasion, nullif(d.show, ''),"
        " d.language, d.title, d.body, d.link, d.shown = 1, %s, nullif(d.expires_at, %s)"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) WITH ORDINALITY"
        " AS d (viewer, kind, thing, occasion, show, language, title, body, link, shown, expires_at, n)"
        " ON CONFLICT (tenant_id, viewer, kind, thing, occasion) DO NOTHING RETURNING number",
        (
            Int4(tenant_id),
            Int8(first),
            Int8(first),
            now,
            now,
            packing.texts([one.news.viewer for one in drafts]),
            packing.texts([one.news.kind for one in drafts]),
            packing.texts([one.news.thing for one in drafts]),
            packing.texts([one.news.occasion for one in drafts]),
            packing.texts([one.news.show or "" for one in drafts]),
            packing.texts([one.language for one in drafts]),
            packing.texts([one.rendered.title for one in drafts]),
            packing.texts([one.rendered.body for one in drafts]),
            packing.texts([one.rendered.link for one in drafts]),
            packing.int2s([int(one.shown) for one in drafts]),
            # A message that is useless at once is none; so the moment of now stands for "never".
            packing.times([one.news.expires_at or now for one in drafts]),
        ),
    )
    return {number: drafts[number - first] for (number,) in await cursor.fetchall()}


async def select_messages(
    conn: Connection, *, tenant_id: int, numbers: Sequence[int]
) -> Mapping[int, Message]:
    """Return messages by their numbers."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.message WHERE tenant_id = %s AND number = ANY(%s)",
        (Int4(tenant_id), packing.int8s(numbers)),
    )
    return {row[0]: _message(*row) for row in await cursor.fetchall()}


async def select_inbox(
    conn: Connection, *, tenant_id: int, viewer: str, unread: bool, before: int, limit: int
) -> list[Message]:
    """Return what is in a viewer's inbox, newest first, before a number; with `unread` what was not read."""
    filtered = " AND read_at IS NULL" if unread else ""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.message WHERE tenant_id = %s AND viewer = %s AND shown"
        f" AND number < %s{filtered} ORDER BY number DESC LIMIT %s",
        (Int4(tenant_id), viewer, Int8(before), limit),
    )
    return [_message(*row) for row in await cursor.fetchall()]


async def count_unread(conn: Connection, *, tenant_id: int, viewer: str) -> int:
    """Return how many messages in a viewer's inbox were not read."""
    cursor = await conn.execute(
        "SELECT count(*) FROM notifications.message WHERE tenant_id = %s AND viewer = %s AND shown"
        " AND read_at IS NULL",
        (Int4(tenant_id), viewer),
    )
    row = await cursor.fetchone()
    assert row is not None, "a count is one row"
    return int(row[0])


async def mark_read(
    conn: Connection, *, tenant_id: int, viewer: str, number: int, now: datetime
) -> Message | None:
    """Mark one message of a viewer read, and return it; None when there is none of this number."""
    change = await draw_changes(conn, tenant_id=tenant_id, count=1)
    await conn.execute(
        "UPDATE notifications.message SET read_at = %s, changed = %s WHERE tenant_id = %s AND number = %s"
        " AND viewer = %s AND shown AND read_at IS NULL",
        (now, Int8(change), Int4(tenant_id), Int8(number), viewer),
    )
    found = (await select_messages(conn, tenant_id=tenant_id, numbers=[number])).get(number)
    return found if found is not None and found.viewer == viewer and found.shown else None


async def mark_all_read(conn: Connection, *, tenant_id: int, viewer: str, upto: int, now: datetime) -> int:
    """Mark all messages of a viewer read up to a number, and return how many were not before."""
    change = await draw_changes(conn, tenant_id=tenant_id, count=1)
    cursor = await conn.execute(
        "UPDATE notifications.message SET read_at = %s, changed = %s WHERE tenant_id = %s AND viewer = %s"
        " AND shown AND read_at IS NULL AND number <= %s",
        (now, Int8(change), Int4(tenant_id), viewer, Int8(upto)),
    )
    return cursor.rowcount


async def select_last(conn: Connection, *, tenant_id: int) -> int:
    """Return the number of the tenant's last change, 0 before the first."""
    cursor = await conn.execute(
        "SELECT last FROM notifications.tally WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def select_changed(conn: Connection, *, tenant_id: int, after: int) -> Mapping[str, int]:
    """Return whose inboxes have changed after a change, each with the number of its last one."""
    cursor = await conn.execute(
        "SELECT viewer, max(changed) FROM notifications.message WHERE tenant_id = %s AND changed > %s"
        " GROUP BY viewer",
        (Int4(tenant_id), Int8(after)),
    )
    return dict(await cursor.fetchall())


async def select_new(
    conn: Connection, *, tenant_id: int, viewer: str, after: int, limit: int
) -> list[Message]:
    """Return what has come into a viewer's inbox after a number, in order."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.message WHERE tenant_id = %s AND viewer = %s AND shown"
        " AND number > %s ORDER BY number LIMIT %s",
        (Int4(tenant_id), viewer, Int8(after), limit),
    )
    return [_message(*row) for row in await cursor.fetchall()]


async def erase_texts(conn: Connection, *, tenant_id: int, viewers: Sequence[str]) -> None:
    """Empty what viewers were told, and take it out of their inboxes."""
    await conn.execute(
        "UPDATE notifications.message SET title = '', body = '', link = '', shown = false"
        " WHERE tenant_id = %s AND viewer = ANY(%s)",
        (Int4(tenant_id), packing.texts(viewers)),
    )


def _message(*row: Any) -> Message:  # noqa: ANN401 - the columns of _ROW
    (
        number,
        changed,
        viewer,
        kind,
        thing,
        occasion,
        language,
        title,
        body,
        link,
        shown,
        created_at,
        expires_at,
        read_at,
    ) = row
    return Message(
        number=number,
        changed=changed,
        viewer=viewer,
        kind=kind,
        thing=thing,
        occasion=occasion,
        language=language,
        rendered=Rendered(title=title, body=body, link=link),
        shown=shown,
        created_at=created_at,
        expires_at=expires_at,
        read_at=read_at,
    )
