"""Within bounds, by a chance that was drawn for the fact."""

from typing import Final

from plaudit.features.campaigns.model.strategies.per_fact import PerFact
from plaudit.features.campaigns.model.terms import Random

CHANCE_BITS: Final = 64
"""A chance is a number below 2**64."""


class RandomWorker(PerFact[Random]):
    """Between two bounds, both included, as long as anything of the fact is left."""

    def _worth(self, numbers: Random, base_minor: int, chance: int) -> int:  # noqa: ARG002 - as all strategies are asked
        span = numbers.high_minor - numbers.low_minor + 1
        return numbers.low_minor + (chance * span >> CHANCE_BITS)
