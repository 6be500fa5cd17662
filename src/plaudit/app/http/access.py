"""The access log: one line a request, written beside the requests and not among them.

A line is put together in about two microseconds and kept in memory; a thread writes what has gathered five
times a second, so that neither a slow disk nor a full pipe ever holds a request up. A process that is
killed loses the lines of its last fifth of a second; past 100,000 waiting lines new ones are dropped and
counted.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from plaudit.app import meters
from plaudit.kernel.time import format_time
from plaudit.platform import log

_EVERY_S: Final = 0.2
_CLOSE_S: Final = 1.0
_LINES_MAX: Final = 100_000


class AccessLog:
    """Writes a line for every request, as JSON or through the console's renderer."""

    def __init__(self, *, output: str, descriptor: int | None = None) -> None:
        """Write to standard error, or to another open file."""
        self._json = output == "json"
        self._descriptor = sys.stderr.fileno() if descriptor is None else descriptor
        self._lines: deque[dict[str, Any]] = deque()
        self._stop = threading.Event()
        self._encoder = msgspec.json.Encoder()
        self._console = log.logger("access")
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def line(self, at: datetime, fields: dict[str, Any]) -> None:
        """Take a line; its fields are the caller's no more."""
        if len(self._lines) >= _LINES_MAX:
            meters.LOST_LINES.inc()
            return
        fields["at"] = at
        self._lines.append(fields)

    def close(self) -> None:
        """Write what waits and stop; a pipe that nobody reads is waited for one second."""
        self._stop.set()
        self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_S):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = self._lines
        render: Callable[[dict[str, Any]], bytes | None] = self._rendered if self._json else self._shown
        written = bytearray()
        while lines:
            text = render(lines.popleft())
            if text is not None:
                written += text
        view = memoryview(written)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            meters.LOST_LINES.inc()

    def _rendered(self, fields: dict[str, Any]) -> bytes:
        fields["at"] = format_time(fields["at"])
        return self._encoder.encode({"event": "request", "level": "info", "part": "access", **fields}) + b"\n"

    def _shown(self, fields: dict[str, Any]) -> None:
        at = fields.pop("at")
        self._console.info("request", done_at=format_time(at), **fields)
