"""Refunds, transfers, cancellation and settlement: money goes where it should, and everything with it."""

from __future__ import annotations

import asyncio

import pytest

from plaudit.core.journal.subscriptions import store as subscription_store
from plaudit.features.presale.actions.cancellation import RefundShow, refund_rest, refund_show
from plaudit.platform.jobs import Attempt
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.dues import DueKept
from plaudit.vocabulary.facts.shows import ShowSettled
from plaudit.vocabulary.facts.tickets import TicketRefunded, TicketTransferred
from tests.features.presale.hall import Hall

BUNDLE = [
    {"kind": "coin", "amount_minor": 50},
    {"kind": "points", "amount_minor": 7},
    {"kind": "gift", "id": "rose", "amount_minor": 3},
]


@pytest.fixture
async def sold(hall: Hall) -> Hall:
    """Lend a hall with a bundle in each ticket, whose tickets can be handed on."""
    await hall.stage.announce()
    steps = [{"price_minor": 9_900, "count": 3}, {"price_minor": 12_900}]
    await hall.stage.offer(steps=steps, bundle=BUNDLE, transferable=True)
    return hall


async def bought(hall: Hall, viewer: str = "v1", quantity: int = 2) -> tuple[str, str]:
    """Have tickets bought; return the order and its payment."""
    order = await hall.order(viewer, quantity=quantity)
    return order["order"], await hall.pay(order["due"])


async def test_what_comes_with_a_ticket_is_given_with_it(sold: Hall) -> None:
    await bought(sold)
    balances = await sold.balances()
    assert balances["viewer/v1/coin"] == 100
    assert balances["viewer/v1/points"] == 14
    assert balances[chart.viewer_gift(viewer="v1", gift="rose")] == 6
    await sold.assert_sound()


async def test_a_whole_refund_takes_everything_back(sold: Hall) -> None:
    order, payment = await bought(sold)
    await sold.refund(payment)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    assert set(await sold.balances()) == {"offer/vip/issued/seat", "offer/vip/stock/seat"}
    seen = await sold.seen(order)
    assert (seen["state"], seen["refunded_minor"], seen["tickets"]) == ("returned", 19_800, [])
    (listed,) = (await sold.acme.get("/v1/ticket-orders", viewer="v1"))["items"]
    assert (listed["state"], listed["returned"]) == ("returned", 2)
    await sold.assert_sound()


async def test_a_part_gives_back_the_seats_that_it_pays_for_the_last_first(sold: Hall) -> None:
    order, payment = await bought(sold, quantity=4)
    await sold.refund(payment, 12_899)
    assert (await sold.seats())["sold"] == 4
    await sold.refund(payment, 1)
    assert (await sold.seats())["sold"] == 3
    await sold.refund(payment, 19_800)
    assert (await sold.seats())["sold"] == 1
    assert len((await sold.seen(order))["tickets"]) == 1
    assert await sold.rights("v1") == {"vip": 1, "chat": 1}
    assert [one.quantity for one in await sold.facts(TicketRefunded)] == [0, 1, 2]
    await sold.refund(payment)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    await sold.assert_sound()


async def test_spent_coins_of_a_bundle_are_a_loss_and_no_obstacle(sold: Hall) -> None:
    await sold.stage.offer(
        steps=[{"price_minor": 9_900}], bundle=[{"kind": "coin", "amount_minor": 50}], stock=10
    )
    _, payment = await bought(sold, quantity=1)
    await sold.acme.do("POST", "/v1/wallets/v1/credits", {"asset": "coin", "amount_minor": 1})
    body = {"address": "viewer/v1/coin", "amount_minor": -31, "reason": "spent"}
    made = await sold.acme.send("POST", "/v1/adjustments", body)
    assert made.status_code in {200, 201, 403}, made.text
    await sold.refund(payment)
    assert (await sold.seats())["stock"] == 10
    await sold.assert_sound()


async def test_a_ticket_is_handed_on_once_with_its_rights(sold: Hall) -> None:
    order, payment = await bought(sold)
    first, second = [one["ticket"] for one in (await sold.seen(order))["tickets"]]
    viewer = await sold.stage.viewer("v1")
    done = await viewer.do("POST", f"/v1/tickets/{second}/transfer", {"recipient": "v2"})
    assert done["holder"] == "v2"
    assert await sold.rights("v1") == await sold.rights("v2") == {"vip": 1, "chat": 1}
    for ticket, recipient, code in (
        (second, "v3", "ticket.transferred"),
        (first, "v1", "ticket.self"),
        (first, "no name", "body.invalid"),
        ("tkt_0000000000001", "v2", "ticket.unknown"),
        ("x", "v2", "invalid.id"),
    ):
        answer = await sold.acme.send("POST", f"/v1/tickets/{ticket}/transfer", {"recipient": recipient})
        assert answer.json()["code"] == code
    answer = await viewer.send("POST", f"/v1/tickets/{second}/transfer", {"recipient": "v3"})
    assert answer.json()["code"] == "ticket.unknown"
    (fact,) = await sold.facts(TicketTransferred)
    assert (fact.holder, fact.recipient) == ("v1", "v2")
    # The last ticket goes back first, from whoever holds it.
    await sold.refund(payment, 9_900)
    assert await sold.rights("v2") == {}
    assert await sold.rights("v1") == {"vip": 1, "chat": 1}
    await sold.assert_sound()


async def test_tickets_that_cannot_be_handed_on_are_not(sold: Hall) -> None:
    order, _ = await bought(sold)
    await sold.stage.offer(steps=[{"price_minor": 9_900}], transferable=False)
    ticket = (await sold.seen(order))["tickets"][0]["ticket"]
    answer = await sold.acme.send("POST", f"/v1/tickets/{ticket}/transfer", {"recipient": "v2"})
    assert answer.json()["code"] == "ticket.not_transferable"


