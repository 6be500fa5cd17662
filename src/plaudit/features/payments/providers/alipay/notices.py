"""Callbacks of Alipay (asynchronous notifications): proved, and what they say.

A callback is a form. What is signed is every parameter that was received but `sign` and `sign_type`, in
the charset that the callback declares. Alipay sends a callback again, for 25 hours, until it is answered with
"success"; each sending carries its own `notify_time` and is signed anew, so that one of old is a replay.

A refund has no callback of its own: the payment's comes again, with `refund_fee` (the sum of all refunds so
far) and `out_biz_no` (the number of the refund that caused it).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from urllib.parse import parse_qsl

from plaudit.features.payments.model.channel import CallbackRejected, Notice
from plaudit.features.payments.providers.alipay.keys import Keys
from plaudit.features.payments.providers.alipay.words import ASSET, canonical, fen, instant

FRESH: Final = timedelta(minutes=5)
"""How far the time of a callback may lie from ours."""

_FIELDS_MAX: Final = 200
_CHARSETS: Final = frozenset({"utf-8", "gbk", "gb2312", "gb18030"})
_APART: Final = frozenset({"sign", "sign_type"})
_Told: TypeAlias = tuple[Literal["paid", "closed", "other"], str]
_PAID: Final = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})
_NOTHING: Final[_Told] = ("other", "")
_TOLD: Final[Mapping[str, _Told]] = {
    "TRADE_SUCCESS": ("paid", "gmt_payment"),
    "TRADE_FINISHED": ("paid", "gmt_payment"),
    "TRADE_CLOSED": ("closed", "gmt_close"),
}
"""What a status means where nothing was refunded, and which field has its time."""


def read(*, body: bytes, keys: Keys, app_id: str, seller_id: str, now: datetime) -> Notice:
    """Return what a callback says. Raises CallbackRejected."""
    form = _proved(body, keys=keys)
    if form.get("app_id") != app_id or form.get("seller_id") != seller_id:
        raise CallbackRejected("addressee", "the callback is for another application or seller")
    try:
        sent_at = instant(form.get("notify_time", ""))
        if abs(now - sent_at) > FRESH:
            raise CallbackRejected("stale", "the callback was not sent within the last five minutes")
        return _notice(form)
    except ValueError as error:
        raise CallbackRejected("form", f"the callback cannot be read: {error}") from error


def _proved(body: bytes, *, keys: Keys) -> dict[str, str]:
    """Return the parameters of a form that Alipay signed."""
    try:
        # Latin-1 keeps each byte as one character: what is verified are the very bytes that came.
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding="latin-1",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError as error:
        raise CallbackRejected("form", "the callback is not a form") from error
    raw = dict(pairs)
    charset = raw.get("charset", "utf-8").lower()
    if len(raw) != len(pairs) or charset not in _CHARSETS:
        raise CallbackRejected("form", "the callback names a field twice, or an unknown charset")
    message = canonical(raw, without=_APART).encode("latin-1")
    signed = keys.verifies(message, signature=raw.get("sign", ""), cert_sn=raw.get("alipay_cert_sn", ""))
    if not signed or raw.get("sign_type") != "RSA2":
        raise CallbackRejected("signature", "the callback is not signed by Alipay")
    try:
        return {name: value.encode("latin-1").decode(charset) for name, value in raw.items()}
    except UnicodeDecodeError as error:
        raise CallbackRejected("form", "the callback is not written in its charset") from error


def _notice(form: Mapping[str, str]) -> Notice:
    """Return what a proved form says. Raises ValueError when it lacks what every such form has."""
    status = form.get("trade_status", "")
    total_minor = fen(form.get("total_amount", ""))
    refunded_minor = fen(form.get("refund_fee") or "0")
    number, transaction = form.get("out_trade_no", ""), form.get("trade_no", "")
    if not number or not transaction or total_minor < 0 or refunded_minor < 0:
        raise ValueError("it lacks the order's number, or has an amount below zero")
    payer = form.get("buyer_id") or form.get("buyer_open_id")
    closed_by_refund = status == "TRADE_CLOSED" and (refunded_minor or form.get("gmt_refund"))
    if closed_by_refund or (status == "TRADE_SUCCESS" and refunded_minor):
        return Notice(
            told="refunded",
            number=number,
            transaction=transaction,
            asset=ASSET,
            amount_minor=refunded_minor or total_minor,
            happened_at=_at(form, "gmt_refund"),
            refund_number=form.get("out_biz_no") or None,
            payer=payer,
        )
    # An order that ends by itself, months after a part was refunded, says nothing new.
    finished_early = status in _PAID and refunded_minor
    told, when = _NOTHING if finished_early else _TOLD.get(status, _NOTHING)
    return Notice(
        told=told,
        number=number,
        transaction=transaction,
        asset=ASSET,
        amount_minor=total_minor,
        happened_at=_at(form, when),
        payer=payer,
    )


def _at(form: Mapping[str, str], name: str) -> datetime | None:
    return instant(form[name]) if form.get(name) else None
