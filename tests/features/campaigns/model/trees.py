"""Conditions, written short and drawn at random."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from plaudit.features.campaigns.model.conditions import Known
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.terms import All, Any_, Condition, Leaf, Not, Operator
from tests.features.campaigns.model.facts import AT, happened

CALENDARS = {"holidays": ("2026-11-26", "2026-11-28"), "empty": ()}


def leaf(attribute: str, operator: Operator, value: Any) -> Leaf:  # noqa: ANN401 - of the attribute's type
    return Leaf(attribute=attribute, operator=operator, value=value)


def every(*of: Condition) -> All:
    return All(of=of)


def some(*of: Condition) -> Any_:
    return Any_(of=of)


def never(of: Condition) -> Not:
    return Not(of=of)


_small = st.integers(0, 6)
_names = st.sampled_from(["a", "b", "c"])
_clock = st.sampled_from(["00:00", "06:30", "12:00", "20:30", "23:59"])
_days = st.sampled_from(["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"])


def _compared(attribute: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Leaf]:
    single: st.SearchStrategy[Operator] = st.sampled_from(["equals", "at_least", "at_most", "above", "below"])
    pair = st.lists(values, min_size=2, max_size=2, unique=True).map(sorted)
    return st.one_of(
        st.builds(leaf, st.just(attribute), single, values),
        st.builds(leaf, st.just(attribute), st.just("one_of"), st.lists(values, min_size=1, max_size=3)),
        st.builds(leaf, st.just(attribute), st.just("between"), pair),
    )


def _named(attribute: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Leaf]:
    return st.one_of(
        st.builds(leaf, st.just(attribute), st.just("equals"), values),
        st.builds(leaf, st.just(attribute), st.just("one_of"), st.lists(values, min_size=1, max_size=2)),
    )


_wrapping = st.lists(_clock, min_size=2, max_size=2, unique=True)

LEAVES: dict[str, st.SearchStrategy[Leaf]] = {
    "amount": _compared("amount", _small).filter(lambda one: one.operator != "one_of"),
    "count": _compared("count", _small),
    "level": _compared("level", _small),
    "room": _named("room", _names),
    "creator": _named("creator", _names),
    "currency": _named("currency", st.sampled_from(["CNY", "USD"])),
    "weekday": _named("weekday", st.integers(1, 7)),
    "day": st.one_of(
        _compared("day", _days),
        st.builds(leaf, st.just("day"), st.just("in_calendar"), st.sampled_from(["holidays", "empty"])),
    ),
    "time_of_day": st.one_of(
        st.builds(leaf, st.just("time_of_day"), st.just("between"), _wrapping),
        st.builds(leaf, st.just("time_of_day"), st.sampled_from(["at_least", "below"]), _clock),
    ),
    "tags": st.builds(leaf, st.just("tags"), st.just("contains"), _names),
    "first_ever": st.builds(leaf, st.just("first_ever"), st.just("is"), st.booleans()),
    "fact.anonymous": st.builds(leaf, st.just("fact.anonymous"), st.just("is"), st.booleans()),
}
"""Comparisons of a tip by attribute."""


def _grown(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    few = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(lambda of: All(of=of), few),
        st.builds(lambda of: Any_(of=of), few),
        st.builds(never, parts),
    )


TREES: st.SearchStrategy[Condition] = st.recursive(st.one_of(*LEAVES.values()), _grown, max_leaves=12)


@st.composite
def tips(draw: st.DrawFn) -> tuple[Happening, Known]:
    """Draw a tip, and what is known of it."""
    values: dict[str, Any] = {"creator": draw(_names), "count": draw(_small)}
    room = draw(st.none() | _names)
    if room is not None:
        values["room"] = room
    values["fact.anonymous"] = draw(st.booleans())
    told = happened(
        paid_minor=draw(_small), at=AT + timedelta(hours=draw(st.integers(-48, 48)), minutes=draw(_small))
    )
    known = Known(
        level=draw(st.none() | _small),
        tags=tuple(draw(st.sets(_names))),
        first_ever=draw(st.booleans()),
    )
    return Happening(told.trigger, 1, told.at, "v1", told.amounts, values), known
