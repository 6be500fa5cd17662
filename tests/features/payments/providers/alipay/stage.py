"""Alipay in a few lines, to talk to: another program's kit verifies what we send and signs what it says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from alipay import AliPay  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from plaudit.features.payments.model.channel import Channel, Merchant, Order, RefundOrder
from plaudit.features.payments.providers.alipay import AlipaySecrets, AlipaySettings, alipay
from plaudit.platform.outbound import Outbound

APP_ID: Final = "2021000000000001"
SELLER_ID: Final = "2088000000000001"
GATEWAY: Final = "https://alipay.test/gateway.do"
NOW: Final = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
NUMBER: Final = "P000000000001A01"
REFUND_NUMBER: Final = "R000000000000B"
TRANSACTION: Final = "2026112222001400000000000001"
MERCHANT: Final = Merchant(
    tenant_id=1,
    number=1,
    channel="alipay",
    name="Alipay",
    settings={},
    secrets={},
    enabled=True,
    priority=1,
    assets=("CNY",),
    methods=("page", "wap", "app"),
    devices=(),
    min_minor=1,
    max_minor=10_000_00,
    revision=1,
)
ORDER: Final = Order(
    number=NUMBER,
    method="page",
    asset="CNY",
    amount_minor=123_456,
    title="100 coins",
    opened_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    notify_url="https://plaudit.test/v1/callbacks/alipay/acc_1",
    return_url="https://plaudit.test/back",
)
REFUND: Final = RefundOrder(
    number=REFUND_NUMBER,
    order_number=NUMBER,
    transaction=TRANSACTION,
    asset="CNY",
    amount_minor=23_456,
    total_minor=123_456,
    reason="asked for",
    notify_url="https://plaudit.test/v1/callbacks/alipay/acc_1",
)

Fields = Mapping[str, Any]


class StoppedClock:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


@cache
def key_of(owner: str) -> RSAPrivateKey:
    """Return the key of somebody, always the same one."""
    assert owner
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(owner: str) -> str:
    return (
        key_of(owner).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    )


def public_pem(owner: str) -> str:
    return key_of(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@cache
def certificate(owner: str, *, serial: int, curve: bool = False) -> str:
    """Return a certificate for somebody's key, issued by somebody with a name as Alipay has it."""
    key = ec.generate_private_key(ec.SECP256R1()) if curve else key_of(owner)
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "Ant Financial"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
        (NameOID.COMMON_NAME, "Ant Financial Certification Authority Class 2 R1"),
    )
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


@cache
def kit(*, own: str, theirs: str) -> AliPay:
    """Return the other program's kit, holding the private key of one side and the public one of the other."""
    return AliPay(
        appid=APP_ID, app_private_key_string=private_pem(own), alipay_public_key_string=public_pem(theirs)
    )


@dataclass
class Side:
    """Alipay's side: what it answers to each method, and what it was asked."""

    answers: dict[str, Fields | Callable[[Fields], Fields]] = field(default_factory=dict)
    asked: list[tuple[str, Fields]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    spoil: Callable[[str], str] = str
    status: int = 200
    cert_sn: str | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=self.files[str(request.url)])
        parameters = dict(parse_qsl(request.url.query.decode()) + parse_qsl(request.content.decode()))
        method, sign = parameters["method"], parameters.pop("sign")
        assert verifies(parameters, sign)
        content = json.loads(parameters["biz_content"])
        self.asked.append((method, content))
        answer = self.answers[method]
        fields = answer(content) if callable(answer) else answer
        return httpx.Response(self.status, text=self.spoil(self.said(method, fields)))

    def said(self, method: str, fields: Fields) -> str:
        """Return a signed answer, written with spaces that another serialisation would not have."""
        text = json.dumps(fields, ensure_ascii=False, indent=1)
        whole = f'{{"{method.replace(".", "_")}_response":{text},'
        if self.cert_sn is not None:
            whole += f'"alipay_cert_sn":"{self.cert_sn}",'
        return whole + f'"sign":"{kit(own="alipay", theirs="app")._sign(text)}"}}'


def verifies(parameters: Mapping[str, str], sign: str) -> bool:
    """Let the other kit verify a request: it signs `sign_type` there, which its `verify` leaves out."""
    message = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    told: bool = kit(own="alipay", theirs="app")._verify(message, sign)
    return told


def done(**fields: object) -> Fields:
    return {"code": "10000", "msg": "Success", **fields}


def refused(sub_code: str, *, code: str = "40004") -> Fields:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "交易{失败}"}


def settings(**changes: str | None) -> AlipaySettings:
    given: dict[str, Any] = {
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "alipay_public_key": public_pem("alipay"),
        "gateway_url": GATEWAY,
        **changes,
    }
    return AlipaySettings(**given)


def certified() -> AlipaySettings:
    return settings(
        mode="certificate",
        alipay_public_key=None,
        app_cert_pem=certificate("app", serial=11),
        alipay_cert_pem=certificate("alipay", serial=22),
        alipay_root_cert_pem="\n".join(
            [
                certificate("root", serial=33),
                certificate("root", serial=44, curve=True),
                certificate("root", serial=55),
            ]
        ),
    )


def channel_at(
    side: Callable[[httpx.Request], httpx.Response], *, given: AlipaySettings | None = None
) -> Channel:
    return alipay(
        merchant=MERCHANT,
        outbound=Outbound(httpx.AsyncClient(transport=httpx.MockTransport(side))),
        clock=StoppedClock(),
        randomness=bytes,
        settings=given or settings(),
        secrets=AlipaySecrets(private_key=private_pem("app")),
    )


def form(**changes: str | None) -> dict[str, str]:
    """Return the fields of a callback of a payment, as Alipay sends them; None leaves one out."""
    fields = {
        "notify_time": "2026-11-22 12:05:00",
        "notify_type": "trade_status_sync",
        "notify_id": "2026112200222120500000000000000001",
        "charset": "utf-8",
        "version": "1.0",
        "sign_type": "RSA2",
        "app_id": APP_ID,
        "auth_app_id": APP_ID,
        "seller_id": SELLER_ID,
        "buyer_id": "2088000000000002",
        "out_trade_no": NUMBER,
        "trade_no": TRANSACTION,
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "1234.56",
        "subject": "100 枚金币 + 1 & 2",
        "gmt_create": "2026-11-22 12:04:00",
        "gmt_payment": "2026-11-22 12:04:30",
        "body": "",
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def signed(fields: Mapping[str, str], *, by: str = "alipay") -> bytes:
    """Return the body of a callback, signed by somebody through the other kit."""
    charset = fields.get("charset", "utf-8")
    message = "&".join(f"{k}={v}" for k, v in sorted(fields.items()) if v and k != "sign_type")
    if charset == "utf-8":
        sign = kit(own=by, theirs="app")._sign(message)
    else:  # which the kit does not sign
        sign = b64encode(key_of(by).sign(message.encode(charset), PKCS1v15(), SHA256())).decode()
    return urlencode({**fields, "sign": sign}, encoding=charset).encode()


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def content_of(parameters: Mapping[str, str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(parameters["biz_content"])
    return content
