"""Fixtures for all tests; registered in tests/conftest.py."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
import pytest
import structlog

from plaudit.platform.db import Database
from tests.kit.scale import PROOF
from tests.kit.servers import FOLDER, DatabaseUrls, TestServer, fresh_database, running_server

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder made in it has a name of its own
_ROOM: Final = 3 * 1024**3
_PREFIX: Final = "plaudit-test-"
_SETTLED_S: Final = 60


def pytest_configure(config: pytest.Config) -> None:
    """Make one folder for the run, before any worker starts; the workers find it in their environment."""
    _log_plainly()
    if not hasattr(config, "workerinput"):
        quick = _quick_place()
        if quick is not None:
            _sweep(quick)
        folder = tempfile.mkdtemp(prefix=_PREFIX, dir=quick)
        held = os.open(folder, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        config.add_cleanup(lambda: os.close(held))
        Path(folder).chmod(0o711)
        os.environ[FOLDER] = folder
        if quick is not None:
            # Benchmarks and commands under test have servers of their own, where temporary files are.
            os.environ["TMPDIR"] = folder
            tempfile.tempdir = None
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def _log_plainly() -> None:
    """Print errors as Python does: frames with all their variables take longer than many a test."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


def _quick_place() -> Path | None:
    """Return the folder in memory, if there is one with room to spare; None stands for the usual place.

    A run makes and drops two thousand databases, and each of them makes the server write a checkpoint. In
    memory that takes a tenth of the time while PostgreSQL is set up as anywhere, for durability, too. What
    is measured for the record is measured on a disk.
    """
    try:
        there = os.statvfs(_MEMORY)
    except FileNotFoundError:
        return None
    free = min(there.f_bavail * there.f_frsize, psutil.virtual_memory().available)
    runs_programs = not there.f_flag & os.ST_NOEXEC
    quick = not PROOF and runs_programs and free >= _ROOM and os.access(_MEMORY, os.W_OK)
    return _MEMORY if quick else None


def _sweep(place: Path) -> None:
    """Remove what runs left that were killed: they hold their folders no more, and memory is dear."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, BlockingIOError):
            about = folder.stat()
            # A run that has just made its folder is about to hold it.
            if about.st_uid == os.geteuid() and time.time() - about.st_ctime > _SETTLED_S:
                left = os.open(folder, os.O_RDONLY)
                try:
                    fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(left)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio alone, which is what the product runs on."""
    return "asyncio"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Path of a data folder that does not exist yet, in a place that an unprivileged account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="data-", dir=os.environ[FOLDER]))
    folder.chmod(0o711)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    """Lend the server of this run."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres: TestServer) -> Iterator[DatabaseUrls]:
    """Lend a fresh migrated database of one test's own."""
    with fresh_database(postgres) as urls:
        yield urls


@pytest.fixture
def empty_database(postgres: TestServer) -> Iterator[DatabaseUrls]:
    """Lend a fresh database without any migration."""
    with fresh_database(postgres, migrated=False) as urls:
        yield urls


@pytest.fixture
def database_url(database: DatabaseUrls) -> str:
    """URL of the running role for a fresh migrated database."""
    return database.url


@pytest.fixture
async def db(database: DatabaseUrls) -> AsyncIterator[Database]:
    """Lend a fresh migrated database, opened as the running role."""
    async with Database.open(database.url, pool_max=8) as opened:
        yield opened
