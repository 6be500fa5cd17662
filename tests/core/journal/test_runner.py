"""The runner: woken and by itself, in one process and in two."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest

from plaudit.core.journal import store
from plaudit.core.journal.subscriptions import (
    LAZY,
    PROMPT,
    Lag,
    Rhythm,
    Runner,
    Span,
    Subscription,
    wait_until,
)
from plaudit.platform.db import Connection, Database, connect
from tests.core.journal.support import (
    PROOF,
    TALLY,
    TENANT,
    Clock,
    Deeds,
    Shouted,
    append,
    column,
    create_tables,
    deeds,
    numbers,
    record,
    said,
    shouted,
)
from tests.kit.servers import DatabaseUrls


@pytest.fixture(autouse=True)
def _tables(database: DatabaseUrls) -> None:
    create_tables(database)


@asynccontextmanager
async def _running(db: Database, *followed: Subscription, rhythm: Rhythm = LAZY) -> AsyncIterator[Runner]:
    runner = Runner(database=db, subscriptions=followed, clock=Clock(), rhythm=rhythm)
    running = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        runner.stop()
        await asyncio.wait_for(running, 10)


async def _reaches(db: Database, name: str, position: int, *, tenant_id: int = TENANT) -> None:
    assert await wait_until(
        db, tenant_id=tenant_id, subscription=name, position=position, timeout_ms=20_000
    ), f"{name} has not reached {position}"


@pytest.mark.parametrize("rhythm", [LAZY, PROMPT])
async def test_it_is_woken_and_looks_by_itself(db: Database, rhythm: Rhythm) -> None:
    acts = Deeds()
    async with _running(db, TALLY, acts.subscription, rhythm=rhythm) as runner:
        await numbers(db, 3)
        runner.wake()
        await _reaches(db, "test.deeds", 3)
        started = time.monotonic()
        await numbers(db, 6, start=4)
        await _reaches(db, "test.deeds", 6)
        await _reaches(db, "test.tally", 6)
        assert time.monotonic() - started < 10
    assert await deeds(db) == [1, 2, 3, 4, 5, 6]


async def test_who_follows_none_of_the_facts_is_moved_on_without_a_turn(db: Database) -> None:
    spans: list[Span] = []

    async def apply(_conn: Connection, span: Span) -> None:
        spans.append(span)

    loud = Subscription(name="test.loud", kinds=(Shouted.KIND,), apply=apply, kind="reaction")
    acts = Deeds()
    async with _running(db, loud, acts.subscription) as runner:
        # Its first turn makes the cursor.
        await record(db, [shouted(1)])
        runner.wake()
        await _reaches(db, "test.loud", 1)
        await numbers(db, 30)
        runner.wake()
        await _reaches(db, "test.loud", 31)
        assert [(span.after, span.upto) for span in spans] == [(0, 1)]
        await record(db, [said(31), shouted(32), said(33)])
        runner.wake()
        await _reaches(db, "test.loud", 34)
        await _reaches(db, "test.deeds", 34)
    assert [(span.after, span.upto) for span in spans] == [(0, 1), (31, 34)]
    assert await deeds(db) == list(range(1, 35))


async def test_many_small_commits_are_applied_in_few_batches(db: Database) -> None:
    acts = Deeds()
    async with _running(db, acts.subscription) as runner:
        for n in range(1, 101):
            await numbers(db, n, start=n)
            runner.wake()
        await _reaches(db, "test.deeds", 100)
    assert await deeds(db) == list(range(1, 101))
    assert len(acts.spans) < 60


async def test_a_slow_follower_holds_up_no_other(db: Database) -> None:
    let_go = asyncio.Event()

    async def slow(_conn: Connection, _span: Span) -> None:
        await let_go.wait()

    acts = Deeds()
    async with _running(
        db, Subscription(name="test.slow", kinds=None, apply=slow, kind="reaction"), acts.subscription
    ) as runner:
        await numbers(db, 3)
        runner.wake()
        await _reaches(db, "test.deeds", 3)
        await numbers(db, 4, start=4)
        runner.wake()
        await _reaches(db, "test.deeds", 4)
        let_go.set()
        await _reaches(db, "test.slow", 4)


async def test_it_tells_the_lag_and_what_has_stopped(db: Database) -> None:
    told: list[Sequence[Lag]] = []
    stopped = asyncio.Event()

    def tell(lags: Sequence[Lag]) -> None:
        told.append(lags)
        if lags[0].state == "stopped":
            stopped.set()

    await numbers(db, 20)
    runner = Runner(database=db, subscriptions=[TALLY], clock=Clock(), on_lag=tell)
    running = asyncio.create_task(runner.run())
    await asyncio.wait_for(stopped.wait(), 20)
    runner.stop()
    await running
    (lag,) = told[-1]
    assert (lag.name, lag.position, lag.head, lag.state) == ("test.tally", 12, 20, "stopped")


async def test_it_survives_the_loss_of_every_connection(db: Database, database: DatabaseUrls) -> None:
    acts = Deeds()
    async with _running(db, TALLY, acts.subscription) as runner:
        for n in range(1, 9):
            with connect(database.superuser_url, role=None) as superuser:
                superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await _insist(database, n)
            runner.wake()
            await asyncio.sleep(0.05)
        await _reaches_at_last(database, 8)
    with connect(database.url) as conn:
        assert [p for (p,) in conn.execute("SELECT position FROM public.deed ORDER BY id")] == list(
            range(1, 9)
        )
        assert conn.execute("SELECT count(*) FROM journal.dead_letter").fetchone() == (0,)


async def _insist(database: DatabaseUrls, number: int) -> None:
    async with Database.open(database.url, pool_max=1) as db:
        await numbers(db, number, start=number)


async def _reaches_at_last(database: DatabaseUrls, position: int) -> None:
    async with Database.open(database.url, pool_max=1) as db:
        await _reaches(db, "test.tally", position)
        await _reaches(db, "test.deeds", position)


async def test_the_last_fact_of_a_busy_journal_is_applied_within_a_second(db: Database) -> None:
    async with _running(db, TALLY, *(Deeds(name=f"test.deeds{n}").subscription for n in range(3))) as runner:
        await numbers(db, 1, start=1)
        async with asyncio.timeout(20):
            for n in range(100, 2_100, 20):
                async with db.transaction() as tx:
                    last = await append(tx, [said(n + i) for i in range(20)])
                runner.wake()
        started = time.monotonic()
        for name in ("test.tally", "test.deeds0", "test.deeds1", "test.deeds2"):
            await _reaches(db, name, last)
        took_s = time.monotonic() - started
    # The figure itself is measured by the benchmark; this only says that nobody waits for polls one
    # after another.
    assert took_s < 5


@contextmanager
def _follower(database: DatabaseUrls, worker: str) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.core.journal.follower", database.url, worker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"following\n"
        yield
    finally:
        process.stdin.close()
        code = process.wait(30)
        process.stdout.close()
        assert code == 0


async def test_two_processes_apply_each_batch_once(db: Database, database: DatabaseUrls) -> None:
    tenants, each = (12, 4_000) if PROOF else (4, 250)
    with _follower(database, "one"), _follower(database, "two"):
        for tenant_id in range(1, tenants + 1):
            await _open(db, tenant_id)
        for first in range(1, each, 25):
            for tenant_id in range(1, tenants + 1):
                async with db.transaction() as tx:
                    await append(tx, [said(20 + first + n) for n in range(25)], tenant_id=tenant_id)
        for tenant_id in range(1, tenants + 1):
            await _reaches(db, "test.deeds", each, tenant_id=tenant_id)
            await _reaches(db, "test.tally", each, tenant_id=tenant_id)
    for tenant_id in range(1, tenants + 1):
        assert await deeds(db, tenant_id=tenant_id) == list(range(1, each + 1))
    assert await column(db, "SELECT DISTINCT facts FROM public.total") == [each]
    assert set(await column(db, "SELECT DISTINCT worker FROM public.deed")) <= {"one", "two"}


async def _open(db: Database, tenant_id: int) -> None:
    async with db.connection() as conn:
        await store.open_tenant(conn, tenant_id=tenant_id)


async def test_a_cursor_that_another_holds_is_left_alone(db: Database, database: DatabaseUrls) -> None:
    await numbers(db, 3)
    acts = Deeds()
    async with db.connection() as conn:
        await conn.execute("INSERT INTO journal.subscription (tenant_id, name) VALUES (7, 'test.deeds')")
    with psycopg.connect(database.superuser_url) as other:
        other.execute("SELECT 1 FROM journal.subscription FOR UPDATE")
        async with _running(db, acts.subscription):
            await asyncio.sleep(0.5)
            assert acts.spans == []
            other.rollback()
            await _reaches(db, "test.deeds", 3)
    assert acts.spans == [(0, 3)]
