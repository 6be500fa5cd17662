"""The worker of one process: runs jobs beside everything else, and puts periodic ones into the queue."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import msgspec
import procrastinate
import psycopg
from procrastinate import worker as engine
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job as Entry
from procrastinate.jobs import Status
from psycopg.rows import DictRow

from plaudit.platform import log
from plaudit.platform.db import Database
from plaudit.platform.jobs.job import Attempt, Ending, Job, Retry, failure_of
from plaudit.platform.jobs.queue import GIVE_WAY, LentConnector

_log = log.logger("jobs")

_LISTEN_AGAIN_MS: Final = 10_000
_AGAIN_S: Final = 1.0
_WRITES: Final = 4
_WRITE_PAUSE_S: Final = 0.1
_USUAL: Final = Retry()
_FEW: Final = Retry(tries=3)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a worker goes about it. Seconds, but for the last two."""

    poll_s: float = 5.0
    """Longest time that a job waits when no notification comes, and how late a retry may be."""
    grace_s: float = 2.0
    """What jobs have left when the process stops, before they are cut off."""
    heartbeat_s: float = 10.0
    stalled_s: float = 30.0
    """After this time without a heartbeat a process counts as dead."""
    keep_days: int = 30
    """How long dead jobs are kept; done ones are deleted at once."""
    concurrency: int = 4


