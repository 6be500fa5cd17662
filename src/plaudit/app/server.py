"""One serving process: the house behind HTTP, from its start to an orderly end."""

import asyncio
import pkgutil
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from plaudit.app.assembly import House, assembled
from plaudit.app.background import Background, running
from plaudit.app.http.access import AccessLog
from plaudit.app.http.application import build
from plaudit.app.http.edge import Edge
from plaudit.app.tuning import settle_memory
from plaudit.platform import log
from plaudit.platform.settings import Settings

_log = log.logger("server")

EXIT_BROKEN: Final = 70
"""The exit code after a broken invariant (EX_SOFTWARE): to be looked at, not to be started again blindly."""

_BACKLOG: Final = 4_096
_REQUESTS_MAX: Final = 16_384
_FILES_WANTED: Final = 65_536
_ACCEPT_TRIES: Final = 500
_ACCEPT_PAUSE_S: Final = 0.01
_COMMIT_MIN_S: Final = 1.0


async def serve(
    settings: Settings,
    *,
    url: str,
    port: int,
    on_ready: Callable[[], None],
    stop: asyncio.Event | None = None,
    routes: str | None = None,
) -> int:
    """Serve until SIGTERM, SIGINT or `stop`, and return the exit code: 0, or EXIT_BROKEN.

    `url` is the database as the running role; `port` must be one that is free or shared by sibling processes.
    `on_ready` is called once requests are accepted. `routes` names more handlers ("package.module:NAME").
    """
    stop = stop or asyncio.Event()
    ready = asyncio.Event()
    _end_on_signals(stop, ready)
    _allow_files()
    lines_wanted = settings.log_level in {"debug", "info"}
    access = AccessLog(output=settings.log_format) if lines_wanted else None
    try:
        async with assembled(settings, url=url) as house, running(house, follow=True) as background:
            await house.tenants.refresh()
            house.corridor.writer.start(lanes=settings.writers)
            edge = build(house, access=access, more_routes=_named(routes))
            server = _server(edge, settings, port)
            serving = asyncio.create_task(server.serve(), name="http")
            await _accepting(settings.host, port, serving)
            settle_memory()
            ready.set()
            on_ready()
            await _first(stop.wait(), house.alarm.rung.wait(), asyncio.shield(serving))
            return await _end(house, background, edge=edge, server=server, serving=serving)
    except asyncio.CancelledError:
        if ready.is_set() or not stop.is_set():
            raise
        _log.info("stopped before it was ready")
        return 0
    finally:
        if access is not None:
            access.close()


async def _end(
    house: House, background: Background, *, edge: Edge, server: Server, serving: asyncio.Task[None]
) -> int:
    """Accept nothing new, end streams and jobs, answer what was accepted, commit what the writer holds."""
    _log.info("stopping", requests=edge.open)
    deadline = asyncio.get_running_loop().time() + house.settings.shutdown_ms / 1000
    house.wake.close()
    jobs = asyncio.create_task(background.end_jobs(), name="end-jobs")
    server.stop()  # type: ignore[no-untyped-call]
    with suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            await edge.drained()
    try:
        async with asyncio.timeout_at(deadline):
            await asyncio.shield(serving)
    except TimeoutError:
        _log.warning("requests cut off", requests=edge.open)
        serving.cancel()
    # Jobs may hand in commands until they have ended.
    await asyncio.wait([jobs], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
    left_s = deadline - asyncio.get_running_loop().time()
    await house.corridor.writer.close(timeout_s=max(_COMMIT_MIN_S, left_s))
    cause = house.alarm.cause
    if cause is not None:
        _log.critical("a broken invariant stops this process", exc_info=cause)
        return EXIT_BROKEN
    return 0


def _named(routes: str | None) -> Sequence[Any]:
    return pkgutil.resolve_name(routes) if routes else ()


def _server(edge: Edge, settings: Settings, port: int) -> Server:
    return Server(
        edge,
        address=settings.host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000),
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_REQUESTS_MAX,
        log_enabled=False,
    )


def _end_on_signals(stop: asyncio.Event, ready: asyncio.Event) -> None:
    """Set `stop` on a signal; one that comes before `ready` breaks off whatever the start is waiting for."""
    loop = asyncio.get_running_loop()
    starting = asyncio.current_task()
    assert starting is not None

    def end() -> None:
        stop.set()
        if not ready.is_set():
            starting.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


def _allow_files() -> None:
    """Raise the limit of open files as far as this process may: every open stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(_FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _accepting(host: str, port: int, serving: asyncio.Task[None]) -> None:
    """Return when connections are accepted. Raises what ended the server instead."""
    for _ in range(_ACCEPT_TRIES):
        if serving.done():
            await serving
            raise OSError(f"the server on {host}:{port} has ended")
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_ACCEPT_PAUSE_S)
        else:
            writer.close()
            return
    raise OSError(f"nothing accepts connections on {host}:{port}")


async def _first(*awaitables: Any) -> None:  # noqa: ANN401 - coroutines and futures alike
    tasks = [asyncio.ensure_future(one) for one in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
