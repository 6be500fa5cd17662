"""Jobs: put in with a transaction, tried again by the class of their error, dead in the end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

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
    Retry,
    Worker,
    enqueue,
    enqueue_all,
)
from tests.kit.servers import DatabaseUrls

QUICK = Retry(tries=3, first_s=0.05, most_s=0.1)
PACE = Pace(poll_s=0.05, grace_s=0.5, heartbeat_s=0.2, stalled_s=1.0)


class Note(msgspec.Struct, frozen=True):
    """What the jobs of this module are handed."""

    tenant_id: int
    number: int = 0


@dataclass
class Desk:
    """The house of this module: what was done, and what to raise at each attempt."""

    raises: list[BaseException | None] = field(default_factory=list)
    attempts: list[Attempt[Note]] = field(default_factory=list)
    endings: list[tuple[str, Ending]] = field(default_factory=list)
    broken: list[AssertionError] = field(default_factory=list)

    def ended(self, name: str, ending: Ending, _seconds: float) -> None:
        if not name.startswith("jobs."):
            self.endings.append((name, ending))

    def said(self) -> list[Ending]:
        return [ending for _, ending in self.endings]


async def _write(desk: Desk, attempt: Attempt[Note]) -> None:
    desk.attempts.append(attempt)
    error = desk.raises.pop(0) if desk.raises else None
    if error is not None:
        raise error


WRITE = Job("test.write", Note, _write, retry=QUICK)


@asynccontextmanager
async def working(
    db: Database,
    desk: Desk,
    *,
    kinds: Sequence[Job[Any]] = (WRITE,),
    periodic: Sequence[Periodic] = (),
    pace: Pace = PACE,
) -> AsyncIterator[Worker]:
    worker = Worker(
        database=db,
        house=desk,
        jobs=kinds,
        periodic=periodic,
        on_end=desk.ended,
        on_broken=desk.broken.append,
        pace=pace,
    )
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(running, 10)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)


async def put(
    db: Database,
    job: Job[Note] = WRITE,
    *,
    number: int = 0,
    once: str | None = None,
    lock: str | None = None,
) -> int | None:
    async with db.transaction() as tx:
        return await enqueue(tx, job, arguments=Note(tenant_id=1, number=number), once=once, lock=lock)


async def waiting(db: Database) -> list[Count]:
    async with db.connection() as conn:
        return [one for one in await jobs.counts(conn) if not one.name.startswith("jobs.")]


async def counted(db: Database, *counts: Count) -> None:
    """Wait until the queue is so; a job's end is written down a little after it was told."""
    async with asyncio.timeout(5):
        while await waiting(db) != [*counts]:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)


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


async def test_stopping_waits_a_little_then_cuts_off_and_the_job_runs_again(db: Database) -> None:
    async def slow(desk: Desk, attempt: Attempt[Note]) -> None:
        desk.attempts.append(attempt)
        await asyncio.sleep(0 if attempt.again else 60)

    desk = Desk()
    job = Job("test.slow", Note, slow, retry=Retry(tries=1))
    async with working(db, desk, kinds=[job]) as worker:
        await put(db, job)
        await until(lambda: len(desk.attempts) == 1)
        began = time.monotonic()
        worker.stop()
    assert time.monotonic() - began < 2
    assert desk.said() == [Ending.CUT]
    async with working(db, desk, kinds=[job]):
        await until(lambda: desk.said() == [Ending.CUT, Ending.DONE])


async def test_the_worker_outlives_the_loss_of_every_connection(db: Database, database: DatabaseUrls) -> None:
    desk = Desk()
    async with working(db, desk):
        await put(db)
        await until(lambda: len(desk.endings) == 1)
        with psycopg.connect(database.superuser_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        async with asyncio.timeout(10):
            while True:
                try:
                    await put(db)
                except psycopg.OperationalError:
                    await asyncio.sleep(0.1)
                else:
                    break
        await until(lambda: len(desk.endings) == 2)
    assert desk.said() == [Ending.DONE, Ending.DONE]


_VICTIM = """
import asyncio, sys
from plaudit.platform.db import Database
from tests.platform.test_jobs import Desk, PACE, Note
from plaudit.platform.jobs import Job, Worker

async def sleep(desk, attempt):
    print("begun", flush=True)
    await asyncio.sleep(60)

async def main():
    async with Database.open(sys.argv[1]) as db:
        await Worker(database=db, house=Desk(), jobs=[Job("test.slow", Note, sleep)], pace=PACE).run()

asyncio.run(main())
"""


async def test_a_job_that_comes_again_gives_way_to_one_that_waits_once(db: Database) -> None:
    """Both cannot wait: the one that does has the attempts of both before it, and does the work of both."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(desk: Desk, attempt: Attempt[Note]) -> None:
        desk.attempts.append(attempt)
        if not attempt.again:
            begun.set()
            await go_on.wait()
            raise Retryable("comes again")

    desk = Desk()
    job = Job("test.once", Note, work, retry=QUICK)
    async with working(db, desk, kinds=[job]):
        assert await put(db, job, once="v1", lock="v1") is not None
        await begun.wait()
        assert await put(db, job, once="v1", lock="v1") is not None
        go_on.set()
        await until(lambda: desk.said() == [Ending.AGAIN, Ending.DONE])
        await counted(db)
        assert await put(db, job, once="v1", lock="v1") is not None
        await until(lambda: len(desk.attempts) == 3)
    assert [one.number for one in desk.attempts] == [1, 2, 1]


async def test_periodic_work_that_fails_while_its_next_time_waits_goes_on(db: Database) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        ticks.append(time.time())
        if len(ticks) == 1:
            await asyncio.sleep(2.5)
            raise Retryable("comes again")

    desk = Desk()
    async with working(db, desk, periodic=[Periodic("test.tick", "* * * * * *", tick, retry=QUICK)]):
        await until(lambda: desk.said()[:3] == [Ending.AGAIN, Ending.DONE, Ending.DONE])


@pytest.mark.parametrize("another_waits", [False, True])
async def test_a_job_of_a_killed_process_is_run_by_another(db: Database, *, another_waits: bool) -> None:
    async def slow(desk: Desk, attempt: Attempt[Note]) -> None:
        desk.attempts.append(attempt)

    job = Job("test.slow", Note, slow)
    await put(db, job, once="v1", lock="v1")
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _VICTIM, db.url, stdout=subprocess.PIPE, env={**os.environ}
    )
    assert victim.stdout is not None
    async with asyncio.timeout(30):
        assert await victim.stdout.readline() == b"begun\n"
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    if another_waits:
        assert await put(db, job, once="v1", lock="v1") is not None
    await asyncio.sleep(PACE.stalled_s)
    desk = Desk()
    async with working(db, desk, kinds=[job]) as worker:
        await worker.rescue()
        await until(lambda: desk.said() == [Ending.AGAIN, Ending.DONE])
    assert [one.again for one in desk.attempts] == [True]
