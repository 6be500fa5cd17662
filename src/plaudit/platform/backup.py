"""Backup and restore of one database by the programs pg_dump and pg_restore of the wheel.

A backup is pg_dump's custom format of everything the database holds, seen in one snapshot: positions, keys,
cursors and jobs fit together. Roles belong to the server and are not in it; restoring creates the one that
rights are granted to.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from plaudit.platform.db import connection_text
from plaudit.platform.migrate import ensure_runtime_role
from plaudit.platform.postmaster.binaries import installation
from plaudit.platform.postmaster.process import clean_environment

__all__ = ["BackupError", "Progress", "backup", "restore"]

Progress: TypeAlias = Callable[[int, int, str], None]
"""Is told (steps done, steps in all, what is being done)."""

_ATOMIC_FROM: Final = 170_000
_HARMLESS: Final = 'unrecognized configuration parameter "transaction_timeout"'
_ERRORS_SHOWN: Final = 5
_STEP_OF_DUMP: Final = re.compile(r'dumping contents of table "(.+)"')
_STEP_OF_RESTORE: Final = re.compile(r"(?:creating|processing data for|executing) (.+)")
_MARK: Final = re.compile(r"^\d+; .* TABLE journal head ", re.MULTILINE)


class BackupError(RuntimeError):
    """It cannot be backed up or restored; the message says why and what to do."""


def backup(owner_url: str, file: Path, *, progress: Progress | None = None) -> None:
    """Write everything in the database to a new `file` (0600), which appears whole or not at all.

    `owner_url` is that of the database's owner. Work goes on beside it. Raises BackupError when the file
    exists or pg_dump fails.
    """
    if file.exists():
        raise BackupError(f"{file} exists already; name a new file.")
    with psycopg.connect(connection_text(url=owner_url, role=None), autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
        ).fetchone()
    steps = _Steps(_STEP_OF_DUMP, total=row[0] if row else 0, progress=progress)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    staged = Path(name)
    try:
        os.close(descriptor)
        # The lightest compression: the heavier ones take most of the time and save little.
        command = [
            "pg_dump",
            "--format=custom",
            "--compress=1",
            "--no-owner",
            "--verbose",
            f"--file={staged}",
        ]
        _run(command, owner_url, steps)
        with staged.open("rb+") as written:
            os.fsync(written.fileno())
        staged.rename(file)
    finally:
        staged.unlink(missing_ok=True)


def restore(owner_url: str, file: Path, *, progress: Progress | None = None) -> None:
    """Fill an empty database from a backup, owned by the login of `owner_url`, and gather statistics.

    The database is filled wholly or, on servers from PostgreSQL 17 on, not at all. Migrations that are
    newer than the backup are the caller's to apply. Raises BackupError when the file is no backup of
    Plaudit, the database is not empty, or pg_restore fails; MigrationError when the running role is
    missing and may not be created.
    """
    total = _steps_of(file)
    with psycopg.connect(connection_text(url=owner_url, role=None), autocommit=True) as connection:
        found = _contents(connection)
        if found:
            raise BackupError(
                f"the database is not empty (it holds {', '.join(found)}); restore into a new one."
            )
        ensure_runtime_role(connection)
        atomic = connection.info.server_version >= _ATOMIC_FROM
    steps = _Steps(_STEP_OF_RESTORE, total=total, progress=progress)
    command = ["pg_restore", "--no-owner", "--verbose"]
    if atomic:
        command.append("--single-transaction")
    # pg_restore sets a parameter that older servers do not know; it must go on there, and its errors are
    # sorted.
    _run([*command, str(file)], owner_url, steps, ignore=None if atomic else _HARMLESS)
    with psycopg.connect(connection_text(url=owner_url, role=None), autocommit=True) as connection:
        steps.tell("statistics")
        connection.execute("ANALYZE")


class _Steps:
    """Counts the steps that a program tells of, and keeps what it complains about."""

    def __init__(self, pattern: re.Pattern[str], *, total: int, progress: Progress | None) -> None:
        self._pattern = pattern
        self._total = total
        self._progress = progress
        self._done = 0
        self.errors: list[str] = []

    def read(self, line: str) -> None:
        if "error:" in line or "FATAL:" in line:
            self.errors.append(line.strip())
        elif match := self._pattern.search(line):
            self.tell(match[1])

    def tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total, what)
        self._done += 1


def _steps_of(file: Path) -> int:
    """Return the number of entries in the backup's table of contents."""
    if not file.is_file():
        raise BackupError(f"there is no file {file}.")
    done = subprocess.run(  # noqa: S603 - the program of our own wheel
        [_program("pg_restore"), "--list", str(file)],
        capture_output=True,
        check=False,
        env=clean_environment(),
        text=True,
    )
    if done.returncode != 0 or not _MARK.search(done.stdout):
        raise BackupError(f"{file} is no backup of Plaudit. {done.stderr.strip()}".strip())
    return sum(1 for line in done.stdout.splitlines() if line and not line.startswith(";"))


def _contents(connection: psycopg.Connection) -> Sequence[str]:
    """Return a few of the things that a new database does not have."""
    rows = connection.execute(
        "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname <> ALL ('{public,information_schema}')"
        " AND nspname !~ '^pg_' UNION ALL"
        " SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 3"
    )
    return [name for (name,) in rows]


def _run(arguments: Sequence[str], url: str, steps: _Steps, *, ignore: str | None = None) -> None:
    program, *options = arguments
    target, environment = _signed_in(url)
    process = subprocess.Popen(  # noqa: S603 - the program of our own wheel
        [_program(program), f"--dbname={target}", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
    )
    try:
        for line in _lines(process.stderr):
            steps.read(line)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    harmless = [error for error in steps.errors if ignore is not None and ignore in error]
    if code == 0 or (code == 1 and harmless and len(harmless) == len(steps.errors)):
        return
    told = "; ".join(steps.errors[:_ERRORS_SHOWN]) or f"it ended with code {code}"
    raise BackupError(f"{program} failed: {told}")


def _lines(stream: IO[str] | None) -> Iterator[str]:
    assert stream is not None
    with stream:
        yield from stream


def _signed_in(url: str) -> tuple[str, dict[str, str]]:
    """Return a connection text without password, and the environment with it: others see only the first."""
    given = conninfo_to_dict(connection_text(url=url, role=None))
    password = given.pop("password", None)
    environment = clean_environment()
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **given), environment


def _program(name: str) -> str:
    return str(installation() / "bin" / name)
