"""A ratio of each fact's base."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.strategies.ratio import RatioWorker
from plaudit.features.campaigns.model.terms import Ratio
from tests.features.campaigns.model.strategies.windows import portion, worth


@pytest.mark.parametrize(("base_minor", "worth_minor"), [(0, 0), (4, 0), (5, 1), (1999, 399), (2000, 400)])
def test_twenty_per_cent_rounded_down(base_minor: int, worth_minor: int) -> None:
    assert worth(RatioWorker({1: Ratio(ratio="1/5")}), portion(base_minor)) == worth_minor


def test_a_fact_that_was_undone_in_part_is_worth_its_rest() -> None:
    worker = RatioWorker({1: Ratio(ratio="1/5")})
    assert worth(worker, portion(1000), portion(500, before_minor=1000)) == 100


def test_a_fact_is_worth_what_its_revision_says() -> None:
    worker = RatioWorker({1: Ratio(ratio="1/5"), 2: Ratio(ratio="1/2")})
    assert (worth(worker, portion(1000)), worth(worker, portion(1000, revision=2))) == (200, 500)
