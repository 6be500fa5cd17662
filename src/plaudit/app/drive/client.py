"""A client of the HTTP API that is sure of what became of each request.

Written over asyncio.Protocol and not httpx, because a load generator must not be the bottleneck: on one core
it drives tens of thousands of requests a second, httpx some hundreds.

Every failure is of one class (`failure_of`): *retryable* (503, 429, connection refused: nothing was done,
wait as `Retry-After` says and send again), *unknown* (connection lost or timed out after sending, other 5xx:
send again with the same idempotency key, so that it is done once), *final* (3xx and 4xx: the answer is a no).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from plaudit.app.drive.http1 import Answer, Connection

DEFAULT_TIMEOUT_MS: Final = 30_000
DEFAULT_PATIENCE_MS: Final = 60_000

_FIRST_PAUSE_S: Final = 0.02
_LONGEST_PAUSE_S: Final = 2.0
_LONGEST_RETRY_AFTER_S: Final = 30.0
_SERVER_FAULTS_MAX: Final = 5
_RETRYABLE: Final = frozenset({408, 429, 503})


class Failure(StrEnum):
    """What may be done about a request that was not done."""

    RETRYABLE = "retryable"
    UNKNOWN = "unknown"
    FINAL = "final"


class UnreachableError(Exception):
    """No connection could be made; nothing was sent (retryable)."""

    failure = Failure.RETRYABLE


class LostError(Exception):
    """The request was sent and no whole answer came; it may have been done (unknown)."""

    failure = Failure.UNKNOWN


class UnansweredError(Exception):
    """The client's patience ended before an answer came; sending again later with the same key is safe."""


def failure_of(*, status: int) -> Failure | None:
    """Return the class of an answer's status, None when it was done (2xx)."""
    if 200 <= status < 300:  # noqa: PLR2004 -- the class of statuses that mean done
        return None
    if status in _RETRYABLE:
        return Failure.RETRYABLE
    return Failure.UNKNOWN if status >= 500 else Failure.FINAL  # noqa: PLR2004 -- server faults


def is_replay(*, answer: Answer) -> bool:
    """Whether the server answered from an earlier request with the same idempotency key."""
    return b"\r\nidempotency-replayed: true" in answer.head.lower()


@dataclass(frozen=True, slots=True)
class Server:
    """Where the API stands: `prefix` is the path before `/v1`, without a slash at its end."""

    host: str
    port: int
    prefix: str
    tls: ssl.SSLContext | None

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def server_of(*, url: str) -> Server:
    """Parse `http(s)://host[:port][/prefix]`; ValueError when it is not that."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"not the address of a server: {url!r}; give one like http://127.0.0.1:8080")
    tls = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    return Server(host=parts.hostname, port=port, prefix=parts.path.rstrip("/"), tls=tls)


def request_head(*, server: Server, method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """Return request line and headers, each line ended, without Content-Length and the blank line."""
    lines = [f"{method} {server.prefix}{path} HTTP/1.1", f"Host: {server.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a path or header")
    return "\r\n".join([*lines, ""]).encode("latin-1")


async def connect(*, server: Server, connection: Connection, timeout_ms: int) -> None:
    """Open the connection; UnreachableError when the server cannot be reached in time."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_ms / 1000):
            await loop.create_connection(lambda: connection, server.host, server.port, ssl=server.tls)
    except (OSError, TimeoutError) as fault:
        raise UnreachableError(f"{server.authority}: {str(fault) or 'no connection in time'}") from fault


