"""`plaudit backup` and `plaudit restore`, as they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from plaudit.app.cli.backup import backup, restore
from plaudit.platform.db import connect
from tests.kit.servers import DatabaseUrls


def _run(command: object, database: DatabaseUrls, *arguments: str) -> Result:
    environment = {
        "PLAUDIT_DATABASE_URL": database.url,
        "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
    }
    return CliRunner().invoke(command, arguments, env=environment, standalone_mode=False)  # type: ignore[arg-type]


@pytest.fixture
def file(database: DatabaseUrls, tmp_path: Path) -> Path:
    with connect(database.url) as conn:
        conn.execute("INSERT INTO journal.head (tenant_id) VALUES (1)")
    written = tmp_path / "plaudit.backup"
    result = _run(backup, database, str(written))
    assert result.exception is None
    assert result.return_value == 0
    assert f"{written}: " in result.output
    return written


def test_a_restored_database_passes_the_doctor(file: Path, empty_database: DatabaseUrls) -> None:
    result = _run(restore, empty_database, str(file))
    assert result.exception is None, result.output
    assert result.return_value == 0
    assert "restored; the doctor has no findings" in result.output


def test_a_fault_in_the_backup_is_found_by_the_doctor(
    database: DatabaseUrls, empty_database: DatabaseUrls, tmp_path: Path
) -> None:
    with connect(database.url) as conn:
        conn.execute("INSERT INTO journal.head (tenant_id, position) VALUES (1, 3)")
    assert _run(backup, database, str(tmp_path / "faulty")).return_value == 0
    result = _run(restore, empty_database, str(tmp_path / "faulty"))
    assert result.return_value == 1
    assert "There are no facts at positions 1 to 3" in result.output


def test_what_cannot_be_done_is_said(file: Path, database: DatabaseUrls) -> None:
    for command, sentence in ((backup, "exists already"), (restore, "the database is not empty")):
        result = _run(command, database, str(file))
        assert getattr(result.exception, "exit_code", None) == 2
        assert sentence in str(result.exception)
