"""`plaudit simulate`: payment channels to test against, as programs of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
import msgspec
import uvloop

from plaudit.app.cli.main import HELP, Examples
from plaudit.app.simulate.serving import Options, serve

_CONCURRENCY: Final = 64
_CONCURRENCY_MAX: Final = 1_024


class SimulateError(click.ClickException):
    """The simulator cannot be run; the message says why and what to do."""

    exit_code = 2


@click.group(context_settings=dict(HELP))
def simulate() -> None:
    r"""Simulate a payment channel.

    Merchants, orders and money are in memory; requests are verified, answers and callbacks signed with real
    keys. What payers do, the time and mishaps are told to it under /control, from this machine only:

    \b
    POST merchants, merchants/{id}, rotate/{id}   GET merchants
    POST pay, pay-many, fail, finish, withdraw    GET orders, refunds, entries/{id}
    POST refunds, craft, flush                    GET callbacks, figures
    POST mischief, time, plantings                GET mischief, time, plantings
    """


def _options(command: Any) -> Any:  # noqa: ANN401 - as click decorates
    for option in (
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option(
            "--port", type=click.IntRange(0, 65_535), default=0, help="Port to listen on; 0 takes a free one."
        ),
        click.option(
            "--state",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Keep everything in this file too, and go on from there at the next start.",
        ),
        click.option(
            "--clock-file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Go by the time that this file says, as `plaudit serve` does by PLAUDIT_CLOCK_FILE.",
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(1, _CONCURRENCY_MAX),
            default=_CONCURRENCY,
            show_default=True,
            help="Callbacks under way at once.",
        ),
    ):
        command = option(command)
    return command


@simulate.command(
    cls=Examples,
    examples=(
        "plaudit simulate wechat --port 9201",
        "curl -d '{}' http://127.0.0.1:9201/control/merchants",
        'curl -d \'{"number": "P000000000001A01QGTSSK7H"}\' http://127.0.0.1:9201/control/pay',
    ),
)
@_options
def wechat(**options: Any) -> None:  # noqa: ANN401 - handed on
    """Simulate WeChat Pay v3: orders (native, H5, JSAPI), refunds, certificates, bills, notices.

    Prints one line of JSON once it answers, with its address. Ends on SIGTERM or Ctrl-C.
    """
    _run(Options(channel="wechat", **options))


@simulate.command(
    cls=Examples,
    examples=(
        "plaudit simulate alipay --port 9202",
        'curl -d \'{"mode": "certificate"}\' http://127.0.0.1:9202/control/merchants',
        'curl -d \'{"number": "P000000000001A01QGTSSK7H"}\' http://127.0.0.1:9202/control/pay',
    ),
)
@_options
def alipay(**options: Any) -> None:  # noqa: ANN401 - handed on
    """Simulate Alipay: pages, wap and app payments, refunds, bills, notices; keys or certificates.

    The gateway is /gateway.do. Prints one line of JSON once it answers, with its address. Ends on SIGTERM or
    Ctrl-C.
    """
    _run(Options(channel="alipay", **options))


def _run(options: Options) -> None:
    def announce(address: str) -> None:
        line = {"channel": options.channel, "url": address, "control": f"{address}/control"}
        click.echo(msgspec.json.encode(line).decode())

    try:
        uvloop.run(serve(options, on_ready=announce))
    except (OSError, ValueError) as error:
        raise SimulateError(f"the simulator of {options.channel} cannot run: {error}") from error
