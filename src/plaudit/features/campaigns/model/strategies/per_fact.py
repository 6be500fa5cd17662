"""What strategies have in common that look at one fact at a time."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Generic, TypeVar

from plaudit.features.campaigns.model.happenings import Value
from plaudit.features.campaigns.model.strategies.base import Portion, Tally, add

N = TypeVar("N")


class PerFact(Generic[N]):
    """Each fact is a window of its own. Made from the numbers of all revisions, by number."""

    def __init__(self, revisions: Mapping[int, N]) -> None:
        self._revisions = revisions

    def window(self, *, at: datetime, day: date, values: Mapping[str, Value], position: int) -> str:  # noqa: ARG002 - as all strategies are asked
        """Return the window of one fact alone."""
        return f"fact/{position}"

    def count(self, tally: Tally, portion: Portion) -> None:
        """Count a portion, or count it anew."""
        add(tally, portion)
        tally.chance = portion.chance

    def worth(self, tally: Tally) -> int:
        """Return what is left of the fact is worth, by the revision that judged it."""
        return sum(
            self._worth(self._revisions[revision], total_minor, tally.chance)
            for revision, total_minor in tally.totals.items()
        )

    def _worth(self, numbers: N, base_minor: int, chance: int) -> int:
        """Return what a base above zero is worth."""
        raise NotImplementedError
