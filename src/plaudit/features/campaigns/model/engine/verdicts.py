"""What judging ends with: a reward is granted, taken back or withheld, or a campaign runs dry."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.terms import Reward


class Counter(NamedTuple):
    """One counter of a cap: of which campaign, which cap, whose, and of which day in the campaign's zone.

    `viewer` is None where the cap is of everybody, `day` where it is for good; `zone` is whose day it is.
    """

    campaign: str
    sort: str
    viewer: str | None
    day: date | None
    zone: str


class Move(NamedTuple):
    """A counter moves by so much, negative where it gets back; never past the limit, where there is one."""

    counter: Counter
    amount_minor: int
    limit_minor: int | None


class Judged(Struct, frozen=True, kw_only=True, gc=False):
    """What every verdict about a viewer's reward says.

    `fact` is the position of what was judged, `at` when that happened, and `cause` the position of what made
    it be judged. `entitled_minor` is what the window is worth now, `granted_minor` what it counts as given.
    """

    campaign: str
    revision: int
    fact: int
    at: datetime
    cause: int
    viewer: str
    reward: Reward
    window: str
    amount_minor: int
    entitled_minor: int
    granted_minor: int
    moves: tuple[Move, ...] = ()


class Grant(Judged, frozen=True, kw_only=True, gc=False):
    """`amount_minor` is paid out of the budget. With `matures_at` it is pending until then."""

    matures_at: datetime | None = None


class Withheld(Judged, frozen=True, kw_only=True, gc=False):
    """`amount_minor` is what the terms would give and was not paid; `code` says why."""

    code: str


class Taken(NamedTuple):
    """A part of a taking back that comes out of one lot: the lot's grant, by fact and cause, and how much."""

    fact: int
    cause: int
    amount_minor: int


class TakeBack(Judged, frozen=True, kw_only=True, gc=False):
    """`amount_minor` is what the terms take back, and the parts sum to it.

    `lots` are the grants that it comes out of, where they are kept apart: those that have not matured, and
    coupons. `taken_minor` leaves the wallet, or are coupons; `forgiven_minor` and `lost_minor` do not move.
    """

    lots: tuple[Taken, ...] = ()
    pending_minor: int = 0
    taken_minor: int = 0
    debt_minor: int = 0
    forgiven_minor: int = 0
    lost_minor: int = 0

    @property
    def recovered_minor(self) -> int:
        """What goes back into the budget."""
        return self.pending_minor + self.taken_minor + self.debt_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A campaign's budget did not reach for the reward of the fact at this position."""

    campaign: str
    fact: int


Verdict: TypeAlias = Grant | Withheld | TakeBack | Pause
