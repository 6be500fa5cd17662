"""The journal's SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.core.journal.facts import D, Heard, Recorded, Sealed, loads, said
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

CHANNEL = "plaudit_journal"

_SELECT_FACT = (
    "SELECT position, kind, version, subject, actor, at, recorded_at, data::text, moves::text, hash"
    " FROM journal.fact WHERE tenant_id = %s"
)
_SELECT_HEARD = (
    "SELECT position, kind, at, recorded_at, data::text FROM journal.fact"
    " WHERE tenant_id = %s AND kind = ANY(%s)"
)


_APPEND: Final = (
    "WITH head AS (UPDATE journal.head SET position = position + %s,"
    " recorded_at = greatest(recorded_at, %s) WHERE tenant_id = %s"
    " RETURNING tenant_id, position, recorded_at),"
    " facts AS (INSERT INTO journal.fact"
    " (tenant_id, position, kind, version, subject, actor, at, recorded_at, data, moves, hash)"
    " SELECT h.tenant_id, h.position - %s + v.n, v.kind, v.version, v.subject, v.actor, v.at,"
    " h.recorded_at, v.data, v.moves, v.hash FROM head h, unnest(%s, %s, %s, %s, %s, %s, %s, %s)"
    " WITH ORDINALITY AS v (kind, version, subject, actor, at, data, moves, hash, n)),"
    " keys AS (INSERT INTO journal.key (tenant_id, digest, content, position)"
    " SELECT h.tenant_id, v.digest, v.content, h.position - %s + v.n"
    " FROM head h, unnest(%s, %s) WITH ORDINALITY AS v (digest, content, n))"
    " SELECT position, recorded_at, pg_notify(%s, tenant_id || ' ' || position) FROM head"
)
_APPEND_PRIVATE: Final = (
    "INSERT INTO journal.private (tenant_id, position, name, owner, salt, body)"
    " SELECT h.tenant_id, h.position - %s + v.n, v.name, v.owner, v.salt, v.body"
    " FROM journal.head h, unnest(%s, %s, %s, %s, %s) AS v (n, name, owner, salt, body)"
    " WHERE h.tenant_id = %s"
)


async def open_tenant(conn: Connection, *, tenant_id: int) -> None:
    """Give a tenant its head row, at position 0."""
    await conn.execute(
        "INSERT INTO journal.head (tenant_id) VALUES (%s) ON CONFLICT DO NOTHING", (Int4(tenant_id),)
    )


async def append(
    conn: Connection,
    *,
    tenant_id: int,
    sealed: Sequence[Sealed],
    keys: Sequence[tuple[bytes, bytes]],
    now: datetime,
) -> Cursor:
    """Take the next positions, insert facts there in their order, and tell listeners at commit.

    ``keys`` binds each fact's idempotency key, given as (digest, content digest) in the order of the facts.
    One statement, for a batch is small and each statement costs both sides something. It keeps the head
    locked. The row, fetched later: (last position, recorded_at, nothing). ``recorded_at`` never goes back,
    whatever the clocks of several machines say; what is told is the newest position and nothing else.
    """
    count = Int8(len(sealed))
    head = await conn.execute(
        _APPEND,
        (
            count,
            now,
            Int4(tenant_id),
            count,
            packing.texts([s.fact.data.KIND for s in sealed]),
            packing.int2s([s.fact.data.VERSION for s in sealed]),
            packing.texts([s.fact.subject for s in sealed]),
            packing.texts([s.actor for s in sealed]),
            packing.times([s.at for s in sealed]),
            packing.jsonbs([s.data for s in sealed]),
            packing.jsonbs([s.moves for s in sealed]),
            packing.byteas([s.hash for s in sealed]),
            count,
            packing.uuids([digest for digest, _ in keys]),
            packing.uuids([content for _, content in keys]),
            CHANNEL,
        ),
        binary=True,
    )
    parts = [(n, part) for n, s in enumerate(sealed, 1) for part in s.fact.private]
    if parts:
        await conn.execute(
            _APPEND_PRIVATE,
            (
                count,
                packing.int8s([n for n, _ in parts]),
                packing.texts([part.name for _, part in parts]),
                packing.texts([part.owner for _, part in parts]),
                packing.byteas([part.salt for _, part in parts]),
                packing.texts([part.body for _, part in parts]),
                Int4(tenant_id),
            ),
        )
    return head


async def select_keys(conn: Connection, *, tenant_id: int, digests: Sequence[bytes]) -> Cursor:
    """Ask which keys are bound. Rows: (digest as bytes, content as bytes, position)."""
    return await conn.execute(
        "SELECT uuid_send(digest), uuid_send(content), position FROM journal.key"
        " WHERE tenant_id = %s AND digest = ANY(%s)",
        (Int4(tenant_id), packing.uuids(digests)),
        binary=True,
    )


async def select_head(conn: Connection, *, tenant_id: int) -> int:
    """Return the newest position of a tenant, 0 when nothing was recorded."""
    cursor = await conn.execute(
        "SELECT position FROM journal.head WHERE tenant_id = %s", (Int4(tenant_id),), binary=True
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def select_heads(conn: Connection) -> list[tuple[int, int]]:
    """Return (tenant_id, newest position) of every tenant."""
    cursor = await conn.execute(
        "SELECT tenant_id, position FROM journal.head ORDER BY tenant_id", binary=True
    )
    return [(int(tenant_id), int(position)) for tenant_id, position in await cursor.fetchall()]


async def select_facts(
    conn: Connection,
    *,
    tenant_id: int,
    after: int,
    upto: int,
    limit: int,
    kinds: Sequence[str] | None = None,
) -> list[Recorded]:
    """Return facts with ``after < position <= upto`` in order, of the given kinds or of all."""
    filtered = "" if kinds is None else " AND kind = ANY(%s)"
    parameters: list[Any] = [Int4(tenant_id), Int8(after), Int8(upto)]
    if kinds is not None:
        parameters.append(list(kinds))
    cursor = await conn.execute(
        _SELECT_FACT + " AND position > %s AND position <= %s" + filtered + " ORDER BY position LIMIT %s",
        (*parameters, Int8(limit)),
        binary=True,
    )
    return [_recorded(tenant_id, row) for row in await cursor.fetchall()]


async def select_heard(
    conn: Connection,
    *,
    tenant_id: int,
    after: int,
    upto: int,
    types: Mapping[str, type[D]],
    saying: tuple[str, str] | None = None,
) -> list[Heard[D]]:
    """Return facts with ``after < position <= upto`` in order, of the kinds of ``types`` and as those.

    With ``saying`` (field, text) only those whose data have this text in this field.
    """
    filtered = "" if saying is None else " AND data ->> %s = %s"
    cursor = await conn.execute(
        _SELECT_HEARD + " AND position > %s AND position <= %s" + filtered + " ORDER BY position",
        (Int4(tenant_id), packing.texts(list(types)), Int8(after), Int8(upto), *(saying or ())),
        binary=True,
    )
    return [_heard(types, row) for row in await cursor.fetchall()]


async def select_heard_at(
    conn: Connection, *, tenant_id: int, positions: Sequence[int], types: Mapping[str, type[D]]
) -> list[Heard[D]]:
    """Return the facts at the given positions, in order; those of other kinds are left out."""
    cursor = await conn.execute(
        _SELECT_HEARD + " AND position = ANY(%s) ORDER BY position",
        (Int4(tenant_id), packing.texts(list(types)), packing.int8s(positions)),
        binary=True,
    )
    return [_heard(types, row) for row in await cursor.fetchall()]


async def select_at(conn: Connection, *, tenant_id: int, positions: Sequence[int]) -> list[Recorded]:
    """Return the facts at the given positions, in order; missing ones are left out."""
    cursor = await conn.execute(
        _SELECT_FACT + " AND position = ANY(%s) ORDER BY position",
        (Int4(tenant_id), packing.int8s(positions)),
        binary=True,
    )
    return [_recorded(tenant_id, row) for row in await cursor.fetchall()]


async def select_recorded_at(conn: Connection, *, tenant_id: int, position: int) -> datetime:
    """Return when the fact at a position was recorded. That there is none is a broken invariant."""
    cursor = await conn.execute(
        "SELECT recorded_at FROM journal.fact WHERE tenant_id = %s AND position = %s",
        (Int4(tenant_id), Int8(position)),
        binary=True,
    )
    row = await cursor.fetchone()
    assert row is not None, f"hole in the journal of tenant {tenant_id} at {position}"
    recorded_at: datetime = row[0]
    return recorded_at


async def add_partition(conn: Connection, *, number: int) -> None:
    """Make sure that partition ``number`` of facts and entries exists."""
    await conn.execute(
        "SELECT journal.add_partition('journal.fact', %s), journal.add_partition('ledger.entry', %s)",
        (Int8(number), Int8(number)),
    )


async def select_highest(conn: Connection) -> int:
    """Return the newest position of the tenant that has got furthest, 0 when nothing was recorded."""
    cursor = await conn.execute("SELECT coalesce(max(position), 0) FROM journal.head", binary=True)
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def select_private(
    conn: Connection, *, tenant_id: int, positions: Sequence[int]
) -> list[tuple[int, str, str, bytes, str]]:
    """Return what is left of the private parts of facts: (position, name, owner, salt, body), in order."""
    cursor = await conn.execute(
        "SELECT position, name, owner, salt, body FROM journal.private"
        " WHERE tenant_id = %s AND position = ANY(%s) ORDER BY position, name",
        (Int4(tenant_id), packing.int8s(positions)),
        binary=True,
    )
    return [tuple(row) for row in await cursor.fetchall()]


async def delete_private(conn: Connection, *, tenant_id: int, owner: str) -> int:
    """Delete every private part of an owner and return how many there were."""
    cursor = await conn.execute(
        "DELETE FROM journal.private WHERE tenant_id = %s AND owner = %s", (Int4(tenant_id), owner)
    )
    return cursor.rowcount


def _heard(types: Mapping[str, type[D]], row: tuple[Any, ...]) -> Heard[D]:
    position, kind, at, recorded_at, data = row
    return Heard(position, at, recorded_at, said(data, types[kind]))


def _recorded(tenant_id: int, row: tuple[Any, ...]) -> Recorded:
    position, kind, version, subject, actor, at, recorded_at, data, moves, content = row
    return Recorded(
        tenant_id,
        position,
        kind,
        version,
        subject,
        actor,
        at,
        recorded_at,
        loads(data),
        loads(moves),
        content,
    )
