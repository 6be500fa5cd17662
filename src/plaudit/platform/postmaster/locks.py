"""Locks between processes on files (flock): released by the system however their holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from plaudit.platform.postmaster.errors import EmbeddedServerError

__all__ = ["acquire", "is_held", "open_lock", "try_exclusive", "try_shared"]

_POLL_S: Final = 0.02


def open_lock(path: Path) -> int:
    """Open (create 0600) the lock file and return its descriptor, which is closed on exec."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_exclusive(descriptor: int) -> bool:
    """Take the lock for ourselves alone, unless somebody has it."""
    return _try(descriptor, fcntl.LOCK_EX)


def try_shared(descriptor: int) -> bool:
    """Take the lock together with others, unless somebody has it alone."""
    return _try(descriptor, fcntl.LOCK_SH)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def acquire(*, path: Path, shared: bool, deadline: float) -> int:
    """Open and lock `path`; return the descriptor that holds the lock.

    Waits until `deadline` (of time.monotonic) and raises EmbeddedServerError when it has passed.
    """
    descriptor = open_lock(path)
    take = try_shared if shared else try_exclusive
    while not take(descriptor):
        if time.monotonic() > deadline:
            os.close(descriptor)
            message = (
                f"Waited in vain for the lock {path}: another process is starting or stopping the server."
            )
            raise EmbeddedServerError(message)
        time.sleep(_POLL_S)
    return descriptor


def is_held(path: Path) -> bool:
    """Tell whether some process holds the lock exclusively."""
    descriptor = open_lock(path)
    try:
        return not try_shared(descriptor)
    finally:
        os.close(descriptor)
