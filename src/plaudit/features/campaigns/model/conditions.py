"""Conditions: compiled once into closures that judge facts, and traced with their values for who asks why.

A condition about something that a fact (or a viewer) does not have is not met, and so its `not` is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.clocks import DAY_S, Local, ZoneClock, clock_of, clock_text, second_of
from plaudit.features.campaigns.model.happenings import Happening, Value
from plaudit.features.campaigns.model.terms import All, Any_, Condition, Leaf, Not, Operator, Terms

Calendars: TypeAlias = Mapping[str, tuple[str, ...]]
Test: TypeAlias = Callable[[Any], bool]

ROOT: Final = "conditions"
"""The place of the whole tree."""


class Known:
    """What is known of a happening beside its fact: what the viewer was then, and whether it was the first.

    It also keeps the local time of the one happening that it belongs to.
    """

    __slots__ = ("_at", "_clock", "_local", "first_ever", "level", "tags")

    def __init__(
        self, *, level: int | None = None, tags: tuple[str, ...] = (), first_ever: bool | None = None
    ) -> None:
        self.level = level
        self.tags = tags
        self.first_ever = first_ever
        self._at: datetime | None = None
        self._clock: ZoneClock | None = None
        self._local: Local | None = None

    def local(self, at: datetime, clock: ZoneClock) -> Local:
        """Return the local time of `at`, worked out once for a moment and zone."""
        local = self._local
        if local is None or self._at is not at or self._clock is not clock:
            local = self._local = clock.local(at)
            self._at = at
            self._clock = clock
        return local


Judge: TypeAlias = Callable[[Happening, Known], bool]
Getter: TypeAlias = Callable[[Happening, Known], Any]


class Traced(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A node of an evaluated tree: its verdict, and of a comparison what was asked and what there was."""

    node: Literal["all", "any", "not", "leaf"]
    place: str
    verdict: bool
    attribute: str | None = None
    operator: Operator | None = None
    wanted: Any = None
    actual: Value | None = None
    of: tuple[Traced, ...] = ()


class _Ground(Struct, frozen=True):
    """What a tree's leaves are read by."""

    clock: ZoneClock
    calendars: Calendars
    amount: str


def compiled(condition: Condition, *, zone: str, calendars: Calendars, amount: str) -> Judge:
    """Return the function that tells whether a happening meets a condition.

    `zone` is where time of day, weekday and day are told, `amount` the name of the amount that the attributes
    "amount" and "currency" are about. The condition must have been checked.
    """
    return _judge(condition, _Ground(clock_of(zone), calendars, amount))


def judge_of(terms: Terms) -> Judge:
    """Return the function that tells whether a happening meets a revision's conditions."""
    return compiled(terms.conditions, zone=terms.zone, calendars=terms.calendars, amount=terms.base.amount)


def traced(terms: Terms, *, happening: Happening, known: Known) -> Traced:
    """Return a revision's tree evaluated for a happening, every node of it, whether it decides or not."""
    ground = _Ground(clock_of(terms.zone), terms.calendars, terms.base.amount)
    return _traced(terms.conditions, ROOT, ground=ground, happening=happening, known=known)


def failing(terms: Terms) -> Callable[[Happening, Known], list[str]]:
    """Return the function that tells at which places comparisons of a revision are not met by a happening."""
    ground = _Ground(clock_of(terms.zone), terms.calendars, terms.base.amount)
    judges = [(place, _leaf(leaf, ground)) for place, leaf in leaves(terms.conditions)]

    def places(happening: Happening, known: Known) -> list[str]:
        return [place for place, judge in judges if not judge(happening, known)]

    return places


def leaves(condition: Condition, place: str = ROOT) -> Iterator[tuple[str, Leaf]]:
    """Yield every comparison of a tree with its place, in order."""
    if isinstance(condition, Leaf):
        yield place, condition
    elif isinstance(condition, Not):
        yield from leaves(condition.of, f"{place}.not")
    else:
        for part_place, part in parts_of(condition, place):
            yield from leaves(part, part_place)


def parts_of(condition: All | Any_, place: str) -> Iterator[tuple[str, Condition]]:
    """Yield the parts of a node that has several, each with its place: "conditions.all[1]"."""
    name = "all" if isinstance(condition, All) else "any"
    for number, part in enumerate(condition.of):
        yield f"{place}.{name}[{number}]", part


def _judge(condition: Condition, ground: _Ground) -> Judge:
    if isinstance(condition, Leaf):
        return _leaf(condition, ground)
    if isinstance(condition, Not):
        inner = _judge(condition.of, ground)
        return lambda happening, known: not inner(happening, known)
    judges = tuple(_judge(part, ground) for part in condition.of)
    if len(judges) == 1:
        return judges[0]
    return _all(judges) if isinstance(condition, All) else _any(judges)


def _all(judges: tuple[Judge, ...]) -> Judge:
    if not judges:
        return lambda _happening, _known: True
    if len(judges) == 2:  # noqa: PLR2004 - a pair needs no loop
        first, second = judges
        return lambda happening, known: first(happening, known) and second(happening, known)

    def judge(happening: Happening, known: Known) -> bool:
        for one in judges:  # noqa: SIM110 - a generator costs twice as much as what it runs
            if not one(happening, known):
                return False
        return True

    return judge


