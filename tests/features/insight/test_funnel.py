"""From view to paid, by campaign, inviter and hour."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.journal.subscriptions import rebuild
from plaudit.features.insight import queries
from plaudit.features.insight.feature import FEATURE
from plaudit.features.insight.http.board import events as board_events
from plaudit.features.insight.http.board_view import board_view
from plaudit.features.insight.model import hours_of
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import unauthenticated
from plaudit.kernel.time import format_time
from tests.features.insight.box_office import BoxOffice, open_hall
from tests.features.insight.desk import NOON
from tests.features.insight.test_tracking import event, tell, written

WEIBO = {"source": "Weibo", "campaign": "winter"}


async def play(office: BoxOffice) -> None:
    """Have three visitors come by a campaign, one by an invitation and one by neither; some of them buy."""
    await office.offer("floor", seats=100, prices=(5_000,))
    await tell(
        office,
        *(event(number, visitor=f"w{number}", campaign=WEIBO) for number in range(3)),
        event(3, visitor="i1", invitation="inv_1"),
        event(4, visitor="d1"),
        event(5, "click", visitor="w1", campaign=WEIBO, element="buy"),
    )
    await written(office)
    await office.sell("floor", (0, 2, 5_000), campaign="weibo:-:winter")
    await office.order("floor", (0, 1, 5_000), viewer="v2", campaign="weibo:-:winter")
    office.clock.advance(hours=1)
    await office.sell("floor", (0, 1, 5_000), viewer="v3", invitation="inv_1")
    await office.sell("floor", (0, 1, 5_000), viewer="v4")


def told(line: Any) -> tuple[int, ...]:  # noqa: ANN401 - JSON
    """Return views, visitors, clicks, orders, paid orders, seats and money of a line."""
    seats = sum(one["seats"] for one in line["money"])
    money = sum(one["money_minor"] for one in line["money"])
    counts = ("views", "visitors", "clicks", "orders", "paid_orders")
    return (*(line[name] for name in counts), seats, money)


async def test_by_campaign(office: BoxOffice) -> None:
    await play(office)
    lines = await office.funnel("campaign")
    assert told(lines["weibo:-:winter"]) == (3, 3, 1, 2, 1, 2, 10_000)
    assert told(lines[None]) == (2, 2, 0, 2, 2, 2, 10_000)
    assert lines["weibo:-:winter"]["paid_basis_points"] == 3_333
    assert len(lines) == 2


async def test_by_inviter(office: BoxOffice) -> None:
    await play(office)
    lines = await office.funnel("inviter")
    assert told(lines["inv_1"]) == (1, 1, 0, 1, 1, 1, 5_000)
    assert told(lines[None]) == (4, 4, 1, 3, 2, 3, 15_000)


async def test_by_hour_in_utc_and_by_the_tenants_clocks(office: BoxOffice) -> None:
    await play(office)
    lines = await office.funnel("hour", zone="tenant")
    assert {key: told(one) for key, one in lines.items()} == {
        "2026-11-22T12:00:00.000000Z": (5, 5, 1, 2, 1, 2, 10_000),
        "2026-11-22T13:00:00.000000Z": (0, 0, 0, 2, 2, 2, 10_000),
    }
    assert [one["local_hour"] for one in lines.values()] == [
        "2026-11-22T17:30:00+05:30",
        "2026-11-22T18:30:00+05:30",
    ]


async def test_of_a_span(office: BoxOffice) -> None:
    await play(office)
    later = {"from": format_time(NOON + timedelta(hours=1)), "until": format_time(NOON + timedelta(hours=2))}
    assert told((await office.funnel("campaign", **later))[None]) == (0, 0, 0, 2, 2, 2, 10_000)
    first = {"from": format_time(NOON), "until": format_time(NOON + timedelta(minutes=1))}
    lines = await office.funnel("campaign", **first)
    assert told(lines["weibo:-:winter"]) == (3, 3, 1, 2, 1, 2, 10_000)
    assert list(await office.funnel("hour", **later)) == ["2026-11-22T13:00:00.000000Z"]


async def test_all_lines_sum_to_the_total_whatever_is_shown(office: BoxOffice) -> None:
    await play(office)
    await office.caught_up()
    whole = (5, 5, 1, 4, 3, 4, 20_000)
    for by in ("campaign", "inviter", "hour"):
        found = await office.acme.get("/v1/shows/winter/funnel", by=by, limit=1)
        assert told(found["total"]) == whole
        assert (len(found["items"]), found["left_out"]) == (1, 1)
    board = await office.board()
    assert board["traffic"] == {"views": 5, "visitors": 5, "clicks": 1}
    (sums,) = board["orders"]
    assert (sums["orders"], sums["paid_orders"], sums["seats"], sums["money_minor"]) == (4, 3, 4, 20_000)


async def test_a_rebuild_gives_the_same_rows(office: BoxOffice) -> None:
    await play(office)
    before = [await office.funnel(by) for by in ("campaign", "inviter", "hour")]
    board = await office.board()
    assert await office.differing() == []
    for one in FEATURE.subscriptions:
        await rebuild(
            database=office.house.database, clock=office.clock, subscription=one, tenant_id=office.tenant_id
        )
    assert [await office.funnel(by) for by in ("campaign", "inviter", "hour")] == before
    assert await office.board() == board
    assert await office.differing() == []


async def test_the_sheet_shows_no_formula(office: BoxOffice) -> None:
    await tell(office, event(1, campaign={"source": "=HYPERLINK(1)"}), event(2))
    await written(office)
    await office.caught_up()
    answer = await office.acme.send("GET", "/v1/shows/winter/funnel.csv?zone=tenant")
    assert answer.headers["content-disposition"] == 'attachment; filename="funnel-winter.csv"'
    head, *lines = answer.text.splitlines()
    assert head.startswith("key,local_hour,views,visitors,clicks,orders,paid_orders,asset,seats,money_minor")
    assert sorted(line.split(",")[0] for line in lines) == ["'=hyperlink(1)", "direct"]


async def test_who_follows_the_board_is_told_when_something_was_sold(office: BoxOffice) -> None:
    await office.offer("floor", seats=100, prices=(5_000,))
    await office.caught_up()
    grant = Grant(office.tenant_id, Actor("app", "test"), frozenset())
    ended = False

    async def readmit() -> None:
        if ended:
            raise unauthenticated("auth.revoked", "It was revoked.")

    hours = hours_of(since=NOON, until=None, now=NOON)
    assert hours is not None
    found = await queries.board(
        database=office.house.database, tenant_id=office.tenant_id, show="winter", hours=hours
    )
    first = board_view(found, show="winter", zone=None)
    stream = board_events(office.house, grant=grant, show="winter", zone=None, first=first, readmit=readmit)
    assert (await anext(stream)).startswith(b"id: ")
    await office.sell("floor", (0, 2, 5_000))
    async with asyncio.timeout(20):
        while True:
            head, name, data = (await anext(stream)).decode().split("\n")[:3]
            assert (head[:4], name) == ("id: ", "event: board")
            if msgspec.json.decode(data.removeprefix("data: "))["seats"]["sold"] == 2:
                break
        ended = True
        assert [part async for part in stream] == [b"event: refused\ndata: auth.revoked\n\n"]


async def test_the_stream_answers_as_server_sent_events_and_ends_with_the_process(
    database_url: str, tmp_path: Path
) -> None:
    async with open_hall(database_url, tmp_path) as hall, asyncio.timeout(30):
        office = await hall.office()
        following = asyncio.create_task(office.acme.send("GET", "/v1/shows/winter/board/stream"))
        await asyncio.sleep(0.5)
        assert not following.done()
        office.house.wake.close()
        answer = await following
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count("event: board") == 1
