"""Reading an AccessToken2 as Agora does, written from the format alone and not from what makes tokens."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from base64 import b64decode
from dataclasses import dataclass
from io import BytesIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a token says."""

    app_id: str
    issued_at_s: int
    expire_s: int
    salt: int
    privileges: dict[int, int]
    channel: str
    uid: str


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = BytesIO(raw)

    def number(self, size: int) -> int:
        return int.from_bytes(self._raw.read(size), "little")

    def piece(self) -> bytes:
        return self._raw.read(self.number(2))

    def rest(self) -> bytes:
        return self._raw.read()


def opened(token: str, *, certificate: str) -> Said:
    """Return what a token for one channel says, its signature verified."""
    assert token.startswith("007")
    whole = _Reader(zlib.decompress(b64decode(token[3:], validate=True)))
    signature, info = whole.piece(), whole.rest()
    reader = _Reader(info)
    app_id = reader.piece().decode()
    issued_at_s, expire_s, salt = (reader.number(4) for _ in range(3))
    first = hmac.new(issued_at_s.to_bytes(4, "little"), certificate.encode(), hashlib.sha256).digest()
    key = hmac.new(salt.to_bytes(4, "little"), first, hashlib.sha256).digest()
    assert hmac.new(key, info, hashlib.sha256).digest() == signature
    assert (reader.number(2), reader.number(2)) == (1, 1), "one service, for real-time communication"
    privileges = {reader.number(2): reader.number(4) for _ in range(reader.number(2))}
    channel, uid = reader.piece().decode(), reader.piece().decode()
    assert reader.rest() == b""
    return Said(
        app_id=app_id,
        issued_at_s=issued_at_s,
        expire_s=expire_s,
        salt=salt,
        privileges=privileges,
        channel=channel,
        uid=uid,
    )
