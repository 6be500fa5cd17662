"""Terms in words: comparisons and whole trees, as the page of terms says them."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.terms import Condition
from plaudit.features.campaigns.model.wording import comparison_text, condition_text
from tests.features.campaigns.model.rows import promised
from tests.features.campaigns.model.trees import every, leaf, never, some

ROOM = leaf("room", "equals", "r1")
LARGE = leaf("amount", "at_least", 50_000)


@pytest.mark.parametrize(
    ("condition", "en", "zh"),
    [
        (every(), "none", "无"),
        (LARGE, "amount is at least 500.00 CNY", "金额不低于 500.00 CNY"),
        (never(ROOM), "not (room is r1)", "非（直播间为 r1）"),
        (
            every(ROOM, some(LARGE, leaf("weekday", "one_of", [6, 7]))),
            "room is r1 and (amount is at least 500.00 CNY or day of the week is one of Saturday, Sunday)",
            "直播间为 r1，且（金额不低于 500.00 CNY，或星期为 周六、周日 之一）",
        ),
    ],
)
def test_conditions_are_said_in_both_languages(condition: Condition, en: str, zh: str) -> None:
    terms = promised(condition)
    assert condition_text(condition, terms=terms, language="en") == en
    assert condition_text(condition, terms=terms, language="zh") == zh


@pytest.mark.parametrize(("units", "said"), [(True, "500.00 CNY"), (False, "500.00")])
def test_amounts_are_said_with_their_asset_or_without(*, units: bool, said: str) -> None:
    text = comparison_text(
        attribute="amount",
        operator="at_least",
        value=50_000,
        terms=promised(LARGE),
        language="en",
        units=units,
    )
    assert text == f"amount is at least {said}"
