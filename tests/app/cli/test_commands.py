"""The command line: help with examples, settings, migrations, tenants; faults in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import click
import pytest
from click.testing import CliRunner

from plaudit.app.cli import cli
from plaudit.platform.settings import SETTINGS
from tests.kit.servers import DatabaseUrls

PLAUDIT = Path(sys.executable).with_name("plaudit")
MINE = ("serve", "worker", "migrate", "settings", "tenant create")


def _run(
    *arguments: str,
    folder: Path,
    database: DatabaseUrls | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    given: Mapping[str, str] = {}
    if database is not None:
        given = {"PLAUDIT_DATABASE_URL": database.url, "PLAUDIT_DATABASE_OWNER_URL": database.owner_url}
    return subprocess.run(  # noqa: S603 - the program under test
        [str(PLAUDIT), *arguments],
        env={**kept, **given, "PLAUDIT_DATA_DIR": str(folder), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", MINE)
def test_every_command_explains_itself_by_example(command: str) -> None:
    shown = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert "Examples:" in shown.output
    assert f"plaudit {command}" in shown.output


def _all_in(group: click.Group) -> list[click.Command]:
    inner = [
        one
        for command in group.commands.values()
        if isinstance(command, click.Group)
        for one in _all_in(command)
    ]
    return [*group.commands.values(), *inner]


@pytest.mark.parametrize("command", _all_in(cli), ids=lambda command: command.name)
def test_a_command_answers_to_the_same_help_whoever_calls_it(command: click.Command) -> None:
    alone = command.make_context(command.name, [], resilient_parsing=True)
    assert command.get_help_option_names(alone) == ["-h", "--help"]


def test_settings_lists_them_all_and_shows_no_secret(tmp_path: Path) -> None:
    listed = _run(
        "settings",
        folder=tmp_path,
        environ={"PLAUDIT_PORT": "81", "PLAUDIT_DATABASE_URL": "postgresql://me:hunter2@db/plaudit"},
    )
    assert listed.returncode == 0
    assert all(setting.variable in listed.stdout for setting in SETTINGS)
    assert "default: 8080   now: 81" in listed.stdout
    assert "hunter2" not in listed.stdout


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "says"),
    [
        (["settings"], {"PLAUDIT_PORT": "eighty"}, 2, "PLAUDIT_PORT: 'eighty' must be a whole number"),
        (["settings"], {"PLAUDIT_PROT": "80"}, 2, "PLAUDIT_PROT: there is no such setting"),
        (["serve", "--processes", "0"], {}, 2, "PLAUDIT_PROCESSES"),
        (["serve", "--port", "70000"], {}, 2, "PLAUDIT_PORT"),
        (["serve", "--nothing"], {}, 2, "--nothing"),
        (["nothing"], {}, 2, "nothing"),
        (["migrate"], {"PLAUDIT_DATABASE_URL": "postgresql://127.0.0.1:1/none"}, 1, "plaudit: "),
        (["serve", "--host", "192.0.2.1"], {}, 1, "cannot serve on 192.0.2.1:8080"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(
    *, tmp_path: Path, arguments: list[str], environ: dict[str, str], code: int, says: str
) -> None:
    failed = _run(*arguments, folder=tmp_path, environ=environ)
    assert failed.returncode == code
    assert says in failed.stderr
    assert "Traceback" not in failed.stderr


def test_migrations_are_checked_and_applied(empty_database: DatabaseUrls, tmp_path: Path) -> None:
    checked = _run("migrate", "--check", database=empty_database, folder=tmp_path)
    assert checked.returncode == 1
    assert "to be applied: 0001_journal" in checked.stdout
    refused = _run("serve", "--port", "0", database=empty_database, folder=tmp_path)
    assert refused.returncode == 1
    assert "run `plaudit migrate` first" in refused.stderr
    applied = _run("migrate", database=empty_database, folder=tmp_path)
    assert applied.returncode == 0
    assert "applied 0001_journal" in applied.stdout
    assert _run("migrate", "--check", database=empty_database, folder=tmp_path).returncode == 0
    assert "nothing to apply" in _run("migrate", database=empty_database, folder=tmp_path).stdout


def test_a_tenant_is_opened_with_its_first_key(database: DatabaseUrls, tmp_path: Path) -> None:
    told = _run("tenant", "create", "acme", "--json", database=database, folder=tmp_path)
    assert told.returncode == 0
    opened = json.loads(told.stdout)
    assert (opened["tenant"], opened["key"][:4]) == ("acme", "plk_")
    again = _run("tenant", "create", "acme", database=database, folder=tmp_path)
    assert again.returncode == 1
    assert "tenant.exists" in again.stderr
    zone = _run("tenant", "create", "other", "--time-zone", "Mars", database=database, folder=tmp_path)
    assert zone.returncode == 1
    assert "tenant.invalid" in zone.stderr
    shown = _run("tenant", "create", "other", database=database, folder=tmp_path)
    assert shown.stdout.splitlines()[1].startswith("plk_")


def test_a_worker_works_until_it_is_told_to_stop(database: DatabaseUrls, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    log = tmp_path / "log"
    with log.open("wb") as lines:
        worker = subprocess.Popen(  # noqa: S603 - the program under test
            [str(PLAUDIT), "worker"],
            env={
                **kept,
                "PLAUDIT_DATABASE_URL": database.url,
                "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
                "PLAUDIT_DATA_DIR": str(tmp_path),
            },
            stderr=lines,
        )
    try:
        deadline = time.monotonic() + 60
        while "working" not in log.read_text():
            assert worker.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    finally:
        worker.kill()
        worker.wait()