class _Lane:
    """One place among the connections: opens anew when its connection has ended."""

    __slots__ = ("_connection", "_pending", "_server", "_timeout_ms")

    def __init__(self, *, server: Server, timeout_ms: int) -> None:
        self._server = server
        self._timeout_ms = timeout_ms
        self._connection: Connection | None = None
        self._pending: asyncio.Future[Answer] | None = None

    async def exchange(self, *, request: bytes) -> Answer:
        """Send and await the answer; UnreachableError before, LostError after the request was written."""
        connection = self._connection
        if connection is None or not connection.usable:
            connection = Connection(on_answer=self._answered, on_lost=self._lost)
            await connect(server=self._server, connection=connection, timeout_ms=self._timeout_ms)
            self._connection = connection
        loop = asyncio.get_running_loop()
        pending: asyncio.Future[Answer] = loop.create_future()
        self._pending = pending
        timer = loop.call_later(self._timeout_ms / 1000, self._too_late, connection)
        try:
            connection.send(request=request, now=loop.time())
            return await pending
        finally:
            timer.cancel()
            self._pending = None
            if connection.waiting:
                # The caller was cancelled: an answer to nobody must not meet the next request.
                connection.close()
                self._connection = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _answered(self, _connection: Connection, answer: Answer) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(answer)

    def _lost(self, _connection: Connection, why: str) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(LostError(why))

    def _too_late(self, connection: Connection) -> None:
        connection.abort(why=f"no answer within {self._timeout_ms} ms")


class Client:
    """N keep-alive connections to one server; safe to use from many tasks of one event loop.

    `headers` go with every request. `timeout_ms` bounds one attempt, `patience_ms` one `send` with its
    repeats.
    """

    def __init__(
        self,
        *,
        url: str,
        connections: int,
        headers: Mapping[str, str],
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
        patience_ms: int = DEFAULT_PATIENCE_MS,
    ) -> None:
        """Connect nothing yet; ValueError when the url is not a server's address."""
        self._server = server_of(url=url)
        self._headers = dict(headers)
        self._patience_ms = patience_ms
        self._lanes = [_Lane(server=self._server, timeout_ms=timeout_ms) for _ in range(connections)]
        self._idle = list(self._lanes)
        self._free = asyncio.Semaphore(connections)
        self.connections = connections
        self.resent = 0

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        for lane in self._lanes:
            lane.close()

    async def send(
        self, *, method: str, path: str, body: bytes | None = None, key: str | None = None
    ) -> Answer:
        """Send until there is an answer that is done (2xx) or final; the same bytes and key each time.

        A server fault (5xx but 503) is returned after five of them. UnansweredError when patience ends.
        """
        request = self._request(method=method, path=path, body=body, key=key)
        loop = asyncio.get_running_loop()
        patience_end = loop.time() + self._patience_ms / 1000
        pause_s, faults = _FIRST_PAUSE_S, 0
        while True:
            answer: Answer | None = None
            wait_s = pause_s
            try:
                answer = await self.attempt(request=request)
            except (UnreachableError, LostError) as failure:
                why = f"{failure.failure}: {failure}"
            else:
                verdict = failure_of(status=answer.status)
                faults += verdict is Failure.UNKNOWN
                if verdict is None or verdict is Failure.FINAL or faults >= _SERVER_FAULTS_MAX:
                    return answer
                why = f"{verdict}: status {answer.status}"
                wait_s = _retry_after_s(answer=answer, otherwise_s=pause_s)
            if loop.time() + wait_s > patience_end:
                raise UnansweredError(f"{method} {path} had no answer in {self._patience_ms} ms ({why})")
            self.resent += 1
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def attempt(self, *, request: bytes) -> Answer:
        """Send whole request bytes once over a free connection; UnreachableError, LostError."""
        async with self._free:
            lane = self._idle.pop()
            try:
                return await lane.exchange(request=request)
            finally:
                self._idle.append(lane)

    def _request(self, *, method: str, path: str, body: bytes | None, key: str | None) -> bytes:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        head = request_head(server=self._server, method=method, path=path, headers=headers)
        if body is None:
            return head + b"\r\n"
        return b"%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def _retry_after_s(*, answer: Answer, otherwise_s: float) -> float:
    """Seconds the server asks to wait (RFC 9110 section 10.2.3, the seconds form), within reason."""
    text = answer.header(name="retry-after")
    if text is None or not text.isdecimal():
        return otherwise_s
    return min(max(float(text), otherwise_s), _LONGEST_RETRY_AFTER_S)
