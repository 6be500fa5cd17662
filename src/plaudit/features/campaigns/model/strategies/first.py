"""Once for a viewer, for the earliest fact that counts."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from plaudit.features.campaigns.model.happenings import Value
from plaudit.features.campaigns.model.strategies.base import Portion, Tally, rate_of
from plaudit.features.campaigns.model.terms import First

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class FirstWorker:
    """A ratio of the earliest fact, or a fixed sum.

    One that was undone stays the first: what comes after it is a second time.
    """

    def __init__(self, revisions: Mapping[int, First]) -> None:
        self._revisions = revisions

    def window(self, *, at: datetime, day: date, values: Mapping[str, Value], position: int) -> str:  # noqa: ARG002 - as all strategies are asked
        """Return the one window of a viewer."""
        return "campaign"

    def count(self, tally: Tally, portion: Portion) -> None:
        """Count a portion if it is the earliest so far, or count the earliest anew."""
        if not portion.before_minor and not portion.after_minor:
            return
        key = ((portion.at - _EPOCH) // _MICROSECOND, portion.tie)
        if tally.first is None or key <= tally.first[:2]:
            tally.first = (*key, portion.after_minor, portion.revision)

    def worth(self, tally: Tally) -> int:
        """Return what is left of the earliest fact is worth."""
        if tally.first is None or not tally.first[2]:
            return 0
        _, _, base_minor, revision = tally.first
        numbers = self._revisions[revision]
        if numbers.reward_minor is not None:
            return numbers.reward_minor
        assert numbers.ratio is not None, numbers
        return rate_of(numbers.ratio).of(base_minor)
