"""HTTP/1.1 from the client's side: answers parsed, one request at a time on a connection.

Source of the protocol: RFC 9112 (message framing: sections 6 and 7). Not spoken: HEAD, pipelining, upgrades.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

MAX_HEAD_BYTES: Final = 64 * 1024
MAX_BODY_BYTES: Final = 64 * 1024 * 1024

_HEAD_END: Final = b"\r\n\r\n"
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: |$)")
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([^\r\n]*)")
_CODING: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*([^\r\n]*)")
_CONNECTION: Final = re.compile(rb"\r\nconnection:[ \t]*([^\r\n]*)")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_LINE_MAX_BYTES: Final = 4096


class MalformedAnswerError(Exception):
    """What came is not an HTTP/1.1 answer; the connection it came on is of no more use."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer: `head` is the status line and headers as received, without the blank line."""

    status: int
    head: bytes
    body: bytes
    keep_alive: bool

    def header(self, *, name: str) -> str | None:
        """Return the first value of the header, or None; names are compared without regard to case."""
        wanted = name.lower().encode("ascii")
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.lower() == wanted:
                return value.strip().decode("latin-1")
        return None


class AnswerParser:
    """Takes bytes as they come and gives each answer once it is whole; holds no socket."""

    __slots__ = ("_body", "_buffer", "_chunked", "_head", "_keep_alive", "_length", "_status", "_trailers")

    def __init__(self) -> None:
        """Start before the first byte of an answer."""
        self._buffer = bytearray()
        self._reset()

    def _reset(self) -> None:
        self._head: bytes | None = None
        self._status = 0
        self._length: int | None = None
        self._chunked = False
        self._trailers = False
        self._keep_alive = True
        self._body = bytearray()

    def feed(self, data: bytes) -> Answer | None:
        """Return the answer that `data` completes, or None; MalformedAnswerError when it cannot be one."""
        self._buffer += data
        while self._head is None:
            if not self._read_head():
                return None
        if self._chunked:
            return self._read_chunks()
        if self._length is None:
            self._check_size(size_bytes=len(self._buffer))
            return None
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return self._finish(body=body)

    def end(self) -> Answer | None:
        """Return the answer that the end of the connection completes, or None when it cuts one off."""
        if self._head is None or self._chunked or self._length is not None:
            return None
        self._keep_alive = False
        body = bytes(self._buffer)
        self._buffer.clear()
        return self._finish(body=body)

    def _read_head(self) -> bool:
        """Move one head out of the buffer, False when it is not whole yet; interim answers are skipped."""
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise MalformedAnswerError(f"a head of more than {MAX_HEAD_BYTES} bytes")
            return False
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        line = _STATUS_LINE.match(head)
        if line is None:
            raise MalformedAnswerError(f"not a status line: {head[:60]!r}")
        status = int(line[2])
        if status == 101:  # noqa: PLR2004 -- the number is the name of the status
            raise MalformedAnswerError("an upgrade nobody asked for")
        if status >= 200:  # noqa: PLR2004 -- below are interim answers
            self._head, self._status = head, status
            self._read_framing(head=head.lower(), minor=line[1])
        return True

    def _read_framing(self, *, head: bytes, minor: bytes) -> None:
        connection = _CONNECTION.search(head)
        options = connection[1] if connection else b""
        self._keep_alive = b"close" not in options if minor == b"1" else b"keep-alive" in options
        if self._status in {204, 304}:
            self._length = 0
            return
        coding = _CODING.search(head)
        if coding is not None:
            if coding[1].strip() != b"chunked":
                raise MalformedAnswerError(f"transfer coding {coding[1]!r} was not asked for")
            self._chunked = True
            return
        lengths = {length.strip() for length in _LENGTH.findall(head)}
        if not lengths:
            return
        only = lengths.pop()
        if lengths or not only.isdigit():
            raise MalformedAnswerError("a content-length that is no number, or two that differ")
        self._length = int(only)
        self._check_size(size_bytes=self._length)

    def _read_chunks(self) -> Answer | None:
        while True:
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                if len(self._buffer) > _LINE_MAX_BYTES:
                    raise MalformedAnswerError("a chunk line without an end")
                return None
            if self._trailers:
                del self._buffer[: line_end + 2]
                if line_end == 0:
                    return self._finish(body=bytes(self._body))
                continue
            size = _CHUNK_SIZE.fullmatch(bytes(self._buffer[:line_end]))
            if size is None:
                raise MalformedAnswerError("a chunk without its size")
            length = int(size[1], 16)
            self._check_size(size_bytes=len(self._body) + length)
            start, end = line_end + 2, line_end + 2 + length
            if length == 0:
                del self._buffer[:start]
                self._trailers = True
                continue
            if len(self._buffer) < end + 2:
                return None
            if self._buffer[end : end + 2] != b"\r\n":
                raise MalformedAnswerError("a chunk longer than its size")
            self._body += self._buffer[start:end]
            del self._buffer[: end + 2]

    @staticmethod
    def _check_size(*, size_bytes: int) -> None:
        if size_bytes > MAX_BODY_BYTES:
            raise MalformedAnswerError(f"a body of more than {MAX_BODY_BYTES} bytes")

    def _finish(self, *, body: bytes) -> Answer:
        if self._buffer:
            raise MalformedAnswerError("bytes after the answer, though one request was sent")
        if self._head is None:
            raise AssertionError("an answer without a head")
        answer = Answer(status=self._status, head=self._head, body=body, keep_alive=self._keep_alive)
        self._reset()
        return answer


