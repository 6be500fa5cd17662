"""Migrations: plain SQL files, each applied once, whole, and in the order of its number.

yoyo keeps the record of what was applied. Its own way of applying is not used, because it splits files into
statements by guess and notes a migration as applied in a second transaction after the first: a crash in
between would leave a database that cannot be migrated any more. Here a file and its record are one
transaction.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import procrastinate
import psycopg
import yoyo
from procrastinate.schema import SchemaManager, migrations_path
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from yoyo.backends import DatabaseBackend
from yoyo.migrations import Migration

from plaudit.platform.db import RUNTIME_ROLE, connection_text
from plaudit.platform.postmaster.binaries import installation
from plaudit.platform.postmaster.process import clean_environment

__all__ = [
    "JOBS_SCHEMA",
    "MigrationError",
    "ensure_runtime_role",
    "migrate",
    "migrations_folder",
    "pending",
    "schema_snapshot",
]

JOBS_SCHEMA: Final = "jobs"
_RECORD_SCHEMA: Final = "migrations"
_NAME: Final = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_ONE_MIGRATOR: Final = 7_528_348_101
_WAIT_FOR_OTHER_MS: Final = 600_000
_LOCK_TIMEOUT_MS: Final = 10_000
_DUMP_TIMEOUT_S: Final = 120

_SESSION_LINES: Final = re.compile(
    r"--$|-- Name: |-- PostgreSQL database dump|-- Dumped |\\restrict |\\unrestrict "
    r"|SELECT pg_catalog\.set_config\("
    r"|SET (statement_timeout|lock_timeout|idle_in_transaction_session_timeout|transaction_timeout"
    r"|client_encoding|standard_conforming_strings|check_function_bodies|xmloption|client_min_messages"
    r"|row_security|default_tablespace|default_table_access_method) = "
)
_NOT_NULL_NAME: Final = re.compile(r"CONSTRAINT \w+_not_null NOT NULL")  # named since PostgreSQL 18


class MigrationError(RuntimeError):
    """The database cannot be migrated; the message says why and what to do."""


def migrations_folder() -> Path:
    """Return the folder of the SQL files: inside an installed package, or at the root of a checkout."""
    installed = Path(str(files("plaudit").joinpath("_migrations")))
    return installed if installed.is_dir() else Path(__file__).resolve().parents[3] / "migrations"


def _read(folder: Path) -> list[tuple[Migration, str]]:
    """Return the migrations of `folder` in order, each with its text; their hash is that of name and text."""
    found: list[tuple[Migration, str]] = []
    for path in sorted(folder.glob("*.sql")):
        if not _NAME.fullmatch(path.name):
            message = f"{path.name} is not named like 0001_journal.sql"
            raise MigrationError(message)
        text = path.read_text(encoding="utf-8")
        migration = Migration(path.stem, str(path), str(folder))
        migration.hash = hashlib.sha256(f"{path.stem}\n{text}".encode()).hexdigest()
        found.append((migration, text))
    numbers = [migration.id[:4] for migration, _ in found]
    if len(set(numbers)) < len(numbers):
        message = f"two migrations in {folder} have the same number"
        raise MigrationError(message)
    return found


def migrate(owner_url: str, *, folder: Path | None = None) -> list[str]:
    """Bring the database up to date as its owner and return the names of what was applied now.

    Waits for another migrator to finish. Each file is one transaction together with its record, and gives up
    after ten seconds of waiting for a lock, so that it cannot hold up the traffic behind it. Raises
    MigrationError when an applied file was changed or is gone, or the running role cannot be created;
    psycopg.Error when a file fails.
    """
    migrations = _read(folder or migrations_folder())
    with _only_migrator(owner_url) as connection:
        ensure_runtime_role(connection)
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(_RECORD_SCHEMA)))
        with _record_keeper(owner_url) as backend:
            backend.break_lock()
            applied = [
                migration.id
                for migration, text in _to_apply(backend, migrations)
                if _apply(backend, migration=migration, text=text)
            ]
        applied.extend(_migrate_jobs(connection))
    return applied


def pending(owner_url: str, *, folder: Path | None = None) -> list[str]:
    """Return the names of the files that `migrate` would apply, without applying anything."""
    migrations = _read(folder or migrations_folder())
    with psycopg.connect(connection_text(url=owner_url, role=None), autocommit=True) as connection:
        record = connection.execute(
            "SELECT to_regclass(%s)", (f"{_RECORD_SCHEMA}._yoyo_migration",)
        ).fetchone()
    if record is None or record[0] is None:
        return [migration.id for migration, _ in migrations]
    with _record_keeper(owner_url) as backend:
        return [migration.id for migration, _ in _to_apply(backend, migrations)]


@contextmanager
def _only_migrator(owner_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(connection_text(url=owner_url, role=None), autocommit=True) as connection:
        connection.execute(f"SET lock_timeout = {_WAIT_FOR_OTHER_MS}")
        connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_MIGRATOR,))
        connection.execute(f"SET lock_timeout = {_LOCK_TIMEOUT_MS}")
        yield connection


@contextmanager
def _record_keeper(owner_url: str) -> Iterator[DatabaseBackend]:
    given: dict[str, Any] = conninfo_to_dict(connection_text(url=owner_url, role=None))
    user, password = (quote(str(given.pop(name, "")), safe="") for name in ("user", "password"))
    database = quote(str(given.pop("dbname", "")), safe="")
    given["options"] = f"{given['options']} -c lock_timeout={_LOCK_TIMEOUT_MS}"
    query = urlencode({**given, "schema": _RECORD_SCHEMA}, quote_via=quote)
    backend = yoyo.get_backend(f"postgresql+psycopg://{user}:{password}@/{database}?{query}")
    try:
        yield backend
    finally:
        backend.connection.close()


def _to_apply(
    backend: DatabaseBackend, migrations: list[tuple[Migration, str]]
) -> list[tuple[Migration, str]]:
    """Return what is not applied yet; refuse a history that differs from the files."""
    applied_hashes = set(backend.get_applied_migration_hashes())
    rows = backend.execute(f"TABLE {backend.migration_table_quoted}").fetchall()
    applied: dict[str, str] = {name: digest for digest, name, _at in rows}
    known = {migration.id: migration.hash for migration, _ in migrations}
    for name, digest in applied.items():
        if name not in known:
            message = f"the database has the migration {name}, which this version of Plaudit does not know"
            raise MigrationError(message)
        if known[name] != digest:
            message = f"the migration {name} was changed after it had been applied; add a new one instead"
            raise MigrationError(message)
    return [(migration, text) for migration, text in migrations if migration.hash not in applied_hashes]


def _apply(backend: DatabaseBackend, *, migration: Migration, text: str) -> bool:
    with backend.transaction():
        backend.execute("SET LOCAL search_path TO public")
        # Without parameters the whole text goes to the server as it is, which knows best where statements
        # end.
        backend.cursor().execute(text)
        backend.execute(f"SET LOCAL search_path TO {_RECORD_SCHEMA}")
        backend.mark_one(migration)
    return True


def ensure_runtime_role(connection: psycopg.Connection) -> None:
    """Create the role that Plaudit runs with, if it is missing, and make this login a member of it.

    Raises MigrationError saying what an administrator has to run when this login may not.
    """
    role = sql.Identifier(RUNTIME_ROLE)
    present = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (RUNTIME_ROLE,)).fetchone()
    try:
        if present is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        member = connection.execute(
            "SELECT pg_has_role(current_user, %s, 'MEMBER')", (RUNTIME_ROLE,)
        ).fetchone()
        if member is None or not member[0]:
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    except psycopg.errors.DuplicateObject:
        return
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"the owner of the database may not create the role {RUNTIME_ROLE}. As an administrator run: "
            f"CREATE ROLE {RUNTIME_ROLE} NOLOGIN; then GRANT {RUNTIME_ROLE} TO the login roles of the owner "
            "and of Plaudit"
        )
        raise MigrationError(message) from error


def _version_of(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _migrate_jobs(connection: psycopg.Connection) -> list[str]:
    """Bring the tables of the job queue, which are procrastinate's own, to its installed version."""
    schema, role = sql.Identifier(JOBS_SCHEMA), sql.Identifier(RUNTIME_ROLE)
    installed = procrastinate.__version__
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (JOBS_SCHEMA,)
    ).fetchone()
    before = row[0] if row is not None and row[0] is not None else ""
    if before == f"procrastinate {installed}":
        return []
    if before and _version_of(before) > _version_of(installed):
        message = f"the job tables are those of {before}, newer than the installed {installed}"
        raise MigrationError(message)
    scripts = [SchemaManager.get_schema()]
    if before:
        paths = sorted(Path(migrations_path).glob("*.sql"))
        scripts = [path.read_text() for path in paths if _version_of(path.name) > _version_of(before)]
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(schema))
        for script in scripts:
            connection.execute(script.encode())
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        ):
            connection.execute(sql.SQL(statement).format(schema=schema, role=role))
        comment = sql.Literal(f"procrastinate {installed}")
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, comment))
    return [f"jobs {installed}"]


def schema_snapshot(url: str) -> str:
    """Return the schema as text: what `make schema` writes to schema.sql.

    The same schema gives the same text. Left out are the tables of procrastinate and of yoyo (theirs to
    change), owners, and the chatter of pg_dump.
    """
    done = subprocess.run(  # noqa: S603 - the program of our own wheel
        [
            str(installation() / "bin" / "pg_dump"),
            "--schema-only",
            "--no-owner",
            *(f"--exclude-schema={schema}" for schema in (JOBS_SCHEMA, _RECORD_SCHEMA)),
            f"--dbname={url}",
        ],
        capture_output=True,
        check=False,
        env=clean_environment(),
        text=True,
        timeout=_DUMP_TIMEOUT_S,
    )
    if done.returncode != 0:
        message = f"pg_dump failed: {done.stderr.strip()}"
        raise MigrationError(message)
    lines = [line for line in done.stdout.splitlines() if not _SESSION_LINES.match(line)]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
    return _NOT_NULL_NAME.sub("NOT NULL", text)
