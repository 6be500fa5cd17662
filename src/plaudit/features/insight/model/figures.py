"""How figures are asked for and told: spans of hours, rates, hours in a zone, cells of a sheet."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from plaudit.kernel.refusal import invalid

By: TypeAlias = Literal["campaign", "inviter", "hour"]

DIRECT: Final = "direct"
"""What is shown for the channel of those who came by no campaign and no invitation."""

SPAN_MAX: Final = timedelta(days=92)

_HOUR: Final = timedelta(hours=1)
_WHOLE: Final = 10_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Hours:
    """Whole hours from one on and before another, in UTC."""

    since: datetime
    until: datetime


def hours_of(*, since: datetime | None, until: datetime | None, now: datetime) -> Hours | None:
    """Return the hours that a span touches; None when neither end is given: all there are.

    Without `until` it ends now, without `since` it is as long as it may be. Raises Refusal `span.invalid`
    (INVALID) when it ends before it begins or is longer than 92 days.
    """
    if since is None and until is None:
        return None
    ends = until if until is not None else now + _HOUR
    starts = since if since is not None else ends - SPAN_MAX
    if not timedelta() < ends - starts <= SPAN_MAX:
        raise invalid(
            "span.invalid",
            f"Ask for a span of at most {SPAN_MAX.days} days that ends after it begins.",
            field="from",
        )
    return Hours(_whole(starts), _whole(ends + _HOUR - timedelta(microseconds=1)))


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def basis_points(*, part: int, whole: int) -> int:
    """Return how much of the whole a part is, of 10,000; 0 where there is nothing."""
    return part * _WHOLE // whole if whole else 0


def local_text(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as the clocks of a zone show it, with the offset: "2026-11-22T20:00:00+08:00"."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def sheet_cell(value: object) -> str:
    """Return a value as a cell of a sheet; a text that a program would take for a formula is quoted.

    Campaigns are what anybody put into a link.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
