"""The SQL of the journal's audits. Everything is read in pages by primary key."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

PAGE: Final = 50_000
"""Rows looked at by one statement."""

_FIRST_PRIVATE: Final = (-(2**31), 0, "")
_LAST_PRIVATE: Final = (2**31 - 1, 2**63 - 1, "")


class Tenant(NamedTuple):
    """A tenant with facts or a head: ``head`` is None without one, ``last`` is its newest fact's position."""

    tenant_id: int
    head: int | None
    last: int


async def select_tenants(conn: Connection) -> list[Tenant]:
    """Return every tenant that has facts or a head, skipping from one to the next in the key of facts."""
    cursor = await conn.execute(
        "WITH RECURSIVE t (id) AS ("
        " SELECT min(tenant_id) FROM journal.fact UNION ALL"
        " SELECT (SELECT min(f.tenant_id) FROM journal.fact f WHERE f.tenant_id > t.id) FROM t"
        " WHERE t.id IS NOT NULL)"
        " SELECT coalesce(t.id, h.tenant_id), h.position, coalesce((SELECT f.position FROM journal.fact f"
        "  WHERE f.tenant_id = coalesce(t.id, h.tenant_id) ORDER BY f.position DESC LIMIT 1), 0)"
        " FROM (SELECT id FROM t WHERE id IS NOT NULL) t FULL JOIN journal.head h ON h.tenant_id = t.id"
        " ORDER BY 1"
    )
    return [Tenant(*row) for row in await cursor.fetchall()]


async def count_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> int:
    """Return how many facts there are with ``after < position <= upto``."""
    cursor = await conn.execute(
        "SELECT count(*) FROM journal.fact WHERE tenant_id = %s AND position > %s AND position <= %s",
        (Int4(tenant_id), Int8(after), Int8(upto)),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def select_holes(
    conn: Connection, *, tenant_id: int, after: int, upto: int, limit: int
) -> list[tuple[int, int]]:
    """Return the positions missing in ``after < position <= upto``, as (first, last) of each hole."""
    cursor = await conn.execute(
        "SELECT hole_from, hole_upto FROM ("
        " SELECT lag(position, 1, %s) OVER w + 1 AS hole_from, position - 1 AS hole_upto FROM ("
        "  SELECT position FROM journal.fact WHERE tenant_id = %s AND position > %s AND position <= %s"
        "  UNION ALL SELECT %s) p WINDOW w AS (ORDER BY position)) q"
        " WHERE hole_from <= hole_upto ORDER BY hole_from LIMIT %s",
        (Int8(after), Int4(tenant_id), Int8(after), Int8(upto), Int8(upto + 1), limit),
    )
    return [(int(first), int(last)) for first, last in await cursor.fetchall()]


async def select_earlier(
    conn: Connection, *, tenant_id: int, after: int, upto: int, limit: int
) -> list[tuple[int, datetime, datetime]]:
    """Return facts recorded before the one ahead of them: (position, recorded_at, that of the one ahead).

    The fact at ``after`` is ahead of the first one.
    """
    cursor = await conn.execute(
        "SELECT position, recorded_at, before FROM ("
        " SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS before FROM journal.fact"
        " WHERE tenant_id = %s AND position >= %s AND position <= %s) f"
        " WHERE recorded_at < before ORDER BY position LIMIT %s",
        (Int4(tenant_id), Int8(after), Int8(upto), limit),
    )
    return [(int(position), at, before) for position, at, before in await cursor.fetchall()]


async def stream_lost_keys(conn: Connection, *, tenant_id: int) -> AsyncIterator[tuple[UUID, int]]:
    """Yield the keys that point at no fact, as (digest, position)."""
    after: UUID | None = None
    while True:
        last = await _last_key(conn, tenant_id=tenant_id, after=after)
        if last is None:
            return
        cursor = await conn.execute(
            "SELECT k.digest, k.position FROM journal.key k"
            " LEFT JOIN journal.fact f ON f.tenant_id = k.tenant_id AND f.position = k.position"
            " WHERE k.tenant_id = %s AND (%s::uuid IS NULL OR k.digest > %s) AND k.digest <= %s"
            " AND f.position IS NULL ORDER BY k.digest LIMIT 100",
            (Int4(tenant_id), after, after, last),
        )
        for digest, position in await cursor.fetchall():
            yield digest, position
        after = last


async def _last_key(conn: Connection, *, tenant_id: int, after: UUID | None) -> UUID | None:
    cursor = await conn.execute(
        "SELECT digest FROM (SELECT digest FROM journal.key"
        " WHERE tenant_id = %s AND (%s::uuid IS NULL OR digest > %s) ORDER BY digest LIMIT %s) page"
        " ORDER BY digest DESC LIMIT 1",
        (Int4(tenant_id), after, after, PAGE),
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def select_cursors_beyond(conn: Connection, *, limit: int) -> list[tuple[int, str, int, int]]:
    """Return the cursors beyond their tenant's head: (tenant, subscription, position, head)."""
    cursor = await conn.execute(
        "SELECT s.tenant_id, s.name, s.position, coalesce(h.position, 0) FROM journal.subscription s"
        " LEFT JOIN journal.head h ON h.tenant_id = s.tenant_id"
        " WHERE s.position > coalesce(h.position, 0) OR s.position < 0"
        " ORDER BY s.tenant_id, s.name LIMIT %s",
        (limit,),
    )
    return [tuple(row) for row in await cursor.fetchall()]


async def stream_false_private(
    conn: Connection, *, limit: int
) -> AsyncIterator[tuple[int, int, str, str | None]]:
    """Yield private parts that are not those of their fact: (tenant, position, name, hash in the fact).

    A fact that there is not, or that holds no hash of that name, gives None.
    """
    after: tuple[int, int, str] = _FIRST_PRIVATE
    while True:
        cursor = await conn.execute(
            "SELECT tenant_id, position, name FROM journal.private"
            " WHERE (tenant_id, position, name) > (%s, %s, %s) ORDER BY tenant_id, position, name"
            " OFFSET %s LIMIT 1",
            (*after, PAGE - 1),
        )
        row = await cursor.fetchone()
        upto = (int(row[0]), int(row[1]), str(row[2])) if row else None
        cursor = await conn.execute(
            "SELECT p.tenant_id, p.position, p.name, f.data ->> (p.name || '_hash') FROM journal.private p"
            " LEFT JOIN journal.fact f ON f.tenant_id = p.tenant_id AND f.position = p.position"
            " WHERE (p.tenant_id, p.position, p.name) > (%s, %s, %s)"
            " AND (p.tenant_id, p.position, p.name) <= (%s, %s, %s)"
            " AND f.data ->> (p.name || '_hash')"
            "  IS DISTINCT FROM encode(sha256(p.salt || convert_to(p.body, 'UTF8')), 'hex')"
            " ORDER BY 1, 2, 3 LIMIT %s",
            (*after, *(upto or _LAST_PRIVATE), limit),
        )
        for tenant_id, position, name, digest in await cursor.fetchall():
            yield tenant_id, position, name, digest
        if upto is None:
            return
        after = upto