_PACE: Final = Pace()


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work at the times of `cron`, in UTC, with an optional sixth field for seconds.

    Done once over all processes and never beside itself. A time that comes while the one before still waits
    is skipped, and so is one that passed more than ten minutes ago while no process ran. `alone` is False
    only for work that must go on although its last run was cut off and not found yet.
    """

    name: str
    cron: str
    work: Callable[[], Awaitable[None]]
    timeout_s: float = 300.0
    retry: Retry = _FEW
    alone: bool = True


class _Connector(LentConnector):
    """Connections of our own pool, and one more to listen; a failure on them is told to the worker."""

    def __init__(self, database: Database, *, on_failure: Callable[[], None]) -> None:
        super().__init__()
        self._database = database
        self._on_failure = on_failure

    @asynccontextmanager
    async def _get_cursor(
        self, connection: psycopg.AsyncConnection[Any] | None = None
    ) -> AsyncGenerator[psycopg.AsyncCursor[DictRow], None]:
        assert connection is None, "what is enqueued on another's connection does not come here"
        try:
            async with self._database.connection() as lent, super()._get_cursor(lent) as cursor:
                yield cursor
        except psycopg.errors.UniqueViolation:
            raise  # a periodic job that is there already
        except Exception:
            self._on_failure()
            raise

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:  # noqa: ANN401 - procrastinate's
        """Write how a job ended, or that this worker lives, and try again when the connection was lost.

        In the end it is left: this worker stops then, and its jobs are found as those of a dead process.
        """
        for attempt in range(_WRITES):
            try:
                await super().execute_query_async(query, **arguments)
            except UniqueViolation:
                # It is to wait again, and another one waits that is to be there once.
                query = GIVE_WAY
                continue
            except ConnectorException as error:
                if attempt > 0 and isinstance(error.__cause__, psycopg.errors.RaiseException):
                    return  # it was written after all: the job is not running any more
                if not isinstance(error.__cause__, psycopg.OperationalError):
                    raise
                _log.warning("the queue cannot be written to now", exc_info=error.__cause__)
            else:
                return
            await asyncio.sleep(_WRITE_PAUSE_S * 2**attempt)

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        (channel,) = channels
        async with self._database.listen(channel, poll_ms=_LISTEN_AGAIN_MS) as payloads:
            async for payload in payloads:
                if payload is not None:
                    await on_notification(channel=channel, payload=payload)


class _Strategy(procrastinate.BaseRetryStrategy):
    """When a job that has raised is tried again: by its own rule, and at once when the process stops."""

    def __init__(self, retry: Retry) -> None:
        self._retry = retry

    def get_retry_decision(
        self, *, exception: BaseException, job: Entry
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return procrastinate.RetryDecision(retry_in={"seconds": 0})
        pause_s = self._retry.pause_s(error=exception, tried=job.attempts + 1)
        if pause_s is None:
            return None
        return procrastinate.RetryDecision(retry_in={"milliseconds": int(pause_s * 1000)})


class Worker:
    """Runs the jobs of a house. One for each process: `run` it as a task, `stop` it early in the end."""

    def __init__(
        self,
        *,
        database: Database,
        house: Any,  # noqa: ANN401 - the assembled house, which this floor does not know
        jobs: Sequence[Job[Any]] = (),
        periodic: Sequence[Periodic] = (),
        on_end: Callable[[str, Ending, float], None] | None = None,
        on_broken: Callable[[AssertionError], None] | None = None,
        pace: Pace = _PACE,
    ) -> None:
        """Hand `house` to the jobs. `on_end` is told the name, ending and seconds of each attempt.

        `on_broken` is told of a broken invariant.
        """
        _quiet()
        self._house = house
        self._on_end = on_end or _nobody
        self._on_broken = on_broken or _nobody
        self._pace = pace
        self._stopping = False
        self._engine: engine.Worker | None = None
        self._app = procrastinate.App(connector=_Connector(database, on_failure=self._restart))
        self._retries: dict[str, Retry] = {}
        for job in jobs:
            self._declare(job)
        for one in (*periodic, *self._upkeep()):
            self._declare_periodic(one)

    def stop(self) -> None:
        """Take no further job; `run` returns when those under way have ended or were cut."""
        self._stopping = True
        self._restart()

    async def run(self) -> None:
        """Run jobs until `stop`. A database that cannot be reached is asked again each second."""
        while not self._stopping:
            self._engine = engine.Worker(
                app=self._app,
                name="plaudit",
                concurrency=self._pace.concurrency,
                fetch_job_polling_interval=self._pace.poll_s,
                abort_job_polling_interval=self._pace.poll_s,
                shutdown_graceful_timeout=self._pace.grace_s,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=self._pace.heartbeat_s,
                stalled_worker_timeout=self._pace.stalled_s,
            )
            failed: BaseException | None = None
            try:
                await self._engine.run()  # type: ignore[no-untyped-call]
            except ConnectorException as error:
                failed = error.__cause__
            if not self._stopping:
                _log.warning("the queue cannot be reached now", exc_info=failed)
                await asyncio.sleep(_AGAIN_S)

    def _restart(self) -> None:
        """End this run; the next one has another number.

        Else a job whose end could not be written down would count as running while this process lives.
        """
        if self._engine is not None:
            self._engine.stop()  # type: ignore[no-untyped-call]

    def _declare(self, job: Job[Any]) -> None:
        async def perform(context: procrastinate.JobContext, /, **given: Any) -> None:  # noqa: ANN401 - JSON
            tried = context.job.attempts + 1

            async def work() -> None:
                arguments = msgspec.convert(given, job.arguments)
                await job.work(self._house, Attempt(arguments, tried, tried >= job.retry.tries))

            await self._attempt(context.job, job.retry, job.timeout_s, work)

        assert job.name not in self._retries, f"two jobs are named {job.name}"
        self._retries[job.name] = job.retry
        self._app.task(name=job.name, queue=job.queue, retry=_Strategy(job.retry), pass_context=True)(perform)

    def _declare_periodic(self, one: Periodic) -> None:
        async def perform(context: procrastinate.JobContext, /, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
            await self._attempt(context.job, one.retry, one.timeout_s, one.work)

        assert one.name not in self._retries, f"two jobs are named {one.name}"
        self._retries[one.name] = one.retry
        task = self._app.task(
            name=one.name,
            queue="periodic",
            retry=_Strategy(one.retry),
            pass_context=True,
            lock=one.name if one.alone else None,
            queueing_lock=one.name,
        )(perform)
        entry = self._app.periodic_registry.register_task(
            task=task, cron=one.cron, periodic_id="", configure_kwargs={}
        )
        assert entry.croniter is not None  # a cron that cannot be read fails now and not when it is due

    async def _attempt(
        self, entry: Entry, retry: Retry, timeout_s: float, work: Callable[[], Awaitable[None]]
    ) -> None:
        began = time.perf_counter()
        ending, tried = Ending.DONE, entry.attempts + 1
        told = _log.bind(job=entry.task_name, job_id=entry.id, attempt=tried)
        try:
            async with asyncio.timeout(timeout_s):
                await work()
        except asyncio.CancelledError:
            ending = Ending.CUT
            told.info("job cut off; it runs again")
            raise
        except Exception as error:
            if retry.pause_s(error=error, tried=tried) is None:
                ending = Ending.DEAD
                told.error("job is dead", failure=failure_of(error).__name__, exc_info=error)
            else:
                ending = Ending.AGAIN
                told.warning("job comes again", failure=failure_of(error).__name__, exc_info=error)
            if isinstance(error, AssertionError):
                self._on_broken(error)
            raise
        finally:
            self._on_end(entry.task_name, ending, time.perf_counter() - began)

    def _upkeep(self) -> tuple[Periodic, ...]:
        return (
            Periodic("jobs.rescue", "* * * * *", self.rescue, alone=False),
            Periodic("jobs.delete_dead", "23 * * * *", self._delete_dead),
        )

    async def rescue(self) -> None:
        """Let jobs run again whose process has died; a job that keeps dying with it is dead in the end."""
        manager = self._app.job_manager
        for entry in await manager.get_stalled_jobs(seconds_since_heartbeat=self._pace.stalled_s):
            again = entry.attempts + 1 < self._retries.get(entry.task_name, _USUAL).tries
            if again:
                await manager.retry_job(entry)
            else:
                await manager.finish_job(entry, Status.FAILED, delete_job=False)
            told = _log.bind(job=entry.task_name, job_id=entry.id, attempt=entry.attempts + 1)
            (told.warning if again else told.error)("job of a dead process", again=again)
            self._on_end(entry.task_name, Ending.AGAIN if again else Ending.DEAD, 0.0)

    async def _delete_dead(self) -> None:
        await self._app.job_manager.delete_old_jobs(
            nb_hours=24 * self._pace.keep_days,
            include_failed=True,
            include_cancelled=True,
            include_aborted=True,
        )


def _nobody(*_: object) -> None:
    """Be told something that nobody asked for."""


def _quiet() -> None:
    """Leave the telling of attempts to this module; procrastinate would log the arguments."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    logging.getLogger("procrastinate.worker").setLevel(logging.CRITICAL)
    logging.getLogger("procrastinate.worker.plaudit").setLevel(logging.WARNING)
