"""Calls outside: what comes back is handed on, what fails is classed by what may be done next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from plaudit.platform.failures import Final, Retryable, Unknown
from plaudit.platform.outbound import opened

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handle: Handle) -> AsyncIterator[str]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def saying(answer: bytes, *, seen: list[bytes] | None = None) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(answer)
        writer.close()

    return handle


async def test_an_answer_is_handed_on_whatever_its_status() -> None:
    seen: list[bytes] = []
    said = b"HTTP/1.1 409 Conflict\r\nX-Told: Yes\r\nContent-Length: 2\r\n\r\nno"
    async with serving(saying(said, seen=seen)) as url, opened() as outbound:
        answer = await outbound.send(method="POST", url=f"{url}/a?b=c", headers={"X-Asked": "1"}, body=b"")
    assert (answer.status, answer.headers["x-told"], answer.body) == (409, "Yes", b"no")
    assert seen[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"X-Asked: 1" in seen[0]


async def test_redirects_are_not_followed() -> None:
    said = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    async with serving(saying(said)) as url, opened() as outbound:
        assert (await outbound.send(method="GET", url=url)).status == 302


async def test_a_server_that_is_not_there_has_done_nothing() -> None:
    async with opened() as outbound:
        with pytest.raises(Retryable, match="did not reach its server"):
            await outbound.send(method="GET", url="http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
    ids=["none", "cut off", "not HTTP", "not what it says"],
)
async def test_an_answer_that_cannot_be_read_leaves_it_unknown(answer: bytes) -> None:
    async with serving(saying(answer)) as url, opened() as outbound:
        with pytest.raises(Unknown, match="has no answer"):
            await outbound.send(method="POST", url=url)


async def test_an_answer_that_does_not_come_in_time_leaves_it_unknown() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with serving(silent) as url, opened() as outbound:
        with pytest.raises(Unknown):
            await outbound.send(method="GET", url=url, timeout_ms=100)


async def test_an_answer_that_is_too_large_is_final() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with serving(saying(said)) as url, opened() as outbound:
        with pytest.raises(Final, match="larger than 1000 bytes"):
            await outbound.send(method="GET", url=url, answer_max_bytes=1_000)


async def test_what_was_sent_and_is_answered_too_largely_may_have_been_done() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
    async with serving(saying(said)) as url, opened() as outbound:
        with pytest.raises(Unknown, match="larger than 1000 bytes"):
            await outbound.send(method="POST", url=url, answer_max_bytes=1_000)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "127.0.0.1"])
async def test_what_is_no_address_is_final(url: str) -> None:
    async with opened() as outbound:
        with pytest.raises(Final, match="cannot be sent"):
            await outbound.send(method="GET", url=url)
