"""Plaudit's own channels against the simulators: two sides written apart, from the same documents."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plaudit.features.payments.model.channel import (
    BillKind,
    BillLine,
    CallbackRejected,
    Channel,
    Merchant,
    Notice,
    Order,
    RefundOrder,
)
from plaudit.features.payments.providers import CHANNELS
from plaudit.kernel.time import SystemClock
from plaudit.platform.inside import Inside
from plaudit.platform.outbound import opened
from tests.app.simulate.receiver import Receiver
from tests.kit.simulators import Simulator, account_of

CHINA_AHEAD = timedelta(hours=8)


@pytest.fixture(params=["wechat-public_key", "wechat-certificate", "alipay-public_key", "alipay-certificate"])
async def side(
    request: pytest.FixtureRequest, running_wechat: Simulator, running_alipay: Simulator
) -> AsyncIterator[tuple[Simulator, Channel, str]]:
    """Make a merchant there and the channel here; the merchant's name comes last."""
    name, mode = request.param.split("-")
    simulator = running_wechat if name == "wechat" else running_alipay
    merchant = await simulator.merchant(mode=mode, bills="at_once")
    kind = CHANNELS[simulator.channel]  # type: ignore[index]
    account = account_of(simulator, merchant)
    settings = msgspec.convert(account["settings"], kind.settings)
    hidden = msgspec.convert(account["secrets"], kind.secrets)
    kept = Merchant(
        tenant_id=1,
        number=1,
        channel=simulator.channel,  # type: ignore[arg-type]
        name="shop",
        settings=account["settings"],
        secrets=account["secrets"],
        enabled=True,
        priority=1,
        assets=("CNY",),
        methods=("native", "page"),
        devices=(),
        min_minor=1,
        max_minor=10**9,
        revision=1,
    )
    assert kind.make is not None
    async with opened(inside=Inside.of("127.0.0.1"), own_url="http://127.0.0.1:1") as outbound:
        given: dict[str, Any] = {"clock": SystemClock(), "randomness": secrets.token_bytes}
        yield (
            simulator,
            kind.make(merchant=kept, outbound=outbound, settings=settings, secrets=hidden, **given),
            merchant["id"],
        )
    await simulator.mischief()


async def _read(channel: Channel, inbox: Receiver, place: int = -1) -> Notice:
    callback = inbox.callbacks[place]
    headers = {name.lower(): value for name, value in callback.headers.items()}
    return await channel.read_callback(headers=headers, body=callback.body, now=datetime.now(UTC))


def _order(simulator: Simulator, inbox: Receiver) -> Order:
    now = datetime.now(UTC)
    return Order(
        number=f"P{secrets.token_hex(6).upper()}01",
        method="native" if simulator.channel == "wechat" else "page",
        asset="CNY",
        amount_minor=600,
        title="600 coins",
        opened_at=now,
        expires_at=now + timedelta(minutes=15),
        notify_url=f"{inbox.url}/v1/callbacks/{simulator.channel}/acc",
    )


async def _present(simulator: Simulator, channel: Channel, order: Order) -> None:
    """Open the order, and let the payer look at what he is shown."""
    shown = await channel.open(order)
    if shown.kind == "redirect":
        assert shown.url is not None
        assert "¥ 6.00" in (await simulator.client.get(shown.url)).text


async def test_a_payment_from_order_to_bill(side: tuple[Simulator, Channel, str], inbox: Receiver) -> None:
    simulator, channel, name = side
    replies = channel.reply(accepted=True)
    inbox.answer = lambda _received: (replies.status, replies.body)
    order = _order(simulator, inbox)
    assert (await channel.query(order)).state == "absent"
    await _present(simulator, channel, order)
    assert (await channel.query(order)).state == "pending"
    payment = await simulator.pay(order.number)
    await simulator.flush()
    assert (await simulator.callbacks(order=order.number))[0]["state"] == "done"
    told = await _read(channel, inbox)
    assert (told.told, told.number, told.transaction) == ("paid", order.number, payment["transaction"])
    assert (told.asset, told.amount_minor) == ("CNY", 600)
    asked = await channel.query(order)
    assert (asked.state, asked.transaction, asked.amount_minor) == ("paid", told.transaction, 600)
    assert (await channel.close(order)).state == "paid"
    refund = RefundOrder(
        number=f"R{order.number}",
        order_number=order.number,
        transaction=told.transaction,
        asset="CNY",
        amount_minor=200,
        total_minor=600,
        reason="not wanted",
        notify_url=order.notify_url,
    )
    assert (await channel.query_refund(refund)).state == "absent"
    assert (await channel.refund(refund)).state in {"processing", "succeeded"}
    await asyncio.sleep(0.3)
    await simulator.flush()
    assert (await channel.refund(refund)).state == "succeeded"
    assert (await channel.query_refund(refund)).state == "succeeded"
    told = await _read(channel, inbox)
    assert (told.told, told.refund_number) == ("refunded", refund.number)
    lines = await _lines(channel, "trade")
    assert [(one.kind, one.number, one.amount_minor, one.fee_minor) for one in lines] == [
        ("payment", order.number, 600, 4),
        ("refund", order.number, -200, -1),
    ]
    assert lines[1].refund_number == refund.number
    funds = await _lines(channel, "funds")
    assert sum(one.amount_minor for one in funds) == 600 - 4 - 200 + 1
    kept = (await simulator.figures())["balances_minor"][name]
    assert funds[-1].balance_minor == kept == 397


async def _lines(channel: Channel, kind: BillKind) -> list[BillLine]:
    day = (datetime.now(UTC) + CHINA_AHEAD).date()
    return list(channel.read_bill(await channel.fetch_bill(day=day, kind=kind), kind=kind))


async def test_an_order_closes(side: tuple[Simulator, Channel, str], inbox: Receiver) -> None:
    simulator, channel, _ = side
    order = _order(simulator, inbox)
    await _present(simulator, channel, order)
    assert (await channel.close(order)).state == "closed"
    assert (await channel.query(order)).state == "closed"
    assert (await channel.close(order)).state == "closed"


async def test_false_callbacks_are_seen_through(
    side: tuple[Simulator, Channel, str], inbox: Receiver
) -> None:
    simulator, channel, _ = side
    order = _order(simulator, inbox)
    await _present(simulator, channel, order)
    await simulator.mischief(corrupt=1)
    await simulator.pay(order.number)
    await simulator.flush()
    with pytest.raises(CallbackRejected):
        await _read(channel, inbox)
    await simulator.tell("craft", number=order.number, probe=True)
    with pytest.raises(CallbackRejected) as caught:
        await _read(channel, inbox)
    assert caught.value.quiet == (simulator.channel == "wechat")
    other = (await simulator.merchant())["id"]
    await simulator.tell("craft", number=order.number, signed_by=other)
    with pytest.raises(CallbackRejected):
        await _read(channel, inbox)
    other_name = {"mchid": other} if simulator.channel == "wechat" else {"app_id": other}
    await simulator.tell("craft", number=order.number, changes=other_name)
    with pytest.raises(CallbackRejected):
        await _read(channel, inbox)
    await simulator.tell("craft", number=order.number)
    assert (await _read(channel, inbox)).told == "paid"
