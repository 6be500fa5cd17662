"""Callbacks as WeChat Pay sends them, signed and sealed with a merchant's keys, made by several processes."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plaudit.app.simulate import keys
from plaudit.app.simulate.books import Merchant
from plaudit.app.simulate.timepiece import spoken
from plaudit.app.simulate.wechat.signing import sealed, signed

_CHUNK: Final = 2_000
_TRIES: Final = 2_000


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One callback: its body as JSON, and its headers."""

    body: dict[str, Any]
    headers: dict[str, str]


def callbacks_for(*, merchant: Merchant, numbers: Sequence[str], amount_minor: int) -> list[Callback]:
    """Return a callback for each order number: paid just now."""
    chunks = [numbers[n : n + _CHUNK] for n in range(0, len(numbers), _CHUNK)]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        made = pool.map(_made, [(merchant, chunk, amount_minor) for chunk in chunks])
        return [one for some in made for one in some]


def bare_us(*, merchant: Merchant, callback: Callback) -> float:
    """Return the microseconds that verifying one signature and decrypting one resource take by themselves."""
    body = msgspec.json.encode(callback.body)
    key = keys.public_key(merchant.facts["public_key"])
    cipher = AESGCM(merchant.facts["apiv3_key"].encode())
    headers, resource = callback.headers, callback.body["resource"]
    message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
    signature = b64decode(headers["Wechatpay-Signature"])
    content = b64decode(resource["ciphertext"])
    nonce, associated = resource["nonce"].encode(), resource["associated_data"].encode()
    began = perf_counter()
    for _ in range(_TRIES):
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        cipher.decrypt(nonce, content, associated)
    return (perf_counter() - began) / _TRIES * 1e6


def _made(task: tuple[Merchant, Sequence[str], int]) -> list[Callback]:
    merchant, numbers, amount_minor = task
    return [_callback(merchant, number, amount_minor) for number in numbers]


def _callback(merchant: Merchant, number: str, amount_minor: int) -> Callback:
    now = datetime.now(UTC)
    plain = {
        "mchid": merchant.facts["mchid"],
        "appid": merchant.facts["appid"],
        "out_trade_no": number,
        "transaction_id": f"42{number}",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": spoken(now),
        "payer": {"openid": f"o{number}"},
        "amount": {
            "total": amount_minor,
            "payer_total": amount_minor,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    }
    body = {
        "id": f"EV-{number}",
        "create_time": spoken(now),
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction",
            **sealed(msgspec.json.encode(plain), merchant=merchant, associated="transaction"),
        },
    }
    return Callback(body=body, headers=signed(msgspec.json.encode(body), merchant=merchant, at=now))
