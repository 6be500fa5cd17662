"""Jobs that come again: cut off, begun by a process that died, or beside one that waits already."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from plaudit.platform.db import Database
from plaudit.platform.failures import Retryable
from plaudit.platform.jobs import Attempt, Ending, Job, Periodic, Retry
from tests.kit.servers import DatabaseUrls
from tests.platform.desk import PACE, QUICK, Desk, Note, counted, put, until, working


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
    assert time.monotonic() - began < 10, "it was not waited for"
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
from tests.platform.desk import Desk, PACE, Note
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
        await until(lambda: desk.said()[-1:] == [Ending.DONE])
    assert [one.again for one in desk.attempts] == [True]
