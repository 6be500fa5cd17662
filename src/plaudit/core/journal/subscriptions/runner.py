"""Keeping every subscription of every tenant up with its journal, in as many processes as there are.

One statement finds who is behind; each cursor is worked on by one process at a time. A runner is woken
after commits and looks by itself each second. It does not run for each commit: after a round it waits a
little, so that a busy journal is applied in batches and a quiet one at once. How long is its rhythm: somebody
waits for what is posted, one reaction after the other, while figures and boards may be half a second old.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from plaudit.core.journal import partitions
from plaudit.core.journal.subscriptions import store
from plaudit.core.journal.subscriptions.store import Behind, Lag
from plaudit.core.journal.subscriptions.subscription import Subscription
from plaudit.core.journal.subscriptions.turn import (
    BATCH_MAX,
    Turn,
    is_transient,
    problem_of,
    take_turn,
)
from plaudit.kernel.time import Clock
from plaudit.platform.db import Connection, Database

_log = structlog.get_logger(__name__)

_POLL_MS: Final = 1_000
_LANES: Final = 2
_AGAIN_MS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How far apart rounds start, in milliseconds: `stretch` times what the last one worked, within bounds.

    With 2 half of the time is rest under a steady load, with 1 only what is missing to `least_ms`.
    """

    least_ms: float
    most_ms: float
    stretch: float


LAZY: Final = Rhythm(least_ms=100, most_ms=400, stretch=2)
"""For most. The upper bound, the poll of another process and the batch itself together stay below the
second within which everybody has caught up."""
PROMPT: Final = Rhythm(least_ms=50, most_ms=150, stretch=1)
"""For those who post: three reactions that follow from each other have happened within a blink."""


