"""Refunds after a no: numbers that mean a try, another try, and what did not arrive after all."""

from __future__ import annotations

from dataclasses import replace

from plaudit.features.payments.http import callbacks
from plaudit.features.payments.model.refunds import refund_number, refund_of, retry_in
from tests.app.edge import problem, settled
from tests.features.payments.counter import PRICE, Counter


def test_a_refunds_number_at_the_channel_is_read_back() -> None:
    order = "P000000000000101QGTSSK7H"
    assert refund_number(42, order=order) == "R000000000001AQGTSSK7H"
    assert refund_of("R000000000001AQGTSSK7H", order=order) == 42
    assert refund_of("R000000000001AQGTSSK7H", order="") == 42, "some channels tell the refund alone"
    assert refund_number(42, order=order, retry=3) == "R000000000001AQGTSSK7H_3"
    assert refund_of("R000000000001AQGTSSK7H_3", order=order) == 42
    assert [retry_in(text) for text in ("R000000000001AQGTSSK7H", "R000000000001AQGTSSK7H_3")] == [0, 3]
    for suffix in ("_", "_0", "_03", "_x", "_1_1", "_-1"):
        assert refund_of(f"R000000000001AQGTSSK7H{suffix}", order=order) is None
    for other in (
        "R000000000001A",
        "R000000000001AQGTSSK7J",
        "R1",
        "P000000000001AQGTSSK7H",
        "",
        "R00000000000U1",
    ):
        assert refund_of(other, order=order) is None


def test_what_was_ordered_without_chance_has_refunds_without_it() -> None:
    assert refund_number(42, order="P000000000000101") == "R000000000001A"
    assert refund_of("R000000000001A", order="P000000000000101") == 42


async def test_the_channels_no_leaves_the_money_in_clearing_until_it_is_tried_again(counter: Counter) -> None:
    payment, _ = await counter.paid()
    counter.bank.refund_state = "failed"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "failed")
    shown = await counter.only_refund(payment)
    assert shown["code"] == "NOT_ENOUGH"
    assert await counter.balances() == {"wechat": -PRICE, "clearing/CNY": PRICE}
    path = f"/v1/refunds/{asked['refund']}/retry"
    await counter.shop.acme.do("POST", path)
    await counter.refund_becomes(asked["refund"], "failed")
    counter.bank.refund_state = "succeeded"
    await counter.shop.acme.do("POST", path)
    await counter.refund_becomes(asked["refund"], "succeeded")
    first = counter.bank.sent[0].number
    assert [one.number for one in counter.bank.sent] == [first, f"{first}_1", f"{first}_2"], "a no stays a no"
    assert len(await counter.facts("payment.refund.failed")) == 2
    assert not any((await counter.balances()).values())
    problem(await counter.shop.acme.send("POST", path), 409, "refund.settled")


async def test_the_no_of_before_that_comes_again_does_not_end_another_try(counter: Counter) -> None:
    payment, order = await counter.paid()
    counter.bank.refund_state = "failed"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "failed")
    counter.bank.refund_state = "processing"
    await counter.shop.acme.do("POST", f"/v1/refunds/{asked['refund']}/retry")
    number = counter.bank.sent[0].number
    no = {"transaction": f"T-{order}", "refund_number": number, "code": "NOT_ENOUGH"}
    assert (await counter.call_back(order, "refund_failed", **no)).content == b"success"
    await counter.caught_up()
    assert await counter.refund_state(asked["refund"]) == "sending"

    async def was_sent_again() -> bool:
        return len(counter.bank.sent) > 1

    await settled(was_sent_again)
    counter.bank.finish_refunds()
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.refund_state(asked["refund"]) == "succeeded"
    undone = callbacks.CALLBACKS.labels("wechat", "undone")._value.get()
    assert (await counter.call_back(order, "refund_failed", **no)).content == b"success"
    assert callbacks.CALLBACKS.labels("wechat", "undone")._value.get() == undone
    again = no | {"refund_number": f"{number}_1"}
    assert (await counter.call_back(order, "refund_failed", **again)).content == b"success"
    assert callbacks.CALLBACKS.labels("wechat", "undone")._value.get() == undone + 1


async def test_a_refund_that_went_on_by_hand_at_the_channel_is_not_sent_again(counter: Counter) -> None:
    payment, _ = await counter.paid()
    counter.bank.refund_state = "failed"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "failed")
    counter.bank.refund_state = "succeeded"
    (sent,) = counter.bank.sent
    counter.bank.refunds[sent.number] = replace(counter.bank.refunds[sent.number], state="succeeded")
    await counter.shop.acme.do("POST", f"/v1/refunds/{asked['refund']}/retry")
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert counter.bank.sent == [sent]
    assert not any((await counter.balances()).values())


