"""Whether something comes from the channel and is fresh: callbacks and answers carry the same headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from plaudit.features.payments.providers.wechat.certificates import KeyRing
from plaudit.features.payments.providers.wechat.signing import SCHEME, is_signed

FRESH_SECONDS: Final = 300
"""How far a timestamp may be from our clock: less than this."""

_PROBE: Final = "WECHATPAY/SIGNTEST/"
_DIGITS_MAX: Final = 12


class Unproved(Exception):
    """Not to be believed. `code`: "form", "stale" or "signature"; `quiet`: a deliberate probe."""

    def __init__(self, code: str, message: str, *, quiet: bool = False) -> None:
        """Say why."""
        super().__init__(message)
        self.code = code
        self.quiet = quiet


async def prove(ring: KeyRing, *, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when `body` is signed by the channel and fresh. `headers` have lower-case names.

    Raises Unproved, and Failure where the channel's key must be fetched first and cannot be.
    """
    signature = headers.get("wechatpay-signature", "")
    timestamp = headers.get("wechatpay-timestamp", "")
    nonce = headers.get("wechatpay-nonce", "")
    serial = headers.get("wechatpay-serial", "")
    if not (signature and nonce and serial):
        raise Unproved("signature", "no signature, nonce or serial number")
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise Unproved("signature", "a scheme of signatures that is not known")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _DIGITS_MAX):
        raise Unproved("form", "the timestamp is not a number of seconds")
    if signature.startswith(_PROBE):
        raise Unproved("signature", "a probe of the channel, wrongly signed on purpose", quiet=True)
    if abs(now.timestamp() - int(timestamp)) >= FRESH_SECONDS:
        raise Unproved("stale", "signed too long ago, or in the future")
    key = ring.known(serial) or await ring.find(serial)
    if key is None:
        raise Unproved("signature", "signed by a key that is not the channel's")
    if not is_signed(key, body, timestamp=timestamp, nonce=nonce, signature=signature):
        raise Unproved("signature", "the signature is not over what was sent")
