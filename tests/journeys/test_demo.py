"""The demo: everything embedded, shown, and then there to be tried; again on the same data."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest
from click.testing import CliRunner

from plaudit.app.cli import cli
from tests.journeys.commands import environment, plaudit

TIMEOUT_S: Final = 90.0
STAYS: Final = "Ctrl-C ends it"
HEADINGS: Final = (
    "Top payers · 打赏榜",
    "Top creators · 主播榜",
    "Statement of",
    "Tips a second",
    "green · 正常",
    "Addresses · 地址",
    "Docs · 文档",
    "Metrics · 指标",
)


def settings(data_dir: Path) -> dict[str, str]:
    """Take any free port, for other tests run beside."""
    return {"PLAUDIT_DATA_DIR": str(data_dir), "PLAUDIT_SHARED_BUFFERS_MIB": "64", "PLAUDIT_PORT": "0"}


def test_without_a_terminal_it_shows_everything_and_ends_and_runs_again(data_dir: Path) -> None:
    for seed in ("1", "2"):
        done = plaudit("demo", "--payments", "300", "--seed", seed, **settings(data_dir))
        assert done.returncode == 0, done.stderr[-3000:]
        assert [heading for heading in HEADINGS if heading not in done.stdout] == []
        assert "300 of 300 done" in done.stdout
        assert "aurora" in done.stdout
    key = data_dir / "demo.key"
    assert key.stat().st_mode & 0o777 == 0o600


@contextmanager
def on_a_terminal(data_dir: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the demo with a terminal for its output, whose other end is given.

    Tests that run in the background of a shell have Ctrl-C ignored, and so would their children.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 -- our own program
        [str(Path(sys.executable).with_name("plaudit")), "demo", *words],
        stdin=theirs,
        stdout=theirs,
        env=environment(TERM="dumb", COLUMNS="300", **settings(data_dir)),
    )
    os.close(theirs)
    try:
        with process:
            try:
                yield process, ours
            finally:
                if process.poll() is None:
                    process.kill()
    finally:
        os.close(ours)


def read_until(terminal: int, text: str) -> str:
    told = b""
    deadline = time.monotonic() + TIMEOUT_S
    while text.encode() not in told:
        assert select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0], told[-2000:]
        told += os.read(terminal, 65_536)
    return told.decode().replace("\r\n", "\n")


def sent(command: str) -> httpx.Response:
    """Send what a curl command line would send."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:2] == ["curl", "-s"]
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    body = next((words[at + 1] for at, word in enumerate(words) if word == "-d"), None)
    return httpx.request("POST" if body else "GET", words[2], headers=headers, content=body, timeout=30.0)


def test_on_a_terminal_it_stays_up_and_its_examples_work(data_dir: Path) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with on_a_terminal(data_dir, "--payments", "100") as (process, terminal):
            told = read_until(terminal, STAYS)
            (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)/docs", told)
            docs = httpx.get(f"http://127.0.0.1:{port}/docs", timeout=30.0)
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30.0)
            assert (docs.status_code, metrics.status_code, "# HELP" in metrics.text) == (200, 200, True)
            answers = [sent(command) for command in re.findall(r"curl -s (?:[^\n]*\\\n)*[^\n]*", told)]
            assert [answer.status_code for answer in answers] == [201, 201, 200], answers
            assert answers[1].json()["amount_minor"] == answers[2].json()["items"][0]["cause"]["amount_minor"]
            taken = CliRunner().invoke(cli, ["demo", "--port", port], env=settings(data_dir))
            assert (taken.exit_code, f"Port {port} is taken" in taken.stderr) == (2, True)
            process.send_signal(number)
            assert process.wait(30) == 0
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}/docs", timeout=5.0)


def test_a_database_server_beside_the_embedded_one_is_explained(data_dir: Path) -> None:
    given = {**settings(data_dir), "PLAUDIT_DATABASE_URL": "postgresql://nobody@localhost/none"}
    done = plaudit("demo", **given)
    assert (done.returncode, "unset PLAUDIT_DATABASE_URL" in done.stderr) == (2, True)
    assert not data_dir.exists()
