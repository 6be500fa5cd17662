"""`plaudit demo`: everything at once, embedded: a generated show, what came of it, and a server to try."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter
from types import FrameType
from typing import Final, NoReturn

import click
import uvloop
from rich.console import Console

from plaudit.app.cli.books import verdict_on
from plaudit.app.cli.demo_view import Shown, ToppedUp, print_addresses, print_show
from plaudit.app.cli.main import Examples
from plaudit.app.cli.own_server import ANY_PORT, HOST, OwnServer, OwnServerError, own_server, settings_here
from plaudit.app.cli.progress import Steps
from plaudit.app.drive.client import Client
from plaudit.app.drive.replay import replay
from plaudit.app.drive.report import Verdict
from plaudit.app.drive.rows import Row
from plaudit.app.drive.show import DEFAULT_PAYMENTS, MINUTES, generate_show
from plaudit.app.drive.stage import top_of
from plaudit.app.drive.topups import needs_of, top_up
from plaudit.app.drive.tour import open_stage, statement
from plaudit.platform.clock import clock_of

TENANT: Final = "demo"
CREATORS: Final = ("aurora", "borealis", "comet")

_CURRENCY: Final = "USD"
_LINES: Final = 10
_CONNECTIONS: Final = 64
_PAYMENTS_MAX: Final = 200_000
_SEED_MAX: Final = 2**32 - 1
_BEFORE_NOW: Final = timedelta(minutes=MINUTES + 1)
_POLL_S: Final = 0.5
_CUT_OFF: Final = 130


@click.command(cls=Examples, examples=("plaudit demo", "plaudit demo --seed 7 --payments 20000 --port 8080"))
@click.option(
    "--seed",
    type=click.IntRange(0, _SEED_MAX),
    default=1,
    show_default=True,
    help="Another seed, another show.",
)
@click.option(
    "--payments",
    type=click.IntRange(1, _PAYMENTS_MAX),
    default=DEFAULT_PAYMENTS,
    show_default=True,
    help="Payments in the two hours.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Port of the server; PLAUDIT_PORT where it is free, else any free one, when not given.",
)
def demo(*, seed: int, payments: int, port: int | None) -> int:
    """Start everything embedded, play a two-hour show, and stay up to be tried until Ctrl-C.

    The data lies in PLAUDIT_DATA_DIR, .plaudit/demo when that is not set; each run adds a show of its own.
    Without a terminal, or with PLAUDIT_DEMO_EXIT set, it ends once everything is shown.

    Exit code: 0 all paid and the books in order; 1 not; 2 it could not be started.
    """
    settings = settings_here(environ=os.environ)
    if not os.environ.get("PLAUDIT_DATA_DIR"):
        settings = replace(settings, data_dir=settings.data_dir / "demo")
    if port is not None and not _is_free(port):
        raise OwnServerError(f"Port {port} is taken; choose another with --port, or leave it out.")
    chosen = port or (settings.port if _is_free(settings.port) else ANY_PORT)
    steps, console = Steps(), Console(highlight=False)
    stays = sys.stdout.isatty() and not os.environ.get("PLAUDIT_DEMO_EXIT")
    try:
        with (
            _interrupted_by_sigterm(),
            own_server(settings=settings, tenant=TENANT, port=chosen, steps=steps) as own,
        ):
            now = clock_of(settings.clock_file).now()
            shown = uvloop.run(_play(own, steps, seed=seed, payments=payments, now=now))
            print_show(console=console, shown=shown)
            print_addresses(
                console=console, own=own, show=shown.show, data_dir=settings.data_dir, stays=stays
            )
            if stays:
                _stay(own)
    except KeyboardInterrupt:
        return _CUT_OFF
    return shown.report.exit_code


async def _play(own: OwnServer, steps: Steps, *, seed: int, payments: int, now: datetime) -> Shown:
    """Play a show that has just ended, as fast as the server answers, and ask what came of it."""
    starts_at = (now - _BEFORE_NOW).replace(microsecond=0)
    show = f"show-{starts_at:%Y%m%d-%H%M%S}"

    async def doctor() -> Verdict:
        return await verdict_on(database_url=own.database_url, tenant_ids=[own.tenant_id], steps=steps)

    headers = {"Authorization": f"Bearer {own.key}"}
    async with Client(url=own.url, connections=1, headers=headers) as client:
        await open_stage(client=client, creators=CREATORS)
        rows = _rows(show=show, seed=seed, payments=payments, starts_at=starts_at)
        topped = await _top_up(own, steps, show=show, rows=rows)
        steps.tell(f"A two-hour show of {payments:,} payments, played fast")
        report = await replay(
            source=rows,
            url=own.url,
            key=own.key,
            connections=_CONNECTIONS,
            progress=True,
            prepaid=True,
            doctor=doctor,
        )
        creators = await top_of(client=client, by="creator", currency=_CURRENCY, show=show)
        top = creators[0].id if creators else CREATORS[0]
        return Shown(
            show=show,
            seed=seed,
            currency=_CURRENCY,
            topped=topped,
            report=report,
            payers=await top_of(client=client, by="viewer", currency=_CURRENCY, show=show),
            creators=creators,
            creator=top,
            statement=await statement(client=client, creator=top, currency=_CURRENCY, lines=_LINES),
        )


async def _top_up(own: OwnServer, steps: Steps, *, show: str, rows: Sequence[Row]) -> ToppedUp:
    """Let every viewer of the show pay for a pack at the sandbox."""
    needs = needs_of(rows=rows)
    headers = {"Authorization": f"Bearer {own.key}"}
    began = perf_counter()
    async with Client(url=own.url, connections=_CONNECTIONS, headers=headers) as client:
        with steps.step(f"{len(needs):,} viewers top up through the sandbox channel") as advance:
            paid_minor = await top_up(
                client=client,
                show=show,
                currency=_CURRENCY,
                needs=needs,
                moved=lambda paid: advance(paid, len(needs)),
            )
    return ToppedUp(viewers=len(needs), paid_minor=paid_minor, seconds=perf_counter() - began)


def _rows(*, show: str, seed: int, payments: int, starts_at: datetime) -> list[Row]:
    """Return the payments of a generated show, its creators under the names that the demo has for them."""
    rows = generate_show(seed=seed, show=show, payments=payments, creators=len(CREATORS), starts_at=starts_at)
    names = dict(zip(dict.fromkeys(row.creator for row in rows), CREATORS, strict=False))
    return [replace(row, creator=names[row.creator]) for row in rows]


def _stay(own: OwnServer) -> None:
    """Wait for Ctrl-C or SIGTERM; OwnServerError when the server ends by itself."""
    try:
        while True:
            try:
                code = own.process.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
            raise OwnServerError(f"The server has ended by itself ({code}).")
    except KeyboardInterrupt:
        return


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that the server is not left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_free(port: int) -> bool:
    """Tell whether a server could listen on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
