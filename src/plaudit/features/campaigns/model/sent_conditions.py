"""Conditions as screens send them, read into trees and written back.

A node is {"all": […]}, {"any": […]}, {"not": …} or {"attribute": …, "operator": …, "value": …}.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, Final, get_args

from msgspec import Struct

from plaudit.features.campaigns.model.attributes import Attribute, Sort
from plaudit.features.campaigns.model.clocks import second_of
from plaudit.features.campaigns.model.conditions import ROOT, parts_of
from plaudit.features.campaigns.model.reading import Given, entries_of, text_of, whole_of
from plaudit.features.campaigns.model.terms import All, Any_, Condition, Leaf, Not, Operator
from plaudit.features.campaigns.model.triggers import Trigger
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import invalid

NODES_MAX: Final = 64
DEPTH_MAX: Final = 8
NAMES_MAX: Final = 100
"""How many values "one_of" may have."""
TEXT_MAX: Final = 128

_PAIR: Final = 2
_DAY_LENGTH: Final = len("2026-11-26")
_BOUNDS: Final[dict[Sort, tuple[int, int]]] = {
    "amount": (0, MAX_MINOR),
    "number": (-MAX_MINOR, MAX_MINOR),
    "weekday": (1, 7),
}
"""Sorts that are whole numbers, and from where to where they go."""
_LEAF: Final = frozenset({"attribute", "operator", "value"})


class _Ground(Struct):
    trigger: Trigger
    calendars: Collection[str]
    nodes: int = 0


def condition_of(raw: object, *, trigger: Trigger, calendars: Collection[str]) -> Condition:
    """Return the condition that was sent; None is met by everything. `calendars` are those that there are.

    Raises Refusal (INVALID) with the place: `campaign.size` when it is too large or too deep,
    `campaign.attribute`, `campaign.operator`, `campaign.calendar` for what the trigger does not have,
    `campaign.type` and `campaign.value` for values that do not fit.
    """
    if raw is None:
        return All(of=())
    return _node(raw, ROOT, depth=1, ground=_Ground(trigger, calendars))


def shown_condition(condition: Condition) -> dict[str, Any]:
    """Return a condition as it is sent."""
    if isinstance(condition, Leaf):
        return {
            "attribute": condition.attribute,
            "operator": condition.operator,
            "value": condition.value,
        }
    if isinstance(condition, Not):
        return {"not": shown_condition(condition.of)}
    name = "all" if isinstance(condition, All) else "any"
    return {name: [shown_condition(part) for _, part in parts_of(condition, "")]}


def _node(raw: object, place: str, *, depth: int, ground: _Ground) -> Condition:
    ground.nodes += 1
    if ground.nodes > NODES_MAX:
        raise invalid("campaign.size", f"Use at most {NODES_MAX} nodes in a condition.", place=place)
    if depth > DEPTH_MAX:
        raise invalid("campaign.size", f"Nest conditions at most {DEPTH_MAX} deep.", place=place)
    if not isinstance(raw, dict):
        raise invalid("campaign.type", "Send a condition here, as a JSON object.", place=place)
    names = set(raw)
    if names in ({"all"}, {"any"}):
        return _several(raw, place, depth=depth, ground=ground)
    if names == {"not"}:
        return Not(of=_node(raw["not"], f"{place}.not", depth=depth + 1, ground=ground))
    if names & {"all", "any", "not"}:
        raise invalid("campaign.type", 'Use one of "all", "any" and "not" alone in a node.', place=place)
    return _leaf(Given(raw, place, _LEAF), ground)


def _several(raw: dict[str, Any], place: str, *, depth: int, ground: _Ground) -> Condition:
    (name, parts), *_ = raw.items()
    read = tuple(
        _node(part, part_place, depth=depth + 1, ground=ground)
        for part_place, part in entries_of(parts, f"{place}.{name}", most=NODES_MAX)
    )
    if name == "all":
        return All(of=read)
    if not read:
        raise invalid("campaign.impossible", 'Put a condition into "any"; of none, none is met.', place=place)
    return Any_(of=read)


def _leaf(given: Given, ground: _Ground) -> Leaf:
    name = given.text("attribute")
    attribute = ground.trigger.attributes.get(name)
    if attribute is None:
        known = ", ".join(sorted(ground.trigger.attributes))
        raise invalid(
            "campaign.attribute",
            f'The trigger "{ground.trigger.name}" has these attributes: {known}.',
            place=given.at("attribute"),
        )
    operator = given.text("operator")
    if operator not in attribute.operators:
        allowed = ", ".join(attribute.operators)
        raise invalid(
            "campaign.operator",
            f'Compare "{name}" by one of these: {allowed}.',
            place=given.at("operator"),
        )
    assert operator in get_args(Operator), operator
    value = _value(given, attribute, operator, ground.calendars)
    return Leaf(attribute=name, operator=operator, value=value)


def _value(given: Given, attribute: Attribute, operator: str, calendars: Collection[str]) -> Any:  # noqa: ANN401 - of the attribute's sort
    raw, place = given.need("value"), given.at("value")
    if operator == "in_calendar":
        name = text_of(raw, place)
        if name not in calendars:
            raise invalid("campaign.calendar", "Save a calendar by this name first.", place=place)
        return name
    if operator == "one_of":
        values = [
            _single(one, attribute, one_place) for one_place, one in entries_of(raw, place, most=NAMES_MAX)
        ]
        if not values:
            raise invalid("campaign.value", "Send at least one value.", place=place)
        if len(set(values)) < len(values):
            raise invalid("campaign.value", "Send each value once.", place=place)
        return values
    if operator == "between":
        pair = [_single(one, attribute, one_place) for one_place, one in entries_of(raw, place, most=_PAIR)]
        if len(pair) < _PAIR:
            raise invalid("campaign.value", "Send two values: from, and before.", place=place)
        wraps = attribute.sort == "time_of_day"
        low, high = map(second_of, pair) if wraps else pair
        if low == high or (low > high and not wraps):
            raise invalid("campaign.impossible", "Let the second value be above the first.", place=place)
        return pair
    return _single(raw, attribute, place)


def _single(raw: object, attribute: Attribute, place: str) -> Any:  # noqa: ANN401 - of the attribute's sort
    bounds = _BOUNDS.get(attribute.sort)
    if bounds is not None:
        return whole_of(raw, place, low=bounds[0], high=bounds[1])
    if attribute.sort == "flag":
        if not isinstance(raw, bool):
            raise invalid("campaign.type", "Send true or false here.", place=place)
        return raw
    text = text_of(raw, place)
    if attribute.sort == "time_of_day":
        return _clock(text, place)
    return _day(text, place) if attribute.sort == "day" else _word(text, attribute, place)


def _word(text: str, attribute: Attribute, place: str) -> str:
    if not 1 <= len(text) <= TEXT_MAX or "\0" in text:
        raise invalid("campaign.value", f"Send a text of 1 to {TEXT_MAX} characters.", place=place)
    if attribute.choices and text not in attribute.choices:
        allowed = ", ".join(attribute.choices)
        raise invalid("campaign.value", f"Choose one of these: {allowed}.", place=place)
    return text


def _clock(text: str, place: str) -> str:
    try:
        second_of(text)
    except ValueError:
        raise invalid("campaign.value", 'Write a time of day like "20:00".', place=place) from None
    return text


def _day(text: str, place: str) -> str:
    try:
        day = date.fromisoformat(text) if len(text) == _DAY_LENGTH else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise invalid("campaign.value", 'Write a day like "2026-11-26".', place=place)
    return text