def _any(judges: tuple[Judge, ...]) -> Judge:
    def judge(happening: Happening, known: Known) -> bool:
        for one in judges:  # noqa: SIM110 - a generator costs twice as much as what it runs
            if one(happening, known):
                return True
        return False

    return judge


def _leaf(leaf: Leaf, ground: _Ground) -> Judge:
    name, wanted = leaf.attribute, leaf.value
    if leaf.operator == "equals" and _is_told(name):
        return lambda happening, _known: happening.values.get(name) == wanted
    if leaf.operator == "at_least" and name == "amount":
        amount, nothing = ground.amount, ("", -1)
        return lambda happening, _known: happening.amounts.get(amount, nothing)[1] >= wanted
    get, test = _getter(name, ground), _test(leaf, ground.calendars)

    def judge(happening: Happening, known: Known) -> bool:
        value = get(happening, known)
        return value is not None and test(value)

    return judge


def _is_told(attribute: str) -> bool:
    return attribute not in _GETTERS


def _getter(attribute: str, ground: _Ground) -> Getter:
    make = _GETTERS.get(attribute)
    if make is None:
        return lambda happening, _known: happening.values.get(attribute)
    return make(ground)


def _amount(ground: _Ground) -> Getter:
    amount, nothing = ground.amount, ("", None)
    return lambda happening, _known: happening.amounts.get(amount, nothing)[1]


def _currency(ground: _Ground) -> Getter:
    amount, nothing = ground.amount, (None, 0)
    return lambda happening, _known: happening.amounts.get(amount, nothing)[0]


def _second(ground: _Ground) -> Getter:
    clock = ground.clock
    return lambda happening, known: known.local(happening.at, clock).second


def _weekday(ground: _Ground) -> Getter:
    clock = ground.clock
    return lambda happening, known: known.local(happening.at, clock).weekday


def _day(ground: _Ground) -> Getter:
    clock = ground.clock
    return lambda happening, known: known.local(happening.at, clock).iso


_GETTERS: Final[dict[str, Callable[[_Ground], Getter]]] = {
    "amount": _amount,
    "currency": _currency,
    "time_of_day": _second,
    "weekday": _weekday,
    "day": _day,
    "level": lambda _ground: lambda _happening, known: known.level,
    "tags": lambda _ground: lambda _happening, known: known.tags,
    "first_ever": lambda _ground: lambda _happening, known: known.first_ever,
}
"""How attributes are read that are not among a happening's values."""


def _test(leaf: Leaf, calendars: Calendars) -> Test:
    if leaf.attribute == "time_of_day":
        return _time_test(leaf)
    wanted = leaf.value
    if leaf.operator == "between":
        low, high = wanted
        return lambda value: low <= value < high
    if leaf.operator == "one_of":
        return frozenset(wanted).__contains__
    if leaf.operator == "in_calendar":
        return frozenset(calendars.get(wanted, ())).__contains__
    return _TESTS[leaf.operator](wanted)


def _time_test(leaf: Leaf) -> Test:
    if leaf.operator == "between":
        low, high = (second_of(one) for one in leaf.value)
        if low < high:
            return lambda value: low <= value < high
        return lambda value: low <= value < DAY_S or value < high
    return _TESTS[leaf.operator](second_of(leaf.value))


_TESTS: Final[dict[str, Callable[[Any], Test]]] = {
    "equals": lambda wanted: lambda value: value == wanted,
    "is": lambda wanted: lambda value: value is wanted,
    "at_least": lambda wanted: lambda value: value >= wanted,
    "at_most": lambda wanted: lambda value: value <= wanted,
    "above": lambda wanted: lambda value: value > wanted,
    "below": lambda wanted: lambda value: value < wanted,
    "contains": lambda wanted: lambda value: wanted in value,
}


def _traced(
    condition: Condition, place: str, *, ground: _Ground, happening: Happening, known: Known
) -> Traced:
    if isinstance(condition, Leaf):
        return _traced_leaf(condition, place, ground=ground, happening=happening, known=known)
    if isinstance(condition, Not):
        inner = _traced(condition.of, f"{place}.not", ground=ground, happening=happening, known=known)
        return Traced(node="not", place=place, verdict=not inner.verdict, of=(inner,))
    parts = tuple(
        _traced(part, part_place, ground=ground, happening=happening, known=known)
        for part_place, part in parts_of(condition, place)
    )
    if isinstance(condition, All):
        return Traced(node="all", place=place, verdict=all(one.verdict for one in parts), of=parts)
    return Traced(node="any", place=place, verdict=any(one.verdict for one in parts), of=parts)


def _traced_leaf(leaf: Leaf, place: str, *, ground: _Ground, happening: Happening, known: Known) -> Traced:
    actual = _getter(leaf.attribute, ground)(happening, known)
    return Traced(
        node="leaf",
        place=place,
        verdict=actual is not None and _test(leaf, ground.calendars)(actual),
        attribute=leaf.attribute,
        operator=leaf.operator,
        wanted=leaf.value,
        actual=clock_text(actual) if leaf.attribute == "time_of_day" else actual,
    )
