"""A PostgreSQL server for the whole test run, and a fresh migrated database for each test that asks for one.

All workers of a run share one embedded server, by the very means with which several processes share it in
production. With PLAUDIT_TEST_DATABASE_URL (a superuser's URL) the same tests run against that server instead.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from plaudit.platform.migrate import migrate, migrations_folder
from plaudit.platform.postgres import embedded
from plaudit.platform.postgres.bootstrap import APP, OWNER, bootstrap, create_database
from plaudit.platform.postgres.cluster import SUPERUSER, Passwords

__all__ = ["EXTERNAL", "FOLDER", "DatabaseUrls", "TestServer", "fresh_database", "running_server"]

FOLDER: Final = "PLAUDIT_TEST_FOLDER"
EXTERNAL: Final = "PLAUDIT_TEST_DATABASE_URL"
_ONE_BUILDER: Final = 7_528_348_102


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database, seen by each of the three roles. `url` is what Plaudit runs with."""

    name: str
    url: str
    owner_url: str
    superuser_url: str


@dataclass(frozen=True, slots=True)
class TestServer:
    """The server of this run: `url_of(role, database)` gives a URL, `template` names a migrated database."""

    __test__ = False

    url_of: Callable[[str, str], str]
    template: str

    def urls(self, name: str) -> DatabaseUrls:
        """Return the URLs of the database `name`."""
        return DatabaseUrls(
            name=name,
            url=self.url_of(APP, name),
            owner_url=self.url_of(OWNER, name),
            superuser_url=self.url_of(SUPERUSER, name),
        )

    @contextmanager
    def administration(self) -> Iterator[psycopg.Connection]:
        """Lend a superuser's connection to the database `postgres`."""
        with psycopg.connect(self.url_of(SUPERUSER, "postgres"), autocommit=True) as connection:
            yield connection


@contextmanager
def running_server() -> Iterator[TestServer]:
    """Share the server of this run."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(migrations_folder().glob("*.sql")):
        digest.update(path.read_bytes())
    with _servers() as url_of:
        yield TestServer(url_of=url_of, template=f"template_{digest.hexdigest()}")


def _ensure_template(server: TestServer) -> None:
    """Build the template unless a test of this or another worker has."""
    with server.administration() as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_BUILDER,))
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", (server.template,)
        ).fetchone()
        if found is None:
            name = sql.Identifier(server.template)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            create_database(connection, name=server.template)
            migrate(server.url_of(OWNER, server.template))
            connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(name))


@contextmanager
def _servers() -> Iterator[Callable[[str, str], str]]:
    external = os.environ.get(EXTERNAL)
    if external:
        passwords = Passwords("", "owner", "app")
        with psycopg.connect(external, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_ONE_BUILDER,))
            bootstrap(superuser_url=external, passwords=passwords)
        given = conninfo_to_dict(external)
        logins = {
            SUPERUSER: {},
            OWNER: {"user": OWNER, "password": "owner"},
            APP: {"user": APP, "password": "app"},
        }

        def url_of(role: str, database: str) -> str:
            login = {**given, **logins[role]}
            user, password, host, port = (
                quote(str(login.pop(name, "")), safe="") for name in ("user", "password", "host", "port")
            )
            login.pop("dbname", None)
            return f"postgresql://{user}:{password}@{host}:{port}/{database}?{urlencode(login)}"

        yield url_of
    else:
        with embedded(data_dir=Path(os.environ[FOLDER]) / "shared", shared_buffers_mib=64) as server:
            yield lambda role, database: server.url_of(role=role, database=database)


@contextmanager
def fresh_database(server: TestServer, *, migrated: bool = True) -> Iterator[DatabaseUrls]:
    """Lend a new database, a copy of the migrated template or empty, and drop it afterwards."""
    if migrated:
        _ensure_template(server)
    name = f"test_{secrets.token_hex(6)}"
    with server.administration() as connection:
        create_database(connection, name=name, template=server.template if migrated else None)
    try:
        yield server.urls(name)
    finally:
        with server.administration() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
