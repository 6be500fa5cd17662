"""Single payments over HTTP at simulated channels: refunds, a paid tip, failing channels, false callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import time
from typing import Any

import msgspec
import pytest

from tests.journeys.commands import plaudit
from tests.journeys.stage import Json, examined
from tests.journeys.town import Desk, Town, caught_up, town
from tests.kit.servers import TestServer, fresh_database
from tests.kit.simulators import Simulator, account_of

PACK = {"price_asset": "CNY", "price_minor": 1_200, "amount_minor": 120, "bonus_minor": 6}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
async def place(postgres: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    with fresh_database(postgres) as database:
        folder = tmp_path_factory.mktemp("town")
        channels = ("wechat", "alipay")
        async with town(database=database, folder=folder, channels=channels, tenant_count=8) as place:
            yield place


@dataclass(slots=True)
class Shop:
    """A tenant of one journey's own, which sells one pack."""

    town: Town
    desk: Desk

    async def opens(self, viewer: str) -> str:
        """Let a viewer order the pack, and return the payment."""
        due = await self.desk.post("/v1/topups", {"viewer": viewer, "pack": "small"})
        return str((await self.desk.post("/v1/payments", {"due": due["due"]}))["payment"])

    async def attempts(self, payment: str, **wish: object) -> Json:
        """Attempt a payment; at Alipay the payer's browser goes where it is sent."""
        made = await self.desk.post(f"/v1/payments/{payment}/attempts", wish)
        shown = made["presentation"]
        if shown is not None and shown["kind"] == "redirect":
            page = await self.town.sides["alipay"].client.get(shown["url"])
            assert page.is_success, page.text
        return made

    async def settles(self) -> None:
        """Wait until what has been told is done."""
        for _ in range(3):
            await asyncio.sleep(0.1)
            for side in self.town.sides.values():
                await side.flush()
            await caught_up(self.desk)

    async def becomes(self, path: str, **wanted: object) -> Json:
        """Wait until an answer has these fields."""
        seen: Json = None
        for _ in range(100):
            seen = await self.desk.get(path)
            if all(seen[name] == value for name, value in wanted.items()):
                await self.settles()
                return seen
            await self.settles()
        raise AssertionError((seen, wanted))

    async def head(self) -> int:
        """Return the position of the last fact."""
        return int((await self.desk.get("/v1/facts?after=0&limit=1"))["head"])


@pytest.fixture
async def shop(place: Town) -> AsyncIterator[Shop]:
    """Lend a tenant; afterwards its books must be in order, and the channels as they should be."""
    tenant = place.tenants.pop()
    desk = place.desk(tenant, connections=8)
    await desk.put("/v1/packs/small", PACK)
    yield Shop(place, desk)
    for side in place.sides.values():
        await side.mischief()
    assert await desk.balance("clearing/CNY") == 0
    verdict = await asyncio.to_thread(examined, database_url=place.database.url, tenant_id=tenant.tenant_id)
    assert verdict.green, verdict.findings


@pytest.fixture
def wechat(place: Town) -> Simulator:
    return place.sides["wechat"]


@pytest.fixture
def alipay(place: Town) -> Simulator:
    return place.sides["alipay"]


async def test_part_of_an_alipay_payment_goes_back(shop: Shop, alipay: Simulator) -> None:
    merchant = await alipay.merchant()
    account = await shop.desk.account(alipay, merchant)
    payment = await shop.opens("v1")
    number = (await shop.attempts(payment))["number"]
    await alipay.pay(number)
    await shop.becomes(f"/v1/payments/{payment}", state="succeeded")
    assert await shop.desk.coins("v1") == 126
    asked = await shop.desk.post(f"/v1/payments/{payment}/refunds", {"amount_minor": 400, "reason": "slip"})
    await shop.becomes(f"/v1/refunds/{asked['refund']}", state="succeeded")
    seen = await shop.becomes(f"/v1/payments/{payment}", state="partly_refunded")
    assert (seen["refunding_minor"], seen["refunded_minor"]) == (0, 400)
    assert await shop.desk.coins("v1") == 84
    # Alipay told of the refund by saying once more that the trade was paid.
    told = [one["event"] for one in await alipay.callbacks(order=number)]
    assert told == ["TRADE_SUCCESS", "TRADE_SUCCESS.REFUND"]
    for again in (number, await the_refund(alipay, number)):
        outcome = await alipay.tell("craft", number=again)
        assert (outcome["outcome"], outcome["body"]) == ("200", "success")
    await shop.settles()
    assert await shop.desk.coins("v1") == 84
    assert len(await shop.desk.facts("payment.succeeded")) == 1
    assert await shop.desk.balance(f"channel/{account}/CNY") == -800
    assert await shop.desk.balance("users/funds/CNY") == 800


async def the_refund(side: Simulator, order: str) -> str:
    """Return the number of an order's only refund."""
    (found,) = (await side.ask("refunds", order=order))["items"]
    return str(found["number"])


