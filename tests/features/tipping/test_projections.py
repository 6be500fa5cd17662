"""What is kept of tips for lists and totals: always what the facts say, live or rebuilt."""

from __future__ import annotations

import asyncio
import random

import pytest

from plaudit.features.tipping import queries
from plaudit.features.tipping.store.tips import Side
from plaudit.kernel.refusal import Refusal
from plaudit.platform.db import Database
from tests.features.floor import Floor, open_floor

pytestmark = pytest.mark.anyio


async def totals(
    floor: Floor, by: Side, *, asset: str = "coin", show: str | None = None
) -> list[tuple[str, int, int]]:
    await floor.caught_up()
    found = await queries.totals(
        database=floor.database, tenant_id=floor.tenant_id, by=by, asset=asset, show=show, limit=None
    )
    return [(one.id, one.amount_minor, one.tips) for one in found]


async def listed(floor: Floor, **filters: str | None) -> list[int]:
    await floor.caught_up()
    given = {"viewer": None, "creator": None, "show": None, **filters}
    positions: list[int] = []
    cursor: str | None = None
    while True:
        page = await queries.tip_page(
            database=floor.database, tenant_id=floor.tenant_id, limit=2, cursor=cursor, **given
        )
        positions += [row.position for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return positions


async def test_totals_are_net_of_reversals_and_by_show(floor: Floor) -> None:
    for viewer in ("ann", "bob"):
        await floor.credit(viewer, 1_000)
    await floor.register("c1")
    await floor.register("c2")
    first = await floor.tip("ann", "c1", 100, show="s1")
    second = await floor.tip("ann", "c2", 50)
    await floor.tip("bob", "c1", 120, show="s1")
    assert await totals(floor, "viewer") == [("ann", 150, 2), ("bob", 120, 1)]
    await floor.reverse(first, 40)
    await floor.reverse(second)
    assert await totals(floor, "viewer") == [("bob", 120, 1), ("ann", 60, 1)]
    assert await totals(floor, "viewer", show="s1") == [("bob", 120, 1), ("ann", 60, 1)]
    assert await totals(floor, "creator") == [("c1", 180, 2)]
    assert await totals(floor, "creator", show="s2") == []
    assert await totals(floor, "creator", asset="USD") == []
    assert await floor.differences() == []


async def test_an_anonymous_tip_counts_for_the_creator_and_names_nobody(floor: Floor) -> None:
    await floor.credit("ann", 1_000)
    await floor.register("c1")
    tip = await floor.tip("ann", "c1", 100, anonymous=True, show="s1")
    assert await totals(floor, "viewer") == []
    assert await totals(floor, "creator", show="s1") == [("c1", 100, 1)]
    await floor.reverse(tip, 30)
    assert await totals(floor, "viewer") == []
    assert await totals(floor, "creator") == [("c1", 70, 1)]


async def test_tips_are_listed_newest_first_by_any_side(floor: Floor) -> None:
    for viewer in ("ann", "bob"):
        await floor.credit(viewer, 1_000)
    await floor.register("c1")
    await floor.register("c2")
    tips = [
        (await floor.tip(viewer, creator, 10, show=show)).position
        for viewer, creator, show in (
            ("ann", "c1", "s1"),
            ("ann", "c2", None),
            ("bob", "c1", "s1"),
            ("ann", "c1", "s2"),
            ("ann", "c1", "s1"),
        )
    ]
    assert await listed(floor) == tips[::-1]
    assert await listed(floor, viewer="ann") == [tips[4], tips[3], tips[1], tips[0]]
    assert await listed(floor, creator="c1", show="s1") == [tips[4], tips[2], tips[0]]
    assert await listed(floor, viewer="bob", creator="c2") == []


@pytest.mark.parametrize("cursor", ["", "nonsense", "WyJhIl0"])
async def test_a_cursor_is_sent_as_it_was_given(floor: Floor, cursor: str) -> None:
    with pytest.raises(Refusal, match=r"cursor\.invalid"):
        await queries.tip_page(
            database=floor.database,
            tenant_id=floor.tenant_id,
            viewer=None,
            creator=None,
            show=None,
            limit=None,
            cursor=cursor,
        )


async def test_one_waits_for_ones_own_write(floor: Floor) -> None:
    await floor.credit("ann", 100)
    await floor.register("c1")
    tip = await floor.tip("ann", "c1", 10)

    async def seen() -> bool:
        return await queries.caught_up(
            database=floor.database, tenant_id=floor.tenant_id, position=tip.position
        )

    assert not await seen()
    waiting = asyncio.create_task(seen())
    await floor.caught_up()
    assert await waiting


async def test_a_rebuild_gives_the_same_rows_after_a_busy_evening(db: Database) -> None:
    chance = random.Random(7)  # noqa: S311 - the same evening each time
    async with open_floor(db, lanes=2) as floor, open_floor(db, slug="neighbour") as neighbour:
        viewers, creators = [f"v{n}" for n in range(6)], [f"c{n}" for n in range(3)]
        await asyncio.gather(*(floor.credit(viewer, 5_000) for viewer in viewers))
        await neighbour.credit("v0", 5_000)
        await neighbour.register("c0")
        await neighbour.tip("v0", "c0", 1)
        await asyncio.gather(*(floor.register(creator) for creator in creators))

        async def evening(turn: int) -> None:
            fields = {"show": chance.choice([None, "s1", "s2"]), "anonymous": turn % 5 == 0}
            tip = await floor.tip(
                chance.choice(viewers), chance.choice(creators), chance.randint(1, 50), **fields
            )
            if turn % 3 == 0:
                await floor.reverse(tip, None if turn % 2 else 1)
            if turn % 10 == 0:
                await floor.caught_up()

        for start in range(0, 60, 12):
            await asyncio.gather(*(evening(turn) for turn in range(start, start + 12)))
        assert await floor.differences() == []
        earned = {creator: amount for creator, amount, _ in await totals(floor, "creator")}
        balances = await floor.everything()
        given = 30_000 - sum(balances[f"viewer/{viewer}/coin"] for viewer in viewers)
        assert sum(earned.values()) == given
        assert await totals(neighbour, "creator") == [("c0", 1, 1)]
