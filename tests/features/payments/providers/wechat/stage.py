"""WeChat Pay in a few lines, to talk to: it verifies what we send and signs and seals what it says."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from plaudit.features.payments.model.channel import Channel, Merchant, Order, RefundOrder
from plaudit.features.payments.providers.wechat import WechatSecrets, WechatSettings, wechat
from plaudit.platform.outbound import Answer, Outbound

MCHID: Final = "1900000001"
APPID: Final = "wxd678efh567hg6787"
OUR_SERIAL: Final = "444F4864EA9B34415A1B2C3D4E5F60718293A4B5"
KEY_ID: Final = "PUB_KEY_ID_0119000000012024"
API_KEY: Final = "0123456789abcdef0123456789ABCDEF"
BASE: Final = "https://wechat.test"
NOW: Final = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
NUMBER: Final = "P000000000001A01"
TRANSACTION: Final = "4200001234202611220000000001"

Handler = Callable[["Asked"], Answer]


@cache
def key_of(owner: str) -> RSAPrivateKey:
    """Return the key of somebody, always the same one."""
    assert owner
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(owner: str) -> str:
    return key_of(owner).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(owner: str) -> str:
    return key_of(owner).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(owner: str, message: bytes) -> str:
    return b64encode(key_of(owner).sign(message, PKCS1v15(), SHA256())).decode()


def sealed(
    plain: object, *, nonce: str = "fdasflkja484", associated_data: str = "transaction"
) -> dict[str, str]:
    """Seal a document for the merchant."""
    text = plain if isinstance(plain, bytes) else json.dumps(plain, ensure_ascii=False).encode()
    ciphertext = AESGCM(API_KEY.encode()).encrypt(nonce.encode(), text, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated_data,
        "ciphertext": b64encode(ciphertext).decode(),
    }


def certificate(owner: str, *, serial: int, valid_from: datetime = NOW, days: int = 30) -> tuple[str, bytes]:
    """Return the serial number and the PEM of a certificate for somebody's key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key_of(owner).public_key())
        .serial_number(serial)
        .not_valid_before(valid_from - timedelta(days=1))
        .not_valid_after(valid_from + timedelta(days=days))
        .sign(key_of("authority"), SHA256())
    )
    return f"{serial:X}", made.public_bytes(Encoding.PEM)


def listing(*certificates: tuple[str, bytes]) -> bytes:
    """Return the document of /v3/certificates."""
    data = [
        {"serial_no": serial, "encrypt_certificate": sealed(pem, associated_data="certificate")}
        for serial, pem in certificates
    ]
    return json.dumps({"data": data}).encode()


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        parts = urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.body)

    @property
    def authorization(self) -> dict[str, str]:
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        assert scheme == "WECHATPAY2-SHA256-RSA2048"
        return {
            name: value.strip('"') for name, _, value in (part.partition("=") for part in rest.split(","))
        }


@dataclass
class Wire(Outbound):
    """Outbound whose other end is a function."""

    handler: Handler
    asked: list[Asked] = field(default_factory=list)

    async def send(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_ms: int = 10_000,  # noqa: ARG002 - as Outbound has it
        answer_max_bytes: int = 0,  # noqa: ARG002 - as Outbound has it
    ) -> Answer:
        asked = Asked(method, url, dict(headers or {}), body)
        self.asked.append(asked)
        return self.handler(asked)


