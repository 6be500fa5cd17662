"""Callbacks of Alipay: what it signed for us lately is believed, and means what its rules say."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from alipay import DCAliPay  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.features.payments.model.channel import CallbackRejected, Notice
from plaudit.features.payments.providers.alipay.keys import Keys, certificate_of
from plaudit.features.payments.providers.alipay.notices import read
from plaudit.features.payments.providers.alipay.words import canonical
from tests.features.payments.providers.alipay.stage import (
    APP_ID,
    NOW,
    NUMBER,
    REFUND_NUMBER,
    SELLER_ID,
    TRANSACTION,
    Side,
    certificate,
    certified,
    channel_at,
    form,
    key_of,
    signed,
)

SAMPLES: Final = Path(os.environ.get("PLAUDIT_SAMPLES", Path(__file__).parents[6] / "shared" / "data"))
NOTIFY: Final = SAMPLES / "payment-samples" / "alipay-notify-trade-success.json"
RETURN: Final = SAMPLES / "payment-samples" / "alipay-page-return.json"
CALLED_AT: Final = datetime(2023, 12, 21, 8, 26, 50, tzinfo=UTC)

needs_samples = pytest.mark.skipif(
    not NOTIFY.exists() or not RETURN.exists(), reason=f"no payment samples at {SAMPLES} (PLAUDIT_SAMPLES)"
)


async def told(body: bytes, *, now: datetime = NOW) -> Notice:
    return await channel_at(Side()).read_callback(headers={}, body=body, now=now)


async def rejected(body: bytes, *, now: datetime = NOW) -> str:
    with pytest.raises(CallbackRejected) as refusal:
        await told(body, now=now)
    return refusal.value.code


def believed(body: bytes) -> bool:
    try:
        read(
            body=body,
            keys=Keys(key_of("app"), key_of("alipay").public_key()),
            app_id=APP_ID,
            seller_id=SELLER_ID,
            now=NOW,
        )
    except CallbackRejected:
        return False
    return True


def sample(path: Path, part: str) -> tuple[dict[str, str], Keys]:
    """Return the signed fields of a sample, and keys by the certificate that is enclosed."""
    document: dict[str, Any] = json.loads(path.read_text())
    theirs = certificate_of(document["alipay_public_cert_pem"]).public_key()
    assert isinstance(theirs, RSAPublicKey)
    return document[part], Keys(key_of("app"), theirs)


def sample_notice(fields: dict[str, str], keys: Keys, *, now: datetime = CALLED_AT) -> Notice:
    body = urlencode(fields).encode()
    return read(body=body, keys=keys, app_id="9021000122682882", seller_id="2088721003899159", now=now)


@needs_samples
def test_a_callback_of_the_sandbox_is_verified_and_read() -> None:
    fields, keys = sample(NOTIFY, "form")
    assert sample_notice(fields, keys) == Notice(
        told="paid",
        number="1703147160",
        transaction="2023122122001499160501589436",
        asset="CNY",
        amount_minor=1,
        happened_at=datetime(2023, 12, 21, 8, 26, 43, tzinfo=UTC),
        payer="2088722003899169",
    )


@needs_samples
@settings(deadline=None)
@given(data=st.data())
def test_a_callback_of_the_sandbox_altered_by_a_byte_fails(data: st.DataObject) -> None:
    fields, keys = sample(NOTIFY, "form")
    name = data.draw(st.sampled_from(sorted(fields)))
    value = fields[name].encode()
    place = data.draw(st.integers(0, len(value) - 1))
    byte = data.draw(st.integers(0x21, 0x7E).filter(lambda other: other != value[place]))
    altered = value[:place] + bytes([byte]) + value[place + 1 :]
    body = urlencode({**{k: v.encode() for k, v in fields.items()}, name: altered}).encode()
    with pytest.raises(CallbackRejected) as refusal:
        read(body=body, keys=keys, app_id="9021000122682882", seller_id="2088721003899159", now=CALLED_AT)
    # An unknown charset is no form; all else is not what was signed.
    assert refusal.value.code == ("form" if name == "charset" else "signature")


@needs_samples
def test_a_callback_of_the_sandbox_is_refused_years_later() -> None:
    fields, keys = sample(NOTIFY, "form")
    with pytest.raises(CallbackRejected) as refusal:
        sample_notice(fields, keys, now=NOW)
    assert refusal.value.code == "stale"


@needs_samples
@settings(deadline=None)
@given(data=st.data())
def test_what_a_page_returns_with_verifies_and_altered_does_not(data: st.DataObject) -> None:
    fields, keys = sample(RETURN, "query")
    message = canonical(fields, without=frozenset({"sign", "sign_type"})).encode()
    assert keys.verifies(message, signature=fields["sign"], cert_sn="")
    place = data.draw(st.integers(0, len(message) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda other: other != message[place]))
    altered = message[:place] + bytes([byte]) + message[place + 1 :]
    assert not keys.verifies(altered, signature=fields["sign"], cert_sn="")


async def test_a_payment_is_told_with_amount_time_and_payer() -> None:
    assert await told(signed(form())) == Notice(
        told="paid",
        number=NUMBER,
        transaction=TRANSACTION,
        asset="CNY",
        amount_minor=123_456,
        happened_at=datetime(2026, 11, 22, 4, 4, 30, tzinfo=UTC),
        payer="2088000000000002",
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"trade_status": "TRADE_FINISHED"}, "paid"),
        ({"refund_fee": "0.00"}, "paid"),
        ({"refund_fee": ""}, "paid"),
        ({"trade_status": "TRADE_CLOSED"}, "closed"),
        ({"trade_status": "TRADE_CLOSED", "refund_fee": "0.00"}, "closed"),
        ({"trade_status": "WAIT_BUYER_PAY"}, "other"),
        ({"trade_status": "TRADE_FINISHED", "refund_fee": "0.01"}, "other"),
        ({"trade_status": "SOMETHING_NEW"}, "other"),
    ],
)
async def test_a_status_means_what_the_rules_say(changes: dict[str, str], what: str) -> None:
    notice = await told(signed(form(**changes)))
    assert (notice.told, notice.amount_minor, notice.refund_number) == (what, 123_456, None)


@pytest.mark.parametrize(
    ("changes", "amount_minor"),
    [
        ({"trade_status": "TRADE_SUCCESS", "refund_fee": "0.01"}, 1),
        ({"trade_status": "TRADE_CLOSED", "refund_fee": "1234.56"}, 123_456),
        ({"trade_status": "TRADE_CLOSED", "refund_fee": None}, 123_456),
    ],
)
async def test_a_payment_that_comes_again_with_a_refund_is_no_payment(
    changes: dict[str, str | None], amount_minor: int
) -> None:
    fields = form(gmt_refund="2026-11-22 12:04:50.321", out_biz_no=REFUND_NUMBER, **changes)
    notice = await told(signed(fields))
    assert (notice.told, notice.number, notice.refund_number) == ("refunded", NUMBER, REFUND_NUMBER)
    assert notice.amount_minor == amount_minor
    assert notice.happened_at == datetime(2026, 11, 22, 4, 4, 50, 321_000, tzinfo=UTC)


async def test_a_refund_that_was_not_asked_for_here_has_no_number_of_ours() -> None:
    notice = await told(signed(form(refund_fee="0.01", gmt_refund="2026-11-22 12:04:50")))
    assert (notice.told, notice.refund_number) == ("refunded", None)


@pytest.mark.parametrize("charset", ["gbk", "GBK", "gb18030"])
async def test_the_declared_charset_is_the_one_that_was_signed(charset: str) -> None:
    fields = form(charset=charset, buyer_id="张三")
    assert (await told(signed(fields))).payer == "张三"
    assert await rejected(signed({**fields, "charset": "utf-8"}).replace(b"utf-8", b"gbk")) == "signature"


@settings(deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["total_amount", "out_trade_no", "trade_status", "seller_id", "notify_time", "extra"]
        ),
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
        min_size=1,
    )
)
def test_nothing_that_alipay_did_not_sign_is_believed(changes: dict[str, str]) -> None:
    real = form()
    body = signed(real)
    sign = body.decode().partition("&sign=")[2]
    altered = {**real, **changes}
    forged = urlencode(altered).encode() + b"&sign=" + sign.encode()
    assert believed(forged) is (altered == real)


async def test_another_signer_is_not_believed() -> None:
    assert await rejected(signed(form(), by="somebody")) == "signature"


@pytest.mark.parametrize("sign", ["", "%E7%AD%BE", "=", "A", "%00"])
async def test_a_signature_that_is_none_is_not_believed(sign: str) -> None:
    bare = signed(form()).decode().partition("&sign=")[0]
    assert await rejected(f"{bare}&sign={sign}".encode()) == "signature"


@pytest.mark.parametrize("sign_type", ["RSA", "rsa2", "", None])
async def test_another_way_to_sign_is_not_believed(sign_type: str | None) -> None:
    assert await rejected(signed(form(sign_type=sign_type))) == "signature"


@pytest.mark.parametrize(
    ("app_id", "seller_id"),
    [("2021000000000002", SELLER_ID), (APP_ID, "2088000000000009"), (APP_ID, None), (None, SELLER_ID)],
)
async def test_what_is_for_another_merchant_is_refused(app_id: str | None, seller_id: str | None) -> None:
    assert await rejected(signed(form(app_id=app_id, seller_id=seller_id))) == "addressee"


@pytest.mark.parametrize(
    ("apart", "code"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5, seconds=1), "stale"),
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-5, seconds=-1), "stale"),
        (timedelta(days=700), "stale"),
    ],
)
async def test_what_was_not_sent_within_five_minutes_is_refused(apart: timedelta, code: str | None) -> None:
    sent_at = datetime(2026, 11, 22, 4, 5, 0, tzinfo=UTC)
    body = signed(form(notify_time="2026-11-22 12:05:00"))
    if code is None:
        assert (await told(body, now=sent_at + apart)).told == "paid"
    else:
        assert await rejected(body, now=sent_at + apart) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": None},
        {"total_amount": "12.345"},
        {"total_amount": "-1.00"},
        {"total_amount": "1e3"},
        {"refund_fee": "-0.01"},
        {"out_trade_no": None},
        {"trade_no": ""},
        {"notify_time": None},
        {"notify_time": "2026-11-22"},
        {"notify_time": "2026-11-22T12:05:00Z"},
        {"gmt_payment": "yesterday"},
        {"charset": "utf_8"},
    ],
)
async def test_a_signed_form_that_lacks_what_all_have_is_refused(changes: dict[str, str | None]) -> None:
    assert await rejected(signed(form(**changes))) == "form"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", "sign=签".encode(), b"a=1&a=1", b"&".join(b"f%d=1" % field for field in range(201))],
    ids=["empty", "json", "not-ascii", "twice", "many"],
)
async def test_what_is_no_form_is_refused(body: bytes) -> None:
    assert await rejected(body) in {"form", "signature"}


async def test_a_field_that_is_given_twice_is_refused() -> None:
    assert await rejected(signed(form()) + b"&total_amount=1234.56") == "form"


@pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")  # the other kit asks pyOpenSSL the old way
async def test_a_callback_that_names_another_certificate_is_not_believed() -> None:
    channel = channel_at(Side(), given=certified())
    number = DCAliPay.get_cert_sn(certificate("alipay", serial=22))
    body = signed(form(alipay_cert_sn=number))
    assert (await channel.read_callback(headers={}, body=body, now=NOW)).told == "paid"
    with pytest.raises(CallbackRejected) as refusal:
        await channel.read_callback(headers={}, body=signed(form(alipay_cert_sn="0" * 32)), now=NOW)
    assert refusal.value.code == "signature"


def test_the_answer_is_seven_letters_or_four() -> None:
    channel = channel_at(Side())
    for accepted, body in ((True, b"success"), (False, b"fail")):
        reply = channel.reply(accepted=accepted)
        assert (reply.status, reply.body, reply.media_type) == (200, body, "text/plain")
