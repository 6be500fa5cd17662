"""The SQL of subscriptions: cursors, dead letters, lag, and the tables of projections."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from psycopg import sql

from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

# This is asked each second: what has piled up must not be counted for it.
_COUNTED_MAX: Final = 1_000


class Behind(NamedTuple):
    """A subscription that has facts of a tenant to read. ``position`` is None before its first batch."""

    tenant_id: int
    name: str
    position: int | None
    head: int


class Lag(NamedTuple):
    """How far a subscription has got with a tenant.

    ``waiting_since`` is when the oldest fact that it has not read was recorded, None when it has read all;
    ``problem`` says why a stopped one stopped; ``dead_letters`` are counted up to a thousand.
    """

    tenant_id: int
    name: str
    position: int
    head: int
    state: str
    problem: str | None
    waiting_since: datetime | None
    dead_letters: int


class DeadLetter(NamedTuple):
    """A fact that a reaction could not apply, and why."""

    tenant_id: int
    subscription: str
    position: int
    problem: str
    recorded_at: datetime


class Fingerprint(NamedTuple):
    """A table's rows of one tenant: how many, and two sums over their hashes, whatever their order."""

    rows: int
    first: int
    second: int


async def select_behind(
    conn: Connection, *, names: Sequence[str], tenant_id: int | None = None
) -> list[Behind]:
    """Return which of the named subscriptions run and have facts to read, of all tenants or of one."""
    cursor = await conn.execute(
        "SELECT h.tenant_id, n.name, s.position, h.position"
        " FROM journal.head h CROSS JOIN unnest(%s) AS n (name)"
        " LEFT JOIN journal.subscription s ON s.tenant_id = h.tenant_id AND s.name = n.name"
        " WHERE h.position > coalesce(s.position, 0) AND coalesce(s.state, 'running') = 'running'"
        " AND (%s::integer IS NULL OR h.tenant_id = %s) ORDER BY h.tenant_id",
        (packing.texts(names), tenant_id, tenant_id),
        binary=True,
    )
    return [Behind(*row) for row in await cursor.fetchall()]


async def create_cursors(conn: Connection, *, tenant_ids: Sequence[int], names: Sequence[str]) -> None:
    """Give subscriptions a cursor before the first fact; ``tenant_ids`` and ``names`` run in parallel."""
    await conn.execute(
        "INSERT INTO journal.subscription (tenant_id, name)"
        " SELECT v.tenant_id, v.name FROM unnest(%s::integer[], %s) AS v (tenant_id, name)"
        " ORDER BY v.tenant_id, v.name ON CONFLICT DO NOTHING",
        (list(tenant_ids), packing.texts(names)),
    )


async def move_on(
    conn: Connection, *, idle: Sequence[tuple[Behind, tuple[str, ...]]]
) -> set[tuple[int, str]]:
    """Move cursors past spans without a fact of the kinds given with each; return (tenant_id, name) of them.

    A cursor that somebody else has, or has moved, is left as it is. The commit does not wait for the disk:
    after a crash they are moved again.
    """
    cursor = await conn.execute(
        "WITH asked AS (SELECT * FROM unnest(%s::integer[], %s, %s, %s, %s)"
        " AS v (tenant_id, name, after, upto, kinds)),"
        # Most stand at the same position: each span is read once, not once for each of them.
        " spans AS (SELECT d.tenant_id, d.after, d.upto, ARRAY(SELECT DISTINCT f.kind FROM journal.fact f"
        " WHERE f.tenant_id = d.tenant_id AND f.position > d.after AND f.position <= d.upto) AS kinds"
        " FROM (SELECT DISTINCT tenant_id, after, upto FROM asked) d),"
        " mine AS (SELECT s.tenant_id, s.name, v.upto FROM asked v"
        " JOIN spans USING (tenant_id, after, upto)"
        " JOIN journal.subscription s ON s.tenant_id = v.tenant_id AND s.name = v.name"
        " WHERE s.position = v.after AND s.state = 'running'"
        " AND NOT spans.kinds && string_to_array(v.kinds, ',') FOR NO KEY UPDATE OF s SKIP LOCKED)"
        " UPDATE journal.subscription s SET position = mine.upto FROM mine"
        " WHERE s.tenant_id = mine.tenant_id AND s.name = mine.name"
        " RETURNING s.tenant_id, s.name, set_config('synchronous_commit', 'off', true)",
        (
            [one.tenant_id for one, _ in idle],
            packing.texts([one.name for one, _ in idle]),
            packing.int8s([one.position or 0 for one, _ in idle]),
            packing.int8s([one.head for one, _ in idle]),
            packing.texts([",".join(kinds) for _, kinds in idle]),
        ),
    )
    return {(row[0], row[1]) for row in await cursor.fetchall()}


