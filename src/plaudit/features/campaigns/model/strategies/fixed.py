"""The same for each fact."""

from plaudit.features.campaigns.model.strategies.per_fact import PerFact
from plaudit.features.campaigns.model.terms import Fixed


class FixedWorker(PerFact[Fixed]):
    """A fixed sum as long as anything of the fact is left."""

    def _worth(self, numbers: Fixed, base_minor: int, chance: int) -> int:  # noqa: ARG002 - as all strategies are asked
        return numbers.reward_minor
