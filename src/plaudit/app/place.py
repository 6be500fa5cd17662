"""Where the database is: the server that was named, or the embedded one, which runs while it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from plaudit.platform.migrate import MigrationError, migrate, pending
from plaudit.platform.postgres import embedded
from plaudit.platform.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """A database by the URLs of the role that runs Plaudit and of the role that owns the tables.

    `superuser_url` is there for the embedded server alone. `is_embedded` tells which of the two it is.
    """

    url: str
    owner_url: str
    superuser_url: str | None
    is_embedded: bool


@contextmanager
def place_of(settings: Settings) -> Iterator[Place]:
    """Lend the database of these settings as it is, migrated or not.

    Raises EmbeddedServerError (platform.postmaster) when the embedded server cannot run here.
    """
    if settings.database_url is not None:
        owner_url = settings.database_owner_url or settings.database_url
        yield Place(settings.database_url, owner_url, None, is_embedded=False)
        return
    with embedded(
        data_dir=settings.data_dir,
        shared_buffers_mib=settings.shared_buffers_mib,
        start_timeout_ms=settings.start_timeout_ms,
    ) as server:
        yield Place(server.url, server.owner_url, server.superuser_url, is_embedded=True)


@contextmanager
def migrated_place_of(settings: Settings) -> Iterator[Place]:
    """Lend the database of these settings, migrated: the embedded one is brought up to date, another must be.

    Raises MigrationError naming what is missing, besides what `place_of` raises.
    """
    with place_of(settings) as place:
        if place.is_embedded:
            migrate(place.owner_url)
        else:
            _check(place)
        yield place


def _check(place: Place) -> None:
    try:
        missing = pending(place.owner_url)
    except psycopg.errors.InsufficientPrivilege:
        # The role that runs Plaudit need not see the record of migrations; readiness tells the rest.
        return
    if missing:
        message = f"the database lacks the migrations {', '.join(missing)}; run `plaudit migrate` first"
        raise MigrationError(message)
