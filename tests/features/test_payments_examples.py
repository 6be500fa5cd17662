"""What the page of payments tells by example is what happens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plaudit.features.payments.model.effects import Revoked
from plaudit.features.payments.model.figures import Counted, fall_of
from plaudit.features.payments.model.routing import Health
from plaudit.features.payments.model.states import ATTEMPT, INTENT, REFUND
from tests.app.edge import settled
from tests.features.examples import table
from tests.features.payments.shop import NOON, Shop, open_shop
from tests.features.payments.test_states import refunding

pytestmark = pytest.mark.anyio

PAGE = "payments.md"
NOTHING = "-"


@pytest.mark.parametrize(
    ("heading", "moves"),
    [
        ("what becomes of a payment", INTENT),
        ("what becomes of an attempt", ATTEMPT),
        ("what becomes of a refund", REFUND),
    ],
)
def test_states_are_those_of_the_page(heading: str, moves: Mapping[tuple[str, str], str]) -> None:
    rows = table(PAGE, heading)
    said = {
        (row["state"], event): then
        for row in rows
        for event, then in row.items()
        if event != "state" and then != NOTHING
    }
    assert said == moves
    assert {row["state"] for row in rows} == {state for state, _ in moves} | set(moves.values())


@pytest.mark.parametrize("row", table(PAGE, "what leaves the list"))
def test_an_account_leaves_the_list_as_the_page_says(row: dict[str, str]) -> None:
    health = Health(settled=int(row["ended"]), failed=int(row["failed"]))
    assert health.failing == (row["is"] == "failing")


@pytest.mark.parametrize("row", table(PAGE, "when there is an alarm"))
def test_there_is_an_alarm_as_the_page_says(row: dict[str, str]) -> None:
    now, day_before, week_before = (
        Counted(succeeded=int(succeeded), attempted=int(attempted))
        for succeeded, _, attempted in (row[when].split() for when in ("now", "day before", "week before"))
    )
    fall = fall_of(now=now, day_before=day_before, week_before=week_before)
    assert (fall is not None) == (row["alarm"] == "yes")


@pytest.mark.parametrize("row", table(PAGE, "how much of a payment of 1,200 is taken back"))
def test_as_much_is_taken_back_as_the_page_says(row: dict[str, str]) -> None:
    case = refunding(int(row["asked before"]), "sending" if row["is"] == NOTHING else row["is"])  # type: ignore[arg-type]
    if row["is"] == "succeeded":
        case.returns[1].state = "sending"
        case.refunded(refund=1, at=NOON)
    effects = case.revoked(amount_minor=int(row["due.revoked"]), code="show.cancelled", at=NOON)
    refunded = sum(one.refund.amount_minor for one in effects if isinstance(one, Revoked))
    assert refunded == int(row["refunded for it"])


async def test_money_moves_as_the_page_says(database_url: str, tmp_path: Path) -> None:
    rows = table(PAGE, "what a top-up, a part refunded and a double payment move")
    async with open_shop(database_url, tmp_path) as shop:
        account = await shop.account()
        await shop.acme.do(
            "PUT",
            "/v1/packs/small",
            {"price_asset": "CNY", "price_minor": 1_200, "amount_minor": 120, "bonus_minor": 12},
        )
        ordered = await shop.acme.do("POST", "/v1/topups", {"viewer": "v1", "pack": "small"})
        payment: str = (await shop.open(ordered["due"]))["payment"]
        await shop.attempt(payment)
        await shop.act(payment, "pay")
        await _reaches(shop, payment, refunded=0, credited=1)
        reason = {"amount_minor": 500, "reason": "asked by the viewer"}
        await shop.acme.do("POST", f"/v1/payments/{payment}/refunds", reason)
        await _reaches(shop, payment, refunded=1, credited=1)
        await shop.act(payment, "pay_twice")
        await _reaches(shop, payment, refunded=2, credited=1)
        addresses = {name: name.replace("channel", f"channel/{account}/CNY") for name in rows[0]}
        del addresses["fact"]
        assert await _moved(shop, addresses) == [
            (row["fact"], {name: int(row[name]) for name in addresses}) for row in rows
        ]


async def _reaches(shop: Shop, payment: str, *, refunded: int, credited: int) -> None:
    """Wait until so many refunds have gone back and so many packs are in the wallet."""

    async def is_there() -> bool:
        facts = (await shop.acme.get("/v1/facts", limit=1000))["facts"]
        kinds = [one["kind"] for one in facts]
        return (kinds.count("payment.refunded"), kinds.count("topup.credited")) == (refunded, credited)

    await settled(is_there)
    assert (await shop.show(payment))["refunding_minor"] == 0


async def _moved(shop: Shop, addresses: Mapping[str, str]) -> list[tuple[str, dict[str, int]]]:
    """Return the facts that moved something, in order, with what each account got."""
    moved: dict[int, tuple[str, dict[str, int]]] = {}
    for name, address in addresses.items():
        entries: list[Any] = (await shop.acme.get("/v1/accounts/entries", address=address))["items"]
        for entry in entries:
            cause = entry["cause"]
            _, amounts = moved.setdefault(cause["position"], (cause["kind"], dict.fromkeys(addresses, 0)))
            amounts[name] += entry["amount_minor"]
    return [moved[position] for position in sorted(moved)]
