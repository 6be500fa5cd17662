"""Group commit: requests hand their commands to the process's writer, which commits all that waits at once.

There is no timer: while one batch commits, the next one gathers. A batch belongs to one tenant, and tenants
take turns. A tenant has one batch under way in a process, for a second one would only wait for the accounts
that all share, and be the smaller for it; other lanes serve other tenants. The queue is bounded: past its
bound a command is refused, to be sent again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from plaudit.core.commands import replay
from plaudit.core.commands.batch import (
    Broken,
    Prepared,
    Replay,
    Result,
    Stale,
    decide_and_send,
)
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.commands.references import References
from plaudit.core.ledger.accounts import Directory
from plaudit.core.ledger.store import Card
from plaudit.kernel.refusal import Refusal, busy
from plaudit.kernel.time import Clock
from plaudit.platform.db import Database
from plaudit.platform.failures import Final, classify, is_connection_lost, is_duplicate

_log = structlog.get_logger(__name__)

_CANCEL_AGAIN_S = 0.1
_CLOSING_AGAIN_S = 0.001
_RETRY_MS = (5, 20, 80, 300, 1000, 1000, 1000, 2000, 2000)
# Whoever waits is told after this time that the database is not there, rather than after all attempts.
_GIVE_UP_S = 12.0


@dataclass(slots=True)
class _Waiting:
    prepared: Prepared
    future: asyncio.Future[Outcome]


class Writer:
    """The process's way into the ledger for journal commands."""

    def __init__(
        self,
        *,
        database: Database,
        directory: Directory,
        prepare: Callable[[Command], Awaitable[Prepared]],
        references: References,
        clock: Clock,
        batch_max: int,
        queue_max: int,
        on_broken: Callable[[AssertionError], None],
    ) -> None:
        """Take ``prepare`` to plan a command anew, and ``on_broken`` to be told of a broken invariant.

        The process must stop then.
        """
        self._database = database
        self._directory = directory
        self._prepare = prepare
        self._references = references
        self._clock = clock
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._on_broken = on_broken
        self.on_batch: Callable[[int, int], None] | None = None
        """Told of every batch that was committed: its commands, and how many of them were recorded."""
        self._queues: dict[int, deque[_Waiting]] = {}
        self._busy: set[int] = set()
        self._turns: asyncio.Queue[int | None] = asyncio.Queue()
        self._lanes: list[asyncio.Task[None]] = []
        self._waiting = 0
        self._closing = False

    def write_on(self, database: Database) -> None:
        """Use a pool of the writer's own, opened `by_index`, of as many connections as it has lanes.

        Each connection has a server process behind it, and a batch is cheaper where the last one has been.
        """
        self._database = database

    @property
    def waiting(self) -> int:
        """Return how many commands wait for their batch."""
        return self._waiting

    def start(self, *, lanes: int) -> None:
        """Start committing, with ``lanes`` batches at a time."""
        self._lanes = [asyncio.create_task(self._lane(), name=f"writer-{n}") for n in range(lanes)]

    async def close(self, *, timeout_s: float | None = None) -> None:
        """Refuse new commands, commit those accepted, and stop.

        What is not committed by the end of ``timeout_s`` (the database is gone) is told that it is not known.
        """
        self._closing = True
        for _ in self._lanes:
            self._turns.put_nowait(None)
        late = set(self._lanes)
        if late:
            _, late = await asyncio.wait(late, timeout=timeout_s)
        while late:
            # Again and again: before Python 3.12 a cancellation can be dropped on its way.
            for lane in late:
                lane.cancel()
            _, late = await asyncio.wait(late, timeout=_CANCEL_AGAIN_S)
        for queue in self._queues.values():
            _give_up(queue)

    def hand_in(self, prepared: Prepared) -> asyncio.Future[Outcome]:
        """Queue a prepared command; the future tells its outcome. Raises Refusal queue.full."""
        if self._closing or self._waiting >= self._queue_max:
            raise busy(
                "queue.full", "The server has too much waiting; send the same request again.", retry_after_s=1
            )
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._enqueue(_Waiting(prepared, future), first=False)
        return future

    def _enqueue(self, waiting: _Waiting, *, first: bool) -> None:
        tenant_id = waiting.prepared.command.grant.tenant_id
        queue = self._queues.get(tenant_id)
        if queue is None:
            queue = self._queues[tenant_id] = deque()
        if not queue and tenant_id not in self._busy:
            self._turns.put_nowait(tenant_id)
        if first:
            queue.appendleft(waiting)
        else:
            queue.append(waiting)
        self._waiting += 1

    def _take(self, tenant_id: int) -> list[_Waiting]:
        queue = self._queues[tenant_id]
        batch = [queue.popleft() for _ in range(min(len(queue), self._batch_max))]
        self._waiting -= len(batch)
        self._busy.add(tenant_id)
        return batch

    def _release(self, tenant_id: int) -> None:
        self._busy.discard(tenant_id)
        if self._queues[tenant_id]:
            self._turns.put_nowait(tenant_id)

    async def _lane(self) -> None:
        while True:
            tenant_id = await self._turns.get()
            if tenant_id is None:
                if self._waiting:
                    self._turns.put_nowait(None)
                    await asyncio.sleep(_CLOSING_AGAIN_S)
                    continue
                return
            batch = self._take(tenant_id)
            try:
                await self._settle(tenant_id, batch)
            except asyncio.CancelledError:
                _give_up(batch)
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is handed to those who wait
                _log.exception("batch failed", commands=len(batch))
                for waiting in batch:
                    if not waiting.future.done():
                        waiting.future.set_exception(error)
            finally:
                self._release(tenant_id)

    async def _settle(self, tenant_id: int, batch: Sequence[_Waiting]) -> None:
        """Commit a batch, in halves when another process got in the way, and deliver every outcome."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _GIVE_UP_S
        for attempt, delay_ms in enumerate((*_RETRY_MS, 0)):
            try:
                results = await self._attempt(tenant_id, [w.prepared for w in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told to the one it belongs to
                fault = classify(error)
                if fault is Final and len(batch) > 1:
                    # Somebody else bound one of the keys, or one command is poison: find it without harm to
                    # the others.
                    middle = len(batch) // 2
                    await self._settle(tenant_id, batch[:middle])
                    await self._settle(tenant_id, batch[middle:])
                    return
                if fault is Final and not is_duplicate(error):
                    self._fail(batch[0], error)
                    return
                # Retryable and unknown alike: all keys of a batch are bound by its commit, so running it
                # again either does it or finds it done.
                _log.warning("batch runs again", fault=fault.__name__, attempt=attempt, error=str(error))
                if loop.time() >= ends:
                    break
                await asyncio.sleep(delay_ms / 1000)
                if is_connection_lost(error):
                    await self._database.drop_dead()
                continue
            self._count(results)
            await self._deliver(tenant_id, batch, results)
            return
        _give_up(batch)

    async def _attempt(self, tenant_id: int, batch: Sequence[Prepared]) -> list[Result]:
        now = self._clock.now()
        known: Mapping[str, Card] = self._directory.cards(tenant_id)
        if not all(address in known for prepared in batch for address in prepared.plan.accounts):
            wanted = {address for prepared in batch for address in prepared.plan.accounts}
            known = await self._directory.ensure(tenant_id=tenant_id, addresses=wanted, now=now)
        async with self._database.connection() as conn:
            async with conn.pipeline(), conn.transaction():
                sent = await decide_and_send(conn, tenant_id=tenant_id, batch=batch, cards=known, now=now)
            # Out of the pipeline: the commit is confirmed, or its error was raised.
            return await sent.outcomes()

    def _count(self, results: Sequence[Result]) -> None:
        if self.on_batch is not None:
            done = sum(1 for result in results if isinstance(result, Outcome) and not result.replayed)
            self.on_batch(len(results), done)

    async def _deliver(self, tenant_id: int, batch: Sequence[_Waiting], results: Sequence[Result]) -> None:
        replays: list[tuple[_Waiting, int]] = []
        stale: list[_Waiting] = []
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, Outcome):
                if not waiting.future.done():
                    waiting.future.set_result(result)
            elif isinstance(result, Replay):
                replays.append((waiting, result.position))
            elif isinstance(result, Stale):
                stale.append(waiting)
                self._references.learn(tenant_id=tenant_id, changes=result.changes)
            elif isinstance(result, Broken):
                self._fail(waiting, result.cause)
            elif not waiting.future.done():
                waiting.future.set_exception(result)
        if replays:
            await self._replay(tenant_id, replays)
        for waiting in reversed(stale):
            await self._plan_again(waiting)

    async def _replay(self, tenant_id: int, replays: Sequence[tuple[_Waiting, int]]) -> None:
        try:
            async with self._database.connection() as conn:
                outcomes = await replay.load(conn, tenant_id=tenant_id, positions=[p for _, p in replays])
        except Exception as error:  # noqa: BLE001 - handed to those who wait, or tried again
            for waiting, _ in reversed(replays):
                if classify(error) is Final:
                    self._fail(waiting, error)
                else:
                    # Their keys are bound: the next batch finds them done again.
                    self._enqueue(waiting, first=True)
            return
        for waiting, position in replays:
            if not waiting.future.done():
                waiting.future.set_result(outcomes[position])

    def _fail(self, waiting: _Waiting, cause: Exception) -> None:
        _log.error("a command failed", action=waiting.prepared.command.action, error=repr(cause))
        if not waiting.future.done():
            waiting.future.set_exception(cause)
        if isinstance(cause, AssertionError):
            self._on_broken(cause)

    async def _plan_again(self, waiting: _Waiting) -> None:
        try:
            waiting.prepared = await self._prepare(waiting.prepared.command)
        except Refusal as refusal:
            if not waiting.future.done():
                waiting.future.set_exception(refusal)
            return
        except Exception as error:  # noqa: BLE001 - not the fault of the others in its batch
            if classify(error) is Final:
                self._fail(waiting, error)
                return
            # As it was planned it is stale still, so the next batch sends it here again.
        self._enqueue(waiting, first=True)


def _give_up(batch: Iterable[_Waiting]) -> None:
    """Tell those who wait that it is not known whether theirs was done."""
    refusal = busy(
        "ledger.unavailable",
        "It is not known whether this was done; send the same request with the same key.",
        retry_after_s=2,
    )
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(refusal)
