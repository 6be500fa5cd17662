"""What Alipay says of trades and refunds, in answers, in notices and to a payer who returns."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

import msgspec

from plaudit.app.simulate.books import Delivery, Merchant, Order, Payment, Refund
from plaudit.app.simulate.till import Event
from plaudit.app.simulate.timepiece import CHINA, written

_RETURNS: Final = {"wap": "alipay.trade.wap.pay.return", "page": "alipay.trade.page.pay.return"}
_CLOSED_TOLD: Final = frozenset({"wap", "app"})


def new_transaction(at: datetime, number: int) -> str:
    """Return a trade's number: 28 digits."""
    return f"{at.astimezone(CHINA):%Y%m%d}22001{number:015d}"


def new_refund(at: datetime, number: int) -> str:
    """Return a number for a refund, which Alipay keeps to itself."""
    return f"{at.astimezone(CHINA):%Y%m%d}R{number:015d}"


def yuan(amount_minor: int) -> str:
    """Return an amount as Alipay writes it: yuan with two decimals."""
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{abs(amount_minor) // 100}.{abs(amount_minor) % 100:02d}"


def status(order: Order) -> str:
    """Return the state of a trade; one that was wholly refunded is closed."""
    if order.payments and all(one.refunded_minor == one.amount_minor for one in order.payments):
        return "TRADE_CLOSED"
    return {"paid": "TRADE_SUCCESS", "finished": "TRADE_FINISHED", "closed": "TRADE_CLOSED"}.get(
        order.state, "WAIT_BUYER_PAY"
    )


def trade_said(order: Order, payment: Payment | None) -> dict[str, Any]:
    """Return a trade as its query says it."""
    amount_minor = order.amount_minor if payment is None else payment.amount_minor
    said: dict[str, Any] = {
        "buyer_logon_id": "buy***@example.com",
        "buyer_pay_amount": yuan(0 if payment is None else amount_minor),
        "buyer_user_id": _buyer(order, payment),
        "invoice_amount": yuan(0 if payment is None else amount_minor),
        "out_trade_no": order.number,
        "point_amount": "0.00",
        "receipt_amount": yuan(0 if payment is None else amount_minor),
        "total_amount": yuan(amount_minor),
        "trade_no": order.reference if payment is None else payment.transaction,
        "trade_status": status(order),
    }
    if payment is not None:
        said |= {
            "fund_bill_list": [{"amount": yuan(amount_minor), "fund_channel": "ALIPAYACCOUNT"}],
            "send_pay_date": written(payment.paid_at),
        }
    return said


def notice(
    event: Event,
    order: Order,
    *,
    merchant: Merchant,
    payment: Payment | None,
    refund: Refund | None,
    now: datetime,
) -> Delivery | None:
    """Return the notice about an event: every one is the trade's state anew, sent where its order said.

    A refund has no notice of its own: the trade's is sent again, with what was refunded. Trades that end
    unpaid are told of in wap and app payments only.
    """
    told = (
        refund.state == "succeeded"
        if refund is not None
        else event != "closed" or order.method in _CLOSED_TOLD
    )
    if not order.notify_url or not told:
        return None
    fields = _fields(order, merchant, payment)
    if event == "closed":
        fields["gmt_close"] = written(now)
    if refund is not None and payment is not None:
        fields |= {
            "gmt_refund": written(refund.settled_at or now) + ".000",
            "out_biz_no": refund.number,
            "refund_fee": yuan(payment.refunded_minor),
        }
        if fields["trade_status"] == "TRADE_CLOSED":
            fields["gmt_close"] = written(now)
    return Delivery(
        id=0,
        merchant=merchant.id,
        event=f"{fields['trade_status']}{'' if refund is None else '.REFUND'}",
        order=order.number,
        url=order.notify_url,
        content=fields,
        made_at=now,
        refund="" if refund is None else refund.number,
    )


def returned(order: Order, merchant: Merchant, *, now: datetime) -> dict[str, str]:
    """Return the fields with which a payer's browser comes back; they do not say that anything was paid."""
    payment = order.payments[0] if order.payments else None
    return {
        "app_id": merchant.id,
        "auth_app_id": merchant.id,
        "charset": "utf-8",
        "method": _RETURNS[order.method],
        "out_trade_no": order.number,
        "seller_id": merchant.facts["seller_id"],
        "timestamp": written(now),
        "total_amount": yuan(order.amount_minor if payment is None else payment.amount_minor),
        "trade_no": order.reference,
        "version": "1.0",
    }


def _fields(order: Order, merchant: Merchant, payment: Payment | None) -> dict[str, str]:
    fields = {
        "app_id": merchant.id,
        "auth_app_id": merchant.id,
        "buyer_id": _buyer(order, payment),
        "charset": "utf-8",
        "gmt_create": written(order.opened_at),
        "notify_id": secrets.token_hex(17),
        "notify_type": "trade_status_sync",
        "out_trade_no": order.number,
        "seller_id": merchant.facts["seller_id"],
        "subject": order.title,
        "total_amount": yuan(order.amount_minor if payment is None else payment.amount_minor),
        "trade_no": order.reference if payment is None else payment.transaction,
        "trade_status": status(order),
        "version": "1.0",
    }
    if order.attach:
        fields["passback_params"] = order.attach
    if payment is not None:
        amount = yuan(payment.amount_minor)
        bill = msgspec.json.encode([{"amount": amount, "fundChannel": "ALIPAYACCOUNT"}]).decode()
        fields |= {
            "buyer_pay_amount": amount,
            "fund_bill_list": bill,
            "gmt_payment": written(payment.paid_at),
            "invoice_amount": amount,
            "point_amount": "0.00",
            "receipt_amount": amount,
        }
    return fields


def _buyer(order: Order, payment: Payment | None) -> str:
    return payment.payer if payment is not None else order.payer or "2088000000000000"
