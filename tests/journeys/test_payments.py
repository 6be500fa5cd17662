"""Thousands pay while callbacks, answers and the server get lost; the day's bill must agree to the cent."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from datetime import time as clock_time
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.journeys.commands import plaudit
from tests.journeys.stage import Json, examined
from tests.journeys.storm import MISCHIEF, PACKS, Storm, Viewer, viewers
from tests.journeys.town import CONNECTIONS, Desk, Town, town
from tests.kit.figures import tell
from tests.kit.scale import by_scale
from tests.kit.servers import DatabaseUrls
from tests.kit.simulators import Simulator

COUNT: Final = by_scale(small=150, proof=10_000)
KILLED_AT: Final = (COUNT // 4, COUNT // 2, COUNT * 3 // 4)
OWLS: Final = 3
"""Viewers who pay shortly before midnight."""

pytestmark = pytest.mark.timeout(by_scale(small=180, proof=2_400))


@pytest.fixture
async def place(database: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database=database, folder=tmp_path, channels=("wechat",)) as place:
        yield place


async def test_payments_in_a_storm(place: Town) -> None:
    began = time.perf_counter()
    wechat, desk = place.sides["wechat"], place.desk(place.tenants[0], connections=CONNECTIONS)
    merchant = await wechat.merchant()
    account = await desk.account(wechat, merchant)
    for pack, (price, coins, bonus) in PACKS.items():
        body = {"price_asset": "CNY", "price_minor": price, "amount_minor": coins, "bonus_minor": bonus}
        await desk.put(f"/v1/packs/{pack}", body)
    storm = Storm(place, desk, wechat, viewers(COUNT))
    await wechat.mischief(**MISCHIEF)
    await storm.rages(lanes=CONNECTIONS, kill_at=KILLED_AT)
    paid_s = time.perf_counter() - began
    await storm.passes()
    # Nobody asks about what is closed: a late payment that no callback ever tells of is the bill's to find.
    await wechat.mischief(**MISCHIEF | {"vanish": 0})
    await storm.pays_late()
    await storm.settles()
    credited_wrongly = await everybody_has_what_he_paid_for(storm)

    await wechat.mischief()
    owls = await before_midnight(storm)
    day = place.today
    figures = await wechat.figures()
    credited = [one for one in (*storm.orders, *owls) if one.is_credited]
    await the_books_say(desk, account=account, credited=credited)
    verdict = await asyncio.to_thread(
        examined, database_url=place.database.url, tenant_id=place.tenants[0].tenant_id
    )
    assert verdict.green, verdict.findings

    await place.until(clock_time(10, 2), days=1)
    lines, differences = await the_bill_agrees(place, day=day)
    kept = figures["balances_minor"][merchant["id"]]
    assert await desk.balance(f"channel/{account}/CNY") == -kept
    found = await what_is_planted_is_found(storm, owls, merchant=merchant["id"], day=day)
    assert await desk.balance(f"channel/{account}/CNY") == -kept
    tell(
        name="payments",
        payments=COUNT,
        credited=len(credited) - len(owls),
        attempts=dict(storm.attempts),
        refunds=dict(Counter(one.cause for one in storm.orders if one.cause)),
        callbacks=figures["attempts"],
        kills=storm.kills,
        bill_lines=lines,
        differences=differences,
        found=found,
        credited_wrongly=credited_wrongly,
        paid_s=round(paid_s, 1),
        seconds=round(time.perf_counter() - began, 1),
    )


async def everybody_has_what_he_paid_for(storm: Storm) -> dict[str, int]:
    """Each paid intent is credited once, each other one not at all; what was too much has gone back.

    Returns how many credits lack and how many there are that nobody paid for.
    """
    desk, orders = storm.desk, storm.orders
    due: Counter[str] = Counter({one.name: 0 for one in orders})
    for one in orders:
        if one.is_credited:
            due[one.name] += sum(PACKS[one.pack][1:])
    coins = await asyncio.gather(*(desk.coins(name) for name in due))
    assert dict(zip(due, coins, strict=True)) == dict(due)
    states = {one["payment"]: one["state"] for one in await desk.pages("/v1/payments")}
    assert states == {one.payment: "succeeded" if one.is_credited else "closed" for one in orders}
    credited = Counter(fact["data"]["payment"] for fact in await desk.facts("topup.credited"))
    wanted = Counter(one.payment for one in orders if one.is_credited)
    wrong = {"missing": (wanted - credited).total(), "false": (credited - wanted).total()}
    assert wrong == {"missing": 0, "false": 0}
    refunds = [
        (one["payment"], one["cause"], one["state"], one["amount_minor"])
        for one in await desk.pages("/v1/refunds")
    ]
    assert sorted(refunds) == sorted(
        (one.payment, one.cause, "succeeded", one.returned_minor) for one in orders if one.cause
    )
    there = await everything(storm.wechat, "refunds")
    assert sum(one["amount_minor"] for one in there) == sum(one.returned_minor for one in orders)
    assert len(there) == len(refunds)
    paid = {one["number"] for one in await everything(storm.wechat, "orders") if one["payments"]}
    notified = [fact["data"] for fact in await desk.facts("payment.notified")]
    assert {one["number"] for one in notified if one["told"] == "paid"} == paid
    assert len(storm.kills) == len(KILLED_AT)
    return wrong


async def everything(wechat: Simulator, what: str) -> list[Json]:
    """Return all orders or refunds of the simulator."""
    found: list[Json] = []
    after: int | None = 0
    while after is not None:
        page = await wechat.ask(what, after=after)
        found += page["items"]
        after = page["after"]
    return found


async def the_books_say(desk: Desk, *, account: str, credited: list[Viewer]) -> None:
    """Users' money is what the packs cost that were credited; nothing is on its way."""
    money = sum(one.price_minor for one in credited)
    assert await desk.balance("users/funds/CNY") == money
    assert await desk.balance("clearing/CNY") == 0
    assert await desk.balance(f"channel/{account}/CNY") == -money
    assert -await desk.balance("issuance/coin") == sum(sum(PACKS[one.pack][1:]) for one in credited)


