"""What a process does beside answering: listen, forget what has changed, follow the journal, keep time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from plaudit.app import meters
from plaudit.app.assembly import House
from plaudit.app.timetable import timetable
from plaudit.core.journal import read
from plaudit.core.journal.subscriptions import LAZY, PROMPT, Runner
from plaudit.platform import log
from plaudit.platform.jobs import Pace, Worker

_log = log.logger("background")

_REFRESH_MIN_S: Final = 0.05
_REFRESH_MAX_S: Final = 0.4
"""How long reference rows may go unchecked: with a slow database, too, the promised second holds."""
_AGAIN_S: Final = 1.0
_GAUGES_S: Final = 0.5
_FINISH_MAX_S: Final = 3.0
_CANCEL_AGAIN_S: Final = 0.1
_JOBS_POLLS: Final = 5
"""Jobs are looked for less often than facts: a notification tells of new ones, and a retry may be late."""
_GRACE_MAX_S: Final = 2.0
_GRACE_PART: Final = 0.4
"""What jobs have of the time that a process has to end."""
_FOLLOWERS: Final = (("follow", False, LAZY), ("react", True, PROMPT))
"""Who follows the journal: what its loop is called, whether it keeps up those who post, and how soon."""
_END_BY_THEMSELVES: Final = frozenset({"jobs", *(name for name, _, _ in _FOLLOWERS)})


class Background:
    """The loops of one process."""

    def __init__(self, *, house: House, follow: bool, keep_time: bool = True) -> None:
        """Follow the journal and do jobs only with `follow`; listening is for everybody.

        With `keep_time`, what is due on time is among the jobs.
        """
        self._house = house
        self._follow = follow
        self._stale = asyncio.Event()
        posting = {one.name for feature in house.features for one in feature.reactions}
        self._runners = {
            name: Runner(
                database=house.database,
                subscriptions=[one for one in house.subscriptions if (one.name in posting) is posts],
                clock=house.clock,
                rhythm=rhythm,
                on_lag=meters.show_lag,
            )
            for name, posts, rhythm in _FOLLOWERS
        }
        shutdown_s = house.settings.shutdown_ms / 1000
        self._jobs = Worker(
            database=house.database,
            house=house,
            jobs=[job for feature in house.features for job in feature.jobs],
            periodic=timetable(house) if keep_time else (),
            on_end=meters.count_job,
            on_broken=house.alarm.ring,
            pace=Pace(
                poll_s=_JOBS_POLLS * house.settings.poll_ms / 1000,
                grace_s=min(_GRACE_MAX_S, _GRACE_PART * shutdown_s),
                keep_days=house.settings.jobs_keep_days,
            ),
        )
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start all loops."""
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "listen": self._listen,
            "refresh": self._refresh,
            "gauges": self._gauges,
        }
        if self._follow:
            loops |= {name: runner.run for name, runner in self._runners.items()}
            loops["jobs"] = self._jobs.run
        self._tasks = [asyncio.create_task(self._keep(name, loop), name=name) for name, loop in loops.items()]

    async def end_jobs(self) -> None:
        """Begin no further job, and return when those under way have ended or were cut off."""
        self._jobs.stop()
        await asyncio.gather(*(task for task in self._tasks if task.get_name() == "jobs"))

    async def stop(self) -> None:
        """End all loops; a batch of a subscription is finished first, and jobs end as in `end_jobs`."""
        for runner in self._runners.values():
            runner.stop()
        self._jobs.stop()
        by_themselves = {task for task in self._tasks if task.get_name() in _END_BY_THEMSELVES}
        await _cancelled(set(self._tasks) - by_themselves)
        if by_themselves:
            _, late = await asyncio.wait(by_themselves, timeout=_FINISH_MAX_S)
            await _cancelled(late)

    async def _keep(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop again a second after it failed; a broken invariant stops the process."""
        while True:
            try:
                await loop()
            except AssertionError as broken:
                self._house.alarm.ring(broken)
                return
            except Exception as error:  # noqa: BLE001 - logged, and tried again
                _log.warning("loop failed", loop=name, exc_info=error)
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    async def _listen(self) -> None:
        house = self._house
        async with house.database.listen(read.CHANNEL, poll_ms=house.settings.poll_ms) as payloads:
            async for payload in payloads:
                if payload is None:
                    await self._look()
                else:
                    tenant_id, _, position = payload.partition(" ")
                    house.wake.moved(int(tenant_id), int(position))
                self._stale.set()
                for runner in self._runners.values():
                    runner.wake()

    async def _look(self) -> None:
        """Ask where the journals are: notifications may have been missed."""
        async with self._house.database.connection() as conn:
            for tenant_id, position in await read.heads(conn):
                self._house.wake.moved(tenant_id, position)

    async def _refresh(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_REFRESH_MAX_S):
                    await self._stale.wait()
            except TimeoutError:
                pass
            self._stale.clear()
            await self._house.references.refresh()
            await asyncio.sleep(_REFRESH_MIN_S)

    async def _gauges(self) -> None:
        while True:
            meters.QUEUE.set(self._house.corridor.writer.waiting)
            await asyncio.sleep(_GAUGES_S)


@asynccontextmanager
async def running(house: House, *, follow: bool, keep_time: bool = True) -> AsyncIterator[Background]:
    """Run the loops for the time of the block."""
    background = Background(house=house, follow=follow, keep_time=keep_time)
    background.start()
    try:
        yield background
    finally:
        await background.stop()


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks until all of them have ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, by which the pool waits for a connection, drops
    a cancellation that comes in the moment it is done.
    """
    pending = tasks
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_S)
