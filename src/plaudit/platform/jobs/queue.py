"""The queue as tables: jobs put in with the caller's transaction, counted, found dead, revived."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import msgspec
import psycopg
from procrastinate import PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as Entry
from procrastinate.manager import JobManager
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from plaudit.platform.db import Connection
from plaudit.platform.jobs.job import A, Job


class LentConnector(PsycopgConnector):
    """procrastinate's connector on connections that are lent to it; it opens none by itself."""

    @asynccontextmanager
    async def _get_cursor(
        self, connection: psycopg.AsyncConnection[Any] | None = None
    ) -> AsyncGenerator[psycopg.AsyncCursor[DictRow], None]:
        # A cursor with text results, unlike the connection's own: procrastinate reads enums as text.
        assert connection is not None, "only the caller's connection is used"
        async with psycopg.AsyncCursor(connection, row_factory=dict_row) as cursor:
            yield cursor


_MANAGER: Final = JobManager(LentConnector())

GIVE_WAY: Final = (
    "WITH gone AS (DELETE FROM jobs.procrastinate_jobs WHERE id = %(job_id)s AND status = 'doing'"
    " RETURNING queueing_lock, attempts)"
    " UPDATE jobs.procrastinate_jobs AS w SET attempts = greatest(w.attempts, gone.attempts + 1),"
    " scheduled_at = greatest(w.scheduled_at, %(retry_at)s) FROM gone"
    " WHERE w.queueing_lock = gone.queueing_lock AND w.status = 'todo'"
)
"""End a job that would come again at a time where one like it waits `once`: that one does the work of both.

Unless it has begun meanwhile, it takes over time and attempts, so that it comes no sooner, asks first what
they have done, and is dead after as many as any other.
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many jobs of one name are in one state: waiting, running or dead."""

    name: str
    state: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Dead:
    """A job that is not tried any more."""

    job_id: int
    name: str
    attempts: int
    arguments: dict[str, Any]


async def enqueue(
    conn: Connection, job: Job[A], *, arguments: A, once: str | None = None, lock: str | None = None
) -> int | None:
    """Put a job into the queue with the transaction that `conn` is in; return its number.

    With `once`, nothing is added while a job with the same word waits and has not begun (None then), and
    that one does not begin before this transaction has ended, so that it sees what was done here. Jobs with
    the same `lock` run one after the other. Raises psycopg.Error as any statement does.
    """
    status = conn.info.transaction_status
    assert status is TransactionStatus.INTRANS, "a job is enqueued within a transaction"
    entry = Entry(
        queue=job.queue,
        lock=lock,
        queueing_lock=None if once is None else f"{job.name} {once}",
        task_name=job.name,
        task_kwargs=msgspec.to_builtins(arguments),
    )
    if once is None:
        return await _put(conn, entry)
    while True:
        try:
            async with conn.transaction():
                return await _put(conn, entry)
        except AlreadyEnqueued:
            if await _hold_back(conn, entry):
                return None
            # It has begun meanwhile and may have missed what this transaction does: another one is needed.


async def enqueue_all(conn: Connection, job: Job[A], *, arguments: Sequence[A]) -> None:
    """Put a job for each of `arguments` into the queue, as `enqueue` does, in one statement."""
    status = conn.info.transaction_status
    assert status is TransactionStatus.INTRANS, "a job is enqueued within a transaction"
    entries = [
        Entry(
            queue=job.queue,
            lock=None,
            queueing_lock=None,
            task_name=job.name,
            task_kwargs=msgspec.to_builtins(one),
        )
        for one in arguments
    ]
    if not entries:
        return
    try:
        await _MANAGER.batch_defer_jobs_async(entries, connection=conn)
    except ConnectorException as error:
        _raise_cause(error)


async def _put(conn: Connection, entry: Entry) -> int:
    try:
        put = await _MANAGER.defer_job_async(entry, connection=conn)
    except AlreadyEnqueued:
        raise
    except ConnectorException as error:
        _raise_cause(error)
    assert put.id is not None
    return put.id


def _raise_cause(error: ConnectorException) -> NoReturn:
    """Raise what the driver had raised, whose class tells whether it may pass."""
    cause = error.__cause__ or error.__context__
    raise cause if cause is not None else error


async def _hold_back(conn: Connection, entry: Entry) -> bool:
    """Keep a waiting job from beginning until this transaction ends; False when it waits no more."""
    cursor = await conn.execute(
        "SELECT id FROM jobs.procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo' FOR SHARE",
        (entry.queueing_lock,),
    )
    return await cursor.fetchone() is not None


async def counts(conn: Connection) -> list[Count]:
    """Return how many jobs wait, run and are dead, by name. Done ones are not kept."""
    cursor = await conn.execute(
        "SELECT task_name,"
        " CASE status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running' ELSE 'dead' END, count(*)"
        " FROM jobs.procrastinate_jobs GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [Count(*row) for row in await cursor.fetchall()]


async def dead(conn: Connection, *, limit: int = 100) -> list[Dead]:
    """Return jobs that are not tried any more, the latest first."""
    cursor = await conn.execute(
        "SELECT id, task_name, attempts, args FROM jobs.procrastinate_jobs"
        " WHERE status IN ('failed', 'aborted') ORDER BY id DESC LIMIT %s",
        (limit,),
    )
    return [Dead(*row) for row in await cursor.fetchall()]


async def revive(conn: Connection, *, job_id: int) -> bool:
    """Try a dead job again, with all its attempts before it; False when there is no such dead job.

    One that waits `once` already takes its place: then this one stays dead, and False is returned.
    """
    try:
        cursor = await conn.execute(
            "UPDATE jobs.procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL"
            " WHERE id = %s AND status IN ('failed', 'aborted')",
            (job_id,),
        )
    except psycopg.errors.UniqueViolation:
        return False
    return cursor.rowcount == 1
