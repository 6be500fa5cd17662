"""Of several campaigns that match one fact: which count it, and why the others do not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.conditions import Known
from plaudit.features.campaigns.model.resolution import alone_minor, counting, resolved
from plaudit.features.campaigns.model.terms import Fixed, Random, Ratio
from tests.features.campaigns.model.facts import happened
from tests.features.campaigns.model.rows import catalogue, promised

HAPPENING = happened()


def matches(**campaigns: dict[str, Any]) -> list[Match]:
    """Return a match of each campaign; `worth` is its fixed reward."""
    terms = {
        campaign: promised(strategy=Fixed(reward_minor=other.pop("worth", 5)), **other)
        for campaign, other in ((name, dict(said)) for name, said in campaigns.items())
    }
    return catalogue(**terms).matches(HAPPENING, Known())


def ruled(found: list[Match]) -> dict[str, str]:
    return {
        one.match.campaign: one.reason if one.by is None else f"{one.reason} by {one.by}"
        for one in resolved(found, HAPPENING)
    }


@pytest.mark.parametrize(
    ("campaigns", "expected"),
    [
        ({"a": {}, "b": {}}, {"a": "counts", "b": "counts"}),
        (
            {"a": {"group": "g"}, "b": {"group": "g", "priority": 1}, "c": {}},
            {"b": "counts", "a": "outranked by b", "c": "counts"},
        ),
        ({"a": {"group": "g"}, "b": {"group": "g"}}, {"a": "counts", "b": "outranked by a"}),
        (
            {"a": {"group": "g", "pick": "best"}, "b": {"group": "g", "pick": "best", "worth": 6}},
            {"a": "less by b", "b": "counts"},
        ),
        (
            {"a": {"group": "g", "pick": "best"}, "b": {"group": "g", "pick": "best", "priority": 1}},
            {"b": "counts", "a": "less by b"},
        ),
        (
            {"a": {"exclusive": True, "priority": 5}, "b": {"priority": 5}, "c": {"priority": 4}},
            {"a": "counts", "b": "counts", "c": "excluded by a"},
        ),
        (
            {
                "a": {"exclusive": True, "priority": 5, "group": "g"},
                "b": {"priority": 9, "group": "g"},
                "c": {},
            },
            {"b": "counts", "a": "outranked by b", "c": "counts"},
        ),
        # The best of a group is kept out, so that the next of it counts.
        (
            {
                "a": {"group": "g", "pick": "best", "worth": 99},
                "b": {"group": "g", "pick": "best", "priority": 9},
                "x": {"exclusive": True, "priority": 5},
            },
            {"b": "counts", "x": "counts", "a": "excluded by x"},
        ),
        # And the next of it may keep out the one that kept it out.
        (
            {
                "a": {"group": "g", "pick": "best", "worth": 99},
                "b": {"group": "g", "pick": "best", "priority": 9, "exclusive": True},
                "x": {"exclusive": True, "priority": 5},
            },
            {"b": "counts", "x": "excluded by b", "a": "excluded by b"},
        ),
    ],
)
def test_who_counts_and_why_not(campaigns: dict[str, dict[str, Any]], expected: dict[str, str]) -> None:
    found = matches(**campaigns)
    assert ruled(found) == expected
    assert ruled(found[::-1]) == expected
    assert [one.campaign for one in counting(found, HAPPENING)] == [
        campaign for campaign, reason in expected.items() if reason == "counts"
    ]


def test_what_a_fact_alone_is_worth() -> None:
    found = catalogue(
        fifth=promised(strategy=Ratio(ratio="1/5")),
        lucky=promised(strategy=Random(low_minor=3, high_minor=3)),
    )
    fifth, lucky = found.matches(HAPPENING, Known())
    assert (alone_minor(fifth, HAPPENING), alone_minor(lucky, HAPPENING)) == (200, 3)


_campaign = st.fixed_dictionaries(
    {
        "group": st.sampled_from([None, "g", "h"]),
        "pick": st.sampled_from(["priority", "best"]),
        "priority": st.integers(0, 3),
        "exclusive": st.booleans(),
        "worth": st.integers(1, 3),
    }
)


@given(drawn=st.dictionaries(st.sampled_from("abcdefgh"), _campaign, min_size=1), data=st.data())
def test_whatever_matches_somebody_counts_one_of_a_group_and_nobody_below_an_exclusive_one(
    drawn: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    found = matches(**drawn)
    rulings = resolved(found, HAPPENING)
    assert rulings == resolved(data.draw(st.permutations(found)), HAPPENING)
    winners = [one.match for one in rulings if one.reason == "counts"]
    assert winners == counting(found, HAPPENING)
    groups = [one.terms.group for one in winners if one.terms.group is not None]
    assert len(groups) == len(set(groups))
    bars = [one.terms.priority for one in winners if one.terms.exclusive]
    assert min(one.terms.priority for one in winners) >= max(bars, default=0)
    assert (
        max(one.terms.priority for one in found) == max(one.terms.priority for one in winners)
        or bars
        or groups
    )
    assert {one.by for one in rulings if one.by is not None} <= {one.campaign for one in winners}
