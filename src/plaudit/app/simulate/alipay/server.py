"""Alipay's gateway as merchants see it, and the pages that payers see."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Struct

from plaudit.app.simulate.alipay import bills, merchants, notices, page, signing
from plaudit.app.simulate.alipay.signing import GatewayError
from plaudit.app.simulate.bills import fund_lines, trade_lines
from plaudit.app.simulate.books import Delivery, Merchant, Order, Payment, Refund
from plaudit.app.simulate.channel import Signed
from plaudit.app.simulate.desk import Desk
from plaudit.app.simulate.schedule import ALIPAY, Schedule
from plaudit.app.simulate.till import Event, Reason, TillError
from plaudit.app.simulate.timepiece import china_day, read, ready_at, written
from plaudit.app.simulate.wire import Reply, Request, as_json
from plaudit.kernel.money import parse_minor

_T = TypeVar("_T")

_NUMBER: Final = re.compile(r"[0-9A-Za-z_\-]{1,64}")
_TIMEOUT: Final = re.compile(r"([1-9]\d{0,5})([mhd])")
_EXPIRY: Final = timedelta(days=15)
_LINK_VALID: Final = timedelta(seconds=30)
_READY_HOUR: Final = 10
_OK: Final = 200
_OPENING: Final = {
    "alipay.trade.page.pay": "page",
    "alipay.trade.wap.pay": "wap",
    "alipay.trade.app.pay": "app",
}
_NO: Final = "40004"

_REASONS: Final[dict[Reason, tuple[str, str]]] = {
    "absent": ("ACQ.TRADE_NOT_EXIST", "交易不存在"),
    "paid": ("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
    "closed": ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
    "used": ("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
    "unpaid": ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
    "not_enough": ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"),
    "too_much": ("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
    "differs": ("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"),
    "settled": ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
}


class _Opening(Struct, kw_only=True):
    out_trade_no: str
    total_amount: str | float
    subject: str
    product_code: str = ""
    time_expire: str | None = None
    timeout_express: str | None = None
    passback_params: str = ""


class _Named(Struct, kw_only=True):
    out_trade_no: str | None = None
    trade_no: str | None = None


class _RefundBody(_Named, kw_only=True):
    refund_amount: str | float
    out_request_no: str | None = None
    refund_reason: str = ""


class _RefundQuery(_Named, kw_only=True):
    out_request_no: str


class _BillBody(Struct, kw_only=True):
    bill_type: str
    bill_date: str


class Alipay:
    """The channel: its gateway, its pages, its notices."""

    name = "alipay"
    schedule: Schedule = ALIPAY

    def __init__(self, desk: Desk) -> None:
        """Work at a desk."""
        self._desk = desk
        self._links: dict[str, tuple[datetime, bytes]] = {}
        self._methods: dict[str, Callable[[Merchant, bytes], dict[str, Any]]] = {
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.cancel": self._cancel,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill,
        }

    def new_merchant(self, facts: Mapping[str, str], *, number: int, now: datetime) -> dict[str, str]:
        """Return an application's facts, those that are given and the rest made up."""
        return merchants.new_facts(facts, number=number, now=now)

    def rotated(self, merchant: Merchant, *, now: datetime) -> dict[str, str]:
        """Return the facts with new keys of Alipay."""
        return merchants.rotated(merchant.facts, now=now)

    def id_of(self, facts: Mapping[str, str]) -> str:
        """Return the application's number."""
        return facts["app_id"]

    def notice(
        self, event: Event, order: Order, *, payment: Payment | None, refund: Refund | None, now: datetime
    ) -> Delivery | None:
        """Return the notice about an event, None where Alipay sends none."""
        merchant = self._desk.books.merchants[order.merchant]
        return notices.notice(event, order, merchant=merchant, payment=payment, refund=refund, now=now)

    def sign(self, delivery: Delivery, merchant: Merchant, *, at: datetime, probe: bool = False) -> Signed:
        """Sign a notice as of when it is sent."""
        fields = {**delivery.content, "notify_time": written(at)}
        form = urlencode(signing.signed_fields(fields, merchant=merchant, probe=probe))
        media_type = "application/x-www-form-urlencoded; charset=utf-8"
        return Signed(headers={"Content-Type": media_type}, body=form.encode())

    def accepted(self, *, status: int, body: bytes) -> bool:
        """Tell whether an answer ends the notice: the seven letters and nothing else."""
        return status == _OK and body == b"success"

    def changed(self, content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a notice that says something else."""
        return {**content, **changes}

    async def serve(self, request: Request) -> Reply:
        """Answer the gateway's requests, payers' pages, and downloads."""
        match request.method, request.path.strip("/").split("/"):
            case "GET" | "POST", ["gateway.do"]:
                return self._gateway(request)
            case "POST", ["payer", "app"]:
                return self._open_app(request)
            case "POST", ["payer", merchant, number, ("pay" | "leave") as what]:
                return self._payer(merchant, number, what)
            case "GET", ["bill", token]:
                until, content = self._links.get(token, (self._desk.time.now(), b""))
                if until <= self._desk.time.now():
                    return page.said("下载链接已失效", status=403)
                return Reply(body=content, media_type="application/zip")
            case _:
                return page.said("There is nothing here.", status=404)

    def _gateway(self, request: Request) -> Reply:
        fields = signing.fields_of(request)
        method = fields.get("method", "")
        merchant = self._desk.books.merchants.get(fields.get("app_id", ""))
        try:
            signing.verified(fields, books=self._desk.books, now=self._desk.time.now())
            assert merchant is not None
            if method in _OPENING:
                return self._opened(merchant, fields)
            content = self._method(method)(merchant, fields.get("biz_content", "").encode())
            content = {"code": "10000", "msg": "Success", **content}
        except GatewayError as error:
            content = _refused(error.code, error.sub_code, error.sub_msg)
        except TillError as error:
            content = _refused(_NO, *_REASONS[error.reason])
        if method in _OPENING:
            return page.said(f"{content['sub_code']} {content['sub_msg']}")
        if merchant is None or method not in self._methods:
            return as_json({"error_response": content})
        return Reply(body=signing.signed_answer(method, content, merchant=merchant))

    def _method(self, name: str) -> Callable[[Merchant, bytes], dict[str, Any]]:
        if name not in self._methods:
            raise GatewayError("40002", "isv.invalid-method", "不存在的方法名")
        return self._methods[name]

    def _open(self, merchant: Merchant, fields: Mapping[str, str]) -> Order:
        if fields["method"] not in _OPENING:
            raise GatewayError("40002", "isv.invalid-method", "不存在的方法名")
        body = _decoded(fields.get("biz_content", "").encode(), _Opening)
        now = self._desk.time.now()
        amount_minor = _minor(body.total_amount)
        if amount_minor < 1 or not _NUMBER.fullmatch(body.out_trade_no) or not body.subject:
            raise GatewayError(_NO, "ACQ.INVALID_PARAMETER", "参数无效")
        expires_at = _expiry(body, now)
        if expires_at <= now:
            raise GatewayError(_NO, "ACQ.INVALID_PARAMETER", "超时时间无效")
        return self._desk.till.open(
            Order(
                merchant=merchant.id,
                number=body.out_trade_no,
                method=_OPENING[fields["method"]],
                amount_minor=amount_minor,
                title=body.subject,
                opened_at=now,
                expires_at=expires_at,
                notify_url=fields.get("notify_url", ""),
                return_url=fields.get("return_url", ""),
                attach=body.passback_params,
                payer=f"2088{secrets.randbelow(10**12):012d}",
                reference=notices.new_transaction(now, self._desk.books.next_number()),
            )
        )

    def _opened(self, merchant: Merchant, fields: Mapping[str, str]) -> Reply:
        """Show the page; the trade comes into being with it, and not before."""
        return page.cashier(self._open(merchant, fields), merchant=merchant.id)

    def _open_app(self, request: Request) -> Reply:
        """Take the order string that a merchant's app hands to Alipay's."""
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            merchant = signing.verified(fields, books=self._desk.books, now=self._desk.time.now())
            order = self._open(merchant, fields)
        except GatewayError as error:
            return as_json(_refused(error.code, error.sub_code, error.sub_msg), status=400)
        except TillError as error:
            return as_json(_refused(_NO, *_REASONS[error.reason]), status=400)
        return as_json({"out_trade_no": order.number, "trade_no": order.reference})

    def _payer(self, merchant_id: str, number: str, what: str) -> Reply:
        """Do what the payer's button says, and send the browser back to the merchant."""
        try:
            order = self._desk.till.find(merchant_id, number)
            if what == "pay":
                self._desk.till.pay(order)
        except TillError as error:
            return page.said(" ".join(_REASONS[error.reason]), status=409)
        if not order.return_url:
            return page.said("支付成功" if what == "pay" else "已离开")
        merchant = self._desk.books.merchants[merchant_id]
        fields = notices.returned(order, merchant, now=self._desk.time.now())
        query = urlencode(signing.signed_fields(fields, merchant=merchant))
        joint = "&" if "?" in order.return_url else "?"
        return Reply(status=302, headers={"Location": f"{order.return_url}{joint}{query}"})

    def _find(self, merchant: Merchant, named: _Named) -> tuple[Order, Payment | None]:
        till = self._desk.till
        if named.trade_no and (merchant.id, named.trade_no) in self._desk.books.payments:
            return till.find_payment(merchant.id, named.trade_no)
        if named.out_trade_no:
            order = till.find(merchant.id, named.out_trade_no)
        else:
            every = self._desk.books.orders.values()
            found = [one for one in every if (one.merchant, one.reference) == (merchant.id, named.trade_no)]
            if not found:
                raise TillError("absent")
            order = till.find(merchant.id, found[0].number)
        return order, order.payments[0] if order.payments else None

    def _query(self, merchant: Merchant, body: bytes) -> dict[str, Any]:
        return notices.trade_said(*self._find(merchant, _decoded(body, _Named)))

    def _close(self, merchant: Merchant, body: bytes) -> dict[str, Any]:
        order, _ = self._find(merchant, _decoded(body, _Named))
        if order.payments:
            raise TillError("unpaid")
        self._desk.till.close(order)
        return {"out_trade_no": order.number, "trade_no": order.reference}

    def _cancel(self, merchant: Merchant, body: bytes) -> dict[str, Any]:
        named = _decoded(body, _Named)
        said = {"out_trade_no": named.out_trade_no or "", "retry_flag": "N"}
        try:
            order, payment = self._find(merchant, named)
        except TillError:
            return said
        action = ""
        if payment is not None and payment.refunded_minor < payment.amount_minor:
            left = payment.amount_minor - payment.refunded_minor
            refund = self._desk.till.refund(
                order, payment, number=order.number, amount_minor=left, reason="cancel", notify_url=""
            )
            self._desk.till.settle(refund, "succeeded")
            action = "refund"
        elif payment is None and order.state != "closed":
            self._desk.till.close(order)
            action = "close"
        return {**said, "trade_no": order.reference, "action": action}

    def _refund(self, merchant: Merchant, body: bytes) -> dict[str, Any]:
        wish = _decoded(body, _RefundBody)
        order, payment = self._find(merchant, wish)
        if payment is None:
            raise TillError("unpaid")
        if order.state == "finished":
            raise GatewayError(_NO, "ACQ.TRADE_HAS_FINISHED", "交易已完结")
        number = wish.out_request_no or order.number
        known = (merchant.id, number) in self._desk.books.refunds
        refund = self._desk.till.refund(
            order,
            payment,
            number=number,
            amount_minor=_minor(wish.refund_amount),
            reason=wish.refund_reason,
            notify_url=order.notify_url,
        )
        done = not known and merchant.refunds in {"soon", "at_once"}
        if done:
            self._desk.till.settle(refund, "succeeded")
        return {
            "buyer_logon_id": "buy***@example.com",
            "buyer_user_id": payment.payer,
            "fund_change": "Y" if done else "N",
            "gmt_refund_pay": written(refund.settled_at or refund.asked_at),
            "out_trade_no": order.number,
            "refund_fee": notices.yuan(payment.refunded_minor),
            "send_back_fee": "0.00",
            "trade_no": payment.transaction,
        }

    def _refund_query(self, merchant: Merchant, body: bytes) -> dict[str, Any]:
        wish = _decoded(body, _RefundQuery)
        order, payment = self._find(merchant, wish)
        refund = self._desk.books.refunds.get((merchant.id, wish.out_request_no))
        if refund is None or refund.order != order.number or payment is None:
            return {}
        said = {
            "out_request_no": refund.number,
            "out_trade_no": order.number,
            "refund_amount": notices.yuan(refund.amount_minor),
            "refund_reason": refund.reason,
            "total_amount": notices.yuan(payment.amount_minor),
            "trade_no": payment.transaction,
        }
        if refund.state == "succeeded":
            said |= {
                "refund_status": "REFUND_SUCCESS",
                "gmt_refund_pay": written(refund.settled_at or refund.asked_at),
            }
        return said

    def _bill(self, merchant: Merchant, body: bytes) -> dict[str, Any]:
        wish, now, books = _decoded(body, _BillBody), self._desk.time.now(), self._desk.books
        if wish.bill_type not in {"trade", "signcustomer"}:
            raise GatewayError(_NO, "isv.invalid-arguments", "账单类型错误")
        try:
            day = date.fromisoformat(wish.bill_date)
        except ValueError as error:
            raise GatewayError(_NO, "isv.invalid-arguments", "账单日期错误") from error
        early = merchant.bills == "next_morning" and now < ready_at(day, hour=_READY_HOUR)
        entries = fund_lines(books, merchant.id, day=day)
        lines = trade_lines(books, merchant, day=day)
        if early or day > china_day(now) or not (lines if wish.bill_type == "trade" else entries):
            raise GatewayError(_NO, "isp.bill_not_exist", "账单不存在")
        if wish.bill_type == "trade":
            content = bills.trade(merchant, lines, day=day, now=now)
        else:
            content = bills.account(merchant, entries, books=books, day=day, now=now)
        token = secrets.token_urlsafe(24)
        self._links = {name: link for name, link in self._links.items() if link[0] > now}
        self._links[token] = (now + _LINK_VALID, content)
        return {"bill_download_url": f"{self._desk.address}/bill/{token}"}


def _refused(code: str, sub_code: str, sub_msg: str) -> dict[str, Any]:
    words = {"40001": "Missing Required Arguments", "40002": "Invalid Arguments", _NO: "Business Failed"}
    return {"code": code, "msg": words[code], "sub_code": sub_code, "sub_msg": sub_msg}


def _decoded(body: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise GatewayError(_NO, "ACQ.INVALID_PARAMETER", f"参数无效: {error}") from error


def _minor(amount: str | float) -> int:
    try:
        return parse_minor(text=str(amount), scale=2)
    except ValueError as error:
        raise GatewayError(_NO, "ACQ.INVALID_PARAMETER", f"金额无效: {error}") from error


def _expiry(body: _Opening, now: datetime) -> datetime:
    if body.time_expire:
        try:
            return read(body.time_expire)
        except ValueError as error:
            raise GatewayError(_NO, "ACQ.INVALID_PARAMETER", "time_expire 无效") from error
    if body.timeout_express:
        match = _TIMEOUT.fullmatch(body.timeout_express)
        if match is None:
            raise GatewayError(_NO, "ACQ.INVALID_PARAMETER", "timeout_express 无效")
        units = {"m": "minutes", "h": "hours", "d": "days"}
        return now + timedelta(**{units[match[2]]: int(match[1])})
    return now + _EXPIRY