async def test_a_paid_tip_is_shared_and_its_refund_taken_from_all(shop: Shop, wechat: Simulator) -> None:
    desk = shop.desk
    await desk.account(wechat, await wechat.merchant())
    terms = {"basis": "fixed", "tiers": [{"from_minor": 0, "creator": "70%", "guild": "20%"}]}
    await desk.put("/v1/terms/shared", terms)
    await desk.put("/v1/creators/c1", {"guild": "g1", "terms": "shared"})
    order = {"viewer": "v1", "creator": "c1", "asset": "CNY", "amount_minor": 1_001, "message": "well sung"}
    due = await desk.post("/v1/tips/orders", order)
    payment = (await desk.post("/v1/payments", {"due": due["due"]}))["payment"]
    assert await shares(desk) == [0, 0, 0]
    await wechat.pay((await shop.attempts(payment))["number"])
    await shop.becomes(f"/v1/payments/{payment}", state="succeeded")
    assert await shares(desk) == [701, 200, 100]
    (sent,) = await desk.facts("tip.sent")
    assert (sent["data"]["payment"], sent["data"]["viewer"]) == (payment, "v1")
    part = await desk.post(f"/v1/payments/{payment}/refunds", {"amount_minor": 500, "reason": "half"})
    await shop.becomes(f"/v1/refunds/{part['refund']}", state="succeeded")
    assert sum(await shares(desk)) == 501
    rest = await desk.post(f"/v1/payments/{payment}/refunds", {"reason": "and the rest"})
    await shop.becomes(f"/v1/refunds/{rest['refund']}", state="succeeded")
    await shop.becomes(f"/v1/payments/{payment}", state="refunded", refunded_minor=1_001)
    assert await shares(desk) == [0, 0, 0]
    assert await desk.refused(f"/v1/payments/{payment}/refunds", {"reason": "once more"}) == "refund.exceeded"


async def shares(desk: Desk) -> list[int]:
    addresses = ("creator/c1/earnings/CNY", "guild/g1/earnings/CNY", "platform/revenue/CNY")
    return [await desk.balance(address) for address in addresses]


async def test_a_channel_that_is_not_there_is_passed_over(
    shop: Shop, wechat: Simulator, alipay: Simulator
) -> None:
    merchant = await wechat.merchant()
    gone = await shop.desk.account(wechat, merchant, priority=1, **elsewhere(wechat, merchant))
    second = await shop.desk.account(alipay, await alipay.merchant(), priority=2)
    payment = await shop.opens("v1")
    made = await shop.attempts(payment)
    assert (made["account"], made["state"], made["attempt"], made["follows"]) == (second, "open", 2, 1)
    seen = await shop.desk.get(f"/v1/payments/{payment}")
    first = seen["attempts"][0]
    assert (first["account"], first["state"], first["code"]) == (gone, "failed", "channel.unreachable")
    await alipay.pay(made["number"])
    await shop.becomes(f"/v1/payments/{payment}", state="succeeded")
    assert await shop.desk.coins("v1") == 126


def elsewhere(wechat: Simulator, merchant: Json) -> dict[str, Any]:
    """Return the terms of an account whose channel cannot be reached."""
    there = Simulator(wechat.channel, NOBODY, wechat.process, wechat.client)
    return account_of(there, merchant)


async def test_a_channel_that_fails_leaves_the_list_and_returns(
    shop: Shop, wechat: Simulator, alipay: Simulator
) -> None:
    first = await shop.desk.account(wechat, await wechat.merchant(), priority=1)
    second = await shop.desk.account(alipay, await alipay.merchant(), priority=2)
    await wechat.mischief(error=1)
    payments = [await shop.opens(f"v{n}") for n in range(5)]
    made = [await shop.attempts(payment) for payment in payments]
    # A fault after sending may have made the order all the same: it is asked about, and nothing is guessed.
    assert {(one["account"], one["state"]) for one in made} == {(first, "unknown")}
    changed = await shop.attempts(payments[0], account=second)
    assert (changed["account"], changed["state"]) == (second, "open")
    await wechat.mischief()
    await shop.town.passes(65)
    await caught_up(shop.desk)
    seen = await shop.desk.get(f"/v1/payments/{payments[1]}")
    assert (seen["state"], seen["attempts"][0]["code"]) == ("failed", "channel.absent")
    assert {(one["account"], one["reason"]) for one in seen["ways"]} == {(first, "failing"), (second, None)}
    made = [await shop.attempts(payments[1])]
    assert (made[0]["account"], made[0]["state"]) == (second, "open")
    await shop.town.passes(310)
    made.append(await shop.attempts(payments[2]))
    assert (made[1]["account"], made[1]["state"]) == (first, "open")
    await alipay.pay(changed["number"])
    await wechat.pay(made[1]["number"])
    for payment in (payments[0], payments[2]):
        await shop.becomes(f"/v1/payments/{payment}", state="succeeded")
    assert [await shop.desk.coins(f"v{n}") for n in range(5)] == [126, 0, 126, 0, 0]


