"""WeChat Pay's API as its merchants know it: orders, queries, closing, refunds, certificates."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from tests.app.simulate.receiver import Receiver
from tests.app.simulate.wechat_merchant import WechatMerchant, merchant_of
from tests.kit.simulators import Simulator


@pytest.fixture
async def shop(wechat: Simulator, inbox: Receiver) -> WechatMerchant:
    return await merchant_of(wechat, inbox.url)


def _library(shop: WechatMerchant, *, certificates: bool = False) -> WeChatPay:
    facts = shop.facts
    by_key = {"public_key": facts["public_key"], "public_key_id": facts["public_key_id"]}
    given = {
        "wechatpay_type": WeChatPayType.NATIVE,
        "mchid": facts["mchid"],
        "private_key": facts["private_key"],
        "cert_serial_no": facts["serial_no"],
        "apiv3_key": facts["apiv3_key"],
        "appid": facts["appid"],
        "notify_url": f"{shop.notify_url}/paid",
    }
    # The library fetches certificates as soon as it is made, before its gateway can be set.
    library = WeChatPay(**given, **by_key)
    library._core._gate_way = shop.simulator.url
    if certificates:
        library._core._public_key = library._core._public_key_id = None
    return library


def _no(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["message"]
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("certificates", [False, True])
async def test_an_independent_client_orders_pays_refunds(
    shop: WechatMerchant, inbox: Receiver, *, certificates: bool
) -> None:
    if certificates:
        await shop.simulator.tell(f"merchants/{shop.facts['mchid']}", mode="certificate")
    library = _library(shop, certificates=certificates)
    status, text = await asyncio.to_thread(
        library.pay, "600 coins", "ORDER0001", {"total": 600, "currency": "CNY"}
    )
    assert status == 200
    assert json.loads(text)["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
    await shop.simulator.pay("ORDER0001", merchant=shop.facts["mchid"])
    await shop.simulator.flush()
    told = library.callback(inbox.callbacks[0].headers, inbox.callbacks[0].body)
    assert told["event_type"] == "TRANSACTION.SUCCESS"
    assert told["resource"]["amount"]["total"] == 600
    status, text = await asyncio.to_thread(
        library.refund,
        "R1",
        {"refund": 600, "total": 600, "currency": "CNY"},
        out_trade_no="ORDER0001",
        notify_url=f"{inbox.url}/refunded",
    )
    assert (status, json.loads(text)["status"]) == (200, "PROCESSING")
    await asyncio.sleep(0.3)
    await shop.simulator.flush()
    assert json.loads((await asyncio.to_thread(library.query_refund, "R1"))[1])["status"] == "SUCCESS"
    assert (
        json.loads((await asyncio.to_thread(library.query, None, "ORDER0001"))[1])["trade_state"] == "REFUND"
    )
    told = library.callback(inbox.callbacks[1].headers, inbox.callbacks[1].body)
    assert told["event_type"] == "REFUND.SUCCESS"
    assert told["resource"]["amount"] == {
        "total": 600,
        "refund": 600,
        "payer_total": 600,
        "payer_refund": 600,
    }


async def test_certificates_are_encrypted_and_rotated(shop: WechatMerchant) -> None:
    await shop.simulator.tell(f"merchants/{shop.facts['mchid']}", mode="certificate")
    library = _library(shop, certificates=True)
    assert (await asyncio.to_thread(library.query, None, "NOT-THERE"))[0] == 404
    await asyncio.to_thread(library._core._update_certificates)
    assert len(library._core._certificates) == 1
    shop.facts = (await shop.simulator.tell(f"rotate/{shop.facts['mchid']}"))["facts"]
    await asyncio.to_thread(library._core._update_certificates)
    serials = {f"{one.serial_number:040X}" for one in library._core._certificates}
    assert serials == {shop.facts["platform_serial_no"], shop.facts["former_serial_no"]}


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"mchid": "1111111111"}, "merchant"),
        ({"serial_no": "0" * 40}, "serial"),
        ({"nonce_str": "another"}, "verify"),
        ({"timestamp": "1"}, "five minutes"),
        ({"signature": "AAAA"}, "verify"),
    ],
)
async def test_a_request_that_is_not_the_merchants_is_refused_unsigned(
    shop: WechatMerchant, forged: dict[str, str], why: str
) -> None:
    header = shop.authorization("GET", "/v3/certificates", forged=forged)
    answer = await shop.simulator.client.get("/v3/certificates", headers={"Authorization": header})
    assert _no(answer) == (401, "SIGN_ERROR")
    assert why in answer.json()["message"]
    assert "wechatpay-signature" not in answer.headers


@pytest.mark.parametrize(("age_s", "status"), [(290, 200), (-290, 200), (310, 401), (-310, 401)])
async def test_a_timestamp_may_be_five_minutes_off(shop: WechatMerchant, age_s: int, status: int) -> None:
    answer = await shop.send("GET", "/v3/certificates", age=timedelta(seconds=age_s), verify=status == 200)
    assert answer.status_code == status


async def test_the_body_is_signed_byte_by_byte(shop: WechatMerchant) -> None:
    header = shop.authorization("POST", "/v3/pay/transactions/native", '{"amount": 1}')
    answer = await shop.simulator.client.post(
        "/v3/pay/transactions/native", content='{"amount":1}', headers={"Authorization": header}
    )
    assert _no(answer) == (401, "SIGN_ERROR")


async def test_each_way_to_pay_is_presented_its_own_way(shop: WechatMerchant) -> None:
    assert (await shop.order("NATIVE01")).json()["code_url"].startswith("weixin://")
    scene = {"payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"}}
    assert (
        (await shop.order("H5000001", method="h5", more={"scene_info": scene}))
        .json()["h5_url"]
        .startswith("http")
    )
    assert (await shop.order("JSAPI001", method="jsapi", more={"payer": {"openid": "o-1"}})).json()[
        "prepay_id"
    ]
    await shop.simulator.pay("JSAPI001")
    told = await shop.query("JSAPI001")
    assert (told["trade_type"], told["payer"]) == ("JSAPI", {"openid": "o-1"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"out_trade_no": "short"},
        {"out_trade_no": "no spaces allowed"},
        {"amount": {"total": 0, "currency": "CNY"}},
        {"amount": {"total": 100, "currency": "USD"}},
        {"amount": {"total": "100"}},
        {"notify_url": "https://shop.example/paid?order=1"},
        {"description": ""},
        {"time_expire": "tomorrow"},
        {"time_expire": "2020-01-01T00:00:00+08:00"},
    ],
)
async def test_what_an_order_must_not_be(shop: WechatMerchant, wrong: dict[str, object]) -> None:
    assert _no(await shop.order("FAULTY01", more=wrong)) == (400, "PARAM_ERROR")


async def test_an_order_asked_for_again_is_the_same_or_none(shop: WechatMerchant) -> None:
    first = (await shop.order("AGAIN001")).json()
    assert (await shop.order("AGAIN001")).json() == first
    assert _no(await shop.order("AGAIN001", total=601)) == (403, "OUT_TRADE_NO_USED")
    await shop.simulator.pay("AGAIN001")
    assert _no(await shop.order("AGAIN001")) == (400, "ORDERPAID")
    assert _no(await shop.close("AGAIN001")) == (400, "ORDERPAID")


async def test_a_closed_order_stays_closed_but_for_a_payment_that_comes_late(shop: WechatMerchant) -> None:
    await shop.order("CLOSED01")
    assert (await shop.query("CLOSED01"))["trade_state"] == "NOTPAY"
    closed = await shop.close("CLOSED01")
    assert (closed.status_code, closed.content) == (204, b"")
    assert (await shop.query("CLOSED01"))["trade_state"] == "CLOSED"
    assert _no(await shop.order("CLOSED01")) == (400, "ORDER_CLOSED")
    refused = await shop.simulator.client.post("/control/pay", json={"number": "CLOSED01"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "closed")
    await shop.simulator.pay("CLOSED01", late=True)
    assert (await shop.query("CLOSED01"))["trade_state"] == "SUCCESS"


async def test_an_order_closes_itself_when_its_time_is_over(shop: WechatMerchant) -> None:
    expiry = (datetime.now(UTC) + timedelta(minutes=2)).isoformat(timespec="seconds")
    await shop.order("EXPIRES1", more={"time_expire": expiry})
    await shop.simulator.drive(offset_s=121)
    assert (await shop.query("EXPIRES1"))["trade_state"] == "CLOSED"


async def test_two_payments_of_one_order_are_two_transactions(shop: WechatMerchant, inbox: Receiver) -> None:
    await shop.order("TWICE001")
    one = await shop.simulator.pay("TWICE001")
    two = await shop.simulator.pay("TWICE001", again=True, amount_minor=599)
    await shop.simulator.flush()
    told = {
        said["transaction_id"]: said["amount"]["total"]
        for said in (shop.opened(one)["resource"] for one in inbox.callbacks)
    }
    assert told == {one["transaction"]: 600, two["transaction"]: 599}
    by_id = await shop.send(
        "GET", f"/v3/pay/transactions/id/{two['transaction']}?mchid={shop.facts['mchid']}"
    )
    assert by_id.json()["amount"]["total"] == 599


async def test_an_order_or_refund_that_is_not_there(shop: WechatMerchant) -> None:
    assert (await shop.query("NOT-THERE"))["code"] == "ORDER_NOT_EXIST"
    assert _no(await shop.refund("NOT-THERE", "R1", refund=1)) == (404, "RESOURCE_NOT_EXISTS")
    missing = await shop.send("GET", "/v3/refund/domestic/refunds/R1")
    assert _no(missing) == (404, "RESOURCE_NOT_EXISTS")


async def test_refunds_in_parts_never_exceed_the_payment(shop: WechatMerchant) -> None:
    await shop.order("PARTS001")
    assert _no(await shop.refund("PARTS001", "R1", refund=100)) == (400, "INVALID_REQUEST")
    await shop.simulator.pay("PARTS001")
    first = (await shop.refund("PARTS001", "R1", refund=400)).json()
    assert (await shop.refund("PARTS001", "R1", refund=400)).json()["refund_id"] == first["refund_id"]
    assert _no(await shop.refund("PARTS001", "R1", refund=399)) == (400, "INVALID_REQUEST")
    assert _no(await shop.refund("PARTS001", "R2", refund=201)) == (400, "INVALID_REQUEST")
    assert _no(await shop.refund("PARTS001", "R3", refund=200, total=601)) == (400, "INVALID_REQUEST")
    assert (await shop.refund("PARTS001", "R4", refund=200)).status_code == 200
    figures = await shop.simulator.figures()
    assert figures["balances_minor"][shop.facts["mchid"]] == 0


async def test_a_refund_needs_money_on_the_account(shop: WechatMerchant) -> None:
    await shop.order("POOR0001")
    await shop.simulator.pay("POOR0001")
    await shop.simulator.tell("withdraw", merchant=shop.facts["mchid"], amount_minor=596)
    assert _no(await shop.refund("POOR0001", "R1", refund=600)) == (403, "NOT_ENOUGH")


@pytest.mark.parametrize(("state", "told"), [("abnormal", "ABNORMAL"), ("closed", "CLOSED")])
async def test_a_refund_may_end_otherwise(
    shop: WechatMerchant, inbox: Receiver, state: str, told: str
) -> None:
    mchid = shop.facts["mchid"]
    await shop.simulator.tell(f"merchants/{mchid}", refunds="hold")
    await shop.order("ODD00001")
    await shop.simulator.pay("ODD00001", merchant=mchid)
    await shop.refund("ODD00001", "R1", refund=600)
    query = await shop.send("GET", "/v3/refund/domestic/refunds/R1")
    assert query.json()["status"] == "PROCESSING"
    await shop.simulator.tell("refunds", number="R1", state=state, merchant=mchid)
    await shop.simulator.flush()
    query = await shop.send("GET", "/v3/refund/domestic/refunds/R1")
    assert query.json()["status"] == told
    notice = shop.opened(inbox.callbacks[-1])
    assert (notice["event_type"], notice["resource"]["refund_status"]) == (f"REFUND.{told}", told)
    kept = (await shop.simulator.figures())["balances_minor"][mchid]
    assert kept == (596 if state == "closed" else 0)
