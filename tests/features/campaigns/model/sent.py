"""Terms as a screen sends them."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from plaudit.features.campaigns.model.checking import terms_of
from plaudit.features.campaigns.model.terms import Terms
from plaudit.kernel.refusal import Refusal
from tests.features.campaigns.model.trees import CALENDARS

GONE = object()
"""Stands for a field that is not sent."""

WEEKLY: dict[str, Any] = {
    "trigger": "tip",
    "base": {"amount": "paid", "asset": "coin"},
    "conditions": {
        "all": [
            {"attribute": "amount", "operator": "at_least", "value": 10},
            {
                "any": [
                    {"attribute": "room", "operator": "one_of", "value": ["r1", "r2"]},
                    {"not": {"attribute": "weekday", "operator": "one_of", "value": [6, 7]}},
                ]
            },
            {"attribute": "day", "operator": "in_calendar", "value": "holidays"},
            {"attribute": "time_of_day", "operator": "between", "value": ["20:00", "02:00"]},
        ]
    },
    "strategy": {
        "kind": "cumulative",
        "counted": "week",
        "per": ["creator"],
        "tiers": [
            {"from_minor": 500, "reward_minor": 30},
            {"from_minor": 1000, "reward_minor": 80},
        ],
        "every_minor": 1000,
        "every_reward_minor": 90,
    },
    "reward": {"kind": "points", "matures_s": 3600},
    "starts_at": "2026-11-23T00:00:00+08:00",
    "ends_at": "2026-12-24T00:00:00+08:00",
    "texts": {"title_en": "Tip 500 this week, get 30", "title_zh": "本周打赏 500 得 30"},
    "caps": {"viewer_minor": 400, "total_minor": 10_000, "viewer_day_count": 3},
    "clawback": {"policy": "take", "debt_limit_minor": 50},
    "priority": 5,
    "exclusive": True,
}
"""Tip 500 this week to one creator, get 30, and so on."""

TOPUP: dict[str, Any] = {
    "trigger": "topup",
    "base": {"amount": "paid", "asset": "CNY"},
    "strategy": {"kind": "ratio", "ratio": "20%"},
    "reward": {"kind": "coin"},
    "starts_at": "2026-11-23T00:00:00+08:00",
    "ends_at": "2026-12-24T00:00:00+08:00",
    "texts": {"title_en": "20 % back", "title_zh": "充值返 20%"},
}
"""20 % back on each top-up."""

_STEP = re.compile(r"([a-z_]+)|\[(\d+)\]")


def altered(sent: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """Return what is sent with another value at a place, or GONE from it."""
    other = copy.deepcopy(sent)
    steps: list[str | int] = [name or int(number) for name, number in _STEP.findall(place)]
    inner: Any = other
    for step in steps[:-1]:
        inner = (
            inner.setdefault(step, {}) if isinstance(inner, dict) and isinstance(step, str) else inner[step]
        )
    if value is GONE:
        del inner[steps[-1]]
    else:
        inner[steps[-1]] = value
    return other


def checked(sent: object) -> Terms:
    """Return the terms that were sent, with Shanghai's time and two calendars."""
    return terms_of(sent, zone="Asia/Shanghai", calendars=CALENDARS)


def refused(sent: object) -> tuple[str, object]:
    """Return the code and the place with which what was sent is refused."""
    with pytest.raises(Refusal) as caught:
        checked(sent)
    assert caught.value.kind == "invalid"
    return caught.value.code, caught.value.details["place"]


def tried(sent: object) -> Terms | Refusal:
    """Return the terms that were sent, or why they are refused."""
    try:
        return checked(sent)
    except Refusal as refusal:
        return refusal
