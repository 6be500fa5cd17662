"""Pages of facts, and what was known at a moment."""

from __future__ import annotations

from datetime import timedelta

from plaudit.core.journal import read
from plaudit.core.journal.read import FactPage
from plaudit.platform.db import Database
from tests.core.journal.support import NOON, TENANT, record, said, shouted


async def _page(db: Database, **given: object) -> FactPage:
    async with db.connection() as conn:
        return await read.page(conn, tenant_id=TENANT, **given)  # type: ignore[arg-type]


async def test_pages_join_without_gap_or_overlap(db: Database) -> None:
    await record(db, [said(n) for n in range(1, 8)])
    seen: list[int] = []
    after = 0
    while True:
        page = await _page(db, after=after, limit=3)
        if not page.facts:
            break
        seen += [fact.position for fact in page.facts]
        after = page.next_after
    assert seen == list(range(1, 8))
    assert (page.next_after, page.head) == (7, 7)


async def test_a_page_of_some_kinds_passes_the_others(db: Database) -> None:
    await record(db, [said(1), shouted(2), shouted(3), said(4), shouted(5)])
    first = await _page(db, after=0, limit=1, kinds=["test.said"])
    assert ([fact.position for fact in first.facts], first.next_after) == ([1], 1)
    second = await _page(db, after=1, limit=5, kinds=["test.said"])
    assert ([fact.position for fact in second.facts], second.next_after, second.head) == ([4], 5, 5)
    assert (await _page(db, after=0, limit=5, kinds=["test.none"])).next_after == 5


async def test_an_unknown_tenant_has_no_facts(db: Database) -> None:
    assert await _page(db, after=0, limit=5) == FactPage((), 0, 0)


async def test_one_fact_by_its_position(db: Database) -> None:
    await record(db, [said(1), said(2)])
    async with db.connection() as conn:
        fact = await read.fact_at(conn, tenant_id=TENANT, position=2)
        assert fact is not None
        assert (fact.kind, fact.subject, fact.actor, fact.at) == ("test.said", "viewer/v1", "viewer/v1", NOON)
        assert fact.data == {"number": 2}
        assert await read.fact_at(conn, tenant_id=TENANT, position=3) is None


async def test_some_facts_by_their_positions(db: Database) -> None:
    await record(db, [said(1), said(2), said(3)])
    async with db.connection() as conn:
        facts = await read.facts_at(conn, tenant_id=TENANT, positions=[3, 1, 4, 3])
        assert [fact.position for fact in facts] == [1, 3]
        assert await read.facts_at(conn, tenant_id=TENANT, positions=[]) == []


async def test_the_last_position_recorded_by_a_moment(db: Database) -> None:
    for n in range(1, 12):
        await record(db, [said(n)], at=NOON + timedelta(seconds=n // 2))
    async with db.connection() as conn:
        for n in range(-1, 8):
            moment = NOON + timedelta(seconds=n)
            expected = max([p for p in range(1, 12) if p // 2 <= n], default=0)
            assert await read.position_at(conn, tenant_id=TENANT, as_of=moment) == expected


async def test_the_time_of_recording_never_goes_back(db: Database) -> None:
    await record(db, [said(1)], at=NOON)
    await record(db, [said(2)], at=NOON - timedelta(hours=1))
    page = await _page(db, after=0, limit=5)
    assert [fact.recorded_at for fact in page.facts] == [NOON, NOON]
    assert page.facts[1].at == NOON - timedelta(hours=1)
