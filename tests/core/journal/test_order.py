"""Readers page by `position > last` and miss nothing, whoever writes or dawdles beside them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.journal import read, store
from plaudit.core.journal.subscriptions import Span, Subscription, catch_up
from plaudit.core.ledger import holds
from plaudit.platform.db import Connection, Database
from plaudit.vocabulary import chart
from tests.core.journal.support import (
    PROOF,
    TENANT,
    Clock,
    append,
    create_tables,
    numbers,
    record,
    said,
)
from tests.kit.house import House, credit, grant, open_tenant, running_house
from tests.kit.servers import DatabaseUrls, TestServer, fresh_database


async def _page_to(db: Database, last: int, *, tenant_id: int = TENANT, limit: int = 100) -> list[Any]:
    """Read as a follower does: page after page, until the fact at `last` has come."""
    seen: list[Any] = []
    after = 0
    async with asyncio.timeout(120):
        while after < last:
            async with db.connection() as conn:
                page = await read.page(conn, tenant_id=tenant_id, after=after, limit=limit)
            seen += page.facts
            after = page.next_after
            await asyncio.sleep(0.001)
    return seen


async def test_an_open_transaction_here_holds_no_reader_up(db: Database, database: DatabaseUrls) -> None:
    create_tables(database)
    with psycopg.connect(database.url) as idle:
        # It has a snapshot, a transaction id of its own and locks, older than everything that follows.
        idle.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        idle.execute("INSERT INTO public.total VALUES (99, 0, 0)")
        idle.execute("SELECT count(*) FROM journal.fact")
        await numbers(db, 5)
        assert [fact.position for fact in await _page_to(db, 5)] == [1, 2, 3, 4, 5]
        idle.rollback()


async def test_an_open_transaction_in_another_database_holds_no_reader_up(
    db: Database, postgres: TestServer
) -> None:
    with fresh_database(postgres) as other, psycopg.connect(other.owner_url) as idle:
        idle.execute("CREATE TABLE public.thing (id int)")
        await numbers(db, 5)
        assert [fact.position for fact in await _page_to(db, 5)] == [1, 2, 3, 4, 5]


async def test_a_recorder_that_dawdles_is_waited_for_by_position(db: Database) -> None:
    await record(db, [said(1)])
    written = asyncio.Event()
    go_on = asyncio.Event()

    async def dawdle() -> None:
        async with db.transaction() as tx:
            await append(tx, [said(2)])
            written.set()
            await go_on.wait()

    dawdler = asyncio.create_task(dawdle())
    await written.wait()
    follower = asyncio.create_task(record(db, [said(3)]))
    assert [fact.position for fact in await _page_to(db, 1)] == [1]
    assert not follower.done()
    go_on.set()
    await asyncio.gather(dawdler, follower)
    assert [fact.data["number"] for fact in await _page_to(db, 3)] == [1, 2, 3]


async def test_a_refused_transaction_leaves_no_hole(db: Database) -> None:
    await record(db, [said(1)])

    async def append_and_fail() -> None:
        async with db.transaction() as tx:
            await append(tx, [said(2), said(3)])
            raise LookupError

    with pytest.raises(LookupError):
        await append_and_fail()
    assert await record(db, [said(4)]) == 2


async def test_readers_beside_eight_writers_see_every_position_once_and_in_order(
    db: Database, database: DatabaseUrls
) -> None:
    commits, most = (500, 40) if PROOF else (40, 9)
    sizes = [1 + (n * 7) % most for n in range(commits)]
    last = 8 * sum(sizes)
    await record(db, [])

    async def write(writer: int) -> None:
        async with Database.open(database.url, pool_max=1) as own:
            for n, size in enumerate(sizes):
                await record(own, [said(writer * 1_000_000 + n) for _ in range(size)])

    async def read_all(limit: int) -> list[Any]:
        async with Database.open(database.url, pool_max=1) as own:
            return await _page_to(own, last, limit=limit)

    readers = [asyncio.create_task(read_all(limit)) for limit in (7, 100, 10_000)]
    await asyncio.gather(*(write(writer) for writer in range(8)))
    for reader in readers:
        seen = await reader
        assert [fact.position for fact in seen] == list(range(1, last + 1))
        assert [fact.recorded_at for fact in seen] == sorted(fact.recorded_at for fact in seen)


async def test_a_follower_beside_eight_writers_applies_every_position_once(
    db: Database, database: DatabaseUrls
) -> None:
    create_tables(database)
    commits = 500 if PROOF else 30
    spans: list[tuple[int, int]] = []

    async def note(_conn: Connection, span: Span) -> None:
        spans.append((span.after, span.upto))

    follower = Subscription(name="test.note", kinds=None, apply=note, kind="reaction")

    async def write(writer: int) -> None:
        async with Database.open(database.url, pool_max=1) as own:
            for n in range(commits):
                await record(own, [said(writer), said(n)])

    writing = asyncio.gather(*(write(writer) for writer in range(8)))
    while not writing.done():
        await catch_up(database=db, subscriptions=[follower], clock=Clock(), batch_max=50)
        await asyncio.sleep(0.01)
    await writing
    await catch_up(database=db, subscriptions=[follower], clock=Clock(), batch_max=50)
    assert spans[0][0] == 0
    assert all(one[1] == following[0] for one, following in itertools.pairwise(spans))
    assert spans[-1][1] == 16 * commits


def _act(house: House, key: str, plan: Plan) -> Awaitable[Outcome]:
    command = Command(
        action="test.act",
        permission="tip.send",
        grant=grant(house.tenant_id),
        key=key,
        content=b"{}",
        plan=lambda _lookup: plan,
    )
    return house.corridor.submit(command)


async def _hold_and_capture(first: House, second: House, viewer: str) -> tuple[int, int]:
    """Open a hold by one writer and capture it by another as soon as it is answered."""
    wallet = chart.viewer_wallet(viewer=viewer, asset="coin")
    revenue = chart.platform_revenue(asset="coin")
    deadline = first.clock.now() + timedelta(hours=1)
    opening = holds.open_hold(address=wallet, amount_minor=10, deadline=deadline)
    opened = await _act(
        first, f"{viewer}-open", Plan(decide=lambda _book: opening, accounts=holds.accounts_of(wallet))
    )
    captured = await _act(
        second,
        f"{viewer}-capture",
        Plan(
            decide=lambda book: holds.capture(book, hold_id=opened.position, shares=[(revenue, 10)]),
            accounts=(*holds.accounts_of(wallet), revenue),
            holds=(opened.position,),
        ),
    )
    return opened.position, captured.position


async def test_a_hold_and_its_capture_from_two_writers_are_read_in_that_order(
    db: Database, database: DatabaseUrls
) -> None:
    viewers = [f"v{n}" for n in range(400 if PROOF else 40)]
    tenant_id = await open_tenant(db)
    async with (
        Database.open(database.url, pool_max=4) as one,
        Database.open(database.url, pool_max=4) as two,
        running_house(one, tenant_id=tenant_id) as first,
        running_house(two, tenant_id=tenant_id) as second,
    ):
        await asyncio.gather(
            *(
                first.corridor.submit(credit(tenant_id, viewer=viewer, amount_minor=10, key=viewer))
                for viewer in viewers
            )
        )
        reading = asyncio.create_task(_page_to(db, 3 * len(viewers), tenant_id=tenant_id, limit=5))
        pairs = await asyncio.gather(*(_hold_and_capture(first, second, viewer) for viewer in viewers))
        seen = [fact.position for fact in await reading]
    async with db.connection() as conn:
        facts = await store.select_at(conn, tenant_id=tenant_id, positions=seen)
    kinds = {fact.position: fact.kind for fact in facts}
    assert seen == list(range(1, 3 * len(viewers) + 1))
    for opened, captured in pairs:
        assert seen.index(opened) < seen.index(captured)
        assert (kinds[opened], kinds[captured]) == ("hold.opened", "hold.captured")
