"""How Alipay writes things: parameters to be signed, yuan, times of Shanghai."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from plaudit.kernel.money import format_minor, parse_minor

ASSET: Final = "CNY"
SCALE: Final = 2
# Mainland China has one time without summer time; Alipay writes it without an offset.
_AHEAD: Final = timedelta(hours=8)
SHANGHAI: Final = timezone(_AHEAD)
_UNSIGNED: Final = frozenset({"sign"})


def canonical(parameters: Mapping[str, str], *, without: frozenset[str] = _UNSIGNED) -> str:
    """Return what is signed of parameters: `k=v` of all that have a value, sorted by name, joined by "&"."""
    return "&".join(
        f"{name}={value}" for name, value in sorted(parameters.items()) if value and name not in without
    )


def yuan(amount_minor: int) -> str:
    """Return fen as yuan with two decimals and nothing else: 123456 is "1234.56"."""
    return format_minor(amount_minor=amount_minor, scale=SCALE).replace(",", "")


def fen(text: str) -> int:
    """Return yuan as fen, exactly. Raises ValueError on anything that is not an amount of yuan."""
    return parse_minor(text=text, scale=SCALE)


def written(at: datetime) -> str:
    """Return a time as Alipay writes it, "2026-11-22 10:03:04", cut to the second."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def instant(text: str) -> datetime:
    """Return the instant of a time that Alipay wrote, parts of a second or not. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None or len(text) < len("2026-11-22 10:03:04"):
        raise ValueError(f"{text[:40]!r} is not a time")
    # Twice as fast as a change of zones; a bill has one in every line.
    return found.replace(tzinfo=UTC) - _AHEAD
