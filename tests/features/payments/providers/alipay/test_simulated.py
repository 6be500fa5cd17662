"""The whole way with the simulator of Alipay, over HTTP and in both modes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plaudit.features.payments.model.channel import CallbackRejected, Channel, Method, Notice, Order
from plaudit.features.payments.providers.alipay import AlipaySecrets, AlipaySettings, alipay
from plaudit.features.payments.providers.alipay.words import SHANGHAI
from plaudit.kernel.time import SystemClock
from plaudit.platform import outbound
from plaudit.platform.inside import Inside
from tests.app.simulate.receiver import Receiver, receiver
from tests.features.payments.providers.alipay.stage import MERCHANT, NUMBER, ORDER, REFUND
from tests.kit.simulators import Simulator, simulator


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulator]:
    async with simulator("alipay", tmp_path_factory.mktemp("simulator")) as side:
        yield side


@pytest.fixture
async def inbox() -> AsyncIterator[Receiver]:
    async with receiver() as merchant:
        yield merchant


@pytest.fixture
async def reach() -> AsyncIterator[outbound.Outbound]:
    async with outbound.opened(inside=Inside.of("127.0.0.1"), own_url="http://127.0.0.1:1") as opened:
        yield opened


def account(facts: dict[str, str], *, mode: str, url: str, reach: outbound.Outbound) -> Channel:
    given: dict[str, Any] = {"alipay_public_key": facts["alipay_public_key"]}
    if mode == "certificate":
        given = {
            "mode": mode,
            "app_cert_pem": facts["app_certificate"],
            "alipay_cert_pem": facts["alipay_certificate"],
            "alipay_root_cert_pem": facts["alipay_root_certificate"],
        }
    return alipay(
        merchant=MERCHANT,
        outbound=reach,
        clock=SystemClock(),
        randomness=bytes,
        settings=AlipaySettings(
            app_id=facts["app_id"], seller_id=facts["seller_id"], gateway_url=f"{url}/gateway.do", **given
        ),
        secrets=AlipaySecrets(private_key=facts["private_key"]),
    )


def ordered(inbox: Receiver, *, number: str, method: Method = "page") -> Order:
    now = datetime.now(UTC)
    order = replace(ORDER, opened_at=now, expires_at=now + timedelta(minutes=15), return_url=None)
    return replace(order, number=number, method=method, notify_url=f"{inbox.url}/told")


async def latest(channel: Channel, side: Simulator, inbox: Receiver) -> Notice:
    """Return what the latest callback says, once it has come."""
    await side.flush()
    return await channel.read_callback(headers={}, body=inbox.callbacks[-1].body, now=datetime.now(UTC))


@pytest.mark.parametrize("mode", ["public_key", "certificate"])
async def test_an_order_is_paid_refunded_in_parts_and_billed(
    mode: str, running: Simulator, inbox: Receiver, reach: outbound.Outbound
) -> None:
    facts = (await running.merchant(mode=mode, bills="at_once", refunds="at_once"))["facts"]
    channel = account(facts, mode=mode, url=running.url, reach=reach)
    order = ordered(inbox, number=f"P{mode[:4].upper()}000001A01")
    assert (await channel.query(order)).state == "absent"
    assert (await channel.close(order)).state == "absent"
    shown = await channel.open(order)
    assert shown.url is not None
    await running.client.get(shown.url)
    assert (await channel.query(order)).state == "pending"

    await running.pay(order.number)
    paid = await latest(channel, running, inbox)
    assert (paid.told, paid.number, paid.amount_minor) == ("paid", order.number, 123_456)
    report = await channel.query(order)
    assert (report.state, report.transaction, report.amount_minor) == ("paid", paid.transaction, 123_456)
    assert (await channel.close(order)).state == "paid"

    part = replace(
        REFUND, order_number=order.number, number=f"R{mode[:4].upper()}1", transaction=paid.transaction
    )
    assert (await channel.query_refund(part)).state == "absent"
    assert (await channel.refund(part)).state == "succeeded"
    assert (await channel.refund(part)).amount_minor == 23_456
    told = await latest(channel, running, inbox)
    assert (told.told, told.refund_number, told.amount_minor) == ("refunded", part.number, 23_456)
    rest = replace(part, number=f"R{mode[:4].upper()}2", amount_minor=100_000)
    assert (await channel.refund(rest)).state == "succeeded"
    told = await latest(channel, running, inbox)
    assert (told.told, told.refund_number, told.amount_minor) == ("refunded", rest.number, 123_456)
    assert (await channel.refund(replace(part, number="RTOOMUCH1"))).state == "failed"
    report = await channel.query(order)
    assert (report.state, report.code) == ("closed", "refunded")

    today = datetime.now(SHANGHAI).date()
    lines = list(channel.read_bill(await channel.fetch_bill(day=today, kind="trade"), kind="trade"))
    assert [(line.kind, line.number, line.refund_number, line.amount_minor) for line in lines] == [
        ("payment", order.number, "", 123_456),
        ("refund", order.number, part.number, -23_456),
        ("refund", order.number, rest.number, -100_000),
    ]
    funds = list(channel.read_bill(await channel.fetch_bill(day=today, kind="funds"), kind="funds"))
    assert sum(line.amount_minor for line in funds if line.kind != "fee") == 0
    assert sum(line.fee_minor for line in lines) == -sum(
        line.amount_minor for line in funds if line.kind == "fee"
    )
    assert funds[-1].balance_minor is not None


async def test_an_order_that_was_opened_is_closed(
    running: Simulator, inbox: Receiver, reach: outbound.Outbound
) -> None:
    facts = (await running.merchant(mode="public_key"))["facts"]
    channel = account(facts, mode="public_key", url=running.url, reach=reach)
    order = ordered(inbox, number="PCLOSE0000001A01", method="wap")
    shown = await channel.open(order)
    assert shown.url is not None
    await running.client.get(shown.url)
    assert (await channel.close(order)).state == "closed"
    assert (await channel.query(order)).state == "closed"
    assert (await latest(channel, running, inbox)).told == "closed"


async def test_a_refund_on_its_way_is_done_when_alipay_says_so(
    running: Simulator, inbox: Receiver, reach: outbound.Outbound
) -> None:
    facts = (await running.merchant(mode="public_key", refunds="hold"))["facts"]
    channel = account(facts, mode="public_key", url=running.url, reach=reach)
    order = ordered(inbox, number=NUMBER, method="app")
    shown = await channel.open(order)
    assert shown.parameters is not None
    await running.client.post("/payer/app", content=shown.parameters["order_string"])
    await running.pay(order.number)
    assert (await channel.refund(REFUND)).state == "processing"


async def test_a_callback_with_a_wrong_signature_is_not_believed(
    running: Simulator, inbox: Receiver, reach: outbound.Outbound
) -> None:
    mine, other = [(await running.merchant(mode="public_key"))["facts"] for _ in range(2)]
    channel = account(mine, mode="public_key", url=running.url, reach=reach)
    order = ordered(inbox, number="PFORGED000001A01")
    shown = await channel.open(order)
    assert shown.url is not None
    await running.client.get(shown.url)
    await running.pay(order.number)
    assert (await latest(channel, running, inbox)).told == "paid"
    forged = mine | {"alipay_public_key": other["alipay_public_key"]}
    others = account(forged, mode="public_key", url=running.url, reach=reach)
    with pytest.raises(CallbackRejected) as refusal:
        await others.read_callback(headers={}, body=inbox.callbacks[-1].body, now=datetime.now(UTC))
    assert refusal.value.code == "signature"
