"""Backup and restore: whole or not at all, into an empty database only."""

from __future__ import annotations

import stat
from pathlib import Path

import psycopg
import pytest

from plaudit.platform import backup as backups
from plaudit.platform.backup import BackupError, backup, restore
from plaudit.platform.db import connect
from plaudit.platform.migrate import migrate, pending, schema_snapshot
from tests.kit.servers import DatabaseUrls, TestServer, fresh_database


def _count(url: str, table: str) -> int:
    with connect(url) as conn:
        row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608
    assert row is not None
    return int(row[0])


def _fill(database: DatabaseUrls) -> None:
    with connect(database.url) as conn:
        conn.execute("INSERT INTO journal.head SELECT n, n, '2026-05-01' FROM generate_series(1, 50) n")
        conn.execute("SELECT journal.add_partition('journal.fact', 1)")


def test_what_was_backed_up_is_restored(
    database: DatabaseUrls, empty_database: DatabaseUrls, tmp_path: Path
) -> None:
    _fill(database)
    file = tmp_path / "plaudit.backup"
    told: list[tuple[int, int, str]] = []
    backup(database.owner_url, file, progress=lambda done, total, what: told.append((done, total, what)))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    assert "journal.head" in [what for _, _, what in told]
    assert all(done <= total for done, total, _ in told)
    told.clear()
    restore(
        empty_database.owner_url, file, progress=lambda done, total, what: told.append((done, total, what))
    )
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][2] == "statistics"
    assert _count(empty_database.url, "journal.head") == 50
    assert schema_snapshot(empty_database.owner_url) == schema_snapshot(database.owner_url)
    assert pending(empty_database.owner_url) == []
    assert migrate(empty_database.owner_url) == []


def test_only_an_empty_database_is_filled(database: DatabaseUrls, tmp_path: Path) -> None:
    file = tmp_path / "plaudit.backup"
    backup(database.owner_url, file)
    with pytest.raises(BackupError, match=r"not empty.*restore into a new one"):
        restore(database.owner_url, file)


def test_an_existing_file_is_left_alone(database: DatabaseUrls, tmp_path: Path) -> None:
    file = tmp_path / "plaudit.backup"
    file.write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        backup(database.owner_url, file)
    assert file.read_text() == "mine"


def test_a_backup_that_fails_leaves_no_file(database: DatabaseUrls, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"pg_dump failed: .*permission denied"):
        backup(database.url, tmp_path / "plaudit.backup")
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_refused(
    postgres: TestServer, empty_database: DatabaseUrls, database: DatabaseUrls, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="there is no file"):
        restore(empty_database.owner_url, tmp_path / "missing")
    file = tmp_path / "text"
    file.write_text("Dear diary")
    with pytest.raises(BackupError, match="is no backup of Plaudit"):
        restore(empty_database.owner_url, file)
    with fresh_database(postgres, migrated=False) as other:
        with psycopg.connect(other.owner_url) as conn:
            conn.execute("CREATE TABLE public.thing (id int)")
        backup(other.owner_url, tmp_path / "other")
    with pytest.raises(BackupError, match="is no backup of Plaudit"):
        restore(empty_database.owner_url, tmp_path / "other")
    backup(database.owner_url, tmp_path / "cut")
    content = (tmp_path / "cut").read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(BackupError, match=r"is no backup of Plaudit\. .*end of file"):
        restore(empty_database.owner_url, tmp_path / "cut")


def test_a_broken_restore_leaves_the_database_empty(
    postgres: TestServer, database: DatabaseUrls, empty_database: DatabaseUrls, tmp_path: Path
) -> None:
    with postgres.administration() as conn:
        if conn.info.server_version < backups._ATOMIC_FROM:
            pytest.skip("older servers are filled in several transactions")
    _fill(database)
    file = tmp_path / "plaudit.backup"
    backup(database.owner_url, file)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) - 2_000])
    with pytest.raises(BackupError, match="pg_restore failed"):
        restore(empty_database.owner_url, file)
    with connect(empty_database.owner_url, role=None) as conn:
        assert list(backups._contents(conn)) == []


def test_the_password_is_not_among_the_arguments(database: DatabaseUrls) -> None:
    target, environment = backups._signed_in(database.owner_url)
    assert environment["PGPASSWORD"]
    assert "password" not in target
