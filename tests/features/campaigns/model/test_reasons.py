"""Why a fact earned nothing, in words."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.conditions import Known, traced
from plaudit.features.campaigns.model.reasons import absent_text, ruled_text, unmet_of, withheld_text
from plaudit.features.campaigns.model.resolution import Reason, Ruling
from plaudit.features.campaigns.model.running import Absence
from plaudit.features.campaigns.model.strategies.fixed import FixedWorker
from plaudit.features.campaigns.model.terms import Condition, Operator
from tests.features.campaigns.model.facts import happened
from tests.features.campaigns.model.rows import promised
from tests.features.campaigns.model.trees import every, leaf, never, some


def unmet(condition: Condition) -> tuple[list[str], list[str]]:
    terms = promised(condition)
    said = traced(terms, happening=happened(room="r1"), known=Known(tags=("new", "kid")))
    return unmet_of(said, terms, language="en"), unmet_of(said, terms, language="zh")


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "en", "zh"),
    [
        (
            "amount",
            "at_least",
            50_000,
            "Asked: amount is at least 500.00. It was 10.00.",
            "要求“金额不低于 500.00”，实际为10.00。",
        ),
        (
            "amount",
            "between",
            [100, 200],
            "Asked: amount is from 1.00 to before 2.00. It was 10.00.",
            "要求“金额从 1.00 起、2.00 之前”，实际为10.00。",
        ),
        (
            "weekday",
            "one_of",
            [6, 7],
            "Asked: day of the week is one of Saturday, Sunday. It was Thursday.",
            "要求“星期为 周六、周日 之一”，实际为周四。",
        ),
        (
            "gift",
            "equals",
            "rose",
            "Asked: gift is rose. It was nothing.",
            "要求“礼物为 rose”，实际为无。",
        ),
        (
            "tags",
            "contains",
            "vip",
            "Asked: viewer's tags has vip. It was new, kid.",
            "要求“用户标签包含 vip”，实际为new、kid。",
        ),
        (
            "first_ever",
            "is",
            True,
            "Asked: first of its kind: yes. It was nothing.",
            "要求“首次：是”，实际为无。",
        ),
        (
            "time_of_day",
            "between",
            ["22:00", "02:00"],
            "Asked: time of day is from 22:00 to before 02:00. It was 20:30:00.",
            "要求“时刻从 22:00 起、02:00 之前”，实际为20:30:00。",
        ),
    ],
)
def test_what_was_asked_and_what_it_was(
    *,
    attribute: str,
    operator: Operator,
    value: Any,  # noqa: ANN401 - of each type
    en: str,
    zh: str,
) -> None:
    assert unmet(leaf(attribute, operator, value)) == ([en], [zh])


def test_only_what_decides_is_told() -> None:
    room, other = leaf("room", "equals", "r1"), leaf("room", "equals", "r2")
    assert unmet(every(room, some(room, other)))[0] == []
    assert unmet(every(room, other, never(room)))[0] == [
        "Asked: room is r2. It was r1.",
        "Asked: not room is r1. It was r1.",
    ]
    assert unmet(never(room))[1] == ["要求不满足“直播间为 r1”，实际为r1。"]


def test_every_reason_has_words_in_both_languages() -> None:
    match = Match("a", 1, promised(), FixedWorker({}), 1)
    for absence in get_args(Absence):
        assert absent_text(absence, "en") != absent_text(absence, "zh")
    for reason in get_args(Reason):
        ruling = Ruling(match, reason, "other")
        assert ruled_text(ruling, "en") != ruled_text(ruling, "zh")
        assert ("other" in ruled_text(ruling, "en")) == (reason != "counts")
    for code in ("campaign.budget", "campaign.paused", "campaign.cap", "account.frozen"):
        assert withheld_text(code, "en") != withheld_text(code, "zh")
    assert withheld_text("later.code", "zh") == "later.code"
