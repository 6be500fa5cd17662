"""The waiting list: seats that come back go to those who wait before anybody else."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from plaudit.core.journal.subscriptions import store as subscription_store
from plaudit.kernel.ids import decode_id
from plaudit.vocabulary.facts.tickets import WaitingLeft, WaitingOffered, WaitingPassed
from tests.app.edge import problem
from tests.features.presale.hall import Hall


@pytest.fixture
async def full(hall: Hall) -> Hall:
    """Lend a hall of three seats, all of them sold to v1."""
    await hall.stage.announce()
    await hall.stage.offer(stock=3, waiting_s=3_600)
    await hall.pay((await hall.order("v1", quantity=3))["due"])
    return hall


async def waits(hall: Hall, viewer: str, quantity: int = 1) -> str:
    made = await hall.acme.do("POST", "/v1/waiting", {"viewer": viewer, "offer": "vip", "quantity": quantity})
    await hall.caught_up()
    waiting: str = made["waiting"]
    return waiting


async def place(hall: Hall, waiting: str) -> Any:  # noqa: ANN401 - JSON
    return await hall.acme.get(f"/v1/waiting/{waiting}")


async def one_comes_back(hall: Hall) -> None:
    (payment, *_) = hall.paid
    await hall.refund(payment, 9_900)


async def test_a_seat_that_comes_back_is_offered_to_the_first_who_waits(full: Hall) -> None:
    first, second = await waits(full, "v2"), await waits(full, "v3")
    assert (await place(full, second))["before"] == 1
    await one_comes_back(full)
    assert await full.seats() == {"issued": -3, "sold": 2, "held waiting": 1}
    shown = await place(full, first)
    assert (shown["state"], shown["deadline"]) == ("offered", "2026-11-22T13:00:00.000000Z")
    assert (await place(full, second))["state"] == "waiting"
    assert await full.refused("v9") == "offer.sold_out"
    order = await full.order("v2", waiting=first)
    assert await full.seats() == {"issued": -3, "sold": 2, "held stock": 1}
    await full.pay(order["due"])
    assert await full.rights("v2") == {"vip": 1, "chat": 1}
    assert (await place(full, first))["state"] == "taken"
    await full.assert_sound()


async def test_nobody_waits_for_more_seats_than_there_are_and_keeps_others_from_theirs(full: Hall) -> None:
    body = {"viewer": "v2", "offer": "vip", "quantity": 4}
    problem(await full.acme.send("POST", "/v1/waiting", body), 422, "order.too_many")
    second = await waits(full, "v3")
    await one_comes_back(full)
    assert (await place(full, second))["state"] == "offered"


async def test_what_is_not_taken_in_time_goes_to_the_next_and_then_to_everybody(full: Hall) -> None:
    first, second = await waits(full, "v2"), await waits(full, "v3")
    await one_comes_back(full)
    await full.tidy(hours=1)
    assert (await place(full, first))["state"] == "passed"
    assert (await place(full, second))["state"] == "offered"
    assert await full.refused("v2", waiting=first) == "waiting.over"
    await full.tidy(hours=1)
    assert (await place(full, second))["state"] == "passed"
    assert await full.seats() == {"issued": -3, "sold": 2, "stock": 1}
    assert len(await full.facts(WaitingPassed)) == 2
    await full.order("v9")
    await full.assert_sound()


async def test_an_offer_that_is_declined_goes_to_the_next_at_once(full: Hall) -> None:
    first, second = await waits(full, "v2"), await waits(full, "v3")
    await one_comes_back(full)
    await full.acme.do("POST", f"/v1/waiting/{first}/leave")
    await full.caught_up()
    assert (await place(full, second))["state"] == "offered"
    await full.assert_sound()


async def test_nobody_who_came_later_is_served_before_a_larger_place(full: Hall) -> None:
    large, small = await waits(full, "v2", 2), await waits(full, "v3")
    await one_comes_back(full)
    assert await full.seats() == {"issued": -3, "sold": 2, "waiting": 1}
    assert (await place(full, small))["state"] == "waiting"
    await full.acme.do("POST", f"/v1/waiting/{large}/leave")
    await full.caught_up()
    assert (await place(full, small))["state"] == "offered"
    await full.acme.do("POST", f"/v1/waiting/{small}/leave")
    await full.caught_up()
    assert await full.seats() == {"issued": -3, "sold": 2, "stock": 1}
    await full.assert_sound()


@pytest.mark.parametrize("mode", ["first_come", "lottery"])
@pytest.mark.parametrize("lower", ["per_order_max", "per_person_max"])
async def test_a_wish_that_nobody_may_have_any_more_keeps_nobody_waiting(
    full: Hall, mode: str, lower: str
) -> None:
    await full.stage.offer(stock=3, waiting=mode)
    large, small = await waits(full, "v2", 3), await waits(full, "v3", 2)
    lowered: dict[str, Any] = {lower: 2}
    await full.stage.offer(stock=3, waiting=mode, **lowered)
    await full.caught_up()
    assert (await place(full, large))["state"] == "left"
    (left,) = await full.facts(WaitingLeft)
    assert (left.viewer, left.quantity, left.cause) == ("v2", 3, "too_many")
    (payment,) = full.paid
    await full.refund(payment)
    assert (await place(full, small))["state"] == "offered"
    assert await full.seats() == {"issued": -3, "stock": 1, "held waiting": 2}
    await full.assert_sound()


async def test_a_wish_for_more_seats_than_there_are_left_keeps_none_for_itself(full: Hall) -> None:
    await one_comes_back(full)
    large = await waits(full, "v2", 3)
    await full.stage.offer(stock=2)
    await full.caught_up()
    assert (await place(full, large))["state"] == "left"
    await one_comes_back(full)
    assert await full.seats() == {"issued": -2, "sold": 1, "stock": 1}
    await full.order("v9")
    await full.assert_sound()


async def test_a_lottery_goes_by_a_hash_that_anybody_can_compute(full: Hall) -> None:
    await full.stage.offer(stock=3, waiting="lottery")
    places = [await waits(full, f"w{number}") for number in range(6)]
    await one_comes_back(full)
    states = {one: (await place(full, one))["state"] for one in places}
    (winner,) = [one for one, state in states.items() if state == "offered"]
    (offered,) = await full.facts(WaitingOffered)
    assert offered.drawn_by is not None
    (seed,) = (await full.acme.get("/v1/facts", after=offered.drawn_by - 1, limit=1))["facts"]
    assert seed["kind"] == "ticket.refunded"

    def lot(waiting: str) -> bytes:
        return sha256(f"{seed['hash']}/{decode_id('wtg', waiting)}".encode()).digest()

    assert winner == min(places, key=lot)


async def test_everybody_takes_part_in_a_draw_and_larger_wishes_are_passed_over(
    full: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plaudit.features.presale.reactions.waiting._PAGE", 1)
    await full.stage.offer(stock=3, waiting="lottery")
    places = [await waits(full, f"w{number}", 1 + number % 2 * 2) for number in range(5)]
    (payment,) = full.paid
    await full.refund(payment, 2 * 9_900)
    states = [(await place(full, one))["state"] for one in places]
    assert states[1::2] == ["waiting", "waiting"]
    assert sorted(states[::2]) == ["offered", "offered", "waiting"]
    await full.assert_sound()


async def test_who_has_just_joined_finds_the_place_and_may_leave_it(full: Hall) -> None:
    house = full.house
    (keeper,) = [one for one in house.subscriptions if one.name == "presale.waiting"]
    async with house.database.transaction() as held:
        # The list stands still while another process is at it.
        await subscription_store.lock_cursor(held, tenant_id=full.stage.tenant_id, name=keeper.name)
        made = await full.acme.do("POST", "/v1/waiting", {"viewer": "v2", "offer": "vip"})
        shown = await place(full, made["waiting"])
        assert (shown["state"], shown["before"]) == ("waiting", 0)
        await full.acme.do("POST", f"/v1/waiting/{made['waiting']}/leave")
    await full.caught_up()
    assert (await place(full, made["waiting"]))["state"] == "left"
    await one_comes_back(full)
    assert await full.seats() == {"issued": -3, "sold": 2, "stock": 1}
    await full.assert_sound()


async def test_nobody_waits_for_more_than_he_may_have(full: Hall) -> None:
    await full.stage.offer(stock=3, per_person_max=3)
    first = await waits(full, "v2", 2)
    for viewer, quantity, status in (("v2", 2, 422), ("v1", 1, 422), ("v2", 1, 201)):
        body = {"viewer": viewer, "offer": "vip", "quantity": quantity}
        answer = await full.acme.send("POST", "/v1/waiting", body)
        assert answer.status_code == status, answer.text
        assert status == 201 or answer.json()["code"] == "offer.person_limit"
    await full.acme.do("POST", f"/v1/waiting/{first}/leave")
    await waits(full, "v2", 2)
    await full.caught_up()
    # Offered and passed, or offered and taken: either makes room again.
    (payment,) = full.paid
    await full.refund(payment)
    await full.tidy(days=2)
    assert await full.seats() == {"issued": -3, "stock": 3}
    await full.order("v9", quantity=3)
    await waits(full, "v2", 3)
    await full.assert_sound()


async def test_nobody_waits_while_seats_are_free(hall: Hall) -> None:
    await hall.stage.announce()
    await hall.stage.offer()
    answer = await hall.acme.send("POST", "/v1/waiting", {"viewer": "v1", "offer": "vip"})
    assert answer.json()["code"] == "waiting.not_needed"
    for body, code in (
        ({"viewer": "v1", "offer": "none"}, "offer.unknown"),
        ({"viewer": "v1", "offer": "vip", "quantity": 0}, "order.quantity"),
        ({"viewer": "v1", "offer": "vip", "quantity": 11}, "order.too_many"),
    ):
        answer = await hall.acme.send("POST", "/v1/waiting", body)
        assert answer.json()["code"] == code


async def refused(hall: Hall, viewer: str, quantity: int = 1) -> str:
    """Wait for what must be refused, and return the code."""
    body = {"viewer": viewer, "offer": "vip", "quantity": quantity}
    answer = await hall.acme.send("POST", "/v1/waiting", body)
    assert answer.status_code == 422, answer.text
    code: str = answer.json()["code"]
    return code


async def test_one_waits_for_what_an_order_cannot_have_though_seats_are_free(hall: Hall) -> None:
    await hall.stage.announce()
    await hall.stage.offer(stock=10, steps=[{"price_minor": 5_000, "count": 3}])
    first = await hall.order("v1", quantity=2)
    assert await hall.refused("v2", quantity=2) == "offer.steps_over"
    assert await refused(hall, "v2") == "waiting.not_needed"
    second = await hall.order("v3")
    assert await hall.refused("v2") == "offer.sold_out"
    waiting = await waits(hall, "v2")
    await hall.acme.do("POST", f"/v1/ticket-orders/{second['order']}/cancel")
    await hall.caught_up()
    assert (await place(hall, waiting))["state"] == "offered"
    taken = await hall.order("v2", waiting=waiting)
    assert taken["amount_minor"] == 5_000
    for order in (first, taken):
        await hall.pay(order["due"])
    await hall.assert_sound()


async def test_nobody_waits_for_seats_whose_price_is_still_to_come(hall: Hall) -> None:
    await hall.stage.announce()
    await hall.stage.offer(steps=[{"price_minor": 5_000, "starts_at": "2026-11-23T00:00:00Z"}])
    assert await hall.refused("v1") == "offer.not_open"
    assert await refused(hall, "v1") == "offer.not_open"


async def test_seats_that_have_no_price_any_more_are_offered_when_there_is_one(hall: Hall) -> None:
    await hall.stage.announce()
    steps = [{"price_minor": 5_000, "count": 1}, {"price_minor": 8_000, "count": 1}]
    await hall.stage.offer(stock=10, steps=steps)
    payment = await hall.pay((await hall.order("v1"))["due"])
    await hall.pay((await hall.order("v2"))["due"])
    waiting = await waits(hall, "v3")
    # A step that was full stays closed: this seat is sold at its price to nobody.
    await hall.refund(payment)
    assert (await place(hall, waiting))["state"] == "waiting"
    assert await hall.seats() == {"issued": -10, "stock": 8, "sold": 1, "waiting": 1}
    await hall.stage.offer(stock=10, steps=[*steps, {"price_minor": 9_000}])
    await hall.caught_up()
    assert (await place(hall, waiting))["state"] == "offered"
    assert (await hall.order("v3", waiting=waiting))["amount_minor"] == 9_000
    await hall.assert_sound()


async def test_while_an_offer_is_off_nobody_waits_for_it_or_is_offered_seats(full: Hall) -> None:
    waiting = await waits(full, "v2")
    await full.stage.offer(stock=3, on_sale=False)
    assert await full.refused("v3") == "offer.off"
    assert await refused(full, "v3") == "offer.off"
    await one_comes_back(full)
    assert (await place(full, waiting))["state"] == "waiting"
    assert await full.seats() == {"issued": -3, "sold": 2, "waiting": 1}
    await full.stage.offer(stock=3)
    await full.caught_up()
    assert (await place(full, waiting))["state"] == "offered"
    await full.order("v2", waiting=waiting)
    await full.assert_sound()


async def test_seats_offered_to_one_are_not_another_s(full: Hall) -> None:
    first = await waits(full, "v2")
    await one_comes_back(full)
    assert await full.refused("v3", waiting=first) == "waiting.unknown"
    viewer = await full.stage.viewer("v3")
    answer = await viewer.send("GET", f"/v1/waiting/{first}")
    assert answer.json()["code"] == "waiting.unknown"


async def test_a_place_takes_seats_of_its_own_offer_and_exactly_those_that_are_offered(full: Hall) -> None:
    await full.stage.offer("main", stock=3, zone="main", rights=["main"])
    await full.pay((await full.order("v1", "main", quantity=3))["due"])
    place_of = {offer: await waits(full, "v2", 2) if offer == "vip" else "" for offer in ("vip", "main")}
    body = {"viewer": "v2", "offer": "main", "quantity": 2}
    place_of["main"] = (await full.acme.do("POST", "/v1/waiting", body))["waiting"]
    for payment in list(full.paid):
        await full.refund(payment, 2 * 9_900)
    assert await full.seats() == {"issued": -3, "sold": 1, "held waiting": 2}
    assert await full.seats("main") == {"issued": -3, "sold": 1, "held waiting": 2}
    assert await full.refused("v2", "main", quantity=2, waiting=place_of["vip"]) == "waiting.unknown"
    assert await full.refused("v2", "vip", quantity=1, waiting=place_of["vip"]) == "order.quantity"
    assert await full.refused("v2", "vip", quantity=3, waiting=place_of["vip"]) == "order.quantity"
    await full.order("v2", "vip", quantity=2, waiting=place_of["vip"])
    await full.tidy(days=2)
    assert await full.seats() == {"issued": -3, "sold": 1, "stock": 2}
    await full.assert_sound()
