"""Calls to the world outside: one HTTP client a process, every failure classed by what may be done next.

Redirects are not followed and proxies of the environment not used: what leaves goes where a merchant
account says. But not into the operator's own network: each connection is made to an address that was looked
at after its name was resolved (`platform/inside.py`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Final as Constant

import httpcore
import httpx

from plaudit.platform.failures import Final, Retryable, Unknown
from plaudit.platform.inside import Inside, addresses_of

__all__ = ["Answer", "Outbound", "opened"]

_CONNECTIONS_MAX: Constant = 64
_IDLE_S: Constant = 5.0
_NEXT_AFTER_S: Constant = 2.0
_PORTS: Constant = {"http": 80, "https": 443}
_ANSWER_MAX_BYTES: Constant = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, headers with lower-case names, the body as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Sends requests. It never tries twice: whoever asks knows whether that would do harm."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Send through a client."""
        self._client = client

    async def send(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_ms: int = 10_000,
        answer_max_bytes: int = _ANSWER_MAX_BYTES,
    ) -> Answer:
        """Return the answer, whatever its status.

        Raises Retryable when the request did not get there, Unknown when it may have (no answer in time,
        cut off, larger than `answer_max_bytes`), Final when it cannot be sent (Barred: to an address inside
        the operator's network), or is a GET whose answer is larger than that.
        """
        try:
            async with self._client.stream(
                method, url, headers=dict(headers or {}), content=body, timeout=timeout_ms / 1000
            ) as response:
                received = bytearray()
                async for piece in response.aiter_bytes():
                    received += piece
                    if len(received) > answer_max_bytes:
                        message = f"the answer of {response.url.host} is larger than {answer_max_bytes} bytes"
                        # What only reads may be given up; anything else has been done by now.
                        raise Final(message) if method == "GET" else Unknown(message)
                return Answer(response.status_code, dict(response.headers), bytes(received))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            message = f"{method} did not reach its server: {error!r}"
            raise Retryable(message) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            message = f"{method} cannot be sent: {error!r}"
            raise Final(message) from error
        except httpx.RequestError as error:
            message = f"{method} has no answer: {error!r}"
            raise Unknown(message) from error


@asynccontextmanager
async def opened(*, inside: Inside, own_url: str, trust: str | None = None) -> AsyncIterator[Outbound]:
    """Open a client for the time of the block.

    `inside` is what of the operator's network may be called. So may `own_url`, this server's address for the
    world, to which the sandbox sends its callbacks: anybody can call it. `trust` are roots (PEM) to believe
    beside those of the public internet.
    """
    own = httpx.URL(own_url)
    guard = _Guard(inside=inside, own=(own.host, own.port or _PORTS[own.scheme]))
    trusted = httpx.create_ssl_context(trust_env=False)
    if trust is not None:
        trusted.load_verify_locations(cadata=trust)
    async with httpx.AsyncClient(
        transport=_Transport(guard, trusted=trusted), follow_redirects=False, trust_env=False
    ) as client:
        yield Outbound(client)


class _Transport(httpx.AsyncBaseTransport):
    """What carries the client's requests: a pool of connections that a guard makes.

    The client's usual transport lets nobody choose who makes its connections.
    """

    def __init__(self, guard: _Guard, *, trusted: ssl.SSLContext) -> None:
        self._connections = httpcore.AsyncConnectionPool(
            ssl_context=trusted,
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=_CONNECTIONS_MAX,
            keepalive_expiry=_IDLE_S,
            network_backend=guard,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request; the answer's body is read as the client asks for it."""
        assert isinstance(request.stream, httpx.AsyncByteStream), request
        url = request.url
        with _told_as_clients():
            carried = await self._connections.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        assert isinstance(carried.stream, AsyncIterable), carried
        return httpx.Response(
            status_code=carried.status,
            headers=carried.headers,
            stream=_Carried(carried),
            extensions=carried.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()


class _Carried(httpx.AsyncByteStream):
    """The body of an answer, as it arrives."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_as_clients():
            async for piece in self._response.aiter_stream():
                yield piece

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _told_as_clients() -> Iterator[None]:
    """Raise what the pool raises as the errors of the client: each by its own name, the rest by its kind."""
    try:
        yield
    except tuple(_ERRORS) as error:
        known = next(kind for kind in type(error).__mro__ if kind in _ERRORS)
        raise _ERRORS[known](str(error)) from error


_ERRORS: Constant[Mapping[type[BaseException], type[httpx.TransportError]]] = {
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.ProtocolError: httpx.ProtocolError,
    httpcore.TimeoutException: httpx.TimeoutException,
    httpcore.NetworkError: httpx.NetworkError,
}


class _Guard(httpcore.AnyIOBackend):
    """Makes connections, but for those into the operator's network."""

    def __init__(self, *, inside: Inside, own: tuple[str, int]) -> None:
        self._inside = inside
        self._own = own

    async def connect_tcp(  # noqa: PLR0917 - the signature is httpcore's
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host at one of its addresses, all of which must be outside or admitted."""
        if (host, port) == self._own or self._inside.admits_name(host):
            return await super().connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
                return await self._first(addresses, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            return await addresses_of(host, port=port, inside=self._inside)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def _first(
        self,
        addresses: Sequence[str],
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; one that is silent does not cost all the time."""
        for address in addresses[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await super().connect_tcp(address, port, _NEXT_AFTER_S, local_address, socket_options)
        return await super().connect_tcp(addresses[-1], port, None, local_address, socket_options)
