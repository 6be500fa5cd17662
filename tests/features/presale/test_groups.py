"""Groups: a price that holds if enough buyers pay in time, and everybody's money back if not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plaudit.vocabulary.facts.dues import DueRejected
from plaudit.vocabulary.facts.tickets import GroupEnded, OrderEnded, TicketIssued
from tests.app.edge import problem
from tests.features.presale.hall import Hall

TERMS = {"size": 3, "within_s": 86_400, "price_minor": 7_900}


@pytest.fixture
async def sold(hall: Hall) -> Hall:
    """Lend a hall that sells to groups of three."""
    await hall.stage.announce()
    await hall.stage.offer(group=TERMS)
    return hall


async def joined(hall: Hall, viewer: str, group: str | None = None, *, paid: bool = True) -> Any:  # noqa: ANN401 - JSON
    """Open a group or join one, and pay."""
    fields = {} if group is None else {"group": group}
    order = await hall.order(viewer, mode="group", **fields)
    if paid:
        await hall.pay(order["due"])
    return order


async def test_a_full_group_gets_its_tickets(sold: Hall) -> None:
    first = await joined(sold, "v1")
    group = first["group"]
    (shown,) = (await sold.acme.get("/v1/offers/vip/groups"))["items"]
    assert (shown["group"], shown["members"], shown["paid"], shown["state"]) == (group, 1, 1, "open")
    await joined(sold, "v2", group)
    assert await sold.seats() == {"issued": -10, "stock": 8, "pledged": 2}
    assert not await sold.rights("v1")
    await joined(sold, "v3", group)
    assert await sold.seats() == {"issued": -10, "stock": 7, "sold": 3}
    assert [await sold.rights(viewer) for viewer in ("v1", "v2", "v3")] == [{"vip": 1, "chat": 1}] * 3
    assert (await sold.money())["show/winter/takings/CNY"] == 3 * 7_900
    (ended,) = await sold.facts(GroupEnded)
    assert (ended.filled, ended.paid) == (True, 3)
    assert (await sold.acme.get(f"/v1/groups/{group}"))["state"] == "filled"
    assert (await sold.acme.get("/v1/offers/vip/groups"))["items"] == []
    await sold.assert_sound()


async def test_a_group_keeps_its_terms_when_the_offer_is_sold_to_no_more_groups(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    await sold.stage.offer()
    assert [one["group"] for one in (await sold.acme.get("/v1/offers/vip/groups"))["items"]] == [group]
    assert await sold.refused("v2", mode="group") == "offer.mode"
    second = await joined(sold, "v2", group)
    assert second["amount_minor"] == 7_900
    await joined(sold, "v3", group)
    assert len(await sold.facts(TicketIssued)) == 3
    await sold.assert_sound()


async def test_groups_are_listed_where_they_can_be_joined(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    await sold.stage.offer(group=TERMS, hidden=True)
    buyer = await sold.stage.viewer("v2")
    problem(await buyer.send("GET", "/v1/offers/vip/groups"), 404, "offer.unknown")
    assert (await sold.acme.get("/v1/offers/vip/groups"))["items"] == []
    await sold.stage.offer(group=TERMS, on_sale=False)
    assert await sold.refused("v2", mode="group", group=group) == "offer.off"
    assert (await buyer.get("/v1/offers/vip/groups"))["items"] == []
    await sold.stage.offer(group=TERMS)
    (shown,) = (await buyer.get("/v1/offers/vip/groups"))["items"]
    assert shown["group"] == group
    await sold.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "the artist is ill"})
    assert (await buyer.get("/v1/offers/vip/groups"))["items"] == []


async def test_groups_of_a_draft_and_of_no_offer_are_unknown(sold: Hall) -> None:
    await sold.stage.announce("summer", state="draft")
    await sold.stage.offer("early", show="summer", group=TERMS)
    buyer = await sold.stage.viewer()
    for offer in ("early", "none"):
        problem(await buyer.send("GET", f"/v1/offers/{offer}/groups"), 404, "offer.unknown")


async def test_a_group_that_does_not_fill_is_refunded(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    await joined(sold, "v2", group)
    await joined(sold, "v3", group, paid=False)
    await sold.tidy(days=1)
    assert await sold.facts(GroupEnded) == []
    await sold.tidy(minutes=2)
    (ended,) = await sold.facts(GroupEnded)
    assert (ended.filled, ended.paid) == (False, 2)
    causes = sorted(one.cause for one in await sold.facts(OrderEnded))
    assert causes == ["expired", "group", "group"]
    assert await sold.seats() == {"issued": -10, "stock": 10}
    assert await sold.money() == {}
    assert await sold.refused("v4", mode="group", group=group) == "group.over"
    await sold.assert_sound()


async def test_a_member_leaves_before_the_group_is_full_and_another_takes_the_place(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    second = await joined(sold, "v2", group)
    left = await sold.acme.do("POST", f"/v1/ticket-orders/{second['order']}/leave")
    assert (left["cause"], left["refund_minor"]) == ("left", 7_900)
    await sold.caught_up()
    assert sum(sold.gone_back.values()) == 7_900
    assert await sold.seats() == {"issued": -10, "stock": 9, "pledged": 1}
    answer = await sold.acme.send("POST", f"/v1/ticket-orders/{second['order']}/leave")
    assert answer.json()["code"] == "order.not_open"
    await joined(sold, "v3", group)
    await joined(sold, "v4", group)
    assert len(await sold.facts(TicketIssued)) == 3
    answer = await sold.acme.send("POST", f"/v1/ticket-orders/{left['order']}/leave")
    assert answer.json()["code"] == "order.not_open"
    await sold.assert_sound()


async def test_one_viewer_has_one_place_in_a_group(sold: Hall) -> None:
    first = await joined(sold, "v1")
    group = first["group"]
    assert await sold.refused("v1", mode="group", group=group) == "group.member"
    unpaid = await joined(sold, "v2", group, paid=False)
    assert await sold.refused("v2", mode="group", group=group) == "group.member"
    await sold.acme.do("POST", f"/v1/ticket-orders/{unpaid['order']}/cancel")
    second = await joined(sold, "v2", group)
    await sold.acme.do("POST", f"/v1/ticket-orders/{second['order']}/leave")
    await sold.caught_up()
    await sold.refund(next(iter(sold.paid)))
    await joined(sold, "v1", group)
    await joined(sold, "v2", group)
    await joined(sold, "v3", group)
    assert (await sold.acme.get(f"/v1/groups/{group}"))["state"] == "filled"
    await sold.assert_sound()


async def test_nobody_leaves_a_full_group(sold: Hall) -> None:
    first = await joined(sold, "v1")
    await joined(sold, "v2", first["group"])
    await joined(sold, "v3", first["group"])
    answer = await sold.acme.send("POST", f"/v1/ticket-orders/{first['order']}/leave")
    assert answer.json()["code"] == "order.not_open"


async def test_the_last_place_of_a_group_is_never_sold_twice(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    await joined(sold, "v2", group)

    async def race(number: int) -> str:
        body = {"viewer": f"w{number}", "offer": "vip", "mode": "group", "group": group}
        answer = await sold.acme.send("POST", "/v1/ticket-orders", body)
        return str(answer.json().get("code", "done"))

    answers = await asyncio.gather(*map(race, range(12)))
    assert answers.count("done") == 1
    assert set(answers) == {"done", "group.full"}
    assert await sold.refused("v9", mode="group", group=group) == "group.full"


async def test_who_pays_when_the_group_is_over_has_the_money_back(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    late = await joined(sold, "v2", group, paid=False)
    await sold.tidy(days=1, minutes=2)
    await sold.pay(late["due"])
    (rejected,) = await sold.facts(DueRejected)
    assert rejected.code in {"group.over", "order.expired"}
    await sold.assert_sound()


async def test_a_group_opened_twice_by_one_key_is_one_group(sold: Hall) -> None:
    body = {"viewer": "v1", "offer": "vip", "mode": "group"}
    first = await sold.acme.do("POST", "/v1/ticket-orders", body, key="once")
    assert await sold.acme.do("POST", "/v1/ticket-orders", body, key="once") == first
    assert await sold.seats() == {"issued": -10, "stock": 9, "held stock": 1}


async def test_a_member_who_is_refunded_by_the_staff_leaves_a_place_free(sold: Hall) -> None:
    group = (await joined(sold, "v1"))["group"]
    await joined(sold, "v2", group)
    first, _ = sold.paid
    await sold.refund(first)
    shown = await sold.acme.get(f"/v1/groups/{group}")
    assert (shown["members"], shown["paid"], shown["state"]) == (1, 1, "open")
    await joined(sold, "v3", group)
    assert await sold.facts(GroupEnded) == []
    await joined(sold, "v4", group)
    assert await sold.seats() == {"issued": -10, "stock": 7, "sold": 3}
    assert len(await sold.facts(TicketIssued)) == 3
    await sold.assert_sound()


async def test_a_member_whose_ticket_cannot_be_given_has_the_money_back_and_keeps_nobody(sold: Hall) -> None:
    first = await joined(sold, "v1")
    await joined(sold, "v2", first["group"])
    path = "/v1/freezes/viewer/v1/right/winter/vip/right"
    await sold.acme.do("PUT", path, {"freeze": "all", "reason": "fraud"})
    await joined(sold, "v3", first["group"])
    assert await sold.seats() == {"issued": -10, "stock": 8, "sold": 2}
    assert (await sold.seen(first["order"]))["state"] == "ended"
    (ended,) = await sold.facts(OrderEnded)
    assert (ended.cause, ended.viewer, ended.paid_minor) == ("refused", "v1", 7_900)
    assert sum(sold.gone_back.values()) == 7_900
    await sold.assert_sound()


async def test_leaving_and_the_last_payment_at_once_end_in_one_of_two_ways(sold: Hall) -> None:
    await sold.stage.offer(stock=30, group=TERMS)
    groups = []
    for number in range(6):
        first = await joined(sold, f"a{number}")
        await joined(sold, f"b{number}", first["group"])
        groups.append((first, await joined(sold, f"c{number}", first["group"], paid=False)))

    async def leave(order: str) -> str:
        answer = await sold.acme.send("POST", f"/v1/ticket-orders/{order}/leave")
        return str(answer.json().get("code", "left"))

    answers = await asyncio.gather(
        *(leave(first["order"]) for first, _ in groups),
        *(sold.pay_without_answer(last["due"]) for _, last in groups),
    )
    await sold.caught_up()
    states = [(await sold.acme.get(f"/v1/groups/{first['group']}"))["state"] for first, _ in groups]
    assert [(answer, state) for answer, state in zip(answers, states, strict=False)] == [
        ("left", "open") if answer == "left" else (answer, "filled") for answer in answers[: len(groups)]
    ]
    assert set(answers[: len(groups)]) <= {"left", "group.filled", "order.not_open"}
    await sold.tidy(days=1, minutes=3)
    filled = states.count("filled")
    assert await sold.seats() == {
        "issued": -30,
        "stock": 30 - 3 * filled,
        **({"sold": 3 * filled} if filled else {}),
    }
    await sold.assert_sound()
