"""A server of one's own: a child that serves on a port of its own, the embedded database, and a tenant.

The tenant is made once; its key lies in the data folder, readable by its owner alone.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.cli.progress import Steps
from plaudit.app.place import migrated_place_of
from plaudit.core.commands import tenants
from plaudit.platform.db import Database
from plaudit.platform.postgres import EmbeddedServerError
from plaudit.platform.settings import SETTINGS, Settings, SettingsError

HOST: Final = "127.0.0.1"
ANY_PORT: Final = 0

_LOG: Final = "serve.log"
_TAIL_BYTES: Final = 2_000
_STOP_GRACE_S: Final = 15.0
_DATABASES: Final = frozenset({"PLAUDIT_DATABASE_URL", "PLAUDIT_DATABASE_OWNER_URL"})
_KNOWN: Final = frozenset(setting.variable for setting in SETTINGS)


class OwnServerError(click.ClickException):
    """The server cannot be run here; the message says why and what to do."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class OwnServer:
    """What runs: where the API is, a key of the tenant with all scopes, and the database for its auditors."""

    url: str
    key: str
    tenant: str
    tenant_id: int
    database_url: str
    process: subprocess.Popen[bytes]


def settings_here(*, environ: Mapping[str, str]) -> Settings:
    """Return the settings of an embedded server; OwnServerError where they cannot be used."""
    named = sorted(name for name in _DATABASES if environ.get(name))
    if named:
        raise OwnServerError(
            f"{named[0]} names a database server, and this runs the embedded one on PLAUDIT_DATA_DIR: "
            f"unset {named[0]}, or drive a server that runs on that database with --url and --key."
        )
    try:
        return Settings.from_environment({name: value for name, value in environ.items() if name in _KNOWN})
    except SettingsError as error:
        raise OwnServerError(str(error)) from error


@contextmanager
def own_server(*, settings: Settings, tenant: str, port: int, steps: Steps) -> Iterator[OwnServer]:
    """Run a server on `settings.data_dir` until the end of the block; `port` ANY_PORT takes a free one.

    Raises OwnServerError.
    """
    with ExitStack() as stack:
        with steps.step(f"Starting PostgreSQL in {settings.data_dir}"):
            try:
                place = stack.enter_context(migrated_place_of(settings))
            except EmbeddedServerError as error:
                raise OwnServerError(str(error)) from error
            tenant_id, key = asyncio.run(_tenant(settings=settings, database_url=place.url, slug=tenant))
        with steps.step("Starting the server"):
            process = stack.enter_context(_child(settings=settings, port=port))
            url = _announced(settings=settings, process=process)
        yield OwnServer(url, key, tenant, tenant_id, place.url, process)


async def _tenant(*, settings: Settings, database_url: str, slug: str) -> tuple[int, str]:
    """Return the id and key of the tenant, made when there is none."""
    path = settings.data_dir / f"{slug}.key"
    async with assembled(settings, url=database_url) as house:
        known = await _tenant_id(house.database, slug=slug)
        if known is not None:
            return known, _stored_key(path=path, slug=slug)
        key = await open_tenant(house, slug=slug, name=slug)
        _store_key(path=path, key=key)
        made = await _tenant_id(house.database, slug=slug)
    assert made is not None, slug
    return made, key


async def _tenant_id(database: Database, *, slug: str) -> int | None:
    async with database.connection() as conn:
        return next((one.tenant_id for one in await tenants.tenants(conn) if one.slug == slug), None)


def _stored_key(*, path: Path, slug: str) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise OwnServerError(
            f"The tenant {slug} was made before, but its key cannot be read from {path} ({error.strerror}): "
            "put the file back, or set PLAUDIT_DATA_DIR to another folder."
        ) from error


def _store_key(*, path: Path, key: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _child(*, settings: Settings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server in a session of its own, so that Ctrl-C reaches this process alone."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    environ |= {"PLAUDIT_LOG_LEVEL": "warning"}
    environ |= {name: os.environ[name] for name in _KNOWN & os.environ.keys()}
    environ |= {
        "PLAUDIT_DATA_DIR": str(settings.data_dir.absolute()),
        "PLAUDIT_HOST": HOST,
        "PLAUDIT_PORT": str(port),
    }
    with (settings.data_dir / _LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "plaudit.app.cli.attached"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environ,
            start_new_session=True,
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(settings.shutdown_ms / 1000 + _STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _announced(*, settings: Settings, process: subprocess.Popen[bytes]) -> str:
    """Return the address that the child prints once it answers.

    Raises OwnServerError when it ends or takes too long.
    """
    assert process.stdout is not None
    deadline = time.monotonic() + settings.start_timeout_ms / 1000
    told = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not told.endswith(b"\n") and selector.select(max(deadline - time.monotonic(), 0)):
            piece = os.read(process.stdout.fileno(), 256)
            if not piece:
                break
            told += piece
    if told.endswith(b"\n"):
        return told.decode("ascii").strip()
    log = settings.data_dir / _LOG
    tail = log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
    raise OwnServerError(f"The server did not start; {log} ends with:\n{tail}")
