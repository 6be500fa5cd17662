"""How amounts are spread, exactly: quantiles that are amounts of the set, and buckets of round sizes."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from plaudit.features.campaigns.model.backtest.figures import Bucket, Spread

_STEPS: Final = (1, 2, 5)
_HUNDRED: Final = 100


def spread_of(amounts: Iterable[int]) -> Spread | None:
    """Return how amounts above zero are spread, None where there are none."""
    ordered = sorted(amounts)
    if not ordered:
        return None

    def quantile(per_cent: int) -> int:
        return ordered[(len(ordered) * per_cent - 1) // _HUNDRED]

    return Spread(
        count=len(ordered),
        sum_minor=sum(ordered),
        least_minor=ordered[0],
        p10_minor=quantile(10),
        p25_minor=quantile(25),
        p50_minor=quantile(50),
        p75_minor=quantile(75),
        p90_minor=quantile(90),
        p99_minor=quantile(99),
        most_minor=ordered[-1],
        histogram=tuple(_buckets(ordered)),
    )


def _buckets(ordered: list[int]) -> Iterator[Bucket]:
    """Yield the buckets 1, 2, 5, 10, 20, 50 … from the first that has something to the last."""
    edges = []
    power = 1
    while power <= ordered[-1]:
        edges += [step * power for step in _STEPS]
        power *= 10
    first = bisect_right(edges, ordered[0]) - 1
    last = bisect_right(edges, ordered[-1]) - 1
    places = [bisect_right(ordered, edge - 1) for edge in edges[first : last + 1]] + [len(ordered)]
    for number, edge in enumerate(edges[first : last + 1]):
        yield Bucket(from_minor=edge, count=places[number + 1] - places[number])