async def test_a_refund_that_did_not_arrive_after_all_stands_in_clearing_again(counter: Counter) -> None:
    payment, order = await counter.paid()
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert not any((await counter.balances()).values())
    number = counter.bank.sent[0].number
    no = {"transaction": f"T-{order}", "refund_number": number, "code": "ACCOUNT_CLOSED"}
    assert (await counter.call_back(order, "refund_failed", **no)).content == b"success"
    await counter.caught_up()
    assert await counter.refund_state(asked["refund"]) == "succeeded", "a no of before may come again"
    counter.bank.refunds[number] = replace(counter.bank.refunds[number], state="processing")
    await counter.tidy()
    assert await counter.refund_state(asked["refund"]) == "succeeded", "it says neither yet"
    counter.bank.refunds[number] = replace(
        counter.bank.refunds[number], state="failed", code="ACCOUNT_CLOSED"
    )
    counter.shop.clock.advance(minutes=5)
    await counter.tidy()
    shown = await counter.only_refund(payment)
    assert (shown["state"], shown["code"]) == ("failed", "ACCOUNT_CLOSED")
    assert await counter.state(payment) == "succeeded"
    assert await counter.balances() == {"wechat": -PRICE, "clearing/CNY": PRICE}
    (undone,) = await counter.facts("payment.refund.undone")
    assert (undone["refund"], undone["amount_minor"], undone["refunded_minor"]) == (asked["refund"], PRICE, 0)
    problem(
        await counter.shop.acme.send("POST", f"/v1/payments/{payment}/refunds", {"reason": "again"}),
        422,
        "refund.exceeded",
    )
    await counter.shop.acme.do("POST", f"/v1/refunds/{asked['refund']}/retry")
    await counter.refund_becomes(asked["refund"], "succeeded")
    assert await counter.state(payment) == "refunded"
    assert not any((await counter.balances()).values())


async def test_a_no_that_comes_in_one_batch_with_the_success_is_asked_about(counter: Counter) -> None:
    payment, order = await counter.paid()
    counter.bank.refund_state = "processing"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.until_sent()
    number = counter.bank.sent[0].number
    said = {"transaction": f"T-{order}", "refund_number": number}
    for told in ("refunded", "refund_failed"):
        assert (await counter.call_back(order, told, **said)).content == b"success"
    await counter.caught_up()
    assert await counter.refund_state(asked["refund"]) == "succeeded"
    counter.bank.refunds[number] = replace(counter.bank.refunds[number], state="failed")
    await counter.tidy()
    assert await counter.refund_state(asked["refund"]) == "failed"
    assert len(await counter.facts("payment.refund.undone")) == 1


async def test_a_refund_that_stands_when_its_channel_is_asked_is_doubted_no_more(counter: Counter) -> None:
    payment, order = await counter.paid()
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.refund_becomes(asked["refund"], "succeeded")
    number = counter.bank.sent[0].number
    no = {"transaction": f"T-{order}", "refund_number": number, "code": "NOT_ENOUGH"}
    assert (await counter.call_back(order, "refund_failed", **no)).content == b"success"
    await counter.caught_up()
    before = len(counter.bank.calls("query_refund"))
    await counter.tidy()
    counter.shop.clock.advance(hours=2)
    await counter.tidy()
    assert len(counter.bank.calls("query_refund")) == before + 1
    assert await counter.refund_state(asked["refund"]) == "succeeded"
    assert await counter.facts("payment.refund.undone") == []


async def test_a_refund_under_way_is_asked_about_every_five_minutes(counter: Counter) -> None:
    payment, _ = await counter.paid()
    counter.bank.refund_state = "processing"
    asked = await counter.refund(payment)
    await counter.give_back(asked)
    await counter.until_sent()

    async def is_noted() -> bool:
        return (await counter.only_refund(payment))["channel_refund"] is not None

    await settled(is_noted)
    asked_at = []
    for minute in range(1, 18):
        counter.shop.clock.advance(minutes=1)
        before = len(counter.bank.calls("query_refund"))
        await counter.tidy()
        if len(counter.bank.calls("query_refund")) > before:
            asked_at.append(minute)
    assert asked_at == [1, 6, 11, 16]
