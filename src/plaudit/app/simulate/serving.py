"""A simulator as a process: granian around it, until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from plaudit.app.simulate import alipay, wechat
from plaudit.app.simulate.control import Control
from plaudit.app.simulate.house import House, Make
from plaudit.app.simulate.wire import Application, Reply, Request

ChannelName: TypeAlias = Literal["wechat", "alipay"]

MAKES: Final[dict[str, Make]] = {"wechat": wechat.MAKE, "alipay": alipay.MAKE}

_ACCEPT_TRIES: Final = 500
_ACCEPT_PAUSE_S: Final = 0.01
_END_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run: `port` 0 takes a free one, `state` is the file to go on from."""

    channel: ChannelName
    host: str = "127.0.0.1"
    port: int = 0
    concurrency: int = 64
    state: Path | None = None
    clock_file: Path | None = None


async def serve(options: Options, *, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` is told the address. Raises OSError, ValueError."""
    port = _port(options)
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"http://{host}:{port}"
    house = House(
        MAKES[options.channel],
        address=address,
        concurrency=options.concurrency,
        state=options.state,
        clock_file=options.clock_file,
    )
    control = Control(house)

    async def answer(request: Request) -> Reply:
        if request.path.startswith("/control/"):
            return await control.serve(request)
        return await house.serve(request)

    server = Server(
        Application(answer),
        address=options.host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await house.start()
    serving = asyncio.create_task(server.serve())
    try:
        await _accepting(options.host, port, serving)
        on_ready(address)
        await stop.wait()
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await serving
        await house.close()


def _port(options: Options) -> int:
    """Return a port that can be had. Raises OSError."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((options.host, options.port))
        return int(probe.getsockname()[1])


async def _accepting(host: str, port: int, serving: asyncio.Task[None]) -> None:
    for _ in range(_ACCEPT_TRIES):
        if serving.done():
            await serving
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_ACCEPT_PAUSE_S)
        else:
            writer.close()
            return
    raise OSError(f"nothing accepts connections on {host}:{port}")
