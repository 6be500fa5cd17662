"""RSA2: requests verified, answers signed over their raw text, notices over their fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from plaudit.app.simulate import keys
from plaudit.app.simulate.books import Books, Merchant
from plaudit.app.simulate.timepiece import read
from plaudit.app.simulate.wire import Request

_FRESH: Final = timedelta(minutes=5)
_COMMON: Final = ("app_id", "method", "charset", "sign_type", "sign", "timestamp", "version")


class GatewayError(Exception):
    """The gateway says no: code, sub_code and what it means."""

    def __init__(self, code: str, sub_code: str, sub_msg: str) -> None:
        """Take all three."""
        super().__init__(sub_msg)
        self.code, self.sub_code, self.sub_msg = code, sub_code, sub_msg


def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a request, those of the address and those of the form, decoded once."""
    form = request.body.decode("utf-8", "replace") if request.method == "POST" else ""
    return dict(parse_qsl(request.query, keep_blank_values=True) + parse_qsl(form, keep_blank_values=True))


def signed_text(fields: Mapping[str, str], *, without: frozenset[str]) -> bytes:
    """Return what is signed: all fields but empty ones and those named, sorted, joined by &."""
    kept = sorted((name, value) for name, value in fields.items() if value and name not in without)
    return "&".join(f"{name}={value}" for name, value in kept).encode()


def verified(fields: Mapping[str, str], *, books: Books, now: datetime) -> Merchant:
    """Return the merchant whose application signed the fields of a request. Raises GatewayError."""
    for name in _COMMON:
        if not fields.get(name):
            raise GatewayError("40001", f"isv.missing-{_dashed(name)}", f"缺少{name}参数")
    merchant = books.merchants.get(fields["app_id"])
    if merchant is None:
        raise GatewayError("40002", "isv.invalid-app-id", "无效的AppID参数")
    if fields["sign_type"] != "RSA2":
        raise GatewayError("40002", "isv.invalid-signature-type", "无效的签名类型")
    if fields["charset"].lower() != "utf-8":
        raise GatewayError("40002", "isv.invalid-charset", "字符集错误")
    _check_certificates(fields, merchant)
    text = signed_text(fields, without=frozenset({"sign"}))
    if not keys.verifies(text, signature=fields["sign"], public_pem=merchant.facts["app_public_key"]):
        raise GatewayError("40002", "isv.invalid-signature", "无效签名")
    try:
        asked_at = read(fields["timestamp"])
    except ValueError as error:
        raise GatewayError("40002", "isv.invalid-timestamp", "非法的时间戳参数") from error
    if abs(now - asked_at) > _FRESH:
        raise GatewayError("40002", "isv.invalid-timestamp", "非法的时间戳参数")
    return merchant


def signed_answer(method: str, content: Mapping[str, object], *, merchant: Merchant) -> bytes:
    """Return an answer: the object under its own name, and the signature over its text as it stands.

    Slashes are escaped as Alipay does, so that whoever encodes the object anew verifies another text.
    """
    text = msgspec.json.encode(content).decode().replace("/", "\\/")
    signature = keys.sign(text.encode(), private_pem=merchant.facts[_key(merchant)])
    rest = f',"alipay_cert_sn":"{merchant.facts["alipay_cert_sn"]}"' if merchant.mode == "certificate" else ""
    return f'{{"{answer_name(method)}":{text}{rest},"sign":"{signature}"}}'.encode()


def signed_fields(fields: Mapping[str, str], *, merchant: Merchant, probe: bool = False) -> dict[str, str]:
    """Return the fields of a notice or of a payer's return with sign and sign_type; `probe`: a wrong sign."""
    text = signed_text(fields, without=frozenset({"sign", "sign_type"}))
    signature = keys.sign(text + (b"?" if probe else b""), private_pem=merchant.facts[_key(merchant)])
    return {**fields, "sign": signature, "sign_type": "RSA2"}


def answer_name(method: str) -> str:
    """Return the name of the object in the answer to a method."""
    return method.replace(".", "_") + "_response"


def _key(merchant: Merchant) -> str:
    return "alipay_certificate_key" if merchant.mode == "certificate" else "alipay_private_key"


def _check_certificates(fields: Mapping[str, str], merchant: Merchant) -> None:
    if merchant.mode != "certificate":
        return
    for name in ("app_cert_sn", "alipay_root_cert_sn"):
        if not fields.get(name):
            raise GatewayError("40001", f"isv.missing-{_dashed(name)}", f"缺少{name}参数")
        if fields[name] != merchant.facts.get(name):
            raise GatewayError("40002", f"isv.invalid-{_dashed(name)}", f"{name}与应用不匹配")


def _dashed(name: str) -> str:
    return "signature" if name == "sign" else name.replace("_", "-")
