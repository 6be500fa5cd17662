"""Contradictions: parts of a condition that can never be true, found before a campaign is saved.

Everything that must hold together narrows what values each attribute may have; where nothing is left, no fact
can ever match. Each part of an "any" is looked at together with what stands around it. Several "any" beside
one another are not combined, so that some contradictions across them are not found.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.attributes import Sort
from plaudit.features.campaigns.model.clocks import DAY_S, second_of
from plaudit.features.campaigns.model.conditions import ROOT, Calendars, parts_of
from plaudit.features.campaigns.model.terms import All, Condition, Leaf, Not
from plaudit.features.campaigns.model.triggers import Trigger

_FAR: Final = 2**63

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Whole numbers as intervals, low included and high not, ascending and apart."""


class Names(Struct, frozen=True):
    """Some texts, or with `others` all texts but these."""

    names: frozenset[str]
    others: bool = False


Room: TypeAlias = Spans | Names
"""The values that an attribute may still have."""
Rooms: TypeAlias = dict[tuple[str, str], Room]
"""By attribute, and for lists by the entry asked for."""


class _Literal(Struct, frozen=True):
    """A comparison with its place, to hold or not to hold."""

    place: str
    leaf: Leaf
    holds: bool


class _Choice(Struct, frozen=True):
    """The parts of a node, of which one must hold, or with `holds` false one must not."""

    place: str
    parts: tuple[tuple[str, Condition], ...]
    holds: bool


class _Ground(Struct, frozen=True):
    trigger: Trigger
    calendars: Calendars


def impossible(condition: Condition, *, trigger: Trigger, currency: str, calendars: Calendars) -> str | None:
    """Return the place of the first part that can never be true, None where nothing contradicts itself.

    `currency` is the asset of the base, which is all that a campaign counts. The condition's attributes and
    values must have been checked.
    """
    rooms: Rooms = {("currency", ""): Names(frozenset({currency}))}
    return _first(((ROOT, condition),), holds=True, rooms=rooms, ground=_Ground(trigger, calendars))


def _first(
    parts: tuple[tuple[str, Condition], ...], *, holds: bool, rooms: Rooms, ground: _Ground
) -> str | None:
    """Return the place of what cannot be true while all `parts` hold (or none does) within `rooms`."""
    literals: list[_Literal] = []
    choices: list[_Choice] = []
    for place, part in parts:
        _gather(part, place, holds=holds, literals=literals, choices=choices)
    rooms = dict(rooms)
    # A comparison that holds needs a value to be there; only then is one that must not hold of any weight.
    present = {_key(one.leaf) for one in literals if one.holds} | set(rooms)
    for one in literals:
        key = _key(one.leaf)
        if key not in present and one.leaf.attribute not in _ALWAYS:
            continue
        room = _room(one, ground)
        held = rooms.get(key)
        narrowed = room if held is None else _both(held, room)
        if narrowed in {(), _NO_NAMES}:
            return one.place
        rooms[key] = narrowed
    for choice in choices:
        if not choice.parts:
            return choice.place
        for possible in choice.parts:
            found = _first((possible,), holds=choice.holds, rooms=rooms, ground=ground)
            if found is not None:
                return found
    return None


def _gather(
    condition: Condition, place: str, *, holds: bool, literals: list[_Literal], choices: list[_Choice]
) -> None:
    """Sort what must hold together into comparisons and choices; a `not` turns "all" into "any" and back."""
    if isinstance(condition, Leaf):
        literals.append(_Literal(place, condition, holds))
    elif isinstance(condition, Not):
        _gather(condition.of, f"{place}.not", holds=not holds, literals=literals, choices=choices)
    elif isinstance(condition, All) == holds:
        for part_place, part in parts_of(condition, place):
            _gather(part, part_place, holds=holds, literals=literals, choices=choices)
    else:
        choices.append(_Choice(place, tuple(parts_of(condition, place)), holds))


def _key(leaf: Leaf) -> tuple[str, str]:
    return leaf.attribute, leaf.value if leaf.operator == "contains" else ""


