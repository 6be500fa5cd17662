"""Starting, sharing and leaving the embedded server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from plaudit.platform.postgres.bootstrap import APP, DATABASE, OWNER, bootstrap
from plaudit.platform.postgres.cluster import (
    SUPERUSER,
    Passwords,
    create_cluster,
    passwords_of,
    write_configuration,
)
from plaudit.platform.postmaster.account import Account, account_for
from plaudit.platform.postmaster.binaries import reachable_programs
from plaudit.platform.postmaster.errors import EmbeddedServerError
from plaudit.platform.postmaster.layout import Layout, prepare
from plaudit.platform.postmaster.locks import acquire, is_held, open_lock, try_exclusive
from plaudit.platform.postmaster.process import PORT, Postmaster, clean_environment
from plaudit.platform.postmaster.state import State, read_state, tail, write_state

__all__ = ["Server", "embedded"]

_POLL_S: Final = 0.02
_GLANCE_S: Final = 0.001
_LEAVE_S: Final = 90.0
_LEAVE_NOTICED_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running embedded server that this process uses."""

    layout: Layout
    socket_dir: Path
    port: int
    programs: Path
    passwords: Passwords

    def url_of(self, *, role: str, database: str = DATABASE) -> str:
        """Return the URL of `database` for one of the three login roles."""
        password = {
            SUPERUSER: self.passwords.superuser,
            OWNER: self.passwords.owner,
            APP: self.passwords.app,
        }[role]
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}&port={self.port}"

    @property
    def url(self) -> str:
        """URL of the role that Plaudit runs as."""
        return self.url_of(role=APP)

    @property
    def owner_url(self) -> str:
        """URL of the role that owns and migrates the database."""
        return self.url_of(role=OWNER)

    @property
    def superuser_url(self) -> str:
        """URL of the superuser, for backups and for tests that plant faults."""
        return self.url_of(role=SUPERUSER)

    @property
    def postmaster_pid(self) -> int:
        """Process id of the postmaster as it is now; it changes when a killed one is started again."""
        return self._state().postmaster_pid

    @property
    def watchdog_pid(self) -> int:
        """Process id of the watchdog."""
        return self._state().watchdog_pid

    def _state(self) -> State:
        state = read_state(self.layout.state)
        if state is None:
            message = f"The embedded server of {self.layout.data_dir} has left no state."
            raise EmbeddedServerError(message)
        return state

    def wait_until_ready(self, *, timeout_ms: int = 60_000) -> None:
        """Wait until connections are accepted, as after a kill; EmbeddedServerError when the time is over."""
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    message = f"The embedded server did not accept a connection within {timeout_ms} ms."
                    raise EmbeddedServerError(message) from error
                time.sleep(_POLL_S)
            else:
                return


@contextmanager
def embedded(
    *, data_dir: Path, shared_buffers_mib: int = 256, start_timeout_ms: int = 600_000
) -> Iterator[Server]:
    """Start the server of `data_dir`, or share it if another process has, and leave it in the end.

    The last process to leave, in whatever way, stops it. Raises EmbeddedServerError saying what to do when
    the server cannot run here.
    """
    layout = Layout(data_dir=data_dir.absolute())
    account = account_for(cluster=layout.cluster)
    prepare(layout=layout, account=account)
    deadline = time.monotonic() + start_timeout_ms / 1000
    membership = acquire(path=layout.starters_lock, shared=True, deadline=deadline)
    try:
        turn = acquire(path=layout.start_lock, shared=False, deadline=deadline)
        try:
            programs = reachable_programs(layout=layout, account=account)
            passwords = passwords_of(layout)
            if not _is_kept(layout=layout, deadline=deadline):
                create_cluster(
                    layout=layout, account=account, programs=programs, password=passwords.superuser
                )
                write_configuration(
                    layout=layout, account=account, programs=programs, shared_buffers_mib=shared_buffers_mib
                )
                _start_watchdog(layout=layout, programs=programs, start_timeout_s=start_timeout_ms / 1000)
            state = _await_ready(layout=layout, deadline=deadline)
            server = Server(
                layout=layout,
                socket_dir=Path(state.socket_dir),
                port=PORT,
                programs=programs,
                passwords=passwords,
            )
            bootstrap(superuser_url=server.url_of(role=SUPERUSER, database="postgres"), passwords=passwords)
        finally:
            os.close(turn)
        yield server
    finally:
        _leave(layout=layout, account=account, membership=membership)


