"""`plaudit serve` and `plaudit worker`."""

import sys

import click

from plaudit.app import supervisor, worker
from plaudit.app.cli.main import Examples, settings_from


@click.command(
    cls=Examples,
    examples=(
        "plaudit serve",
        "plaudit serve --host 0.0.0.0 --port 80 --processes 4",
        "PLAUDIT_DATABASE_URL=postgresql://plaudit@db/plaudit plaudit serve",
    ),
)
@click.option("--host", help="Address to listen on (PLAUDIT_HOST).")
@click.option("--port", type=int, help="Port to listen on, 0 for a free one (PLAUDIT_PORT).")
@click.option("--processes", type=int, help="How many processes answer (PLAUDIT_PROCESSES).")
@click.option("--routes", hidden=True, help="More routes, for benchmarks (package.module:NAME).")
def serve(host: str | None, port: int | None, processes: int | None, routes: str | None) -> int:
    """Serve the API, and follow the journal in the same processes.

    The address is printed once requests are answered. SIGTERM ends it: nothing new is accepted, streams end,
    whatever was accepted is answered.
    """
    settings = settings_from({"PLAUDIT_HOST": host, "PLAUDIT_PORT": port, "PLAUDIT_PROCESSES": processes})
    return supervisor.run(settings, announce=_announce, routes=routes)


def _announce(address: str) -> None:
    click.echo(f"plaudit answers at {address} (description: {address}/docs)")
    sys.stdout.flush()


@click.command("worker", cls=Examples, examples=("plaudit worker",))
def worker_command() -> int:
    """Follow the journal and do scheduled work, without answering requests.

    `plaudit serve` does this as well; workers beside it take a part of it over.
    """
    return worker.run(settings_from({}))
