"""Orders and refunds at Stripe: what is asked, once, and what is made of the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest
import stripe as official

from plaudit.features.payments.model.channel import OrderReport, Presentation, RefundReport
from plaudit.features.payments.providers.stripe import StripeSecrets, StripeSettings, stripe
from plaudit.platform.failures import Failure, Final, Retryable, Unknown
from plaudit.platform.outbound import Outbound
from tests.features.payments.providers.stripe.stage import (
    ACCOUNT,
    BASE,
    KEY,
    MERCHANT,
    NOW,
    NUMBER,
    ORDER,
    REFUND_NUMBER,
    WEBHOOK,
    Clock,
    Side,
    channel_at,
    refund_order,
)

SESSIONS = "/v1/checkout/sessions"
REFUNDS = "/v1/refunds"


async def test_a_session_is_made_with_our_number_everywhere() -> None:
    side = Side()
    shown = await channel_at(side).open(ORDER)
    assert shown == Presentation(kind="redirect", url="https://checkout.stripe.test/cs_test_1")
    (asked,) = side.asked
    assert {name: values[0] for name, values in asked.given.items()} == {
        "mode": "payment",
        "client_reference_id": NUMBER,
        "metadata[number]": NUMBER,
        "payment_intent_data[metadata][number]": NUMBER,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "1999",
        "line_items[0][price_data][product_data][name]": "100 coins",
        "success_url": "https://shop.test/back",
        "cancel_url": "https://shop.test/back",
        "expires_at": str(int((NOW + timedelta(hours=2)).timestamp())),
    }
    assert asked.headers["idempotency-key"] == NUMBER
    assert asked.headers["stripe-version"] == official.api_version


async def test_nothing_of_this_machine_is_told() -> None:
    side = Side()
    await channel_at(side).open(ORDER)
    names = set(side.asked[0].headers)
    assert side.asked[0].headers["user-agent"] == "Plaudit"
    assert not [name for name in names if "client" in name or "telemetry" in name]
    assert official.enable_telemetry is False


async def test_an_order_opened_twice_has_one_session() -> None:
    side = Side()
    channel = channel_at(side)
    assert await channel.open(ORDER) == await channel.open(ORDER)
    assert len(side.sessions) == 1


@pytest.mark.parametrize(
    ("life", "lives"),
    [
        (timedelta(minutes=15), timedelta(minutes=40)),
        (timedelta(hours=3), timedelta(hours=3)),
        (timedelta(days=3), timedelta(hours=24)),
    ],
)
async def test_a_session_lives_as_long_as_stripe_lets_it(life: timedelta, lives: timedelta) -> None:
    side = Side()
    await channel_at(side).open(replace(ORDER, expires_at=NOW + life))
    assert int(side.asked[0].one("expires_at")) == int((NOW + lives).timestamp())


async def test_without_an_address_the_payer_comes_back_to_the_front_page() -> None:
    side = Side()
    await channel_at(side).open(replace(ORDER, return_url=None))
    assert side.asked[0].one("success_url") == "https://plaudit.test/"


@pytest.mark.parametrize(
    ("asset", "amount_minor", "charged"),
    [
        ("JPY", 500, 500),
        ("KRW", 500, 500),
        ("ISK", 500, 50_000),
        ("UGX", 5, 500),
        ("MGA", 500, 5),
        ("KWD", 1_230, 1_230),
        ("HUF", 1_999, 1_999),
    ],
)
async def test_currencies_are_charged_as_stripe_counts_them(
    asset: str, amount_minor: int, charged: int
) -> None:
    side = Side()
    order = replace(ORDER, asset=asset, amount_minor=amount_minor)
    channel = channel_at(side)
    await channel.open(order)
    assert int(side.asked[0].one("line_items[0][price_data][unit_amount]")) == charged
    side.pay()
    report = await channel.query(order)
    assert (report.asset, report.amount_minor) == (asset, amount_minor)


@pytest.mark.parametrize(("asset", "amount_minor"), [("MGA", 501), ("KWD", 1_234), ("coin", 5), ("nope", 5)])
async def test_an_amount_that_stripe_cannot_charge_is_refused(asset: str, amount_minor: int) -> None:
    side = Side()
    with pytest.raises(Final):
        await channel_at(side).open(replace(ORDER, asset=asset, amount_minor=amount_minor))
    assert side.asked == []


async def test_a_paid_order_is_told_in_stripes_own_words() -> None:
    side = Side()
    channel = channel_at(side)
    await channel.open(ORDER)
    side.pay()
    assert await channel.query(ORDER) == OrderReport(
        state="paid",
        transaction="pi_1",
        asset="USD",
        amount_minor=1_999,
        happened_at=datetime(2026, 11, 22, 4, 5, 36, tzinfo=UTC),
        payer="cus_1",
    )
    assert len(side.sessions) == 1


@pytest.mark.parametrize(
    ("status", "payment_status", "intent", "state", "code"),
    [
        ("open", "unpaid", "requires_payment_method", "pending", None),
        ("complete", "unpaid", "processing", "pending", None),
        ("complete", "unpaid", "requires_payment_method", "failed", "requires_payment_method"),
        ("complete", "unpaid", "canceled", "failed", "canceled"),
        ("expired", "unpaid", "canceled", "closed", None),
        ("complete", "paid", "succeeded", "paid", None),
    ],
)
async def test_each_state_of_a_session_is_known(
    *, status: str, payment_status: str, intent: str, state: str, code: str | None
) -> None:
    side = Side()
    channel = channel_at(side)
    await channel.open(ORDER)
    side.pay(status=status, payment_status=payment_status, intent=intent)
    report = await channel.query(ORDER)
    assert (report.state, report.code) == (state, code)


async def test_a_session_whose_making_went_unanswered_is_found_again() -> None:
    side = Side(lost={SESSIONS})
    channel = channel_at(side)
    with pytest.raises(Unknown):
        await channel.open(ORDER)
    side.pay()
    assert (await channel.query(ORDER)).state == "paid"
    assert len(side.sessions) == 1


@pytest.mark.parametrize(
    "error",
    [
        (400, {"type": "invalid_request_error", "param": "expires_at", "message": "in the past"}),
        (400, {"type": "idempotency_error", "message": "other parameters"}),
    ],
)
async def test_a_session_whose_key_is_forgotten_is_found_in_the_list(error: tuple[int, object]) -> None:
    side = Side()
    channel = channel_at(side)
    await channel.open(ORDER)
    side.pay()
    for number in range(2, 7):
        await channel.open(replace(ORDER, number=f"P000000000001A0{number}"))
    side.errors[SESSIONS] = error
    assert (await channel.query(ORDER)).transaction == "pi_1"
    side.errors[SESSIONS] = error
    assert (await channel.query(replace(ORDER, number="P000000000009A01"))).state == "absent"


async def test_an_open_session_is_expired() -> None:
    side = Side()
    channel = channel_at(side)
    await channel.open(ORDER)
    assert (await channel.close(ORDER)).state == "closed"
    assert side.paths()[-1] == ("POST", f"{SESSIONS}/cs_test_1/expire")
    assert (await channel.close(ORDER)).state == "closed"


async def test_a_session_that_is_paid_is_not_closed() -> None:
    side = Side()
    channel = channel_at(side)
    await channel.open(ORDER)
    side.pay()
    assert (await channel.close(ORDER)).state == "paid"


async def test_a_session_that_was_paid_while_it_was_closed_is_paid() -> None:
    side = Side()
    channel = channel_at(side)
    await channel.open(ORDER)

    def paid_meanwhile(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/expire"):
            side.pay()
            return httpx.Response(400, json={"error": {"type": "invalid_request_error", "message": "no"}})
        return side(request)

    assert (await channel_at(paid_meanwhile).close(ORDER)).state == "paid"


async def test_a_refund_is_asked_for_once_with_its_number() -> None:
    side = Side()
    channel = channel_at(side)
    expected = RefundReport(state="succeeded", channel_refund="re_1", amount_minor=500, happened_at=_second())
    assert await channel.refund(refund_order()) == expected
    side.kept.clear()  # a day later
    assert await channel.refund(refund_order()) == expected
    assert await channel.query_refund(refund_order()) == expected
    assert len(side.refunds) == 1
    asked = next(one for one in side.asked if one.method == "POST")
    assert asked.headers["idempotency-key"] == REFUND_NUMBER
    assert {name: values[0] for name, values in asked.given.items()} == {
        "payment_intent": "pi_1",
        "amount": "500",
        "reason": "requested_by_customer",
        "metadata[number]": REFUND_NUMBER,
        "metadata[order]": NUMBER,
    }


def _second() -> datetime:
    return NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", "processing"),
        ("requires_action", "processing"),
        ("failed", "failed"),
        ("canceled", "failed"),
        ("something_new", "processing"),
    ],
)
async def test_each_state_of_a_refund_is_known(status: str, state: str) -> None:
    side = Side()
    channel = channel_at(side)
    await channel.refund(refund_order())
    side.refunds[0]["status"] = status
    report = await channel.query_refund(refund_order())
    assert (report.state, report.code) == (state, status if state == "failed" else None)


async def test_a_refund_among_many_is_found_and_one_that_is_not_there_is_absent() -> None:
    side = Side()
    channel = channel_at(side)
    await channel.refund(refund_order())
    for number in range(5):
        await channel.refund(replace(refund_order(), number=f"R00000000000{number}A"))
    assert (await channel.query_refund(refund_order())).channel_refund == "re_1"
    assert (await channel.query_refund(replace(refund_order(), number="R0000000000ZZZ"))).state == "absent"


async def test_a_refund_that_stripe_declines_has_failed() -> None:
    side = Side()
    channel = channel_at(side)
    posted = httpx.Response(
        400, json={"error": {"type": "invalid_request_error", "code": "charge_already_refunded"}}
    )
    declining = channel_at(lambda request: posted if request.method == "POST" else side(request))
    report = await declining.refund(refund_order())
    assert (report.state, report.code) == ("failed", "charge_already_refunded")
    assert (await channel.query_refund(refund_order())).state == "absent"


@pytest.mark.parametrize("transaction", [None, "cs_test_1"])
async def test_a_refund_without_an_intent_cannot_be_asked_for(transaction: str | None) -> None:
    with pytest.raises(Final, match="payment intent"):
        await channel_at(Side()).refund(refund_order(transaction=transaction))


@pytest.mark.parametrize(
    ("status", "error", "failure"),
    [
        (429, {"type": "invalid_request_error", "message": "slow down"}, Retryable),
        (500, {"type": "api_error", "message": "oops"}, Unknown),
        (503, {"type": "api_error"}, Unknown),
        (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}, Unknown),
        (401, {"type": "invalid_request_error", "message": "no such key"}, Final),
        (403, {"type": "invalid_request_error", "message": "not yours"}, Final),
        (400, {"type": "idempotency_error"}, Final),
        (402, {"type": "card_error", "code": "card_declined"}, Final),
        (404, {"type": "invalid_request_error", "code": "resource_missing"}, Final),
        (200, "what", Unknown),
        (502, "what", Unknown),
    ],
)
async def test_each_failure_is_of_its_class(status: int, error: object, failure: type[Failure]) -> None:
    with pytest.raises(failure):
        await channel_at(Side(errors={SESSIONS: (status, error)})).open(ORDER)


@pytest.mark.parametrize(
    ("error", "failure"),
    [(httpx.ConnectError("no"), Retryable), (httpx.ReadTimeout("no"), Unknown)],
)
async def test_a_call_that_did_not_come_back_is_classed_and_not_repeated(
    error: httpx.TransportError, failure: type[Failure]
) -> None:
    calls: list[httpx.Request] = []

    def failing(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        raise error

    with pytest.raises(failure):
        await channel_at(failing).open(ORDER)
    assert len(calls) == 1


async def test_a_session_of_the_other_mode_is_not_ours() -> None:
    side = Side()

    def live(request: httpx.Request) -> httpx.Response:
        answer = side(request)
        side.sessions[0]["livemode"] = True
        return httpx.Response(200, json=side.sessions[0]) if answer.is_success else answer

    with pytest.raises(Final, match="another mode"):
        await channel_at(live).open(ORDER)


@pytest.mark.parametrize(("key", "livemode"), [("sk_test_1", True), ("rk_live_1", False)])
def test_a_key_of_the_other_mode_is_refused(key: str, livemode: bool) -> None:
    with pytest.raises(ValueError, match="livemode"):
        stripe(
            merchant=MERCHANT,
            outbound=Outbound(httpx.AsyncClient()),
            clock=Clock(),
            randomness=bytes,
            settings=StripeSettings(account=ACCOUNT, livemode=livemode),
            secrets=StripeSecrets(secret_key=key, webhook_secret=WEBHOOK),
        )


@pytest.mark.parametrize(
    "changes", [{"account": "cus_1"}, {"base_url": "stripe.test"}, {"livemode": "yes"}, {"password": "x"}]
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, str]) -> None:
    good = {"account": ACCOUNT, "livemode": False, "base_url": BASE}
    msgspec.convert(good, StripeSettings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | changes, StripeSettings)


def test_secrets_are_not_shown() -> None:
    secrets = msgspec.convert({"secret_key": KEY, "webhook_secret": WEBHOOK}, StripeSecrets)
    assert repr(secrets) == "StripeSecrets()"
    with pytest.raises(msgspec.ValidationError) as refusal:
        msgspec.convert({"secret_key": "pk_test_1", "webhook_secret": WEBHOOK}, StripeSecrets)
    assert "pk_test_1" not in str(refusal.value)