class Runner:
    """Follows the journal for the given subscriptions until it is stopped."""

    def __init__(
        self,
        *,
        database: Database,
        subscriptions: Sequence[Subscription],
        clock: Clock,
        rhythm: Rhythm = LAZY,
        batch_max: int = BATCH_MAX,
        on_lag: Callable[[Sequence[Lag]], None] | None = None,
    ) -> None:
        """Take ``on_lag`` to be told each second how far everybody has got (metrics, alarms)."""
        self._database = database
        self._subscriptions = {subscription.name: subscription for subscription in subscriptions}
        assert len(self._subscriptions) == len(subscriptions), "two subscriptions have the same name"
        self._names = list(self._subscriptions)
        self._clock = clock
        self._rhythm = rhythm
        self._batch_max = batch_max
        self._on_lag = on_lag
        self._keeper = partitions.Keeper()
        self._event = asyncio.Event()
        self._stopping = False
        self._lanes = asyncio.Semaphore(_LANES)
        self._active: dict[str, asyncio.Task[None]] = {}
        self._passed_over = False
        self._interval_s = rhythm.least_ms / 1000
        self._applied = 0
        self._beaten = 0
        self._worked_s = 0.0

    def wake(self) -> None:
        """Say that something was recorded. Cheap; call it after every commit."""
        self._event.set()

    def stop(self) -> None:
        """Let `run` return when the batches under way have ended."""
        self._stopping = True
        self._event.set()

    async def run(self) -> None:
        """Follow the journal until `stop`. A database that cannot be reached is asked again each second."""
        if not self._subscriptions:
            return
        loop = asyncio.get_running_loop()
        looked_at = float("-inf")
        try:
            while not self._stopping:
                started = loop.time()
                try:
                    if started - looked_at >= _POLL_MS / 1000:
                        looked_at = started
                        await self._look_after()
                    await self._round()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    _log.warning("subscriptions cannot be read now", error=problem_of(error))
                await self._rest(started)
        finally:
            await asyncio.gather(*self._active.values(), return_exceptions=True)

    async def _rest(self, started: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(started + _POLL_MS / 1000):
                await self._event.wait()
        except TimeoutError:
            pass
        if not self._stopping and (delay_s := started + self._interval_s - loop.time()) > 0:
            await asyncio.sleep(delay_s)
        self._event.clear()

    async def _look_after(self) -> None:
        """Do what is due each second whether or not anybody is behind."""
        async with self._database.connection() as conn:
            await self._keeper.look(conn)
            if self._on_lag is not None:
                self._on_lag(await store.select_lag(conn, names=self._names))

    async def _round(self) -> None:
        self._pace()
        async with self._database.connection() as conn:
            behind = await store.select_behind(conn, names=self._names)
            await _create_missing(conn, behind)
            behind = await self._move_on(conn, behind)
        tenants: dict[str, deque[int]] = {}
        for one in behind:
            tenants.setdefault(one.name, deque()).append(one.tenant_id)
        self._passed_over = False
        for name, waiting in tenants.items():
            if name in self._active:
                self._passed_over = True
                continue
            task = asyncio.create_task(self._serve(self._subscriptions[name], waiting), name=f"follow-{name}")
            self._active[name] = task
            task.add_done_callback(partial(self._ended, name))

    async def _move_on(self, conn: Connection, behind: Sequence[Behind]) -> list[Behind]:
        """Move the cursors of those for whom nothing was recorded, all in one statement; return the others.

        Most subscriptions follow a few kinds of facts, and a turn of each would cost a transaction. Long
        spans are left to turns, which read them in batches.
        """
        idle: list[tuple[Behind, tuple[str, ...]]] = []
        for one in behind:
            kinds = self._subscriptions[one.name].kinds
            if kinds is not None and one.position is not None and one.head - one.position <= self._batch_max:
                idle.append((one, kinds))
        if not idle:
            return list(behind)
        moved = await store.move_on(conn, idle=idle)
        return [one for one in behind if (one.tenant_id, one.name) not in moved]

    def _pace(self) -> None:
        """Choose how long to wait for more, by what the last round was like."""
        if self._beaten and not self._applied:
            # Others were quicker each time: leave it to them, and only see that somebody does it.
            wanted_s = self._interval_s * 2
        else:
            wanted_s = max(self._rhythm.least_ms / 1000, self._worked_s * self._rhythm.stretch)
        self._interval_s = min(wanted_s, self._rhythm.most_ms / 1000)
        self._applied = 0
        self._beaten = 0
        self._worked_s = 0.0

    async def _serve(self, subscription: Subscription, tenants: deque[int]) -> None:
        """Give each tenant its turn, and another one while there is more to read."""
        loop = asyncio.get_running_loop()
        while tenants and not self._stopping:
            tenant_id = tenants.popleft()
            async with self._lanes:
                started = loop.time()
                turn = await take_turn(
                    database=self._database,
                    clock=self._clock,
                    subscription=subscription,
                    tenant_id=tenant_id,
                    batch_max=self._batch_max,
                )
                self._worked_s += loop.time() - started
            if turn is Turn.MORE:
                tenants.append(tenant_id)
            if turn is Turn.NOTHING:
                self._beaten += 1
            else:
                self._applied += 1

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._active[name]
        if self._passed_over:
            self._event.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("following the journal failed", subscription=name, exc_info=error)


async def _create_missing(conn: Connection, behind: Sequence[Behind]) -> None:
    missing = [one for one in behind if one.position is None]
    if missing:
        await store.create_cursors(
            conn, tenant_ids=[one.tenant_id for one in missing], names=[one.name for one in missing]
        )


async def catch_up(
    *,
    database: Database,
    subscriptions: Sequence[Subscription],
    clock: Clock,
    tenant_id: int | None = None,
    batch_max: int = BATCH_MAX,
    progress: Callable[[Behind], None] | None = None,
) -> None:
    """Apply everything recorded so far, of all tenants or of one, and return when nobody who runs is behind.

    Works beside runners of any process. ``progress`` is told who is behind before each turn.
    """
    by_name = {subscription.name: subscription for subscription in subscriptions}
    heads: dict[int, int] = {}
    while True:
        async with database.connection() as conn:
            found = await store.select_behind(conn, names=list(by_name), tenant_id=tenant_id)
            await _create_missing(conn, found)
        for one in found:
            heads.setdefault(one.tenant_id, one.head)
        # What is recorded meanwhile is not waited for, or a busy journal would keep this going for ever.
        behind = [one for one in found if (one.position or 0) < heads[one.tenant_id]]
        if not behind:
            return
        moved = False
        for one in behind:
            if progress is not None:
                progress(one)
            turn = await take_turn(
                database=database,
                clock=clock,
                subscription=by_name[one.name],
                tenant_id=one.tenant_id,
                batch_max=batch_max,
            )
            moved = moved or turn not in (Turn.NOTHING, Turn.LATER)
        if not moved:
            await asyncio.sleep(_AGAIN_MS / 1000)
