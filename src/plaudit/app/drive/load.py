"""The load generator of `bench tips`, a process of its own: `python -m plaudit.app.drive.load --help`.

Every connection sends its next request as soon as it has the answer to its last (a closed loop), each under
a key of its own. The spec is a JSON file, see `Spec`; `bodies` are used in turn. Printed is one JSON object,
see `Outcome`. A lost or unreachable connection counts as an error and is opened anew; nothing is sent again,
since here the server's answers are counted, not payments made.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Literal

import click
import msgspec
import uvloop

from plaudit.app.drive.client import Server, UnreachableError, connect, request_head, server_of
from plaudit.app.drive.http1 import Answer, Connection
from plaudit.app.drive.report import Latency, latency_of
from plaudit.kernel.time import format_time

Generator = Literal["plaudit", "wrk"]

_ANSWER_WAIT_S: Final = 30.0
_CONNECT_TIMEOUT_MS: Final = 10_000
_REOPEN_PAUSE_S: Final = 0.1
_DONE_BELOW: Final = 300
_REFUSED: Final = frozenset({400, 401, 403, 404, 409, 422})


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: one POST to `path` a body, with `headers` and a key beginning with `key_prefix`.

    `own_headers` are added to the request of the body in the same place. With `once` no body is sent twice:
    the run ends early when all have been.
    """

    path: str
    bodies: tuple[Any, ...]
    headers: Mapping[str, str] = {}
    own_headers: tuple[Mapping[str, str], ...] = ()
    key_prefix: str = "load"
    once: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Counted are the answers within `seconds` after the warm-up.

    `refused` are answers 4xx by which the server said no, `errors` all else that is not done: lost
    connections, 429, 5xx (with wrk, which tells no statuses apart, only lost connections and timeouts; the
    rest is in `refused`). `ended_at` is when the very last answer came, RFC 3339.
    """

    target: str
    requests: int
    done: int
    refused: int
    errors: int
    seconds: float
    rps: float
    latency_ms: Latency
    connections: int
    generator: Generator
    ended_at: str


def read_spec(*, path: Path) -> Spec:
    """Read a spec file. Raises msgspec.MsgspecError or ValueError when it is not one."""
    spec = msgspec.json.decode(path.read_bytes(), type=Spec)
    if not spec.bodies:
        raise ValueError("a spec needs at least one body")
    if len(spec.own_headers) not in {0, len(spec.bodies)}:
        raise ValueError("a spec needs headers of its own for every body or for none")
    return spec


class _Load:
    """All connections of one run, driven by their answers; no task or future a request."""

    def __init__(self, *, server: Server, spec: Spec) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        head = request_head(server=server, method="POST", path=spec.path, headers=spec.headers)
        self._head = head + b"Idempotency-Key: " + spec.key_prefix.encode("ascii") + b"-"
        own = spec.own_headers or ({},) * len(spec.bodies)
        self._tails = [
            _tail(body=msgspec.json.encode(body), headers=headers)
            for body, headers in zip(spec.bodies, own, strict=True)
        ]
        self._most = len(self._tails) if spec.once else None
        self._number = 0
        self._under_way = 0
        self._opening: set[asyncio.Task[None]] = set()
        self._sending = True
        self.counting = False
        self.latencies = array("d")
        self.done = self.refused = self.errors = 0
        self.idle = asyncio.Event()
        self.last_answer_at: datetime | None = None

    async def open(self) -> None:
        """Open one more connection and send its first request; UnreachableError."""
        connection = Connection(on_answer=self._answered, on_lost=self._lost)
        await connect(server=self._server, connection=connection, timeout_ms=_CONNECT_TIMEOUT_MS)
        if self._sending:
            self._under_way += 1
            self._send(connection)
        else:
            connection.close()

    def stop(self) -> None:
        """Send no more; `idle` is set once the last answer is in."""
        self._sending = False
        if self._under_way == 0:
            self.idle.set()

    async def close(self) -> None:
        """End what still opens connections."""
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _send(self, connection: Connection) -> None:
        number = self._number
        self._number = number + 1
        request = b"%s%d%s" % (self._head, number, self._tails[number % len(self._tails)])
        connection.send(request=request, now=perf_counter())

    def _answered(self, connection: Connection, answer: Answer) -> None:
        if self.counting:
            self.latencies.append(perf_counter() - connection.sent_at)
            if answer.status < _DONE_BELOW:
                self.done += 1
            elif answer.status in _REFUSED:
                self.refused += 1
            else:
                self.errors += 1
        if self._number == self._most:
            self._sending = False
        if not self._sending:
            self._ended(connection)
        elif connection.usable:
            self._send(connection)
        else:
            self._reopen()

    def _lost(self, connection: Connection, _why: str) -> None:
        if self.counting:
            self.errors += 1
        if self._sending:
            self._reopen()
        else:
            self._ended(connection)

    def _ended(self, connection: Connection) -> None:
        connection.close()
        self._under_way -= 1
        if self._under_way == 0:
            self.last_answer_at = datetime.now(UTC)
            self.idle.set()

    def _reopen(self) -> None:
        self._under_way -= 1
        task = self._loop.create_task(self._open_patiently())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open_patiently(self) -> None:
        while self._sending:
            try:
                await self.open()
            except UnreachableError:
                self.errors += self.counting
                await asyncio.sleep(_REOPEN_PAUSE_S)
            else:
                return


def _tail(*, body: bytes, headers: Mapping[str, str]) -> bytes:
    own = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
    return b"\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" % (own, len(body), body)


async def run_load(
    *, url: str, spec: Spec, connections: int, seconds: float, warmup_s: float = 0.0, target: str = "tips"
) -> Outcome:
    """Load the server for `warmup_s` uncounted, then `seconds` counted seconds; UnreachableError."""
    load = _Load(server=server_of(url=url), spec=spec)
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(load.open() for _ in range(connections)))
    await asyncio.sleep(warmup_s)
    load.counting = True
    started = loop.time()
    await asyncio.sleep(seconds)
    load.counting = False
    counted_s = loop.time() - started
    load.stop()
    try:
        async with asyncio.timeout(_ANSWER_WAIT_S):
            await load.idle.wait()
    except TimeoutError:
        load.errors += 1
    await load.close()
    requests = len(load.latencies)
    return Outcome(
        target=target,
        requests=requests,
        done=load.done,
        refused=load.refused,
        errors=load.errors,
        seconds=round(counted_s, 3),
        rps=round(requests / counted_s, 1),
        latency_ms=latency_of(seconds=load.latencies),
        connections=connections,
        generator="plaudit",
        ended_at=format_time(load.last_answer_at or datetime.now(UTC)),
    )


def generator_here() -> Generator:
    """Which generator `bench` should use on this machine: wrk where it is on the PATH, else our own."""
    return "wrk" if shutil.which("wrk") else "plaudit"


def load_command(
    *, url: str, spec: Path, connections: int, seconds: float, warmup_s: float, target: str
) -> Sequence[str]:
    """Return the command line that runs our own generator in a process of its own and prints its Outcome."""
    options = {
        "--url": url,
        "--spec": str(spec),
        "--connections": str(connections),
        "--seconds": str(seconds),
        "--warmup": str(warmup_s),
        "--target": target,
    }
    return [sys.executable, "-m", __spec__.name, *(word for option in options.items() for word in option)]


@click.command()
@click.option("--url", required=True, help="The server, for example http://127.0.0.1:8080")
@click.option(
    "--spec", required=True, type=click.Path(path_type=Path, exists=True), help="The JSON file of requests."
)
@click.option("--connections", default=128, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=10.0, show_default=True, help="How long answers are counted.")
@click.option("--warmup", default=0.0, show_default=True, help="Seconds before that, not counted.")
@click.option(
    "--target",
    default="tips",
    show_default=True,
    type=click.Choice(["tips", "noop", "bare", "callbacks", "orders", "track", "access"]),
)
def main(*, url: str, spec: Path, connections: int, seconds: float, warmup: float, target: str) -> None:
    """Load one route of a server and print one JSON object."""
    outcome = uvloop.run(
        run_load(
            url=url,
            spec=read_spec(path=spec),
            connections=connections,
            seconds=seconds,
            warmup_s=warmup,
            target=target,
        )
    )
    click.echo(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
