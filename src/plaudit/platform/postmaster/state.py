"""What the watchdog tells the starters, in a small file that is replaced whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

__all__ = ["Phase", "State", "read_state", "tail", "write_state"]

_TAIL_BYTES: Final = 4_000

Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How the server is: `error` is set when the phase is "failed"."""

    phase: Phase
    watchdog_pid: int
    postmaster_pid: int = 0
    socket_dir: str = ""
    error: str = ""


def write_state(path: Path, state: State) -> None:
    """Replace the file by `state`, so that a reader never sees half of it."""
    staged = path.with_suffix(".new")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(state), file)
    staged.replace(path)


def read_state(path: Path) -> State | None:
    """Return the state, or None while no watchdog has written one."""
    try:
        return State(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None


def tail(path: Path) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        return path.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
