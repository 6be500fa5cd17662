"""The workers of the two baselines: a call and a commit a tip, and batches inserted without looking."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from threading import Thread

import psycopg
import uvloop

from plaudit.app.bench import store, workload
from plaudit.app.bench.crew import Order, Station, Tally
from plaudit.app.bench.house import GRANT, TENANT, House, house
from plaudit.app.bench.poster import today
from plaudit.app.bench.store import Packed, Row
from plaudit.app.tuning import settle_memory
from plaudit.core.journal.facts import encode, seal
from plaudit.kernel.rate import Rate
from plaudit.platform.db import Database, connection_text

_SEVEN_TENTHS = Rate.basis_points(7_000)


def row_locks(station: Station, *, url: str, viewers: int, connections: int) -> None:
    """Serve orders with one blocking connection a thread, each posting one tip after the other."""
    text = connection_text(url=url)
    links = [psycopg.connect(text, autocommit=True, prepare_threshold=0) for _ in range(connections)]
    for order in station.orders():
        rows = uvloop.run(_rows(url=url, order=order, viewers=viewers))
        calls = [store.row_lock_call(row, limit_minor=workload.DAY_LIMIT_MINOR) for row in rows]
        settle_memory()
        lanes = [_Caller(link, calls[number::connections], order) for number, link in enumerate(links)]
        station.ready()
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        station.hand_in(
            Tally(
                done=sum(lane.done for lane in lanes),
                refused=sum(lane.refused for lane in lanes),
                seconds=max(lane.seconds for lane in lanes),
                cpu_s=max(lane.cpu_s for lane in lanes),
            )
        )
    for link in links:
        link.close()


class _Caller(Thread):
    def __init__(
        self, link: psycopg.Connection, calls: Sequence[tuple[str, tuple[object, ...]]], order: Order
    ) -> None:
        super().__init__()
        self._link = link
        self._calls = iter(calls)
        self._order = order
        self.done = self.refused = 0
        self.seconds = self.cpu_s = 0.0

    def run(self) -> None:
        """Call until the time is over; count what was answered after the warm-up."""
        self._until(time.perf_counter() + self._order.warmup_s)
        self.done = self.refused = 0
        started, cpu = time.perf_counter(), time.process_time()
        self._until(started + self._order.seconds)
        self.seconds, self.cpu_s = time.perf_counter() - started, time.process_time() - cpu

    def _until(self, end: float) -> None:
        cursor = self._link.cursor()
        while time.perf_counter() < end and (call := next(self._calls, None)) is not None:
            row = cursor.execute(call[0], call[1], prepare=True).fetchone()
            assert row is not None
            if row[0] > 0:
                self.done += 1
            else:
                self.refused += 1


def bare_insert(
    station: Station, *, url: str, viewers: int, connections: int, batch_max: int, balances: bool
) -> None:
    """Serve orders by inserting packed batches on each connection, one batch after the other."""
    uvloop.run(
        _bare_insert(
            station, url=url, viewers=viewers, connections=connections, batch_max=batch_max, balances=balances
        )
    )


async def _bare_insert(
    station: Station, *, url: str, viewers: int, connections: int, batch_max: int, balances: bool
) -> None:
    async with Database.open(url, pool_max=connections) as database:
        for order in station.orders():
            rows = await _rows(url=url, order=order, viewers=viewers)
            batches = iter([store.pack(rows[n : n + batch_max]) for n in range(0, len(rows), batch_max)])
            del rows
            settle_memory()
            station.ready()
            counts = await asyncio.gather(
                *(
                    _insert(database, batches=batches, order=order, balances=balances)
                    for _ in range(connections)
                )
            )
            station.hand_in(
                Tally(
                    done=sum(done for done, _, _ in counts),
                    refused=0,
                    seconds=max(seconds for _, seconds, _ in counts),
                    cpu_s=max(cpu_s for _, _, cpu_s in counts),
                )
            )


async def _insert(
    database: Database, *, batches: Iterator[Packed], order: Order, balances: bool
) -> tuple[int, float, float]:
    async with database.connection() as conn:
        end = time.perf_counter() + order.warmup_s
        while time.perf_counter() < end and (packed := next(batches, None)) is not None:
            await store.insert_batch(conn, packed=packed, balances=balances)
        started, cpu, done = time.perf_counter(), time.process_time(), 0
        end = started + order.seconds
        while time.perf_counter() < end and (packed := next(batches, None)) is not None:
            await store.insert_batch(conn, packed=packed, balances=balances)
            done += packed.length
        return done, time.perf_counter() - started, time.process_time() - cpu


async def _rows(*, url: str, order: Order, viewers: int) -> list[Row]:
    """Draw an order's tips and prepare all that can be known of them without reading what changes."""
    audience = workload.Audience(randomness=Random(order.seed), viewers=viewers, hot=order.hot)  # noqa: S311 - a draw
    async with house(url=url, lanes=1, batch_max=1) as here:
        tips = list(audience.tips(order.tips))
        await _know(here, tips)
        cards, day, at = here.directory.cards(TENANT), today(), datetime.now(UTC)
        rows = []
        for number, tip in enumerate(tips):
            wallet, earnings, revenue = workload.addresses_of(tip)
            viewer_id, creator_id, platform_id = cards[wallet].id, cards[earnings].id, cards[revenue].id
            share = _SEVEN_TENTHS.of(tip.amount_minor)
            moves = [
                (viewer_id, -tip.amount_minor),
                (creator_id, share),
                (platform_id, tip.amount_minor - share),
            ]
            command = workload.tip_command(grant=GRANT, tip=tip, key=f"{order.seed}-{number}", day=day)
            fact = workload.tip_fact(tip, creator_minor=share, day_before_minor=number)
            rows.append(
                Row(
                    viewer_id,
                    creator_id,
                    platform_id,
                    tip.amount_minor,
                    share,
                    *command.digests(),
                    seal(fact=fact, data=encode(fact), actor=GRANT.actor.text, at=at, moves=moves),
                    workload.window_of(wallet, day=day),
                )
            )
        return rows


async def _know(here: House, tips: Sequence[workload.Tip]) -> None:
    addresses = sorted({address for tip in tips for address in workload.addresses_of(tip)})
    for start in range(0, len(addresses), 10_000):
        await here.directory.ensure(
            tenant_id=TENANT, addresses=addresses[start : start + 10_000], now=datetime.now(UTC)
        )
