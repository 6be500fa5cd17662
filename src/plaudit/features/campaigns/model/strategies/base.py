"""What a strategy is: a pure function from what a window has counted to what it is worth.

A grant is the difference between what a window is worth and what it was worth before. So late facts, refunds
and new tiers need no rules of their own, and whatever the order, the sum is the same.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

from msgspec import Struct, field

from plaudit.features.campaigns.model.happenings import Value
from plaudit.features.campaigns.model.terms import Tier
from plaudit.kernel.rate import Rate


class Portion(Struct, frozen=True, gc=False):
    """One fact's part in a window: counted once, and again with less (down to 0) when it is undone.

    `before_minor` is what the window has of it, `after_minor` what it is to have, both ≥ 0. `tie` orders
    facts of one moment, no two alike (`happenings.rank_of`). `chance` is a number below 2**64 drawn for
    the fact.
    """

    at: datetime
    day: date
    tie: bytes
    before_minor: int
    after_minor: int
    revision: int
    chance: int = 0


class Given(NamedTuple):
    """What is left of grants for facts of one day (ISO): of one that counts (`times` is 1), or of some."""

    day: str
    amount_minor: int
    times: int


class Tally(Struct):
    """What a window has counted. Strategies use what they need of it; all of it is stored.

    `totals`: the sum of the base by revision. `days`: by ISO day, for streaks. `first`: (at in microseconds,
    tie, base, revision) of the earliest portion, for first times. `given`: what caps have counted of
    grants and was not taken back, oldest first.
    """

    totals: dict[int, int] = field(default_factory=dict)
    days: dict[str, int] = field(default_factory=dict)
    first: tuple[int, bytes, int, int] | None = None
    chance: int = 0
    given: list[Given] = field(default_factory=list)


def add(tally: Tally, portion: Portion) -> None:
    """Bring a portion into the sum of its revision; a revision of which nothing is left is none."""
    total_minor = tally.totals.get(portion.revision, 0) + portion.after_minor - portion.before_minor
    if total_minor:
        tally.totals[portion.revision] = total_minor
    else:
        tally.totals.pop(portion.revision, None)


@lru_cache(maxsize=4096)
def rate_of(text: str) -> Rate:
    """Return a rate by its text, read once. Raises ValueError when it is none."""
    return Rate.parse(text)


def tier_worth(tiers: Sequence[Tier], amount_minor: int) -> int:
    """Return what the highest tier that an amount reaches is worth, 0 below the first of them."""
    for tier in reversed(tiers):
        if amount_minor >= tier.from_minor:
            if tier.reward_minor is not None:
                return tier.reward_minor
            assert tier.ratio is not None, tier
            return rate_of(tier.ratio).of(amount_minor)
    return 0


class Worker(Protocol):
    """One campaign's strategy at work, made from its terms of all revisions so far (by number)."""

    def window(self, *, at: datetime, day: date, values: Mapping[str, Value], position: int) -> str:
        """Return the name of the window that a fact counts in; the viewer is no part of it."""
        ...

    def count(self, tally: Tally, portion: Portion) -> None:
        """Count a portion, or count it anew."""
        ...

    def worth(self, tally: Tally) -> int:
        """Return what a window is worth in all, in minor units of the reward; never negative."""
        ...
