"""A merchant of WeChat Pay: an independent library signs and verifies; requests are sent as they are here."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import httpx
from cryptography.x509 import load_pem_x509_certificate
from wechatpayv3.utils import aes_decrypt, load_private_key, load_public_key, rsa_sign, rsa_verify

from tests.app.simulate.receiver import Received
from tests.kit.simulators import Simulator

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

__all__ = ["WechatMerchant", "merchant_of"]


@lru_cache
def _loaded(pem: str) -> object:
    return load_private_key(pem)


@dataclass(slots=True)
class WechatMerchant:
    """What a merchant holds; `notify_url` is where callbacks go."""

    simulator: Simulator
    facts: dict[str, str]
    notify_url: str

    def authorization(
        self,
        method: str,
        target: str,
        body: str = "",
        *,
        age: timedelta = timedelta(),
        forged: Mapping[str, str] = _NOTHING,
    ) -> str:
        """Return the header for a request, `age` old, with parts of it forged."""
        timestamp = str(int((datetime.now(UTC) - age).timestamp()))
        nonce = secrets.token_hex(16)
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n"
        parts = {
            "mchid": self.facts["mchid"],
            "nonce_str": nonce,
            "signature": rsa_sign(_loaded(self.facts["private_key"]), message),
            "timestamp": timestamp,
            "serial_no": self.facts["serial_no"],
            **forged,
        }
        joined = ",".join(f'{name}="{value}"' for name, value in parts.items())
        return f"WECHATPAY2-SHA256-RSA2048 {joined}"

    async def send(
        self,
        method: str,
        target: str,
        content: object = None,
        *,
        age: timedelta = timedelta(),
        verify: bool = True,
    ) -> httpx.Response:
        """Send a signed request; the signature of the answer is verified unless it is known to have none."""
        body = "" if content is None else json.dumps(content, ensure_ascii=False)
        headers = {"Authorization": self.authorization(method, target, body, age=age)}
        answer = await self.simulator.client.request(method, target, content=body.encode(), headers=headers)
        if verify:
            assert self.verifies(dict(answer.headers), answer.text), answer.text
        return answer

    async def order(
        self, number: str, *, total: int = 600, method: str = "native", more: Mapping[str, Any] = _NOTHING
    ) -> httpx.Response:
        """Ask for a payment."""
        content = {
            "appid": self.facts["appid"],
            "mchid": self.facts["mchid"],
            "description": "600 coins",
            "out_trade_no": number,
            "notify_url": f"{self.notify_url}/paid",
            "amount": {"total": total, "currency": "CNY"},
            **more,
        }
        return await self.send("POST", f"/v3/pay/transactions/{method}", content)

    async def query(self, number: str) -> dict[str, Any]:
        """Return what WeChat says of an order."""
        mchid = self.facts["mchid"]
        answer = await self.send("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}")
        return dict(answer.json())

    async def close(self, number: str) -> httpx.Response:
        """Close an order."""
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return await self.send("POST", target, {"mchid": self.facts["mchid"]})

    async def refund(self, order: str, number: str, *, refund: int, total: int = 600) -> httpx.Response:
        """Ask for a refund."""
        content = {
            "out_trade_no": order,
            "out_refund_no": number,
            "reason": "not wanted",
            "notify_url": f"{self.notify_url}/refunded",
            "amount": {"refund": refund, "total": total, "currency": "CNY"},
        }
        return await self.send("POST", "/v3/refund/domestic/refunds", content)

    def verifies(self, headers: dict[str, str], body: str) -> bool:
        """Tell whether WeChat signed this, by key or by certificate."""
        found = {name.lower(): value for name, value in headers.items()}
        serial = found.get("wechatpay-serial", "")
        if serial == self.facts["public_key_id"]:
            key = load_public_key(self.facts["public_key"])
        elif serial == self.facts["platform_serial_no"]:
            key = load_pem_x509_certificate(self.facts["platform_certificate"].encode()).public_key()
        else:
            return False
        return bool(
            rsa_verify(
                found["wechatpay-timestamp"],
                found["wechatpay-nonce"],
                body,
                found["wechatpay-signature"],
                key,
            )
        )

    def opened(self, callback: Received) -> dict[str, Any]:
        """Return a callback with its resource decrypted; fails the test unless both are right."""
        assert self.verifies(callback.headers, callback.body.decode())
        envelope: dict[str, Any] = json.loads(callback.body)
        resource = envelope["resource"]
        assert resource["algorithm"] == "AEAD_AES_256_GCM"
        plain = aes_decrypt(
            resource["nonce"], resource["ciphertext"], resource["associated_data"], self.facts["apiv3_key"]
        )
        assert plain is not None
        return {**envelope, "resource": json.loads(plain)}


async def merchant_of(simulator: Simulator, notify_url: str, **wish: Any) -> WechatMerchant:  # noqa: ANN401
    """Make a merchant of one test's own."""
    made = await simulator.merchant(**wish)
    return WechatMerchant(simulator, made["facts"], notify_url)
