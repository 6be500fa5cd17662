"""The clocks of a process: the machine's, or one that a file drives for tests across processes.

Both never step back within a process, whatever is done to the machine's time.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plaudit.kernel.time import Clock, SystemClock, parse_time

__all__ = ["FileClock", "MonotoneClock", "clock_of"]

_OFFSET: Final = re.compile(r"([+-]\d{1,10})(?:\.(\d{1,6}))?")


class MonotoneClock:
    """Another clock, held still where it would step back."""

    __slots__ = ("_latest", "_source")

    def __init__(self, source: Clock) -> None:
        """Follow `source`."""
        self._source = source
        self._latest = source.now()

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC; never before one returned earlier."""
        self._latest = max(self._latest, self._source.now())
        return self._latest


class FileClock:
    """The time that a file says: an RFC 3339 time stands still, an offset moves with the machine's time.

    The file is looked at on every call, so that all processes follow it at once. While it is missing or
    empty, the machine's time holds. Raises ValueError on any other content.
    """

    __slots__ = ("_path", "_seen", "_source", "_value")

    def __init__(self, path: Path, *, source: Clock) -> None:
        """Follow the file at `path`, and `source` for what it leaves open."""
        self._path = path
        self._source = source
        self._seen: tuple[int, int, int] | None = None
        self._value: datetime | timedelta = timedelta()

    def now(self) -> datetime:
        """Return the instant that the file says, aware, in UTC."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return self._source.now()
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            self._value = _parse(self._path.read_text(encoding="ascii").strip())
            self._seen = seen
        return self._value if isinstance(self._value, datetime) else self._source.now() + self._value


def _parse(text: str) -> datetime | timedelta:
    if not text:
        return timedelta()
    match = _OFFSET.fullmatch(text)
    if match is None:
        return parse_time(text)
    fraction = timedelta(microseconds=int((match[2] or "0").ljust(6, "0")))
    return timedelta(seconds=int(match[1])) + (-fraction if text.startswith("-") else fraction)


def clock_of(path: Path | None) -> Clock:
    """Return the clock of a process: the machine's, or that of the setting `clock_file`."""
    machine = SystemClock()
    return MonotoneClock(machine if path is None else FileClock(path, source=machine))
