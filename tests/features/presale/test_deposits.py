"""Deposits: a part now, the balance in its time, and what is kept when it does not come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plaudit.features.presale.schedule import forfeit_deposits
from plaudit.kernel.time import format_time
from plaudit.vocabulary.facts.dues import DueRejected
from plaudit.vocabulary.facts.tickets import TicketDeposited, TicketForfeited, TicketIssued
from tests.app.edge import problem
from tests.features.presale.hall import Hall
from tests.features.presale.stage import ENDS, NOON, STARTS, offer_body, show_body

DAY = timedelta(days=1)
TERMS: dict[str, Any] = {
    "deposit_minor": 2_000,
    "balance_from": "2026-11-25T00:00:00Z",
    "balance_until": "2026-11-30T00:00:00Z",
    "grace_s": 86_400,
    "forfeited": "75%",
    "rights": ["chat"],
}


@pytest.fixture
async def sold(hall: Hall) -> Hall:
    """Lend a hall that takes deposits of 20 on seats for 99."""
    await hall.stage.announce()
    await hall.stage.offer(deposit=TERMS)
    return hall


async def deposited(hall: Hall, viewer: str = "v1", quantity: int = 2) -> Any:  # noqa: ANN401 - JSON
    """Have a deposit paid, and return the order as it is then."""
    order = await hall.order(viewer, mode="deposit", quantity=quantity)
    assert order["amount_minor"] == 2_000 * quantity
    await hall.pay(order["due"])
    return await hall.seen(order["order"])


async def test_a_deposit_keeps_the_seats_and_gives_only_what_its_terms_say(sold: Hall) -> None:
    seen = await deposited(sold)
    assert (seen["state"], seen["balance_minor"]) == ("pledged", 15_800)
    assert seen["balance_due_until"] == "2026-12-01T00:00:00.000000Z"
    assert await sold.seats() == {"issued": -10, "stock": 8, "pledged": 2}
    assert await sold.rights("v1") == {"chat": 2}
    assert (await sold.money())["show/winter/deposits/CNY"] == 4_000
    await sold.assert_sound()


async def test_a_balance_that_is_paid_makes_the_tickets(sold: Hall) -> None:
    seen = await deposited(sold)
    await sold.pay(seen["balance_due"])
    (issued,) = await sold.facts(TicketIssued)
    assert (issued.paid_minor, issued.mode) == (19_800, "deposit")
    assert await sold.seats() == {"issued": -10, "stock": 8, "sold": 2}
    assert await sold.rights("v1") == {"chat": 2, "vip": 2}
    money = await sold.money()
    assert money["show/winter/takings/CNY"] == 19_800
    assert "show/winter/deposits/CNY" not in money
    await sold.tidy(days=30)
    assert await sold.facts(TicketForfeited) == []
    await sold.assert_sound()


async def test_a_ticket_tells_what_its_deposit_and_what_its_balance_were_paid_with(sold: Hall) -> None:
    order = await sold.order(mode="deposit")
    await sold.pay(order["due"], instrument="card-9")
    seen = await sold.seen(order["order"])
    await sold.pay(seen["balance_due"], instrument="card-1")
    await sold.pay((await sold.order("v2"))["due"], instrument="card-2")
    told = [(one.deposit_instrument_hash, one.instrument_hash) for one in await sold.facts(TicketIssued)]
    assert told == [("card-9", "card-1"), (None, "card-2")]


async def test_a_deposit_is_forfeited_as_far_as_its_terms_say(sold: Hall) -> None:
    seen = await deposited(sold)
    sold.stage.clock.time = NOON
    await sold.tidy(days=8)
    assert await sold.facts(TicketForfeited) == []
    await sold.tidy(days=1)
    (forfeited,) = await sold.facts(TicketForfeited)
    assert (forfeited.forfeited_minor, forfeited.returned_minor) == (3_000, 1_000)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    assert not await sold.rights("v1")
    assert (await sold.money())["show/winter/takings/CNY"] == 3_000
    again = await sold.seen(seen["order"])
    assert (again["state"], again["refunded_minor"]) == ("forfeited", 1_000)
    await sold.tidy(days=1)
    assert len(await sold.facts(TicketForfeited)) == 1
    await sold.assert_sound()


async def test_a_balance_that_comes_when_the_deposit_is_forfeited_goes_back(sold: Hall) -> None:
    seen = await deposited(sold)
    balance = seen["balance_due"]
    sold.stage.clock.time = NOON
    await sold.tidy(days=9)
    await sold.pay(balance)
    (rejected,) = await sold.facts(DueRejected)
    assert rejected.code == "deposit.forfeited"
    await sold.assert_sound()


async def test_a_balance_in_its_grace_is_taken(sold: Hall) -> None:
    seen = await deposited(sold)
    sold.stage.clock.time = NOON + 8 * DAY
    await sold.tidy()
    await sold.pay(seen["balance_due"])
    assert (await sold.seen(seen["order"]))["state"] == "issued"
    await sold.assert_sound()


async def test_a_deposit_that_is_refunded_gives_up_the_seats(sold: Hall) -> None:
    seen = await deposited(sold)
    (payment,) = sold.paid
    await sold.refund(payment)
    again = await sold.seen(seen["order"])
    assert (again["state"], again["refunded_minor"]) == ("returned", 4_000)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    assert not await sold.rights("v1")
    await sold.pay(seen["balance_due"])
    assert [one.code for one in await sold.facts(DueRejected)] == ["deposit.forfeited"]
    await sold.assert_sound()


async def test_no_deposits_are_taken_when_the_time_for_the_balance_is_over(sold: Hall) -> None:
    sold.stage.clock.time = NOON + 20 * DAY
    assert await sold.refused(mode="deposit") == "deposit.over"
    await sold.order()


async def test_a_cancelled_show_returns_even_what_was_forfeited(sold: Hall) -> None:
    await deposited(sold)
    await deposited(sold, "v2", 1)
    sold.stage.clock.time = NOON
    await sold.tidy(days=9)
    await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "no artist"})
    await sold.refunded()
    assert sum(sold.gone_back.values()) == 6_000
    assert await sold.money() == {}
    await sold.assert_sound()


async def test_a_cancelled_show_keeps_what_was_forfeited_where_the_terms_say_so(sold: Hall) -> None:
    await sold.stage.offer(deposit=TERMS | {"returned_if_cancelled": False})
    await deposited(sold)
    sold.stage.clock.time = NOON
    await sold.tidy(days=9)
    await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "no artist"})
    await sold.refunded()
    assert sum(sold.gone_back.values()) == 1_000
    assert len(await sold.facts(TicketDeposited)) == 1
    await sold.assert_sound()


async def test_a_deposit_is_not_forfeited_when_its_show_was_cancelled_before(sold: Hall) -> None:
    await sold.stage.offer(deposit=TERMS | {"returned_if_cancelled": False})
    await deposited(sold)
    await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "no artist"})
    sold.stage.clock.time = NOON + 9 * DAY
    await forfeit_deposits(sold.house, tenant_id=sold.stage.tenant_id)
    await sold.refunded()
    assert await sold.facts(TicketForfeited) == []
    assert sum(sold.gone_back.values()) == 4_000
    await sold.assert_sound()


async def test_one_deposit_that_cannot_be_forfeited_keeps_no_other(sold: Hall) -> None:
    await deposited(sold, "v1", 1)
    await deposited(sold, "v2", 1)
    path = "/v1/freezes/viewer/v1/right/winter/chat/right"
    await sold.acme.do("PUT", path, {"freeze": "all", "reason": "fraud"})
    sold.stage.clock.time = NOON
    await sold.tidy(days=9)
    assert [one.viewer for one in await sold.facts(TicketForfeited)] == ["v2"]
    await sold.acme.do("PUT", path, {"freeze": "none", "reason": "settled"})
    await sold.tidy()
    assert [one.viewer for one in await sold.facts(TicketForfeited)] == ["v2", "v1"]
    await sold.assert_sound()


async def test_a_balance_cannot_be_promised_for_after_the_show(sold: Hall) -> None:
    ends = STARTS + timedelta(hours=3)
    late = TERMS | {"balance_until": format_time(ends - timedelta(seconds=TERMS["grace_s"] - 1))}
    answer = await sold.acme.send("PUT", "/v1/offers/vip", offer_body(deposit=late))
    assert problem(answer, 400, "offer.invalid")["field"] == "deposit"
    last = TERMS | {"balance_until": format_time(ends - timedelta(seconds=TERMS["grace_s"]))}
    await sold.stage.offer(deposit=last)


async def test_a_deposit_is_not_forfeited_whose_show_was_moved_before_the_balance_was_over(
    sold: Hall,
) -> None:
    seen = await deposited(sold)
    ends = NOON + timedelta(days=6)
    await sold.acme.do("PUT", "/v1/shows/winter", show_body(starts_at=NOON + timedelta(days=5), ends_at=ends))
    for state in ("live", "ended"):
        sold.stage.clock.time = ends
        await sold.stage.move("winter", state)
    await sold.pay(seen["balance_due"])
    assert [one.code for one in await sold.facts(DueRejected)] == ["show.over"]
    await sold.tidy(days=30)
    (forfeited,) = await sold.facts(TicketForfeited)
    assert (forfeited.forfeited_minor, forfeited.returned_minor) == (0, 4_000)
    assert await sold.money() == {}
    await sold.assert_sound()


async def ended(hall: Hall, *, before_ends: timedelta) -> None:
    """Have the organiser end the show so long before its end."""
    hall.stage.clock.time = ENDS - before_ends
    await hall.stage.move("winter", "live")
    await hall.stage.move("winter", "ended")


async def until_late(hall: Hall) -> Any:  # noqa: ANN401 - JSON
    """Have a deposit paid whose balance is due twenty minutes before the show's end."""
    late = {"balance_until": format_time(ENDS - timedelta(minutes=30)), "grace_s": 600}
    await hall.stage.offer(deposit=TERMS | late)
    return await deposited(hall)


