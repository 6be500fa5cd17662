"""Calls to the world outside: one HTTP client a process, every failure classed by what may be done next.

Redirects are not followed and proxies of the environment not used: what leaves goes where a merchant
account says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final as Constant

import httpx

from plaudit.platform.failures import Final, Retryable, Unknown

__all__ = ["Answer", "Outbound", "opened"]

_CONNECTIONS_MAX: Constant = 64
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
        cut off, larger than `answer_max_bytes`), Final when it cannot be sent, or is a GET whose answer is
        larger than that.
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
async def opened() -> AsyncIterator[Outbound]:
    """Open a client for the time of the block."""
    limits = httpx.Limits(max_connections=_CONNECTIONS_MAX, max_keepalive_connections=_CONNECTIONS_MAX)
    async with httpx.AsyncClient(limits=limits, follow_redirects=False, trust_env=False) as client:
        yield Outbound(client)
