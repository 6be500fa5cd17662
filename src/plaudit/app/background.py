"""What a process does beside answering: listen, forget what has changed, follow the journal, keep time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from plaudit.app import meters
from plaudit.app.assembly import House
from plaudit.core.feature import Schedule
from plaudit.core.journal import read
from plaudit.core.journal.subscriptions import Runner
from plaudit.platform import log
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.failures import classify
from plaudit.platform.schedule import run_if_due

_log = log.logger("background")

_REFRESH_MIN_S: Final = 0.05
_REFRESH_MAX_S: Final = 0.4
"""How long reference rows may go unchecked: with a slow database, too, the promised second holds."""
_AGAIN_S: Final = 1.0
_GAUGES_S: Final = 0.5
_SCHEDULES_S: Final = 1.0
_SWEEP_EVERY: Final = timedelta(minutes=1)


class Background:
    """The loops of one process."""

    def __init__(self, *, house: House, follow: bool) -> None:
        """Follow the journal and keep time only with `follow`; listening is for everybody."""
        self._house = house
        self._follow = follow
        self._stale = asyncio.Event()
        self._runner = Runner(
            database=house.database,
            subscriptions=house.subscriptions,
            clock=house.clock,
            on_lag=meters.show_lag,
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
            loops |= {"follow": self._runner.run, "schedules": self._schedules}
        self._tasks = [asyncio.create_task(self._keep(name, loop), name=name) for name, loop in loops.items()]

    async def stop(self) -> None:
        """End all loops; a batch of a subscription that is under way is finished first."""
        self._runner.stop()
        for task in self._tasks:
            if task.get_name() != "follow":
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
                self._runner.wake()

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

    async def _schedules(self) -> None:
        house = self._house
        schedules = [one for feature in house.features for one in feature.schedules]
        schedules.append(Schedule("app.sweep_leases", _SWEEP_EVERY, _sweep_leases))
        while True:
            for schedule in schedules:
                await self._run(schedule)
            await asyncio.sleep(_SCHEDULES_S)

    async def _run(self, schedule: Schedule) -> None:
        house = self._house
        try:
            await run_if_due(
                house.database,
                name=schedule.name,
                every=schedule.every,
                now=house.clock.now(),
                work=lambda: schedule.work(house),
            )
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            if classify(error) is FinalFailure:
                _log.error("scheduled work failed", schedule=schedule.name, exc_info=error)
            else:
                _log.warning("scheduled work comes later", schedule=schedule.name, exc_info=error)


async def _sweep_leases(house: House) -> None:
    await house.limiter.sweep()


@asynccontextmanager
async def running(house: House, *, follow: bool) -> AsyncIterator[Background]:
    """Run the loops for the time of the block."""
    background = Background(house=house, follow=follow)
    background.start()
    try:
        yield background
    finally:
        await background.stop()
