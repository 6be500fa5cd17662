"""Several days in a row."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from plaudit.features.campaigns.model.happenings import Value
from plaudit.features.campaigns.model.strategies.base import Portion, Tally, add
from plaudit.features.campaigns.model.terms import Streak


class StreakWorker:
    """For each so many days in a row, or for the first so many, with enough in each of them.

    A row goes on over revisions, so all of them have the same numbers.
    """

    def __init__(self, revisions: Mapping[int, Streak]) -> None:
        self._numbers = next(iter(revisions.values()))

    def window(self, *, at: datetime, day: date, values: Mapping[str, Value], position: int) -> str:  # noqa: ARG002 - as all strategies are asked
        """Return the one window of a viewer."""
        return "campaign"

    def count(self, tally: Tally, portion: Portion) -> None:
        """Count a portion on its day, or count it anew."""
        add(tally, portion)
        day = portion.day.isoformat()
        total_minor = tally.days.get(day, 0) + portion.after_minor - portion.before_minor
        if total_minor:
            tally.days[day] = total_minor
        else:
            tally.days.pop(day, None)

    def worth(self, tally: Tally) -> int:
        """Return what the rows of days are worth."""
        numbers = self._numbers
        rows = sum(length // numbers.days for _, length in rows_of(good_days(tally, numbers)))
        return (rows if numbers.recurring else min(rows, 1)) * numbers.reward_minor


def good_days(tally: Tally, numbers: Streak) -> list[date]:
    """Return the days that have enough, in order."""
    return sorted(
        date.fromisoformat(day) for day, total_minor in tally.days.items() if total_minor >= numbers.day_minor
    )


def rows_of(days: Iterable[date]) -> Iterator[tuple[date, int]]:
    """Yield each row of days one after the other: its last day, and how many. `days` are ascending."""
    last: date | None = None
    length = 0
    for day in days:
        if last is not None and day.toordinal() == last.toordinal() + 1:
            length += 1
        else:
            if last is not None:
                yield last, length
            length = 1
        last = day
    if last is not None:
        yield last, length
