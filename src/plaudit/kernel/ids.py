"""Identifiers: our own (prefix and sortable number), the host platform's (names), and random tokens."""

import re
from collections.abc import Callable
from typing import Final

from plaudit.kernel.refusal import invalid

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford base 32 in lower value first; ascending in ASCII, so that text sorts like the number."""

DIGITS: Final = 13
MAX_NUMBER: Final = 2**63 - 1
"""The largest number an id carries: PostgreSQL's bigint. Thirteen digits hold 65 bits."""

NAME_MAX: Final = 64

_PAIRS: Final = tuple(high + low for high in CROCKFORD for low in CROCKFORD)
_READ_BY_INT: Final = dict(zip(CROCKFORD.encode(), b"0123456789abcdefghijklmnopqrstuv", strict=True))
_BASE_32: Final = bytes(_READ_BY_INT.get(code, 0) for code in range(256))
"""Translates our digits to those that `int` reads, everything else to what it refuses."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]*", re.ASCII)
_TOKEN_BYTES_MIN: Final = 16


def encode_id(prefix: str, number: int) -> str:
    """Return `number` (0 to 2**63-1) as "tip_000000000001A": the prefix, "_" and 13 Crockford digits.

    Ids of one prefix sort as text the way their numbers sort.
    """
    pairs = _PAIRS
    return (
        f"{prefix}_{CROCKFORD[number >> 60]}{pairs[number >> 50 & 1023]}{pairs[number >> 40 & 1023]}"
        f"{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}"
        f"{pairs[number & 1023]}"
    )


def decode_id(prefix: str, text: str) -> int:
    """Return the number in an id of this prefix. Raises Refusal `invalid.id` (INVALID) on anything else.

    Only the exact form that `encode_id` gives is accepted, so that one thing has one id.
    """
    digits = text[len(prefix) + 1 :]
    if len(digits) == DIGITS and text.startswith(prefix) and text[len(prefix)] == "_":
        try:
            number = int(digits.encode("ascii").translate(_BASE_32), 32)
        except ValueError:
            number = MAX_NUMBER + 1
        if number <= MAX_NUMBER:
            return number
    raise invalid("invalid.id", f"Send the id as it was given: {prefix}_ and {DIGITS} digits or capitals.")


def valid_name(text: str, max_len: int = NAME_MAX) -> bool:
    """Tell whether `text` may name a viewer, creator, gift or show: the rule of external ids.

    A letter or digit first, then letters, digits and `_ . : @ -`; ASCII, no slash, at most `max_len` long.
    """
    return len(text) <= max_len and _NAME.fullmatch(text) is not None


def new_token(*, random_bytes: Callable[[int], bytes], size_bytes: int = 32) -> str:
    """Return a secret of `size_bytes` random bytes as lower-case hexadecimal.

    `random_bytes` is the source (`secrets.token_bytes` outside tests). Raises ValueError below 16 bytes.
    """
    if size_bytes < _TOKEN_BYTES_MIN:
        message = f"a token needs at least {_TOKEN_BYTES_MIN} random bytes, not {size_bytes}"
        raise ValueError(message)
    return random_bytes(size_bytes).hex()
