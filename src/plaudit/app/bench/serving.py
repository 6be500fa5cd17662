"""A server as a child of a benchmark: `python -m plaudit.app.bench.serving plaudit|bare`.

It serves for as long as its starter lives: standard input is a pipe whose other end the starter holds, and
the system closes that with the starter. The address is printed on standard output once it answers.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Final

import click
import uvloop

from plaudit.app import supervisor
from plaudit.app.bench import bare
from plaudit.platform.settings import Settings

ROUTES: Final = "plaudit.app.http.noop:ROUTES"
_HOST: Final = "127.0.0.1"
_TRIES: Final = 500
_PAUSE_S: Final = 0.01


def _follow_starter() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(address: str) -> None:
    print(address, flush=True)  # noqa: T201 -- to the starter, which reads this line


def _announce_when_there(address: str, port: int) -> None:
    for _ in range(_TRIES):
        with suppress(OSError), socket.create_connection((_HOST, port), timeout=1):
            break
        time.sleep(_PAUSE_S)
    _announce(address)


def _serve_bare() -> None:
    with socket.create_server((_HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    waiting = threading.Thread(
        target=_announce_when_there, args=(f"http://{_HOST}:{port}", port), daemon=True
    )
    waiting.start()
    uvloop.run(bare.serve(host=_HOST, port=port))


@click.command()
@click.argument("what", type=click.Choice(["plaudit", "bare"]))
def main(*, what: str) -> None:
    """Serve Plaudit with the route that does nothing, or the framework alone."""
    threading.Thread(target=_follow_starter, name="follow-starter", daemon=True).start()
    if what == "bare":
        _serve_bare()
    else:
        sys.exit(supervisor.run(Settings.from_environment(os.environ), announce=_announce, routes=ROUTES))


if __name__ == "__main__":
    main()
