"""Jobs: put in with a transaction, tried again by the class of their error, dead in the end."""

from __future__ import annotations

import asyncio
import time

import msgspec
import psycopg
import pytest

from plaudit.kernel.refusal import busy, refused
from plaudit.platform import jobs
from plaudit.platform.db import Database, connect
from plaudit.platform.failures import Final, Retryable, Unknown
from plaudit.platform.jobs import (
    Attempt,
    Count,
    Ending,
    Job,
    Pace,
    Periodic,
    Worker,
    enqueue,
    enqueue_all,
)
from tests.kit.servers import DatabaseUrls
from tests.platform.desk import QUICK, WRITE, Desk, Note, counted, put, until, waiting, working


async def test_a_job_is_there_exactly_if_its_transaction_is_committed(db: Database) -> None:
    async def fail() -> None:
        async with db.transaction() as tx:
            await enqueue(tx, WRITE, arguments=Note(tenant_id=1))
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await fail()
    assert await waiting(db) == []
    await put(db, number=7)
    assert await waiting(db) == [Count("test.write", "waiting", 1)]
    desk = Desk()
    async with working(db, desk):
        await until(lambda: desk.said() == [Ending.DONE])
    assert desk.attempts == [Attempt(Note(tenant_id=1, number=7), 1, last=False)]
    assert not desk.attempts[0].again
    await counted(db)


async def test_many_are_put_in_together(db: Database) -> None:
    async with db.transaction() as tx:
        await enqueue_all(tx, WRITE, arguments=[Note(tenant_id=1, number=number) for number in range(300)])
        await enqueue_all(tx, WRITE, arguments=[])
    assert await waiting(db) == [Count("test.write", "waiting", 300)]


async def test_outside_a_transaction_nothing_is_enqueued(db: Database) -> None:
    async with db.connection() as conn:
        with pytest.raises(AssertionError, match="within a transaction"):
            await enqueue(conn, WRITE, arguments=Note(tenant_id=1))


async def test_a_notification_is_enough(db: Database, database: DatabaseUrls) -> None:
    desk = Desk()
    async with working(db, desk, pace=Pace(poll_s=60)):
        await until(lambda: _listeners(database) == 1)
        began = time.monotonic()
        await put(db)
        await until(lambda: desk.said() == [Ending.DONE])
        assert time.monotonic() - began < 5


def _listeners(database: DatabaseUrls) -> int:
    with connect(database.superuser_url, role=None) as admin:
        row = admin.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_what_may_pass_is_tried_again_and_what_cannot_is_dead_at_once(db: Database) -> None:
    cases: list[tuple[BaseException, list[Ending]]] = [
        (Retryable("later"), [Ending.AGAIN, Ending.DONE]),
        (Unknown("perhaps"), [Ending.AGAIN, Ending.DONE]),
        (TimeoutError(), [Ending.AGAIN, Ending.DONE]),
        (busy("test.busy", "Again.", retry_after_s=1), [Ending.AGAIN, Ending.DONE]),
        (psycopg.errors.DeadlockDetected(), [Ending.AGAIN, Ending.DONE]),
        (refused("test.no", "No."), [Ending.DEAD]),
        (Final("no"), [Ending.DEAD]),
        (ValueError("a bug"), [Ending.DEAD]),
    ]
    for error, endings in cases:
        desk = Desk(raises=[error])
        async with working(db, desk):
            await put(db)
            await until(lambda desk=desk, endings=endings: len(desk.endings) == len(endings))  # type: ignore[misc]
        assert desk.said() == endings, error
        assert [one.number for one in desk.attempts] == list(range(1, len(endings) + 1))
        assert [one.again for one in desk.attempts] == [number > 0 for number in range(len(endings))]
    await counted(db, Count("test.write", "dead", 3))


async def test_after_the_last_try_a_job_is_dead_can_be_seen_and_revived(db: Database) -> None:
    desk = Desk(raises=[Retryable("later")] * 3)
    async with working(db, desk):
        number = await put(db, number=5)
        await until(lambda: Ending.DEAD in desk.said())
        assert desk.said() == [Ending.AGAIN, Ending.AGAIN, Ending.DEAD]
        assert [one.last for one in desk.attempts] == [False, False, True]
        await counted(db, Count("test.write", "dead", 1))
        async with db.connection() as conn:
            (dead,) = await jobs.dead(conn)
            assert (dead.job_id, dead.name, dead.attempts) == (number, "test.write", 3)
            assert dead.arguments == {"tenant_id": 1, "number": 5}
            assert await jobs.revive(conn, job_id=dead.job_id)
            assert not await jobs.revive(conn, job_id=dead.job_id + 1)
        await until(lambda: desk.said()[-1] is Ending.DONE)
    assert desk.attempts[-1].number == 1


