"""Subscriptions on a real journal: turns, halving, dead letters, stopped projections, rebuild, waiting."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from plaudit.core.journal import read, subscriptions
from plaudit.core.journal.subscriptions import Runner, Span, Subscription, catch_up
from plaudit.platform.db import Connection, Database, connect
from tests.core.journal.support import (
    NOON,
    TALLY,
    TENANT,
    Clock,
    Deeds,
    Said,
    Shouted,
    column,
    create_tables,
    deeds,
    numbers,
    record,
    said,
    shouted,
)
from tests.kit.servers import DatabaseUrls

CLOCK = Clock()


@pytest.fixture(autouse=True)
def _tables(database: DatabaseUrls) -> None:
    create_tables(database)


async def _follow(db: Database, *followed: Subscription, batch_max: int = 2_000) -> None:
    await catch_up(database=db, subscriptions=followed, clock=CLOCK, batch_max=batch_max)


async def test_each_follower_reads_each_fact_once_in_batches(db: Database) -> None:
    await numbers(db, 10)
    await numbers(db, 3, tenant_id=8)
    acts = Deeds()
    await _follow(db, TALLY, acts.subscription, batch_max=4)
    assert await deeds(db) == list(range(1, 11))
    assert await deeds(db, tenant_id=8) == [1, 2, 3]
    assert sorted(acts.spans) == [(0, 3), (0, 4), (4, 8), (8, 10)]
    assert await column(db, "SELECT numbers FROM public.total ORDER BY tenant_id") == [55, 6]
    await numbers(db, 12, start=11)
    await _follow(db, TALLY, acts.subscription)
    await _follow(db, TALLY, acts.subscription)
    assert await deeds(db) == list(range(1, 13))


async def test_a_span_is_heard_as_what_its_facts_say(db: Database) -> None:
    await record(db, [said(1, message="one"), shouted(2), said(3), said(1), shouted(1)])
    await numbers(db, 9, tenant_id=8)
    types: dict[str, type[Said | Shouted]] = {Said.KIND: Said, Shouted.KIND: Shouted}
    async with db.connection() as conn:
        heard = await Span(TENANT, 1, 4).heard(conn, types)
        once = await Span(TENANT, 0, 5).heard(conn, {Said.KIND: Said}, saying=("number", "1"))
        found = await read.heard_at(conn, tenant_id=TENANT, positions=[1, 2, 9], types={Said.KIND: Said})
    assert [(one.position, one.data) for one in heard] == [
        (2, Shouted(number=2)),
        (3, Said(number=3)),
        (4, Said(number=1)),
    ]
    assert [one.position for one in once] == [1, 4]
    assert [(one.position, one.at, one.recorded_at, one.data) for one in found] == [
        (1, NOON, NOON, said(1, message="one").data)
    ]


async def test_a_projection_follows_its_kinds_and_its_cursor_passes_the_others(db: Database) -> None:
    await record(db, [said(1), shouted(100), said(2), shouted(200)])
    await _follow(db, TALLY)
    assert await column(db, "SELECT position FROM public.tally ORDER BY position") == [1, 3]
    async with db.connection() as conn:
        (lag,) = await subscriptions.lag(conn, names=[TALLY.name])
    assert (lag.position, lag.head, lag.state, lag.waiting_since) == (4, 4, "running", None)


async def test_lag_counts_from_the_first_unread_fact(db: Database) -> None:
    await numbers(db, 3)
    async with db.connection() as conn:
        (lag,) = await subscriptions.lag(conn, names=[TALLY.name], tenant_id=TENANT)
    assert (lag.position, lag.head, lag.waiting_since) == (0, 3, CLOCK.now())


@pytest.mark.parametrize("refused", [{1}, {10}, {4, 5}, {2, 7, 9}, set(range(1, 11))])
async def test_a_reaction_puts_aside_exactly_what_it_cannot_do(db: Database, refused: set[int]) -> None:
    await numbers(db, 10)
    acts = Deeds(refused=refused)
    await _follow(db, acts.subscription)
    assert await deeds(db) == [n for n in range(1, 11) if n not in refused]
    async with db.connection() as conn:
        letters = await subscriptions.dead_letters(conn, tenant_id=TENANT, subscription="test.deeds")
        (lag,) = await subscriptions.lag(conn, names=[acts.subscription.name])
    assert [letter.position for letter in letters] == sorted(refused)
    assert letters[0].problem == f"LookupError: number {min(refused)}"
    assert (lag.position, lag.state, lag.dead_letters) == (10, "running", len(refused))


async def test_halving_asks_few_times(db: Database) -> None:
    await numbers(db, 1_000)
    acts = Deeds(refused={700})
    await _follow(db, acts.subscription)
    assert len(await deeds(db)) == 999
    assert len(acts.spans) < 25


async def test_a_dead_letter_can_be_tried_again(db: Database) -> None:
    await numbers(db, 3)
    acts = Deeds(refused={2})
    await _follow(db, acts.subscription)
    again = {"tenant_id": TENANT, "subscription": acts.subscription, "position": 2}
    with pytest.raises(LookupError):
        await subscriptions.retry_dead_letter(db, **again)  # type: ignore[arg-type]
    assert await deeds(db) == [1, 3]
    acts.refused.clear()
    assert await subscriptions.retry_dead_letter(db, **again)  # type: ignore[arg-type]
    assert not await subscriptions.retry_dead_letter(db, **again)  # type: ignore[arg-type]
    assert await deeds(db) == [1, 3, 2]


async def test_a_dead_letter_quotes_no_rows(db: Database) -> None:
    await numbers(db, 1)

    async def apply(conn: Connection, span: Span) -> None:
        for _ in range(2):
            await conn.execute(
                "INSERT INTO public.tally VALUES (%s, %s, 424242)", (span.tenant_id, span.upto)
            )

    await _follow(db, Subscription(name="test.twice", kinds=None, apply=apply, kind="reaction"))
    (problem,) = await column(db, "SELECT problem FROM journal.dead_letter")
    assert str(problem).startswith("UniqueViolation: duplicate key")
    assert "(7, 1)" not in str(problem)


async def test_a_projection_stops_before_the_fact_and_resumes(db: Database, database: DatabaseUrls) -> None:
    acts = Deeds()
    await numbers(db, 20)
    await numbers(db, 5, tenant_id=8)
    await _follow(db, TALLY, acts.subscription)
    assert await column(db, "SELECT max(position) FROM public.tally WHERE tenant_id = 7") == [12]
    assert len(await deeds(db)) == 20
    assert await column(db, "SELECT facts FROM public.total WHERE tenant_id = 8") == [5]
    async with db.connection() as conn:
        (lag, _) = await subscriptions.lag(conn, names=[TALLY.name])
        assert (lag.position, lag.state) == (12, "stopped")
        assert lag.problem == "fact 13: DivisionByZero: division by zero"
        await numbers(db, 21, start=21)
        await _follow(db, TALLY)
        assert await column(db, "SELECT max(position) FROM public.tally WHERE tenant_id = 7") == [12]
        with connect(database.superuser_url, role=None) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("""UPDATE journal.fact SET data = '{"number": 14}' WHERE position = 13""")
        assert await subscriptions.resume(conn, tenant_id=TENANT, subscription="test.tally")
        assert not await subscriptions.resume(conn, tenant_id=TENANT, subscription="test.tally")
    await _follow(db, TALLY)
    assert await column(db, "SELECT max(position) FROM public.tally WHERE tenant_id = 7") == [21]


async def test_what_passes_by_itself_is_no_dead_letter(db: Database) -> None:
    await numbers(db, 5)
    acts = Deeds()
    acts.busy = 3
    await _follow(db, acts.subscription)
    assert await deeds(db) == [1, 2, 3, 4, 5]
    assert await column(db, "SELECT position FROM journal.dead_letter") == []


async def test_a_lost_connection_is_no_dead_letter(db: Database, database: DatabaseUrls) -> None:
    await numbers(db, 5)
    cut = [False, True]

    async def apply(conn: Connection, span: Span) -> None:
        await conn.execute("INSERT INTO public.tally VALUES (%s, %s, 0)", (span.tenant_id, span.upto))
        if cut.pop():
            with connect(database.superuser_url, role=None) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s)", (conn.info.backend_pid,))

    await _follow(db, Subscription(name="test.cut", kinds=None, apply=apply, kind="reaction"))
    assert await column(db, "SELECT position FROM public.tally") == [5]
    assert await column(db, "SELECT position FROM journal.dead_letter") == []


async def test_a_rebuild_gives_the_same_rows(db: Database) -> None:
    await record(db, [said(n) if n % 3 else shouted(n) for n in range(20, 60)])
    await _follow(db, TALLY)
    before = await column(db, "SELECT t::text FROM public.tally t ORDER BY 1")
    seen: list[tuple[int, int]] = []
    await subscriptions.rebuild(
        database=db,
        clock=CLOCK,
        subscription=TALLY,
        tenant_id=TENANT,
        progress=lambda reached, head: seen.append((reached, head)),
    )
    assert await column(db, "SELECT t::text FROM public.tally t ORDER BY 1") == before
    assert seen == [(0, 40)]
    assert await subscriptions.differences(database=db, subscription=TALLY, tenant_id=TENANT) == []


async def test_a_rebuild_lets_a_stopped_projection_run_and_spares_other_tenants(db: Database) -> None:
    await record(db, [said(1), said(13)])
    await numbers(db, 4, tenant_id=8)
    await _follow(db, TALLY)
    await subscriptions.rebuild(database=db, clock=CLOCK, subscription=TALLY, tenant_id=TENANT)
    assert await column(db, "SELECT count(*) FROM public.tally") == [5]
    assert await column(db, "SELECT state FROM journal.subscription ORDER BY tenant_id") == [
        "stopped",
        "running",
    ]


async def test_a_difference_is_named_with_its_rows(db: Database) -> None:
    await numbers(db, 5)
    await _follow(db, TALLY)
    async with db.connection() as conn:
        await conn.execute("UPDATE public.tally SET number = 99 WHERE position = 2")
        await conn.execute("DELETE FROM public.tally WHERE position = 4")
    (found,) = await subscriptions.differences(database=db, subscription=TALLY, tenant_id=TENANT)
    assert found.table == "public.tally"
    assert (found.live.rows, found.rebuilt.rows) == (4, 5)
    assert found.only_live == ('{"tenant_id":7,"position":2,"number":99}',)
    assert found.only_rebuilt == (
        '{"tenant_id":7,"position":2,"number":2}',
        '{"tenant_id":7,"position":4,"number":4}',
    )
    assert await column(db, "SELECT number FROM public.tally ORDER BY position") == [1, 99, 3, 5]


async def test_a_reaction_is_never_rebuilt(db: Database) -> None:
    acts = Deeds().subscription
    with pytest.raises(ValueError, match="is a reaction"):
        await subscriptions.rebuild(database=db, clock=CLOCK, subscription=acts, tenant_id=TENANT)
    with pytest.raises(ValueError, match="is a reaction"):
        await subscriptions.differences(database=db, subscription=acts, tenant_id=TENANT)


async def test_reading_ones_own_write_waits_for_the_projection(db: Database) -> None:
    position = await numbers(db, 3)
    waiting = {"tenant_id": TENANT, "subscription": "test.tally", "position": position}
    assert not await subscriptions.wait_until(db, **waiting, timeout_ms=30)  # type: ignore[arg-type]
    runner = Runner(database=db, subscriptions=[TALLY], clock=CLOCK)
    running = asyncio.create_task(runner.run())
    try:
        assert await subscriptions.wait_until(db, **waiting, timeout_ms=5_000)  # type: ignore[arg-type]
    finally:
        runner.stop()
        await running


async def test_subscriptions_say_what_they_are() -> None:
    async def nothing(_conn: Connection, _span: Span) -> None: ...

    with pytest.raises(AssertionError, match="follows no kind"):
        Subscription(name="s", kinds=(), apply=nothing, kind="reaction")
    with pytest.raises(AssertionError, match="only projections"):
        Subscription(name="s", kinds=None, apply=nothing, kind="reaction", tables=("a.b",))


async def test_only_what_a_reaction_does_waits_for_the_disk(db: Database) -> None:
    waits: dict[str, object] = {}

    async def apply(conn: Connection, span: Span) -> None:
        cursor = await conn.execute("SHOW synchronous_commit")
        waits[str(span.kinds)] = (await cursor.fetchone() or (None,))[0]

    await numbers(db, 1)
    projection = Subscription(name="test.p", kinds=("test.said",), apply=apply, kind="projection")
    reaction = Subscription(name="test.r", kinds=None, apply=apply, kind="reaction")
    await _follow(db, projection, reaction)
    assert waits == {"('test.said',)": "off", "None": "on"}
    assert set(await column(db, "SHOW synchronous_commit")) == {"on"}


async def test_the_running_role_may_not_undo_history_through_a_subscription(db: Database) -> None:
    await numbers(db, 2)

    async def apply(conn: Connection, _span: Span) -> None:
        await conn.execute("DELETE FROM journal.fact")

    await _follow(db, Subscription(name="test.undo", kinds=None, apply=apply, kind="projection"))
    (problem,) = await column(db, "SELECT problem FROM journal.subscription")
    assert str(problem).startswith(f"fact 1: {psycopg.errors.InsufficientPrivilege.__name__}")