class Connection(asyncio.Protocol):
    """One connection with at most one request under way; answers and losses are called back.

    `on_answer(connection, answer)`: the answer of the request last sent. `on_lost(connection, why)`: the
    connection ended while an answer was awaited, so what became of the request is unknown.
    """

    __slots__ = ("_on_answer", "_on_lost", "_parser", "_transport", "sent_at", "usable", "waiting")

    def __init__(
        self,
        *,
        on_answer: Callable[[Connection, Answer], None],
        on_lost: Callable[[Connection, str], None],
    ) -> None:
        """Keep the two callbacks; the event loop connects."""
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._parser = AnswerParser()
        self._transport: asyncio.WriteTransport | None = None
        self.usable = False
        self.waiting = False
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport from the event loop."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are so without inheriting it
        self.usable = True

    def send(self, *, request: bytes, now: float) -> None:
        """Write a whole request; `now` (seconds, any clock) is kept as `sent_at`."""
        if self.waiting or not self.usable or self._transport is None:
            raise AssertionError("one request at a time, on an open connection")
        self.waiting = True
        self.sent_at = now
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Parse what came; call back once the answer is whole."""
        if not self.waiting:
            self.abort(why="bytes without a request")
            return
        try:
            answer = self._parser.feed(data)
        except MalformedAnswerError as fault:
            self.abort(why=str(fault))
            return
        if answer is not None:
            self._deliver(answer=answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Deliver an answer that ends with the connection, or call the loss back."""
        self.usable = False
        if not self.waiting:
            return
        answer = self._parser.end() if exc is None else None
        if answer is not None:
            self._deliver(answer=answer)
            return
        self.abort(why=f"the connection ended before the answer ({exc or 'closed by the server'})")

    def abort(self, *, why: str) -> None:
        """Close at once; an awaited answer is called back as lost."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()
        if self.waiting:
            self.waiting = False
            self._on_lost(self, why)

    def close(self) -> None:
        """Close without calling back."""
        self.waiting = False
        self.usable = False
        if self._transport is not None:
            self._transport.close()

    def _deliver(self, *, answer: Answer) -> None:
        self.waiting = False
        if not answer.keep_alive and self._transport is not None:
            self.usable = False
            self._transport.close()
        self._on_answer(self, answer)
