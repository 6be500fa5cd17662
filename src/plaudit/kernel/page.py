"""Keyset pages: a slice of a list and an opaque cursor to what follows."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from plaudit.kernel.refusal import Refusal, invalid

Item_co = TypeVar("Item_co", covariant=True)
CursorPart: TypeAlias = str | int

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200
_CURSOR_MAX: Final = 1024
_BIGINT: Final = 2**63


@dataclass(frozen=True, slots=True)
class Page(Generic[Item_co]):
    """Some items in order; `next_cursor` leads to the following ones and is None at the end."""

    items: Sequence[Item_co]
    next_cursor: str | None


def encode_cursor(parts: Sequence[CursorPart]) -> str:
    """Return the key of the last item shown as an opaque cursor: base64url of JSON."""
    text = json.dumps(list(parts), separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str, *types: type[str] | type[int]) -> list[CursorPart]:
    """Return the parts of a cursor that `encode_cursor` gave.

    With `types` the parts must be exactly of these types, in number and order. Raises Refusal
    `cursor.invalid` (INVALID) on anything else.
    """
    if len(cursor) > _CURSOR_MAX:
        raise _garbage()
    parts: list[CursorPart]
    try:
        parts = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        fits = type(parts) is list and all(map(_may_be_key, parts)) and encode_cursor(parts) == cursor
    except (ValueError, RecursionError) as cause:
        raise _garbage() from cause
    if not fits or (types and [type(part) for part in parts] != list(types)):
        raise _garbage()
    return parts


def _may_be_key(part: object) -> bool:
    """Tell whether a database key can hold `part`: text without NUL, or a 64-bit integer; never a bool."""
    return (type(part) is str and "\0" not in part) or (type(part) is int and -_BIGINT <= part < _BIGINT)


def check_limit(limit: int | None) -> int:
    """Return how many items a page holds: 50 when not given, else 1 to 200.

    Raises Refusal `limit.invalid` (INVALID) outside of that.
    """
    if limit is None:
        return LIMIT_DEFAULT
    if not 1 <= limit <= LIMIT_MAX:
        raise invalid("limit.invalid", f"Ask for 1 to {LIMIT_MAX} items a page.", limit=limit)
    return limit


def _garbage() -> Refusal:
    return invalid("cursor.invalid", "Send the cursor exactly as the previous page gave it, or none.")
