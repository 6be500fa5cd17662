"""Whose signatures are the channel's: its public key, or the certificates that it hands out.

A certificate comes sealed with our own key of version 3, which is why it can be believed, and the answer
that brings it must be signed by one of those it brings.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final as Constant

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509 import Certificate, load_pem_x509_certificate

from plaudit.features.payments.providers.wechat.answers import failure_of
from plaudit.features.payments.providers.wechat.sending import Sender
from plaudit.features.payments.providers.wechat.signing import ALGORITHM, is_signed, opened
from plaudit.kernel.time import Clock
from plaudit.platform.failures import Failure, Retryable, Unknown
from plaudit.platform.outbound import Answer

__all__ = ["REFRESH_PAUSE", "RETRY_PAUSE", "KeyRing"]

REFRESH_PAUSE: Constant = timedelta(seconds=60)
"""The least time between two fetches: made-up serial numbers cannot make us ask in a loop."""
RETRY_PAUSE: Constant = timedelta(seconds=5)
"""The same after a fetch that failed."""

_OK: Constant = 200


class _Sealed(msgspec.Struct):
    algorithm: str
    nonce: str
    ciphertext: str
    associated_data: str = ""


class _Listed(msgspec.Struct):
    serial_no: str
    encrypt_certificate: _Sealed


class _Listing(msgspec.Struct):
    data: list[_Listed]


_listing: Constant = msgspec.json.Decoder(_Listing)


@dataclass(frozen=True, slots=True)
class _Platform:
    key: RSAPublicKey
    valid_from: datetime
    valid_until: datetime

    def is_valid(self, now: datetime) -> bool:
        return self.valid_from <= now <= self.valid_until


class KeyRing:
    """The keys of the channel, by the serial number that a signature names."""

    def __init__(
        self, *, sender: Sender, cipher: AESGCM, clock: Clock, fetches: bool, given: dict[str, RSAPublicKey]
    ) -> None:
        """Keep public keys by their id; `fetches` says whether certificates are fetched beside them."""
        self._sender = sender
        self._cipher = cipher
        self._clock = clock
        self._fetches = fetches
        self._given = given
        self._certificates: dict[str, _Platform] = {}
        self._fetching = asyncio.Lock()
        self._next_fetch: datetime | None = None
        self._fault: Failure | None = None

    def known(self, serial: str) -> RSAPublicKey | None:
        """Return the key of a serial number as far as it is at hand."""
        key = self._given.get(serial)
        if key is not None or not self._fetches:
            return key
        found = self._certificates.get(_normal(serial))
        return found.key if found is not None and found.is_valid(self._clock.now()) else None

    async def find(self, serial: str) -> RSAPublicKey | None:
        """Return the key of a serial number, fetching certificates once where it is not at hand.

        None: the channel has no such key. Raises Failure when it cannot be asked.
        """
        key = self.known(serial)
        if key is not None or not self._fetches:
            return key
        # Those that waited here for somebody else's fetch find it done, and the pause running.
        async with self._fetching:
            now = self._clock.now()
            if self._next_fetch is None or now >= self._next_fetch:
                await self._refresh(now)
            elif self._fault is not None:
                raise Retryable("the channel's certificates could not be fetched") from self._fault
        return self.known(serial)

    async def _refresh(self, now: datetime) -> None:
        self._next_fetch = now + RETRY_PAUSE
        try:
            answer = await self._sender.send(method="GET", path="/v3/certificates")
            if answer.status != _OK:
                raise failure_of(answer)
            self._certificates = self._read(answer)
        except Failure as fault:
            self._fault = fault
            raise
        self._fault = None
        self._next_fetch = now + REFRESH_PAUSE

    def _read(self, answer: Answer) -> dict[str, _Platform]:
        try:
            listing = _listing.decode(answer.body)
            found = dict(self._platform(listed) for listed in listing.data)
        except ValueError as error:
            raise Unknown(f"the certificates cannot be read: {error}") from error
        now = self._clock.now()
        headers = answer.headers
        signer = found.get(_normal(headers.get("wechatpay-serial", "")))
        if (
            signer is None
            or not signer.is_valid(now)
            or not is_signed(
                signer.key,
                answer.body,
                timestamp=headers.get("wechatpay-timestamp", ""),
                nonce=headers.get("wechatpay-nonce", ""),
                signature=headers.get("wechatpay-signature", ""),
            )
        ):
            raise Unknown("the answer with the certificates is not signed by one of them")
        return found

    def _platform(self, listed: _Listed) -> tuple[str, _Platform]:
        sealed = listed.encrypt_certificate
        if sealed.algorithm != ALGORITHM:
            raise ValueError(f"algorithm {sealed.algorithm!r}")
        pem = opened(
            self._cipher,
            ciphertext=sealed.ciphertext,
            nonce=sealed.nonce,
            associated_data=sealed.associated_data,
        )
        certificate: Certificate = load_pem_x509_certificate(pem)
        key = certificate.public_key()
        serial = _normal(f"{certificate.serial_number:X}")
        if serial != _normal(listed.serial_no) or not isinstance(key, RSAPublicKey):
            raise ValueError(
                "a certificate is not of RSA, or has another serial number than its listing says"
            )
        return serial, _Platform(key, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _normal(serial: str) -> str:
    """Return a hexadecimal serial number in the one form of many: capitals, no leading zeros."""
    return serial.upper().lstrip("0")
