"""Orders and refunds at WeChat Pay: what is asked, how it is signed, what is made of the answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from wechatpayv3.core import Core
from wechatpayv3.utils import build_authorization, rsa_verify

from plaudit.features.payments.model.channel import Method
from plaudit.features.payments.providers.wechat.answers import Declined
from plaudit.features.payments.providers.wechat.signing import Signer
from plaudit.platform.failures import Final, Retryable, Unknown
from plaudit.platform.outbound import Answer
from tests.features.payments.providers.wechat.stage import (
    API_KEY,
    APPID,
    KEY_ID,
    MCHID,
    NUMBER,
    ORDER,
    OUR_SERIAL,
    REFUND,
    TRANSACTION,
    Clock,
    Side,
    channel_at,
    key_of,
    order,
    private_pem,
    public_pem,
    refund_of,
    transaction,
)

CODE_URL = "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9"
side = Side()


async def test_a_native_order_gives_a_qr_code_and_is_signed_over_what_was_sent() -> None:
    channel, wire = channel_at(lambda _: side.answer({"code_url": CODE_URL}))
    shown = await channel.open(ORDER)
    assert (shown.kind, shown.url) == ("qr", CODE_URL)
    (asked,) = wire.asked
    assert (asked.method, asked.url) == ("POST", "https://wechat.test/v3/pay/transactions/native")
    assert asked.document == {
        "appid": APPID,
        "mchid": MCHID,
        "description": "100 金币",
        "out_trade_no": NUMBER,
        "time_expire": "2026-11-22T12:20:06+08:00",
        "notify_url": ORDER.notify_url,
        "amount": {"total": 1234, "currency": "CNY"},
    }
    assert asked.headers["Wechatpay-Serial"] == KEY_ID
    told = asked.authorization
    assert (told["mchid"], told["serial_no"]) == (MCHID, OUR_SERIAL)
    assert rsa_verify(
        f"POST\n{asked.path}\n{told['timestamp']}",
        told["nonce_str"],
        asked.body.decode(),
        told["signature"],
        key_of("merchant").public_key(),
    )


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [("GET", "/v3/bill/tradebill?bill_date=2026-11-21", ""), ("POST", "/v3/pay", '{"a":"金"}')],
)
def test_the_official_form_of_authorization_is_made_byte_by_byte(method: str, target: str, body: str) -> None:
    nonce = "A5" * 16
    theirs = build_authorization(
        target, method, MCHID, OUR_SERIAL, key_of("merchant"), data=body, nonce_str=nonce
    )
    at = int(theirs.split('timestamp="')[1].split('"')[0])
    assert abs(at - time.time()) < 60
    signer = Signer(
        mchid=MCHID,
        serial_no=OUR_SERIAL,
        key=key_of("merchant"),
        clock=Clock(datetime.fromtimestamp(at, UTC)),
        randomness=lambda _: bytes.fromhex(nonce),
    )
    assert signer.authorization(method=method, target=target, body=body.encode()) == theirs


async def test_an_h5_order_gives_an_address_that_leads_back() -> None:
    channel, wire = channel_at(lambda _: side.answer({"h5_url": "https://pay.test/h5?id=1"}))
    shown = await channel.open(
        order(method="h5", payer_ip="203.0.113.9", return_url="https://plaudit.test/pay/1?a=b")
    )
    assert shown.kind == "redirect"
    assert shown.url == "https://pay.test/h5?id=1&redirect_url=https%3A%2F%2Fplaudit.test%2Fpay%2F1%3Fa%3Db"
    assert wire.asked[0].path == "/v3/pay/transactions/h5"
    assert wire.asked[0].document["scene_info"] == {
        "payer_client_ip": "203.0.113.9",
        "h5_info": {"type": "Wap"},
    }


async def test_a_jsapi_order_gives_parameters_that_the_payers_page_can_use() -> None:
    channel, wire = channel_at(lambda _: side.answer({"prepay_id": "wx2611215250487459928b"}))
    shown = await channel.open(order(method="jsapi", payer_reference="openid-1"))
    assert wire.asked[0].document["payer"] == {"openid": "openid-1"}
    assert shown.kind == "parameters"
    parameters = dict(shown.parameters or {})
    assert parameters.pop("signType") == "RSA"
    official = Core(
        MCHID,
        OUR_SERIAL,
        private_pem("merchant"),
        API_KEY,
        public_key=public_pem("channel"),
        public_key_id=KEY_ID,
    )
    signature = parameters.pop("paySign")
    assert list(parameters.values())[-1] == "prepay_id=wx2611215250487459928b"
    assert signature == official.sign(list(parameters.values()))


@pytest.mark.parametrize(
    ("method", "missing"), [("h5", "IP address"), ("jsapi", "openid"), ("wap", "no method")]
)
async def test_an_order_that_lacks_what_its_method_needs_is_not_sent(method: Method, missing: str) -> None:
    channel, wire = channel_at()
    with pytest.raises(Final, match=missing):
        await channel.open(order(method=method))
    assert wire.asked == []


@pytest.mark.parametrize("code", ["ORDERPAID", "OUT_TRADE_NO_USED"])
async def test_an_order_number_that_is_taken_may_be_paid_and_is_to_be_asked_for(code: str) -> None:
    channel, _ = channel_at(lambda _: side.refusal(code, status=403))
    with pytest.raises(Unknown, match=code):
        await channel.open(ORDER)


@pytest.mark.parametrize(
    ("trade_state", "state"),
    [
        ("SUCCESS", "paid"),
        ("REFUND", "paid"),
        ("NOTPAY", "pending"),
        ("USERPAYING", "pending"),
        ("CLOSED", "closed"),
        ("REVOKED", "closed"),
        ("PAYERROR", "failed"),
    ],
)
async def test_a_query_tells_the_state(trade_state: str, state: str) -> None:
    channel, wire = channel_at(lambda _: side.answer(transaction(trade_state=trade_state)))
    report = await channel.query(ORDER)
    assert report.state == state
    assert (report.amount_minor, report.asset, report.transaction) == (1234, "CNY", TRANSACTION)
    assert report.happened_at == datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
    assert wire.asked[0].path == f"/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={MCHID}"


async def test_an_order_that_waits_has_neither_time_nor_transaction() -> None:
    told = {"mchid": MCHID, "out_trade_no": NUMBER, "trade_state": "NOTPAY", "amount": {"total": 1234}}
    channel, _ = channel_at(lambda _: side.answer(told))
    report = await channel.query(ORDER)
    assert (report.state, report.transaction, report.happened_at) == ("pending", None, None)


@pytest.mark.parametrize(
    "changed",
    [{"out_trade_no": "P000000000002A01"}, {"mchid": "1900000002"}, {"trade_state": "NEW"}, {"amount": None}],
)
async def test_an_answer_about_another_order_says_nothing(changed: dict[str, object]) -> None:
    channel, _ = channel_at(lambda _: side.answer(transaction(**changed)))
    with pytest.raises(Unknown):
        await channel.query(ORDER)


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST"])
async def test_an_order_that_the_channel_does_not_know_is_absent(code: str) -> None:
    channel, _ = channel_at(lambda _: side.refusal(code, status=404))
    assert (await channel.query(ORDER)).state == "absent"
    assert (await channel.close(ORDER)).state == "absent"


async def test_closing_is_answered_without_a_body_and_signed_all_the_same() -> None:
    channel, wire = channel_at(lambda _: side.answer(status=204))
    assert (await channel.close(ORDER)).state == "closed"
    assert wire.asked[0].path == f"/v3/pay/transactions/out-trade-no/{NUMBER}/close"
    assert wire.asked[0].document == {"mchid": MCHID}


async def test_an_order_that_was_paid_is_not_closed_but_asked_for() -> None:
    channel, wire = channel_at(
        lambda asked: (
            side.refusal("ORDERPAID", status=400) if asked.method == "POST" else side.answer(transaction())
        )
    )
    report = await channel.close(ORDER)
    assert (report.state, report.amount_minor) == ("paid", 1234)
    assert [asked.method for asked in wire.asked] == ["POST", "GET"]


async def test_a_close_that_is_refused_while_the_order_waits_is_a_refusal() -> None:
    channel, _ = channel_at(
        lambda asked: (
            side.refusal("INVALID_REQUEST", status=400)
            if asked.method == "POST"
            else side.answer(transaction(trade_state="NOTPAY"))
        )
    )
    with pytest.raises(Declined, match="INVALID_REQUEST"):
        await channel.close(ORDER)


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        ("SUCCESS", "succeeded", None),
        ("PROCESSING", "processing", None),
        ("CLOSED", "failed", "CLOSED"),
        ("ABNORMAL", "failed", "ABNORMAL"),
    ],
)
async def test_a_refund_is_asked_for_and_queried(status: str, state: str, code: str | None) -> None:
    channel, wire = channel_at(lambda _: side.answer(refund_of(status=status)))
    for report in (await channel.refund(REFUND), await channel.query_refund(REFUND)):
        assert (report.state, report.code, report.amount_minor) == (state, code, 234)
    first, second = wire.asked
    assert first.path == "/v3/refund/domestic/refunds"
    assert first.document["amount"]["refund"] == 234
    assert first.document["amount"]["total"] == 1234
    assert first.document["amount"]["currency"] == "CNY"
    assert first.document["transaction_id"] == TRANSACTION
    assert "out_trade_no" not in first.document
    assert second.path == f"/v3/refund/domestic/refunds/{REFUND.number}"


async def test_a_refund_that_the_channel_does_not_know_is_absent_when_queried_only() -> None:
    channel, _ = channel_at(lambda _: side.refusal("RESOURCE_NOT_EXISTS", status=404))
    assert (await channel.query_refund(REFUND)).state == "absent"
    with pytest.raises(Final):
        await channel.refund(REFUND)


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (400, "PARAM_ERROR", Final),
        (401, "SIGN_ERROR", Final),
        (403, "NO_AUTH", Final),
        (403, "NOT_ENOUGH", Retryable),
        (403, "SYSTEM_ERROR", Unknown),
        (429, "FREQUENCY_LIMITED", Retryable),
        (429, "", Retryable),
        (500, "SYSTEM_ERROR", Unknown),
        (502, "PARAM_ERROR", Unknown),
        (302, "", Unknown),
        (404, "", Unknown),
    ],
)
async def test_refusals_are_classed_by_what_may_be_done_next(
    status: int, code: str, failure: type[Exception]
) -> None:
    unsigned = Answer(status, {}, f'{{"code":"{code}","message":"no"}}'.encode() if code else b"<html>")
    for wire in (lambda _: unsigned, lambda _: side.refusal(code, status=status)):
        channel, _ = channel_at(wire)
        with pytest.raises(failure):
            await channel.refund(REFUND)


@pytest.mark.parametrize(
    "forge",
    [
        lambda answer: Answer(answer.status, {}, answer.body),
        lambda answer: Answer(answer.status, answer.headers, answer.body.replace(b"1234", b"1235")),
        lambda answer: Answer(
            answer.status, {**answer.headers, "wechatpay-signature": "WECHATPAY/SIGNTEST/AAAA"}, answer.body
        ),
        lambda answer: Answer(answer.status, {**answer.headers, "wechatpay-serial": "5157F09E"}, answer.body),
        lambda answer: Answer(answer.status, Side(signer="forger").headers(answer.body), answer.body),
        lambda answer: Answer(
            answer.status,
            side.headers(answer.body, timestamp=str(int(ORDER.opened_at.timestamp()) - 300)),
            answer.body,
        ),
    ],
    ids=["unsigned", "altered", "probe", "another serial", "another key", "old"],
)
async def test_a_success_without_the_channels_signature_is_unknown(forge: Callable[[Answer], Answer]) -> None:
    channel, _ = channel_at(lambda _: forge(side.answer(transaction())))
    with pytest.raises(Unknown, match="did not sign"):
        await channel.query(ORDER)


async def test_a_refusal_with_a_wrong_signature_is_unknown() -> None:
    channel, _ = channel_at(lambda _: Side(signer="forger").refusal("ORDER_NOT_EXIST", status=404))
    with pytest.raises(Unknown):
        await channel.query(ORDER)


@pytest.mark.parametrize("document", [{}, {"code_url": 1}, []])
async def test_an_answer_that_does_not_say_what_it_must_is_unknown(document: object) -> None:
    channel, _ = channel_at(lambda _: side.answer(document))
    with pytest.raises(Unknown):
        await channel.open(ORDER)
