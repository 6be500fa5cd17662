"""Chance made into wishes: a few viewers and creators, small amounts, and facts that mostly exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tests.kit.wishes import (
    GUILD,
    ISSUANCE,
    PLATFORM,
    Capture,
    Credit,
    Expire,
    Freeze,
    Open,
    Release,
    Reverse,
    Tip,
    Wish,
    day_of,
    earnings,
    escrow,
    wallet,
)

__all__ = ["ADDRESSES", "AMOUNT_MAX", "CREATORS", "VERBS", "VIEWERS", "Lot", "wish_of"]

VIEWERS: Final = ("v1", "v2", "v3")
CREATORS: Final = ("c1", "c2")
ADDRESSES: Final = (
    *map(wallet, VIEWERS),
    *map(escrow, VIEWERS),
    *map(earnings, CREATORS),
    GUILD,
    PLATFORM,
    ISSUANCE,
)
AMOUNT_MAX: Final = 60


class Lot(NamedTuple):
    """What chance gave. ``pick`` chooses among the holds or tips there are; ``level`` is 0, 1 or 2."""

    verb: str
    viewer: str
    creator: str
    amount: int
    pick: int
    address: str
    level: int


class _Scene(NamedTuple):
    lot: Lot
    now: datetime
    holds: Mapping[int, str]
    tips: Mapping[int, Tip]

    def hold(self) -> tuple[int, str]:
        """Return a hold and its viewer; now and then, and where there is none, one that never was."""
        numbers = [*self.holds, 0]
        number = numbers[self.lot.pick % len(numbers)]
        return number, self.holds.get(number, self.lot.viewer)


def wish_of(lot: Lot, *, now: datetime, holds: Mapping[int, str], tips: Mapping[int, Tip]) -> Wish:
    """Return the wish that a lot stands for, given the holds (and whose they are) and the tips so far."""
    return _WISHES[lot.verb](_Scene(lot, now, holds, tips))


def _tip(scene: _Scene) -> Wish:
    return Tip(scene.lot.viewer, scene.lot.creator, scene.lot.amount, day_of(scene.now))


def _reverse(scene: _Scene) -> Wish:
    if not scene.tips:
        return _tip(scene)
    number = [*scene.tips][scene.lot.pick % len(scene.tips)]
    return Reverse(number, scene.tips[number], scene.lot.amount)


def _open(scene: _Scene) -> Wish:
    deadline = scene.now + timedelta(minutes=scene.lot.amount - 3)
    return Open(scene.lot.viewer, scene.lot.amount, deadline)


def _capture(scene: _Scene) -> Wish:
    return Capture(*scene.hold(), scene.lot.creator, scene.lot.amount)


def _release(scene: _Scene) -> Wish:
    return Release(*scene.hold(), scene.lot.amount if scene.lot.level else None)


_WISHES: Final[Mapping[str, Callable[[_Scene], Wish]]] = {
    "credit": lambda scene: Credit(scene.lot.viewer, scene.lot.amount * 3),
    "tip": _tip,
    "reverse": _reverse,
    "open": _open,
    "capture": _capture,
    "release": _release,
    "expire": lambda scene: Expire(*scene.hold()),
    "freeze": lambda scene: Freeze(scene.lot.address, scene.lot.level),
    "thaw": lambda scene: Freeze(scene.lot.address, 0),
}

VERBS: Final = tuple(_WISHES)
