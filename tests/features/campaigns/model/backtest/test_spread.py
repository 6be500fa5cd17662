"""How amounts are spread: exactly, and nothing is lost between buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.backtest.figures import Bucket
from plaudit.features.campaigns.model.backtest.spread import spread_of


def test_quantiles_are_amounts_of_the_set() -> None:
    found = spread_of(range(1, 101))
    assert found is not None
    assert (found.least_minor, found.p10_minor, found.p25_minor, found.p50_minor) == (1, 10, 25, 50)
    assert (found.p75_minor, found.p90_minor, found.p99_minor, found.most_minor) == (75, 90, 99, 100)
    assert (found.count, found.sum_minor) == (100, 5_050)


def test_buckets_go_by_one_two_and_five_from_the_first_that_has_something_to_the_last() -> None:
    found = spread_of([3, 4, 5, 60])
    assert found is not None
    assert found.histogram == tuple(
        Bucket(from_minor=edge, count=count) for edge, count in ((2, 2), (5, 1), (10, 0), (20, 0), (50, 1))
    )


def test_of_nothing_there_is_no_spread() -> None:
    assert spread_of([]) is None


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=60))
def test_every_amount_is_in_one_bucket_and_quantiles_do_not_fall(amounts: list[int]) -> None:
    found = spread_of(amounts)
    assert found is not None
    edges = [one.from_minor for one in found.histogram]
    for number, one in enumerate(found.histogram):
        below = edges[number + 1] if number + 1 < len(edges) else max(amounts) + 1
        assert one.count == sum(one.from_minor <= amount < below for amount in amounts)
    assert sum(one.count for one in found.histogram) == len(amounts)
    quantiles = [
        found.least_minor,
        found.p10_minor,
        found.p25_minor,
        found.p50_minor,
        found.p75_minor,
        found.p90_minor,
        found.p99_minor,
        found.most_minor,
    ]
    assert quantiles == sorted(quantiles)
    assert set(quantiles) <= set(amounts)
    assert found.histogram[0].count
    assert found.histogram[-1].count
