"""The time of a simulator, which can be driven, and how China writes it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Final

from plaudit.kernel.time import Clock, SystemClock
from plaudit.platform.clock import FileClock

CHINA: Final = timezone(timedelta(hours=8))
"""Both channels live by the time of China, all year round."""

_DAY: Final = timedelta(days=1)


class Timepiece:
    """The machine's time (or a clock file's) moved by an offset, or standing still."""

    def __init__(self, *, clock_file: Path | None = None) -> None:
        """Follow the file if there is one, as `plaudit serve` does with PLAUDIT_CLOCK_FILE."""
        machine = SystemClock()
        self._source: Clock = machine if clock_file is None else FileClock(clock_file, source=machine)
        self.offset = timedelta()
        self.frozen_at: datetime | None = None

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return self.frozen_at or self._source.now() + self.offset

    def freeze(self, at: datetime) -> None:
        """Let time stand still at an instant."""
        self.frozen_at = at.astimezone(UTC)

    def follow(self, offset: timedelta) -> None:
        """Let time run, so much ahead of (or behind) the machine's."""
        self.frozen_at = None
        self.offset = offset

    def advance(self, step: timedelta) -> None:
        """Move on, whether time stands or runs."""
        if self.frozen_at is not None:
            self.frozen_at += step
        else:
            self.offset += step


def spoken(at: datetime) -> str:
    """Return an instant as WeChat's API writes it: 2026-11-22T10:34:56+08:00."""
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def written(at: datetime) -> str:
    """Return an instant as bills and Alipay write it: 2026-11-22 10:34:56, in China."""
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def read(text: str) -> datetime:
    """Return the instant that Alipay's text names. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)


def china_day(at: datetime) -> date:
    """Return the date in China."""
    return at.astimezone(CHINA).date()


def ready_at(day: date, *, hour: int) -> datetime:
    """Return when the bill of a day is ready: at an hour of the next morning, in China."""
    return datetime.combine(day + _DAY, time(hour), tzinfo=CHINA).astimezone(UTC)


def end_of(day: date) -> datetime:
    """Return the first instant after a day of China."""
    return datetime.combine(day + _DAY, time.min, tzinfo=CHINA).astimezone(UTC)
