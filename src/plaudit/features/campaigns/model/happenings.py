"""What campaigns hear of the journal: something that a viewer did, and that it was undone.

Facts become these two by `triggers.read`, which is the only place that knows how they are spelled.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

Value: TypeAlias = str | int | bool | tuple[str, ...]

TIMES: Final = "times"
"""The amount, and its asset, that every happening has: it counts once."""

_TIE_BYTES: Final = 8
_POSITION_BYTES: Final = 8
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Happening(Struct, frozen=True, gc=False):
    """A fact that campaigns may reward.

    `amounts` by name are (asset, minor units), `values` the attributes that the fact alone tells; what it
    does not say is left out of both. `reference` is by what a reversal finds it: the id of the payment, or
    "order/<position>".
    """

    trigger: str
    position: int
    at: datetime
    viewer: str
    amounts: dict[str, tuple[str, int]]
    values: dict[str, Value]
    reference: str | None = None


class Reversal(Struct, frozen=True, gc=False):
    """A fact that undoes a happening, in whole or part.

    It undoes the happening at position `target`, or else every one that has its `reference`, whatever its
    trigger: a payment, and the top-up that it paid for. `reversed_minor` is what is undone of it so far, all
    reversals together, out of `paid_minor`, which is the happening's amount "paid" where it is None.
    `trigger` tells what sort of reversal it is.
    """

    position: int
    at: datetime
    trigger: str
    target: int | None
    reference: str | None
    reversed_minor: int
    paid_minor: int | None


class Described(Struct, frozen=True, gc=False):
    """The host platform said what a viewer is from this fact on."""

    viewer: str
    position: int
    at: datetime
    level: int | None
    tags: tuple[str, ...]


def tie_of(happening: Happening) -> bytes:
    """Return 8 bytes that stand for what a happening says, wherever it stands in the journal.

    Facts of one moment are in order of them, so that the order does not depend on who delivered first.
    Neither position nor reference counts: both are given on arrival.
    """
    said = (happening.trigger, happening.viewer, happening.amounts, happening.values)
    return blake2b(_encode(said), digest_size=_TIE_BYTES).digest()


def rank_of(happening: Happening) -> bytes:
    """Return what orders the happenings of one moment: the tie, then the position; 16 bytes, no two alike."""
    return tie_of(happening) + happening.position.to_bytes(_POSITION_BYTES, "big")


def left_of(happening: Happening, reversal: Reversal | None, *, amount: str) -> int:
    """Return what an amount of a happening is once a reversal has undone its part, rounded down, never < 0.

    The reversal's part is of what was paid, or of the value where gifts in hand paid. What counts once does
    so until everything is undone. 0 without such an amount.
    """
    base_minor = happening.amounts.get(amount, ("", 0))[1]
    if reversal is None or not reversal.reversed_minor:
        return base_minor
    whole_minor = reversal.paid_minor
    if whole_minor is None:
        whole_minor = max(happening.amounts.get(name, ("", 0))[1] for name in ("paid", "value"))
    if reversal.reversed_minor >= whole_minor:
        return 0
    if amount == TIMES:
        return base_minor
    return base_minor * (whole_minor - reversal.reversed_minor) // whole_minor
