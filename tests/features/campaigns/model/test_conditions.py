"""Conditions: what they say of a fact, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from plaudit.features.campaigns.model.conditions import (
    Known,
    Traced,
    compiled,
    failing,
    judge_of,
    leaves,
    traced,
)
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.terms import (
    Base,
    Condition,
    Fixed,
    Operator,
    Reward,
    Terms,
    Texts,
)
from tests.features.campaigns.model.facts import AT, happened
from tests.features.campaigns.model.trees import CALENDARS, TREES, every, leaf, never, some, tips


def terms(condition: Condition) -> Terms:
    return Terms(
        trigger="tip",
        base=Base(amount="paid", asset="CNY"),
        conditions=condition,
        strategy=Fixed(reward_minor=1),
        reward=Reward(kind="coin", asset="coin"),
        starts_at=AT,
        ends_at=datetime(2026, 12, 31, tzinfo=UTC),
        zone="Asia/Shanghai",
        texts=Texts(title_en="T", title_zh="题"),
        calendars=CALENDARS,
    )


def meets(condition: Condition, happening: Happening, known: Known | None = None) -> bool:
    return judge_of(terms(condition))(happening, known or Known())


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "expected"),
    [
        ("amount", "at_least", 1000, True),
        ("amount", "at_least", 1001, False),
        ("amount", "at_most", 1000, True),
        ("amount", "above", 1000, False),
        ("amount", "below", 1001, True),
        ("amount", "between", [1000, 1001], True),
        ("amount", "between", [999, 1000], False),
        ("amount", "equals", 1000, True),
        ("currency", "equals", "CNY", True),
        ("currency", "one_of", ["USD", "EUR"], False),
        ("room", "equals", "r1", True),
        ("room", "one_of", ["r2", "r1"], True),
        ("show", "equals", "winter", False),
        ("show", "one_of", ["winter"], False),
        ("count", "equals", 3, True),
        ("count", "one_of", [1, 2], False),
        ("fact.anonymous", "is", False, True),
        ("weekday", "equals", 4, True),
        ("weekday", "one_of", [6, 7], False),
        ("day", "in_calendar", "holidays", True),
        ("day", "in_calendar", "empty", False),
        ("day", "equals", "2026-11-26", True),
        ("day", "below", "2026-11-26", False),
        ("time_of_day", "between", ["20:30", "20:31"], True),
        ("time_of_day", "between", ["20:00", "20:30"], False),
        ("time_of_day", "between", ["20:30", "02:00"], True),
        ("time_of_day", "between", ["22:00", "20:30"], False),
        ("time_of_day", "between", ["22:00", "20:31"], True),
        ("time_of_day", "at_least", "20:30", True),
        ("time_of_day", "below", "20:30", False),
        ("level", "at_least", 3, True),
        ("level", "above", 3, False),
        ("tags", "contains", "vip", True),
        ("tags", "contains", "new", False),
        ("first_ever", "is", True, True),
    ],
)
def test_one_comparison(attribute: str, operator: Operator, value: Any, expected: bool) -> None:  # noqa: ANN401 - of each type
    told = happened(room="r1", count=3, values={"fact.anonymous": False})
    known = Known(level=3, tags=("vip",), first_ever=True)
    one = leaf(attribute, operator, value)
    assert meets(one, told, known) is expected
    assert meets(never(one), told, known) is not expected


def test_what_nobody_told_is_not_met_and_its_not_is() -> None:
    for attribute, operator, value in (("level", "at_least", 0), ("first_ever", "is", False)):
        one = leaf(attribute, operator, value)  # type: ignore[arg-type]  # rows of one table
        assert not meets(one, happened())
        assert meets(never(one), happened())


def test_nothing_asked_is_always_met_and_parts_go_together() -> None:
    room, show = leaf("room", "equals", "r1"), leaf("show", "equals", "winter")
    here = happened(room="r1")
    assert meets(every(), here)
    assert not meets(every(room, show), here)
    assert not meets(every(room, room, show), here)
    assert meets(some(show, room), here)
    assert not meets(some(show, show), here)


def test_each_campaign_has_its_own_clock() -> None:
    evening = leaf("time_of_day", "at_least", "20:00")
    told, known = happened(), Known()
    here = compiled(evening, zone="Asia/Shanghai", calendars={}, amount="paid")
    there = compiled(evening, zone="Europe/London", calendars={}, amount="paid")
    assert [here(told, known), there(told, known), here(told, known)] == [True, False, True]


def test_a_trace_tells_what_was_asked_and_what_there_was() -> None:
    tree = every(
        leaf("amount", "at_least", 500),
        some(leaf("room", "equals", "r2"), never(leaf("time_of_day", "below", "20:00"))),
    )
    said = traced(terms(tree), happening=happened(room="r1"), known=Known())
    amount, either = said.of
    assert (said.verdict, said.node, said.place) == (True, "all", "conditions")
    assert amount == Traced(
        node="leaf",
        place="conditions.all[0]",
        verdict=True,
        attribute="amount",
        operator="at_least",
        wanted=500,
        actual=1000,
    )
    assert [one.verdict for one in either.of] == [False, True]
    assert either.of[0].actual == "r1"
    clock = either.of[1].of[0]
    assert (clock.place, clock.actual) == ("conditions.all[1].any[1].not", "20:30:00")


def _places(said: Traced) -> list[str]:
    if said.node == "leaf":
        return [] if said.verdict else [said.place]
    return [place for one in said.of for place in _places(one)]


@given(condition=TREES, tip=tips())
def test_what_is_compiled_says_what_the_trace_says(
    condition: Condition, tip: tuple[Happening, Known]
) -> None:
    revision = terms(condition)
    said = traced(revision, happening=tip[0], known=tip[1])
    assert judge_of(revision)(*tip) is said.verdict
    assert failing(revision)(*tip) == _places(said)
    assert {place for place, _ in leaves(condition)} >= set(_places(said))
