"""Serving with one process or several: who starts them, and what ends them.

One process serves within the starter itself. Several are children of a small starter: they share the port,
and each is handed its settings through its standard input, which stays open: when the starter is gone,
whatever ended it, the children see the end of the input and stop.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import uvloop

from plaudit.app import server
from plaudit.app.place import migrated_place_of
from plaudit.platform import log, telemetry
from plaudit.platform.settings import Settings

_log = log.logger("supervisor")

_READY: Final = b"ready\n"
_STABLE_AFTER_S: Final = 5.0
_AGAIN_S: Final = 1.0
_MARGIN_S: Final = 2.0
_CHILD: Final = "import sys; from plaudit.app.supervisor import child; sys.exit(child())"

Announce: TypeAlias = Callable[[str], None]


class PortTakenError(OSError):
    """The address cannot be served on; the message says why."""


class Charge(msgspec.Struct, frozen=True):
    """What a child is told: its settings, the database, the port, and more routes by name."""

    settings: Settings
    url: str
    port: int
    routes: str | None


def run(settings: Settings, *, announce: Announce, routes: str | None = None) -> int:
    """Serve until told to stop, and return the exit code. `announce` is told the address once it answers.

    `routes` names a sequence of more handlers ("package.module:NAME"), for benchmarks. Raises
    PortTakenError, and what `app.place` and `app.assembly` raise.
    """
    _configure_log(settings)
    with _reserved(settings.host, settings.port) as port, migrated_place_of(settings) as place:
        address = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{port}"
        # Port 0 took a free one: links and callbacks go where the server answers in fact.
        settings = settings.listening_on(port)
        charge = Charge(settings, place.url, port, routes)
        if settings.processes == 1:
            return uvloop.run(_serve(charge, lambda: announce(address), stop=None))
        with _metrics_folder(settings) as folder:
            telemetry.prepare_folder(folder)
            return asyncio.run(_Children(charge).run(lambda: announce(address)))


def child() -> int:
    """Serve as a child of `run`: the charge on standard input, a word on standard output when ready."""
    charge = msgspec.json.decode(sys.stdin.buffer.readline(), type=Charge, dec_hook=_read_path)
    _configure_log(charge.settings)
    return uvloop.run(_serve_as_child(charge))


async def _serve_as_child(charge: Charge) -> int:
    stop = asyncio.Event()
    # The starter keeps the other end open and writes no more: readable means that it is gone.
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    return await _serve(charge, _say_ready, stop=stop)


def _say_ready() -> None:
    os.write(sys.stdout.fileno(), _READY)


async def _serve(charge: Charge, on_ready: Callable[[], None], *, stop: asyncio.Event | None) -> int:
    return await server.serve(
        charge.settings, url=charge.url, port=charge.port, on_ready=on_ready, stop=stop, routes=charge.routes
    )


class _Children:
    """The serving processes of one starter."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._told = msgspec.json.encode(charge, enc_hook=str) + b"\n"
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._code = 0

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Keep all children running until a signal comes or one of them found a broken invariant."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        count = self._charge.settings.processes
        ready = [asyncio.Event() for _ in range(count)]
        keepers = [asyncio.create_task(self._keep(n, ready[n]), name=f"child-{n}") for n in range(count)]
        announcing = asyncio.create_task(_when_all(ready, on_ready))
        await self._stopping.wait()
        announcing.cancel()
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        _, late = await asyncio.wait(keepers, timeout=self._charge.settings.shutdown_ms / 1000 + _MARGIN_S)
        for process in self._processes.values() if late else ():
            _log.warning("child did not end in time", pid=process.pid)
            with suppress(ProcessLookupError):
                process.kill()
        await asyncio.gather(*keepers)
        return self._code

    async def _keep(self, number: int, ready: asyncio.Event) -> None:
        """Start child `number`, and again when it died; a child that gave up ends them all."""
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._live(number, ready)
            if self._stopping.is_set():
                self._code = self._code or max(code, 0)
                return
            _log.error("child ended", number=number, code=code)
            if code > 0:
                # It said itself that it cannot go on: no database, a broken invariant.
                self._code = code
                self._stopping.set()
                return
            if loop.time() - started < _STABLE_AFTER_S:
                await asyncio.sleep(_AGAIN_S)

    async def _live(self, number: int, ready: asyncio.Event) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHILD, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self._processes[number] = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._told)
        if self._stopping.is_set():
            process.terminate()
        if await process.stdout.readline() == _READY:
            ready.set()
        code = await process.wait()
        process.stdin.close()
        return code


async def _when_all(ready: list[asyncio.Event], on_ready: Callable[[], None]) -> None:
    for one in ready:
        await one.wait()
    on_ready()


@contextmanager
def _reserved(host: str, port: int) -> Iterator[int]:
    """Keep a port for this server alone: refuse one that others use, find a free one for 0.

    The sockets that listen share the port among processes; without this check a second server of the same
    user would silently take a part of the first one's connections.
    """
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
            found: int = probe.getsockname()[1]
        keeper = socket.socket(family, kind, protocol)
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind((target[0], found, *target[2:]))
    except OSError as error:
        message = f"cannot serve on {host}:{port}: {error.strerror}; set PLAUDIT_HOST and PLAUDIT_PORT"
        raise PortTakenError(message) from error
    with keeper:
        yield found


@contextmanager
def _metrics_folder(settings: Settings) -> Iterator[Path]:
    if settings.metrics_dir is not None:
        yield settings.metrics_dir
        return
    folder = Path(tempfile.mkdtemp(prefix="plaudit-metrics-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure_log(settings: Settings) -> None:
    log.configure(level=settings.log_level, output="console" if settings.log_format == "console" else "json")


def _read_path(kind: type, value: Any) -> Any:  # noqa: ANN401 - as msgspec hands it over
    assert kind is Path, kind
    return Path(value)
