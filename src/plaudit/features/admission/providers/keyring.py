"""The keys of a media server that nobody has to keep: made of the installation's key and a number.

The number goes up when keys are changed. The one before is still taken, so that what was given out and what
the server is configured with still work. Of keys to sign with, the one to come is published early.
"""

from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)

from plaudit.platform.crypto import Vault

_CONTEXT: Final = "admission/keys"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (FIPS 186-4, D.1.2.3): private keys are numbers from 1 to below it."""
_SECRET_HEX: Final = 40


class Keyring:
    """The keys of one media server, by number from 1."""

    __slots__ = ("_server", "_vault", "number")

    def __init__(self, *, vault: Vault, server: str, number: int) -> None:
        """Take the server's id and the number that is in use."""
        self._vault = vault
        self._server = server
        self.number = number

    def _mark(self, use: str, number: int) -> bytes:
        return self._vault.mark(text=self._text(use, number), context=_CONTEXT)

    def _text(self, use: str, number: int) -> bytes:
        return f"{self._server}/{use}/{number}".encode()

    def _taken(self) -> Sequence[int]:
        return (self.number, self.number - 1) if self.number > 1 else (self.number,)

    def hook_secrets(self) -> tuple[str, ...]:
        """Return what a hook's address may carry, the one in use first; by a key beside as well."""
        return tuple(
            mark.hex()[:_SECRET_HEX]
            for number in self._taken()
            for mark in self._vault.marks(text=self._text("hook", number), context=_CONTEXT)
        )

    def token_keys(self) -> tuple[tuple[int, bytes], ...]:
        """Return the keys of our own tokens by their number, the one in use first."""
        return tuple((number, self._mark("token", number)) for number in self._taken())

    def signing_keys(self) -> tuple[tuple[str, EllipticCurvePrivateKey], ...]:
        """Return the keys on P-256 that are published, by id: in use, the one before, the one to come."""
        return tuple(
            (f"{self._server}-{number}", self._signing_key(number))
            for number in (*self._taken(), self.number + 1)
        )

    def signing_key(self) -> tuple[str, EllipticCurvePrivateKey]:
        """Return the key to sign with, and its id."""
        return f"{self._server}-{self.number}", self._signing_key(self.number)

    def _signing_key(self, number: int) -> EllipticCurvePrivateKey:
        seed = self._mark("sign/1", number) + self._mark("sign/2", number)
        return derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, SECP256R1())
