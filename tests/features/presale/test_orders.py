"""Orders: seats are held at their price of now, paid or given back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from plaudit.vocabulary.facts.dues import DueRejected
from plaudit.vocabulary.facts.tickets import OrderEnded, TicketIssued
from tests.features.presale.hall import Hall
from tests.features.presale.stage import NOON, STARTS

STEPS = [{"price_minor": 9_900, "count": 3}, {"price_minor": 12_900}]


@pytest.fixture
async def sold(hall: Hall) -> Hall:
    """Lend a hall whose show has one offer of ten seats, three of them cheap."""
    await hall.stage.announce()
    await hall.stage.offer(steps=STEPS, hold_s=600, per_person_max=6)
    return hall


async def test_seats_are_held_while_the_buyer_pays(sold: Hall) -> None:
    order = await sold.order(quantity=2)
    assert order["amount_minor"] == order["total_minor"] == 19_800
    assert order["lines"] == [{"step": 0, "quantity": 2, "price_minor": 9_900}]
    assert order["hold_s"] == 600
    assert await sold.seats() == {"issued": -10, "stock": 8, "held stock": 2}
    seen = await sold.seen(order["order"])
    assert (seen["state"], seen["remaining_s"]) == ("reserved", 600)
    await sold.assert_sound()


async def test_a_paid_order_is_tickets_with_their_rights(sold: Hall) -> None:
    order = await sold.order(quantity=2)
    await sold.pay(order["due"])
    assert await sold.seats() == {"issued": -10, "stock": 8, "sold": 2}
    assert await sold.rights("v1") == {"vip": 2, "chat": 2}
    assert (await sold.money())["show/winter/takings/CNY"] == 19_800
    seen = await sold.seen(order["order"])
    assert (seen["state"], seen["paid_minor"], len(seen["tickets"])) == ("issued", 19_800, 2)
    (listed,) = (await sold.acme.get("/v1/ticket-orders", viewer="v1"))["items"]
    assert (listed["order"], listed["state"]) == (order["order"], "issued")
    assert len((await sold.acme.get("/v1/tickets", viewer="v1"))["items"]) == 2
    await sold.assert_sound()


async def test_an_order_over_the_edge_of_a_step_is_split_there(sold: Hall) -> None:
    order = await sold.order(quantity=5)
    assert order["lines"] == [
        {"step": 0, "quantity": 3, "price_minor": 9_900},
        {"step": 1, "quantity": 2, "price_minor": 12_900},
    ]
    assert order["total_minor"] == 3 * 9_900 + 2 * 12_900


async def test_an_order_that_is_not_paid_gives_its_seats_back_at_its_price(sold: Hall) -> None:
    order = await sold.order(quantity=2)
    await sold.tidy(seconds=600)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    assert (await sold.seen(order["order"]))["state"] == "expired"
    (ended,) = await sold.facts(OrderEnded)
    assert (ended.cause, ended.quantity) == ("expired", 2)
    again = await sold.order(quantity=3)
    assert again["lines"] == [{"step": 0, "quantity": 3, "price_minor": 9_900}]
    await sold.assert_sound()


async def test_a_step_that_was_full_stays_closed(sold: Hall) -> None:
    order = await sold.order(quantity=3)
    await sold.acme.do("POST", f"/v1/ticket-orders/{order['order']}/cancel")
    assert await sold.seats() == {"issued": -10, "stock": 10}
    again = await sold.order("v2")
    assert again["lines"] == [{"step": 1, "quantity": 1, "price_minor": 12_900}]
    await sold.assert_sound()


@pytest.mark.parametrize("close", [True, False])
async def test_a_payment_that_comes_to_nothing_gives_the_seats_back(sold: Hall, *, close: bool) -> None:
    order = await sold.order(quantity=2)
    await sold.fail(order, close=close)
    assert await sold.seats() == {"issued": -10, "stock": 10}
    (ended,) = await sold.facts(OrderEnded)
    assert ended.cause == "payment"
    await sold.assert_sound()


async def test_whoever_pays_late_gets_the_seats_that_are_still_free(sold: Hall) -> None:
    order = await sold.order(quantity=2)
    await sold.tidy(seconds=601)
    await sold.pay(order["due"])
    (issued,) = await sold.facts(TicketIssued)
    assert issued.late
    assert await sold.seats() == {"issued": -10, "stock": 8, "sold": 2}
    assert (await sold.order("v2", quantity=2))["lines"][0]["step"] == 0
    await sold.assert_sound()


async def test_who_pays_late_before_the_seats_went_back_gets_them(sold: Hall) -> None:
    order = await sold.order(quantity=2)
    sold.stage.clock.advance(seconds=601)
    await sold.pay(order["due"])
    (issued,) = await sold.facts(TicketIssued)
    assert issued.late
    assert await sold.seats() == {"issued": -10, "stock": 8, "sold": 2}
    await sold.assert_sound()


async def test_who_pays_when_the_price_is_gone_has_the_money_back(sold: Hall) -> None:
    order = await sold.order(quantity=2)
    await sold.tidy(seconds=601)
    await sold.pay((await sold.order("v2", quantity=3))["due"])
    await sold.pay(order["due"])
    (rejected,) = await sold.facts(DueRejected)
    assert rejected.code == "order.expired"
    assert await sold.seats() == {"issued": -10, "stock": 7, "sold": 3}
    assert not await sold.rights("v1")
    await sold.assert_sound()


async def test_who_pays_when_all_seats_are_gone_has_the_money_back(sold: Hall) -> None:
    await sold.stage.offer(steps=[{"price_minor": 9_900}], stock=3, hold_s=600, per_person_max=6)
    order = await sold.order(quantity=2)
    await sold.tidy(seconds=601)
    await sold.pay((await sold.order("v2", quantity=2))["due"])
    await sold.pay(order["due"])
    (rejected,) = await sold.facts(DueRejected)
    assert rejected.code == "order.expired"
    await sold.assert_sound()


async def test_one_person_has_no_more_than_the_limit(sold: Hall) -> None:
    await sold.stage.offer(steps=STEPS, per_person_max=4, per_order_max=3)
    await sold.pay((await sold.order(quantity=3))["due"])
    assert await sold.refused(quantity=2) == "offer.person_limit"
    one = await sold.order(quantity=1)
    assert await sold.refused(quantity=1) == "offer.person_limit"
    await sold.acme.do("POST", f"/v1/ticket-orders/{one['order']}/cancel")
    await sold.order(quantity=1)
    await sold.order("v2", quantity=3)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quantity": 0}, "order.quantity"),
        ({"quantity": -1}, "order.quantity"),
        ({"quantity": 7}, "order.too_many"),
        ({"quantity": 2**53 + 1}, "order.too_many"),
        ({"quantity": 1.5}, "body.invalid"),
        ({"quantity": "1"}, "body.invalid"),
        ({"offer": "none"}, "offer.unknown"),
        ({"offer": "no such thing"}, "offer.unknown"),
        ({"mode": "deposit"}, "offer.mode"),
        ({"mode": "group"}, "offer.mode"),
        ({"mode": "credit"}, "body.invalid"),
        ({"group": "grp_0000000000001"}, "body.invalid"),
        ({"mode": "group", "group": "grp_0000000000001"}, "group.unknown"),
        ({"mode": "group", "group": "x"}, "invalid.id"),
        ({"code": "NONE"}, "code.unknown"),
        ({"waiting": "x"}, "invalid.id"),
        ({"waiting": "wtg_0000000000001"}, "waiting.unknown"),
        ({"campaign": "a\nb"}, "body.invalid"),
        ({"campaign": "a" * 201}, "body.invalid"),
        ({"invitation": "a b"}, "body.invalid"),
        ({"viewer": "a b"}, "body.invalid"),
        ({"viewer": None}, "body.invalid"),
        ({"seat": "A1"}, "body.unknown_field"),
    ],
)
async def test_what_is_no_order_is_refused_by_name_and_changes_nothing(
    sold: Hall, fields: dict[str, object], code: str
) -> None:
    await sold.stage.offer(steps=STEPS, per_order_max=6)
    before = await sold.balances()
    assert await sold.refused(**{"viewer": "v1", "offer": "vip", **fields}) == code  # type: ignore[arg-type]
    assert await sold.balances() == before


async def test_too_few_seats_are_told_with_how_many_there_are(sold: Hall) -> None:
    await sold.stage.offer(steps=STEPS, per_order_max=10, per_person_max=100)
    await sold.order(quantity=8)
    answer = await sold.acme.send(
        "POST", "/v1/ticket-orders", {"viewer": "v2", "offer": "vip", "quantity": 3}
    )
    problem = answer.json()
    assert (problem["code"], problem["available"]) == ("offer.sold_out", 2)
    await sold.order("v2", quantity=2)
    assert await sold.refused("v3") == "offer.sold_out"


async def test_prices_go_by_the_clock(sold: Hall) -> None:
    steps = [
        {"price_minor": 9_900, "starts_at": "2026-11-22T13:00:00Z", "ends_at": "2026-11-22T14:00:00Z"},
        {"price_minor": 12_900, "starts_at": "2026-11-22T15:00:00Z"},
    ]
    await sold.stage.offer(steps=steps)
    assert await sold.refused() == "offer.not_open"
    sold.stage.clock.advance(hours=1)
    assert (await sold.order())["lines"][0]["price_minor"] == 9_900
    sold.stage.clock.advance(hours=1)
    assert await sold.refused() == "offer.not_open"
    sold.stage.clock.advance(hours=1)
    assert (await sold.order())["lines"][0]["price_minor"] == 12_900


async def test_a_show_that_is_over_or_not_announced_sells_nothing(hall: Hall) -> None:
    await hall.stage.announce(state="draft")
    await hall.stage.offer()
    assert await hall.refused() == "show.unknown"
    await hall.stage.move("winter", "presale")
    await hall.order()
    hall.stage.clock.time = STARTS + timedelta(hours=4)
    assert await hall.refused() == "show.over"
    hall.stage.clock.time = NOON
    await hall.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "the hall burnt down"})
    assert await hall.refused() == "show.over"


async def test_a_code_opens_a_hidden_offer_and_has_seats_kept_for_it(sold: Hall) -> None:
    await sold.stage.offer(steps=STEPS, hidden=True)
    assert await sold.refused() == "offer.unknown"
    await sold.stage.code("FANCLUB", reserved=2, uses_max=3)
    order = await sold.order(code="FANCLUB", quantity=2)
    assert await sold.seats() == {"issued": -10, "stock": 8, "held code/FANCLUB": 2}
    assert await sold.refused(code="FANCLUB") == "offer.sold_out"
    await sold.tidy(seconds=1_000)
    assert await sold.seats() == {"issued": -10, "stock": 8, "code/FANCLUB": 2}
    await sold.pay((await sold.order(code="FANCLUB", quantity=2))["due"])
    assert await sold.seats() == {"issued": -10, "stock": 8, "sold": 2}
    assert order["order"]
    await sold.stage.code("FANCLUB", reserved=2, uses_max=2)
    assert await sold.refused("v2", code="FANCLUB") in {"code.used", "offer.sold_out"}
    await sold.assert_sound()


async def test_the_same_order_sent_again_is_one_order(sold: Hall) -> None:
    body = {"viewer": "v1", "offer": "vip", "quantity": 2}
    first = await sold.acme.do("POST", "/v1/ticket-orders", body, key="once")
    assert await sold.acme.do("POST", "/v1/ticket-orders", body, key="once") == first
    answer = await sold.acme.send("POST", "/v1/ticket-orders", body | {"quantity": 1}, key="once")
    assert answer.json()["code"] == "key.conflict"
    assert await sold.seats() == {"issued": -10, "stock": 8, "held stock": 2}


async def test_a_race_for_the_seats_sells_each_once_and_each_step_exactly_its_number(sold: Hall) -> None:
    await sold.stage.offer(
        steps=[{"price_minor": 100, "count": 20}, {"price_minor": 200, "count": 20}, {"price_minor": 300}],
        stock=50,
        per_person_max=2,
    )

    async def race(number: int) -> object:
        body = {"viewer": f"v{number % 60}", "offer": "vip", "quantity": 1}
        answer = await sold.acme.send("POST", "/v1/ticket-orders", body)
        return answer.json()

    answers = [one for one in await asyncio.gather(*map(race, range(180))) if isinstance(one, dict)]
    done = [one for one in answers if "order" in one]
    assert len(done) == 50
    prices = [line["price_minor"] for one in done for line in one["lines"]]
    assert {price: prices.count(price) for price in prices} == {100: 20, 200: 20, 300: 10}
    assert {one["code"] for one in answers if "code" in one} <= {"offer.sold_out", "offer.person_limit"}
    viewers = [one["viewer"] for one in done]
    assert max(viewers.count(viewer) for viewer in viewers) <= 2
    await sold.assert_sound()


async def test_a_viewer_orders_for_nobody_else(sold: Hall) -> None:
    viewer = await sold.stage.viewer("v1")
    order = await viewer.do("POST", "/v1/ticket-orders", {"offer": "vip"})
    assert order["viewer"] == "v1"
    answer = await viewer.send("POST", "/v1/ticket-orders", {"offer": "vip", "viewer": "v2"})
    assert answer.json()["code"] == "scope.missing"
    other = await sold.order("v2")
    answer = await viewer.send("GET", f"/v1/ticket-orders/{other['order']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "order.unknown")
    answer = await viewer.send("POST", f"/v1/ticket-orders/{other['order']}/cancel")
    assert answer.json()["code"] == "order.unknown"


async def test_who_pays_late_is_held_to_the_uses_of_the_code(sold: Hall) -> None:
    await sold.stage.code("FRIEND", uses_max=2)
    late = await sold.order(code="FRIEND", quantity=2)
    await sold.tidy(seconds=601)
    other = await sold.order("v2", code="FRIEND", quantity=1)
    await sold.pay(late["due"])
    (rejected,) = await sold.facts(DueRejected)
    assert rejected.code == "order.expired"
    await sold.acme.do("POST", f"/v1/ticket-orders/{other['order']}/cancel")
    again = await sold.order("v3", code="FRIEND", quantity=2)
    await sold.tidy(seconds=601)
    await sold.pay(again["due"])
    assert await sold.rights("v3") == {"vip": 2, "chat": 2}
    assert await sold.refused("v4", code="FRIEND") == "code.used"
    await sold.assert_sound()


async def test_seats_of_a_last_step_that_come_back_are_sold_again(sold: Hall) -> None:
    steps = [{"price_minor": 9_900, "count": 3}, {"price_minor": 12_900, "count": 7}]
    await sold.stage.offer(steps=steps, per_person_max=10)
    cheap = await sold.order("v1", quantity=3)
    dear = await sold.order("v2", quantity=7)
    assert await sold.refused("v3") == "offer.sold_out"
    for order in (cheap, dear):
        await sold.acme.do("POST", f"/v1/ticket-orders/{order['order']}/cancel")
    again = await sold.order("v3", quantity=10)
    assert again["lines"] == [{"step": 1, "quantity": 10, "price_minor": 12_900}]
    await sold.assert_sound()


@pytest.mark.parametrize("target", ["show/winter", "offer/vip", "feature/presale"])
async def test_what_is_switched_off_is_not_ordered_and_what_is_held_may_be_paid(
    sold: Hall, target: str
) -> None:
    await sold.stage.offer(steps=STEPS, group={"size": 2, "within_s": 86_400, "price_minor": 7_900})
    held = await sold.order()
    await sold.acme.do("PUT", f"/v1/switches/{target}", {"off": True, "reason": "wrong price"})
    assert await sold.refused("v2") == "switch.off"
    assert await sold.refused("v2", mode="group") == "switch.off"
    answer = await sold.acme.send("POST", "/v1/waiting", {"viewer": "v2", "offer": "vip"})
    assert answer.json()["code"] == "switch.off"
    await sold.pay(held["due"])
    state = (await sold.seen(held["order"]))["state"]
    assert state == ("reserved" if target == "feature/presale" else "issued")
    await sold.acme.do("PUT", f"/v1/switches/{target}", {"off": False, "reason": "mended"})
    await sold.order("v2", mode="group")
    await sold.assert_sound()


async def test_paying_giving_up_and_time_at_once_keep_every_seat_and_all_money(sold: Hall) -> None:
    await sold.stage.offer(steps=[{"price_minor": 9_900}], stock=20, hold_s=600)
    orders = [await sold.order(f"v{number}") for number in range(15)]
    sold.stage.clock.advance(seconds=600)

    async def give_up(order: str) -> str:
        answer = await sold.acme.send("POST", f"/v1/ticket-orders/{order}/cancel")
        return str(answer.json().get("code", "done"))

    answers = await asyncio.gather(
        *(give_up(one["order"]) for one in orders[:10]),
        *(sold.pay_without_answer(one["due"]) for one in orders[5:]),
        sold.sweep(),
    )
    assert set(answers[:10]) <= {"done", "order.not_open"}
    await sold.tidy()
    issued = {one.order for one in await sold.facts(TicketIssued)}
    rejected = {one.due for one in await sold.facts(DueRejected)}
    assert len(issued) + len(rejected) == 10
    assert not issued & rejected
    assert await sold.seats() == {"issued": -20, "stock": 20 - len(issued), "sold": len(issued)}
    await sold.assert_sound()