def _room(literal: _Literal, ground: _Ground) -> Room:
    """Return the values with which a comparison holds, or does not, as asked."""
    leaf = literal.leaf
    attribute = ground.trigger.attributes[leaf.attribute]
    if attribute.sort == "text":
        wanted = frozenset([leaf.value] if leaf.operator == "equals" else leaf.value)
        if not attribute.choices:
            return Names(wanted, others=not literal.holds)
        every = frozenset(attribute.choices)
        return Names(every & wanted if literal.holds else every - wanted)
    universe = _UNIVERSES.get(attribute.sort, ((-_FAR, _FAR),))
    spans = _both(tuple(_spans(leaf, attribute.sort, ground.calendars)), universe)
    assert isinstance(spans, tuple), spans
    return spans if literal.holds else tuple(_gaps(spans, universe[0]))


def _spans(leaf: Leaf, sort: Sort, calendars: Calendars) -> Iterator[tuple[int, int]]:
    """Yield the intervals in which a comparison holds, ascending."""
    match leaf.operator:
        case "contains":
            yield 1, 2
        case "is":
            yield int(leaf.value), int(leaf.value) + 1
        case "in_calendar":
            yield from _points(date.fromisoformat(one).toordinal() for one in calendars.get(leaf.value, ()))
        case "one_of":
            yield from _points(_number(one, sort) for one in leaf.value)
        case "between":
            low, high = (_number(one, sort) for one in leaf.value)
            if sort == "time_of_day" and low >= high:
                yield 0, high
                yield low, DAY_S
            else:
                yield low, high
        case _:
            number = _number(leaf.value, sort)
            yield {
                "equals": (number, number + 1),
                "at_least": (number, _FAR),
                "at_most": (-_FAR, number + 1),
                "above": (number + 1, _FAR),
                "below": (-_FAR, number),
            }[leaf.operator]


def _points(numbers: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield the intervals of single numbers; numbers in a row are one interval."""
    there = set(numbers)
    lows = sorted(one for one in there if one - 1 not in there)
    highs = sorted(one + 1 for one in there if one + 1 not in there)
    yield from zip(lows, highs, strict=True)


def _number(value: str | int, sort: Sort) -> int:
    if isinstance(value, int):
        return value
    return second_of(value) if sort == "time_of_day" else date.fromisoformat(value).toordinal()


def _gaps(spans: Spans, universe: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield what of a universe is in none of the spans."""
    start, end = universe
    for low, high in spans:
        if start < low:
            yield start, low
        start = max(start, high)
    if start < end:
        yield start, end


def _both(one: Room, other: Room) -> Room:
    """Return what is in both."""
    if isinstance(one, Names) and isinstance(other, Names):
        if one.others and other.others:
            return Names(one.names | other.names, others=True)
        if one.others:
            return Names(other.names - one.names)
        return Names(one.names - other.names if other.others else one.names & other.names)
    assert isinstance(one, tuple), one
    assert isinstance(other, tuple), other
    return tuple(_shared(one, other))


def _shared(one: Spans, other: Spans) -> Iterator[tuple[int, int]]:
    """Yield what is in both, in one pass over both: of two intervals the one that ends first is done with."""
    first, second = 0, 0
    while first < len(one) and second < len(other):
        (a, b), (c, d) = one[first], other[second]
        if max(a, c) < min(b, d):
            yield max(a, c), min(b, d)
        if b < d:
            first += 1
        else:
            second += 1


_NO_NAMES: Final = Names(frozenset())
_ALWAYS: Final = frozenset({"amount", "currency", "time_of_day", "weekday", "day", "tags"})
"""What every happening has: here a comparison that must not hold leaves fewer values, too."""
_UNIVERSES: Final[dict[Sort, Spans]] = {
    "amount": ((0, _FAR),),
    "time_of_day": ((0, DAY_S),),
    "weekday": ((1, 8),),
    "flag": ((0, 2),),
    "list": ((0, 2),),
}
