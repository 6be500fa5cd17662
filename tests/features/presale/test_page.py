"""What the page of presale tells by example is what happens, row by row."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import pytest

from plaudit.features.presale.model.bookings import split_deposit
from plaudit.features.presale.model.waiting import Place, next_places
from plaudit.vocabulary.facts.dues import DueRejected
from plaudit.vocabulary.facts.offers import WaitingMode
from plaudit.vocabulary.facts.tickets import TicketIssued
from tests.features.examples import FOLDER, table
from tests.features.presale.hall import Hall

DEPOSIT: Final[dict[str, Any]] = {
    "deposit_minor": 2_000,
    "balance_from": "2026-11-25T00:00:00Z",
    "balance_until": "2026-11-30T00:00:00Z",
    "grace_s": 86_400,
    "forfeited": "75%",
}
MONEY: Final = {
    "deposits": "show/winter/deposits/CNY",
    "takings": "show/winter/takings/CNY",
    "earnings": "creator/aurora/earnings/CNY",
}
SEATS: Final = {"stock": "stock", "held": "held stock", "pledged": "pledged", "sold": "sold"}


class Walk:
    """Walks the steps of a table; buyers are called by their letters."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.orders: dict[str, Any] = {}
        self.payments: dict[str, str] = {}

    async def step(self, verb: str, buyer: str = "", amount: str = "") -> None:
        """Do what one row says."""
        hall = self.hall
        match verb:
            case "order" | "deposit" | "group":
                await self._order(verb, buyer, int(amount))
            case "pay":
                self.payments[buyer] = await hall.pay(self.orders[buyer]["due"])
            case "balance":
                seen = await hall.seen(self.orders[buyer]["order"])
                await hall.pay(seen["balance_due"])
            case "expire":
                await hall.tidy(seconds=900)
            case "forfeit":
                await hall.tidy(days=9)
            case "refund":
                await hall.refund(self.payments[buyer], int(amount))
            case "cancel":
                await hall.acme.do("POST", "/v1/shows/winter/cancel", {"reason": "the artist is ill"})
                await hall.refunded()
            case _:
                for state in ("live", "ended"):
                    await hall.stage.move("winter", state)
                await hall.acme.do("POST", "/v1/shows/winter/settle", {"asset": "CNY"})

    async def stands(self, names: list[str]) -> dict[str, int]:
        """Return how everything stands, by the columns of the page."""
        seats, money = await self.hall.seats(), await self.hall.money()
        found = {name: seats.get(place, 0) for name, place in SEATS.items()}
        found |= {name: money.get(place, 0) for name, place in MONEY.items()}
        found["gone back"] = sum(self.hall.gone_back.values())
        return {name: found[name] for name in names}

    async def _order(self, verb: str, buyer: str, quantity: int) -> None:
        fields: dict[str, Any] = {"mode": "full" if verb == "order" else verb, "quantity": quantity}
        if verb == "group":
            opened = (await self.hall.acme.get("/v1/offers/vip/groups"))["items"]
            if opened:
                fields["group"] = opened[0]["group"]
        self.orders[buyer] = await self.hall.order(f"viewer-{buyer}", **fields)


@pytest.mark.parametrize("heading", ["what moves", "a show is cancelled"])
async def test_what_moves_is_what_the_page_says(hall: Hall, heading: str) -> None:
    await hall.stage.announce()
    await hall.stage.offer(
        deposit=DEPOSIT, group={"size": 2, "within_s": 86_400, "price_minor": 7_900}, hold_s=900
    )
    walk = Walk(hall)
    for row in table("presale.md", heading):
        step = row.pop("step")
        await walk.step(*step.split())
        wanted = {name: int(count) for name, count in row.items()}
        assert await walk.stands(list(row)) == wanted, step
    await hall.assert_sound()


@pytest.mark.parametrize("row", table("presale.md", "who pays late"))
async def test_who_pays_late_gets_what_the_page_says(hall: Hall, row: dict[str, str]) -> None:
    await hall.stage.announce()
    steps = [{"price_minor": 9_900, "count": 3}, {"price_minor": 12_900}]
    await hall.stage.offer(steps=steps, hold_s=600)
    order = await hall.order("late", quantity=2)
    hall.stage.clock.advance(seconds=int(row["paid after, s"]))
    happens, _, more = row["meanwhile"].partition(", ")
    if happens == "swept":
        await hall.sweep()
    if more == "price changed":
        await hall.stage.offer(steps=[steps[0] | {"price_minor": 10_900}, steps[1]], hold_s=600)
    elif more:
        count = int(more.split()[0])
        await hall.pay((await hall.order("other", quantity=count))["due"])
    await hall.pay(order["due"])
    issued = [one.late for one in await hall.facts(TicketIssued) if one.viewer == "late"]
    rejected = [one.code for one in await hall.facts(DueRejected)]
    late = {"yes": [True], "no": [False], "": []}[row["late"]]
    assert (issued, rejected) == (late, [] if late else [row["answer"]])
    await hall.assert_sound()


@pytest.mark.parametrize("row", table("presale.md", "what is forfeited"))
def test_a_deposit_is_split_as_the_page_says(row: dict[str, str]) -> None:
    parts = split_deposit(deposit_minor=int(row["deposit"]), forfeited=row["forfeited"])
    assert parts == (int(row["kept"]), int(row["goes back"]))


@pytest.mark.parametrize("mode", ["first_come", "lottery"])
def test_seats_go_to_whom_the_page_says(mode: WaitingMode) -> None:
    rows = table("presale.md", "three seats come back")
    (seed,) = [line.strip("`.") for line in _lines() if line.startswith("`") and len(line) == 64 + 3]
    places = []
    for row in rows:
        lot = sha256(f"{seed}/{row['place']}".encode()).hexdigest()
        assert lot.startswith(row["hash begins with"])
        place = Place(number=int(row["place"]), viewer="v", show="s", offer="o", quantity=int(row["wants"]))
        places.append(place)
    offered = next_places(places, available=3, mode=mode, seed=seed)
    assert {one.number for one in offered} == {int(row["place"]) for row in rows if row[mode] == "offered"}
    assert {row[mode] for row in rows} == {"offered", "waits"}


def test_the_order_of_a_draw_is_what_the_page_computes() -> None:
    names: dict[str, Any] = {}
    exec("\n".join(_lines()).partition("```python\n")[2].partition("```")[0], names)  # noqa: S102 - the page's own
    places = [
        Place(number=number, viewer="v", show="s", offer="o", quantity=1) for number in (7, 8, 9, 2**40)
    ]
    drawn = next_places(places, available=4, mode="lottery", seed="ab")
    assert [one.number for one in drawn] == names["order"]("ab", [one.number for one in places])
    assert drawn != [replace(one) for one in places]


async def test_an_order_is_refunded_in_parts_as_the_page_says(hall: Hall) -> None:
    await hall.stage.announce()
    await hall.stage.offer(steps=[{"price_minor": 9_900, "count": 3}, {"price_minor": 12_900}])
    order = await hall.order("v1", quantity=4)
    payment = await hall.pay(order["due"])
    seats = 4
    for row in table("presale.md", "an order of four seats is refunded in parts"):
        await hall.refund(payment, int(row["refunded"]))
        seen = await hall.seen(order["order"])
        seats -= int(row["seats back"])
        assert (len(seen["tickets"]), seen["refunded_minor"]) == (seats, int(row["refunded in all"]))
        assert seats == int(row["seats left"])
    await hall.assert_sound()


def _lines() -> list[str]:
    return (FOLDER / "presale.md").read_text().splitlines()
