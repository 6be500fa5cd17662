"""What measures: the benchmarks, and the tests in the sizes that are claimed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

from tests.kit.figures import FIGURES

ROOT: Final = Path(__file__).resolve().parents[2]
_PLAUDIT: Final = Path(sys.executable).with_name("plaudit")
_WORKERS: Final = "2"

_SUITES: Final[Mapping[str, tuple[str, ...]]] = {
    # What is timed runs alone; the rest two tests at a time.
    "tests.journeys": ("tests/journeys",),
    "tests.core": ("tests/core", "-n", _WORKERS),
    "tests.others": ("tests", "--ignore=tests/journeys", "--ignore=tests/core", "-n", _WORKERS),
}


_SAMPLES: Final = "PLAUDIT_SAMPLES"


@dataclass(frozen=True, slots=True)
class Done:
    """What a part gave: its result as JSON values, and why there is none or it is not whole."""

    result: dict[str, Any]
    problem: str | None
    seconds: float


def names() -> list[str]:
    """Return the names of all parts, in the order in which they run."""
    return [
        "bench.ledger",
        "bench.tips",
        "bench.growth",
        "bench.callbacks",
        "bench.reconcile",
        "bench.presale",
        "bench.access",
        "bench.campaigns",
        "bench.backtest",
        "bench.rebate",
        *_SUITES,
    ]


def run(*, name: str, extra: Sequence[str] = ()) -> Done:
    """Run a part; its progress goes to standard error. `extra` is added to the command of a benchmark."""
    began = time.perf_counter()
    try:
        if name in _SUITES:
            result, problem = _suite(_SUITES[name])
        else:
            result, problem = _benchmark(name.removeprefix("bench."), extra)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError, ET.ParseError) as error:
        result, problem = {}, f"{type(error).__name__}: {error}"
    return Done(result, problem, round(time.perf_counter() - began, 1))


def _environ(**given: str) -> dict[str, str]:
    """Return the environment without settings of Plaudit's but where the real input is."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == _SAMPLES or not name.startswith("PLAUDIT_")
    }
    return kept | given


def _benchmark(name: str, extra: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    done = subprocess.run(  # noqa: S603 - our own program
        [str(_PLAUDIT), "bench", name, "--json", *extra],
        cwd=ROOT,
        env=_environ(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        return {}, f"plaudit bench {name} ended with {done.returncode}"
    return msgspec.json.decode(done.stdout, type=dict[str, Any]), None


def _suite(arguments: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    with tempfile.TemporaryDirectory(prefix="plaudit-proof-") as folder:
        results, figures = Path(folder) / "results.xml", Path(folder) / "figures"
        done = subprocess.run(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={results}", *arguments],
            cwd=ROOT,
            env=_environ(PLAUDIT_SCALE="proof", **{FIGURES: str(figures)}),
            stdout=sys.stderr,
            check=False,
        )
        told = {path.stem: msgspec.json.decode(path.read_bytes()) for path in sorted(figures.glob("*.json"))}
        outcomes = outcomes_of(results.read_bytes())
    problem = None if done.returncode == 0 else f"pytest ended with {done.returncode}"
    return {"tests": outcomes, "figures": told}, problem


def outcomes_of(text: bytes) -> dict[str, str]:
    """Return passed, skipped or failed by test id, from a JUnit report (as pytest writes it)."""
    found: dict[str, str] = {}
    for case in ET.fromstring(text).iter("testcase"):  # noqa: S314 - our own file
        path = case.get("classname", "").replace(".", "/")
        outcome = "passed"
        if case.find("failure") is not None or case.find("error") is not None:
            outcome = "failed"
        elif case.find("skipped") is not None:
            outcome = "skipped"
        found[f"{path}.py::{case.get('name', '')}"] = outcome
    return found
