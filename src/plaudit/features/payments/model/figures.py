"""How payments go: success by channel and method, and when a fall is worth an alarm."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

BUCKET: Final = timedelta(minutes=5)
"""What outcomes are counted by."""

SETTLE: Final = timedelta(minutes=5)
"""How old an attempt should be before its outcome counts for an alarm: payers need their time."""

SPAN: Final = timedelta(hours=1)
"""What an alarm looks at."""

ATTEMPTS_MIN: Final = 20
"""With fewer attempts than this in either span a rate says nothing."""

FALL_BASIS_POINTS: Final = 2_000
"""How far success must have fallen, in hundredths of a percent."""

_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted of one channel and method over a span of time."""

    attempted: int
    succeeded: int

    @property
    def rate_basis_points(self) -> int:
        """How many of 10,000 attempts succeed, rounded down; 0 where there was none."""
        return self.succeeded * _WHOLE // self.attempted if self.attempted else 0


NOTHING: Final = Counted(attempted=0, succeeded=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fall:
    """Success that has fallen: what it is and was a day and a week before, of 10,000 (None: too few)."""

    rate_basis_points: int
    day_before_basis_points: int | None
    week_before_basis_points: int | None


def bucket_of(at: datetime) -> datetime:
    """Return the start of the five minutes that a moment is in."""
    return at - timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)


def span_before(now: datetime) -> tuple[datetime, datetime]:
    """Return the hour (half-open) that an alarm looks at now."""
    ends = bucket_of(now - SETTLE)
    return ends - SPAN, ends


def fall_of(*, now: Counted, day_before: Counted, week_before: Counted) -> Fall | None:
    """Return how success has fallen against the same hour of yesterday and of last week, None if it has not.

    Only spans with enough attempts are compared, and it must have fallen against each of them: a bad hour a
    day ago is no standard, nor is a day that is weak every week.
    """
    if now.attempted < ATTEMPTS_MIN:
        return None
    rates = [
        one.rate_basis_points if one.attempted >= ATTEMPTS_MIN else None for one in (day_before, week_before)
    ]
    compared = [rate for rate in rates if rate is not None]
    if not compared or any(rate - now.rate_basis_points < FALL_BASIS_POINTS for rate in compared):
        return None
    return Fall(
        rate_basis_points=now.rate_basis_points,
        day_before_basis_points=rates[0],
        week_before_basis_points=rates[1],
    )
