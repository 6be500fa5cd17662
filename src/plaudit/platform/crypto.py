"""Sealing of secrets that have to be read again, by AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["SealError", "Vault", "secret_key"]

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_KEY_FILE: Final = "secret.key"


class SealError(RuntimeError):
    """A sealed text cannot be opened, or a key cannot be used; the message says what to do."""


class Vault:
    """Seals and opens texts with one key. `context` binds a text to its place: it opens nowhere else."""

    __slots__ = ("_cipher", "_mark_key")

    def __init__(self, *, key: bytes) -> None:
        """Take a key of 32 bytes; ValueError otherwise."""
        if len(key) != KEY_BYTES:
            message = f"the secret key needs {KEY_BYTES} bytes, not {len(key)}"
            raise ValueError(message)
        self._cipher = AESGCM(key)
        self._mark_key = hmac.digest(key, b"plaudit/mark", "sha256")

    def seal(self, *, text: bytes, context: str, randomness: Callable[[int], bytes]) -> bytes:
        """Return `text` sealed, with a nonce of 12 bytes drawn from `randomness`."""
        nonce = randomness(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text, context.encode())

    def mark(self, *, text: bytes, context: str) -> bytes:
        """Return 32 bytes that only this installation can make of `text` (HMAC-SHA256).

        Another `context` makes another mark. For links that prove themselves, and to compare what must not be
        kept. Compare marks in constant time.
        """
        return hmac.digest(self._mark_key, context.encode() + b"\0" + text, "sha256")

    def open(self, *, sealed: bytes, context: str) -> bytes:
        """Return what was sealed. Raises SealError when the key, the context or the text is another."""
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _VERSION:
            raise _unopened(context)
        try:
            return self._cipher.decrypt(nonce, text, context.encode())
        except (InvalidTag, ValueError):
            raise _unopened(context) from None


def _unopened(context: str) -> SealError:
    return SealError(f"{context} cannot be opened: PLAUDIT_SECRET_KEY is not the key it was sealed with")


def secret_key(*, given: str | None, data_dir: Path, randomness: Callable[[int], bytes]) -> bytes:
    """Return the installation's key: the one given as base64url, else the data folder's, made when missing.

    Several starters at once agree on one. Raises SealError when either cannot be used.
    """
    if given is not None:
        return _decoded(given, where="PLAUDIT_SECRET_KEY")
    path = data_dir / _KEY_FILE
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = data_dir / f".{_KEY_FILE}.{os.getpid()}.{randomness(4).hex()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(urlsafe_b64encode(randomness(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link fails where the name is taken, so that the first of several starters wins.
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return _decoded(path.read_text(), where=str(path))


def _decoded(text: str, *, where: str) -> bytes:
    stripped = text.strip().rstrip("=")
    try:
        key = urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"{where} must hold {KEY_BYTES} bytes as base64url"
        raise SealError(message)
    return key