async def claim(
    conn: Connection, *, tenant_id: int, name: str, limit: int, durable: bool
) -> tuple[int, int] | None:
    """Move a running cursor by up to ``limit`` positions and keep it locked; return (after, upto).

    None when there is nothing to read or somebody else has the cursor. With ``durable`` false the commit
    does not wait for the disk: after a crash the cursor and all that went with it stand a few batches
    earlier, together.
    """
    cursor = await conn.execute(
        "WITH mine AS (SELECT s.tenant_id, s.name, s.position AS after,"
        " least(h.position, s.position + %s) AS upto"
        " FROM journal.subscription s JOIN journal.head h ON h.tenant_id = s.tenant_id"
        " WHERE s.tenant_id = %s AND s.name = %s AND s.state = 'running' AND h.position > s.position"
        " FOR NO KEY UPDATE OF s SKIP LOCKED)"
        " UPDATE journal.subscription s SET position = mine.upto FROM mine"
        " WHERE s.tenant_id = mine.tenant_id AND s.name = mine.name"
        " RETURNING mine.after, mine.upto, set_config('synchronous_commit', %s, true)",
        (Int8(limit), Int4(tenant_id), name, "on" if durable else "off"),
        binary=True,
    )
    row = await cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else None


async def lock_cursor(conn: Connection, *, tenant_id: int, name: str) -> tuple[int, str]:
    """Wait for a cursor, lock it and return (position, state); it is created when it is missing."""
    await create_cursors(conn, tenant_ids=[tenant_id], names=[name])
    cursor = await conn.execute(
        "SELECT position, state FROM journal.subscription"
        " WHERE tenant_id = %s AND name = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), name),
    )
    row = await cursor.fetchone()
    assert row is not None, f"no cursor of {name} for tenant {tenant_id}"
    return int(row[0]), str(row[1])


async def reset_cursor(conn: Connection, *, tenant_id: int, name: str) -> None:
    """Put a cursor before the first fact and let it run."""
    await conn.execute(
        "UPDATE journal.subscription SET position = 0, state = 'running', problem = NULL"
        " WHERE tenant_id = %s AND name = %s",
        (Int4(tenant_id), name),
    )


async def stop(conn: Connection, *, tenant_id: int, name: str, position: int, problem: str) -> bool:
    """Stop a subscription that still stands at ``position``; tell whether it did."""
    cursor = await conn.execute(
        "UPDATE journal.subscription SET state = 'stopped', problem = %s"
        " WHERE tenant_id = %s AND name = %s AND position = %s AND state = 'running'",
        (problem, Int4(tenant_id), name, Int8(position)),
    )
    return cursor.rowcount == 1


async def resume(conn: Connection, *, tenant_id: int, name: str) -> bool:
    """Let a stopped subscription run again; tell whether it was stopped."""
    cursor = await conn.execute(
        "UPDATE journal.subscription SET state = 'running', problem = NULL"
        " WHERE tenant_id = %s AND name = %s AND state = 'stopped'",
        (Int4(tenant_id), name),
    )
    return cursor.rowcount == 1


async def select_lag(conn: Connection, *, names: Sequence[str], tenant_id: int | None = None) -> list[Lag]:
    """Return how far the named subscriptions have got, for all tenants or for one."""
    cursor = await conn.execute(
        "SELECT h.tenant_id, n.name, coalesce(s.position, 0), h.position,"
        " coalesce(s.state, 'running'), s.problem,"
        " (SELECT f.recorded_at FROM journal.fact f"
        "   WHERE f.tenant_id = h.tenant_id AND f.position = coalesce(s.position, 0) + 1),"
        " (SELECT count(*) FROM (SELECT 1 FROM journal.dead_letter d"
        "   WHERE d.tenant_id = h.tenant_id AND d.subscription = n.name LIMIT %s) AS counted)"
        " FROM journal.head h CROSS JOIN unnest(%s) AS n (name)"
        " LEFT JOIN journal.subscription s ON s.tenant_id = h.tenant_id AND s.name = n.name"
        " WHERE %s::integer IS NULL OR h.tenant_id = %s ORDER BY h.tenant_id, n.name",
        (_COUNTED_MAX, packing.texts(names), tenant_id, tenant_id),
    )
    return [Lag(*row) for row in await cursor.fetchall()]


