"""Whatever the order of things: what was paid stands, went back or was forfeited by the terms."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from plaudit.kernel.ids import decode_id
from plaudit.vocabulary.facts.tickets import TicketForfeited, TicketIssued
from tests.features.presale.hall import Hall
from tests.kit.scale import by_scale

STEPS: Final = [{"price_minor": 701, "count": 4}, {"price_minor": 901}]
DEPOSIT: Final[dict[str, Any]] = {
    "deposit_minor": 103,
    "balance_from": "2026-11-22T12:00:00Z",
    "balance_until": "2026-11-23T12:00:00Z",
    "grace_s": 3_600,
    "forfeited": "2/3",
}
GROUP: Final = {"size": 2, "within_s": 7_200, "price_minor": 503}
SEATS: Final = 12
RUNS: Final = by_scale(small=3, proof=25)
ACTS: Final = by_scale(small=25, proof=60)


class Crowd:
    """Viewers who do things in any order, and what must hold after each."""

    def __init__(self, hall: Hall, seed: int) -> None:
        self.hall = hall
        self.chance = random.Random(seed)  # noqa: S311 - a draw
        self.orders: list[Any] = []
        self.balances: list[str] = []

    async def act(self) -> None:
        """Do one thing, refused or not."""
        deeds: list[Callable[[], Awaitable[None]]] = [
            *[self.order] * 5,
            *[self.pay] * 5,
            self.pay_balance,
            self.cancel,
            self.leave,
            self.refund,
            self.refund,
            self.fail,
            self.wait,
            self.take,
            self.time,
        ]
        await self.chance.choice(deeds)()
        await self.hall.caught_up()

    async def order(self) -> None:
        mode = self.chance.choice(["full", "full", "deposit", "group"])
        body: dict[str, Any] = {"viewer": self.viewer(), "offer": "vip", "mode": mode}
        if mode == "group":
            open_groups = (await self.hall.acme.get("/v1/offers/vip/groups"))["items"]
            if open_groups:
                body["group"] = self.chance.choice(open_groups)["group"]
        else:
            body["quantity"] = self.chance.randint(1, 3)
        answer = await self.hall.acme.send("POST", "/v1/ticket-orders", body)
        if answer.status_code == 201:
            self.orders.append(answer.json())

    async def pay(self) -> None:
        if not self.orders:
            return
        order = self.chance.choice(self.orders)
        if any(one.due == decode_id("due", order["due"]) for one in self.hall.paid.values()):
            return
        await self.hall.pay(order["due"])

    async def pay_balance(self) -> None:
        for order in self.orders:
            seen = await self.hall.seen(order["order"])
            if seen["balance_due"] is not None:
                await self.hall.pay(seen["balance_due"])
                return

    async def cancel(self) -> None:
        await self._send("cancel")

    async def leave(self) -> None:
        await self._send("leave")

    async def _send(self, verb: str) -> None:
        if self.orders:
            order = self.chance.choice(self.orders)["order"]
            answer = await self.hall.acme.send("POST", f"/v1/ticket-orders/{order}/{verb}")
            assert answer.status_code in {200, 422}, answer.text

    async def refund(self) -> None:
        if self.hall.paid:
            payment = self.chance.choice(list(self.hall.paid))
            left = self.hall.paid[payment].amount_minor - self.hall.going_back.get(payment, 0)
            amount = self.chance.choice([None, max(1, left // 2), 1])
            await self.hall.refund(payment, amount)

    async def fail(self) -> None:
        if self.orders:
            await self.hall.fail(self.chance.choice(self.orders), close=self.chance.random() < 0.5)

    async def wait(self) -> None:
        body = {"viewer": self.viewer(), "offer": "vip", "quantity": self.chance.randint(1, 2)}
        await self.hall.acme.send("POST", "/v1/waiting", body)

    async def take(self) -> None:
        for viewer in range(5):
            for place in (await self.hall.acme.get("/v1/waiting", viewer=f"v{viewer}"))["items"]:
                if place["state"] == "offered":
                    body = {
                        "viewer": place["viewer"],
                        "offer": "vip",
                        "quantity": place["quantity"],
                        "waiting": place["waiting"],
                    }
                    answer = await self.hall.acme.send("POST", "/v1/ticket-orders", body)
                    if answer.status_code == 201:
                        self.orders.append(answer.json())
                    return

    async def time(self) -> None:
        await self.hall.tidy(seconds=self.chance.choice([61, 600, 7_400, 50_000]))

    def viewer(self) -> str:
        return f"v{self.chance.randrange(5)}"


async def assert_nothing_is_lost(hall: Hall) -> None:
    """Check that what each buyer paid is what stands of it, was refunded, or was forfeited by the terms."""
    balances = await hall.balances()
    for asset in ("CNY",):
        standing = balances.get(f"show/winter/takings/{asset}", 0) + balances.get(
            f"show/winter/deposits/{asset}", 0
        )
        paid = sum(one.amount_minor for one in hall.paid.values())
        back = sum(hall.gone_back.values())
        assert standing + balances.get(f"clearing/{asset}", 0) == paid - back
    seats = await hall.seats()
    assert seats.pop("issued") == -SEATS
    assert sum(seats.values()) == SEATS
    forfeited = sum(one.forfeited_minor for one in await hall.facts(TicketForfeited))
    held: dict[str, int] = {}
    owed = 0
    page = (await hall.acme.get("/v1/ticket-orders", limit=200, show="winter"))["items"]
    for line in page:
        seen = await hall.seen(line["order"])
        held[seen["viewer"]] = held.get(seen["viewer"], 0) + len(seen["tickets"])
        owed += seen["paid_minor"] - seen["refunded_minor"]
        assert 0 <= seen["refunded_minor"] <= seen["paid_minor"]
    assert sum(held.values()) == seats.get("sold", 0)
    for viewer, count in held.items():
        assert (await hall.rights(viewer)).get("vip", 0) == count
    assert balances.get("show/winter/takings/CNY", 0) >= forfeited - sum(hall.gone_back.values())
    assert owed == balances.get("show/winter/takings/CNY", 0) + balances.get("show/winter/deposits/CNY", 0)


@pytest.mark.parametrize("seed", range(RUNS))
@pytest.mark.timeout(600)
async def test_whatever_the_order_what_was_paid_is_held_refunded_or_forfeited(hall: Hall, seed: int) -> None:
    await hall.stage.announce()
    await hall.stage.offer(
        stock=SEATS, steps=STEPS, deposit=DEPOSIT, group=GROUP, hold_s=600, waiting_s=3_600, per_person_max=8
    )
    crowd = Crowd(hall, seed)
    for _ in range(ACTS):
        await crowd.act()
    await assert_nothing_is_lost(hall)
    await hall.tidy(days=3)
    await assert_nothing_is_lost(hall)
    issued = await hall.facts(TicketIssued)
    assert len({one.order for one in issued}) == len(issued)
    await hall.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "the end"})
    await hall.refunded()
    assert await hall.money() == {}
    await hall.tidy(days=8)
    seats = await hall.seats()
    # Nobody is offered seats of a show that is over: what came back for those who wait stays theirs.
    assert (seats["issued"], seats.get("stock", 0) + seats.get("waiting", 0)) == (-SEATS, SEATS)
    assert not any(address.startswith("viewer/") for address in await hall.balances())
    await hall.assert_sound()
