"""The clocks of a process: the machine's, or one that a file drives for tests across processes.

Both never step back within a process, whatever is done to the machine's time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plaudit.kernel.time import Clock, SystemClock, parse_time

__all__ = ["FileClock", "MonotoneClock", "clock_of"]

_OFFSET: Final = re.compile(r"([+-]\d{1,10})(?:\.(\d{1,6}))?")


class MonotoneClock:
    """Another clock, which does not step back: from there on it goes by `pace` until the other has caught up.

    A clock that stood still would keep a caller in a second of the rate limit that never ends.
    """

    __slots__ = ("_latest", "_pace", "_paced", "_source")

    def __init__(self, source: Clock, *, pace: Callable[[], float] | None = None) -> None:
        """Follow `source`; `pace` counts seconds that pass. Without it, time stands still instead."""
        self._source = source
        self._pace = pace
        self._paced = 0.0 if pace is None else pace()
        self._latest = source.now()

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC; never before one returned earlier."""
        told = self._source.now()
        passed_s = 0.0
        if self._pace is not None:
            paced = self._pace()
            passed_s = paced - self._paced
            self._paced = paced
        if told >= self._latest:
            self._latest = told
        else:
            self._latest += timedelta(seconds=passed_s)
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
    if path is None:
        return MonotoneClock(machine, pace=time.monotonic)
    return MonotoneClock(FileClock(path, source=machine))
