"""Reminders: each once, to whom it concerns, in their words, when it is time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from plaudit.features.notifications import schedule
from plaudit.features.notifications.reactions import SHOWS
from tests.features.notifications.theatre import NOON, Theatre, order_id

pytestmark = pytest.mark.anyio

STARTS_AT = NOON + timedelta(days=5)


async def test_a_buyer_is_told_at_once_and_a_day_and_an_hour_before_in_their_language_and_zone(
    theatre: Theatre,
) -> None:
    await theatre.contact("mei", language="zh", time_zone="Asia/Shanghai")
    await theatre.contact("ann", language="en", time_zone="America/New_York")
    await theatre.show(starts_at=STARTS_AT)
    mei = await theatre.buys("mei", quantity=2)
    await theatre.buys("ann")
    await theatre.tidy()
    assert [one["kind"] for one in await theatre.inbox("mei")] == ["ticket.bought"]
    (bought,) = await theatre.inbox("mei")
    assert bought["title"] == "《冬日演唱会》购票成功"
    assert bought["body"] == (
        "感谢您的购买。您已购得《冬日演唱会》门票 2 张，演出将于 2026年11月27日（周五）20:00 UTC+8 开始。\n"
        f"实付：198.00 元\n订单号：{order_id(mei)}\n观看链接：https://live.example/winter"
    )

    for gap in (
        timedelta(hours=24, seconds=1),
        timedelta(hours=24),
        timedelta(hours=1),
        timedelta(minutes=5),
    ):
        theatre.clock.time = STARTS_AT - gap
        await theatre.tidy()
        await theatre.tidy()
    for viewer in ("mei", "ann"):
        assert await theatre.told(viewer) == ["ticket.bought", "show.soon.24h", "show.soon.1h"]
    day, hour = (await theatre.inbox("ann"))[1:]
    assert day["created_at"] == "2026-11-26T12:00:00.000000Z"
    assert hour["created_at"] == "2026-11-27T11:00:00.000000Z"
    assert hour["body"] == (
        "Your show starts at Friday, 27 November 2026, 07:00 UTC-5.\n"
        "Watch it here: https://live.example/winter"
    )
    assert hour["link"] == "https://live.example/winter"
    theatre.clock.time = STARTS_AT + timedelta(days=1)
    await theatre.tidy()
    assert len(await theatre.inbox("mei")) == 3


async def test_a_clock_that_jumps_past_both_marks_sends_only_the_newest(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    await theatre.caught_up()
    theatre.clock.time = STARTS_AT - timedelta(minutes=30)
    await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought", "show.soon.1h"]


async def test_nobody_is_reminded_of_a_show_that_has_begun(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    await theatre.caught_up()
    theatre.clock.time = STARTS_AT
    await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought"]


async def test_who_buys_after_a_mark_is_not_reminded_of_it(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("early")
    theatre.clock.time = STARTS_AT - timedelta(hours=23)
    await theatre.buys("late")
    await theatre.tidy()
    assert await theatre.told("early") == ["ticket.bought", "show.soon.24h"]
    assert await theatre.told("late") == ["ticket.bought"]
    theatre.clock.time = STARTS_AT - timedelta(minutes=59)
    await theatre.buys("last")
    await theatre.tidy()
    assert await theatre.told("late") == ["ticket.bought", "show.soon.1h"]
    assert await theatre.told("last") == ["ticket.bought"]


async def test_none_is_reminded_after_a_refund_even_one_that_nobody_has_heard_of_yet(
    theatre: Theatre,
) -> None:
    await theatre.show(starts_at=STARTS_AT)
    order = await theatre.buys("v1", quantity=2)
    kept = await theatre.buys("v2", quantity=2)
    await theatre.caught_up()
    theatre.clock.time = STARTS_AT - timedelta(hours=24)
    await theatre.refunded("v1", order, quantity=2)
    await theatre.refunded("v2", kept, quantity=1)
    # The schedule itself waits until the reaction has read what was recorded.
    await schedule.tidy(theatre.house)
    await theatre.sent()
    assert await theatre.told("v1") == ["ticket.bought"]
    assert await theatre.told("v2") == ["ticket.bought", "show.soon.24h"]


async def test_a_ticket_that_was_handed_on_reminds_its_recipient(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    order = await theatre.buys("giver")
    two = await theatre.buys("sharer", quantity=2)
    await theatre.hands_on("giver", "friend", order)
    await theatre.hands_on("sharer", "other", two)
    theatre.clock.time = STARTS_AT - timedelta(hours=24)
    await theatre.tidy()
    assert await theatre.told("giver") == ["ticket.bought"]
    assert await theatre.told("friend") == ["show.soon.24h"]
    assert await theatre.told("sharer") == ["ticket.bought", "show.soon.24h"]
    assert await theatre.told("other") == ["show.soon.24h"]
    await theatre.refunded("giver", order, holders=("friend",))
    theatre.clock.time = STARTS_AT - timedelta(hours=1)
    await theatre.tidy()
    assert await theatre.told("friend") == ["show.soon.24h"]


async def test_a_balance_is_reminded_of_until_it_is_paid(theatre: Theatre) -> None:
    until = NOON + timedelta(days=4)
    await theatre.show(starts_at=STARTS_AT + timedelta(days=30))
    paid = await theatre.deposits("pays", balance_until=until)
    lost = await theatre.deposits("loses", balance_until=until)
    for gap in (timedelta(hours=72), timedelta(hours=24)):
        theatre.clock.time = until - gap
        await theatre.tidy()
    await theatre.buys("pays", order=paid)
    theatre.clock.time = until - timedelta(hours=1)
    await theatre.tidy()
    assert await theatre.told("pays") == ["balance.due.72h", "balance.due.24h", "ticket.bought"]
    assert await theatre.told("loses") == ["balance.due.72h", "balance.due.24h", "balance.due.1h"]
    last = (await theatre.inbox("loses"))[-1]
    assert last["title"] == "Pay for Winter concert within the hour"
    assert last["body"] == (
        "Please pay CNY 79.00 for Winter concert by Thursday, 26 November 2026, 12:00 UTC,"
        " or your seats go back.\n"
        f"Order: {order_id(lost)}"
    )
    await theatre.forfeits("loses", lost)
    theatre.clock.time = until + timedelta(days=1)
    await theatre.tidy()
    assert len(await theatre.inbox("loses")) == 3


async def test_a_balance_that_cannot_be_paid_yet_is_not_asked_for(theatre: Theatre) -> None:
    until = NOON + timedelta(days=4)
    await theatre.show(starts_at=STARTS_AT + timedelta(days=30))
    await theatre.deposits("v1", balance_until=until, balance_from=until - timedelta(hours=10))
    for hours in (72, 24):
        theatre.clock.time = until - timedelta(hours=hours)
        await theatre.tidy()
    assert await theatre.told("v1") == []
    theatre.clock.time = until - timedelta(hours=10)
    await theatre.tidy()
    assert await theatre.told("v1") == ["balance.due.24h"]


async def test_a_show_that_is_moved_is_told_to_all_and_reminded_of_from_its_new_time(
    theatre: Theatre,
) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    gone = await theatre.buys("gone")
    await theatre.deposits("half", balance_until=STARTS_AT - timedelta(minutes=1))
    await theatre.refunded("gone", gone)
    await theatre.tidy()
    theatre.clock.time = STARTS_AT - timedelta(hours=24)
    await theatre.tidy()
    new = STARTS_AT + timedelta(days=2)
    await theatre.show(starts_at=new, starts_before=STARTS_AT)
    await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought", "show.soon.24h", "show.moved"]
    assert (await theatre.inbox("v1"))[-1]["body"] == (
        "Winter concert was to start at Friday, 27 November 2026, 12:00 UTC"
        " and now starts at Sunday, 29 November 2026, 12:00 UTC.\n"
        "Your tickets stay valid.\nWatch it here: https://live.example/winter"
    )
    assert (await theatre.told("half"))[-1] == "show.moved"
    assert await theatre.told("gone") == ["ticket.bought"]
    theatre.clock.time = STARTS_AT - timedelta(hours=1)
    await theatre.tidy()
    assert (await theatre.told("v1"))[-1] == "show.moved"
    theatre.clock.time = new - timedelta(hours=24)
    await theatre.tidy()
    theatre.clock.time = new - timedelta(hours=1)
    await theatre.tidy()
    assert (await theatre.told("v1"))[-3:] == ["show.moved", "show.soon.24h", "show.soon.1h"]


async def test_a_show_that_is_moved_close_is_told_once_and_not_reminded_of_a_mark_that_has_passed(
    theatre: Theatre,
) -> None:
    await theatre.show(starts_at=STARTS_AT)
    await theatre.buys("v1")
    theatre.clock.advance(hours=1)
    new = theatre.clock.now() + timedelta(hours=5)
    await theatre.show(starts_at=new, starts_before=STARTS_AT)
    await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought", "show.moved"]
    theatre.clock.time = new - timedelta(hours=1)
    await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought", "show.moved", "show.soon.1h"]


async def test_a_cancelled_show_is_told_to_all_who_had_tickets_though_refunds_follow_at_once(
    theatre: Theatre,
) -> None:
    await theatre.contact("v1", language="zh", time_zone="Asia/Tokyo")
    await theatre.show(starts_at=STARTS_AT)
    order = await theatre.buys("v1")
    gone = await theatre.buys("gone")
    await theatre.refunded("gone", gone)
    half = await theatre.deposits("half", balance_until=STARTS_AT - timedelta(hours=2))
    await theatre.becomes("cancelled")
    await theatre.refunded("v1", order)
    await theatre.refunded("half", half)
    await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought", "show.cancelled"]
    assert (await theatre.inbox("v1"))[-1]["body"] == (
        "原定于 2026年11月27日（周五）21:00 UTC+9 开始的《冬日演唱会》已取消，您支付的款项将原路退回。"
    )
    assert await theatre.told("half") == ["show.cancelled"]
    assert await theatre.told("gone") == ["ticket.bought"]
    for gap in (timedelta(hours=24), timedelta(hours=1)):
        theatre.clock.time = STARTS_AT - gap
        await theatre.tidy()
    assert await theatre.told("v1") == ["ticket.bought", "show.cancelled"]
    assert await theatre.told("half") == ["show.cancelled"]


async def test_who_has_paid_for_a_place_in_a_group_hears_that_the_show_is_moved_or_cancelled(
    theatre: Theatre,
) -> None:
    await theatre.show(starts_at=STARTS_AT)
    stays, leaves, full = [await theatre.pledges(viewer) for viewer in ("stays", "leaves", "full")]
    await theatre.ends("leaves", leaves)
    await theatre.ends("unpaid", full + 1, cause="expired", paid=False)
    await theatre.buys("full", order=full)
    await theatre.show(starts_at=STARTS_AT + timedelta(hours=1), starts_before=STARTS_AT)
    await theatre.tidy()
    theatre.clock.time = STARTS_AT
    await theatre.tidy()
    await theatre.becomes("cancelled")
    await theatre.ends("stays", stays, cause="group")
    await theatre.tidy()
    assert await theatre.told("stays") == ["show.moved", "show.cancelled"]
    assert await theatre.told("leaves") == await theatre.told("unpaid") == []
    assert await theatre.told("full") == ["ticket.bought", "show.moved", "show.soon.1h", "show.cancelled"]


async def test_each_reminder_is_made_once_by_processes_at_once_and_facts_read_twice(theatre: Theatre) -> None:
    await theatre.show(starts_at=STARTS_AT)
    for number in range(30):
        await theatre.buys(f"v{number}")
    await theatre.caught_up()
    theatre.clock.time = STARTS_AT - timedelta(hours=24)
    await asyncio.gather(*(schedule.tidy(theatre.house) for _ in range(4)))
    await theatre.tidy()
    # A restored cursor reads everything again: what was told stays told once.
    async with theatre.house.database.transaction() as tx:
        await tx.execute(
            "UPDATE journal.subscription SET position = 0 WHERE tenant_id = %s AND name = %s",
            (theatre.tenant_id, SHOWS.name),
        )
    await theatre.tidy()
    for number in range(30):
        assert await theatre.told(f"v{number}") == ["ticket.bought", "show.soon.24h"]


async def test_many_viewers_are_told_page_by_page(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plaudit.features.notifications.actions.reminding.PAGE", 7)
    await theatre.show(starts_at=STARTS_AT)
    for number in range(23):
        await theatre.buys(f"v{number:02}")
    await theatre.becomes("cancelled")
    await theatre.tidy()
    for number in range(23):
        assert await theatre.told(f"v{number:02}") == ["ticket.bought", "show.cancelled"]
