"""Orders and refunds at Alipay: what is asked, how it is signed, what is made of the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from alipay import AliPay, DCAliPay  # type: ignore[import-untyped]

from plaudit.features.payments.model.channel import Method, OrderReport, RefundReport
from plaudit.features.payments.providers.alipay.gateway import spans
from plaudit.platform.failures import Failure, Final, Retryable, Unknown
from tests.features.payments.providers.alipay.stage import (
    APP_ID,
    GATEWAY,
    NUMBER,
    ORDER,
    REFUND,
    REFUND_NUMBER,
    TRANSACTION,
    Fields,
    Side,
    certificate,
    certified,
    channel_at,
    content_of,
    done,
    private_pem,
    public_pem,
    query_of,
    refused,
    verifies,
)

QUERY = "alipay.trade.query"
CLOSE = "alipay.trade.close"
GIVE_BACK = "alipay.trade.refund"
REFUND_QUERY = "alipay.trade.fastpay.refund.query"
PAID = done(
    out_trade_no=NUMBER,
    trade_no=TRANSACTION,
    trade_status="TRADE_SUCCESS",
    total_amount="1234.56",
    send_pay_date="2026-11-22 12:04:30",
    buyer_user_id="2088000000000002",
)
REFUNDED = done(
    out_trade_no=NUMBER,
    trade_no=TRANSACTION,
    out_request_no=REFUND_NUMBER,
    refund_status="REFUND_SUCCESS",
    refund_amount="234.56",
    gmt_refund_pay="2026-11-22 12:04:50",
)


@pytest.mark.parametrize(
    ("method", "asked", "product"),
    [
        ("page", "alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
        ("wap", "alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    ],
)
async def test_the_payer_is_sent_to_a_signed_address(method: Method, asked: str, product: str) -> None:
    shown = await channel_at(Side()).open(replace(ORDER, method=method))
    assert (shown.kind, shown.parameters) == ("redirect", None)
    assert shown.url is not None
    assert shown.url.startswith(f"{GATEWAY}?")
    parameters = query_of(shown.url)
    assert verifies(parameters, parameters.pop("sign"))
    content = content_of(parameters)
    assert parameters | {"biz_content": ""} == {
        "app_id": APP_ID,
        "method": asked,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": "2026-11-22 12:05:06",
        "version": "1.0",
        "notify_url": ORDER.notify_url,
        "return_url": ORDER.return_url,
        "biz_content": "",
    }
    assert content.pop("quit_url", None) == (ORDER.return_url if method == "wap" else None)
    assert content == {
        "out_trade_no": NUMBER,
        "total_amount": "1234.56",
        "subject": "100 coins",
        "product_code": product,
        "time_expire": "2026-11-22 12:20:06",
    }


async def test_an_app_gets_a_signed_order_for_its_kit() -> None:
    shown = await channel_at(Side()).open(replace(ORDER, method="app"))
    assert (shown.kind, shown.url) == ("parameters", None)
    assert shown.parameters is not None
    parameters = query_of(f"?{shown.parameters['order_string']}")
    assert verifies(parameters, parameters.pop("sign"))
    assert (parameters["method"], "return_url" in parameters) == ("alipay.trade.app.pay", False)
    assert content_of(parameters)["product_code"] == "QUICK_MSECURITY_PAY"


@pytest.mark.parametrize(
    ("title", "subject"), [("a/b = c & d", "a b c d"), ("//", NUMBER), ("金" * 300, "金" * 256)]
)
async def test_a_title_is_made_one_that_alipay_takes(title: str, subject: str) -> None:
    shown = await channel_at(Side()).open(replace(ORDER, title=title))
    assert shown.url is not None
    assert content_of(query_of(shown.url))["subject"] == subject


@pytest.mark.parametrize("change", [{"asset": "USD"}, {"method": "native"}])
async def test_what_alipay_does_not_take_is_refused_for_good(change: dict[str, str]) -> None:
    with pytest.raises(Final):
        await channel_at(Side()).open(replace(ORDER, **change))  # type: ignore[arg-type]


async def test_a_paid_order_is_told_in_alipays_own_words() -> None:
    side = Side({QUERY: PAID})
    assert await channel_at(side).query(ORDER) == OrderReport(
        state="paid",
        transaction=TRANSACTION,
        asset="CNY",
        amount_minor=123_456,
        happened_at=datetime(2026, 11, 22, 4, 4, 30, tzinfo=UTC),
        payer="2088000000000002",
    )
    assert side.asked == [(QUERY, {"out_trade_no": NUMBER})]


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        ({**PAID, "trade_status": "TRADE_FINISHED"}, "paid", None),
        ({**PAID, "trade_status": "WAIT_BUYER_PAY", "send_pay_date": ""}, "pending", None),
        ({**PAID, "trade_status": "TRADE_CLOSED", "send_pay_date": ""}, "closed", None),
        ({**PAID, "trade_status": "TRADE_CLOSED"}, "closed", "refunded"),
        (refused("ACQ.TRADE_NOT_EXIST"), "absent", "ACQ.TRADE_NOT_EXIST"),
    ],
)
async def test_each_state_of_an_order_is_known(answer: Fields, state: str, code: str | None) -> None:
    report = await channel_at(Side({QUERY: answer})).query(ORDER)
    assert (report.state, report.code) == (state, code)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refused("ACQ.SYSTEM_ERROR"), Unknown),
        (refused("isp.unknow-error", code="20000"), Unknown),
        (refused("isv.app-call-limited", code="40005"), Retryable),
        (refused("ACQ.INVALID_PARAMETER"), Final),
        (refused("isv.insufficient-isv-permissions", code="40006"), Final),
        ({**PAID, "out_trade_no": "P000000000001A02"}, Unknown),
        ({**PAID, "trade_status": "SOMETHING_NEW"}, Unknown),
        ({**PAID, "total_amount": "12.345"}, Unknown),
    ],
)
async def test_each_failure_is_of_its_class(answer: Fields, failure: type[Failure]) -> None:
    with pytest.raises(failure) as raised:
        await channel_at(Side({QUERY: answer})).query(ORDER)
    assert type(raised.value) is failure


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("1234.56", "1234.57"),
        lambda text: text.replace("TRADE_SUCCESS", "TRADE_FINISHED"),
        lambda text: text.replace('{"alipay_trade_query_response":{\n ', '{"alipay_trade_query_response":{'),
        lambda text: text.partition(',"sign"')[0] + "}",
        lambda text: text.replace('"sign":"', '"sign":"A'),
        lambda text: text.replace('"sign":"', '"sign":"\u7b7e'),
        lambda text: text.replace('"sign":"', '"sign":5,"x":"'),
        lambda text: text[:-1],
        lambda text: text + "{}",
        lambda text: '{"alipay_trade_query_response":{"code":"10000"},' + text[1:],
        lambda text: f"<html>busy {len(text)}</html>",
        lambda text: text[:0],
    ],
    ids=[
        "amount",
        "state",
        "space",
        "no-sign",
        "other-sign",
        "wide-sign",
        "odd-sign",
        "cut",
        "more",
        "twice",
        "html",
        "empty",
    ],
)
async def test_an_answer_without_alipays_signature_says_nothing(spoil: Callable[[str], str]) -> None:
    with pytest.raises(Unknown):
        await channel_at(Side({QUERY: PAID}, spoil=spoil)).query(ORDER)


async def test_an_answer_whose_values_look_like_answers_is_read_rightly() -> None:
    odd = {"subject": '"alipay_trade_query_response":{"code":"40004"},"sign":"}{"', **PAID}
    assert (await channel_at(Side({QUERY: odd})).query(ORDER)).state == "paid"


async def test_an_http_error_says_nothing() -> None:
    with pytest.raises(Unknown, match="HTTP 502"):
        await channel_at(Side({QUERY: PAID}, status=502)).query(ORDER)


async def test_a_gateway_that_is_not_there_may_be_asked_again() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    channel = channel_at(cut)
    with pytest.raises(Retryable):
        await channel.query(ORDER)


async def test_an_open_order_is_closed() -> None:
    side = Side({CLOSE: done(out_trade_no=NUMBER, trade_no=TRANSACTION)})
    assert await channel_at(side).close(ORDER) == OrderReport(state="closed", transaction=TRANSACTION)
    assert side.asked == [(CLOSE, {"out_trade_no": NUMBER})]


async def test_an_order_that_nobody_opened_is_absent_when_closed() -> None:
    report = await channel_at(Side({CLOSE: refused("ACQ.TRADE_NOT_EXIST")})).close(ORDER)
    assert report.state == "absent"


async def test_an_order_that_cannot_be_closed_is_what_it_is() -> None:
    side = Side({CLOSE: refused("ACQ.TRADE_STATUS_ERROR"), QUERY: PAID})
    assert (await channel_at(side).close(ORDER)).state == "paid"


async def test_a_refund_that_moved_money_is_done() -> None:
    side = Side({GIVE_BACK: done(out_trade_no=NUMBER, fund_change="Y", refund_fee="500.00")})
    assert await channel_at(side).refund(REFUND) == RefundReport(state="succeeded", amount_minor=23_456)
    assert side.asked == [
        (
            GIVE_BACK,
            {
                "out_trade_no": NUMBER,
                "refund_amount": "234.56",
                "out_request_no": REFUND_NUMBER,
                "refund_reason": "asked for",
            },
        )
    ]


async def test_a_refund_asked_for_again_is_looked_up() -> None:
    """Alipay answers a number that it had with `fund_change` N: whether the money went, the query tells."""
    answers = {GIVE_BACK: done(out_trade_no=NUMBER, fund_change="N"), REFUND_QUERY: REFUNDED}
    assert await channel_at(Side({**answers})).refund(REFUND) == RefundReport(
        state="succeeded", amount_minor=23_456, happened_at=datetime(2026, 11, 22, 4, 4, 50, tzinfo=UTC)
    )
    answers[REFUND_QUERY] = done(out_trade_no=NUMBER)
    assert (await channel_at(Side({**answers})).refund(REFUND)).state == "processing"


async def test_a_refund_that_alipay_refuses_has_failed_unless_it_was_made() -> None:
    refusal = refused("ACQ.SELLER_BALANCE_NOT_ENOUGH")
    side = Side({GIVE_BACK: refusal, REFUND_QUERY: done(out_trade_no=NUMBER)})
    report = await channel_at(side).refund(REFUND)
    assert (report.state, report.code) == ("failed", "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    side.answers[REFUND_QUERY] = REFUNDED
    assert (await channel_at(side).refund(REFUND)).state == "succeeded"


async def test_a_refund_without_an_answer_is_unknown() -> None:
    side = Side({GIVE_BACK: refused("ACQ.SYSTEM_ERROR")})
    with pytest.raises(Unknown):
        await channel_at(side).refund(REFUND)
    assert [method for method, _ in side.asked] == [GIVE_BACK]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (REFUNDED, "succeeded"),
        (done(out_trade_no=NUMBER), "absent"),
        (refused("ACQ.TRADE_NOT_EXIST"), "absent"),
    ],
)
async def test_each_state_of_a_refund_is_known(answer: Fields, state: str) -> None:
    side = Side({REFUND_QUERY: answer})
    assert (await channel_at(side).query_refund(REFUND)).state == state
    assert side.asked[0][1]["out_request_no"] == REFUND_NUMBER


@pytest.mark.parametrize(
    "answer", [{**REFUNDED, "out_request_no": "R000000000000C"}, {**REFUNDED, "out_trade_no": "P0"}]
)
async def test_an_answer_about_another_refund_says_nothing(answer: Fields) -> None:
    with pytest.raises(Unknown, match="another"):
        await channel_at(Side({REFUND_QUERY: answer})).query_refund(REFUND)


@pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")  # the other kit asks pyOpenSSL the old way
async def test_certificates_are_named_as_the_other_kit_names_them() -> None:
    """The file of roots holds a certificate that is not signed by RSA: it has no part in the number."""
    shown = await channel_at(Side(), given=certified()).open(ORDER)
    assert shown.url is not None
    parameters = query_of(shown.url)
    other = DCAliPay(
        appid=APP_ID,
        app_private_key_string=private_pem("app"),
        app_public_key_cert_string=certificate("app", serial=11),
        alipay_public_key_cert_string=certificate("alipay", serial=22),
        alipay_root_cert_string=certified().alipay_root_cert_pem,
    )
    assert parameters["app_cert_sn"] == other.app_cert_sn
    assert parameters["alipay_root_cert_sn"] == other.alipay_root_cert_sn
    assert verifies(parameters, parameters.pop("sign"))


@pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")
async def test_an_answer_names_the_certificate_that_proves_it() -> None:
    number = DCAliPay.get_cert_sn(certificate("alipay", serial=22))
    assert (
        await channel_at(Side({QUERY: PAID}, cert_sn=number), given=certified()).query(ORDER)
    ).state == "paid"
    with pytest.raises(Unknown):
        await channel_at(Side({QUERY: PAID}, cert_sn="0" * 32), given=certified()).query(ORDER)


async def test_the_other_kit_reads_what_ours_would_answer() -> None:
    """The same sides swapped: the kit's own request is one that the stage's Alipay verifies."""
    other = AliPay(
        appid=APP_ID,
        app_private_key_string=private_pem("app"),
        alipay_public_key_string=public_pem("alipay"),
    )
    text = Side().said(QUERY, PAID)
    assert other._verify_and_return_sync_response(text, "alipay_trade_query_response") == PAID


def test_a_member_is_found_by_place_and_given_as_written() -> None:
    assert spans(' { "a" : {"b": "}\\""} ,\n"c":1.50 } ') == {"a": '{"b": "}\\""}', "c": "1.50"}
    for broken in ("", "[]", "{}", '{"a"}', '{"a":1,}', '{"a":1}x', '{"a":1,"a":1}', "{1:2}"):
        with pytest.raises(ValueError, match=r"."):
            spans(broken)


async def test_an_order_ends_when_its_intent_does() -> None:
    shown = await channel_at(Side()).open(
        replace(ORDER, expires_at=datetime(2026, 12, 31, 16, 0, 0, 999_999, tzinfo=UTC))
    )
    assert shown.url is not None
    assert content_of(query_of(shown.url))["time_expire"] == "2027-01-01 00:00:00"
