"""The process that keeps the server: starts it, restarts it when it dies, stops it after the last starter.

Every starter holds `starters.lock` shared; the system drops that lock however a starter ends. The watchdog
tries to take it alone a few times a second. While it cannot, somebody needs the server; once it can, nobody
does, and holding it keeps new starters waiting until the server is down.

If the watchdog itself is killed, the server goes on; the next starter, or the last one on leaving, starts a
new watchdog, which takes the running server over.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

from plaudit.platform.postmaster.account import Account, account_for
from plaudit.platform.postmaster.layout import Layout
from plaudit.platform.postmaster.locks import open_lock, try_exclusive
from plaudit.platform.postmaster.process import Postmaster, make_socket_dir, remove_socket_dir
from plaudit.platform.postmaster.state import Phase, State, read_state, tail, write_state

__all__ = ["Watchdog", "main"]

_TICK_S: Final = 0.2
_FAILED_STARTS_MAX: Final = 20


class Watchdog:
    """Supervises the postmaster of one data folder until nobody needs it."""

    def __init__(self, *, layout: Layout, account: Account, programs: Path, start_timeout_s: float) -> None:
        """Take over what an earlier watchdog left: a running server, or the removal of its socket folder."""
        self._layout = layout
        self._account = account
        self._programs = programs
        self._start_timeout_s = start_timeout_s
        self._starters = open_lock(layout.starters_lock)
        self._stopping = False
        self._failed_starts = 0
        self._postmaster = Postmaster.find(layout)
        before = read_state(layout.state)
        if self._postmaster is not None:
            self._socket_dir = self._postmaster.socket_dir
        else:
            if before is not None and before.socket_dir:
                remove_socket_dir(Path(before.socket_dir))
            self._socket_dir = make_socket_dir(account=account)

    def stop(self) -> None:
        """Ask the loop to stop the server and end."""
        self._stopping = True

    def run(self) -> int:
        """Keep the server until its last starter has gone; return the exit code."""
        ready = False
        deadline = time.monotonic() + self._start_timeout_s
        while not self._stopping and not try_exclusive(self._starters):
            if self._postmaster is None or not self._postmaster.is_alive():
                if self._failed_starts >= _FAILED_STARTS_MAX:
                    return self._fail("PostgreSQL does not start")
                ready = False
                deadline = time.monotonic() + self._start_timeout_s
                self._start()
            elif not ready and self._postmaster.is_ready():
                ready = True
                self._failed_starts = 0
                self._tell("ready")
            elif not ready and time.monotonic() > deadline:
                self._postmaster.stop()
                return self._fail(f"PostgreSQL was not ready within {self._start_timeout_s:.0f} seconds")
            time.sleep(_TICK_S if ready or self._failed_starts > 1 else _TICK_S / 10)
        self._tell("stopping")
        if self._postmaster is not None:
            self._postmaster.stop()
        remove_socket_dir(self._socket_dir)
        self._tell("stopped")
        return 0

    def _start(self) -> None:
        self._failed_starts += 1
        self._socket_dir.mkdir(mode=0o700, exist_ok=True)
        self._postmaster = Postmaster.start(
            layout=self._layout, account=self._account, programs=self._programs, socket_dir=self._socket_dir
        )
        self._tell("starting")

    def _fail(self, why: str) -> int:
        remove_socket_dir(self._socket_dir)
        self._tell("failed", error=f"{why}.\n{tail(self._layout.log)}")
        return 1

    def _tell(self, phase: Phase, *, error: str = "") -> None:
        write_state(
            self._layout.state,
            State(
                phase=phase,
                watchdog_pid=os.getpid(),
                postmaster_pid=self._postmaster.pid if self._postmaster else 0,
                socket_dir=str(self._socket_dir),
                error=error,
            ),
        )


def main(arguments: list[str]) -> int:
    """Run as a process of its own; the inherited descriptor of the watchdog's lock stays open to the end."""
    parser = argparse.ArgumentParser(prog="plaudit-watchdog", description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("programs", type=Path)
    parser.add_argument("start_timeout_s", type=float)
    options = parser.parse_args(arguments)
    if os.fork() != 0:
        return 0  # the starter waits for this process only, and never becomes the watchdog's parent
    layout = Layout(data_dir=options.data_dir)
    watchdog = Watchdog(
        layout=layout,
        account=account_for(cluster=layout.cluster),
        programs=options.programs,
        start_timeout_s=options.start_timeout_s,
    )
    signal.signal(signal.SIGTERM, lambda _number, _frame: watchdog.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return watchdog.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
