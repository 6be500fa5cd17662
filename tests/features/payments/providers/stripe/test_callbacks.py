"""Callbacks of Stripe: what it signed for us lately is believed, and means what its rules say."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import stripe as official
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.features.payments.model.channel import CallbackRejected, Notice
from plaudit.features.payments.providers.stripe.notices import verify
from tests.features.payments.providers.stripe.stage import (
    NOW,
    NUMBER,
    REFUND_NUMBER,
    WEBHOOK,
    Side,
    channel_at,
    event,
    signed,
)

SAMPLES: Final = Path(os.environ.get("PLAUDIT_SAMPLES", Path(__file__).parents[6] / "shared" / "data"))
VECTOR: Final = SAMPLES / "payment-samples" / "stripe-vector.json"
EVENT: Final = SAMPLES / "payment-samples" / "stripe-event.json"

needs_samples = pytest.mark.skipif(
    not VECTOR.exists() or not EVENT.exists(), reason=f"no payment samples at {SAMPLES} (PLAUDIT_SAMPLES)"
)

SESSION: Final[dict[str, Any]] = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "livemode": False,
    "status": "complete",
    "payment_status": "paid",
    "currency": "usd",
    "amount_total": 1_999,
    "client_reference_id": NUMBER,
    "payment_intent": "pi_1",
    "customer": "cus_1",
}
REFUND: Final[dict[str, Any]] = {
    "id": "re_1",
    "object": "refund",
    "status": "succeeded",
    "currency": "usd",
    "amount": 500,
    "created": 1,
    "payment_intent": "pi_1",
    "metadata": {"number": REFUND_NUMBER, "order": NUMBER},
}
SENT_AT: Final = datetime(2026, 11, 22, 4, 5, 1, tzinfo=UTC)


async def told(body: bytes, *, now: datetime = NOW) -> Notice:
    return await channel_at(Side()).read_callback(headers=signed(body), body=body, now=now)


async def rejected(body: bytes, *, header: str | None = None, now: datetime = NOW) -> str:
    headers = signed(body) if header is None else {"stripe-signature": header}
    with pytest.raises(CallbackRejected) as refusal:
        await channel_at(Side()).read_callback(headers=headers, body=body, now=now)
    return refusal.value.code


def vector() -> tuple[dict[str, Any], bytes, datetime]:
    document: dict[str, Any] = json.loads(VECTOR.read_text())
    return document, EVENT.read_bytes(), datetime.fromtimestamp(document["timestamp"], UTC)


@needs_samples
def test_the_vector_of_stripe_verifies_over_the_file_as_it_is() -> None:
    document, body, at = vector()
    verify(header=document["header"], body=body, secret=document["secret"], now=at)


@needs_samples
def test_headers_that_must_fail_fail() -> None:
    document, body, at = vector()
    assert len(document["must_fail_headers"]) > 5
    for header in [*document["must_fail_headers"], "", document["header"].replace("v1=", "v2=")]:
        with pytest.raises(CallbackRejected) as refusal:
            verify(header=header, body=body, secret=document["secret"], now=at)
        assert refusal.value.code == "signature", header


@needs_samples
@settings(deadline=None)
@given(data=st.data())
def test_the_vector_altered_by_a_byte_fails(data: st.DataObject) -> None:
    document, body, at = vector()
    place = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != body[place]))
    with pytest.raises(CallbackRejected):
        verify(
            header=document["header"],
            body=body[:place] + bytes([byte]) + body[place + 1 :],
            secret=document["secret"],
            now=at,
        )


@needs_samples
def test_a_signature_for_tests_proves_nothing() -> None:
    document, body, at = vector()
    only = document["header"].replace(",v1=", ",v3=").replace("v0=", "v1=")
    with pytest.raises(CallbackRejected):
        verify(header=only, body=body, secret=document["secret"], now=at)


async def test_a_paid_session_is_told_with_amount_and_intent() -> None:
    assert await told(event("checkout.session.completed", SESSION)) == Notice(
        told="paid",
        number=NUMBER,
        transaction="pi_1",
        asset="USD",
        amount_minor=1_999,
        happened_at=SENT_AT,
        payer="cus_1",
    )


@pytest.mark.parametrize(
    ("kind", "changes", "what", "transaction"),
    [
        ("checkout.session.async_payment_succeeded", {}, "paid", "pi_1"),
        ("checkout.session.async_payment_failed", {"payment_status": "unpaid"}, "failed", "pi_1"),
        (
            "checkout.session.expired",
            {"status": "expired", "payment_status": "unpaid", "payment_intent": None},
            "closed",
            "cs_test_1",
        ),
    ],
)
async def test_each_end_of_a_session_is_told(
    kind: str, changes: dict[str, Any], what: str, transaction: str
) -> None:
    notice = await told(event(kind, SESSION | changes))
    assert (notice.told, notice.number, notice.transaction) == (what, NUMBER, transaction)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("checkout.session.completed", SESSION | {"payment_status": "unpaid"}),
        ("checkout.session.completed", SESSION | {"client_reference_id": None}),
        ("customer.created", {"id": "cus_1", "object": "customer"}),
        ("charge.refunded", {"id": "ch_1", "amount_refunded": 500}),
        ("charge.refunded", {"id": "ch_1", "amount_refunded": 500, "refunds": {"data": []}}),
        ("refund.updated", REFUND | {"status": "pending"}),
        ("refund.updated", REFUND | {"metadata": {}}),
        ("refund.created", REFUND | {"metadata": None}),
    ],
)
async def test_what_changes_nothing_here_is_acknowledged(kind: str, subject: dict[str, Any]) -> None:
    notice = await told(event(kind, subject))
    assert (notice.told, notice.number, notice.transaction) == ("other", "", "evt_1")


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("refund.created", REFUND),
        ("refund.updated", REFUND),
        ("charge.refund.updated", REFUND),
        ("charge.refunded", {"id": "ch_1", "refunds": {"data": [REFUND, REFUND | {"amount": 1}]}}),
    ],
)
async def test_a_refund_is_told_by_its_own_number_and_amount(kind: str, subject: dict[str, Any]) -> None:
    assert await told(event(kind, subject)) == Notice(
        told="refunded",
        number=NUMBER,
        transaction="pi_1",
        asset="USD",
        amount_minor=500,
        happened_at=SENT_AT,
        refund_number=REFUND_NUMBER,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "failed", "failure_reason": "lost_or_stolen_card"}, "lost_or_stolen_card"),
        ({"status": "canceled"}, "canceled"),
    ],
)
async def test_a_refund_that_failed_is_told_with_its_reason(changes: dict[str, str], code: str) -> None:
    notice = await told(event("refund.failed", REFUND | changes))
    assert (notice.told, notice.refund_number, notice.code) == ("refund_failed", REFUND_NUMBER, code)


async def test_a_currency_without_decimals_is_told_in_its_own_unit() -> None:
    notice = await told(
        event("checkout.session.completed", SESSION | {"currency": "jpy", "amount_total": 500})
    )
    assert (notice.asset, notice.amount_minor) == ("JPY", 500)


@pytest.mark.parametrize("changes", [{"livemode": True}, {"account": "acct_999"}])
async def test_what_is_for_another_account_is_refused(changes: dict[str, object]) -> None:
    assert await rejected(event("checkout.session.completed", SESSION, **changes)) == "addressee"


async def test_our_own_account_may_be_named() -> None:
    assert (await told(event("checkout.session.completed", SESSION, account="acct_123"))).told == "paid"


@pytest.mark.parametrize(("apart_s", "fresh"), [(300, True), (301, False), (-300, True), (-301, False)])
async def test_what_was_not_sent_within_five_minutes_is_refused(apart_s: int, fresh: bool) -> None:
    body, now = event("checkout.session.completed", SESSION), NOW + timedelta(seconds=apart_s)
    if fresh:
        assert (await told(body, now=now)).told == "paid"
    else:
        assert await rejected(body, now=now) == "stale"


async def test_one_of_several_signatures_is_enough_while_a_secret_is_rolled() -> None:
    body = event("checkout.session.completed", SESSION)
    right, wrong = signed(body)["stripe-signature"], signed(body, secret="whsec_another")["stripe-signature"]
    for header in (f"{right},{wrong.split(',')[1]}", f"{wrong},{right.split(',')[1]}"):
        notice = await channel_at(Side()).read_callback(
            headers={"stripe-signature": header}, body=body, now=NOW
        )
        assert notice.told == "paid"


@pytest.mark.parametrize(
    "spoil",
    [
        "{0},t=1",
        "{0},",
        "{0}, v1=aa",
        "t=+{1},{2}",
        "t= {1},{2}",
        "t={1}.0,{2}",
        "{2}",
        "v1={2}",
        "t={1}",
        "{0}é",
    ],
)
async def test_a_header_that_stripe_does_not_write_is_refused(spoil: str) -> None:
    body = event("checkout.session.completed", SESSION)
    whole = signed(body)["stripe-signature"]
    time, signature = whole.split(",")
    header = spoil.format(whole, time.removeprefix("t="), signature)
    assert await rejected(body, header=header) == "signature"


async def test_without_a_header_or_with_another_secret_nothing_is_believed() -> None:
    body = event("checkout.session.completed", SESSION)
    assert await rejected(body, header="") == "signature"
    assert (
        await rejected(body, header=signed(body, secret="whsec_another")["stripe-signature"]) == "signature"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"\xff",
        event("checkout.session.completed", SESSION, object="v2.core.event"),
        event("checkout.session.completed", {}),
        event("checkout.session.completed", SESSION | {"amount_total": 19.99}),
        event("checkout.session.completed", SESSION | {"amount_total": None}),
        event("checkout.session.completed", SESSION | {"currency": "xxx"}),
        event("checkout.session.completed", SESSION | {"currency": "isk", "amount_total": 150}),
        event("refund.updated", REFUND | {"amount": "500"}),
    ],
)
async def test_a_signed_event_that_lacks_what_all_have_is_refused(body: bytes) -> None:
    header = signed(body.replace(b"\xff", b"?"))["stripe-signature"]
    code = await rejected(body, header=header)
    assert code == ("signature" if body == b"\xff" else "form")


@settings(deadline=None)
@given(body=st.binary(max_size=64), secret=st.text("abc_", min_size=8, max_size=16))
def test_the_official_library_and_this_one_agree(body: bytes, secret: str) -> None:
    text = body.decode("utf-8", "replace")
    header = official.WebhookSignature.generate_signature_header(text, secret, timestamp=int(NOW.timestamp()))
    verify(header=header, body=text.encode(), secret=secret, now=NOW)
    with pytest.raises(CallbackRejected):
        verify(header=header, body=text.encode() + b"x", secret=secret, now=NOW)


def test_the_answer_is_a_status() -> None:
    channel = channel_at(Side())
    assert (channel.reply(accepted=True).status, channel.reply(accepted=False).status) == (200, 400)
    assert WEBHOOK not in repr(channel.reply(accepted=True))
