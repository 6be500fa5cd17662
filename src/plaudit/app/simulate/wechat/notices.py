"""What WeChat Pay says of orders and refunds, in answers and in notices."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from plaudit.app.simulate.books import Delivery, Merchant, Order, Payment, Refund
from plaudit.app.simulate.till import Event
from plaudit.app.simulate.timepiece import CHINA, spoken

TRADE_TYPES: Final = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI", "app": "APP"}
REFUND_STATES: Final = {
    "processing": "PROCESSING",
    "succeeded": "SUCCESS",
    "abnormal": "ABNORMAL",
    "closed": "CLOSED",
}
_STATES: Final = {
    "pending": ("NOTPAY", "订单未支付"),
    "failed": ("PAYERROR", "支付失败"),
    "closed": ("CLOSED", "订单已关闭"),
    "paid": ("SUCCESS", "支付成功"),
    "finished": ("SUCCESS", "支付成功"),
}
_REFUND_SUMMARIES: Final = {"succeeded": "退款成功", "abnormal": "退款异常", "closed": "退款关闭"}


def new_transaction(at: datetime, number: int) -> str:
    """Return a payment's number: 28 digits."""
    return f"4200{number % 10**6:06d}{at.astimezone(CHINA):%Y%m%d}{number:010d}"


def new_refund(at: datetime, number: int) -> str:
    """Return a refund's number: 29 digits."""
    return f"5030{number % 10**6:06d}{at.astimezone(CHINA):%Y%m%d}{number:011d}"


def order_said(order: Order, merchant: Merchant, *, payment: Payment | None) -> dict[str, Any]:
    """Return an order as queries and notices say it."""
    state, words = _STATES[order.state]
    if payment is not None and payment.refunded_minor:
        state, words = "REFUND", "订单发生过退款"
    said: dict[str, Any] = {
        "appid": merchant.facts["appid"],
        "mchid": merchant.id,
        "out_trade_no": order.number,
        "trade_state": state,
        "trade_state_desc": words,
        "attach": order.attach,
        "amount": {"total": order.amount_minor, "currency": "CNY"},
        "payer": {},
    }
    if payment is not None:
        amount_minor = payment.amount_minor
        said |= {
            "transaction_id": payment.transaction,
            "trade_type": TRADE_TYPES[order.method],
            "bank_type": "OTHERS",
            "success_time": spoken(payment.paid_at),
            "payer": {"openid": payment.payer},
            "amount": {
                "total": amount_minor,
                "payer_total": amount_minor,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
    return said


def refund_said(refund: Refund, payment: Payment) -> dict[str, Any]:
    """Return a refund as the refund interface and its query say it."""
    said: dict[str, Any] = {
        "refund_id": refund.id,
        "out_refund_no": refund.number,
        "transaction_id": refund.transaction,
        "out_trade_no": refund.order,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": spoken(refund.asked_at),
        "status": REFUND_STATES[refund.state],
        "funds_account": "AVAILABLE",
        "amount": {
            **_refund_amount(refund, payment),
            "settlement_refund": refund.amount_minor,
            "settlement_total": payment.amount_minor,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    }
    if refund.state == "succeeded" and refund.settled_at is not None:
        said["success_time"] = spoken(refund.settled_at)
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
    """Return the notice of a payment or of a settled refund; WeChat sends none of anything else."""
    if event == "paid":
        said, kind, summary, url = (
            order_said(order, merchant, payment=payment),
            "TRANSACTION.SUCCESS",
            "支付成功",
            order.notify_url,
        )
        said |= {"trade_state": "SUCCESS", "trade_state_desc": "支付成功"}
    elif event == "refund" and refund is not None and payment is not None and refund.notify_url:
        said, url = _refund_noticed(refund, payment, merchant), refund.notify_url
        kind, summary = f"REFUND.{said['refund_status']}", _REFUND_SUMMARIES[refund.state]
    else:
        return None
    envelope = {
        "id": f"EV-{secrets.token_hex(8)}{order.number[-8:]}",
        "create_time": spoken(now),
        "event_type": kind,
        "summary": summary,
        "kind": "transaction" if event == "paid" else "refund",
        "said": said,
    }
    return Delivery(
        id=0,
        merchant=merchant.id,
        event=kind,
        order=order.number,
        url=url,
        content=envelope,
        made_at=now,
        refund="" if refund is None else refund.number,
    )


def _refund_noticed(refund: Refund, payment: Payment, merchant: Merchant) -> dict[str, Any]:
    said: dict[str, Any] = {
        "mchid": merchant.id,
        "out_trade_no": refund.order,
        "transaction_id": refund.transaction,
        "out_refund_no": refund.number,
        "refund_id": refund.id,
        "refund_status": REFUND_STATES[refund.state],
        "user_received_account": "支付用户零钱",
        "amount": _refund_amount(refund, payment),
    }
    if refund.state == "succeeded" and refund.settled_at is not None:
        said["success_time"] = spoken(refund.settled_at)
    return said


def _refund_amount(refund: Refund, payment: Payment) -> dict[str, Any]:
    return {
        "total": payment.amount_minor,
        "refund": refund.amount_minor,
        "payer_total": payment.amount_minor,
        "payer_refund": refund.amount_minor,
    }
