"""Running `plaudit` as a person does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["environment", "plaudit", "replayed"]

_TIMEOUT_S = 1_700.0


def environment(**given: str) -> dict[str, str]:
    """Return this process's environment with no setting of Plaudit but the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    return {**kept, **given}


def plaudit(*words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `given` are settings."""
    return subprocess.run(  # noqa: S603 -- our own program
        [str(Path(sys.executable).with_name("plaudit")), *words],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(**given),
        timeout=_TIMEOUT_S,
    )


def replayed(
    source: Path, *words: str, code: int = 0, given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run `plaudit replay SOURCE --json` and return its report; it must end with the exit code `code`."""
    done = plaudit("replay", str(source), "--json", *words, **(given or {}))
    assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-4000:])
    report: dict[str, Any] = msgspec.json.decode(done.stdout)
    return report
