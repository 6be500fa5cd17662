"""Callbacks: what is believed, what is recorded, what is answered, and that money is credited once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from plaudit.features.payments.http import callbacks
from plaudit.kernel.refusal import busy
from plaudit.platform.failures import Retryable
from tests.app.edge import problem
from tests.features.payments.counter import PRICE, Counter

FAIL = b'{"code":"FAIL","message":"failed"}'


async def test_a_callback_credits_a_payment_and_is_answered_in_the_channels_own_words(
    counter: Counter,
) -> None:
    payment, number = await counter.bought()
    answer = await counter.call_back(number)
    assert (answer.status_code, answer.content) == (200, b"success")
    assert answer.headers["content-type"].startswith("text/plain")
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"
    assert await counter.balances() == {"wechat": -PRICE, "clearing/CNY": PRICE}
    (notified,) = await counter.facts("payment.notified")
    assert (notified["source"], notified["told"], notified["transaction"]) == ("callback", "paid", "T1")
    (succeeded,) = await counter.facts("payment.succeeded")
    assert succeeded["instrument_hash"] == notified["instrument_hash"]
    assert "o-payer" not in str(await counter.facts("payment.notified"))
    assert (await counter.shop.show(payment))["settled_at"] is not None


async def test_doubled_callbacks_one_after_the_other_and_at_once_credit_once(counter: Counter) -> None:
    payment, number = await counter.bought()
    answers = await asyncio.gather(*(counter.call_back(number) for _ in range(20)))
    answers.append(await counter.call_back(number))
    assert {answer.content for answer in answers} == {b"success"}
    await counter.caught_up()
    assert await counter.shop.kinds(payment) == [
        "payment.opened",
        "payment.attempted",
        "payment.notified",
        "payment.succeeded",
    ]


async def test_many_payments_at_once_are_settled_each_once(counter: Counter) -> None:
    bought = [await counter.bought() for _ in range(12)]
    await asyncio.gather(
        *(counter.call_back(number, transaction=f"T-{number}") for _, number in bought for _ in range(3))
    )
    await counter.caught_up()
    assert {await counter.state(payment) for payment, _ in bought} == {"succeeded"}
    assert (await counter.balances())["clearing/CNY"] == 12 * PRICE


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"word": "another word"}, "signature"),
        ({"merchant": 999}, "addressee"),
    ],
)
async def test_what_is_not_the_channels_own_is_answered_fail_and_leaves_nothing(
    counter: Counter, changes: dict[str, Any], code: str
) -> None:
    payment, number = await counter.bought()
    answer = await counter.call_back(number, **changes)
    assert (answer.status_code, answer.content) == (500, FAIL), code
    await counter.caught_up()
    assert await counter.state(payment) == "processing"
    assert await counter.facts("payment.notified") == []


@pytest.mark.parametrize("gap", [timedelta(minutes=6), timedelta(days=3 * 365), -timedelta(minutes=6)])
async def test_a_callback_minutes_or_years_old_is_refused(counter: Counter, gap: timedelta) -> None:
    payment, number = await counter.bought()
    answer = await counter.call_back(number, at=counter.shop.clock.now() - gap)
    assert answer.content == FAIL
    assert await counter.facts("payment.notified") == []
    assert await counter.state(payment) == "processing"


async def test_a_probe_fails_without_a_warning(counter: Counter) -> None:
    _, number = await counter.bought()
    before = _count("wechat", "probe")
    answer = await counter.call_back(number, word="PROBE/abc")
    assert answer.content == FAIL
    assert _count("wechat", "probe") == before + 1


def _count(channel: str, outcome: str) -> float:
    return float(callbacks.CALLBACKS.labels(channel, outcome)._value.get())


async def test_numbers_that_are_not_of_this_account_are_refused(counter: Counter) -> None:
    _, number = await counter.bought("wechat")
    for answer in (
        await counter.call_back("P000000000000001"),
        await counter.call_back(f"{number[:-8]}AAAAAAAA"),
        await counter.call_back(number, channel="alipay"),
        await counter.call_back(number, "refunded", refund_number="R0000000000001"),
        await counter.call_back(number, "refunded", refund_number="nonsense"),
    ):
        assert answer.content == FAIL
    assert await counter.facts("payment.notified") == []


async def test_a_number_that_nobody_can_keep_spoils_no_callback_beside_it(counter: Counter) -> None:
    payment, number = await counter.bought()
    answers = await asyncio.gather(
        counter.call_back("P\0"),
        counter.call_back(number, transaction="T\0"),
        counter.call_back(number, transaction="T" * 129),
        counter.call_back("P" * 30_000),
        counter.call_back(number),
    )
    assert [one.content for one in answers] == [FAIL, FAIL, FAIL, FAIL, b"success"]
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"


async def test_accounts_that_there_are_not_have_no_channel_to_answer(counter: Counter) -> None:
    _, number = await counter.bought()
    client = counter.shop.edge.client
    account = counter.accounts["wechat"]
    for path in (
        f"/v1/callbacks/alipay/{account}",
        f"/v1/callbacks/unheard/{account}",
        "/v1/callbacks/wechat/acc_0000000000001",
        "/v1/callbacks/wechat/acc_7ZZZZZZZZZZZZ",
        f"/v1/callbacks/wechat/{account[:-1]}Z",
    ):
        problem(await client.post(path, content=number.encode()), 404, "channel_account.unknown")
    problem(await client.post("/v1/callbacks/wechat/nonsense", content=b"x"), 400, "invalid.id")


@pytest.mark.parametrize(
    "changes", [{"amount_minor": PRICE - 1}, {"amount_minor": 120_000}, {"asset": "USD"}]
)
async def test_another_amount_or_currency_is_recorded_as_told_and_goes_back(
    counter: Counter, changes: dict[str, Any]
) -> None:
    payment, number = await counter.bought()
    before = _count("wechat", "mismatch")
    assert (await counter.call_back(number, **changes)).content == b"success"
    await counter.caught_up()
    assert _count("wechat", "mismatch") == before + 1
    assert await counter.state(payment) == "failed"
    refund = await counter.only_refund(payment)
    told = {"amount_minor": PRICE, "asset": "CNY"} | changes
    assert {name: refund[name] for name in told} == told
    assert refund["cause"] == "amount"
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert not any((await counter.balances()).values())
    (sent,) = counter.bank.sent
    assert (sent.amount_minor, sent.total_minor, sent.transaction) == (
        told["amount_minor"],
        told["amount_minor"],
        "T1",
    )


async def test_no_money_at_all_is_not_recorded(counter: Counter) -> None:
    _, number = await counter.bought()
    for changes in ({"amount_minor": 0}, {"amount_minor": -5}, {"asset": "XXX"}, {"asset": "coin"}):
        assert (await counter.call_back(number, **changes)).content == FAIL
    assert await counter.facts("payment.notified") == []


async def test_what_fails_may_be_paid_after_all_in_any_order(counter: Counter) -> None:
    payment, number = await counter.bought()
    await counter.call_back(number, "failed", code="NOTENOUGH", transaction="")
    await counter.caught_up()
    assert await counter.state(payment) == "failed"
    (failed,) = await counter.facts("payment.attempt.failed")
    assert failed["code"] == "NOTENOUGH"
    await counter.call_back(number)
    await counter.call_back(number, "failed", code="NOTENOUGH", transaction="")
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"


async def test_what_comes_after_the_close_goes_back_by_itself(counter: Counter) -> None:
    payment, number = await counter.bought()
    await counter.shop.acme.do("POST", f"/v1/payments/{payment}/closing")
    counter.bank.pay(number)
    assert (await counter.call_back(number)).content == b"success"
    await counter.caught_up()
    assert await counter.state(payment) == "closed"
    refund = await counter.only_refund(payment)
    assert (refund["cause"], refund["amount_minor"]) == ("late", PRICE)
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert not any((await counter.balances()).values())
    (refunded,) = await counter.facts("payment.refunded")
    assert (refunded["cause"], refunded["refunded_minor"]) == ("late", PRICE)


@pytest.mark.parametrize("together", [True, False])
async def test_paid_at_two_channels_one_is_kept_and_one_goes_back(counter: Counter, together: bool) -> None:
    payment, first = await counter.bought("wechat")
    second = await counter.attempt(payment, "alipay")
    await counter.call_back(first, transaction="T1")
    if not together:
        await counter.caught_up()
    await counter.call_back(second, channel="alipay", transaction="T2")
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"
    refund = await counter.only_refund(payment)
    assert (refund["cause"], refund["channel"]) == ("double", "alipay")
    await counter.refund_becomes(refund["refund"], "succeeded")
    assert await counter.state(payment) == "succeeded"
    assert await counter.balances() == {"wechat": -PRICE, "clearing/CNY": PRICE}


async def test_two_processes_that_settle_at_once_keep_one_payment(counter: Counter) -> None:
    bought = []
    for _ in range(5):
        payment, first = await counter.bought("wechat")
        bought.append((payment, first, await counter.attempt(payment, "alipay")))
    calls = [counter.call_back(first, transaction=f"T-{first}") for _, first, _ in bought]
    calls += [
        counter.call_back(second, channel="alipay", transaction=f"T-{second}") for _, _, second in bought
    ]
    follows = [counter.caught_up() for _ in range(4)]
    await asyncio.gather(*calls, *follows)
    await counter.caught_up()
    for payment, _, _ in bought:
        assert await counter.state(payment) == "succeeded"
        refund = await counter.only_refund(payment)
        assert refund["cause"] == "double"
        await counter.refund_becomes(refund["refund"], "succeeded")
    assert (await counter.balances())["clearing/CNY"] == len(bought) * PRICE
    assert len(await counter.facts("payment.succeeded")) == len(bought)


async def test_what_is_ours_to_repair_is_sent_again_by_the_channel(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, number = await counter.bought()

    async def full(*_: object) -> None:
        raise busy("queue.full", "The server has too much waiting.", retry_after_s=1)

    with monkeypatch.context() as patched:
        patched.setattr(counter.house.corridor.writer, "hand_in", full)
        assert (await counter.call_back(number)).content == FAIL
    counter.bank.faults["read_callback"] = [Retryable("the key cannot be fetched")]
    assert (await counter.call_back(number)).content == FAIL
    assert await counter.facts("payment.notified") == []
    assert (await counter.call_back(number)).content == b"success"
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"


async def test_the_answer_comes_in_time_though_recording_does_not(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, number = await counter.bought()
    monkeypatch.setattr(callbacks, "_ANSWER_MAX_S", 0.05)

    async def slow(*_: object) -> None:
        await asyncio.sleep(60)

    with monkeypatch.context() as patched:
        patched.setattr(counter.house.corridor.writer, "hand_in", slow)
        assert (await counter.call_back(number)).content == FAIL
    monkeypatch.setattr(callbacks, "_ANSWER_MAX_S", 4.0)
    assert (await counter.call_back(number)).content == b"success"


async def test_a_callback_larger_than_any_is_refused(counter: Counter) -> None:
    _, number = await counter.bought()
    answer = await counter.call_back(number, code="x" * 70_000)
    assert answer.status_code in {413, 500}
    assert await counter.facts("payment.notified") == []


async def test_a_switched_off_tenant_takes_no_callback_and_takes_it_when_it_is_on(counter: Counter) -> None:
    payment, number = await counter.bought()
    await counter.shop.acme.do("PUT", "/v1/switches/tenant", {"off": True})
    assert (await counter.call_back(number)).content == FAIL
    await counter.shop.acme.do("PUT", "/v1/switches/tenant", {"off": False})
    assert (await counter.call_back(number)).content == b"success"
    await counter.caught_up()
    assert await counter.state(payment) == "succeeded"