def _is_kept(*, layout: Layout, deadline: float) -> bool:
    """Tell whether a watchdog keeps the server; one about to end is waited for and does not count."""
    while is_held(layout.watchdog_lock):
        state = read_state(layout.state)
        if state is None or state.phase in {"starting", "ready"} or time.monotonic() > deadline:
            return True
        time.sleep(_POLL_S)
    return False


def _start_watchdog(*, layout: Layout, programs: Path, start_timeout_s: float) -> None:
    """Start the watchdog and hand it its lock, which thereby is never free in between."""
    lock = open_lock(layout.watchdog_lock)
    try:
        while not try_exclusive(lock):
            if is_held(layout.watchdog_lock):
                return
            # Nobody has it: a starter that is about to leave only looked, for an instant.
            time.sleep(_GLANCE_S)
        write_state(
            layout.state, State(phase="starting", watchdog_pid=0, socket_dir=_socket_dir_before(layout))
        )
        module = "plaudit.platform.postmaster.watchdog"
        with layout.log.open("wb") as log:
            subprocess.run(  # noqa: S603 - our own program with our own arguments
                [
                    sys.executable,
                    "-P",
                    "-m",
                    module,
                    str(layout.data_dir),
                    str(programs),
                    str(start_timeout_s),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=layout.home,
                env=clean_environment(),
                pass_fds=(lock,),
                start_new_session=True,
                check=True,
            )
    finally:
        os.close(lock)


def _socket_dir_before(layout: Layout) -> str:
    before = read_state(layout.state)
    return before.socket_dir if before is not None else ""


def _await_ready(*, layout: Layout, deadline: float) -> State:
    while time.monotonic() < deadline:
        alive = is_held(layout.watchdog_lock)
        state = read_state(layout.state)
        if state is not None and state.phase == "failed":
            message = f"The embedded server of {layout.data_dir} failed: {state.error}"
            raise EmbeddedServerError(message)
        if not alive:
            message = f"The watchdog of {layout.data_dir} ended unexpectedly:\n{tail(layout.log)}"
            raise EmbeddedServerError(message)
        if state is not None and state.phase == "ready":
            return state
        time.sleep(_POLL_S)
    message = f"The embedded server of {layout.data_dir} was not ready in time:\n{tail(layout.log)}"
    raise EmbeddedServerError(message)


def _leave(*, layout: Layout, account: Account, membership: int) -> None:
    """Give the membership back.

    The last one waits until the server is down, so that its folder may be removed. A server whose watchdog
    was killed gets a new one, for it would run on without anybody: before that, and once more after it, for
    a process that is being killed holds its lock a little longer.
    """
    _watch_again(layout=layout, account=account)
    last = try_exclusive(membership)
    os.close(membership)
    if last:
        _wait_for_the_end(layout)
        if _watch_again(layout=layout, account=account):
            _wait_for_the_end(layout)


def _watch_again(*, layout: Layout, account: Account) -> bool:
    """Give a server without a watchdog a new one; tell whether there was such a server."""
    if is_held(layout.watchdog_lock) or Postmaster.find(layout) is None:
        return False
    turn = acquire(path=layout.start_lock, shared=False, deadline=time.monotonic() + _LEAVE_S)
    try:
        programs = reachable_programs(layout=layout, account=account)
        _start_watchdog(layout=layout, programs=programs, start_timeout_s=_LEAVE_S)
    finally:
        os.close(turn)
    return True


def _wait_for_the_end(layout: Layout) -> None:
    """Wait until the watchdog has ended; not when it goes on, for others."""
    noticed = time.monotonic() + _LEAVE_NOTICED_S
    deadline = time.monotonic() + _LEAVE_S
    while is_held(layout.watchdog_lock) and time.monotonic() < deadline:
        state = read_state(layout.state)
        if time.monotonic() > noticed and state is not None and state.phase == "ready":
            return
        time.sleep(_POLL_S)
