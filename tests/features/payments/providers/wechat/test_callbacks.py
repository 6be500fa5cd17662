"""Callbacks of WeChat Pay: only what the channel signed a moment ago, for us, is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpayv3.utils import aes_decrypt, rsa_verify

from plaudit.features.payments.model.channel import CallbackRejected
from tests.features.payments.providers.wechat.stage import (
    API_KEY,
    MCHID,
    NOW,
    NUMBER,
    REFUND,
    TRANSACTION,
    Side,
    channel_at,
    key_of,
    refund_notice,
    transaction,
)

side = Side()
CHANNEL, _ = channel_at()
HEADERS, BODY = side.callback("TRANSACTION.SUCCESS", transaction())


async def test_a_payment_is_told() -> None:
    channel, _ = channel_at()
    notice = await channel.read_callback(headers=HEADERS, body=BODY, now=NOW)
    assert (notice.told, notice.number, notice.transaction) == ("paid", NUMBER, TRANSACTION)
    assert (notice.asset, notice.amount_minor) == ("CNY", 1234)
    assert notice.happened_at == datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
    assert notice.payer == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def test_another_reader_believes_and_opens_the_same_callback() -> None:
    assert rsa_verify(
        HEADERS["wechatpay-timestamp"],
        HEADERS["wechatpay-nonce"],
        BODY.decode(),
        HEADERS["wechatpay-signature"],
        key_of("channel").public_key(),
    )
    sealed = json.loads(BODY)["resource"]
    plain = aes_decrypt(sealed["nonce"], sealed["ciphertext"], sealed["associated_data"], API_KEY)
    assert json.loads(plain) == transaction()


async def test_the_kind_of_signature_may_be_left_out() -> None:
    channel, _ = channel_at()
    headers = {name: value for name, value in HEADERS.items() if name != "wechatpay-signature-type"}
    assert (await channel.read_callback(headers=headers, body=BODY, now=NOW)).told == "paid"


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        ("SUCCESS", "refunded", None),
        ("ABNORMAL", "refund_failed", "ABNORMAL"),
        ("CLOSED", "refund_failed", "CLOSED"),
    ],
)
async def test_a_refund_is_told(status: str, told: str, code: str | None) -> None:
    channel, _ = channel_at()
    headers, body = side.callback(f"REFUND.{status}", refund_notice(status))
    notice = await channel.read_callback(headers=headers, body=body, now=NOW)
    assert (notice.told, notice.code, notice.refund_number) == (told, code, REFUND.number)
    assert (notice.number, notice.transaction) == (NUMBER, TRANSACTION)
    assert (notice.asset, notice.amount_minor) == ("CNY", 234)


async def test_other_events_are_taken_note_of_and_credit_nothing() -> None:
    channel, _ = channel_at()
    headers, body = side.callback("PAYSCORE.USER_OPEN_SERVICE", {"mchid": MCHID, "out_contract_code": "1"})
    notice = await channel.read_callback(headers=headers, body=body, now=NOW)
    assert (notice.told, notice.amount_minor, notice.code) == ("other", 0, "PAYSCORE.USER_OPEN_SERVICE")


@pytest.mark.parametrize(("seconds", "believed"), [(299, True), (300, False), (-299, True), (-300, False)])
async def test_a_callback_is_fresh_for_less_than_five_minutes(seconds: int, believed: bool) -> None:
    channel, _ = channel_at()
    now = NOW + timedelta(seconds=seconds)
    if believed:
        assert (await channel.read_callback(headers=HEADERS, body=BODY, now=now)).told == "paid"
        return
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=HEADERS, body=BODY, now=now)
    assert rejected.value.code == "stale"


async def test_a_callback_of_years_ago_is_stale_however_right_its_signature() -> None:
    channel, _ = channel_at()
    headers, body = side.callback("TRANSACTION.SUCCESS", transaction(), timestamp="1624523846")
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=headers, body=body, now=NOW)
    assert rejected.value.code == "stale"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("signature", "", "signature"),
        ("signature", "not base64", "signature"),
        ("signature", "é", "signature"),
        ("signature", HEADERS["wechatpay-signature"][:-8], "signature"),
        ("nonce", "", "signature"),
        ("nonce", "another", "signature"),
        ("serial", "", "signature"),
        ("serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "signature"),
        ("serial", HEADERS["wechatpay-serial"].lower(), "signature"),
        ("signature-type", "WECHATPAY2-SM2-WITH-SM3", "signature"),
        ("timestamp", "", "form"),
        ("timestamp", "now", "form"),
        ("timestamp", "²²", "form"),
        ("timestamp", "9" * 5000, "form"),
    ],
)
async def test_a_header_that_is_not_as_it_was_signed_is_refused(name: str, value: str, code: str) -> None:
    channel, _ = channel_at()
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers={**HEADERS, f"wechatpay-{name}": value}, body=BODY, now=NOW)
    assert (rejected.value.code, rejected.value.quiet) == (code, False)


async def test_without_any_of_the_headers_nothing_is_believed() -> None:
    channel, _ = channel_at()
    with pytest.raises(CallbackRejected):
        await channel.read_callback(headers={}, body=BODY, now=NOW)


async def test_a_deliberate_probe_is_refused_quietly() -> None:
    channel, _ = channel_at()
    headers = {**HEADERS, "wechatpay-signature": "WECHATPAY/SIGNTEST/" + HEADERS["wechatpay-signature"]}
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=headers, body=BODY, now=NOW)
    assert (rejected.value.code, rejected.value.quiet) == ("signature", True)


@settings(deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
async def test_a_callback_with_any_byte_altered_is_refused(place: int, by: int) -> None:
    body = BODY[:place] + bytes([BODY[place] ^ by]) + BODY[place + 1 :]
    with pytest.raises(CallbackRejected) as rejected:
        await CHANNEL.read_callback(headers=HEADERS, body=body, now=NOW)
    assert rejected.value.code == "signature"


async def test_somebody_elses_signature_is_refused() -> None:
    channel, _ = channel_at()
    headers, body = Side(signer="forger").callback("TRANSACTION.SUCCESS", transaction())
    with pytest.raises(CallbackRejected, match="not over what was sent"):
        await channel.read_callback(headers=headers, body=body, now=NOW)


@pytest.mark.parametrize("changed", [{"mchid": "1900000002"}, {"appid": "wxanother"}, {"appid": ""}])
async def test_a_payment_to_another_merchant_or_app_is_refused(changed: dict[str, object]) -> None:
    channel, _ = channel_at()
    headers, body = side.callback("TRANSACTION.SUCCESS", transaction(**changed))
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=headers, body=body, now=NOW)
    assert rejected.value.code == "addressee"


@pytest.mark.parametrize("event", ["REFUND.SUCCESS", "PAYSCORE.USER_PAID"])
async def test_other_callbacks_of_another_merchant_are_refused(event: str) -> None:
    channel, _ = channel_at()
    headers, body = side.callback(event, refund_notice("SUCCESS", mchid="1900000002"))
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=headers, body=body, now=NOW)
    assert rejected.value.code == "addressee"


@pytest.mark.parametrize(
    ("event", "plain"),
    [
        ("TRANSACTION.SUCCESS", transaction(trade_state="NOTPAY")),
        ("TRANSACTION.SUCCESS", transaction(amount=None)),
        ("TRANSACTION.SUCCESS", transaction(amount={"total": "1234"})),
        ("TRANSACTION.SUCCESS", transaction(amount={"total": 0})),
        ("TRANSACTION.SUCCESS", transaction(success_time="yesterday")),
        ("TRANSACTION.SUCCESS", b"not JSON"),
        ("REFUND.SUCCESS", refund_notice("ABNORMAL")),
        ("REFUND.CLOSED", refund_notice("SUCCESS")),
        ("REFUND.SUCCESS", refund_notice("SUCCESS", amount={"total": 1, "refund": -1})),
        ("OTHER", b"\xff"),
    ],
)
async def test_what_does_not_say_what_it_must_is_refused(event: str, plain: object) -> None:
    channel, _ = channel_at()
    headers, body = side.callback(event, plain)
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=headers, body=body, now=NOW)
    assert rejected.value.code == "form"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", BODY.replace(b"AEAD_AES_256_GCM", b"AEAD_SM4_GCM"), BODY.replace(b"fdas", b"fdaz", 1)],
    ids=["empty", "nothing", "another algorithm", "another nonce"],
)
async def test_a_signed_callback_that_does_not_open_is_refused(body: bytes) -> None:
    channel, _ = channel_at()
    with pytest.raises(CallbackRejected) as rejected:
        await channel.read_callback(headers=side.headers(body), body=body, now=NOW)
    assert rejected.value.code == "form"


def test_the_answers_are_the_channels_own() -> None:
    channel, _ = channel_at()
    taken, refused = channel.reply(accepted=True), channel.reply(accepted=False)
    assert (taken.status, taken.body) == (204, b"")
    assert 400 <= refused.status < 500
    assert json.loads(refused.body) == {"code": "FAIL", "message": "失败"}
    assert refused.media_type == "application/json"
