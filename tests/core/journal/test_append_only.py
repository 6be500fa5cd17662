"""History is only ever added to: by rights for the running role, by triggers for the owner, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg
import pytest

from plaudit.core.journal import store
from plaudit.core.journal.partitions import SPAN, Keeper, ensure_partitions
from plaudit.platform.db import Database, connect
from tests.core.journal.support import column, record, said
from tests.kit.servers import DatabaseUrls

_STATEMENTS: Final = (
    "UPDATE {} SET tenant_id = tenant_id",
    "DELETE FROM {}",
    "TRUNCATE {}",
)
_REFUSED: Final = psycopg.errors.IntegrityConstraintViolation
_FORBIDDEN: Final = psycopg.errors.InsufficientPrivilege


async def _filled(db: Database, database: DatabaseUrls) -> list[str]:
    """Return all partitions, three a table and each with rows; there is no ledger, so entries are planted."""
    await record(db, [said(1)])
    async with db.connection() as conn:
        await store.add_partition(conn, number=1)
        await store.add_partition(conn, number=2)
    with connect(database.superuser_url, role=None) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for number in range(3):
            position = number * SPAN + 5
            superuser.execute(
                "INSERT INTO journal.fact SELECT tenant_id, %s, kind, version, subject, actor, at,"
                " recorded_at, data, moves, hash FROM journal.fact WHERE position = 1",
                (position,),
            )
            superuser.execute(
                "INSERT INTO ledger.entry (tenant_id, account_id, position, amount, balance, asset, at)"
                " SELECT 7, n, %s, n, n, 'coin', '2026-05-01' FROM unnest('{-1, 1}'::int[]) n",
                (position,),
            )
        found = superuser.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent IN ('journal.fact'::regclass, 'ledger.entry'::regclass) ORDER BY 1"
        ).fetchall()
    return [name for (name,) in found]


def _refusals(url: str, role: str | None, tables: Sequence[str], expected: type[psycopg.Error]) -> None:
    with connect(url, role=role) as conn:
        for table in tables:
            for statement in _STATEMENTS:
                with pytest.raises(expected):
                    conn.execute(statement.format(table).encode())


async def test_nobody_changes_or_removes_a_row_of_any_partition(db: Database, database: DatabaseUrls) -> None:
    partitions = await _filled(db, database)
    assert partitions == [f"{table}_{n}" for table in ("journal.fact", "ledger.entry") for n in range(3)]
    tables = ["journal.fact", "ledger.entry", *partitions]
    before = await column(db, "SELECT count(*) FROM journal.fact UNION ALL SELECT count(*) FROM ledger.entry")
    _refusals(database.url, "plaudit_runtime", tables, _FORBIDDEN)
    _refusals(database.url, None, tables, _FORBIDDEN)
    _refusals(database.owner_url, None, tables, _REFUSED)
    _refusals(database.superuser_url, None, tables, _REFUSED)
    after = await column(db, "SELECT count(*) FROM journal.fact UNION ALL SELECT count(*) FROM ledger.entry")
    assert after == before == [4, 6]


async def test_the_running_role_reaches_no_partition_beside_its_parent(
    db: Database, database: DatabaseUrls
) -> None:
    partitions = await _filled(db, database)
    async with db.connection() as conn:
        for partition in partitions:
            for statement in ("INSERT INTO {0} SELECT * FROM {0}", "SELECT * FROM {0}", "DROP TABLE {0}"):
                with pytest.raises(_FORBIDDEN):
                    await conn.execute(statement.format(partition).encode())


async def test_the_running_role_cannot_switch_the_guards_off(db: Database) -> None:
    async with db.connection() as conn:
        for statement in (
            "SET session_replication_role = replica",
            "ALTER TABLE journal.fact DISABLE TRIGGER ALL",
            "ALTER TABLE journal.fact DETACH PARTITION journal.fact_0",
            "DROP FUNCTION journal.refuse_change()",
            "SET ROLE plaudit_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute(statement.encode())


async def test_a_partition_is_only_ever_made_for_facts_and_entries(db: Database) -> None:
    async with db.connection() as conn:
        for _ in range(2):
            await store.add_partition(conn, number=1)
        with pytest.raises(psycopg.errors.RaiseException, match="not an append-only table"):
            await conn.execute("SELECT journal.add_partition('journal.key', 1)")


async def test_room_is_made_ahead_of_the_head(db: Database, database: DatabaseUrls) -> None:
    async def partitions() -> list[object]:
        return await column(
            db,
            "SELECT substring(inhrelid::regclass::text FROM '[0-9]+$')::int FROM pg_inherits"
            " WHERE inhparent = 'journal.fact'::regclass ORDER BY 1",
        )

    await record(db, [said(1)])
    keeper = Keeper()
    async with db.connection() as conn:
        await keeper.look(conn)
        assert await partitions() == [0, 1]
        for head, expected in (
            (SPAN // 2, [0, 1]),
            (SPAN + SPAN // 2, [0, 1]),
            (SPAN + SPAN // 2 + 1, [0, 1, 2]),
            (2 * SPAN + 5, [0, 1, 2]),
        ):
            with connect(database.superuser_url, role=None) as superuser:
                superuser.execute("UPDATE journal.head SET position = %s", (head,))
            await keeper.look(conn)
            assert await partitions() == expected
        await ensure_partitions(conn, 3 * SPAN)
        assert await partitions() == [0, 1, 2, 3, 4]
    with connect(database.superuser_url, role=None) as superuser:
        superuser.execute("UPDATE journal.head SET position = %s", (2 * SPAN - 2,))
    assert await record(db, [said(2), said(3)]) == 2 * SPAN
    assert await column(db, "SELECT tableoid::regclass::text FROM journal.fact ORDER BY position") == [
        "journal.fact_0",
        "journal.fact_1",
        "journal.fact_2",
    ]


async def test_two_who_make_room_at_once_do_not_collide(db: Database) -> None:
    async with db.transaction() as one:
        await ensure_partitions(one, 0)
        async with db.connection() as two:
            await two.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await ensure_partitions(two, 0)
            await two.execute("RESET lock_timeout")
    async with db.connection() as two:
        await ensure_partitions(two, 0)
