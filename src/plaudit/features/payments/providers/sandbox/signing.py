"""The sandbox's callbacks: JSON, signed by HMAC-SHA256 over time and body.

The header `plaudit-sandbox-signature` is `t=<seconds since 1970>,v1=<hex>`, the signed text is the time, a
dot and the body as it is sent.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from plaudit.features.payments.model.channel import CallbackRejected

HEADER: Final = "plaudit-sandbox-signature"
FRESH_S: Final = 300
"""A callback older or newer than this is not believed."""

_SIGNATURE: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


class Callback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a callback says. `transaction` is the payment's, or the refund's for one."""

    event: Literal["paid", "failed", "closed", "refunded"]
    account: str
    number: str
    transaction: str
    asset: str
    amount_minor: int
    happened_at: datetime
    refund_number: str | None = None
    payer: str | None = None


def signed(*, callback: Callback, key: str, now: datetime) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a callback."""
    body = msgspec.json.encode(callback)
    seconds = int(now.timestamp())
    headers = {"content-type": "application/json", HEADER: f"t={seconds},v1={_mark(key, seconds, body)}"}
    return headers, body


def read(*, headers: Mapping[str, str], body: bytes, key: str, now: datetime) -> Callback:
    """Return what a callback says. Raises CallbackRejected "signature", "stale" or "form"."""
    found = _SIGNATURE.fullmatch(headers.get(HEADER, ""))
    if found is None:
        raise CallbackRejected("signature", "the callback carries no signature")
    seconds = int(found[1])
    if not hmac.compare_digest(found[2], _mark(key, seconds, body)):
        raise CallbackRejected("signature", "the callback's signature is wrong")
    if abs(int(now.timestamp()) - seconds) > FRESH_S:
        raise CallbackRejected("stale", "the callback was signed too long ago, or in the future")
    try:
        return msgspec.json.decode(body, type=Callback)
    except msgspec.MsgspecError as error:
        raise CallbackRejected("form", "the callback cannot be read") from error


def _mark(key: str, seconds: int, body: bytes) -> str:
    return hmac.digest(key.encode(), b"%d." % seconds + body, "sha256").hex()
