"""The pool, transactions, retries and notifications on a real server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import psycopg
import pytest

from plaudit.platform.db import Connection, Database, connect, plan_by_index
from plaudit.platform.failures import Final, Retryable, Unknown, classify
from tests.kit.servers import DatabaseUrls


async def _one(connection: Connection, query: str) -> object:
    row = await (await connection.execute(query.encode())).fetchone()
    assert row is not None
    return row[0]


def _cut_others(database: DatabaseUrls) -> int:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        cut = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        ).fetchone()
    assert cut is not None
    return int(cut[0])


async def test_runs_with_the_rights_of_the_runtime_role_in_utc(db: Database) -> None:
    async with db.connection() as connection:
        assert await _one(connection, "SELECT current_user::text") == "plaudit_runtime"
        assert await _one(connection, "SELECT '2026-01-02 03:04Z'::timestamptz") == datetime(
            2026, 1, 2, 3, 4, tzinfo=UTC
        )
        assert await _one(connection, """SELECT '{"a": [1]}'::jsonb""") == {"a": [1]}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("CREATE TABLE public.mine (id int)")


async def test_a_failed_block_leaves_nothing(db: Database, database: DatabaseUrls) -> None:
    with connect(database.owner_url, role=None) as owner:
        owner.execute("CREATE TABLE public.thing (id int)")
        owner.execute("GRANT SELECT, INSERT ON public.thing TO plaudit_runtime")

    async def insert_and_fail() -> None:
        async with db.transaction() as tx:
            await tx.execute("INSERT INTO public.thing VALUES (1)")
            message = "no"
            raise LookupError(message)

    with pytest.raises(LookupError):
        await insert_and_fail()
    async with db.transaction() as tx:
        await tx.execute("INSERT INTO public.thing VALUES (2)")
    async with db.connection() as connection:
        assert await _one(connection, "SELECT array_agg(id) FROM public.thing") == [2]


async def test_work_is_done_again_after_the_connection_was_cut(db: Database, database: DatabaseUrls) -> None:
    seen: list[int] = []

    async def work(tx: Connection) -> object:
        seen.append(tx.info.backend_pid)
        if len(seen) == 1:
            assert await asyncio.to_thread(_cut_others, database) >= 1
        return await _one(tx, "SELECT 7")

    assert await db.run(work) == 7
    assert len(set(seen)) == len(seen) >= 2


async def test_work_that_cannot_succeed_is_not_repeated(db: Database) -> None:
    calls = 0

    async def work(tx: Connection) -> None:
        nonlocal calls
        calls += 1
        await tx.execute("SELECT 1/0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await db.run(work)
    assert calls == 1


async def test_endless_deadlocks_end_as_retryable(db: Database) -> None:
    calls = 0

    async def work(_tx: Connection) -> None:
        nonlocal calls
        calls += 1
        raise psycopg.errors.DeadlockDetected

    with pytest.raises(Retryable):
        await db.run(work, attempts=3)
    assert calls == 3


async def test_connection_lost_in_the_commit_is_unknown(db: Database, database: DatabaseUrls) -> None:
    with connect(database.owner_url, role=None) as owner:
        owner.execute("CREATE TABLE public.late (id int)")
        owner.execute("GRANT SELECT, INSERT ON public.late TO plaudit_runtime")
        owner.execute(
            "CREATE FUNCTION public.stall() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'"
        )
        owner.execute(
            "CREATE CONSTRAINT TRIGGER stall AFTER INSERT ON public.late DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION public.stall()"
        )

    async def insert() -> None:
        async with db.transaction() as tx:
            await tx.execute("INSERT INTO public.late VALUES (1)")

    running = asyncio.create_task(insert())
    await asyncio.sleep(0.3)
    await asyncio.to_thread(_cut_others, database)
    with pytest.raises(Unknown):
        await running


async def test_listening_survives_a_cut_and_costs_at_most_a_poll(
    db: Database, database: DatabaseUrls
) -> None:
    async with db.listen("wakes", poll_ms=200) as payloads:
        assert await anext(payloads) is None
        with connect(database.url) as sender:
            sender.execute("NOTIFY wakes, '41'")
        assert await anext(payloads) == "41"
        await asyncio.to_thread(_cut_others, database)
        with connect(database.url) as sender:
            sender.execute("NOTIFY wakes, 'lost'")
        assert await asyncio.wait_for(anext(payloads), 2) is None
        with connect(database.url) as sender:
            sender.execute("NOTIFY wakes, '43'")
        later = [await asyncio.wait_for(anext(payloads), 2) for _ in range(2)]
    assert "43" in later


async def test_without_listening_only_polls_come(database: DatabaseUrls) -> None:
    async with Database.open(database.url, listen=False) as db, db.listen("wakes", poll_ms=50) as payloads:
        await anext(payloads)
        with connect(database.url) as sender:
            sender.execute("NOTIFY wakes, '1'")
        assert [await asyncio.wait_for(anext(payloads), 2) for _ in range(3)] == [None, None, None]


async def test_a_pool_by_index_reads_no_table_whole(database: DatabaseUrls) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.young (n integer PRIMARY KEY)")
        connection.execute("INSERT INTO public.young SELECT generate_series(1, 100)")
        connection.execute("GRANT SELECT ON public.young TO plaudit_runtime")
    for by_index in (False, True):
        async with (
            Database.open(database.url, listen=False, by_index=by_index) as db,
            db.connection() as connection,
        ):
            plan = str(await _one(connection, "EXPLAIN SELECT n FROM young"))
            assert plan.startswith("Index") is by_index, plan
            kept = await _one(connection, "SHOW plan_cache_mode")
            assert (kept == "force_generic_plan") is by_index


async def test_a_transaction_goes_by_index_and_no_longer(database: DatabaseUrls) -> None:
    async with Database.open(database.url, listen=False) as db, db.connection() as connection:
        async with connection.transaction():
            await plan_by_index(connection)
            assert await _one(connection, "SHOW enable_seqscan") == "off"
            assert await _one(connection, "SHOW enable_material") == "off"
        assert await _one(connection, "SHOW enable_seqscan") == "on"


async def test_an_unreachable_server_is_named() -> None:
    with pytest.raises(psycopg.OperationalError, match="no-such-folder"):
        async with Database.open("postgresql://u:p@/d?host=/no-such-folder"):
            pass


@pytest.mark.parametrize(
    ("error", "committing", "expected"),
    [
        (psycopg.errors.SerializationFailure(), True, Retryable),
        (psycopg.errors.DeadlockDetected(), True, Retryable),
        (psycopg.errors.DiskFull(), True, Retryable),
        (psycopg.errors.AdminShutdown(), True, Unknown),
        (psycopg.errors.AdminShutdown(), False, Retryable),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True, Unknown),
        (psycopg.OperationalError("server closed the connection unexpectedly"), False, Retryable),
        (psycopg.errors.UniqueViolation(), False, Final),
        (psycopg.errors.UndefinedTable(), False, Final),
        (KeyError("not of the database"), False, Final),
    ],
)
def test_errors_are_classed(error: Exception, committing: bool, expected: type[Exception]) -> None:
    assert classify(error, committing=committing) is expected
