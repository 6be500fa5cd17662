"""Starting a server as a child process, measuring it, and ending it."""

from __future__ import annotations

import asyncio
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_START_S: Final = 120.0
_STOP_S: Final = 20.0
_LOOK_S: Final = 0.25
_TAIL_BYTES: Final = 2_000
_WATCHDOG: Final = "plaudit.platform.postmaster.watchdog"
_POSTGRES: Final = "postgres"


class ChildError(Exception):
    """The server did not start; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Child:
    """A server that runs: its address and its process."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def child(*, what: str, environ: Mapping[str, str], log: Path) -> Iterator[Child]:
    """Run `plaudit.app.bench.serving` until the end of the block, its log in a file. Raises ChildError.

    Of all PLAUDIT_ variables it sees those in ``environ`` alone: the product's own defaults hold.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "plaudit.app.bench.serving", what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            env={**inherited, **environ},
            start_new_session=True,
        )
    with process:
        try:
            yield Child(_announced(process, log), process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _announced(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_S
    told = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not told.endswith(b"\n") and selector.select(max(deadline - time.monotonic(), 0)):
            piece = os.read(process.stdout.fileno(), 256)
            if not piece:
                break
            told += piece
    if told.endswith(b"\n"):
        return told.decode("ascii").strip()
    tail = log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
    raise ChildError(f"the server did not start; it said:\n{tail}")


def processes_of(*, server: Child, data_dir: Path) -> list[psutil.Process]:
    """Return a server's processes and the database's watchdog; PostgreSQL's own are left out."""
    own = psutil.Process(server.process.pid)
    found = [own, *own.children(recursive=True)]
    known = {process.pid for process in found}
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if process.pid not in known and _WATCHDOG in command and str(data_dir) in command:
            found.append(process)
    return [process for process in found if process.name() != _POSTGRES]


class Memory:
    """The resident memory of some processes together, at its most."""

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        """Look once."""
        self._processes = processes
        self.most_mib = self._now_mib()

    async def watch(self) -> None:
        """Look again and again until cancelled."""
        while True:
            self.most_mib = max(self.most_mib, self._now_mib())
            await asyncio.sleep(_LOOK_S)

    def _now_mib(self) -> float:
        total: int = sum(process.memory_info().rss for process in self._processes)
        return total / 2**20
