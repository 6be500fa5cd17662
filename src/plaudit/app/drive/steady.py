"""Requests at a steady rate, whatever the server does: `python -m plaudit.app.drive.steady --help`.

A process of its own, and an open loop: the request of each moment is sent then, and if all connections are
busy it waits for one, which counts. The spec is that of `drive.load`, each body sent once. Printed is one
JSON object, see `Steady`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
import uvloop

from plaudit.app.drive.client import Client, LostError, UnreachableError, request_head, server_of
from plaudit.app.drive.load import Spec, read_spec

_BEAT_S: Final = 0.001
_DONE: Final = range(200, 300)


class Steady(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: for each body in order when its answer was there (Unix time, s), None where it was no.

    `seconds` is from the first request to the last, `late_s` the longest that a request was sent after its
    moment.
    """

    seconds: float
    late_s: float
    answered_at: tuple[float | None, ...]

    @property
    def done(self) -> int:
        """How many were done."""
        return sum(at is not None for at in self.answered_at)

    @property
    def per_s(self) -> float:
        """The rate that was really kept."""
        return self.done / self.seconds if self.seconds else 0.0


async def send(*, url: str, spec: Spec, per_s: float, connections: int) -> Steady:
    """Send every body of a spec at its moment, once. A connection that is lost is an answer that is none."""
    requests = _requests(url=url, spec=spec)
    answered: list[float | None] = [None] * len(requests)
    late_s = 0.0
    async with Client(url=url, connections=connections, headers={}) as client:
        loop = asyncio.get_running_loop()

        async def one(number: int) -> None:
            try:
                answer = await client.attempt(request=requests[number])
            except (LostError, UnreachableError):
                return
            if answer.status in _DONE:
                answered[number] = time.time()

        began, number = loop.time(), 0
        async with asyncio.TaskGroup() as group:
            while number < len(requests):
                now = loop.time() - began
                while number < len(requests) and number / per_s <= now:
                    late_s = max(late_s, now - number / per_s)
                    group.create_task(one(number))
                    number += 1
                await asyncio.sleep(_BEAT_S)
            seconds = loop.time() - began
    return Steady(seconds=seconds, late_s=late_s, answered_at=tuple(answered))


def _requests(*, url: str, spec: Spec) -> list[bytes]:
    """Return the bytes of every request, so that nothing is left to do at its moment."""
    server = server_of(url=url)
    own = spec.own_headers or ({},) * len(spec.bodies)
    found = []
    for number, (given, headers) in enumerate(zip(spec.bodies, own, strict=True)):
        body = msgspec.json.encode(given)
        told = {
            **spec.headers,
            **headers,
            "Idempotency-Key": f"{spec.key_prefix}-{number}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        found.append(
            request_head(server=server, method="POST", path=spec.path, headers=told) + b"\r\n" + body
        )
    return found


def steady_command(*, url: str, spec: Path, per_s: float, connections: int) -> Sequence[str]:
    """Return the command line that sends at a steady rate in a process of its own."""
    options = {
        "--url": url,
        "--spec": str(spec),
        "--per-second": str(per_s),
        "--connections": str(connections),
    }
    return [sys.executable, "-m", __spec__.name, *(word for option in options.items() for word in option)]


@click.command()
@click.option("--url", required=True, help="The server, for example http://127.0.0.1:8080")
@click.option(
    "--spec", required=True, type=click.Path(path_type=Path, exists=True), help="The JSON file of requests."
)
@click.option("--per-second", default=1_000.0, show_default=True, type=click.FloatRange(min=0.1))
@click.option("--connections", default=128, show_default=True, type=click.IntRange(1))
def main(*, url: str, spec: Path, per_second: float, connections: int) -> None:
    """Send requests at a steady rate and print one JSON object."""
    outcome = uvloop.run(send(url=url, spec=read_spec(path=spec), per_s=per_second, connections=connections))
    click.echo(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
