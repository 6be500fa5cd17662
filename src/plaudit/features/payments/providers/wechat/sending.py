"""Sending of signed requests; the answer is not believed yet."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from plaudit.features.payments.providers.wechat.signing import Signer
from plaudit.platform.outbound import Answer, Outbound

_DOWNLOAD_TIMEOUT_MS: Final = 120_000
_DOWNLOAD_MAX_BYTES: Final = 512 * 1024 * 1024


class Sender:
    """Sends what a merchant has signed."""

    __slots__ = ("_base_url", "_outbound", "_public_key_id", "_signer")

    def __init__(
        self, *, outbound: Outbound, signer: Signer, base_url: str, public_key_id: str | None
    ) -> None:
        """Send to `base_url`; `public_key_id` asks the channel to sign its answers by that key."""
        self._outbound = outbound
        self._signer = signer
        self._base_url = base_url.rstrip("/")
        self._public_key_id = public_key_id

    async def send(self, *, method: str, path: str, body: bytes = b"") -> Answer:
        """Return the answer to a signed request for `path` (with its query). Raises Failure."""
        url = self._base_url + path
        headers = {
            "Accept": "application/json",
            "Authorization": self._authorization(method=method, url=url, body=body),
            "User-Agent": "plaudit",
        }
        if body:
            headers["Content-Type"] = "application/json"
        if self._public_key_id is not None:
            headers["Wechatpay-Serial"] = self._public_key_id
        return await self._outbound.send(method=method, url=url, headers=headers, body=body)

    async def download(self, *, url: str) -> Answer:
        """Return the answer of a download address, which may be of any host. Raises Failure.

        Its signature is good for this one address and for five minutes; nothing else is told there.
        """
        headers = {
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Authorization": self._authorization(method="GET", url=url, body=b""),
            "User-Agent": "plaudit",
        }
        return await self._outbound.send(
            method="GET",
            url=url,
            headers=headers,
            timeout_ms=_DOWNLOAD_TIMEOUT_MS,
            answer_max_bytes=_DOWNLOAD_MAX_BYTES,
        )

    def _authorization(self, *, method: str, url: str, body: bytes) -> str:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self._signer.authorization(method=method, target=target, body=body)
