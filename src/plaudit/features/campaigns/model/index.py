"""Where campaigns of one trigger are found by what a happening says, without looking at the others."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

from plaudit.features.campaigns.model.attributes import NAMED
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.terms import All, Condition, Leaf, Terms

T = TypeVar("T")

_ORDER: Final = {name: place for place, name in enumerate(("room", "show", "creator", "gift"))}
_NAMES_MAX: Final = 64
"""A campaign that names more is looked at for every happening."""


class Index(Generic[T]):
    """Campaigns by the one thing that they ask for by name, or else by the amount and asset that they count.

    Within each, those whose time is over when a happening was are passed by.
    """

    __slots__ = ("_by_amount", "_by_name")

    def __init__(self) -> None:
        self._by_amount: dict[tuple[str, str], _Shelf[T]] = {}
        self._by_name: dict[str, dict[str, _Shelf[T]]] = {}

    def add(self, campaign: T, revisions: Sequence[Terms]) -> None:
        """Add a campaign by the terms of all its revisions."""
        until = max(one.ends_at for one in revisions)
        asked = _asked(revisions)
        if asked is None:
            base = revisions[0].base
            self._by_amount.setdefault((base.amount, base.asset), _Shelf()).add(campaign, until)
            return
        attribute, names = asked
        shelves = self._by_name.setdefault(attribute, {})
        for name in sorted(names):
            shelves.setdefault(name, _Shelf()).add(campaign, until)

    def candidates(self, happening: Happening) -> list[T]:
        """Return the campaigns that may match a happening, each once."""
        at = happening.at
        found: list[T] = []
        for name, amount in happening.amounts.items():
            shelf = self._by_amount.get((name, amount[0]))
            if shelf is not None:
                found.extend(shelf.open_at(at))
        for attribute, shelves in self._by_name.items():
            value = happening.values.get(attribute)
            if value is not None:
                shelf = shelves.get(value)  # type: ignore[arg-type]  # a text, as its attribute is
                if shelf is not None:
                    found.extend(shelf.open_at(at))
        return found


class _Shelf(Generic[T]):
    """Campaigns by their end, so that those that are over are skipped at once."""

    __slots__ = ("_campaigns", "_ends")

    def __init__(self) -> None:
        self._ends: list[datetime] = []
        self._campaigns: list[T] = []

    def add(self, campaign: T, until: datetime) -> None:
        place = bisect_right(self._ends, until)
        self._ends.insert(place, until)
        self._campaigns.insert(place, campaign)

    def open_at(self, at: datetime) -> Iterable[T]:
        ends = self._ends
        if ends[0] > at:
            return self._campaigns
        return self._campaigns[bisect_right(ends, at) :]


def _asked(revisions: Sequence[Terms]) -> tuple[str, set[str]] | None:
    """Return an attribute that all revisions ask for by name, and all the names; None if there is none."""
    by_revision = [dict(_named(one.conditions)) for one in revisions]
    shared = set.intersection(*(set(one) for one in by_revision))
    for attribute in sorted(shared, key=lambda one: (_ORDER.get(one, len(_ORDER)), one)):
        names = {name for one in by_revision for name in one[attribute]}
        if len(names) <= _NAMES_MAX:
            return attribute, names
    return None


def _named(condition: Condition) -> Iterable[tuple[str, frozenset[str]]]:
    """Yield what a condition cannot be met without: attributes with the texts that they may have."""
    if isinstance(condition, All):
        for part in condition.of:
            yield from _named(part)
    elif isinstance(condition, Leaf) and condition.attribute in NAMED and condition.attribute != "count":
        if condition.operator == "equals":
            yield condition.attribute, frozenset([condition.value])
        elif condition.operator == "one_of":
            yield condition.attribute, frozenset(condition.value)
