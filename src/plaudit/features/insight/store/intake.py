"""Events on their way to the database: taken into memory at once, written together a moment later.

The one place of this feature that keeps something in a process. What it takes is bounded, over all tenants
and for each; past that events are dropped and counted, and nobody ever waits. A process that is killed loses
what it had not written, a quarter of a second of events or less; one that ends in order writes it first.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Final

from plaudit.features.insight.model import Event
from plaudit.features.insight.store import traffic
from plaudit.features.insight.store.traffic import Written
from plaudit.platform import log, telemetry
from plaudit.platform.db import Connection, Database
from plaudit.platform.failures import Final as FinalFailure
from plaudit.platform.failures import classify

_log = log.logger("insight")

EVENTS: Final = telemetry.counter(
    "track_events",
    "Page views and clicks by what became of them: kept, doubled (kept before), strange (of no show),"
    " dropped (too many waited), lost (the database refused them, or the process ended first).",
    labels=("outcome",),
)
WAITING: Final = telemetry.gauge("track_waiting_events", "Page views and clicks that wait to be written.")

WAITING_MAX: Final = 20_000
"""Events of all tenants that may wait in one process; of one tenant half as many."""

_BATCH_MAX: Final = 1_000
_EVERY_S: Final = 0.25
_AGAIN_S: Final = 1.0
_CLOSE_S: Final = 3.0


class Intake:
    """The events that wait in one process, by tenant. A task writes them for as long as there are some."""

    def __init__(self, *, database: Database, waiting_max: int = WAITING_MAX) -> None:
        """Begin with none; at most `waiting_max` ever wait."""
        self._database = database
        self._max = waiting_max
        self._waiting: dict[int, deque[Event]] = {}
        self._size = 0
        self._hurry = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def put(self, events: Sequence[Event], *, tenant_id: int) -> int:
        """Take events of a tenant, as many as there is room for, and return how many were taken."""
        waiting = self._waiting.setdefault(tenant_id, deque())
        room = max(0, min(self._max - self._size, self._max // 2 - len(waiting)))
        taken = events[:room]
        waiting.extend(taken)
        self._size += len(taken)
        if len(taken) < len(events):
            EVENTS.labels("dropped").inc(len(events) - len(taken))
        WAITING.set(self._size)
        if self._size >= _BATCH_MAX:
            self._hurry.set()
        if self._size and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._drain(), name="insight-intake")
        return len(taken)

    async def close(self) -> None:
        """Write what waits. What cannot be written within three seconds is lost, counted and logged."""
        self._closing = True
        self._hurry.set()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=_CLOSE_S)
            for task in late:
                task.cancel()
                await asyncio.wait([task])
        if self._size:
            EVENTS.labels("lost").inc(self._size)
            _log.error("events lost at the end of the process", events=self._size)

    async def _drain(self) -> None:
        """Write until nothing waits, a batch each quarter of a second, or as soon as one is full."""
        while self._size:
            try:
                async with asyncio.timeout(_EVERY_S):
                    await self._hurry.wait()
            except TimeoutError:
                pass
            if not self._closing:
                self._hurry.clear()
            failed = False
            for tenant_id in list(self._waiting):
                failed = not await self._write(tenant_id) or failed
            WAITING.set(self._size)
            if failed:
                await asyncio.sleep(_AGAIN_S)
            elif self._size >= _BATCH_MAX:
                self._hurry.set()

    async def _write(self, tenant_id: int) -> bool:
        """Write a batch of a tenant; False when it stays here because the database is away."""
        waiting = self._waiting[tenant_id]
        batch = list(islice(waiting, _BATCH_MAX))
        if not batch:
            del self._waiting[tenant_id]
            return True
        try:
            written = await self._database.run(partial(_written, tenant_id=tenant_id, events=batch))
        except Exception as error:  # noqa: BLE001 - classed, and counted or tried again
            if classify(error) is not FinalFailure:
                _log.warning("events wait for the database", tenant_id=tenant_id, exc_info=error)
                return False
            _log.error("events lost", tenant_id=tenant_id, events=len(batch), exc_info=error)
            EVENTS.labels("lost").inc(len(batch))
        else:
            EVENTS.labels("kept").inc(written.kept)
            EVENTS.labels("doubled").inc(written.doubled)
            EVENTS.labels("strange").inc(written.strange)
        # Nobody else takes from the front, so these are the ones that were written.
        for _ in batch:
            waiting.popleft()
        self._size -= len(batch)
        return True


async def _written(conn: Connection, *, tenant_id: int, events: Sequence[Event]) -> Written:
    return await traffic.write_events(conn, tenant_id=tenant_id, events=events)