async def select_position(conn: Connection, *, tenant_id: int, name: str) -> int:
    """Return how far a subscription has read, 0 before its first batch."""
    cursor = await conn.execute(
        "SELECT position FROM journal.subscription WHERE tenant_id = %s AND name = %s",
        (Int4(tenant_id), name),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def put_aside(
    conn: Connection,
    *,
    tenant_id: int,
    name: str,
    position: int,
    kinds: Sequence[str] | None,
    problem: str,
    now: datetime,
) -> bool:
    """Move a cursor that stands before ``position`` past it, and make its fact a dead letter.

    A fact of a kind that is not followed is passed without one. Tell whether there is a dead letter now;
    nothing is done when another process has moved the cursor meanwhile.
    """
    followed = None if kinds is None else list(kinds)
    cursor = await conn.execute(
        "WITH passed AS (UPDATE journal.subscription SET position = position + 1"
        " WHERE tenant_id = %s AND name = %s AND position = %s AND state = 'running'"
        " RETURNING tenant_id, name)"
        " INSERT INTO journal.dead_letter (tenant_id, subscription, position, problem, recorded_at)"
        " SELECT f.tenant_id, passed.name, f.position, %s, %s"
        " FROM passed JOIN journal.fact f ON f.tenant_id = passed.tenant_id AND f.position = %s"
        " WHERE %s::text[] IS NULL OR f.kind = ANY(%s::text[])"
        " ON CONFLICT (tenant_id, subscription, position)"
        " DO UPDATE SET problem = EXCLUDED.problem, recorded_at = EXCLUDED.recorded_at",
        (
            Int4(tenant_id),
            name,
            Int8(position - 1),
            problem,
            now,
            Int8(position),
            followed,
            followed,
        ),
    )
    return cursor.rowcount == 1


async def delete_dead_letter(conn: Connection, *, tenant_id: int, name: str, position: int) -> bool:
    """Take a dead letter back; tell whether there was one."""
    cursor = await conn.execute(
        "DELETE FROM journal.dead_letter WHERE tenant_id = %s AND subscription = %s AND position = %s",
        (Int4(tenant_id), name, Int8(position)),
    )
    return cursor.rowcount == 1


async def select_dead_letters(
    conn: Connection, *, tenant_id: int, name: str, after: int, limit: int
) -> list[DeadLetter]:
    """Return a subscription's dead letters after a position, in order."""
    cursor = await conn.execute(
        "SELECT tenant_id, subscription, position, problem, recorded_at FROM journal.dead_letter"
        " WHERE tenant_id = %s AND subscription = %s AND position > %s ORDER BY position LIMIT %s",
        (Int4(tenant_id), name, Int8(after), Int8(limit)),
    )
    return [DeadLetter(*row) for row in await cursor.fetchall()]


async def delete_rows(conn: Connection, *, tenant_id: int, table: str) -> int:
    """Delete a tenant's rows of a projection's table ("schema.table") and return how many there were."""
    cursor = await conn.execute(
        sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(_table(table)), (Int4(tenant_id),)
    )
    return cursor.rowcount


async def select_fingerprint(conn: Connection, *, tenant_id: int, table: str) -> Fingerprint:
    """Return the fingerprint of a tenant's rows of a table; equal rows have equal ones, in whatever order."""
    cursor = await conn.execute(
        sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0),"
            " coalesce(sum(hashtextextended(t::text, 1)), 0) FROM {} AS t WHERE t.tenant_id = %s"
        ).format(_table(table)),
        (Int4(tenant_id),),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Fingerprint(int(row[0]), int(row[1]), int(row[2]))


async def stream_rows(conn: Connection, *, tenant_id: int, table: str) -> AsyncGenerator[str, None]:
    """Yield a tenant's rows of a table as JSON texts, ordered by code point. Needs a transaction."""
    async with conn.cursor(name="rows") as cursor:
        await cursor.execute(
            sql.SQL(
                "SELECT row_to_json(t)::text AS row FROM {} AS t WHERE t.tenant_id = %s"
                ' ORDER BY row_to_json(t)::text COLLATE "C"'
            ).format(_table(table)),
            (Int4(tenant_id),),
        )
        async for (row,) in cursor:
            yield row


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))
