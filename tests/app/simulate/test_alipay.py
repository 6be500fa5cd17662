"""Alipay's gateway, pages, notices and bills, with an independent library as the merchant."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from alipay import AliPay, DCAliPay  # type: ignore[import-untyped]
from alipay.exceptions import AliPayException  # type: ignore[import-untyped]

from plaudit.app.simulate.schedule import ALIPAY
from tests.app.simulate.receiver import Received, Receiver
from tests.kit.simulators import Simulator


@pytest.fixture(autouse=True)
def _in_china(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stay in China: the library writes local time where Alipay wants that."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@dataclass(slots=True)
class Shop:
    """A merchant of Alipay and the library that acts for it."""

    simulator: Simulator
    facts: dict[str, str]
    library: Any
    notify_url: str

    async def call(self, name: str, *arguments: object, **named: object) -> dict[str, Any]:
        """Call one of the library's methods; it verifies the answer's signature."""
        return dict(await asyncio.to_thread(getattr(self.library, name), *arguments, **named))

    async def open(self, number: str, *, kind: str = "page", **more: object) -> str:
        """Let a payer's browser open the payment; return the page."""
        given = {"subject": "600 coins", "out_trade_no": number, "total_amount": "6.00", **more}
        query = getattr(self.library, f"api_alipay_trade_{kind}_pay")(**given)
        page = await self.simulator.client.get(f"/gateway.do?{query}")
        return page.text

    def opened(self, callback: Received) -> dict[str, str]:
        """Return a notice's fields; fails the test unless it is signed."""
        fields = dict(parse_qsl(callback.body.decode(), strict_parsing=True))
        told = dict(fields)
        assert self.library.verify(told, told.pop("sign"))
        return fields


async def _shop(alipay: Simulator, inbox: Receiver, mode: str) -> Shop:
    facts = (await alipay.merchant(mode=mode))["facts"]
    given = {"appid": facts["app_id"], "app_notify_url": f"{inbox.url}/told"}
    if mode == "certificate":
        library = DCAliPay(
            **given,
            app_private_key_string=facts["private_key"],
            app_public_key_cert_string=facts["app_certificate"],
            alipay_public_key_cert_string=facts["alipay_certificate"],
            alipay_root_cert_string=facts["alipay_root_certificate"],
        )
    else:
        library = AliPay(
            **given,
            app_private_key_string=facts["private_key"],
            alipay_public_key_string=facts["alipay_public_key"],
        )
    library._gateway = f"{alipay.url}/gateway.do"
    return Shop(alipay, facts, library, f"{inbox.url}/told")


@pytest.fixture
async def shop(alipay: Simulator, inbox: Receiver) -> Shop:
    return await _shop(alipay, inbox, "public_key")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:alipay")
@pytest.mark.parametrize("mode", ["public_key", "certificate"])
async def test_an_independent_client_pays_and_refunds(alipay: Simulator, inbox: Receiver, mode: str) -> None:
    shop = await _shop(alipay, inbox, mode)
    number = f"ORDER-{mode}"
    assert (await shop.call("api_alipay_trade_query", number))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert "¥ 6.00" in await shop.open(number)
    assert (await shop.call("api_alipay_trade_query", number))["trade_status"] == "WAIT_BUYER_PAY"
    await alipay.pay(number)
    await alipay.flush()
    told = shop.opened(inbox.callbacks[0])
    assert (told["trade_status"], told["total_amount"]) == ("TRADE_SUCCESS", "6.00")
    assert (told["app_id"], told["seller_id"]) == (shop.facts["app_id"], shop.facts["seller_id"])
    assert "refund_fee" not in told
    queried = await shop.call("api_alipay_trade_query", trade_no=told["trade_no"])
    assert (queried["out_trade_no"], queried["trade_status"]) == (number, "TRADE_SUCCESS")
    part = await shop.call("api_alipay_trade_refund", "2.00", number, out_request_no="R1")
    assert (part["fund_change"], part["refund_fee"]) == ("Y", "2.00")
    again = await shop.call("api_alipay_trade_refund", "2.00", number, out_request_no="R1")
    assert (again["fund_change"], again["refund_fee"]) == ("N", "2.00")
    found = await shop.call("api_alipay_trade_fastpay_refund_query", "R1", out_trade_no=number)
    assert (found["refund_status"], found["refund_amount"]) == ("REFUND_SUCCESS", "2.00")
    await shop.call("api_alipay_trade_refund", "4.00", number, out_request_no="R2")
    await alipay.flush()
    refunds = [shop.opened(one) for one in inbox.callbacks[1:]]
    assert sorted((one["trade_status"], one["refund_fee"], one["out_biz_no"]) for one in refunds) == [
        ("TRADE_CLOSED", "6.00", "R2"),
        ("TRADE_SUCCESS", "2.00", "R1"),
    ]


