"""A server in the test's own process that leaves no connection behind, whenever its test ends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

__all__ = ["Handle", "closed", "listening"]

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_TURNS: Final = 4
"""A connection that was accepted has its transport one turn of the loop later, and is told of in the next."""


async def closed(server: asyncio.Server) -> None:
    """Close a server after everybody was let in who had been accepted.

    A server that closes in between breaks an assertion of asyncio's, which nobody sees, and the socket is
    left to the garbage: some later test would be blamed for it.
    """
    loop = asyncio.get_running_loop()
    for door in server.sockets:
        loop.remove_reader(door.fileno())
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    server.close()


@asynccontextmanager
async def listening(
    handle: Handle, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on loopback for the time of the block; gives the port."""
    connections: dict[asyncio.Future[None], asyncio.StreamWriter] = {}

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[asyncio.ensure_future(handle(reader, writer))] = writer

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await closed(server)
        # A client may keep its connection open, and a task that never began has no end of its own.
        for connection, writer in connections.items():
            connection.cancel()
            writer.close()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.gather(*(one.wait_closed() for one in connections.values()), return_exceptions=True)
