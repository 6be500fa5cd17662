"""By the size of each fact."""

from plaudit.features.campaigns.model.strategies.base import tier_worth
from plaudit.features.campaigns.model.strategies.per_fact import PerFact
from plaudit.features.campaigns.model.terms import Tiered


class TieredWorker(PerFact[Tiered]):
    """What the highest tier that one fact reaches is worth."""

    def _worth(self, numbers: Tiered, base_minor: int, chance: int) -> int:  # noqa: ARG002 - as all strategies are asked
        return tier_worth(numbers.tiers, base_minor)
