"""By the sum of a window: what its highest tier is worth in all."""

from collections.abc import Mapping
from datetime import date, datetime

from plaudit.features.campaigns.model.happenings import Value
from plaudit.features.campaigns.model.strategies.base import Portion, Tally, add, tier_worth
from plaudit.features.campaigns.model.terms import Counted, Cumulative


class CumulativeWorker:
    """Sums of a day, week, month or the whole campaign, maybe for each creator, room or show.

    What was counted under a revision is never worth less under the next: each revision that has counted
    something weighs the sum of itself and of all before it, and the best of them holds.
    """

    def __init__(self, revisions: Mapping[int, Cumulative]) -> None:
        self._revisions = revisions
        first = next(iter(revisions.values()))
        self._counted = first.counted
        self._per = first.per

    def window(self, *, at: datetime, day: date, values: Mapping[str, Value], position: int) -> str:  # noqa: ARG002 - as all strategies are asked
        """Return the span that holds the day, and of which creator, room or show."""
        name = span_of(self._counted, day=day, position=position)
        return name + "".join(f"/{one}/{values[one]}" for one in self._per)

    def count(self, tally: Tally, portion: Portion) -> None:
        """Count a portion, or count it anew."""
        add(tally, portion)

    def worth(self, tally: Tally) -> int:
        """Return what the sum is worth by the best revision that has counted some of it."""
        total_minor = best_minor = 0
        for revision in sorted(tally.totals):
            total_minor += tally.totals[revision]
            best_minor = max(best_minor, sum_worth(self._revisions[revision], total_minor))
        return best_minor


def span_of(counted: Counted, *, day: date, position: int) -> str:
    """Return the name of what is counted together with a fact of this day and position."""
    match counted:
        case "day":
            return f"day/{day.isoformat()}"
        case "week":
            year, week, _ = day.isocalendar()
            return f"week/{year}-W{week:02}"
        case "month":
            return f"month/{day.year:04}-{day.month:02}"
        case "campaign":
            return "campaign"
        case "fact":
            return f"fact/{position}"


def sum_worth(numbers: Cumulative, total_minor: int) -> int:
    """Return what a sum is worth by one revision: its tier, and what goes on after the last one."""
    worth_minor = tier_worth(numbers.tiers, total_minor)
    last_minor = numbers.tiers[-1].from_minor if numbers.tiers else 0
    if numbers.every_minor and numbers.every_reward_minor and total_minor >= last_minor:
        worth_minor += (total_minor - last_minor) // numbers.every_minor * numbers.every_reward_minor
    return worth_minor
