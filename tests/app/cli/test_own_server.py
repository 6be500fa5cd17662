"""A server of one's own ends with its starter, keeps its key to itself, and says what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from plaudit.app.cli import cli
from plaudit.app.cli.own_server import OwnServerError, settings_here

STARTER = """
import os, sys
from plaudit.app.cli.own_server import ANY_PORT, own_server, settings_here
from plaudit.app.cli.progress import Steps
with own_server(settings=settings_here(environ=os.environ), tenant="t", port=ANY_PORT, steps=Steps()) as own:
    print(own.process.pid, own.url, flush=True)
    sys.stdin.read()
"""


def given(data_dir: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    return {**kept, "PLAUDIT_DATA_DIR": str(data_dir), "PLAUDIT_SHARED_BUFFERS_MIB": "64"}


def gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while not gone(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, None])
def test_the_server_ends_with_its_starter(data_dir: Path, number: signal.Signals | None) -> None:
    with subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-c", STARTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=given(data_dir),
    ) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        pid = int(starter.stdout.readline().split()[0])
        assert not gone(pid)
        if number is None:
            starter.stdin.close()
        else:
            starter.send_signal(number)
        starter.wait(30)
    wait_gone(pid)
    assert (data_dir / "t.key").stat().st_mode & 0o777 == 0o600


def test_a_lost_key_is_explained(data_dir: Path) -> None:
    for lost in (False, True):
        if lost:
            (data_dir / "t.key").unlink()
        done = subprocess.run(  # noqa: S603 -- our own program
            [sys.executable, "-c", STARTER],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            text=True,
            env=given(data_dir),
            timeout=60,
        )
        assert (done.returncode == 0) is not lost, done.stderr
    assert "its key cannot be read" in done.stderr


def test_settings_that_cannot_be_used_are_named() -> None:
    with pytest.raises(OwnServerError, match="PLAUDIT_POOL_MAX"):
        settings_here(environ={"PLAUDIT_POOL_MAX": "many"})
    with pytest.raises(OwnServerError, match="unset PLAUDIT_DATABASE_URL"):
        settings_here(environ={"PLAUDIT_DATABASE_URL": "postgresql://x/y"})


def test_rebuild_knows_its_projections() -> None:
    done = CliRunner().invoke(cli, ["rebuild", "nothing.like.it"])
    told = (
        "there are: admission.shows, campaigns.figures, campaigns.rewards, insight.sales, insight.traffic,"
        " invitations.friends, invitations.shows, payments.figures, presale.purchases, tipping.tips"
    )
    assert (done.exit_code, told in done.stderr) == (2, True)