async def before_midnight(storm: Storm) -> list[Viewer]:
    """Let some pay in the last minutes of the day."""
    await storm.town.until(clock_time(23, 50))
    owls = [Viewer(COUNT + n, f"owl{n}", "small", "pays") for n in range(OWLS)]
    for one in owls:
        await storm.orders_pack(one)
    await storm.pay(owls)
    await storm.settles()
    return owls


async def reconciled(place: Town, *, day: date, code: int) -> Json:
    """Run the command and return what it says of the one account."""
    words = ("reconcile", "--channel", "wechat", "--date", day.isoformat(), "--json")
    done = await asyncio.to_thread(plaudit, *words, **place.environ)
    assert done.returncode == code, (done.returncode, done.stdout[-4000:], done.stderr[-4000:])
    (told,) = msgspec.json.decode(done.stdout)
    return told


async def the_bill_agrees(place: Town, *, day: date) -> tuple[int, int]:
    """Compare the day with WeChat's bills: every line agrees, and so does the balance.

    Returns the lines and how many differences were found.
    """
    told = await reconciled(place, day=day, code=0)
    assert told["exceptions"] == []
    (matched,) = told["classes"]
    (sums,) = told["sums"]
    assert (matched["difference"], matched["lines"]) == ("matched", told["lines"])
    balance = sums["balance"]
    assert (balance["bill_minor"], balance["timing_minor"]) == (balance["ledger_minor"], 0)
    return matched["lines"], len(told["exceptions"])


async def what_is_planted_is_found(storm: Storm, owls: list[Viewer], *, merchant: str, day: date) -> int:
    """Plant ten differences of all classes, and find exactly those; without them the day agrees again."""
    place, desk, wechat = storm.town, storm.desk, storm.wechat
    paid = [one.shown[0] for one in storm.orders if one.fate == "pays"][::5]
    refunds = sorted(one["number"] for one in await everything(wechat, "refunds"))
    plantings: list[tuple[str, str, str, dict[str, Any]]] = [
        ("missing_row", paid[0], "missing_there", {}),
        ("missing_row", paid[1], "missing_there", {}),
        ("missing_row", refunds[0], "missing_there", {}),
        ("missing_row", owls[0].shown[0], "timing", {}),
        ("extra_row", "P00000NOTOURS01", "missing_here", {"amount_minor": 600, "fee_minor": 4}),
        ("extra_row", "P00000NOTOURS02", "missing_here", {"amount_minor": 1_200, "fee_minor": 7}),
        ("other_amount", paid[2], "amount_differs", {"amount_minor": 1}),
        ("other_amount", refunds[1], "amount_differs", {"amount_minor": 1}),
        ("other_fee", paid[3], "fee_differs", {"fee_minor": 99}),
        ("other_refund_state", refunds[2], "refund_state_differs", {"state": "CLOSED"}),
    ]
    for kind, number, _, wish in plantings:
        await wechat.plant(merchant=merchant, day=day, kind=kind, number=number, **wish)
    told = await reconciled(place, day=day, code=1)
    found = sorted((one["class"], one["subject"].partition("/")[2]) for one in told["exceptions"])
    assert found == sorted((difference, number) for _, number, difference, _ in plantings)
    (fee,) = [one for one in told["exceptions"] if one["class"] == "fee_differs"]
    await desk.post(
        f"/v1/reconciliation-exceptions/{fee['exception']}/resolution",
        {"resolution": "written_off", "note": "WeChat was asked, and corrects its bill"},
    )
    (fact,) = await desk.facts("bill.exception.resolved")
    assert (fact["data"]["exception"], fact["data"]["resolution"]) == (fee["exception"], "written_off")
    await wechat.client.delete("/control/plantings")
    again = await reconciled(place, day=day, code=0)
    assert [one for one in again["exceptions"] if one["state"] != "resolved"] == []
    return len(found)
