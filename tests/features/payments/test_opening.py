"""Opening an order at a channel: what was answered, what was not, and what is never guessed."""

from __future__ import annotations

import asyncio

import pytest

from plaudit.features.payments.model.channel import Order, Presentation
from plaudit.platform.failures import Final, Retryable, Unknown
from tests.features.payments.counter import PRICE, Counter
from tests.features.payments.shop import KEPT_MINUTES
from tests.features.payments.till import Till


async def test_an_answer_that_was_lost_is_asked_for_and_not_guessed(counter: Counter) -> None:
    payment = (await counter.shop.open())["payment"]
    counter.bank.after["open"] = [Unknown("no answer")]
    number = await counter.attempt(payment)
    assert (await counter.shop.show(payment))["attempts"][0]["state"] == "unknown"
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert (await counter.shop.show(payment))["attempts"][0]["state"] == "unknown"
    counter.bank.pay(number)
    counter.shop.clock.advance(minutes=5)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"


async def test_a_second_call_that_finds_no_way_guesses_nothing_of_the_first(counter: Counter) -> None:
    payment = (await counter.shop.open())["payment"]
    counter.bank.after["open"] = [Unknown("no answer")]
    wechat = counter.accounts["wechat"]
    made = await counter.shop.attempt(payment, key="k", account=wechat)
    assert made["state"] == "unknown"
    for fault in (Retryable("no way there"), Final("ORDERPAID")):
        counter.bank.faults["open"] = [fault]
        again = await counter.shop.attempt(payment, key="k", account=wechat)
        assert (again["number"], again["state"]) == (made["number"], "unknown")
    counter.bank.pay(made["number"])
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"


async def test_what_one_call_shows_the_payer_another_one_does_not_fail(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = (await counter.shop.open())["payment"]
    inner, first_is_in, second_is_done, calls = Till.open, asyncio.Event(), asyncio.Event(), []

    async def opened(till: Till, order: Order) -> Presentation:
        calls.append(order.number)
        if len(calls) == 1:
            first_is_in.set()
            await second_is_done.wait()
            raise Retryable("no way there")
        return await inner(till, order)

    monkeypatch.setattr(Till, "open", opened)
    wechat = counter.accounts["wechat"]
    first = asyncio.create_task(counter.shop.attempt(payment, key="k", account=wechat))
    await first_is_in.wait()
    second = await counter.shop.attempt(payment, key="k", account=wechat)
    assert second["state"] == "open"
    second_is_done.set()
    await first
    assert (await counter.shop.show(payment))["attempts"][0]["state"] == "open"
    counter.bank.pay(second["number"])
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"


async def test_what_failed_at_opening_and_was_paid_all_the_same_is_found_and_goes_back(
    counter: Counter,
) -> None:
    payment = (await counter.shop.open())["payment"]
    counter.bank.after["open"] = [Retryable("the connection broke")]
    made = await counter.shop.attempt(payment, account=counter.accounts["wechat"])
    assert made["state"] == "failed"
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    counter.bank.pay(made["number"])
    counter.shop.clock.advance(hours=1)
    await counter.tidy()
    (surplus,) = await counter.facts("payment.surplus")
    assert (surplus["cause"], surplus["amount_minor"]) == ("late", PRICE)


async def test_an_order_that_never_got_there_has_failed(counter: Counter) -> None:
    payment = (await counter.shop.open())["payment"]
    counter.bank.faults["open"] = [Unknown("no answer")]
    await counter.attempt(payment)
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "failed"
    (failed,) = await counter.facts("payment.attempt.failed")
    assert failed["code"] == "channel.absent"


async def test_when_no_channel_takes_it_the_payment_has_failed_until_another_attempt_is_made(
    counter: Counter,
) -> None:
    payment = (await counter.shop.open())["payment"]
    counter.bank.faults["open"] = [Final("no")]
    await counter.attempt(payment)
    await counter.caught_up()
    assert await counter.state(payment) == "failed"
    (failed,) = await counter.facts("payment.failed")
    assert failed["code"] == "channel.refused"
    number = await counter.attempt(payment)
    await counter.caught_up()
    assert await counter.state(payment) == "processing"
    await counter.call_back(number)
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"
