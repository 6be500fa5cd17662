"""What the clients of a ledger test may wish for: plain values, for the oracle and the real ledger alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from tests.kit.house import BEGINNING

__all__ = [
    "DAY_LIMIT",
    "GUILD",
    "ISSUANCE",
    "PLATFORM",
    "Capture",
    "Credit",
    "Expire",
    "Freeze",
    "Open",
    "Release",
    "Reverse",
    "Tip",
    "Wish",
    "day_of",
    "earnings",
    "escrow",
    "range_of",
    "wallet",
]

DAY_LIMIT: Final = 120
"""What a viewer may tip a day, in minor units."""

ISSUANCE: Final = "issuance/coin"
GUILD: Final = "guild/g1/earnings/coin"
PLATFORM: Final = "platform/revenue/coin"


@dataclass(frozen=True, slots=True)
class Credit:
    """Coins into a viewer's wallet."""

    viewer: str
    amount: int


@dataclass(frozen=True, slots=True)
class Tip:
    """Coins from a viewer to three accounts, within the viewer's limit of the day numbered ``day``."""

    viewer: str
    creator: str
    amount: int
    day: int = 0

    def shares(self) -> tuple[tuple[str, int], ...]:
        """Return who gets what: 2 of 10 to the guild, 1 of 10 to the platform, the rest to the creator."""
        guild, platform = self.amount // 5, self.amount // 10
        return (
            (earnings(self.creator), self.amount - guild - platform),
            (GUILD, guild),
            (PLATFORM, platform),
        )


@dataclass(frozen=True, slots=True)
class Reverse:
    """Back to the viewer, of the tip at ``position``, as much as ``amount``."""

    position: int
    tip: Tip
    amount: int


@dataclass(frozen=True, slots=True)
class Open:
    """A hold on a viewer's wallet."""

    viewer: str
    amount: int
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Capture:
    """Out of a hold to a creator, and one unit of it to the platform where there are two."""

    hold: int
    viewer: str
    creator: str
    amount: int

    def shares(self) -> tuple[tuple[str, int], ...]:
        """Return who gets what."""
        if self.amount == 1:
            return ((earnings(self.creator), 1),)
        return ((earnings(self.creator), self.amount - 1), (PLATFORM, 1))


@dataclass(frozen=True, slots=True)
class Release:
    """Back from a hold to its account: an amount, or with None all that is left."""

    hold: int
    viewer: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class Expire:
    """Back from a hold past its deadline: all that is left."""

    hold: int
    viewer: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """An account frozen for debits (1), for everything (2), or released (0)."""

    address: str
    level: int


Wish: TypeAlias = Credit | Tip | Reverse | Open | Capture | Release | Expire | Freeze


def wallet(viewer: str) -> str:
    """Return the address of a viewer's coins."""
    return f"viewer/{viewer}/coin"


def escrow(viewer: str) -> str:
    """Return the address of a viewer's held coins."""
    return f"held/viewer/{viewer}/coin"


def earnings(creator: str) -> str:
    """Return the address of a creator's earned coins."""
    return f"creator/{creator}/earnings/coin"


def day_of(at: datetime) -> int:
    """Return the number of the day, from the beginning of the test."""
    return (at - BEGINNING) // timedelta(days=1)


def range_of(tip: Tip, *, before: int, amount: int) -> list[tuple[str, int]]:
    """Return who gives back what when ``amount`` is reversed after ``before`` was, share by share."""
    taken: list[tuple[str, int]] = []
    start = 0
    for address, share in tip.shares():
        part = min(start + share, before + amount) - max(start, before)
        if part > 0:
            taken.append((address, part))
        start += share
    return taken
