"""Callbacks: proved, opened, checked to be ours, and turned into notices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plaudit.features.payments.model.channel import CallbackRejected, Notice, Reply
from plaudit.features.payments.providers.wechat.certificates import KeyRing
from plaudit.features.payments.providers.wechat.messages import (
    Addressed,
    Amount,
    Envelope,
    RefundNotice,
    Transaction,
)
from plaudit.features.payments.providers.wechat.proof import Unproved, prove
from plaudit.features.payments.providers.wechat.signing import ALGORITHM, opened
from plaudit.kernel.time import parse_time

ACCEPTED: Final = Reply(status=204)
REFUSED: Final = Reply(
    status=400,
    body=msgspec.json.encode({"code": "FAIL", "message": "失败"}),
    media_type="application/json",
)

_REFUND_EVENTS: Final[dict[str, Literal["refunded", "refund_failed"]]] = {
    "REFUND.SUCCESS": "refunded",
    "REFUND.ABNORMAL": "refund_failed",
    "REFUND.CLOSED": "refund_failed",
}
_envelope: Final = msgspec.json.Decoder(Envelope)
_transaction: Final = msgspec.json.Decoder(Transaction)
_refund: Final = msgspec.json.Decoder(RefundNotice)
_addressed: Final = msgspec.json.Decoder(Addressed)


class Callbacks:
    """Reads the callbacks of one merchant."""

    __slots__ = ("_appid", "_cipher", "_mchid", "_ring")

    def __init__(self, *, mchid: str, appid: str, cipher: AESGCM, ring: KeyRing) -> None:
        """Read what is sealed for a merchant and signed by a key of the ring."""
        self._mchid = mchid
        self._appid = appid
        self._cipher = cipher
        self._ring = ring

    async def read(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Return what a callback says. Raises CallbackRejected and Failure, as the port has it."""
        try:
            await prove(self._ring, headers=headers, body=body, now=now)
        except Unproved as error:
            raise CallbackRejected(error.code, str(error), quiet=error.quiet) from None
        try:
            return self._notice(body)
        except ValueError as error:
            raise CallbackRejected("form", f"a callback that cannot be read: {error}") from None

    def _notice(self, body: bytes) -> Notice:
        envelope = _envelope.decode(body)
        sealed = envelope.resource
        if envelope.resource_type != "encrypt-resource" or sealed.algorithm != ALGORITHM:
            raise ValueError(f"sealed as {envelope.resource_type!r} by {sealed.algorithm!r}")
        plain = opened(
            self._cipher,
            ciphertext=sealed.ciphertext,
            nonce=sealed.nonce,
            associated_data=sealed.associated_data,
        )
        if envelope.event_type == "TRANSACTION.SUCCESS":
            return self._paid(_transaction.decode(plain))
        if envelope.event_type in _REFUND_EVENTS:
            return self._refunded(_refund.decode(plain), event_type=envelope.event_type)
        mchid = _addressed.decode(plain).mchid
        if mchid:
            self._check_addressee(mchid=mchid)
        return Notice(
            told="other",
            number="",
            transaction=envelope.id,
            asset="CNY",
            amount_minor=0,
            code=envelope.event_type,
        )

    def _paid(self, transaction: Transaction) -> Notice:
        self._check_addressee(mchid=transaction.mchid, appid=transaction.appid)
        amount = transaction.amount
        if transaction.trade_state != "SUCCESS" or amount is None or not transaction.transaction_id:
            raise ValueError("a payment that is none")
        return Notice(
            told="paid",
            number=transaction.out_trade_no,
            transaction=transaction.transaction_id,
            asset=amount.currency,
            amount_minor=_positive(amount),
            happened_at=time_of(transaction.success_time),
            payer=payer_of(transaction),
        )

    def _refunded(self, refund: RefundNotice, *, event_type: str) -> Notice:
        self._check_addressee(mchid=refund.mchid)
        if event_type != f"REFUND.{refund.refund_status}" or refund.amount.refund <= 0:
            raise ValueError(f"{event_type} of a refund that is {refund.refund_status!r}")
        told = _REFUND_EVENTS[event_type]
        return Notice(
            told=told,
            number=refund.out_trade_no,
            transaction=refund.transaction_id,
            asset=refund.amount.currency,
            amount_minor=refund.amount.refund,
            happened_at=time_of(refund.success_time),
            refund_number=refund.out_refund_no,
            code=refund.refund_status if told == "refund_failed" else None,
        )

    def _check_addressee(self, *, mchid: str, appid: str | None = None) -> None:
        if mchid != self._mchid or (appid is not None and appid != self._appid):
            raise CallbackRejected("addressee", "a callback for another merchant or app")


def time_of(text: str) -> datetime | None:
    """Return the instant of an RFC 3339 text, None of an empty one. Raises ValueError."""
    return parse_time(text) if text else None


def payer_of(transaction: Transaction) -> str | None:
    """Return who paid, as the merchant's app knows him."""
    return (transaction.payer.openid or None) if transaction.payer is not None else None


def _positive(amount: Amount) -> int:
    if amount.total <= 0:
        raise ValueError("an amount that is not positive")
    return amount.total
