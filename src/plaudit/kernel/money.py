"""Amounts: integers in minor units, written and read exactly, split without loss."""

import re
from collections.abc import Sequence

from plaudit.kernel.rate import Rate

MAX_MINOR = 2**53 - 1
"""The largest amount, either sign: every JSON reader holds it exactly."""

_AMOUNT = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?", re.ASCII)
_TEXT_MAX = 40


def parse_minor(*, text: str, scale: int) -> int:
    """Return the minor units written in `text` as a decimal of major units.

    `scale` is the number of decimals of the asset: "12.34" at 2 is 1234, "12" at 0 is 12. Thousands may be
    grouped by commas. Raises ValueError on anything else, on more decimals than `scale` (zeros included:
    "1.000" at 2 says another precision than the asset has) and beyond `MAX_MINOR`.
    """
    match = _AMOUNT.fullmatch(text) if len(text) <= _TEXT_MAX else None
    if match is None:
        message = f"{text[:_TEXT_MAX]!r} is not an amount"
        raise ValueError(message)
    decimals = match[3] or ""
    if len(decimals) > scale:
        message = f"{text!r} has {len(decimals)} decimals, the asset has {scale}"
        raise ValueError(message)
    amount_minor = int(match[2].replace(",", "") + decimals.ljust(scale, "0"))
    if amount_minor > MAX_MINOR:
        message = f"{text!r} is larger than {MAX_MINOR} minor units"
        raise ValueError(message)
    return -amount_minor if match[1] == "-" else amount_minor


def format_minor(*, amount_minor: int, scale: int) -> str:
    """Return minor units as a decimal of major units with grouped thousands: 123456 at 2 is "1,234.56"."""
    sign = "-" if amount_minor < 0 else ""
    major, minor = divmod(abs(amount_minor), 10**scale)
    return f"{sign}{major:,}.{minor:0{scale}d}" if scale else f"{sign}{major:,}"


def split(*, amount_minor: int, weights: Sequence[Rate]) -> list[int]:
    """Return each rate's share of a non-negative `amount_minor`, rounded down, in the order of `weights`.

    With rates that together are at most the whole, the shares never exceed the amount; what rounding leaves
    over is the caller's to give by the rule it states: `amount_minor - sum(shares)`.
    """
    return [amount_minor * weight.numerator // weight.denominator for weight in weights]
