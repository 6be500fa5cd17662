"""The API of WeChat Pay v3 as merchants see it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import msgspec
from msgspec import Struct

from plaudit.app.simulate.books import Delivery, Merchant, Order, Payment, Refund
from plaudit.app.simulate.channel import Signed
from plaudit.app.simulate.desk import Desk
from plaudit.app.simulate.schedule import WECHAT, Schedule
from plaudit.app.simulate.till import Event, Reason, TillError
from plaudit.app.simulate.wechat import bills, merchants, notices, signing
from plaudit.app.simulate.wire import JSON, Reply, Request
from plaudit.kernel.time import parse_time

_T = TypeVar("_T")

_NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_REFUND_NUMBER: Final = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_EXPIRY: Final = timedelta(hours=2)
_OK: Final = 200
_DONE: Final = frozenset({200, 204})

_REASONS: Final[dict[Reason, tuple[int, str, str]]] = {
    "absent": (404, "ORDER_NOT_EXIST", "订单不存在"),
    "paid": (400, "ORDERPAID", "该订单已支付"),
    "closed": (400, "ORDER_CLOSED", "该订单已关闭"),
    "used": (403, "OUT_TRADE_NO_USED", "商户订单号重复"),
    "unpaid": (400, "INVALID_REQUEST", "订单未支付"),
    "not_enough": (403, "NOT_ENOUGH", "基本账户余额不足 请充值后重新发起"),
    "too_much": (400, "INVALID_REQUEST", "申请退款金额大于订单可退金额"),
    "differs": (400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致 请核实后再试"),
    "settled": (400, "INVALID_REQUEST", "退款已完成"),
}


class _Amount(Struct, kw_only=True):
    total: int
    currency: str = "CNY"


class _Payer(Struct, kw_only=True):
    openid: str


class _OrderBody(Struct, kw_only=True):
    appid: str
    mchid: str
    description: str
    out_trade_no: str
    notify_url: str
    amount: _Amount
    time_expire: str | None = None
    attach: str = ""
    payer: _Payer | None = None
    scene_info: dict[str, Any] | None = None


class _CloseBody(Struct, kw_only=True):
    mchid: str


class _RefundAmount(Struct, kw_only=True):
    refund: int
    total: int
    currency: str


class _RefundBody(Struct, kw_only=True):
    out_refund_no: str
    amount: _RefundAmount
    transaction_id: str | None = None
    out_trade_no: str | None = None
    reason: str = ""
    notify_url: str = ""


class _NoError(Exception):
    """The answer is a no: status, code and message as WeChat has them."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Wechat:
    """The channel: its API, its notices."""

    name = "wechat"
    schedule: Schedule = WECHAT

    def __init__(self, desk: Desk) -> None:
        """Work at a desk."""
        self._desk = desk
        self._downloads = bills.Downloads(desk)

    def new_merchant(self, facts: Mapping[str, str], *, number: int, now: datetime) -> dict[str, str]:
        """Return a merchant's facts, those that are given and the rest made up."""
        return merchants.new_facts(facts, number=number, now=now)

    def rotated(self, merchant: Merchant, *, now: datetime) -> dict[str, str]:
        """Return the facts with a new platform certificate."""
        return merchants.rotated(merchant.facts, now=now)

    def id_of(self, facts: Mapping[str, str]) -> str:
        """Return the merchant number."""
        return facts["mchid"]

    def notice(
        self, event: Event, order: Order, *, payment: Payment | None, refund: Refund | None, now: datetime
    ) -> Delivery | None:
        """Return the notice about an event, None where WeChat sends none."""
        merchant = self._desk.books.merchants[order.merchant]
        return notices.notice(event, order, merchant=merchant, payment=payment, refund=refund, now=now)

    def sign(self, delivery: Delivery, merchant: Merchant, *, at: datetime, probe: bool = False) -> Signed:
        """Encrypt and sign a notice."""
        envelope = delivery.content
        sealed = signing.sealed(
            msgspec.json.encode(envelope["said"]), merchant=merchant, associated=envelope["kind"]
        )
        body = msgspec.json.encode(
            {
                "id": envelope["id"],
                "create_time": envelope["create_time"],
                "resource_type": "encrypt-resource",
                "event_type": envelope["event_type"],
                "summary": envelope["summary"],
                "resource": {"original_type": envelope["kind"], **sealed},
            }
        )
        headers = signing.signed(body, merchant=merchant, at=at, probe=probe)
        return Signed(headers={"Content-Type": JSON, "Accept": "*/*", **headers}, body=body)

    def accepted(self, *, status: int, body: bytes) -> bool:
        """Tell whether an answer ends the notice: 200 or 204, whatever the body."""
        del body
        return status in _DONE

    def changed(self, content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return a notice that says something else."""
        said = dict(content["said"])
        for name, value in changes.items():
            both = isinstance(value, dict) and isinstance(said.get(name), dict)
            said[name] = {**said[name], **value} if both else value
        return {**content, "said": said}

    async def serve(self, request: Request) -> Reply:
        """Answer a request of a merchant, signed; a no to one who cannot be believed is not signed."""
        if request.path.startswith("/pay/"):
            return Reply(body="请在控制接口付款".encode(), media_type="text/plain; charset=utf-8")
        now = self._desk.time.now()
        try:
            merchant = signing.verified(request, books=self._desk.books, now=now)
        except signing.SignatureError as error:
            return _no(401, "SIGN_ERROR", f"签名错误: {error}")
        if request.path == bills.DOWNLOAD_PATH:
            return self._downloads.file(request, merchant)
        try:
            status, content = self._answer(request, merchant)
        except _NoError as no:
            status, content = no.status, {"code": no.code, "message": no.message}
        except TillError as error:
            status, code, message = _REASONS[error.reason]
            content = {"code": code, "message": message}
        except bills.NoBillError as error:
            status, content = 400, {"code": error.code, "message": error.message}
        body = b"" if content is None else msgspec.json.encode(content)
        serial = request.headers.get("wechatpay-serial", "")
        headers = signing.signed(body, merchant=merchant, at=now, serial=serial)
        return Reply(status=status, body=body, headers={**headers, "Request-ID": secrets.token_hex(16)})

    def _answer(  # noqa: PLR0911 - one a route
        self, request: Request, merchant: Merchant
    ) -> tuple[int, dict[str, Any] | None]:
        match request.method, request.path.removeprefix("/v3/").split("/"):
            case "POST", ["pay", "transactions", ("native" | "h5" | "jsapi" | "app") as method]:
                return _OK, self._open(request, merchant, method)
            case "GET", ["pay", "transactions", ("out-trade-no" | "id") as by, name]:
                return _OK, self._query(request, merchant, by, name)
            case "POST", ["pay", "transactions", "out-trade-no", number, "close"]:
                if _decoded(request.body, _CloseBody).mchid != merchant.id:
                    raise _NoError(400, "PARAM_ERROR", "商户号不一致")
                self._desk.till.close(self._desk.till.find(merchant.id, number))
                return 204, None
            case "POST", ["refund", "domestic", "refunds"]:
                return _OK, self._refund(request, merchant)
            case "GET", ["refund", "domestic", "refunds", number]:
                return _OK, self._refund_query(merchant, number)
            case "GET", ["certificates"]:
                return _OK, {"data": self._certificates(merchant)}
            case "GET", ["bill", ("tradebill" | "fundflowbill") as kind]:
                return _OK, self._downloads.ask(kind, merchant, query=parse_qs(request.query))
            case _:
                raise _NoError(404, "RESOURCE_NOT_EXISTS", "接口不存在")

    def _open(self, request: Request, merchant: Merchant, method: str) -> dict[str, Any]:
        body = _decoded(request.body, _OrderBody)
        now = self._desk.time.now()
        self._check(body, merchant, method)
        expires_at = now + _EXPIRY
        if body.time_expire is not None:
            try:
                expires_at = parse_time(body.time_expire)
            except ValueError as error:
                raise _NoError(400, "PARAM_ERROR", f"time_expire: {error}") from error
            if expires_at <= now:
                raise _NoError(400, "PARAM_ERROR", "time_expire 须晚于当前时间")
        order = self._desk.till.open(
            Order(
                merchant=merchant.id,
                number=body.out_trade_no,
                method=method,
                amount_minor=body.amount.total,
                title=body.description,
                opened_at=now,
                expires_at=expires_at,
                notify_url=body.notify_url,
                attach=body.attach,
                payer=body.payer.openid if body.payer else "",
                reference=f"wx{secrets.token_hex(17)}",
            )
        )
        if method == "native":
            return {"code_url": f"weixin://wxpay/bizpayurl?pr={order.reference[-9:]}"}
        if method == "h5":
            return {"h5_url": f"{self._desk.address}/pay/{order.reference}"}
        return {"prepay_id": order.reference}

    def _check(self, body: _OrderBody, merchant: Merchant, method: str) -> None:
        if (body.appid, body.mchid) != (merchant.facts["appid"], merchant.id):
            raise _NoError(400, "APPID_MCHID_NOT_MATCH", "商户号和appid不匹配")
        wrong = ""
        if not _NUMBER.fullmatch(body.out_trade_no):
            wrong = "out_trade_no"
        elif body.amount.total < 1 or body.amount.currency != "CNY":
            wrong = "amount"
        elif not body.description or len(body.description.encode()) > 127:  # noqa: PLR2004 - as documented
            wrong = "description"
        elif not body.notify_url.startswith(("http://", "https://")) or "?" in body.notify_url:
            wrong = "notify_url"
        elif method == "jsapi" and body.payer is None:
            wrong = "payer.openid"
        elif method == "h5" and not (body.scene_info or {}).get("payer_client_ip"):
            wrong = "scene_info.payer_client_ip"
        if wrong:
            raise _NoError(400, "PARAM_ERROR", f"输入源“/body/{wrong}”映射到字段“{wrong}”的值无效")

    def _query(self, request: Request, merchant: Merchant, by: str, name: str) -> dict[str, Any]:
        if parse_qs(request.query).get("mchid") != [merchant.id]:
            raise _NoError(400, "PARAM_ERROR", "mchid 无效")
        if by == "id":
            order, payment = self._desk.till.find_payment(merchant.id, name)
            return notices.order_said(order, merchant, payment=payment)
        order = self._desk.till.find(merchant.id, name)
        return notices.order_said(order, merchant, payment=order.payments[0] if order.payments else None)

    def _refund(self, request: Request, merchant: Merchant) -> dict[str, Any]:
        body = _decoded(request.body, _RefundBody)
        if not _REFUND_NUMBER.fullmatch(body.out_refund_no) or body.amount.currency != "CNY":
            raise _NoError(400, "PARAM_ERROR", "out_refund_no 或 amount 无效")
        order, payment = self._to_refund(body, merchant)
        if body.amount.total != payment.amount_minor:
            raise TillError("differs")
        known = (merchant.id, body.out_refund_no) in self._desk.books.refunds
        refund = self._desk.till.refund(
            order,
            payment,
            number=body.out_refund_no,
            amount_minor=body.amount.refund,
            reason=body.reason,
            notify_url=body.notify_url,
        )
        if not known:
            self._desk.settle(refund)
        return notices.refund_said(refund, payment)

    def _to_refund(self, body: _RefundBody, merchant: Merchant) -> tuple[Order, Payment]:
        try:
            if body.transaction_id is not None:
                return self._desk.till.find_payment(merchant.id, body.transaction_id)
            order = self._desk.till.find(merchant.id, body.out_trade_no or "")
        except TillError as error:
            raise _NoError(404, "RESOURCE_NOT_EXISTS", "订单不存在") from error
        if not order.payments:
            raise TillError("unpaid")
        return order, order.payments[0]

    def _refund_query(self, merchant: Merchant, number: str) -> dict[str, Any]:
        refund = self._desk.books.refunds.get((merchant.id, number))
        if refund is None:
            raise _NoError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        _, payment = self._desk.till.find_payment(merchant.id, refund.transaction)
        return notices.refund_said(refund, payment)

    def _certificates(self, merchant: Merchant) -> list[dict[str, Any]]:
        facts = merchant.facts
        listed = [("platform_serial_no", "platform_certificate"), ("former_serial_no", "former_certificate")]
        return [
            signing.listed(facts[serial], facts[pem], merchant=merchant)
            for serial, pem in listed
            if serial in facts
        ]


def _decoded(body: bytes, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _NoError(400, "PARAM_ERROR", f"参数错误: {error}") from error


def _no(status: int, code: str, message: str) -> Reply:
    return Reply(status=status, body=msgspec.json.encode({"code": code, "message": message}))