async def test_what_the_gateway_does_not_believe(shop: Shop) -> None:
    signed = shop.library.sign_data(shop.library.build_body("alipay.trade.query", {"out_trade_no": "X"}))
    client = shop.simulator.client
    forged = (await client.get(f"/gateway.do?{signed.replace('out_trade_no', 'out_trade_nr')}")).json()
    assert forged["alipay_trade_query_response"]["sub_code"] == "isv.invalid-signature"
    nobody = (await client.get(f"/gateway.do?{signed.replace(shop.facts['app_id'], '2021000')}")).json()
    assert nobody["error_response"]["sub_code"] == "isv.invalid-app-id"
    unsigned = (await client.get("/gateway.do?method=alipay.trade.query")).json()
    assert unsigned["error_response"]["code"] == "40001"
    await shop.simulator.drive(offset_s=301)
    late = (await client.get(f"/gateway.do?{signed}")).json()
    assert late["alipay_trade_query_response"]["sub_code"] == "isv.invalid-timestamp"
    await shop.simulator.drive(offset_s=0)
    await shop.simulator.tell(f"merchants/{shop.facts['app_id']}", mode="certificate")
    bare = (await client.get(f"/gateway.do?{signed}")).json()
    assert bare["alipay_trade_query_response"]["sub_code"] == "isv.missing-app-cert-sn"
    with pytest.raises(AliPayException):
        await shop.call("server_api", "alipay.user.info", {})


async def test_an_answer_is_signed_as_it_stands_and_not_as_others_would_write_it(shop: Shop) -> None:
    await shop.simulator.tell(f"merchants/{shop.facts['app_id']}", bills="at_once")
    await shop.open("SLASHES-1")
    await shop.simulator.pay("SLASHES-1")
    today = datetime.now().astimezone().date()
    wish = {"bill_type": "trade", "bill_date": str(today)}
    method = "alipay.data.dataservice.bill.downloadurl.query"
    signed = shop.library.sign_data(shop.library.build_body(method, wish))
    raw = (await shop.simulator.client.get(f"/gateway.do?{signed}")).text
    assert "http:\\/\\/" in raw
    content = json.loads(raw)[f"{method.replace('.', '_')}_response"]
    anew = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    assert not shop.library._verify(anew, json.loads(raw)["sign"])
    assert (await shop.call("server_api", method, wish)).keys() == content.keys()


async def test_a_payer_pays_on_the_page_and_comes_back(shop: Shop, inbox: Receiver) -> None:
    page = await shop.open("PAGE-0001", return_url="https://shop.example/back?lang=zh")
    address = page.split('action="')[1].split('"')[0]
    answer = await shop.simulator.client.post(address)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    fields = dict(parse_qsl(back.query))
    assert (back.netloc, fields.pop("lang"), fields["out_trade_no"]) == ("shop.example", "zh", "PAGE-0001")
    assert shop.library.verify(fields, fields.pop("sign"))
    await shop.simulator.flush()
    assert shop.opened(inbox.callbacks[0])["out_trade_no"] == "PAGE-0001"
    assert "ACQ.TRADE_HAS_SUCCESS" in await shop.open("PAGE-0001")


async def test_an_app_hands_over_its_order_string(shop: Shop) -> None:
    text = shop.library.api_alipay_trade_app_pay("600 coins", "APP-00001", "6.00")
    answer = await shop.simulator.client.post("/payer/app", content=text)
    assert answer.json()["out_trade_no"] == "APP-00001"
    forged = await shop.simulator.client.post("/payer/app", content=text.replace("6.00", "0.01"))
    assert (forged.status_code, forged.json()["sub_code"]) == (400, "isv.invalid-signature")


