"""Several days in a row."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.strategies.streak import StreakWorker, rows_of
from plaudit.features.campaigns.model.terms import Streak
from tests.features.campaigns.model.strategies.windows import AT, portion, worth

ONCE = StreakWorker({1: Streak(days=3, reward_minor=10)})
EACH = StreakWorker({1: Streak(days=3, reward_minor=10, recurring=True)})


@pytest.mark.parametrize(
    ("days", "once_minor", "each_minor"),
    [
        ([0, 1], 0, 0),
        ([0, 1, 3, 4], 0, 0),
        ([0, 1, 2], 10, 10),
        ([2, 0, 1], 10, 10),
        ([0, 1, 2, 3, 4], 10, 10),
        ([0, 1, 2, 3, 4, 5], 10, 20),
        ([0, 1, 2, 4, 5, 6], 10, 20),
    ],
)
def test_days_in_a_row(days: list[int], once_minor: int, each_minor: int) -> None:
    portions = [portion(1, day=day) for day in days]
    assert (worth(ONCE, *portions), worth(EACH, *portions)) == (once_minor, each_minor)


def test_a_day_needs_enough_in_all() -> None:
    worker = StreakWorker({1: Streak(days=2, reward_minor=10, day_minor=100)})
    first = (portion(60), portion(40, number=1))
    assert worth(worker, *first, portion(99, day=1)) == 0
    assert worth(worker, *first, portion(100, day=1)) == 10


def test_a_day_that_was_undone_breaks_the_row() -> None:
    days = [portion(5, day=day) for day in range(3)]
    assert worth(ONCE, *days, portion(0, day=1, before_minor=5)) == 0
    assert worth(ONCE, *days, portion(0, day=1, before_minor=5), portion(5, day=1, number=1)) == 10


def test_a_row_goes_on_over_revisions() -> None:
    numbers = Streak(days=3, reward_minor=10)
    worker = StreakWorker({1: numbers, 2: numbers})
    days = [portion(5, day=0), portion(5, day=1)]
    assert worth(worker, *days) == 0
    assert worth(worker, *days, portion(5, day=2, revision=2)) == 10


def test_rows_end_where_a_day_is_missing() -> None:
    days = [portion(1, day=day).day for day in (0, 1, 4)]
    assert [(last.day, length) for last, length in rows_of(days)] == [(AT.day + 1, 2), (AT.day + 4, 1)]
