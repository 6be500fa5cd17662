"""Signatures and encryption of WeChat Pay v3: requests verified, answers signed, resources sealed.

A request is signed over method, path with query, timestamp, nonce and body, each ended by a line feed; an
answer or notice over timestamp, nonce and body.
"""

from __future__ import annotations

import base64
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plaudit.app.simulate import keys
from plaudit.app.simulate.books import Books, Merchant
from plaudit.app.simulate.timepiece import spoken
from plaudit.app.simulate.wire import Request

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
PROBE: Final = "WECHATPAY/SIGNTEST/"
"""How the signature of a deliberately false notice begins."""

_FRESH: Final = timedelta(minutes=5)
_FIELD: Final = re.compile(r'([a-z_]+)="([^"]*)"')
_NONCE_BYTES: Final = 16


class SignatureError(Exception):
    """The request cannot be believed; the message says why, for the merchant."""


def verified(request: Request, *, books: Books, now: datetime) -> Merchant:
    """Return the merchant who signed a request. Raises SignatureError."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme != SCHEME:
        raise SignatureError("the Authorization header does not name WECHATPAY2-SHA256-RSA2048")
    parts = dict(_FIELD.findall(rest))
    if parts.keys() != {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}:
        raise SignatureError("the Authorization header lacks a field or has one too many")
    merchant = books.merchants.get(parts["mchid"])
    if merchant is None:
        raise SignatureError("the merchant is not known")
    if parts["serial_no"] != merchant.facts["serial_no"]:
        raise SignatureError("the serial number is not that of the merchant's certificate")
    if not parts["timestamp"].isdecimal() or abs(now - _instant(parts["timestamp"])) > _FRESH:
        raise SignatureError("the timestamp is more than five minutes off")
    message = _lines(
        request.method.encode(),
        request.target.encode("latin-1"),
        parts["timestamp"].encode(),
        parts["nonce_str"].encode(),
        request.body,
    )
    if not keys.verifies(
        message, signature=parts["signature"], public_pem=merchant.facts["merchant_public_key"]
    ):
        raise SignatureError("the signature does not verify")
    return merchant


def signed(
    body: bytes, *, merchant: Merchant, at: datetime, serial: str = "", probe: bool = False
) -> dict[str, str]:
    """Return the headers of an answer or notice.

    `serial` is what the merchant asked to be signed with, by its own header; without it the mode decides.
    """
    facts = merchant.facts
    by_key = serial == facts["public_key_id"] if serial else merchant.mode == "public_key"
    secret = facts["wechat_private_key" if by_key else "platform_private_key"]
    timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(_NONCE_BYTES)
    signature = keys.sign(_lines(timestamp.encode(), nonce.encode(), body), private_pem=secret)
    if probe:
        signature = PROBE + signature[len(PROBE) :]
    return {
        "Wechatpay-Serial": facts["public_key_id" if by_key else "platform_serial_no"],
        "Wechatpay-Signature": signature,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature-Type": SCHEME,
    }


def sealed(plain: bytes, *, merchant: Merchant, associated: str) -> dict[str, str]:
    """Return content encrypted with AES-256-GCM under the merchant's API v3 key, the tag at its end."""
    nonce = secrets.token_hex(6)
    cipher = AESGCM(merchant.facts["apiv3_key"].encode())
    content = cipher.encrypt(nonce.encode(), plain, associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(content).decode(),
        "associated_data": associated,
        "nonce": nonce,
    }


def _lines(*parts: bytes) -> bytes:
    return b"".join(part + b"\n" for part in parts)


def _instant(timestamp: str) -> datetime:
    return datetime.fromtimestamp(min(int(timestamp), 10**10), UTC)


def listed(serial: str, pem: str, *, merchant: Merchant) -> dict[str, object]:
    """Return a platform certificate as /v3/certificates lists it: encrypted, with its dates."""
    start, end = keys.validity_of(pem)
    return {
        "serial_no": serial,
        "effective_time": spoken(start),
        "expire_time": spoken(end),
        "encrypt_certificate": sealed(pem.encode(), merchant=merchant, associated="certificate"),
    }
