"""Time: the clock as a port, half-open periods in a tenant's zone, RFC 3339 text."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo, available_timezones

_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.(\d{1,9}))?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_MICROSECOND_DIGITS: Final = 6
_DECEMBER: Final = 12
_TOO_EARLY: Final = datetime(1899, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_TOO_LATE: Final = datetime(3000, 1, 1, tzinfo=UTC)
_OF_THE_MACHINE: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Files among those of zones that are what a machine was set to, or none at all."""


class Clock(Protocol):
    """Where the time comes from; tests hand in one that they drive."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """The instants from `start` on and before `end`, both aware and in UTC. Neighbours share no instant."""

    start: datetime
    end: datetime

    def contains(self, at: datetime) -> bool:
        """Tell whether the aware instant `at` lies in the period: the start does, the end does not."""
        return self.start <= at < self.end


def day_of(at: datetime, zone: ZoneInfo) -> Period:
    """Return the calendar day of `zone` that holds the aware instant `at`, mostly 24 hours long."""
    return _holding(at, zone, _day)


def week_of(at: datetime, zone: ZoneInfo) -> Period:
    """Return the ISO week (from Monday) of `zone` that holds the aware instant `at`."""
    return _holding(at, zone, _week)


def month_of(at: datetime, zone: ZoneInfo) -> Period:
    """Return the calendar month of `zone` that holds the aware instant `at`."""
    return _holding(at, zone, _month)


def parse_time(text: str) -> datetime:
    """Return the instant that RFC 3339 `text` names, aware, in UTC.

    An offset is required. Raises ValueError on other text, on impossible dates, on parts of a microsecond
    (they could not be kept) and outside the years 1900 to 2999 (nothing of a broadcast lies there, and every
    zone's calendar can be computed inside).
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        message = f'{text[:40]!r} is not an RFC 3339 time; write it like "2026-11-22T02:03:04Z"'
        raise ValueError(message)
    fraction = match[1]
    if fraction is not None and fraction[_MICROSECOND_DIGITS:].strip("0"):
        message = f"{text!r} is finer than a microsecond"
        raise ValueError(message)
    try:
        at = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        at = _TOO_EARLY
    if not _TOO_EARLY < at < _TOO_LATE:
        message = f"{text!r} lies outside the years 1900 to 2999"
        raise ValueError(message)
    return at


def format_time(at: datetime) -> str:
    """Return the aware instant `at` as RFC 3339 in UTC with microseconds: "2026-11-22T02:03:04.123456Z"."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def is_zone(name: str) -> bool:
    """Tell whether a name is that of a zone of the IANA, which is the same on every machine."""
    return name in _zones()


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _OF_THE_MACHINE)


def _day(day: date) -> tuple[date, date]:
    return day, day + timedelta(days=1)


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def _month(day: date) -> tuple[date, date]:
    after = date(day.year + 1, 1, 1) if day.month == _DECEMBER else date(day.year, day.month + 1, 1)
    return day.replace(day=1), after


def _holding(at: datetime, zone: ZoneInfo, span: Callable[[date], tuple[date, date]]) -> Period:
    """Return the period that holds `at`: of all periods of one span and zone, exactly one does.

    Where clocks change around midnight a date can begin, end and begin again (00:01 back to 23:01); it begins
    with its first midnight, so that an instant of the second 23:30 already belongs to the new date.
    """
    first, after = span(at.astimezone(zone).date())
    period = _between(first, after, zone)
    if at >= period.end:
        return _between(*span(after), zone)
    if at < period.start:
        return _between(*span(first - timedelta(days=1)), zone)
    return period


def _between(first: date, after: date, zone: ZoneInfo) -> Period:
    return Period(_midnight(first, zone), _midnight(after, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return where `day` begins: the first of two midnights, or the change that skips midnight."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