async def test_a_cancelled_show_refunds_everybody_and_says_how_far_it_is(sold: Hall) -> None:
    for number in range(3):
        await bought(sold, f"v{number}")
    open_order = await sold.order("v9")
    done = await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "no artist"})
    assert done["state"] == "cancelled"
    await sold.refunded()
    progress = await sold.acme.get("/v1/shows/winter/cancellation")
    assert (progress["orders"], progress["asked"]) == (3, 3)
    assert progress["paid_minor"] == progress["refunded_minor"] == sum(sold.gone_back.values())
    assert [await sold.rights(f"v{number}") for number in range(3)] == [{}, {}, {}]
    await sold.pay(open_order["due"])
    assert await sold.money() == {}
    answer = await sold.acme.send("POST", "/v1/shows/winter/cancel", {"reason": "again"})
    assert answer.json()["code"] == "show.state"
    await sold.tidy(days=1)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    await sold.assert_sound()


async def test_a_cancelled_show_refunds_those_as_well_whose_accounts_are_frozen(sold: Hall) -> None:
    order = await sold.order("v1")
    await sold.pay(order["due"])
    gift = chart.viewer_gift(viewer="v1", gift="rose")
    for address in ("viewer/v1/right/winter/vip/right", "viewer/v1/coin", gift):
        await sold.acme.do("PUT", f"/v1/freezes/{address}", {"freeze": "debits", "reason": "looked at"})
    await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "no artist"})
    await sold.refunded()
    assert sum(sold.gone_back.values()) == order["amount_minor"]
    assert (await sold.seen(order["order"]))["state"] == "returned"
    # What is frozen stays where it is.
    assert await sold.rights("v1") == {"vip": 1}
    await sold.assert_sound()


async def test_the_refunds_of_a_cancelled_show_go_on_where_they_were(
    sold: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await bought(sold, f"v{number}", quantity=1)
    monkeypatch.setattr("plaudit.features.presale.actions.cancellation._PAGE", 2)
    await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "no artist"})
    arguments = RefundShow(tenant_id=sold.stage.tenant_id, show="winter")
    for number in (1, 2):
        await refund_show(sold.house, Attempt(arguments, number, last=False))
    await sold.refunded()
    assert len(sold.gone_back) == 5
    assert await refund_rest(sold.house, tenant_id=sold.stage.tenant_id) == 0
    await sold.assert_sound()


async def test_an_ended_show_is_settled_with_its_organiser(sold: Hall) -> None:
    await bought(sold)
    answer = await sold.acme.send("POST", "/v1/shows/winter/settle", {"asset": "CNY"})
    assert answer.json()["code"] == "show.not_ended"
    for state in ("live", "ended"):
        await sold.stage.move("winter", state)
    settled = await sold.acme.do("POST", "/v1/shows/winter/settle", {"asset": "CNY"})
    assert (settled["takings_minor"], settled["commission_minor"]) == (19_800, 1_980)
    money = await sold.money()
    assert money["creator/aurora/earnings/CNY"] == 17_820
    assert money["platform/revenue/CNY"] == 1_980
    for asset, code in (("CNY", "show.nothing_due"), ("XXX", "asset.unknown"), ("seat", "asset.unknown")):
        answer = await sold.acme.send("POST", "/v1/shows/winter/settle", {"asset": asset})
        assert answer.json()["code"] == code
    assert len(await sold.facts(ShowSettled)) == 1
    await sold.assert_sound()


async def test_a_refund_after_the_settlement_is_asked_of_the_organiser_and_then_lost(sold: Hall) -> None:
    _, first = await bought(sold)
    for state in ("live", "ended"):
        await sold.stage.move("winter", state)
    await sold.acme.do("POST", "/v1/shows/winter/settle", {"asset": "CNY"})
    await sold.refund(first)
    (refunded,) = await sold.facts(TicketRefunded)
    assert refunded.lost_minor == 1_980
    assert await sold.facts(DueKept) == []
    money = await sold.money()
    assert money["losses/CNY"] == -1_980
    assert money["platform/revenue/CNY"] == 1_980
    assert "creator/aurora/earnings/CNY" not in money
    await sold.assert_sound()


async def test_whoever_waits_for_an_account_while_money_moves_keeps_nobody_else(sold: Hall) -> None:
    """A span with payments and refunds locks all that it needs before it holds the journal's head."""
    await sold.stage.offer("main", steps=[{"price_minor": 9_900}], zone="main", rights=["main"])
    _, payment = await bought(sold)
    order = await sold.order("v2", "main")
    house, tenant_id = sold.house, sold.stage.tenant_id
    async with house.database.transaction() as hot:
        await hot.execute(
            "SELECT FROM ledger.account WHERE tenant_id = %s AND address = 'offer/vip/stock/seat' FOR UPDATE",
            (tenant_id,),
        )
        async with house.database.transaction() as held:
            await subscription_store.lock_cursor(held, tenant_id=tenant_id, name="presale.paid")
            await sold.pay_without_answer(order["due"])
            await sold.approve(payment)
        await asyncio.sleep(1)
        async with asyncio.timeout(5):
            await sold.acme.do("POST", "/v1/api-keys", {"name": "another", "scopes": ["tip.send"]})
    await sold.caught_up()
    assert await sold.rights("v2") == {"main": 1}
    assert (await sold.seats())["stock"] == 10
    await sold.assert_sound()
