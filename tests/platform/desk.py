"""A desk at which the jobs of tests are done, and a worker for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from plaudit.platform import jobs
from plaudit.platform.db import Database
from plaudit.platform.jobs import Attempt, Count, Ending, Job, Pace, Periodic, Retry, Worker, enqueue

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
