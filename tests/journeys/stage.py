"""A real server in a process of its own, and the tenants that journeys happen in."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import httpx

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.cli.books import verdict_on
from plaudit.app.cli.progress import Steps
from plaudit.app.drive.report import Verdict
from plaudit.core.commands import tenants
from plaudit.platform.settings import Settings

__all__ = ["Api", "Process", "Stage", "examined", "opened_tenants", "serving", "started"]

SAMPLES: Final = Path(os.environ.get("PLAUDIT_SAMPLES", Path(__file__).parents[3] / "shared" / "data"))

Json: TypeAlias = Any
"""An answer as it came: a test names the fields it expects."""

_START_TIMEOUT_S: Final = 40.0
_ADDRESS: Final = re.compile(rb"http://\S+")


@dataclass(slots=True)
class Process:
    """A serving process: where it answers, and how to end it one way or the other."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End it as a power cut would, with all its children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end in good order and return its exit code."""
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def started(*, environ: Mapping[str, str], port: int = 0) -> Iterator[Process]:
    """Run `plaudit serve` until the end of the block; SettingsError and the like show in the assertion."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    defaults = {"PLAUDIT_LOG_LEVEL": "warning", "PLAUDIT_HOST": "127.0.0.1", "PLAUDIT_PORT": str(port)}
    with tempfile.TemporaryDirectory(prefix="plaudit-serve-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", "plaudit.app.cli.attached"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**kept, **defaults, **environ},
                start_new_session=True,
            )
        with process:
            try:
                yield Process(_address(process, log), process, log)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                    try:
                        process.wait(20)
                    except subprocess.TimeoutExpired:
                        os.killpg(process.pid, signal.SIGKILL)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + _START_TIMEOUT_S
    told = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while b"\n" not in told and selector.select(max(deadline - time.monotonic(), 0)):
            piece = os.read(process.stdout.fileno(), 256)
            if not piece:
                break
            told += piece
    found = _ADDRESS.search(told)
    if found is None and process.poll() is None:
        process.send_signal(signal.SIGABRT)  # so that the log tells where it stands still
        process.wait()
    assert found is not None, f"no address was told: {told!r}\n{log.read_text()[-4000:]}"
    return found[0].decode()


@dataclass(frozen=True, slots=True)
class Opened:
    """A tenant and its first key."""

    slug: str
    key: str
    tenant_id: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A server and the database under it."""

    url: str
    database_url: str
    data_dir: Path
    tenants: list[Opened]


@contextmanager
def serving(
    *, database_url: str, owner_url: str, data_dir: Path, tenant_count: int = 1, **environ: str
) -> Iterator[Stage]:
    """Run a server on a migrated database, with tenants."""
    opened = opened_tenants(database_url=database_url, data_dir=data_dir, count=tenant_count)
    given = {
        "PLAUDIT_DATABASE_URL": database_url,
        "PLAUDIT_DATABASE_OWNER_URL": owner_url,
        "PLAUDIT_DATA_DIR": str(data_dir),
    }
    with started(environ={**given, **environ}) as process:
        yield Stage(process.url, database_url, data_dir, opened)


def opened_tenants(*, database_url: str, data_dir: Path, count: int) -> list[Opened]:
    """Open tenants. A server that starts afterwards knows them at once."""
    settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(data_dir)})

    async def main() -> list[Opened]:
        async with assembled(settings, url=database_url) as house:
            slugs = [f"t{secrets.token_hex(6)}" for _ in range(count)]
            keys = {slug: await open_tenant(house, slug=slug, name=slug) for slug in slugs}
            async with house.database.connection() as conn:
                known = {one.slug: one.tenant_id for one in await tenants.tenants(conn)}
            return [Opened(slug, key, known[slug]) for slug, key in keys.items()]

    return asyncio.run(main())


def examined(*, database_url: str, tenant_id: int) -> Verdict:
    """Let the doctor examine the database and compare the tenant's projections with their rebuild."""
    return asyncio.run(verdict_on(database_url=database_url, tenant_ids=[tenant_id], steps=Steps()))


@dataclass(slots=True)
class Api:
    """One credential at the server. A call asserts its status and returns the answer as JSON."""

    url: str
    credential: str
    tenant: str
    tenant_id: int
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.credential}"}, timeout=30.0
        )

    def like(self, credential: str) -> Api:
        """Return the same server as somebody else of the same tenant sees it."""
        return Api(self.url, credential, self.tenant, self.tenant_id)

    def raw(self, method: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.http.request(method, path, json=body, headers=headers)

    def get(self, path: str, *, status: int = 200, **query: object) -> Json:
        answer = self.http.get(path, params={name: str(value) for name, value in query.items()} or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, *, key: str | None = None, status: int = 201) -> Json:
        return self._write("POST", path, body, key=key, status=status)

    def put(self, path: str, body: object = None, *, key: str | None = None, status: int = 200) -> Json:
        return self._write("PUT", path, body, key=key, status=status)

    def _write(self, method: str, path: str, body: object, *, key: str | None, status: int) -> Json:
        answer = self.raw(method, path, body, key=key or secrets.token_hex(8))
        assert answer.status_code == status, answer.text
        return answer.json()

    def balance(self, address: str) -> int:
        """Return what any account holds, 0 where it was never opened."""
        answer = self.http.get("/v1/accounts", params={"address": address})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return 0
        assert answer.status_code == httpx.codes.OK, answer.text
        return int(answer.json()["balance_minor"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
