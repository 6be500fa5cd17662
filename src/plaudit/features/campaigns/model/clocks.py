"""The wall clock of a campaign's zone: which day it was there, which day of the week, which second."""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plaudit.kernel.time import Period, day_of

DAY_S: Final = 86_400

_CLOCK: Final = re.compile(r"(?:([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?|24:00(?::00)?)", re.ASCII)


class Local(NamedTuple):
    """A moment as a zone has it: its day (`iso` is its text), 1 (Monday) to 7, and the clock in seconds."""

    day: date
    iso: str
    weekday: int
    second: int


class ZoneClock:
    """Tells the local time of moments that mostly come one after the other.

    Days are those of `kernel.time.day_of`: where the clock repeats midnight, the new day has begun.
    """

    __slots__ = ("_held", "zone")

    def __init__(self, zone: str) -> None:
        self.zone: Final = ZoneInfo(zone)
        self._held: tuple[Period, date, str, int] | None = None

    def local(self, at: datetime) -> Local:
        """Return what the aware moment `at` is there."""
        held = self._held
        if held is None or not held[0].start <= at < held[0].end:
            period = day_of(at, self.zone)
            day = period.start.astimezone(self.zone).date()
            held = self._held = (period, day, day.isoformat(), day.isoweekday())
        here = at.astimezone(self.zone)
        return Local(held[1], held[2], held[3], here.hour * 3600 + here.minute * 60 + here.second)

    def day(self, at: datetime) -> date:
        """Return the day that holds `at`."""
        held = self._held
        return held[1] if held is not None and held[0].start <= at < held[0].end else self.local(at).day


@lru_cache(maxsize=256)
def clock_of(zone: str) -> ZoneClock:
    """Return the clock of a zone by its IANA name, the same each time. Raises KeyError for an unknown one."""
    return ZoneClock(zone)


def second_of(text: str) -> int:
    """Return the second of the day written as "20:00" or "20:00:30"; "24:00" is the day's end.

    Raises ValueError on anything else.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        message = f'{text[:20]!r} is no time of day; write it like "20:00"'
        raise ValueError(message)
    return int(match[1] or 24) * 3600 + int(match[2] or 0) * 60 + int(match[3] or 0)


def clock_text(second: int) -> str:
    """Return a second of the day as "20:00:30"."""
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