async def test_a_large_refund_needs_a_second_person_and_takes_the_coins_back(
    shop: Shop, wechat: Simulator
) -> None:
    desk = shop.desk
    account = await desk.account(wechat, await wechat.merchant())
    await desk.put("/v1/payment-policies/CNY", {"review_above_minor": 1_000})
    maker, checker = [await person(shop, name) for name in ("Mai", "Che")]
    payment = await shop.opens("v1")
    number = (await shop.attempts(payment))["number"]
    await wechat.pay(number)
    await shop.becomes(f"/v1/payments/{payment}", state="succeeded")
    asked = await maker.post(f"/v1/payments/{payment}/refunds", {"reason": "it was a child"})
    assert asked["state"] == "review"
    path = f"/v1/refunds/{asked['refund']}"
    assert await maker.refused(f"{path}/approval") == "checker.invalid"
    assert await desk.refused(f"{path}/approval") == "checker.invalid"
    assert (await wechat.ask("refunds", order=number))["items"] == []
    await checker.post(f"{path}/approval")
    seen = await shop.becomes(path, state="succeeded")
    assert (seen["maker"].partition("/")[0], seen["amount_minor"]) == ("staff", 1_200)
    assert seen["maker"] != seen["checker"]
    await shop.becomes(f"/v1/payments/{payment}", state="refunded")
    assert await desk.coins("v1") == 0
    assert await desk.balance(f"channel/{account}/CNY") == 0
    assert await desk.balance("users/funds/CNY") == 0


async def person(shop: Shop, name: str) -> Desk:
    """Return what a person of the staff sees who makes and checks refunds."""
    scopes = ["refund.make", "refund.check", "payment.read"]
    made = await shop.desk.post("/v1/staff", {"name": name, "scopes": scopes})
    return shop.town.desk(shop.desk.tenant, credential=made["key"])


async def test_what_is_not_proved_is_not_recorded(shop: Shop, wechat: Simulator) -> None:
    desk = shop.desk
    account = await desk.account(wechat, await wechat.merchant())
    other = (await wechat.merchant())["id"]
    payment = await shop.opens("v1")
    number = (await shop.attempts(payment))["number"]
    await wechat.mischief(vanish=1)
    await wechat.pay(number)
    head = await shop.head()
    missing = "/v1/callbacks/wechat/acc_0000000000000"
    false: list[tuple[dict[str, Any], set[str]]] = [
        ({"signed_by": other}, {"400"}),
        ({"age_s": 301}, {"400"}),
        ({"age_s": -301}, {"400"}),
        ({"age_s": 3 * 365 * 86_400}, {"400"}),
        ({"changes": {"mchid": other}}, {"400"}),
        ({"changes": {"appid": "wx0000000000000000"}}, {"400"}),
        ({"changes": {"out_trade_no": "P00000NOTOURS01"}}, {"400"}),
        ({"url": shop.town.process.url + missing}, {"404"}),
        ({"url": f"{shop.town.process.url}/v1/callbacks/alipay/{account}"}, {"404"}),
    ]
    for wish, expected in false:
        answer = await wechat.tell("craft", number=number, **wish)
        assert answer["outcome"] in expected, (wish, answer)
        if answer["outcome"] == "400":
            assert '"code":"FAIL"' in answer["body"], (wish, answer)
    told = shop.town.process.log.read_text().count("callback rejected")
    assert told >= 6, "a false callback is told of"
    probe = await wechat.tell("craft", number=number, probe=True)
    assert probe["outcome"] == "400"
    assert shop.town.process.log.read_text().count("callback rejected") == told, "a probe is quiet"
    await shop.settles()
    assert await shop.head() == head
    assert await desk.coins("v1") == 0
    for _ in range(2):
        assert (await wechat.tell("craft", number=number))["outcome"] == "204"
    await shop.becomes(f"/v1/payments/{payment}", state="succeeded")
    assert await desk.coins("v1") == 126
    assert len(await desk.facts("payment.notified")) == 1


async def test_what_was_never_told_is_asked_for_after_the_deadline(shop: Shop, wechat: Simulator) -> None:
    desk, place = shop.desk, shop.town
    account = await desk.account(wechat, await wechat.merchant())
    payment = await shop.opens("v1")
    number = (await shop.attempts(payment))["number"]
    for _ in range(2):
        await place.passes(1_801)
    await shop.becomes(f"/v1/payments/{payment}", state="closed")
    await wechat.mischief(vanish=1)
    await wechat.pay(number, late=True)
    assert (await desk.get("/v1/refunds"))["items"] == []
    await place.passes(3_601)
    await shop.settles()
    (refund,) = (await desk.get("/v1/refunds"))["items"]
    assert (refund["cause"], refund["amount_minor"]) == ("late", 1_200)
    await place.passes(601)
    await shop.becomes(f"/v1/refunds/{refund['refund']}", state="succeeded")
    assert await desk.coins("v1") == 0
    day = place.today
    await place.until(time(10, 2), days=1)
    words = ("reconcile", "--channel", "wechat", "--account", account, "--date", day.isoformat(), "--json")
    done = await asyncio.to_thread(plaudit, *words, **place.environ)
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    (told,) = msgspec.json.decode(done.stdout)
    assert told["exceptions"] == []
