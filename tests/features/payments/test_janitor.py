"""The janitor: channels are asked what they have not told, what is over is closed, nothing is guessed."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.handles import Connection
from plaudit.features.payments import schedule
from plaudit.platform.failures import Final, Retryable, Unknown
from tests.features.payments.counter import PRICE, Counter
from tests.features.payments.shop import KEPT_MINUTES


async def test_a_lost_callback_is_found_after_a_minute_and_is_the_same_as_its_callback(
    counter: Counter,
) -> None:
    payment, number = await counter.bought()
    counter.bank.pay(number)
    await counter.tidy()
    assert counter.bank.calls("query") == []
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"
    assert (await counter.call_back(number)).content == b"success"
    await counter.caught_up()
    (notified,) = await counter.facts("payment.notified")
    assert (notified["source"], notified["amount_minor"]) == ("query", PRICE)
    assert await counter.balances() == {"wechat": -PRICE, "clearing/CNY": PRICE}


async def test_the_channel_is_asked_after_a_minute_then_every_five_and_at_the_deadline(
    counter: Counter,
) -> None:
    await counter.bought()
    asked_at = []
    for minute in range(1, KEPT_MINUTES + 1):
        counter.shop.clock.advance(minutes=1)
        before = len(counter.bank.asked)
        await counter.tidy()
        await counter.tidy()
        if len(counter.bank.asked) > before:
            asked_at.append(minute)
    assert asked_at == [1, 6, 11, 15]
    assert len(counter.bank.calls("query")) == 3
    assert len(counter.bank.calls("close")) == 1


async def test_at_its_deadline_a_payment_is_closed_there_and_here(counter: Counter) -> None:
    payment, number = await counter.bought()
    idle = (await counter.shop.open())["payment"]
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    assert await counter.state(idle) == "closed"
    await counter.tidy()
    assert await counter.state(payment) == "closed"
    assert counter.bank.orders[number].state == "closed"
    assert await counter.facts("payment.failed") == []
    assert {one["cause"] for one in await counter.facts("payment.closed")} == {"deadline"}
    await counter.tidy()
    assert len(await counter.facts("payment.closed")) == 2


async def test_what_was_paid_in_time_and_not_told_is_found_at_the_deadline(counter: Counter) -> None:
    payment, number = await counter.bought()
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    counter.bank.pay(number)
    await counter.tidy()
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"
    assert await counter.facts("payment.closed") == []


@pytest.mark.parametrize("came_to", ["closed", "failed"])
async def test_what_was_paid_late_and_never_told_of_is_found_an_hour_later_and_goes_back(
    counter: Counter, came_to: str
) -> None:
    payment, number = await counter.bought()
    if came_to == "failed":
        await counter.call_back(number, "failed", transaction="")
        await counter.caught_up()
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    await counter.tidy()
    assert await counter.state(payment) == "closed"
    assert (await counter.shop.show(payment))["attempts"][0]["state"] == came_to
    counter.bank.pay(number)
    counter.shop.clock.advance(minutes=59)
    await counter.tidy()
    assert await counter.facts("payment.surplus") == []
    counter.shop.clock.advance(minutes=1)
    await counter.tidy()
    (surplus,) = await counter.facts("payment.surplus")
    assert (surplus["cause"], surplus["amount_minor"]) == ("late", PRICE)
    await counter.refund_becomes(surplus["refund"], "succeeded")


async def test_what_came_to_nothing_is_looked_at_once_more_and_when_there_is_no_answer_for_a_day(
    counter: Counter,
) -> None:
    await counter.bought()
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    closed = counter.bank.calls("close")
    counter.bank.faults["close"] = [Retryable("down"), Unknown("no answer")]
    for _ in range(6):
        counter.shop.clock.advance(hours=1)
        await counter.tidy()
    assert len(counter.bank.calls("close")) == len(closed) + 3
    assert len(await counter.facts("payment.notified")) == 1
    await counter.bought()
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    counter.bank.faults["close"] = [Retryable("down")] * 100
    for _ in range(30):
        counter.shop.clock.advance(hours=1)
        await counter.tidy()
    assert len(counter.bank.faults["close"]) == 100 - 24


async def test_an_order_that_was_shown_and_is_not_there_yet_waits_for_its_payer(counter: Counter) -> None:
    payment, number = await counter.bought()
    del counter.bank.orders[number]
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "processing"
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    await counter.tidy()
    assert await counter.state(payment) == "closed"


@pytest.mark.parametrize("fault", [Retryable("down"), Unknown("no answer"), Final("no"), TimeoutError()])
async def test_a_channel_that_does_not_answer_is_asked_again_and_closes_nothing(
    counter: Counter, fault: Exception
) -> None:
    payment, number = await counter.bought()
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    counter.bank.faults["close"] = [fault]
    await counter.tidy()
    await counter.tidy()
    assert await counter.state(payment) == "processing"
    counter.bank.pay(number)
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"


async def test_after_an_hour_without_an_answer_it_is_closed_here_and_late_money_goes_back(
    counter: Counter,
) -> None:
    payment, number = await counter.bought()
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    counter.bank.faults["close"] = [Retryable("down")] * 62
    for _ in range(60):
        await schedule.tidy(counter.house)
        counter.shop.clock.advance(minutes=1)
    assert await counter.state(payment) == "processing"
    await counter.tidy()
    assert await counter.state(payment) == "closed"
    counter.bank.faults.clear()
    counter.bank.pay(number)
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    refund = await counter.only_refund(payment)
    assert refund["cause"] == "late"
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert not any((await counter.balances()).values())


async def test_what_was_paid_in_time_is_kept_although_nobody_was_there_to_ask_for_hours(
    counter: Counter,
) -> None:
    payment, number = await counter.bought()
    counter.bank.pay(number)
    counter.shop.clock.advance(hours=5)
    await counter.tidy()
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"
    assert await counter.facts("payment.closed") == []


async def test_a_tenant_whose_channels_hang_keeps_no_other_waiting(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_tenants, "_TENANT_MAX_S", 0.2)
    other = await counter.shop.edge.tenant("globex")
    async with counter.house.database.connection() as conn:
        tenants = [one.tenant_id for one in await core_tenants.tenants(conn)]
    assert tenants[0] == counter.shop.tenant_id
    done = []

    async def work(tenant_id: int) -> None:
        if tenant_id == counter.shop.tenant_id:
            await asyncio.sleep(60)
        done.append(tenant_id)

    monkeypatch.setattr(core_tenants, "_AT_ONCE", 1)
    await core_tenants.in_every_tenant(counter.house.database, work, trouble="not done")
    assert done == tenants[1:]
    assert (await other.get("/v1/payments"))["items"] == []


async def test_a_channel_that_is_silent_keeps_no_other_waiting(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_AT_ONCE", 2)
    for _ in range(5):
        await counter.bought("wechat")
    counter.shop.clock.advance(seconds=1)
    payment, number = await counter.bought("alipay")
    counter.bank.pay(number)
    counter.bank.silent = {"wechat"}
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"
    questions = counter.bank.calls("query")
    assert len(questions) == 3, "one turn waits for two questions at most, and for the other channel"
    await counter.tidy()
    await counter.tidy()
    assert len(set(counter.bank.calls("query"))) == 6, "what was not asked is asked first at the next turn"


async def test_a_channel_that_will_not_hear_of_some_orders_is_asked_about_the_others(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_AT_ONCE", 2)
    for _ in range(3):
        payment, number = await counter.bought("wechat")
    counter.bank.pay(number)
    counter.bank.faults["query"] = [Final("no such merchant"), Final("no such merchant")]
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"


async def test_an_alarm_is_told_of_although_another_tenant_is_off(counter: Counter) -> None:
    await counter.shop.edge.tenant("globex")
    async with counter.house.database.connection() as conn:
        first, second = [one.tenant_id for one in await core_tenants.tenants(conn)]
        for tenant_id in (first, second):
            await _fallen(conn, tenant_id=tenant_id, now=counter.shop.clock.now())
    await counter.shop.acme.do("PUT", "/v1/switches/tenant", {"off": True, "reason": "a drill"})
    before = schedule.ALERTED.labels("wechat", "native")._value.get()
    await schedule.watch(counter.house)
    assert schedule.ALERTED.labels("wechat", "native")._value.get() == before + 1
    await counter.shop.acme.do("PUT", "/v1/switches/tenant", {"off": False, "reason": "over"})
    await schedule.watch(counter.house)
    await schedule.watch(counter.house)
    (alerted,) = await counter.facts("payment.alerted")
    assert (alerted["rate_basis_points"], alerted["day_before_basis_points"]) == (1_000, 9_000)
    async with counter.house.database.connection() as conn:
        for tenant_id in (first, second):
            await conn.execute("DELETE FROM payments.outcome WHERE tenant_id = %s", (tenant_id,))


async def _fallen(conn: Connection, *, tenant_id: int, now: datetime) -> None:
    """Have nine of ten attempts succeed yesterday and one of ten now."""
    for at, succeeded in ((now - timedelta(days=1, minutes=30), 27), (now - timedelta(minutes=30), 3)):
        for outcome, count in (("attempted", 30), ("succeeded", succeeded)):
            await conn.execute(
                "INSERT INTO payments.outcome (tenant_id, bucket, channel, account, method, asset, outcome,"
                " code, count, amount) VALUES (%s, %s, 'wechat', 'acc', 'native', 'CNY', %s, '', %s, 0)",
                (tenant_id, at, outcome, count),
            )


async def test_the_other_attempts_of_a_paid_payment_are_closed_at_their_channel(counter: Counter) -> None:
    payment, first = await counter.bought("wechat")
    second = await counter.attempt(payment, "alipay")
    await counter.call_back(first)
    await counter.caught_up()
    await counter.tidy()
    assert counter.bank.orders[second].state == "closed"
    states = [one["state"] for one in (await counter.shop.show(payment))["attempts"]]
    assert states == ["paid", "closed"]
    assert await counter.state(payment) == "succeeded"


async def test_the_attempts_of_a_payment_that_was_closed_are_closed_at_their_channel(
    counter: Counter,
) -> None:
    payment, number = await counter.bought()
    await counter.shop.acme.do("POST", f"/v1/payments/{payment}/closing")
    await counter.tidy()
    assert counter.bank.orders[number].state == "closed"


async def test_an_order_that_the_payer_may_still_open_there_is_watched_after_it_was_closed_here(
    counter: Counter,
) -> None:
    payment, number = await counter.bought()
    del counter.bank.orders[number]
    await counter.shop.acme.do("POST", f"/v1/payments/{payment}/closing")
    await counter.tidy()
    counter.bank.pay(number)
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    refund = await counter.only_refund(payment)
    assert (refund["cause"], refund["amount_minor"]) == ("late", PRICE)
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert not any((await counter.balances()).values())


async def test_an_order_that_nobody_opened_there_is_over_with_its_time_to_pay(counter: Counter) -> None:
    payment, number = await counter.bought()
    del counter.bank.orders[number]
    await counter.shop.acme.do("POST", f"/v1/payments/{payment}/closing")
    counter.shop.clock.advance(minutes=KEPT_MINUTES)
    await counter.tidy()
    (attempt,) = (await counter.shop.show(payment))["attempts"]
    assert attempt["state"] == "closed"
    counter.shop.clock.advance(hours=2)
    await counter.tidy()
    assert counter.bank.calls("close") == [number, number], "looked at once more"
    counter.shop.clock.advance(hours=2)
    await counter.tidy()
    assert counter.bank.calls("close") == [number, number]


async def test_a_deadline_is_never_slept_through_however_often_was_asked(counter: Counter) -> None:
    payment, number = await counter.bought()
    async with counter.house.database.connection() as conn:
        await conn.execute(
            "UPDATE payments.attempt SET asked = 500 WHERE tenant_id = %s", (counter.shop.tenant_id,)
        )
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    counter.shop.clock.advance(minutes=KEPT_MINUTES - 1)
    await counter.tidy()
    await counter.tidy()
    assert counter.bank.orders[number].state == "closed"
    assert await counter.state(payment) == "closed"


async def test_a_channel_that_says_paid_but_not_how_much_is_asked_again(counter: Counter) -> None:
    payment, number = await counter.bought()
    counter.bank.put(number, "paid")
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert await counter.state(payment) == "processing"
    counter.bank.pay(number)
    counter.shop.clock.advance(minutes=5)
    await counter.tidy()
    assert await counter.state(payment) == "succeeded"


async def test_another_amount_found_by_asking_goes_back(counter: Counter) -> None:
    payment, number = await counter.bought()
    counter.bank.pay(number, amount_minor=PRICE + 1)
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    refund = await counter.only_refund(payment)
    assert (refund["cause"], refund["amount_minor"]) == ("amount", PRICE + 1)
    await counter.refund_becomes(refund["refund"], "succeeded")


async def test_several_janitors_at_once_ask_each_channel_once(counter: Counter) -> None:
    bought = [await counter.bought() for _ in range(6)]
    for _, number in bought:
        counter.bank.pay(number, transaction=f"T-{number}")
    counter.shop.clock.advance(seconds=60)
    await asyncio.gather(*(schedule.tidy(counter.house) for _ in range(4)))
    await counter.caught_up()
    assert sorted(counter.bank.calls("query")) == sorted(number for _, number in bought)
    assert {await counter.state(payment) for payment, _ in bought} == {"succeeded"}


async def test_what_waits_is_shown_as_a_metric(counter: Counter) -> None:
    await counter.bought()
    counter.shop.clock.advance(seconds=60)
    await counter.tidy()
    assert schedule.UNSETTLED.labels("attempt.open")._value.get() == 1
    assert schedule.QUESTIONS.labels("wechat", "query", "pending")._value.get() >= 1
