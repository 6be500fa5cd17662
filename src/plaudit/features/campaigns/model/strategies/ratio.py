"""A ratio of each fact's base."""

from plaudit.features.campaigns.model.strategies.base import rate_of
from plaudit.features.campaigns.model.strategies.per_fact import PerFact
from plaudit.features.campaigns.model.terms import Ratio


class RatioWorker(PerFact[Ratio]):
    """A ratio of the base, rounded down."""

    def _worth(self, numbers: Ratio, base_minor: int, chance: int) -> int:  # noqa: ARG002 - as all strategies are asked
        return rate_of(numbers.ratio).of(base_minor)
