"""Callbacks of Stripe (webhooks): proved, and what they say.

The header `Stripe-Signature` is `t=<seconds>,v1=<hex>[,v1=…][,v0=…]`; each v1 is the HMAC-SHA256 of
`<seconds>.<body>` by a secret of the endpoint (two while it is rolled). v0 is for tests and proves nothing.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from plaudit.features.payments.model.channel import CallbackRejected, Notice
from plaudit.features.payments.providers.stripe.objects import Refund, Session, id_of

TOLERANCE_S: Final = 300
"""How far the time of a callback may lie from ours."""

_HEADER: Final = "stripe-signature"
_HEADER_MAX: Final = 4_096
_PART: Final = re.compile(r"([a-z][a-z0-9]{0,15})=([0-9A-Za-z]{1,256})", re.ASCII)
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_PAID: Final = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_ENDED: Final[Mapping[str, Literal["failed", "closed"]]] = {
    "checkout.session.async_payment_failed": "failed",
    "checkout.session.expired": "closed",
}
_REFUNDS: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
_REFUND_ENDS: Final[Mapping[str, Literal["refunded", "refund_failed"]]] = {
    "succeeded": "refunded",
    "failed": "refund_failed",
    "canceled": "refund_failed",
}


class _Data(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class _Refunds(msgspec.Struct, frozen=True):
    data: list[Refund]


class _Charge(msgspec.Struct, frozen=True):
    refunds: _Refunds | None = None


class _Event(msgspec.Struct, frozen=True):
    """What is needed of an event; `account` is there only where it is about a connected account."""

    id: str
    object: Literal["event"]
    type: str
    created: int
    livemode: bool
    data: _Data
    account: str | None = None


def verify(*, header: str, body: bytes, secret: str, now: datetime) -> None:
    """Check that Stripe signed a body within the last five minutes. Raises CallbackRejected."""
    parts = [_PART.fullmatch(part) for part in header.split(",")] if len(header) <= _HEADER_MAX else [None]
    pairs = [part.groups() for part in parts if part is not None]
    times = [value for name, value in pairs if name == "t"]
    signatures = [value for name, value in pairs if name == "v1"]
    if None in parts or len(times) != 1 or not signatures or not _TIME.fullmatch(times[0]):
        raise CallbackRejected("signature", "the signature is not written as Stripe writes it")
    expected = hmac.digest(secret.encode(), times[0].encode() + b"." + body, "sha256").hex()
    # Every one is compared, so that the time taken tells nothing.
    if not sum([hmac.compare_digest(expected, signature) for signature in signatures]):
        raise CallbackRejected("signature", "the callback is not signed by Stripe")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise CallbackRejected("stale", "the callback was not sent within the last five minutes")


def read(
    *,
    headers: Mapping[str, str],
    body: bytes,
    secret: str,
    account: str,
    livemode: bool,
    now: datetime,
) -> Notice:
    """Return what a callback says. Raises CallbackRejected."""
    verify(header=headers.get(_HEADER, ""), body=body, secret=secret, now=now)
    try:
        event = msgspec.json.decode(body, type=_Event)
        if event.livemode is not livemode or event.account not in {None, account}:
            raise CallbackRejected("addressee", "the callback is for another account, or another mode")
        return _notice(event)
    except (msgspec.MsgspecError, ValueError, KeyError, OverflowError) as error:
        raise CallbackRejected("form", f"the callback cannot be read: {error!r}") from error


def _notice(event: _Event) -> Notice:
    happened_at = datetime.fromtimestamp(event.created, UTC)
    if event.type in _PAID or event.type in _ENDED:
        session = msgspec.json.decode(event.data.object, type=Session)
        told: Literal["paid", "failed", "closed"] = _ENDED.get(event.type, "paid")
        # A session that is complete may be paid later; one without a number is not an order of ours.
        if session.client_reference_id is None or (told == "paid" and session.payment_status != "paid"):
            return _other(event)
        asset, amount_minor = session.due
        return Notice(
            told=told,
            number=session.client_reference_id,
            transaction=session.transaction,
            asset=asset,
            amount_minor=amount_minor,
            happened_at=happened_at,
            payer=id_of(session.customer),
            code=None if told == "paid" else told,
        )
    if event.type in _REFUNDS:
        return _of_refund(event, msgspec.json.decode(event.data.object, type=Refund), at=happened_at)
    if event.type == "charge.refunded":
        # It tells the sum of all refunds; the newest is within where the version of the API still puts it.
        refunds = msgspec.json.decode(event.data.object, type=_Charge).refunds
        if refunds is not None and refunds.data:
            return _of_refund(event, refunds.data[0], at=happened_at)
    return _other(event)


def _of_refund(event: _Event, refund: Refund, *, at: datetime) -> Notice:
    told = _REFUND_ENDS.get(refund.status or "")
    number, order = refund.ours("number"), refund.ours("order")
    transaction = id_of(refund.payment_intent)
    if told is None or number is None or order is None or transaction is None:
        # On its way still, or made by hand at Stripe, which tells no number of ours.
        return _other(event)
    asset, amount_minor = refund.back
    return Notice(
        told=told,
        number=order,
        transaction=transaction,
        asset=asset,
        amount_minor=amount_minor,
        happened_at=at,
        refund_number=number,
        code=(refund.failure_reason or refund.status) if told == "refund_failed" else None,
    )


def _other(event: _Event) -> Notice:
    return Notice(told="other", number="", transaction=event.id, asset="", amount_minor=0)
