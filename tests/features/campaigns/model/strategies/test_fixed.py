"""The same for each fact."""

from __future__ import annotations

from plaudit.features.campaigns.model.strategies.fixed import FixedWorker
from plaudit.features.campaigns.model.terms import Fixed
from tests.features.campaigns.model.strategies.windows import portion, worth


def test_a_fact_is_worth_the_fixed_sum_until_all_of_it_was_undone() -> None:
    worker = FixedWorker({1: Fixed(reward_minor=30)})
    assert worth(worker, portion(1)) == 30
    assert worth(worker, portion(1000), portion(1, before_minor=1000)) == 30
    assert worth(worker, portion(1000), portion(0, before_minor=1000)) == 0


def test_a_fact_that_nothing_was_paid_for_is_worth_nothing() -> None:
    assert worth(FixedWorker({1: Fixed(reward_minor=30)}), portion(0)) == 0
