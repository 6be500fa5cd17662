"""Alipay: pages in a browser (`page`), on a phone (`wap`) and the kit of an app (`app`), in yuan.

An order begins to exist at Alipay when the payer opens it there: until then it is "absent" to `query` and
`close`. What keeps it from being paid late is `time_expire`, which the payer's link carries, signed.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Final

from plaudit.features.payments.model.channel import (
    BillKind,
    BillLine,
    ChannelName,
    Method,
    Notice,
    Order,
    OrderReport,
    OrderState,
    Presentation,
    RefundOrder,
    RefundReport,
    Reply,
)
from plaudit.features.payments.providers.alipay import bills, notices
from plaudit.features.payments.providers.alipay.gateway import Gateway, Said
from plaudit.features.payments.providers.alipay.keys import Keys
from plaudit.features.payments.providers.alipay.settings import AlipaySettings
from plaudit.features.payments.providers.alipay.words import ASSET, fen, instant, written, yuan
from plaudit.kernel.time import Clock
from plaudit.platform.failures import Final as Refused
from plaudit.platform.failures import Unknown
from plaudit.platform.outbound import Outbound

_PRODUCTS: Final[Mapping[Method, tuple[str, str]]] = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "app": ("alipay.trade.app.pay", "QUICK_MSECURITY_PAY"),
}
_STATES: Final[Mapping[str, OrderState]] = {
    "WAIT_BUYER_PAY": "pending",
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    "TRADE_CLOSED": "closed",
}
_ABSENT: Final = "ACQ.TRADE_NOT_EXIST"
_REFUNDED: Final = "REFUND_SUCCESS"
_TITLE_MAX: Final = 256
_REASON_MAX: Final = 256
# Alipay refuses these in a title.
_TITLE: Final = str.maketrans("/=&", "   ")


class Alipay:
    """A merchant account at Alipay, ready to be used."""

    def __init__(self, *, settings: AlipaySettings, keys: Keys, outbound: Outbound, clock: Clock) -> None:
        """Use an account with its keys."""
        self.name: ChannelName = "alipay"
        self._settings = settings
        self._keys = keys
        self._outbound = outbound
        self._clock = clock
        self._gateway = Gateway(
            url=settings.gateway_url, app_id=settings.app_id, keys=keys, outbound=outbound, clock=clock
        )

    async def open(self, order: Order) -> Presentation:
        """Return where the payer goes, or what the app hands to Alipay's kit (`order_string`).

        Nothing is sent: the payer brings the signed order there. Raises Final for another currency or method.
        """
        _check_asset(order.asset)
        if order.method not in _PRODUCTS:
            raise Refused(f"Alipay has no method {order.method}")
        method, product = _PRODUCTS[order.method]
        content = {
            "out_trade_no": order.number,
            "total_amount": yuan(order.amount_minor),
            "subject": " ".join(order.title.translate(_TITLE).split())[:_TITLE_MAX] or order.number,
            "product_code": product,
            "time_expire": written(order.expires_at),
        }
        if order.method == "wap" and order.return_url:
            content["quit_url"] = order.return_url
        signed = self._gateway.signed(
            method,
            content,
            notify_url=order.notify_url,
            return_url=order.return_url if order.method != "app" else None,
        )
        address = self._gateway.address(signed)
        if order.method == "app":
            return Presentation(kind="parameters", parameters={"order_string": address.partition("?")[2]})
        return Presentation(kind="redirect", url=address)

    async def query(self, order: Order) -> OrderReport:
        """Ask what became of an order. Raises Failure.

        "closed" with the code "refunded": it was paid, and everything went back.
        """
        said = await self._gateway.call("alipay.trade.query", {"out_trade_no": order.number})
        if said.code == _ABSENT:
            return OrderReport(state="absent", code=said.code)
        _check_done(said, number=order.number)
        try:
            return _report(said)
        except (ValueError, KeyError) as error:
            raise Unknown(f"the answer about order {order.number} cannot be read: {error}") from error

    async def close(self, order: Order) -> OrderReport:
        """Close an order, or return what it is instead. Raises Failure.

        "absent": the payer did not open it yet; it can still be paid until it expires.
        """
        said = await self._gateway.call("alipay.trade.close", {"out_trade_no": order.number})
        if said.code is None:
            _check_done(said, number=order.number)
            return OrderReport(state="closed", transaction=said.text("trade_no") or None)
        if said.code == _ABSENT:
            return OrderReport(state="absent", code=said.code)
        return await self.query(order)

    async def refund(self, refund: RefundOrder) -> RefundReport:
        """Ask for a refund. Raises Failure.

        Succeeded once the money has moved (`fund_change` Y); otherwise the refund itself is asked for: Alipay
        answers a repeated request without moving anything again.
        """
        _check_asset(refund.asset)
        content = {
            "out_trade_no": refund.order_number,
            "refund_amount": yuan(refund.amount_minor),
            "out_request_no": refund.number,
            "refund_reason": refund.reason[:_REASON_MAX],
        }
        said = await self._gateway.call("alipay.trade.refund", content)
        if said.code is None:
            _check_done(said, number=refund.order_number)
            if said.text("fund_change") == "Y":
                return RefundReport(state="succeeded", amount_minor=refund.amount_minor)
        found = await self.query_refund(refund)
        if found.state != "absent":
            return found
        # Taken but not to be found yet: it is on its way. Refused and not there: it was never made.
        return (
            RefundReport(state="processing")
            if said.code is None
            else RefundReport(state="failed", code=said.code)
        )

    async def query_refund(self, refund: RefundOrder) -> RefundReport:
        """Ask what became of a refund. Raises Failure.

        Alipay does not tell one that it has not finished from one that it never had: both are "absent", and
        may be asked for again under their number.
        """
        content = {
            "out_trade_no": refund.order_number,
            "out_request_no": refund.number,
            "query_options": ["gmt_refund_pay"],
        }
        said = await self._gateway.call("alipay.trade.fastpay.refund.query", content)
        if said.code == _ABSENT or (said.code is None and said.text("refund_status") != _REFUNDED):
            return RefundReport(state="absent", code=said.code)
        _check_done(said, number=refund.order_number)
        if said.text("out_request_no") != refund.number:
            raise Unknown(f"the answer about refund {refund.number} is about another")
        try:
            paid_at = said.text("gmt_refund_pay")
            return RefundReport(
                state="succeeded",
                amount_minor=fen(said.text("refund_amount")),
                happened_at=instant(paid_at) if paid_at else None,
            )
        except ValueError as error:
            raise Unknown(f"the answer about refund {refund.number} cannot be read: {error}") from error

    async def read_callback(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Return what a callback says. Raises CallbackRejected.

        Of a refund, `amount_minor` is the sum of all refunds of the order so far, for Alipay tells no other:
        which one it is, `refund_number` tells, and `query_refund` its own amount. A refund that was not asked
        for here has a number that is not ours, or none.
        """
        del headers
        return notices.read(
            body=body,
            keys=self._keys,
            app_id=self._settings.app_id,
            seller_id=self._settings.seller_id,
            now=now,
        )

    def reply(self, *, accepted: bool) -> Reply:
        """Return "success", at which Alipay stops sending, or "fail"."""
        return Reply(status=200, body=b"success" if accepted else b"fail")

    async def fetch_bill(self, *, day: date, kind: BillKind) -> bytes:
        """Return a day's bill, a zip. Raises BillNotReady, BillDamaged, Failure."""
        return await bills.fetch(gateway=self._gateway, outbound=self._outbound, day=day, kind=kind)

    def read_bill(self, content: bytes, *, kind: BillKind) -> Iterator[BillLine]:
        """Yield the lines of a bill, checked at the end. Raises BillDamaged."""
        return bills.read(content, kind=kind, seller_id=self._settings.seller_id)


def _check_asset(asset: str) -> None:
    if asset != ASSET:
        raise Refused(f"Alipay takes {ASSET}, not {asset}")


def _check_done(said: Said, *, number: str) -> None:
    """Raise Final for a refusal, Unknown for an answer about another order: it may be one of earlier."""
    if said.code is not None:
        raise Refused(f"Alipay refused order {number}: {said.code} {said.text('sub_msg')}")
    if said.text("out_trade_no") != number:
        raise Unknown(f"the answer about order {number} is about another")


def _report(said: Said) -> OrderReport:
    state, paid_at = _STATES[said.text("trade_status")], said.text("send_pay_date")
    return OrderReport(
        state=state,
        transaction=said.text("trade_no") or None,
        asset=said.text("trans_currency") or ASSET,
        amount_minor=fen(said.text("total_amount")),
        happened_at=instant(paid_at) if paid_at else None,
        payer=said.text("buyer_user_id") or said.text("buyer_open_id") or None,
        code="refunded" if state == "closed" and paid_at else None,
    )
