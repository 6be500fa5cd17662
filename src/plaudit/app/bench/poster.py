"""A worker that posts prepared commands through the real writer, as many at a time as a busy server has."""

import asyncio
import gc
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import uvloop

from plaudit.app.bench import workload
from plaudit.app.bench.crew import Order, Station, Tally
from plaudit.app.bench.house import GRANT, House, house
from plaudit.app.tuning import settle_memory
from plaudit.core.commands.batch import Prepared
from plaudit.core.commands.command import Outcome
from plaudit.core.commands.writer import Writer


def work(station: Station, *, url: str, lanes: int, batch_max: int, viewers: int) -> None:
    """Serve orders until there are no more."""
    uvloop.run(_work(station, url=url, lanes=lanes, batch_max=batch_max, viewers=viewers))


async def _work(station: Station, *, url: str, lanes: int, batch_max: int, viewers: int) -> None:
    async with house(url=url, lanes=lanes, batch_max=batch_max) as here:
        for order in station.orders():
            gc.unfreeze()
            prepared = await _prepare(here, order=order, viewers=viewers)
            settle_memory()
            station.ready()
            feed = _Feed(writer=here.corridor.writer, prepared=prepared, window=2 * lanes * batch_max)
            station.hand_in(await feed.run(order))


async def _prepare(here: House, *, order: Order, viewers: int) -> list[Prepared]:
    audience = workload.Audience(randomness=Random(order.seed), viewers=viewers, hot=order.hot)  # noqa: S311 - a draw
    day = today()
    return await here.prepare(
        [
            workload.tip_command(grant=GRANT, tip=tip, key=f"{order.seed}-{number}", day=day)
            for number, tip in enumerate(audience.tips(order.tips))
        ]
    )


def today() -> tuple[datetime, datetime]:
    """Return the day that the limit counts in."""
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


class _Feed:
    """Keeps ``window`` commands with the writer, and counts the outcomes that come back."""

    def __init__(self, *, writer: Writer, prepared: Sequence[Prepared], window: int) -> None:
        self._writer = writer
        self._commands = iter(prepared)
        self._window = window
        self._under_way = 0
        self._done = self._refused = 0
        self._answered = asyncio.Event()

    async def run(self, order: Order) -> Tally:
        """Post for the order's time, or until the commands are used up, and wait for all answers."""
        await self._until(time.perf_counter() + order.warmup_s)
        started, cpu = time.perf_counter(), time.process_time()
        done, refused = self._done, self._refused
        await self._until(started + order.seconds)
        tally = Tally(
            done=self._done - done,
            refused=self._refused - refused,
            seconds=time.perf_counter() - started,
            cpu_s=time.process_time() - cpu,
        )
        while self._under_way:
            await self._next_answers()
        return tally

    async def _until(self, end: float) -> None:
        while time.perf_counter() < end and self._refill():
            await self._next_answers()

    def _refill(self) -> bool:
        """Hand in until the window is full; False when neither commands nor answers are left to wait for."""
        hand_in, commands = self._writer.hand_in, self._commands
        while self._under_way < self._window:
            command = next(commands, None)
            if command is None:
                break
            hand_in(command).add_done_callback(self._take)
            self._under_way += 1
        return self._under_way > 0

    async def _next_answers(self) -> None:
        self._answered.clear()
        await self._answered.wait()

    def _take(self, future: asyncio.Future[Outcome]) -> None:
        self._under_way -= 1
        if future.exception() is None:
            self._done += 1
        else:
            self._refused += 1
        self._answered.set()
