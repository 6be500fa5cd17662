"""Once for a viewer."""

from __future__ import annotations

from plaudit.features.campaigns.model.strategies.first import FirstWorker
from plaudit.features.campaigns.model.terms import First
from tests.features.campaigns.model.strategies.windows import portion, worth

HALF = FirstWorker({1: First(ratio="1/2"), 2: First(reward_minor=7)})


def test_the_earliest_counts_whenever_it_is_heard_of() -> None:
    assert worth(HALF, portion(100, day=1), portion(900, day=2)) == 50
    assert worth(HALF, portion(900, day=2), portion(100, day=1)) == 50
    assert worth(HALF, portion(900, number=2), portion(100, number=1)) == 50


def test_the_first_is_worth_what_its_revision_says() -> None:
    assert worth(HALF, portion(100, day=1, revision=2), portion(100, day=2)) == 7


def test_after_a_first_that_was_undone_nothing_is_the_first_again() -> None:
    undone = portion(0, day=1, before_minor=100)
    assert worth(HALF, portion(100, day=1), undone) == 0
    assert worth(HALF, portion(100, day=1), undone, portion(100, day=2)) == 0
    assert worth(HALF, portion(100, day=1), portion(60, day=1, before_minor=100)) == 30


def test_what_cost_nothing_is_no_first_time() -> None:
    assert worth(HALF, portion(0, day=1), portion(100, day=2)) == 50