async def test_arguments_that_a_job_does_not_know_are_final(db: Database) -> None:
    class Other(msgspec.Struct, frozen=True):
        word: str

    async def never(_: Desk, __: Attempt[Other]) -> None:
        raise AssertionError("the one that is known is run")

    async with db.transaction() as tx:
        await enqueue(tx, Job("test.write", Other, never), arguments=Other(word="x"))
    desk = Desk()
    async with working(db, desk):
        await until(lambda: desk.said() == [Ending.DEAD])
    assert desk.attempts == []


async def test_a_broken_invariant_is_told_and_not_tried_again(db: Database) -> None:
    broken = AssertionError("two and two are five")
    desk = Desk(raises=[broken])
    async with working(db, desk):
        await put(db)
        await until(lambda: desk.said() == [Ending.DEAD])
    assert desk.broken == [broken]


async def test_a_job_that_hangs_is_cut_off_and_counts_as_unknown(db: Database) -> None:
    async def hang(desk: Desk, attempt: Attempt[Note]) -> None:
        desk.attempts.append(attempt)
        await asyncio.sleep(0 if attempt.again else 60)

    desk = Desk()
    job = Job("test.hang", Note, hang, retry=QUICK, timeout_s=0.2)
    async with working(db, desk, kinds=[job]):
        await put(db, job)
        await until(lambda: desk.said() == [Ending.AGAIN, Ending.DONE])


async def test_once_adds_nothing_while_one_waits(db: Database) -> None:
    first = await put(db, once="v1")
    assert first is not None
    assert await put(db, once="v1") is None
    assert await put(db, once="v2") is not None
    async with db.transaction() as tx:
        # The transaction goes on after a job that was there already.
        assert await enqueue(tx, WRITE, arguments=Note(tenant_id=1), once="v1") is None
        assert await enqueue(tx, WRITE, arguments=Note(tenant_id=1)) is not None
    assert await waiting(db) == [Count("test.write", "waiting", 3)]


async def test_one_that_waits_does_not_begin_before_those_who_rely_on_it_have_committed(db: Database) -> None:
    await put(db, once="v1")
    desk = Desk()
    async with db.transaction() as tx:
        assert await enqueue(tx, WRITE, arguments=Note(tenant_id=1), once="v1") is None
        async with working(db, desk):
            await asyncio.sleep(0.5)
            assert desk.attempts == []
    async with working(db, desk):
        await until(lambda: desk.said() == [Ending.DONE])


async def test_jobs_of_one_lock_follow_one_another(db: Database) -> None:
    at_once: list[int] = []
    now = 0

    async def work(_: Desk, __: Attempt[Note]) -> None:
        nonlocal now
        now += 1
        at_once.append(now)
        await asyncio.sleep(0.05)
        now -= 1

    job = Job("test.one", Note, work)
    async with db.transaction() as tx:
        for number in range(4):
            await enqueue(tx, job, arguments=Note(tenant_id=1, number=number), lock="payout 5")
    async with working(db, Desk(), kinds=[job]):
        await until(lambda: len(at_once) == 4)
    assert at_once == [1, 1, 1, 1]


async def test_periodic_work_is_done_once_over_all_and_its_failure_does_not_end_it(db: Database) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        ticks.append(time.time())
        if len(ticks) == 1:
            raise Final("the first fails")

    periodic = [Periodic("test.tick", "* * * * * *", tick, retry=QUICK)]
    one, two = Desk(), Desk()
    async with working(db, one, periodic=periodic), working(db, two, periodic=periodic):
        began = time.time()
        await until(lambda: len(ticks) >= 4)
        took_s = time.time() - began
    assert len(ticks) <= took_s + 2
    assert len(one.endings) + len(two.endings) == len(ticks)
    assert [*one.said(), *two.said()].count(Ending.DEAD) == 1


async def test_a_cron_that_cannot_be_read_is_told_at_the_start(db: Database) -> None:
    with pytest.raises(ValueError, match="columns"):
        Worker(database=db, house=None, periodic=[Periodic("test.tick", "at noon", lambda: asyncio.sleep(0))])
