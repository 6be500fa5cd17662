"""Our own tokens, for media servers that ask: short, opaque to everybody else, bound to what they are for.

A token is base64url of: one byte of flags, one of the key's number, four of its end (Unix seconds), eight of
its serial, the viewer, show, stream and device, and 16 bytes of HMAC-SHA256 over all that. With names of 20
characters it has 150 characters; with the longest, 384: RTMP addresses hold 1,024, SRT's stream ids 512.
"""

import hmac
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Sequence
from struct import Struct
from typing import Final

import msgspec

from plaudit.kernel.refusal import Refusal, unauthenticated

TOKEN_MAX: Final = 400
_HEAD: Final = Struct("!BBIQ")
_MAC_BYTES: Final = 16
_NAMES: Final = 4
_PUBLISH: Final = 1
_SERIAL_TIME_BITS: Final = 20
_SERIAL_MASK: Final = 2**_SERIAL_TIME_BITS - 1


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says: who may watch what, on which device, and until when to begin.

    `serial` grows with the time of issue; no two are the same. `viewer` is empty for the organiser's own
    encoder, which may only publish.
    """

    viewer: str
    show: str
    stream: str
    device: str
    publish: bool
    serial: int
    ends_at_s: int


def serial_of(*, at_ms: int, randomness: bytes) -> int:
    """Return the serial of what is issued at a moment (Unix milliseconds), with three bytes of chance."""
    return at_ms << _SERIAL_TIME_BITS | int.from_bytes(randomness[:3], "big") & _SERIAL_MASK


def sealed(given: Pass, *, key: bytes, key_number: int) -> str:
    """Return the token that says this, by the key of a number."""
    text = f"{given.viewer}\0{given.show}\0{given.stream}\0{given.device}".encode("ascii")
    head = _HEAD.pack(_PUBLISH * given.publish, key_number & 255, given.ends_at_s, given.serial)
    body = head + text
    mac = hmac.digest(key, body, "sha256")[:_MAC_BYTES]
    return urlsafe_b64encode(body + mac).rstrip(b"=").decode("ascii")


def opened(token: str, *, keys: Sequence[tuple[int, bytes]], now_s: int) -> Pass | Refusal:
    """Return what a token says, or why it is refused: `token.missing`, `token.invalid`, `token.expired`.

    `keys` are those that are taken, by their number; forged tokens and those of other servers fail here.
    """
    if not token:
        return unauthenticated("token.missing", "Play the address as it was given, with its token.")
    raw = _raw(token)
    if len(raw) < _HEAD.size + _MAC_BYTES:
        return _invalid()
    body = raw[:-_MAC_BYTES]
    flags, key_number, ends_at_s, serial = _HEAD.unpack_from(body)
    mac = raw[-_MAC_BYTES:]
    if not any(
        number & 255 == key_number and hmac.compare_digest(hmac.digest(key, body, "sha256")[:_MAC_BYTES], mac)
        for number, key in keys
    ):
        return _invalid()
    if ends_at_s <= now_s:
        return unauthenticated("token.expired", "This token is over; ask for a new one.")
    names = body[_HEAD.size :].decode("ascii").split("\0")
    assert len(names) == _NAMES, "what carries our mark was made by us"
    viewer, show, stream, device = names
    return Pass(
        viewer=viewer,
        show=show,
        stream=stream,
        device=device,
        publish=bool(flags & _PUBLISH),
        serial=serial,
        ends_at_s=ends_at_s,
    )


def _raw(token: str) -> bytes:
    """Return the bytes of a token, none of what cannot be one."""
    if len(token) > TOKEN_MAX:
        return b""
    try:
        return a2b_base64(token.replace("-", "+").replace("_", "/") + "==")
    except ValueError:
        return b""


def elsewhere() -> Refusal:
    """Return the refusal of a token that is for another stream, or not for what is asked."""
    return unauthenticated("token.elsewhere", "This token is for another stream; play it where it was given.")


def _invalid() -> Refusal:
    return unauthenticated("token.invalid", "This token is not one of this server; ask for a new one.")
