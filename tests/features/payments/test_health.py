"""Which channels are left out for a while: those where one payer after the other fares badly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from plaudit.features.payments.model.channel import Order, Presentation
from plaudit.platform.failures import Final, Unknown
from tests.features.payments.counter import Counter
from tests.features.payments.till import Till


def opening(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[Till, Order], None]
) -> Callable[[Till, Order], Awaitable[Presentation]]:
    """Let something happen before each order is opened at a channel."""
    inner = Till.open

    async def opened(till: Till, order: Order) -> Presentation:
        before(till, order)
        return await inner(till, order)

    monkeypatch.setattr(Till, "open", opened)
    return opened


async def test_one_payer_who_fails_again_and_again_takes_a_channel_from_nobody(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_nobody(_: Till, order: Order) -> None:
        if order.payer_reference == "nobody":
            raise Final("PARAM_ERROR: openid")

    opening(monkeypatch, refuse_nobody)
    for n in range(3):
        payment = (await counter.shop.open(await counter.shop.due(payer=f"good-{n}")))["payment"]
        number = await counter.attempt(payment)
        counter.bank.pay(number, transaction=f"T-{n}")
        await counter.call_back(number, transaction=f"T-{n}")
    await counter.caught_up()
    fails = (await counter.shop.open(await counter.shop.due(payer="bad")))["payment"]
    for _ in range(7):
        await counter.shop.attempt(fails, account=counter.accounts["wechat"], payer_reference="nobody")
    ways = {one["channel"]: one["reason"] for one in (await counter.shop.show(fails))["ways"]}
    assert ways["wechat"] is None
    for n in range(3):
        other = (await counter.shop.open(await counter.shop.due(payer=f"bad-{n}")))["payment"]
        await counter.shop.attempt(other, account=counter.accounts["wechat"], payer_reference="nobody")
    ways = {one["channel"]: one["reason"] for one in (await counter.shop.show(other))["ways"]}
    assert ways["wechat"] == "failing", "four of seven payers are another matter"


async def test_a_channel_that_answers_nothing_is_left_out_and_comes_back_by_itself(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer_nothing(till: Till, _: Order) -> None:
        if till.name in counter.bank.silent:
            raise Unknown("no answer")

    opening(monkeypatch, answer_nothing)
    counter.bank.silent = {"wechat"}
    seen = []
    for n in range(7):
        payment = (await counter.shop.open(await counter.shop.due(payer=f"v{n}")))["payment"]
        made = await counter.shop.attempt(payment)
        seen.append((made["channel"], made["state"]))
        counter.shop.clock.advance(seconds=10)
        await counter.tidy()
    assert seen == [("wechat", "unknown")] * 5 + [("alipay", "open")] * 2
    counter.bank.silent.clear()
    counter.shop.clock.advance(minutes=5)
    payment = (await counter.shop.open())["payment"]
    assert (await counter.shop.attempt(payment))["channel"] == "wechat"
