"""HTTP as the simulators need it: the raw request, an answer, and an ASGI application between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, TypeAlias

import msgspec

JSON: Final = "application/json"
_CUT_BYTES: Final = 1_000_000
_BODY_MAX_BYTES: Final = 16 * 1024 * 1024

_Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
_Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came: `target` is path and query as they were sent, header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def local(self) -> bool:
        """Whether it came from this machine."""
        try:
            return ip_address(self.client).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. `cut`: end the connection in the middle of it instead."""

    status: int = 200
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


Handler: TypeAlias = Callable[[Request], Awaitable[Reply]]


def as_json(content: object, *, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status=status, body=msgspec.json.encode(content))


class Application:
    """The ASGI application that hands whole requests to a handler."""

    def __init__(self, handler: Handler) -> None:
        """Take the handler."""
        self._handler = handler

    async def __call__(self, scope: dict[str, Any], receive: _Receive, send: _Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] != "http":
            return
        reply = await self._handler(_request(scope, await _body(receive)))
        length = len(reply.body) + (_CUT_BYTES if reply.cut else 0)
        headers = [(b"content-length", b"%d" % length)]
        if reply.body or reply.cut:
            headers.append((b"content-type", reply.media_type.encode()))
        headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        # Fewer bytes than were promised: the server can only end the connection.
        await send({"type": "http.response.body", "body": reply.body, "more_body": reply.cut})
        if reply.cut:
            await asyncio.sleep(0)


def _request(scope: dict[str, Any], body: bytes) -> Request:
    raw = scope.get("raw_path")
    client = scope.get("client") or ("", 0)
    return Request(
        method=scope["method"],
        path=raw.decode("latin-1") if raw else scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
        client=str(client[0]),
    )


async def _body(receive: _Receive) -> bytes:
    received = bytearray()
    while True:
        message = await receive()
        received += message.get("body", b"")
        if not message.get("more_body", False) or len(received) > _BODY_MAX_BYTES:
            return bytes(received)
