"""The first pass: what happened, by whom it is matched, and what of earlier facts must be judged again.

It goes through the facts in order and lets the campaigns' life, viewers' attributes and first facts have
their effect; nothing is granted here. Whatever it needs must have been loaded: see `wants`.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.catalogue import Life as LifeData
from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.conditions import Known
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.state import First, State
from plaudit.features.campaigns.model.happenings import Described, Happening, Reversal, rank_of
from plaudit.features.campaigns.model.triggers import FIRSTS
from plaudit.vocabulary.facts.campaigns import BudgetApproved

StepData: TypeAlias = LifeData | BudgetApproved


class Step(Struct, frozen=True, gc=False):
    """Something happened to a campaign itself. `at` is when it was recorded."""

    position: int
    at: datetime
    data: StepData


Item: TypeAlias = Happening | Reversal | Described | Step


class Again(Struct, frozen=True):
    """An earlier happening is judged again: who matched it before and does now, and what was undone of it."""

    happening: Happening
    before: Sequence[Match]
    after: Sequence[Match]
    undone_before: Reversal | None
    undone_after: Reversal | None


class Foreseen(Struct, frozen=True, gc=False):
    """One item, who matches it, and what it makes be judged again, which comes first."""

    item: Item
    matches: Sequence[Match] = ()
    again: tuple[Again, ...] = ()


class Wants(Struct):
    """What a batch needs to know before it is foreseen; of viewers, from which time on."""

    viewers: dict[str, datetime]
    firsts: set[tuple[str, str]]
    references: set[str]


def wants(items: Iterable[Item]) -> Wants:
    """Return what of viewers, first facts and references must be known to foresee items."""
    viewers: dict[str, datetime] = {}
    firsts: set[tuple[str, str]] = set()
    references: set[str] = set()
    for item in items:
        if isinstance(item, Happening):
            if item.trigger in FIRSTS:
                firsts.add((item.trigger, item.viewer))
        elif isinstance(item, Reversal) and item.reference is not None:
            references.add(item.reference)
        if isinstance(item, Happening | Described):
            viewers[item.viewer] = min(item.at, viewers.get(item.viewer, item.at))
    return Wants(viewers, firsts, references)


def reaches(items: Iterable[Item], *, state: State) -> set[int]:
    """Return the positions of earlier facts that items may make be judged again.

    What first facts and references are must have been loaded.
    """
    found: set[int] = set()
    for item in items:
        if isinstance(item, Reversal):
            found.update(_targets(item, state))
        elif isinstance(item, Happening):
            # Whoever asks for first facts may have ended, and be read only because of this.
            first = state.firsts.get((item.trigger, item.viewer))
            if first is not None and item.at <= first.at:
                found.add(first.position)
    return found


class Foresight:
    """The first pass over the items of a batch."""

    def __init__(self, life: Life, state: State) -> None:
        self._life = life
        self._state = state
        self._here: dict[int, Happening] = {}

    def foresee(self, items: Iterable[Item]) -> list[Foreseen]:
        """Return items with what they cause, in order."""
        return [self._one(item) for item in items]

    def known(self, item: Happening) -> Known:
        """Return what is known of a happening that was foreseen, with who came first so far."""
        first = self._state.firsts.get((item.trigger, item.viewer))
        is_first = first is not None and first.position == item.position
        return self._known(item, is_first=is_first if item.trigger in FIRSTS else None)

    def _one(self, item: Item) -> Foreseen:
        if isinstance(item, Happening):
            return self._happening(item)
        if isinstance(item, Reversal):
            return Foreseen(item, (), tuple(self._undo(item)))
        if isinstance(item, Described):
            insort(
                self._state.described.setdefault(item.viewer, []),
                item,
                key=lambda one: (one.at, one.position),
            )
            self._state.touched.described.append(item)
        elif not isinstance(item.data, BudgetApproved):
            self._life.hear(item.data, position=item.position, at=item.at)
        return Foreseen(item)

    def _happening(self, item: Happening) -> Foreseen:
        trigger = item.trigger
        again: tuple[Again, ...] = ()
        is_first: bool | None = None
        if trigger in FIRSTS:
            is_first, former = self._first(item)
            if former is not None:
                again = self._flipped(trigger, former)
        if not self._life.listens(trigger):
            return Foreseen(item, (), again)
        if item.reference is not None:
            self._refer(item.reference, item.position)
        self._here[item.position] = item
        return Foreseen(item, self._life.matches(item, self._known(item, is_first=is_first)), again)

    def _refer(self, reference: str, position: int) -> None:
        """Remember by what a reversal will find a fact; in a backtest only where one will."""
        state = self._state
        if state.awaited is not None:
            if reference not in state.awaited:
                return
            assert state.kept is not None, "what is awaited is kept"
            state.kept.add(position)
        state.origins.setdefault(reference, []).append(position)
        state.touched.origins.append((reference, position))

    def _first(self, item: Happening) -> tuple[bool, First | None]:
        """Tell whether a happening is its viewer's first, and which one was before."""
        place = (item.trigger, item.viewer)
        former = self._state.firsts.get(place)
        if former is not None and item.at > former.at:
            return False, None
        running = bool(self._life.awake)
        rank = rank_of(item) if running else b""
        if former is not None and item.at == former.at and (not running or rank >= former.rank):
            return False, None
        self._state.firsts[place] = First(item.at, rank, item.position)
        self._state.touched.firsts.add(place)
        return True, former

    def _flipped(self, trigger: str, former: First) -> tuple[Again, ...]:
        """Judge again what is the first no more, if any campaign asks for that, ended or not.

        So what counts of a fact follows from who is first now: when it is undone, nobody loses what never
        counted.
        """
        if not self._life.asks_first(trigger):
            return ()
        happening = self._original(former.position)
        if happening is None:
            return ()
        undone = self._state.undone.get(former.position)
        before, after = (
            self._life.matches(happening, self._known(happening, is_first=is_first))
            for is_first in (True, False)
        )
        return (Again(happening, before, after, undone, undone),)

    def _undo(self, item: Reversal) -> Iterable[Again]:
        for position in _targets(item, self._state):
            happening = self._original(position)
            if happening is None:
                continue
            former = self._state.undone.get(position)
            if former is not None and former.reversed_minor >= item.reversed_minor:
                continue
            self._state.undone[position] = item
            self._state.touched.undone.add(position)
            matches = self._life.matches(happening, self.known(happening))
            yield Again(happening, matches, matches, former, item)

    def _original(self, position: int) -> Happening | None:
        return self._here.get(position) or self._state.originals.get(position)

    def _known(self, item: Happening, *, is_first: bool | None) -> Known:
        """Return what was known of a happening's viewer when it was recorded, as of when it happened."""
        for said in reversed(self._state.described.get(item.viewer, _NOTHING)):
            if said.at <= item.at and said.position < item.position:
                return Known(level=said.level, tags=said.tags, first_ever=is_first)
        return Known(first_ever=is_first)


_NOTHING: Final[tuple[Described, ...]] = ()


def _targets(item: Reversal, state: State) -> Sequence[int]:
    if item.target is not None:
        return (item.target,)
    return state.origins.get(item.reference or "", ())
