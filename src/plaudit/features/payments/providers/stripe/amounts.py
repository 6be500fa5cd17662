"""Amounts as Stripe counts them: in the minor unit of ISO 4217, but for a few currencies.

Stripe charges ISK and UGX, which have no minor unit, in hundredths that must come to whole ones, and MGA,
which has one, without it. Of currencies with three decimals the last must be zero.
"""

from typing import Final

from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.assets import asset_of

_THOUSANDTHS: Final = 3
_SCALES: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""How many decimals Stripe gives a currency, where it does not follow ISO 4217."""


def to_stripe(*, asset: str, amount_minor: int) -> int:
    """Return an amount as Stripe counts it. Raises ValueError for what it cannot charge."""
    scale = _scale(asset)
    theirs = _SCALES.get(asset, scale)
    if theirs < scale:
        amount, rest = divmod(amount_minor, _times(scale - theirs))
    else:
        amount = amount_minor * _times(theirs - scale)
        rest = amount % 10 if scale == _THOUSANDTHS else 0
    if rest:
        raise ValueError(f"Stripe takes no {amount_minor} minor units of {asset}, only rounder amounts")
    return amount


def from_stripe(*, currency: str, amount: int) -> tuple[str, int]:
    """Return the asset and the amount in its minor units. Raises ValueError for what they cannot tell."""
    asset = currency.upper()
    scale = _scale(asset)
    theirs = _SCALES.get(asset, scale)
    if theirs > scale:
        amount_minor, rest = divmod(amount, _times(theirs - scale))
    else:
        amount_minor, rest = amount * _times(scale - theirs), 0
    if rest or abs(amount_minor) > MAX_MINOR:
        raise ValueError(f"{amount} of {asset} is no amount in its minor units")
    return asset, amount_minor


def _times(decimals: int) -> int:
    times: int = 10**decimals
    return times


def _scale(asset: str) -> int:
    try:
        found = asset_of(asset)
    except Refusal as refusal:
        raise ValueError(f"{asset[:8]} is no currency that is known here") from refusal
    if found.kind != "money":
        raise ValueError(f"{asset} is no currency")
    return found.scale