@pytest.mark.parametrize("pays", [True, False])
async def test_a_deposit_is_not_forfeited_whose_show_was_ended_before_the_balance_was_over(
    sold: Hall,
    pays: bool,
) -> None:
    seen = await until_late(sold)
    await ended(sold, before_ends=timedelta(minutes=20, seconds=1))
    if pays:
        await sold.pay(seen["balance_due"])
        assert [one.code for one in await sold.facts(DueRejected)] == ["show.over"]
    await sold.tidy(hours=2)
    (forfeited,) = await sold.facts(TicketForfeited)
    assert (forfeited.forfeited_minor, forfeited.returned_minor) == (0, 4_000)
    assert await sold.money() == {}
    await sold.assert_sound()


async def test_a_deposit_is_forfeited_whose_show_was_ended_when_the_balance_was_over(sold: Hall) -> None:
    await until_late(sold)
    await ended(sold, before_ends=timedelta(minutes=20))
    await sold.tidy(hours=2)
    (forfeited,) = await sold.facts(TicketForfeited)
    assert (forfeited.forfeited_minor, forfeited.returned_minor) == (3_000, 1_000)
    await sold.assert_sound()


async def test_who_paid_the_balance_in_time_forfeits_nothing_when_it_cannot_be_taken(sold: Hall) -> None:
    seen = await deposited(sold)
    path = "/v1/freezes/viewer/v1/right/winter/vip/right"
    await sold.acme.do("PUT", path, {"freeze": "all", "reason": "fraud"})
    await sold.pay(seen["balance_due"])
    assert [one.code for one in await sold.facts(DueRejected)] == ["account.frozen"]
    await sold.acme.do("PUT", path, {"freeze": "none", "reason": "settled"})
    sold.stage.clock.time = NOON
    await sold.tidy(days=9)
    (forfeited,) = await sold.facts(TicketForfeited)
    assert (forfeited.forfeited_minor, forfeited.returned_minor) == (0, 4_000)
    assert await sold.money() == {}
    await sold.assert_sound()
