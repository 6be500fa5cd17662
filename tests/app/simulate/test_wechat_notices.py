"""WeChat Pay's notices: what they say, when they come again, and what can go wrong with them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plaudit.app.simulate.schedule import WECHAT
from tests.app.simulate.receiver import Received, Receiver
from tests.app.simulate.wechat_merchant import WechatMerchant, merchant_of
from tests.kit.simulators import Simulator, simulator


@pytest.fixture
async def shop(wechat: Simulator, inbox: Receiver) -> WechatMerchant:
    return await merchant_of(wechat, inbox.url)


@pytest.fixture
async def paid(shop: WechatMerchant) -> str:
    """Return the number of an order that waits to be paid, found in no other test."""
    number = f"ORDER{shop.facts['mchid']}"
    await shop.order(number)
    return number


async def test_a_payment_is_told_once_and_signed(shop: WechatMerchant, inbox: Receiver, paid: str) -> None:
    payment = await shop.simulator.pay(paid)
    await shop.simulator.flush()
    assert len(inbox.callbacks) == 1
    assert inbox.callbacks[0].path == "/paid"
    notice = shop.opened(inbox.callbacks[0])
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    said = notice["resource"]
    assert (said["out_trade_no"], said["transaction_id"]) == (paid, payment["transaction"])
    assert (said["mchid"], said["appid"]) == (shop.facts["mchid"], shop.facts["appid"])
    assert said["amount"] == {"total": 600, "payer_total": 600, "currency": "CNY", "payer_currency": "CNY"}
    assert said["trade_state"] == "SUCCESS"


async def test_certificate_mode_signs_by_the_platform_certificate(
    shop: WechatMerchant, inbox: Receiver, paid: str
) -> None:
    await shop.simulator.tell(f"merchants/{shop.facts['mchid']}", mode="certificate")
    await shop.simulator.pay(paid)
    await shop.simulator.flush()
    assert inbox.callbacks[0].headers["Wechatpay-Serial"] == shop.facts["platform_serial_no"]
    assert shop.opened(inbox.callbacks[0])["resource"]["out_trade_no"] == paid


@pytest.mark.parametrize("status", [200, 204])
async def test_either_status_ends_a_notice(
    shop: WechatMerchant, inbox: Receiver, paid: str, status: int
) -> None:
    inbox.answer = lambda _received: (status, b"")
    await shop.simulator.pay(paid)
    assert (await shop.simulator.flush())["callbacks"].get("waiting", 0) == 0
    assert (await shop.simulator.callbacks(order=paid))[0]["state"] == "done"


async def test_a_notice_comes_again_on_the_documented_schedule(
    shop: WechatMerchant, inbox: Receiver, paid: str
) -> None:
    inbox.answer = lambda _received: (400, b'{"code":"FAIL"}')
    start = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    await shop.simulator.drive(at=start)
    await shop.simulator.pay(paid)
    await shop.simulator.flush()
    now = start
    for tries, pause in enumerate(WECHAT.pauses, start=1):
        assert len(inbox.callbacks) == tries
        await shop.simulator.drive(at=now + pause - timedelta(seconds=1))
        await shop.simulator.flush()
        await asyncio.sleep(0.02)
        assert len(inbox.callbacks) == tries
        now += pause
        await shop.simulator.drive(at=now)
        for _ in range(100):
            if len(inbox.callbacks) > tries:
                break
            await asyncio.sleep(0.02)
        await shop.simulator.flush()
    assert len(inbox.callbacks) == 16
    assert now - start == timedelta(hours=24, minutes=4)
    assert (await shop.simulator.callbacks(order=paid))[0]["state"] == "given_up"
    ids = {shop.opened(one)["id"] for one in inbox.callbacks}
    stamps = {one.headers["Wechatpay-Timestamp"] for one in inbox.callbacks}
    assert (len(ids), len(stamps)) == (1, 16)


async def test_the_right_answer_ends_the_repeats(shop: WechatMerchant, inbox: Receiver, paid: str) -> None:
    inbox.answer = lambda _received: (500, b"")
    await shop.simulator.pay(paid)
    await shop.simulator.flush()
    inbox.answer = lambda _received: (204, b"")
    await shop.simulator.flush(scheduled=True)
    await shop.simulator.flush(scheduled=True)
    outcomes = [one["outcome"] for one in (await shop.simulator.callbacks(order=paid))[0]["attempts"]]
    assert outcomes == ["500", "204"]


async def test_an_answer_after_five_seconds_is_none(shop: WechatMerchant, inbox: Receiver, paid: str) -> None:
    inbox.delay_s = 5.3
    await shop.simulator.pay(paid)
    await shop.simulator.flush()
    found = (await shop.simulator.callbacks(order=paid))[0]
    assert (found["state"], found["attempts"][0]["outcome"]) == ("waiting", "no answer")


async def test_nobody_there_is_tried_again(wechat: Simulator) -> None:
    shop = await merchant_of(wechat, "http://127.0.0.1:9")
    await shop.order("NOBODY01")
    await wechat.pay("NOBODY01")
    await wechat.flush()
    assert (await wechat.callbacks(order="NOBODY01"))[0]["attempts"][0]["outcome"] == "unreachable"


async def test_a_probe_has_a_wrong_signature_and_says_so(
    shop: WechatMerchant, inbox: Receiver, paid: str
) -> None:
    await shop.simulator.mischief(probe=1)
    inbox.answer = lambda received: (
        200 if shop.verifies(received.headers, received.body.decode()) else 401,
        b"",
    )
    await shop.simulator.pay(paid)
    await shop.simulator.flush()
    probe, true = inbox.callbacks
    assert probe.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert not shop.verifies(probe.headers, probe.body.decode())
    assert shop.opened(true)["resource"]["out_trade_no"] == paid
    assert (await shop.simulator.callbacks(order=paid))[0]["state"] == "done"


async def test_false_notices_can_be_crafted(shop: WechatMerchant, inbox: Receiver, paid: str) -> None:
    other = await merchant_of(shop.simulator, inbox.url)
    await shop.simulator.pay(paid)
    await shop.simulator.flush()
    inbox.answer = lambda _received: (401, b'{"code":"FAIL"}')
    told = await shop.simulator.tell("craft", number=paid, probe=True)
    assert told == {"outcome": "401", "body": '{"code":"FAIL"}'}
    assert not shop.verifies(inbox.callbacks[-1].headers, inbox.callbacks[-1].body.decode())
    await shop.simulator.tell("craft", number=paid, changes={"amount": {"total": 1}}, age_s=86_400)
    old = shop.opened(inbox.callbacks[-1])
    assert old["resource"]["amount"]["total"] == 1
    age_s = datetime.now(UTC).timestamp() - int(inbox.callbacks[-1].headers["Wechatpay-Timestamp"])
    assert 86_390 < age_s < 86_410
    await shop.simulator.tell("craft", number=paid, signed_by=other.facts["mchid"])
    assert other.opened(inbox.callbacks[-1])["resource"]["mchid"] == shop.facts["mchid"]
    assert len((await shop.simulator.callbacks(order=paid))[0]["attempts"]) == 1


async def test_mischief_loses_doubles_corrupts_and_still_delivers(
    shop: WechatMerchant, inbox: Receiver
) -> None:
    numbers = [f"MISCHIEF{place:03d}" for place in range(120)]
    await asyncio.gather(*(shop.order(number) for number in numbers))
    await shop.simulator.mischief(
        seed=7, lose=0.2, double=0.2, corrupt=0.2, reorder=0.3, reorder_ms=50, delay=0.2, delay_ms=50
    )
    right: list[str] = []

    def answer(received: Received) -> tuple[int, bytes]:
        if not shop.verifies(received.headers, received.body.decode("utf-8", "replace")):
            return 401, b""
        right.append(shop.opened(received)["resource"]["out_trade_no"])
        return 200, b""

    inbox.answer = answer
    assert await shop.simulator.pay_many(numbers) == 120
    await shop.simulator.flush()
    await shop.simulator.mischief()
    for _ in range(4):
        await shop.simulator.flush(scheduled=True)
    assert set(right) == set(numbers)
    assert len(right) > 125
    assert right != sorted(right)
    attempts = [
        one for number in numbers for one in (await shop.simulator.callbacks(order=number))[0]["attempts"]
    ]
    assert 10 < sum(one["outcome"] == "lost" for one in attempts) < 45
    assert 8 < sum(one["mischief"] == "corrupted" and one["outcome"] == "401" for one in attempts) < 45
    assert 8 < sum(one["mischief"] == "doubled" for one in attempts) < 45


async def test_a_notice_that_vanishes_leaves_the_query(
    shop: WechatMerchant, inbox: Receiver, paid: str
) -> None:
    await shop.simulator.mischief(vanish=1)
    await shop.simulator.pay(paid)
    await shop.simulator.flush(scheduled=True)
    assert inbox.callbacks == []
    assert (await shop.query(paid))["trade_state"] == "SUCCESS"


async def test_a_burst_keeps_to_the_concurrency(tmp_path: Path, inbox: Receiver) -> None:
    async with simulator("wechat", tmp_path, "--concurrency", "8") as wechat:
        shop = await merchant_of(wechat, inbox.url)
        for start in range(0, 300, 30):
            await asyncio.gather(*(shop.order(f"BURST{place:04d}") for place in range(start, start + 30)))
        inbox.delay_s = 0.01
        assert await wechat.pay_many() == 300
        await wechat.flush()
        assert len(inbox.callbacks) == 300
        assert inbox.open_most == 8
