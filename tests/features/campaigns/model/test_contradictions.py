"""Conditions that can never be true."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.conditions import Known, compiled
from plaudit.features.campaigns.model.contradictions import impossible
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.terms import All, Condition, Leaf, Not
from plaudit.features.campaigns.model.triggers import TRIGGERS
from tests.features.campaigns.model.facts import AT
from tests.features.campaigns.model.trees import CALENDARS, LEAVES, TREES, every, leaf, never, some, tips

ROOM_A, ROOM_B = leaf("room", "equals", "a"), leaf("room", "equals", "b")
FIRST, LATER = (leaf("first_ever", "is", value) for value in (True, False))
LOW, HIGH = leaf("amount", "below", 100), leaf("amount", "at_least", 500)


def place_of(condition: Condition, trigger: str = "tip") -> str | None:
    return impossible(condition, trigger=TRIGGERS[trigger], currency="CNY", calendars=CALENDARS)


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (every(), None),
        (every(LOW, never(HIGH)), None),
        (every(HIGH, LOW), "conditions.all[1]"),
        (every(ROOM_A, HIGH, ROOM_B), "conditions.all[2]"),
        (every(ROOM_A, every(HIGH, ROOM_B)), "conditions.all[1].all[1]"),
        (every(ROOM_A, never(ROOM_A)), "conditions.all[1].not"),
        (never(some(never(ROOM_A), ROOM_A)), "conditions.not.any[1]"),
        (some(ROOM_A, ROOM_B), None),
        (some(every(LOW, HIGH), ROOM_B), "conditions.any[0].all[1]"),
        (every(ROOM_A, some(ROOM_B, HIGH)), "conditions.all[1].any[0]"),
        (every(never(ROOM_A), never(ROOM_B)), None),
        (leaf("currency", "equals", "USD"), "conditions"),
        (leaf("amount", "below", 0), "conditions"),
        (leaf("day", "in_calendar", "empty"), "conditions"),
        (never(leaf("weekday", "one_of", [1, 2, 3, 4, 5, 6, 7])), "conditions.not"),
        (every(leaf("weekday", "equals", 6), leaf("weekday", "one_of", [1, 7])), "conditions.all[1]"),
        (
            every(
                leaf("time_of_day", "between", ["22:00", "02:00"]),
                leaf("time_of_day", "between", ["03:00", "21:00"]),
            ),
            "conditions.all[1]",
        ),
        (
            every(leaf("time_of_day", "between", ["22:00", "02:00"]), leaf("time_of_day", "below", "01:00")),
            None,
        ),
        (
            every(leaf("day", "in_calendar", "holidays"), leaf("day", "above", "2026-11-28")),
            "conditions.all[1]",
        ),
        (every(leaf("tags", "contains", "a"), leaf("tags", "contains", "b")), None),
        (
            every(leaf("tags", "contains", "a"), never(leaf("tags", "contains", "a"))),
            "conditions.all[1].not",
        ),
        (every(FIRST, LATER), "conditions.all[1]"),
        # Of nothing all hold, and none does.
        (never(every()), "conditions.not"),
        (every(HIGH, never(every(every()))), "conditions.all[1].not.all[0]"),
        (some(ROOM_A, never(every())), "conditions.any[1].not"),
        (some(), "conditions"),
        (never(some()), None),
        (never(never(every())), None),
        # Without a level neither is met.
        (every(never(leaf("level", "below", 3)), never(leaf("level", "at_least", 3))), None),
    ],
)
def test_where_a_condition_contradicts_itself(condition: Condition, place: str | None) -> None:
    assert place_of(condition) == place


def test_an_attribute_has_no_values_but_its_choices() -> None:
    assert place_of(leaf("fact.mode", "equals", "gift"), "ticket") == "conditions"
    assert place_of(never(leaf("fact.mode", "one_of", ["full", "deposit"])), "ticket") is None


def test_a_long_calendar_asked_for_many_times_is_checked_at_once() -> None:
    # Every other day, so that no two of its days are one stretch.
    alternate = tuple((date(2026, 1, 1) + timedelta(days=2 * day)).isoformat() for day in range(2000))
    asked = [leaf("day", "in_calendar", "alternate")] * 60
    between = leaf("day", "equals", "2026-01-02")
    started_s = time.process_time()
    for parts, place in ((asked, None), ([*asked, between], "conditions.all[60]")):
        found = impossible(
            every(*parts), trigger=TRIGGERS["tip"], currency="CNY", calendars={"alternate": alternate}
        )
        assert found == place
    # It was forty when each day was held against each; what else the machine does is not counted.
    assert time.process_time() - started_s < 10


def _conjunctions(attribute: str) -> st.SearchStrategy[list[Condition]]:
    literal = st.one_of(LEAVES[attribute], LEAVES[attribute].map(never))
    return st.lists(literal, min_size=1, max_size=4)


def _could(tip: tuple[Happening, Known], condition: Condition) -> bool:
    return compiled(condition, zone="Asia/Shanghai", calendars=CALENDARS, amount="paid")(*tip)


@given(data=st.data())
def test_what_is_called_impossible_is_met_by_no_fact(data: st.DataObject) -> None:
    parts = data.draw(st.sampled_from(sorted(LEAVES)).flatmap(_conjunctions))
    condition = All(of=tuple(parts))
    if place_of(condition) is not None:
        assert not _could(data.draw(tips()), condition)


@given(data=st.data())
def test_what_is_not_called_impossible_is_met_by_some_number(data: st.DataObject) -> None:
    parts = data.draw(_conjunctions("count"))
    condition = All(of=tuple(parts))
    known = Known()
    counts = [Happening("tip", 1, AT, "v1", {}, {"count": count}) for count in range(-1, 9)]
    missing = Happening("tip", 1, AT, "v1", {}, {})
    possible = any(_could((one, known), condition) for one in (*counts, missing))
    assert (place_of(condition) is None) is possible


@given(condition=TREES, tip=tips())
def test_in_a_tree_without_any_the_place_is_the_whole(
    condition: Condition, tip: tuple[Happening, Known]
) -> None:
    if place_of(condition) is not None and _is_plain(condition):
        assert not _could(tip, condition)


def _is_plain(condition: Condition) -> bool:
    if isinstance(condition, All):
        return all(_is_plain(part) for part in condition.of)
    return isinstance(condition, Leaf) or (isinstance(condition, Not) and isinstance(condition.of, Leaf))