@dataclass
class Side:
    """The channel's side: who signs there, by which serial number, at what time."""

    clock: Clock = field(default_factory=Clock)
    signer: str = "channel"
    serial: str = KEY_ID
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def headers(self, body: bytes, **changed: str) -> dict[str, str]:
        """Sign a body; `changed` headers are signed as they are."""
        headers = {
            "wechatpay-timestamp": str(int(self.clock.now().timestamp())),
            "wechatpay-nonce": f"nonce{next(self.numbers)}",
            "wechatpay-serial": self.serial,
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            **{f"wechatpay-{name}": value for name, value in changed.items()},
        }
        message = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n".encode() + body + b"\n"
        headers.setdefault("wechatpay-signature", signed(self.signer, message))
        return headers

    def answer(self, document: object = None, *, status: int = 200) -> Answer:
        """Answer with a signed document."""
        body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
        return Answer(status, self.headers(body), body)

    def refusal(self, code: str, *, status: int) -> Answer:
        """Answer with a signed error."""
        return self.answer({"code": code, "message": "no"}, status=status)

    def callback(self, event: str, plain: object, **changed: str) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a callback."""
        body = json.dumps(
            {
                "id": "EV-2018022511223320873",
                "create_time": "2026-11-22T12:05:06+08:00",
                "resource_type": "encrypt-resource",
                "event_type": event,
                "summary": "支付成功",
                "resource": {"original_type": "transaction", **sealed(plain)},
            },
            ensure_ascii=False,
        ).encode()
        return self.headers(body, **changed), body


PUBLIC: Final = WechatSettings(
    mchid=MCHID, appid=APPID, serial_no=OUR_SERIAL, public_key_id=KEY_ID, base_url=BASE
)
BY_CERTIFICATE: Final = WechatSettings(
    mchid=MCHID, appid=APPID, serial_no=OUR_SERIAL, mode="certificate", base_url=BASE
)
MERCHANT: Final = Merchant(
    tenant_id=1,
    number=1,
    channel="wechat",
    name="main",
    settings={},
    secrets={},
    enabled=True,
    priority=1,
    assets=("CNY",),
    methods=("native", "h5", "jsapi"),
    devices=(),
    min_minor=1,
    max_minor=1_000_000,
    revision=1,
)


def secrets(*, public_key: str | None = "channel") -> WechatSecrets:
    return WechatSecrets(
        private_key_pem=private_pem("merchant"),
        apiv3_key=API_KEY,
        public_key_pem=None if public_key is None else public_pem(public_key),
    )


def unasked(asked: Asked) -> Answer:
    """Answer nobody: the test is not about calls."""
    raise AssertionError(asked)


def channel_at(
    handler: Handler = unasked,
    *,
    clock: Clock | None = None,
    settings: WechatSettings = PUBLIC,
    public_key: str | None = "channel",
) -> tuple[Channel, Wire]:
    """Return our account, and the wire to the channel."""
    wire = Wire(handler)
    channel = wechat(
        merchant=MERCHANT,
        outbound=wire,
        clock=clock or Clock(),
        randomness=lambda count: b"\xa5" * count,
        settings=settings,
        secrets=secrets(public_key=public_key),
    )
    return channel, wire


ORDER: Final = Order(
    number=NUMBER,
    method="native",
    asset="CNY",
    amount_minor=1234,
    title="100 金币",
    opened_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
    notify_url="https://plaudit.test/v1/callbacks/wechat/acc_1",
)
REFUND: Final = RefundOrder(
    number="R0000000000001",
    order_number=NUMBER,
    transaction=TRANSACTION,
    asset="CNY",
    amount_minor=234,
    total_minor=1234,
    reason="asked for",
    notify_url="https://plaudit.test/v1/callbacks/wechat/acc_1",
)


def order(**changed: Any) -> Order:  # noqa: ANN401 - what replace takes
    return replace(ORDER, **changed)


def transaction(**changed: object) -> dict[str, object]:
    """Return an order as the channel tells it: paid."""
    return {
        "mchid": MCHID,
        "appid": APPID,
        "out_trade_no": NUMBER,
        "transaction_id": TRANSACTION,
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "success_time": "2026-11-22T12:05:00+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": 1234, "payer_total": 1200, "currency": "CNY", "payer_currency": "CNY"},
        **changed,
    }


def refund_of(**changed: object) -> dict[str, object]:
    """Return a refund as the channel tells it when asked: done."""
    return {
        "refund_id": "50000000382019052709732678859",
        "out_refund_no": REFUND.number,
        "transaction_id": TRANSACTION,
        "out_trade_no": NUMBER,
        "status": "SUCCESS",
        "success_time": "2026-11-22T12:05:04+08:00",
        "amount": {"total": 1234, "refund": 234, "payer_total": 1234, "payer_refund": 234, "currency": "CNY"},
        **changed,
    }


def refund_notice(status: str, **changed: object) -> dict[str, object]:
    """Return what a callback of a refund seals."""
    return {
        "mchid": MCHID,
        "transaction_id": TRANSACTION,
        "out_trade_no": NUMBER,
        "refund_id": "50000000382019052709732678859",
        "out_refund_no": REFUND.number,
        "refund_status": status,
        "user_received_account": "支付用户零钱",
        "amount": {"total": 1234, "refund": 234, "payer_total": 1234, "payer_refund": 234},
        **({"success_time": "2026-11-22T12:05:04+08:00"} if status == "SUCCESS" else {}),
        **changed,
    }
