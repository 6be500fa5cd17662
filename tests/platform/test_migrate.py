"""Migrations: each file once, whole, in order; never a changed or unknown one; the schema as committed."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest

from plaudit.platform.migrate import MigrationError, migrate, migrations_folder, pending, schema_snapshot
from tests.kit.schema import SCHEMA_FILE
from tests.kit.servers import DatabaseUrls

_TWO_STATEMENTS = """-- A thing; and its function
CREATE TABLE public.thing (id int, note text DEFAULT 'a;b %s $1');
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql
BEGIN ATOMIC SELECT 1; SELECT count(*)::int FROM public.thing; END;
CREATE FUNCTION public.g() RETURNS int LANGUAGE plpgsql AS $body$
BEGIN
    RETURN CASE WHEN true THEN 7 ELSE 8 END; -- it's; fine
END $body$;
INSERT INTO public.thing (id) SELECT public.g();
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_thing.sql").write_text(_TWO_STATEMENTS)
    return tmp_path


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_fresh_database_is_migrated_once(empty_database: DatabaseUrls) -> None:
    url = empty_database.owner_url
    names = sorted(path.stem for path in migrations_folder().glob("*.sql"))
    assert pending(url) == names
    done = migrate(url)
    assert done[:-1] == names
    assert done[-1].startswith("jobs ")
    assert migrate(url) == []
    assert pending(url) == []


def test_the_schema_is_the_committed_one(database: DatabaseUrls) -> None:
    assert schema_snapshot(database.owner_url) == SCHEMA_FILE.read_text(), (
        "run `make schema` and review the difference"
    )


def test_the_same_schema_gives_the_same_text(empty_database: DatabaseUrls, database: DatabaseUrls) -> None:
    migrate(empty_database.owner_url)
    text = schema_snapshot(empty_database.owner_url)
    assert text == schema_snapshot(database.owner_url)
    with psycopg.connect(empty_database.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.stray (id int)")
    assert "CREATE TABLE public.stray" in schema_snapshot(empty_database.owner_url)


def test_a_file_goes_to_the_server_as_it_is(empty_database: DatabaseUrls, folder: Path) -> None:
    assert migrate(empty_database.owner_url, folder=folder)[0] == "0001_thing"
    assert _rows(empty_database.owner_url, "SELECT id, note FROM public.thing") == [(7, "a;b %s $1")]


def test_a_failing_file_leaves_nothing_and_can_be_repaired(
    empty_database: DatabaseUrls, folder: Path
) -> None:
    second = folder / "0002_more.sql"
    second.write_text("CREATE TABLE public.half (id int); SELECT 1/0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database.owner_url, folder=folder)
    assert _rows(
        empty_database.owner_url, "SELECT to_regclass('public.half'), to_regclass('public.thing')"
    ) == [(None, "thing")]
    assert pending(empty_database.owner_url, folder=folder) == ["0002_more"]
    second.write_text("CREATE TABLE public.half (id int);")
    assert migrate(empty_database.owner_url, folder=folder)[0] == "0002_more"


def test_a_changed_file_is_refused(empty_database: DatabaseUrls, folder: Path) -> None:
    migrate(empty_database.owner_url, folder=folder)
    (folder / "0001_thing.sql").write_text(_TWO_STATEMENTS + "SELECT 1;")
    with pytest.raises(MigrationError, match="0001_thing was changed"):
        migrate(empty_database.owner_url, folder=folder)


def test_a_database_of_a_newer_version_is_refused(
    empty_database: DatabaseUrls, folder: Path, tmp_path: Path
) -> None:
    migrate(empty_database.owner_url, folder=folder)
    older = tmp_path / "older"
    older.mkdir()
    with pytest.raises(MigrationError, match="does not know"):
        migrate(empty_database.owner_url, folder=older)


def test_numbers_and_names_are_checked(empty_database: DatabaseUrls, folder: Path) -> None:
    (folder / "0001_twin.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="same number"):
        migrate(empty_database.owner_url, folder=folder)
    (folder / "0001_twin.sql").rename(folder / "second.sql")
    with pytest.raises(MigrationError, match=r"second\.sql"):
        migrate(empty_database.owner_url, folder=folder)


def test_two_migrators_at_once_apply_each_file_once(empty_database: DatabaseUrls, folder: Path) -> None:
    (folder / "0002_slow.sql").write_text("SELECT pg_sleep(0.5); CREATE TABLE public.slow (id int);")
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(migrate(empty_database.owner_url, folder=folder)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(result) for result in results) == [0, 0, 3]


def test_a_migrator_killed_at_its_record_holds_up_nobody(empty_database: DatabaseUrls, folder: Path) -> None:
    migrate(empty_database.owner_url, folder=folder)
    with psycopg.connect(empty_database.owner_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO migrations.yoyo_lock (locked, ctime, pid) VALUES (1, localtimestamp, 1)"
        )
    (folder / "0002_more.sql").write_text("SELECT 1;")
    assert migrate(empty_database.owner_url, folder=folder) == ["0002_more"]


def test_jobs_are_usable_by_the_running_role(empty_database: DatabaseUrls, folder: Path) -> None:
    migrate(empty_database.owner_url, folder=folder)
    with psycopg.connect(
        empty_database.url, options="-c role=plaudit_runtime -c search_path=public,jobs"
    ) as connection:
        connection.execute(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('q', 't', 0, NULL, NULL, '{}', NULL)"
            "::procrastinate_job_to_defer_v1])"
        )
        assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (1,)
