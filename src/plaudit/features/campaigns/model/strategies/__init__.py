"""Strategies: what counted facts are worth. One file each, behind `base.Worker`, and here their register."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from plaudit.features.campaigns.model.strategies.base import Worker
from plaudit.features.campaigns.model.strategies.cumulative import CumulativeWorker
from plaudit.features.campaigns.model.strategies.first import FirstWorker
from plaudit.features.campaigns.model.strategies.fixed import FixedWorker
from plaudit.features.campaigns.model.strategies.random import RandomWorker
from plaudit.features.campaigns.model.strategies.ratio import RatioWorker
from plaudit.features.campaigns.model.strategies.streak import StreakWorker
from plaudit.features.campaigns.model.strategies.tiered import TieredWorker
from plaudit.features.campaigns.model.terms import (
    Cumulative,
    First,
    Fixed,
    Random,
    Ratio,
    Strategy,
    Streak,
    Terms,
    Tiered,
)

WORKERS: Final[dict[type[Strategy], Callable[[Mapping[int, Any]], Worker]]] = {
    Ratio: RatioWorker,
    Fixed: FixedWorker,
    Tiered: TieredWorker,
    Cumulative: CumulativeWorker,
    First: FirstWorker,
    Streak: StreakWorker,
    Random: RandomWorker,
}
"""What works each sort of strategy: made from the numbers of all revisions, by number."""

PER_FACT: Final[frozenset[type[Strategy]]] = frozenset({Ratio, Fixed, Tiered, Random})
"""Strategies whose windows are single facts: what one is worth does not depend on others."""


def worker_of(revisions: Mapping[int, Terms]) -> Worker:
    """Return a campaign's strategy at work, from the terms of its revisions so far, by number.

    At least one; all are of one sort, which a revision may not change.
    """
    numbers = {revision: terms.strategy for revision, terms in sorted(revisions.items())}
    return WORKERS[type(next(iter(numbers.values())))](numbers)
