"""The databases of a benchmark: an embedded server of its own, set up as the product's, gone in the end."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from plaudit.core.audit import Report as AuditReport
from plaudit.core.audit import examine
from plaudit.platform.db import Database
from plaudit.platform.migrate import migrate
from plaudit.platform.postgres import Server, embedded
from plaudit.platform.postgres.bootstrap import APP, OWNER, create_database
from plaudit.platform.postgres.cluster import SUPERUSER
from plaudit.platform.settings import Settings

SERVED: Final = Settings.from_environment({})
"""The settings of a server to which nothing was said: benchmarks measure the product as it comes."""


@dataclass(frozen=True, slots=True)
class Base:
    """One database of the benchmark's server, by the URLs of its three roles."""

    name: str
    url: str
    owner_url: str
    superuser_url: str


class Ground:
    """A running server with as many databases as are asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def base(self, name: str) -> Base:
        """Return the URLs of a database."""
        urls = (self._server.url_of(role=role, database=name) for role in (APP, OWNER, SUPERUSER))
        return Base(name, *urls)

    def create(self, name: str) -> Base:
        """Create a migrated database."""
        with self._administration() as connection:
            create_database(connection, name=name)
        base = self.base(name)
        migrate(base.owner_url)
        return base

    def copy(self, source: Base, *, name: str) -> Base:
        """Create a database that is a copy of another, to which nobody may be connected."""
        with self._administration() as connection:
            create_database(connection, name=name, template=source.name)
        return self.base(name)

    def drop(self, base: Base) -> None:
        """Remove a database."""
        with self._administration() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(base.name)))

    @contextmanager
    def _administration(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(
            self._server.url_of(role=SUPERUSER, database="postgres"), autocommit=True
        ) as connection:
            yield connection


@contextmanager
def ground() -> Iterator[Ground]:
    """Start a server in a temporary folder; stop it and remove the folder in the end."""
    folder = Path(tempfile.mkdtemp(prefix="plaudit-bench-"))
    try:
        with embedded(data_dir=folder, shared_buffers_mib=SERVED.shared_buffers_mib) as server:
            yield Ground(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tidy(base: Base) -> None:
    """Vacuum and analyze a database and write a checkpoint, so that what comes next starts from rest."""
    with psycopg.connect(base.superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def doctor(base: Base) -> str:
    """Let the doctor examine a database: "green", or the first thing that it finds."""
    report = examined(base)
    return "green" if report.green else report.findings[0].sentence


def examined(base: Base) -> AuditReport:
    """Let the doctor examine a database and return all that it says."""
    return asyncio.run(_examined(base))


async def _examined(base: Base) -> AuditReport:
    async with Database.open(base.url, pool_max=3, listen=False) as database:
        return await examine(database)


def checkpoint(base: Base) -> None:
    """Write a checkpoint, so that no measurement pays for the pages that another has dirtied."""
    with psycopg.connect(base.superuser_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
