"""Sealing of secrets that have to be read again, by AES-256-GCM (NIST SP 800-38D)."""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["SealError", "Vault", "keys_beside", "secret_key"]

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
_KEY_FILE: Final = "secret.key"


class SealError(RuntimeError):
    """A sealed text cannot be opened, or a key cannot be used; the message says what to do."""


class Vault:
    """Seals and opens texts with one key. `context` binds a text to its place: it opens nowhere else.

    While the key changes there are others beside it, which open what was sealed with them and seal nothing.
    """

    __slots__ = ("_ciphers", "_mark_keys")

    def __init__(self, *, key: bytes, beside: Sequence[bytes] = ()) -> None:
        """Take a key of 32 bytes, and those that open beside it; ValueError otherwise."""
        for one in (key, *beside):
            if len(one) != KEY_BYTES:
                message = f"the secret key needs {KEY_BYTES} bytes, not {len(one)}"
                raise ValueError(message)
        self._ciphers = tuple(AESGCM(one) for one in (key, *beside))
        self._mark_keys = tuple(hmac.digest(one, b"plaudit/mark", "sha256") for one in (key, *beside))

    def seal(self, *, text: bytes, context: str, randomness: Callable[[int], bytes]) -> bytes:
        """Return `text` sealed, with a nonce of 12 bytes drawn from `randomness`."""
        nonce = randomness(_NONCE_BYTES)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, text, context.encode())

    def mark(self, *, text: bytes, context: str) -> bytes:
        """Return 32 bytes that only this installation can make of `text` (HMAC-SHA256).

        Another `context` makes another mark. For links that prove themselves, and to compare what must not be
        kept. Compare marks in constant time.
        """
        return self.marks(text=text, context=context)[0]

    def marks(self, *, text: bytes, context: str) -> tuple[bytes, ...]:
        """Return the mark of a text by each key, the one in use first: what may have been given out."""
        marked = context.encode() + b"\0" + text
        return tuple(hmac.digest(key, marked, "sha256") for key in self._mark_keys)

    def open(self, *, sealed: bytes, context: str) -> bytes:
        """Return what was sealed. Raises SealError when the key, the context or the text is another."""
        return self._opened(sealed, context)[1]

    def reseal(self, *, sealed: bytes, context: str, randomness: Callable[[int], bytes]) -> bytes | None:
        """Return a sealed text sealed with the key in use, None where it is already. Raises as `open`."""
        place, text = self._opened(sealed, context)
        return None if place == 0 else self.seal(text=text, context=context, randomness=randomness)

    def _opened(self, sealed: bytes, context: str) -> tuple[int, bytes]:
        """Return which key opens a text, and the text."""
        nonce, text = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _VERSION:
            raise _unopened(context)
        for place, cipher in enumerate(self._ciphers):
            with suppress(InvalidTag, ValueError):
                return place, cipher.decrypt(nonce, text, context.encode())
        raise _unopened(context)


def _unopened(context: str) -> SealError:
    return SealError(
        f"{context} cannot be opened: neither PLAUDIT_SECRET_KEY nor one of PLAUDIT_SECRET_KEYS_BESIDE is the"
        " key it was sealed with"
    )


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


def keys_beside(given: Sequence[str]) -> tuple[bytes, ...]:
    """Return the keys that open beside the one in use, each as base64url. Raises SealError."""
    return tuple(_decoded(one, where="PLAUDIT_SECRET_KEYS_BESIDE") for one in given)


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
