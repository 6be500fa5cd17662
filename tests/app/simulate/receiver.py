"""A merchant's side of callbacks: keeps what came, answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.kit.listener import listening

__all__ = ["Received", "Receiver", "receiver"]


@dataclass(frozen=True, slots=True)
class Received:
    """A callback as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


def taken(_received: Received) -> tuple[int, bytes]:
    """Answer that all is well, to either channel."""
    return 200, b"success"


@dataclass(slots=True)
class Receiver:
    """Where callbacks go: `answer` says with what status and body each is answered."""

    url: str = ""
    answer: Callable[[Received], tuple[int, bytes]] = taken
    callbacks: list[Received] = field(default_factory=list)
    open: int = 0
    open_most: int = 0
    delay_s: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                length = next(
                    int(value) for name, value in headers.items() if name.lower() == "content-length"
                )
                received = Received(head[0].split()[1], headers, await reader.readexactly(length))
                self.callbacks.append(received)
                self.open += 1
                self.open_most = max(self.open_most, self.open)
                await asyncio.sleep(self.delay_s)
                self.open -= 1
                status, body = self.answer(received)
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Listen for the time of the block."""
    merchant = Receiver()
    async with listening(merchant.serve) as port:
        merchant.url = f"http://127.0.0.1:{port}"
        yield merchant