async def test_closing_and_cancelling(shop: Shop, inbox: Receiver) -> None:
    await shop.open("CLOSE-001", kind="wap")
    closed = await shop.call("server_api", "alipay.trade.close", {"out_trade_no": "CLOSE-001"})
    assert closed["code"] == "10000"
    assert (await shop.call("api_alipay_trade_query", "CLOSE-001"))["trade_status"] == "TRADE_CLOSED"
    again = await shop.call("server_api", "alipay.trade.close", {"out_trade_no": "CLOSE-001"})
    assert again["sub_code"] == "ACQ.TRADE_HAS_CLOSE"
    await shop.simulator.flush()
    told = shop.opened(inbox.callbacks[0])
    assert told["trade_status"] == "TRADE_CLOSED"
    assert not told.keys() & {"refund_fee", "gmt_payment", "gmt_refund"}
    await shop.open("PAID-0001")
    await shop.simulator.pay("PAID-0001")
    refused = await shop.call("server_api", "alipay.trade.close", {"out_trade_no": "PAID-0001"})
    assert refused["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert (await shop.call("api_alipay_trade_cancel", "PAID-0001"))["action"] == "refund"
    assert (await shop.call("api_alipay_trade_query", "PAID-0001"))["trade_status"] == "TRADE_CLOSED"


async def test_refunds_that_cannot_be(shop: Shop) -> None:
    await shop.open("REFUNDS-1")
    early = await shop.call("api_alipay_trade_refund", "1.00", "REFUNDS-1", out_request_no="R1")
    assert early["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    await shop.simulator.pay("REFUNDS-1")
    much = await shop.call("api_alipay_trade_refund", "6.01", "REFUNDS-1", out_request_no="R1")
    assert much["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    none = await shop.call("api_alipay_trade_fastpay_refund_query", "R1", out_trade_no="REFUNDS-1")
    assert (none["code"], none.get("refund_status")) == ("10000", None)
    await shop.simulator.tell("withdraw", merchant=shop.facts["app_id"], amount_minor=596)
    poor = await shop.call("api_alipay_trade_refund", "6.00", "REFUNDS-1", out_request_no="R1")
    assert poor["sub_code"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    await shop.simulator.tell("finish", number="REFUNDS-1")
    over = await shop.call("api_alipay_trade_refund", "1.00", "REFUNDS-1", out_request_no="R1")
    assert over["sub_code"] == "ACQ.TRADE_HAS_FINISHED"


async def test_a_refund_that_takes_its_time_says_nothing_has_changed(shop: Shop, inbox: Receiver) -> None:
    await shop.simulator.tell(f"merchants/{shop.facts['app_id']}", refunds="hold")
    await shop.open("SLOW-0001")
    await shop.simulator.pay("SLOW-0001")
    asked = await shop.call("api_alipay_trade_refund", "6.00", "SLOW-0001", out_request_no="SLOW-R1")
    assert asked["fund_change"] == "N"
    found = await shop.call("api_alipay_trade_fastpay_refund_query", "SLOW-R1", out_trade_no="SLOW-0001")
    assert "refund_status" not in found
    await shop.simulator.tell("refunds", number="SLOW-R1", state="succeeded")
    found = await shop.call("api_alipay_trade_fastpay_refund_query", "SLOW-R1", out_trade_no="SLOW-0001")
    assert found["refund_status"] == "REFUND_SUCCESS"
    await shop.simulator.flush()
    assert shop.opened(inbox.callbacks[-1])["out_biz_no"] == "SLOW-R1"


@pytest.mark.parametrize(
    "answer", [b"SUCCESS", b"success\n", b"\xef\xbb\xbfsuccess", b"<p>success</p>", b"fail", b""]
)
async def test_only_the_seven_letters_end_a_notice(shop: Shop, inbox: Receiver, answer: bytes) -> None:
    number = f"LETTERS-{len(answer)}-{shop.facts['app_id'][-4:]}"
    inbox.answer = lambda _received: (200, answer)
    await shop.open(number)
    await shop.simulator.pay(number)
    await shop.simulator.flush()
    assert (await shop.simulator.callbacks(order=number))[0]["state"] == "waiting"
    inbox.answer = lambda _received: (200, b"success")
    await shop.simulator.flush(scheduled=True)
    assert (await shop.simulator.callbacks(order=number))[0]["state"] == "done"
    first, second = (shop.opened(one) for one in inbox.callbacks)
    assert first["notify_id"] == second["notify_id"]


async def test_a_notice_comes_eight_times_in_twenty_five_hours(shop: Shop, inbox: Receiver) -> None:
    inbox.answer = lambda _received: (200, b"fail")
    await shop.open("EIGHT-001")
    start = datetime.now(UTC)
    await shop.simulator.drive(at=start)
    await shop.simulator.pay("EIGHT-001")
    await shop.simulator.flush()
    for tries, pause in enumerate(ALIPAY.pauses, start=1):
        await shop.simulator.drive(advance_s=pause.total_seconds())
        for _ in range(200):
            if len(inbox.callbacks) > tries:
                break
            await asyncio.sleep(0.02)
        await shop.simulator.flush()
        assert len(inbox.callbacks) == tries + 1
    assert len(inbox.callbacks) == 8
    found = (await shop.simulator.callbacks(order="EIGHT-001"))[0]
    assert found["state"] == "given_up"
    passed = datetime.fromisoformat(found["attempts"][-1]["at"]) - start
    assert passed.total_seconds() == (4 + 10 + 10) * 60 + (1 + 2 + 6 + 15) * 3600


async def _bill(shop: Shop, kind: str, day: date) -> dict[str, list[str]]:
    """Return the lines of both files, by their names, which are in GBK."""
    wish = {"bill_type": kind, "bill_date": str(day)}
    told = await shop.call("server_api", "alipay.data.dataservice.bill.downloadurl.query", wish)
    packed = (await shop.simulator.client.get(told["bill_download_url"])).content
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        return {
            one.filename.encode("cp437").decode("gbk"): files.read(one).decode("gbk").splitlines()
            for one in files.infolist()
        }


def _rows(lines: list[str]) -> list[dict[str, str]]:
    header, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    return [dict(zip(header, row, strict=True)) for row in rows]


async def test_the_bills_of_a_day_add_up(shop: Shop) -> None:
    today = datetime.now().astimezone().date()
    wish = {"bill_type": "trade", "bill_date": str(today)}
    method = "alipay.data.dataservice.bill.downloadurl.query"
    early = await shop.call("server_api", method, wish)
    assert early["sub_code"] == "isp.bill_not_exist"
    await shop.simulator.tell(f"merchants/{shop.facts['app_id']}", bills="at_once")
    for number, amount in (("BILLED-1", "6.00"), ("BILLED-2", "9.99")):
        await shop.open(number, total_amount=amount)
        await shop.simulator.pay(number)
    await shop.call("api_alipay_trade_refund", "2.00", "BILLED-1", out_request_no="BILLED-R1")
    files = await _bill(shop, "trade", today)
    seller = shop.facts["seller_id"]
    stem = f"{seller}0156_{today:%Y%m%d}_业务明细"
    assert files.keys() == {f"{stem}.csv", f"{stem}(汇总).csv"}
    lines = files[f"{stem}.csv"]
    assert lines[0] == "#支付宝业务明细查询"
    rows = _rows(lines)
    assert len(rows[0]) == 25
    amount, fee = "订单金额（元）", "服务费（元）"  # noqa: RUF001 - as on the bill
    assert [(row["商户订单号"], row["业务类型"], row[amount], row[fee]) for row in rows] == [
        ("BILLED-1\t", "交易", "6.00", "-0.04"),
        ("BILLED-2\t", "交易", "9.99", "-0.06"),
        ("BILLED-1\t", "退款", "-2.00", "0.01"),
    ]
    assert any(line.startswith("#交易合计：2笔，商家实收共15.99元") for line in lines)  # noqa: RUF001
    assert any(line.startswith("#退款合计：1笔，商家实收退款共-2.00元") for line in lines)  # noqa: RUF001
    assert _rows(files[f"{stem}(汇总).csv"])[0]["实收净额（元）"] == "13.90"  # noqa: RUF001
    account = await _bill(shop, "signcustomer", today)
    moved = _rows(account[f"{seller}0156_{today:%Y%m%d}_账务明细.csv"])
    assert len(moved[0]) == 12
    balance = Decimal(0)
    for row in moved:
        balance += Decimal(row["收入金额（+元）"] or 0) + Decimal(row["支出金额（-元）"] or 0)  # noqa: RUF001
        assert Decimal(row["账户余额（元）"]) == balance  # noqa: RUF001
    assert balance == Decimal("13.90")


async def test_a_bills_link_lives_for_thirty_seconds(shop: Shop) -> None:
    await shop.simulator.tell(f"merchants/{shop.facts['app_id']}", bills="at_once")
    await shop.open("LINKED-01")
    await shop.simulator.pay("LINKED-01")
    wish = {"bill_type": "trade", "bill_date": str(datetime.now().astimezone().date())}
    told = await shop.call("server_api", "alipay.data.dataservice.bill.downloadurl.query", wish)
    assert (await shop.simulator.client.get(told["bill_download_url"])).status_code == 200
    await shop.simulator.drive(offset_s=31)
    assert (await shop.simulator.client.get(told["bill_download_url"])).status_code == 403
