"""By the sum of a window."""

from __future__ import annotations

from datetime import date

import pytest

from plaudit.features.campaigns.model.strategies.cumulative import CumulativeWorker, span_of
from plaudit.features.campaigns.model.terms import Counted, Cumulative, Tier
from tests.features.campaigns.model.strategies.windows import AT, portion, worth

TIERS = (Tier(from_minor=100, reward_minor=5), Tier(from_minor=500, reward_minor=30))
WEEK = Cumulative(tiers=TIERS, counted="week")


def test_the_sum_is_worth_its_tier_however_it_came() -> None:
    worker = CumulativeWorker({1: WEEK})
    assert worth(worker, portion(99)) == 0
    assert worth(worker, portion(99), portion(1, number=1)) == 5
    assert worth(worker, portion(499), portion(1, number=1)) == 30
    assert worth(worker, portion(500), portion(5000, number=1)) == 30


def test_what_was_undone_counts_no_more() -> None:
    worker = CumulativeWorker({1: WEEK})
    assert worth(worker, portion(300), portion(200, number=1), portion(100, before_minor=300)) == 5


@pytest.mark.parametrize(("total_minor", "worth_minor"), [(499, 5), (699, 30), (700, 42), (1100, 66)])
def test_after_the_last_tier_it_goes_on(total_minor: int, worth_minor: int) -> None:
    numbers = Cumulative(tiers=TIERS, counted="week", every_minor=200, every_reward_minor=12)
    assert worth(CumulativeWorker({1: numbers}), portion(total_minor)) == worth_minor


def test_without_tiers_so_much_for_each_so_much() -> None:
    numbers = Cumulative(tiers=(), counted="week", every_minor=200, every_reward_minor=12)
    assert worth(CumulativeWorker({1: numbers}), portion(199), portion(201, number=1)) == 24


def test_a_tier_may_be_a_ratio_of_the_sum() -> None:
    numbers = Cumulative(tiers=(Tier(from_minor=100, ratio="1/20"),), counted="month")
    assert worth(CumulativeWorker({1: numbers}), portion(90), portion(90, number=1)) == 9


def test_a_new_revision_counts_what_was_there_and_takes_nothing_away() -> None:
    better = Cumulative(tiers=(Tier(from_minor=100, reward_minor=50),), counted="week")
    worse = Cumulative(tiers=(Tier(from_minor=100, reward_minor=1),), counted="week")
    worker = CumulativeWorker({1: WEEK, 2: better, 3: worse})
    assert worth(worker, portion(60), portion(60, number=1, revision=2)) == 50
    assert worth(worker, portion(100), portion(100, number=1, revision=3)) == 5
    assert worth(worker, portion(100, revision=3)) == 1


@pytest.mark.parametrize(
    ("counted", "day", "name"),
    [
        ("day", date(2026, 11, 26), "day/2026-11-26"),
        ("week", date(2026, 11, 26), "week/2026-W48"),
        ("week", date(2027, 1, 3), "week/2026-W53"),
        ("month", date(2026, 11, 26), "month/2026-11"),
        ("campaign", date(2026, 11, 26), "campaign"),
        ("fact", date(2026, 11, 26), "fact/7"),
    ],
)
def test_what_is_counted_together(counted: Counted, day: date, name: str) -> None:
    assert span_of(counted, day=day, position=7) == name


def test_each_creator_in_each_room_is_counted_apart() -> None:
    worker = CumulativeWorker({1: Cumulative(tiers=TIERS, counted="campaign", per=("creator", "room"))})
    values = {"creator": "aurora", "room": "r1", "show": "winter"}
    window = worker.window(at=AT, day=AT.date(), values=values, position=1)
    assert window == "campaign/creator/aurora/room/r1"
