"""WeChat Pay as a channel: orders, refunds, callbacks and bills of one merchant account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Final as Constant
from typing import TypeVar
from urllib.parse import quote

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plaudit.features.payments.model.channel import (
    BillKind,
    BillLine,
    Channel,
    ChannelName,
    Merchant,
    Notice,
    Order,
    OrderReport,
    OrderState,
    Presentation,
    RefundOrder,
    RefundReport,
    RefundState,
    Reply,
)
from plaudit.features.payments.providers.wechat import bill
from plaudit.features.payments.providers.wechat.answers import Declined
from plaudit.features.payments.providers.wechat.callbacks import (
    ACCEPTED,
    REFUSED,
    Callbacks,
    payer_of,
    time_of,
)
from plaudit.features.payments.providers.wechat.certificates import KeyRing
from plaudit.features.payments.providers.wechat.gateway import Gateway
from plaudit.features.payments.providers.wechat.messages import (
    Amount,
    CloseRequest,
    H5Info,
    OrderAnswer,
    OrderRequest,
    Payer,
    Refund,
    RefundAmount,
    RefundRequest,
    SceneInfo,
    Transaction,
)
from plaudit.features.payments.providers.wechat.sending import Sender
from plaudit.features.payments.providers.wechat.settings import WechatSecrets, WechatSettings
from plaudit.features.payments.providers.wechat.signing import Signer, private_key_of, public_key_of
from plaudit.kernel.time import Clock
from plaudit.platform.failures import Final, Unknown
from plaudit.platform.outbound import Outbound

_ORDERS: Constant = "/v3/pay/transactions"
_REFUNDS: Constant = "/v3/refund/domestic/refunds"
_BEIJING: Constant = timezone(timedelta(hours=8))
_TITLE_MAX: Constant = 127
_REASON_MAX: Constant = 80

_ORDER_STATES: Constant[dict[str, OrderState]] = {
    "SUCCESS": "paid",
    "REFUND": "paid",  # and given back later, in part or whole
    "NOTPAY": "pending",
    "USERPAYING": "pending",
    "ACCEPT": "pending",
    "CLOSED": "closed",
    "REVOKED": "closed",
    "PAYERROR": "failed",
}
_REFUND_STATES: Constant[dict[str, RefundState]] = {
    "SUCCESS": "succeeded",
    "PROCESSING": "processing",
    "CLOSED": "failed",
    "ABNORMAL": "failed",
}
_NO_ORDER: Constant = frozenset(
    {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "ORDER_NOT_EXISTS", "RESOURCE_NOT_EXISTS"}
)
_NO_REFUND: Constant = frozenset({"RESOURCE_NOT_EXISTS", "REFUND_NOT_EXISTS", "REFUNDNOTEXIST"})
# There is an order of this number already, which may be paid or be payable still.
_ORDER_THERE: Constant = frozenset({"ORDERPAID", "ORDER_PAID", "OUT_TRADE_NO_USED"})
# The order is in a state that cannot be closed: which one, a query tells.
_NOT_CLOSABLE: Constant = frozenset(
    {"ORDERPAID", "ORDER_PAID", "ORDER_CLOSED", "ORDERCLOSED", "TRADE_ERROR", "INVALID_REQUEST"}
)

_Message = TypeVar("_Message", bound=msgspec.Struct)


def wechat(
    *,
    merchant: Merchant,
    outbound: Outbound,
    clock: Clock,
    randomness: Callable[[int], bytes],
    settings: WechatSettings,
    secrets: WechatSecrets,
) -> Channel:
    """Return a merchant account at WeChat Pay, its keys loaded.

    Raises ValueError when settings and secrets do not go together.
    """
    given = (
        {settings.public_key_id: public_key_of(secrets.public_key_pem)}
        if settings.public_key_id is not None and secrets.public_key_pem is not None
        else {}
    )
    by_certificate = settings.mode == "certificate"
    if not (by_certificate or given):
        raise ValueError(f'mode "public_key" of {merchant!r} needs public_key_pem')
    cipher = AESGCM(secrets.apiv3_key.encode())
    signer = Signer(
        mchid=settings.mchid,
        serial_no=settings.serial_no,
        key=private_key_of(secrets.private_key_pem),
        clock=clock,
        randomness=randomness,
    )
    sender = Sender(
        outbound=outbound,
        signer=signer,
        base_url=settings.base_url,
        public_key_id=None if by_certificate else settings.public_key_id,
    )
    ring = KeyRing(sender=sender, cipher=cipher, clock=clock, fetches=by_certificate, given=given)
    return Wechat(
        settings=settings,
        signer=signer,
        gateway=Gateway(sender=sender, ring=ring, clock=clock),
        callbacks=Callbacks(mchid=settings.mchid, appid=settings.appid, cipher=cipher, ring=ring),
    )


class Wechat:
    """The port of channels, spoken to WeChat Pay."""

    name: ChannelName = "wechat"

    def __init__(
        self, *, settings: WechatSettings, signer: Signer, gateway: Gateway, callbacks: Callbacks
    ) -> None:
        """Speak for the account of `settings`."""
        self._settings = settings
        self._signer = signer
        self._gateway = gateway
        self._callbacks = callbacks

    async def open(self, order: Order) -> Presentation:
        """Ask for a payment: a QR code, an address for a phone's browser, or parameters for a page in WeChat.

        Raises Failure.
        """
        request = self._order_request(order)
        try:
            body = await self._gateway.post(f"{_ORDERS}/{order.method}", payload=request)
        except Declined as error:
            if error.code in _ORDER_THERE:
                raise Unknown(str(error)) from error
            raise
        answer = _decoded(body, OrderAnswer)
        if order.method == "native" and answer.code_url:
            return Presentation(kind="qr", url=answer.code_url)
        if order.method == "h5" and answer.h5_url:
            back = f"&redirect_url={quote(order.return_url, safe='')}" if order.return_url else ""
            return Presentation(kind="redirect", url=answer.h5_url + back)
        if order.method == "jsapi" and answer.prepay_id:
            parameters = self._signer.page_parameters(appid=self._settings.appid, prepay_id=answer.prepay_id)
            return Presentation(kind="parameters", parameters=parameters)
        raise Unknown(f"the answer to a {order.method} order does not say how to pay it")

    async def query(self, order: Order) -> OrderReport:
        """Ask what became of an order. Raises Failure."""
        path = f"{self._order_path(order)}?mchid={self._settings.mchid}"
        try:
            found = _decoded(await self._gateway.get(path), Transaction)
        except Declined as error:
            if error.code in _NO_ORDER:
                return OrderReport(state="absent", code=error.code)
            raise
        return self._order_report(found, number=order.number)

    async def close(self, order: Order) -> OrderReport:
        """Close an order that was not paid. Where the channel will not, say what it is instead.

        Raises Failure.
        """
        try:
            await self._gateway.post(
                f"{self._order_path(order)}/close", payload=CloseRequest(mchid=self._settings.mchid)
            )
        except Declined as error:
            if error.code in _NO_ORDER:
                return OrderReport(state="absent", code=error.code)
            if error.code not in _NOT_CLOSABLE:
                raise
            report = await self.query(order)
            if report.state == "pending":
                raise
            return report
        return OrderReport(state="closed")

    async def refund(self, refund: RefundOrder) -> RefundReport:
        """Ask for a refund; the same number is the same refund. Raises Failure."""
        request = RefundRequest(
            out_refund_no=refund.number,
            reason=refund.reason[:_REASON_MAX],
            notify_url=refund.notify_url,
            amount=RefundAmount(refund=refund.amount_minor, total=refund.total_minor, currency=refund.asset),
            transaction_id=refund.transaction or "",
            out_trade_no="" if refund.transaction else refund.order_number,
        )
        return _refund_report(_decoded(await self._gateway.post(_REFUNDS, payload=request), Refund), refund)

    async def query_refund(self, refund: RefundOrder) -> RefundReport:
        """Ask what became of a refund. Raises Failure."""
        try:
            body = await self._gateway.get(f"{_REFUNDS}/{quote(refund.number, safe='')}")
        except Declined as error:
            if error.code in _NO_REFUND:
                return RefundReport(state="absent", code=error.code)
            raise
        return _refund_report(_decoded(body, Refund), refund)

    async def read_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Return what a callback says once it is proved. Raises CallbackRejected and Failure."""
        return await self._callbacks.read(headers=headers, body=body, now=now)

    def reply(self, *, accepted: bool) -> Reply:
        """Return 204 without a body, or 400 with the word FAIL."""
        return ACCEPTED if accepted else REFUSED

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        """Return the bill of a day in Beijing, zipped as it came.

        Raises BillNotReady, BillDamaged, Failure.
        """
        return await bill.fetch(self._gateway, day=day, kind=kind)

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
        """Yield the lines of a bill, zipped or not. Raises BillDamaged."""
        return bill.read(content, kind=kind)

    def _order_request(self, order: Order) -> OrderRequest:
        if order.method not in {"native", "h5", "jsapi"}:
            raise Final(f"WeChat Pay has no method {order.method!r}")
        request = OrderRequest(
            appid=self._settings.appid,
            mchid=self._settings.mchid,
            description=order.title[:_TITLE_MAX],
            out_trade_no=order.number,
            time_expire=order.expires_at.astimezone(_BEIJING).isoformat(timespec="seconds"),
            notify_url=order.notify_url,
            amount=Amount(total=order.amount_minor, currency=order.asset),
        )
        if order.method == "jsapi":
            if not order.payer_reference:
                raise Final("a JSAPI order needs the payer's openid")
            request.payer = Payer(openid=order.payer_reference)
        if order.method == "h5":
            if not order.payer_ip:
                raise Final("an H5 order needs the payer's IP address")
            request.scene_info = SceneInfo(payer_client_ip=order.payer_ip, h5_info=H5Info())
        return request

    def _order_path(self, order: Order) -> str:
        return f"{_ORDERS}/out-trade-no/{quote(order.number, safe='')}"

    def _order_report(self, found: Transaction, *, number: str) -> OrderReport:
        state = _ORDER_STATES.get(found.trade_state)
        amount = found.amount
        if state is None or found.out_trade_no != number or found.mchid != self._settings.mchid:
            raise Unknown(f"the answer is about another order, or unclear: {found.trade_state!r}")
        if state == "paid" and (amount is None or not found.transaction_id):
            raise Unknown("the answer says paid, but not how much or by what")
        return OrderReport(
            state=state,
            transaction=found.transaction_id or None,
            asset=amount.currency if amount is not None else None,
            amount_minor=amount.total if amount is not None else None,
            happened_at=_time(found.success_time),
            payer=payer_of(found),
            code=found.trade_state if state in {"failed", "closed"} else None,
        )


def _refund_report(found: Refund, refund: RefundOrder) -> RefundReport:
    state = _REFUND_STATES.get(found.status)
    if state is None or found.out_refund_no != refund.number:
        raise Unknown(f"the answer is about another refund, or unclear: {found.status!r}")
    return RefundReport(
        state=state,
        channel_refund=found.refund_id or None,
        amount_minor=found.amount.refund if found.amount is not None else None,
        happened_at=_time(found.success_time),
        code=found.status if state == "failed" else None,
    )


def _decoded(body: bytes, kind: type[_Message]) -> _Message:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Unknown(f"an answer that cannot be read: {error}") from error


def _time(text: str) -> datetime | None:
    try:
        return time_of(text)
    except ValueError as error:
        raise Unknown(f"an answer that cannot be read: {error}") from error
