"""By the size of each fact."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.strategies.tiered import TieredWorker
from plaudit.features.campaigns.model.terms import Tier, Tiered
from tests.features.campaigns.model.strategies.windows import portion, worth

FIXED = Tiered(tiers=(Tier(from_minor=100, reward_minor=5), Tier(from_minor=500, reward_minor=30)))
RATIOS = Tiered(tiers=(Tier(from_minor=100, ratio="1/20"), Tier(from_minor=500, ratio="1/10")))


@pytest.mark.parametrize(
    ("base_minor", "fixed_minor", "ratio_minor"),
    [(99, 0, 0), (100, 5, 5), (499, 5, 24), (500, 30, 50), (1_000_000, 30, 100_000)],
)
def test_the_highest_tier_that_one_fact_reaches(base_minor: int, fixed_minor: int, ratio_minor: int) -> None:
    assert worth(TieredWorker({1: FIXED}), portion(base_minor)) == fixed_minor
    assert worth(TieredWorker({1: RATIOS}), portion(base_minor)) == ratio_minor


def test_a_fact_that_was_undone_in_part_falls_to_a_lower_tier() -> None:
    assert worth(TieredWorker({1: FIXED}), portion(500), portion(499, before_minor=500)) == 5
