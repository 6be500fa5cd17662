"""What judging goes on from: windows, first facts, what is undone, what viewers were, which budgets ran dry.

Plain dictionaries. Live they are filled with what a batch wants and written back; in a backtest they start
empty and are all there is.
"""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct, field

from plaudit.features.campaigns.model.happenings import Described, Happening, Reversal
from plaudit.features.campaigns.model.strategies.base import Tally

FACT: Final = "fact/"
"""What the windows of strategies begin with that count each fact by itself."""


class Key(NamedTuple):
    """Which window: of which campaign and viewer, and its name."""

    campaign: str
    viewer: str
    window: str


def is_part(key: Key) -> bool:
    """Tell whether a window is one fact's."""
    return key.window.startswith(FACT)


class Standing(Struct):
    """What a window has counted, was worth last, and was given, minor units of the reward.

    `tally` is None for the window of one fact, which is counted anew from the fact.
    """

    entitled_minor: int = 0
    granted_minor: int = 0
    tally: Tally | None = None


class Lot(Struct):
    """What is left of one grant that is kept apart, by fact and cause. `matures_at` is None for coupons.

    `position` is where the grant was recorded, 0 until it is.
    """

    fact: int
    cause: int
    remaining_minor: int
    matures_at: datetime | None = None
    position: int = 0


class First(NamedTuple):
    """A viewer's first fact of a trigger: the earliest; `rank` orders those of one moment, recorded last.

    `rank` is empty for what was recorded while no campaign ran: then who came first is first.
    """

    at: datetime
    rank: bytes
    position: int


class Dry(Struct):
    """A budget did not reach at position `fact`. `told` is where that was recorded, None until it is.

    `resumed` is where it went on, None as long as it does not.
    """

    fact: int
    told: int | None = None
    resumed: int | None = None

    def holds(self, position: int) -> bool:
        """Tell whether the campaign does not judge a fact at this position for it."""
        return self.fact < position and (self.resumed is None or position < self.resumed)


class Touched(Struct):
    """What has changed since it was loaded, by the keys of the state."""

    standings: set[Key] = field(default_factory=set)
    lots: set[Key] = field(default_factory=set)
    firsts: set[tuple[str, str]] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)
    origins: list[tuple[str, int]] = field(default_factory=list)
    described: list[Described] = field(default_factory=list)


class State(Struct):
    """All that is known. What was touched is what must be written.

    `originals` has the facts that reversals and late facts reach back to, by position. Where it is known
    beforehand what is undone, `kept` are the positions of those facts, whose windows must be kept, and
    `awaited` the references of those that have not been seen yet; None: all.
    """

    standings: dict[Key, Standing] = field(default_factory=dict)
    lots: dict[Key, list[Lot]] = field(default_factory=dict)
    firsts: dict[tuple[str, str], First] = field(default_factory=dict)
    undone: dict[int, Reversal] = field(default_factory=dict)
    origins: dict[str, list[int]] = field(default_factory=dict)
    described: dict[str, list[Described]] = field(default_factory=dict)
    originals: Mapping[int, Happening] = field(default_factory=dict)
    kept: set[int] | None = None
    awaited: Container[str] | None = None
    touched: Touched = field(default_factory=Touched)
