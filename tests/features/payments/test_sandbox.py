"""The sandbox channel: what a payer does there comes back by signed callback, and stands on its bill."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit.core.ledger import balances
from plaudit.features.payments.actions.base import merchant_of
from plaudit.features.payments.actions.channels import channel_of
from plaudit.features.payments.model.channel import (
    BillDamaged,
    BillKind,
    BillNotReady,
    CallbackRejected,
    Channel,
    Order,
    RefundOrder,
)
from plaudit.features.payments.providers.sandbox import Callback, signed
from plaudit.features.payments.providers.sandbox.signing import HEADER
from plaudit.platform.failures import Final
from plaudit.vocabulary import chart
from tests.app.edge import problem, settled
from tests.features.payments.shop import NOON, SIGNING_KEY, Shop, open_shop

TODAY = NOON.date()


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


async def started(shop: Shop, amount_minor: int = 1_200) -> str:
    """Open and attempt a payment, and return its id."""
    payment = (await shop.open(await shop.due(amount_minor)))["payment"]
    await shop.attempt(payment)
    return str(payment)


async def channel_at(shop: Shop, account: str) -> Channel:
    merchant = await merchant_of(shop.edge.house, tenant_id=shop.tenant_id, number=int(account[-1]))
    assert merchant is not None
    return channel_of(shop.edge.house, merchant=merchant)


async def becomes(shop: Shop, payment: str, state: str) -> Any:  # noqa: ANN401 - JSON
    async def there() -> bool:
        return bool((await shop.show(payment))["state"] == state)

    await settled(there)
    return await shop.show(payment)


async def ordered(shop: Shop, payment: str) -> str:
    """Return our order number of the first attempt."""
    number: str = (await shop.show(payment))["attempts"][0]["number"]
    return number


async def counted(shop: Shop, payment: str, kind: str, count: int) -> None:
    async def there() -> bool:
        return (await shop.kinds(payment)).count(kind) == count

    await settled(there)


async def test_what_is_paid_at_the_sandbox_succeeds_here(shop: Shop) -> None:
    await shop.account()
    payment = await started(shop)
    assert await shop.act(payment, "pay") == {
        "payment": payment,
        "number": await ordered(shop, payment),
        "state": "paid",
        "paid_minor": [1_200],
    }
    paid = await becomes(shop, payment, "succeeded")
    assert paid["attempts"][0]["state"] == "paid"
    again = await shop.act(payment, "pay")
    assert again["paid_minor"] == [1_200], "the act says how it ends: doing it again changes nothing"


async def test_each_payer_has_an_account_of_his_own_at_the_sandbox(shop: Shop) -> None:
    await shop.account()
    for payer in ("v1", "v2", "v1"):
        payment = (await shop.open(await shop.due(payer=payer)))["payment"]
        await shop.attempt(payment)
        await shop.act(payment, "pay")
        await becomes(shop, payment, "succeeded")
    found = (await shop.acme.get("/v1/facts", limit=1000, kinds="payment.succeeded"))["facts"]
    marks = [one["data"]["instrument_hash"] for one in found]
    assert marks[0] == marks[2] != marks[1]


async def test_what_fails_at_the_sandbox_fails_here_and_may_be_tried_again(shop: Shop) -> None:
    await shop.account()
    payment = await started(shop)
    assert (await shop.act(payment, "fail"))["state"] == "failed"
    await becomes(shop, payment, "failed")
    refused = await shop.acme.send("POST", f"/v1/payments/{payment}/sandbox", {"act": "pay"})
    problem(refused, 422, "sandbox.ended")
    await shop.attempt(payment)
    await shop.act(payment, "pay")
    await becomes(shop, payment, "succeeded")


@pytest.mark.parametrize(
    ("act", "paid_minor", "refunded_minor", "state"),
    [
        ("pay_late", [1_200], 1_200, "closed"),
        ("pay_twice", [1_200, 1_200], 1_200, "succeeded"),
        ("pay_other_amount", [1_201], 1_201, "failed"),
    ],
)
async def test_money_that_is_not_ours_to_keep_goes_back_by_itself(  # noqa: PLR0917 - a table of cases
    shop: Shop, act: str, paid_minor: list[int], refunded_minor: int, state: str
) -> None:
    account = await shop.account()
    payment = await started(shop)
    assert (await shop.act(payment, act))["paid_minor"] == paid_minor
    await counted(shop, payment, "payment.refunded", 1)
    facts = (await shop.acme.get("/v1/facts", limit=1000))["facts"]
    refunds = [one["data"]["amount_minor"] for one in facts if one["kind"] == "payment.refunded"]
    assert refunds == [refunded_minor]
    assert (await shop.show(payment))["state"] == state
    address = chart.channel_account(account=account, asset="CNY")
    async with shop.edge.house.database.connection() as conn:
        held = await balances.balances(conn, tenant_id=shop.tenant_id, addresses=[address])
    assert held[address] == refunded_minor - sum(paid_minor)


async def test_only_a_payment_at_the_sandbox_is_played_with(shop: Shop) -> None:
    payment = (await shop.open())["payment"]
    refused = await shop.acme.send("POST", f"/v1/payments/{payment}/sandbox", {"act": "pay"})
    problem(refused, 422, "payment.not_sandbox")
    unknown = await shop.acme.send("POST", "/v1/payments/pay_00000000009ZZ/sandbox", {"act": "pay"})
    problem(unknown, 404, "payment.unknown")
    bad = await shop.acme.send("POST", f"/v1/payments/{payment}/sandbox", {"act": "steal"})
    problem(bad, 400, "body.invalid")


async def test_a_callback_is_sent_again_until_it_is_taken(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.account()
    payment = await started(shop)
    client, sent = shop.edge.house.outbound._client, 0
    stream = client.stream

    def failing(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the client's
        nonlocal sent
        sent += 1
        if sent == 1:
            raise httpx.ConnectError("no way there")
        return stream(*given, **named)

    monkeypatch.setattr(client, "stream", failing)
    await shop.act(payment, "pay")
    await becomes(shop, payment, "succeeded")
    assert sent == 2


async def test_only_fresh_callbacks_with_the_right_signature_and_addressee_are_believed(shop: Shop) -> None:
    account, other = await shop.account(), await shop.account()
    channel = await channel_at(shop, account)
    told = Callback(
        event="paid",
        account=account,
        number="P1",
        transaction="t1",
        asset="CNY",
        amount_minor=1,
        happened_at=NOON,
    )
    headers, body = signed(callback=told, key=SIGNING_KEY, now=NOON)
    notice = await channel.read_callback(headers=headers, body=body, now=NOON)
    assert (notice.told, notice.number, notice.transaction) == ("paid", "P1", "t1")
    flipped = bytearray(body)
    flipped[len(flipped) // 2] ^= 1
    cases = [
        ("signature", headers, bytes(flipped), NOON),
        ("signature", {}, body, NOON),
        ("signature", {**headers, HEADER: headers[HEADER].replace("t=1", "t=2")}, body, NOON),
        ("stale", headers, body, NOON + timedelta(seconds=301)),
        ("stale", headers, body, NOON - timedelta(seconds=301)),
    ]
    for code, given, content, now in cases:
        with pytest.raises(CallbackRejected) as rejected:
            await channel.read_callback(headers=given, body=content, now=now)
        assert rejected.value.code == code
    await channel.read_callback(headers=headers, body=body, now=NOON + timedelta(seconds=300))
    with pytest.raises(CallbackRejected) as rejected:
        await (await channel_at(shop, other)).read_callback(headers=headers, body=body, now=NOON)
    assert rejected.value.code == "addressee"


def order(number: str = "P000000000000101", amount_minor: int = 1_200) -> Order:
    return Order(
        number=number,
        method="sandbox",
        asset="CNY",
        amount_minor=amount_minor,
        title="120 coins",
        opened_at=NOON,
        expires_at=NOON + timedelta(minutes=15),
        notify_url="http://plaudit/v1/callbacks/sandbox/acc",
    )


async def test_an_order_is_the_same_however_often_it_is_opened_and_closes_for_good(shop: Shop) -> None:
    channel = await channel_at(shop, await shop.account())
    assert (await channel.query(order())).state == "absent"
    assert await channel.open(order()) == await channel.open(order())
    with pytest.raises(Final):
        await channel.open(order(amount_minor=1))
    assert (await channel.query(order())).state == "pending"
    assert (await channel.close(order())).state == "closed"
    assert (await channel.query(order())).state == "closed"
    assert (await channel.close(order("P2"))).state == "absent"


def refund(number: str, amount_minor: int, *, of: str) -> RefundOrder:
    return RefundOrder(
        number=number,
        order_number=of,
        transaction=None,
        asset="CNY",
        amount_minor=amount_minor,
        total_minor=1_200,
        reason="",
        notify_url="http://plaudit/nowhere",
    )


async def test_a_refund_is_given_once_for_each_number_and_never_more_than_was_paid(shop: Shop) -> None:
    channel = await channel_at(shop, await shop.account())
    payment = await started(shop)
    number = await ordered(shop, payment)
    assert (await channel.refund(refund("R1", 1, of=number))).state == "failed"
    await shop.act(payment, "pay")
    first = await channel.refund(refund("R2", 1_000, of=number))
    assert (first.state, first.amount_minor) == ("succeeded", 1_000)
    assert await channel.refund(refund("R2", 1_000, of=number)) == first
    assert await channel.query_refund(refund("R2", 1_000, of=number)) == first
    assert (await channel.refund(refund("R3", 201, of=number))).state == "failed"
    assert (await channel.query_refund(refund("R3", 201, of=number))).state == "absent"
    assert (await channel.refund(refund("R4", 200, of=number))).state == "succeeded"


async def bill(shop: Shop, account: str, kind: BillKind, day: date = TODAY) -> bytes:
    return await (await channel_at(shop, account)).fetch_bill(day=day, kind=kind)


async def test_the_bill_of_a_day_has_what_was_paid_and_refunded_on_it(shop: Shop) -> None:
    account = await shop.account(settings={"fee_basis_points": 60})
    channel = await channel_at(shop, account)
    first, second = await started(shop), await started(shop, 5_000)
    for payment in (first, second):
        await shop.act(payment, "pay")
        await becomes(shop, payment, "succeeded")
        shop.clock.advance(minutes=1)
    number = await ordered(shop, first)
    await channel.refund(refund("R1", 200, of=number))
    with pytest.raises(BillNotReady):
        await bill(shop, account, "trade")
    shop.clock.advance(hours=12)
    lines = list(channel.read_bill(await bill(shop, account, "trade"), kind="trade"))
    assert [(one.kind, one.amount_minor, one.fee_minor) for one in lines] == [
        ("payment", 1_200, 7),
        ("payment", 5_000, 30),
        ("refund", -200, 0),
    ]
    assert (lines[0].number, lines[2].refund_number) == (number, "R1")
    assert lines[2].channel_refund
    funds = list(channel.read_bill(await bill(shop, account, "funds"), kind="funds"))
    assert [(one.kind, one.amount_minor, one.balance_minor) for one in funds] == [
        ("payment", 1_200, 1_200),
        ("fee", -7, 1_193),
        ("payment", 5_000, 6_193),
        ("fee", -30, 6_163),
        ("refund", -200, 5_963),
    ]
    await shop.act(await started(shop, 100), "pay")
    shop.clock.advance(days=1)
    tomorrow = await bill(shop, account, "funds", TODAY + timedelta(days=1))
    assert [one.balance_minor for one in channel.read_bill(tomorrow, kind="funds")] == [5_963 + 100]
    before = await bill(shop, account, "trade", TODAY - timedelta(days=1))
    assert list(channel.read_bill(before, kind="trade")) == []


async def test_a_bill_that_was_altered_is_refused(shop: Shop) -> None:
    account = await shop.account()
    channel = await channel_at(shop, account)
    await shop.act(await started(shop), "pay")
    shop.clock.advance(days=1)
    content = await bill(shop, account, "trade")
    assert len(list(channel.read_bill(content, kind="trade"))) == 1
    for altered in (
        content.replace(b"1200", b"1201", 1),
        content.replace(b"#total,1,", b"#total,2,"),
        content[: len(content) // 2],
        b"",
    ):
        with pytest.raises(BillDamaged):
            list(channel.read_bill(altered, kind="trade"))
