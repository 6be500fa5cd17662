"""Within bounds, by a drawn chance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.strategies.random import RandomWorker
from plaudit.features.campaigns.model.terms import Random
from tests.features.campaigns.model.strategies.windows import portion, worth


@pytest.mark.parametrize(("chance", "worth_minor"), [(0, 10), (2**63 - 1, 14), (2**63, 15), (2**64 - 1, 19)])
def test_all_chances_spread_evenly_over_both_bounds(chance: int, worth_minor: int) -> None:
    worker = RandomWorker({1: Random(low_minor=10, high_minor=19)})
    assert worth(worker, portion(1, chance=chance)) == worth_minor


@given(low=st.integers(0, 10**9), span=st.integers(0, 10**9), chance=st.integers(0, 2**64 - 1))
def test_what_is_drawn_lies_within_the_bounds(low: int, span: int, chance: int) -> None:
    worker = RandomWorker({1: Random(low_minor=low, high_minor=low + span)})
    assert low <= worth(worker, portion(5, chance=chance)) <= low + span
