"""Metrics summed over processes; gauges of ended processes are forgotten, their counts are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from plaudit.platform.telemetry import CONTENT_TYPE

_PROCESS = """
import os, sys
from plaudit.platform.telemetry import counter, gauge, histogram, render
counter("things", "Things done.", labels=("kind",)).labels("a").inc(int(sys.argv[1]))
gauge("open_things", "Things open now.").set(int(sys.argv[1]))
gauge("lag", "Greatest lag.", over_processes="max").set(int(sys.argv[1]))
histogram("wait_seconds", "Waits.").observe(0.003)
if len(sys.argv) > 2:
    print(render().decode())
else:
    print("ready", flush=True)
    sys.stdin.read()
"""
_PARENT = (
    "import sys; from pathlib import Path; from plaudit.platform.telemetry import prepare_folder; import os; "
    "prepare_folder(Path(sys.argv[1])); os.execv(sys.executable, [sys.executable, '-c', *sys.argv[2:]])"
)


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PROCESS, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def _output(process: subprocess.Popen[str]) -> list[str]:
    return process.communicate(timeout=60)[0].splitlines()


def test_values_are_summed_over_processes(tmp_path: Path) -> None:
    with _start(tmp_path, "3") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "ready\n"
        lines = _output(_start(tmp_path, "4", "render"))
        assert 'plaudit_things_total{kind="a"} 7.0' in lines
        assert "plaudit_open_things 7.0" in lines
        assert "plaudit_lag 4.0" in lines
        assert "plaudit_wait_seconds_count 2.0" in lines
        first.communicate(timeout=60)
    lines = _output(_start(tmp_path, "5", "render"))
    assert 'plaudit_things_total{kind="a"} 12.0' in lines
    assert "plaudit_open_things 5.0" in lines, "the processes before have ended"


def test_the_folder_is_prepared_before_the_workers_start(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").write_text("old")
    (folder / "kept.txt").write_text("not ours")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PARENT, str(folder), _PROCESS, "2", "render"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert 'plaudit_things_total{kind="a"} 2.0' in done.stdout.splitlines()
    assert (folder / "kept.txt").exists()
    assert not (folder / "counter_1.db").exists()


_LONELY = """
from plaudit.platform.telemetry import counter, histogram, render

counter("lonely", "Alone.").inc()
histogram("lonely_seconds", "Alone.").observe(1)
print(render().decode())
"""


def test_one_process_needs_no_folder() -> None:
    # In a process of its own: what was made here would be in the pages of others.
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _LONELY], check=True, capture_output=True, text=True
    )
    assert "plaudit_lonely_total 1.0" in done.stdout
    assert CONTENT_TYPE.startswith("text/plain")
