"""One postmaster process: found, started, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from plaudit.platform.postmaster.account import Account, unreachable_folder
from plaudit.platform.postmaster.errors import EmbeddedServerError
from plaudit.platform.postmaster.layout import Layout

__all__ = ["PORT", "Postmaster", "clean_environment", "make_socket_dir", "remove_socket_dir"]

PORT: Final = 5432
"""Only names the socket file: every server has a socket folder of its own and no TCP port."""

_SOCKET_PREFIX: Final = "plaudit-"
_SOCKET_PATH_MAX: Final = 100
_READY_LINE: Final = 7
_SOCKET_LINE: Final = 4
_FAST_S: Final = 60.0
_IMMEDIATE_S: Final = 20.0


# A backend gives memory back to the kernel after each statement by glibc's defaults and faults it in again
# for the next. Keeping it took a quarter to two fifths off the processor time of a posting batch; other C
# libraries ignore it.
_ALLOCATOR = {
    "MALLOC_TRIM_THRESHOLD_": "268435456",
    "MALLOC_MMAP_THRESHOLD_": "67108864",
    "MALLOC_TOP_PAD_": "4194304",
}


def clean_environment() -> dict[str, str]:
    """Return our environment without the variables that would steer PostgreSQL's programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def make_socket_dir(*, account: Account) -> Path:
    """Create a fresh private folder (0700, owned by `account`) for the socket and return it.

    A new random name each time: nobody can prepare the folder or a link in its place. It is not in the data
    folder, whose path may be longer than that of a socket can be (107 bytes on Linux).
    """
    folder = Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX, dir=_socket_base(account)))
    if account.switches:
        os.chown(folder, account.uid, account.gid)
    return folder


def _socket_base(account: Account) -> Path:
    candidates = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - mkdtemp makes a private folder in it
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
    if runtime.is_absolute() and runtime.is_dir() and runtime.stat().st_uid == account.uid:
        candidates.insert(0, runtime)
    for base in candidates:
        short = len(os.fsencode(base)) <= _SOCKET_PATH_MAX - len("/plaudit-12345678/.s.PGSQL.5432.lock")
        if short and unreachable_folder(path=base, account=account) is None:
            return base
    message = f"No folder for temporary files is usable: {', '.join(map(str, candidates))}. Set TMPDIR."
    raise EmbeddedServerError(message)


def remove_socket_dir(folder: Path) -> None:
    """Remove a folder that `make_socket_dir` made, and nothing else."""
    if folder.name.startswith(_SOCKET_PREFIX) and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def _lines_of_pid_file(layout: Layout) -> list[str]:
    try:
        return (layout.cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


@dataclass(slots=True)
class Postmaster:
    """A postmaster of ours, started by this process (`child`) or found running (`found`)."""

    layout: Layout
    pid: int
    child: subprocess.Popen[bytes] | None = None
    found: psutil.Process | None = None

    @classmethod
    def find(cls, layout: Layout) -> Postmaster | None:
        """Return the running postmaster of this cluster, if any.

        Removes a stale file that names a foreign process: the file outlives a crash, and its number may
        meanwhile belong to any other process, which PostgreSQL could not tell apart from a server that runs.
        A postmaster works in its cluster folder, others do not.
        """
        lines = _lines_of_pid_file(layout)
        if not lines or not lines[0].isdigit():
            return None
        pid = int(lines[0])
        try:
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == layout.cluster.resolve():
                return cls(layout=layout, pid=pid, found=process)
        except psutil.NoSuchProcess:
            return None
        except psutil.AccessDenied:
            pass
        (layout.cluster / "postmaster.pid").unlink(missing_ok=True)
        return None

    @classmethod
    def start(cls, *, layout: Layout, account: Account, programs: Path, socket_dir: Path) -> Postmaster:
        """Start PostgreSQL on the cluster; it is usable once `is_ready`."""
        arguments = [
            str(programs / "postgres"),
            *("-D", str(layout.cluster.resolve())),
            *("-c", f"config_file={layout.home.resolve() / 'postgresql.conf'}"),
            *("-c", f"hba_file={layout.home.resolve() / 'pg_hba.conf'}"),
            *("-k", str(socket_dir)),
        ]
        with layout.log.open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own program with our own arguments
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=layout.cluster,
                env=clean_environment() | _ALLOCATOR,
                umask=0o077,
                start_new_session=True,
                **account.process_arguments(),
            )
        return cls(layout=layout, pid=child.pid, child=child)

    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        if self.child is not None:
            return self.child.poll() is None
        return (
            self.found is not None and self.found.is_running() and self.found.status() != psutil.STATUS_ZOMBIE
        )

    def is_ready(self) -> bool:
        """Tell whether it accepts connections (recovery after a crash is over)."""
        lines = _lines_of_pid_file(self.layout)
        return (
            len(lines) > _READY_LINE and lines[0] == str(self.pid) and lines[_READY_LINE].strip() == "ready"
        )

    @property
    def socket_dir(self) -> Path:
        """The folder of its socket, as it wrote it down itself."""
        return Path(_lines_of_pid_file(self.layout)[_SOCKET_LINE])

    def stop(self) -> None:
        """End it: fast (sessions are cut, a checkpoint is written), and by force when that takes too long."""
        for number, wait_s in (
            (signal.SIGINT, _FAST_S),
            (signal.SIGQUIT, _IMMEDIATE_S),
            (signal.SIGKILL, _IMMEDIATE_S),
        ):
            if not self.is_alive():
                return
            os.kill(self.pid, number)
            deadline = time.monotonic() + wait_s
            while self.is_alive() and time.monotonic() < deadline:
                time.sleep(0.02)
