"""`plaudit bench`: what this machine does, measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
import msgspec

from plaudit.app.bench import (
    access,
    backtest,
    callbacks,
    campaigns,
    growth,
    ledger,
    presale,
    rebate,
    reconcile,
    tips,
    tracking,
)
from plaudit.app.bench.growth import Size
from plaudit.app.bench.report import Report, lines
from plaudit.app.cli.main import HELP, Examples

_LEDGER_S: Final = 10.0
_GROWTH_S: Final = 10.0
_TIPS_S: Final = 10.0
_CALLBACKS_S: Final = 5.0
_PRESALE_S: Final = 10.0
_TRACK_S: Final = 5.0
_ACCESS_S: Final = 5.0
_CAMPAIGNS_S: Final = 10.0
_REBATE_S: Final = 10.0

_Function = TypeVar("_Function", bound=Callable[..., Any])


@click.group(context_settings=dict(HELP))
def bench() -> None:
    """Measure this machine: each benchmark starts what it needs by itself and prints one report.

    Ratios are against baselines of the same run, interleaved with ours. Nothing outside a temporary folder is
    touched. Other work on the machine spoils the figures.
    """


def _measured(*, seconds: float) -> Callable[[_Function], _Function]:
    def wrap(function: _Function) -> _Function:
        json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
        seconds_option = click.option(
            "--seconds",
            type=click.FloatRange(min=0.1),
            default=seconds,
            show_default=True,
            help="How long each variant is counted in each round.",
        )
        return seconds_option(json_option(function))

    return wrap


@bench.command("ledger", cls=Examples, examples=("plaudit bench ledger", "plaudit bench ledger --json"))
@_measured(seconds=_LEDGER_S)
def ledger_command(*, seconds: float, as_json: bool) -> int:
    """Measure posting, from prepared commands to delivered outcomes, against row locks and bare inserts."""
    return _tell(ledger.run(seconds=seconds, say=_say), as_json=as_json)


@bench.command("growth", cls=Examples, examples=("plaudit bench growth --entries 200000 --seconds 3",))
@click.option(
    "--entries",
    type=click.IntRange(min=0),
    default=Size().entries,
    show_default=True,
    help="Entries that the grown base has before it is measured.",
)
@_measured(seconds=_GROWTH_S)
def growth_command(*, entries: int, seconds: float, as_json: bool) -> int:
    """Measure posting and reading on a base with millions of entries, against a fresh one."""
    return _tell(growth.run(seconds=seconds, say=_say, size=Size(entries=entries)), as_json=as_json)


@bench.command(
    "tips", cls=Examples, examples=("plaudit bench tips", "plaudit bench tips --seconds 30 --json")
)
@_measured(seconds=_TIPS_S)
def tips_command(*, seconds: float, as_json: bool) -> int:
    """Measure tips over HTTP with 128 connections, against a POST that does nothing."""
    return _tell(tips.run(seconds=seconds, say=_say), as_json=as_json)


@bench.command(
    "callbacks",
    cls=Examples,
    examples=("plaudit bench callbacks", "plaudit bench callbacks --seconds 2 --json"),
)
@_measured(seconds=_CALLBACKS_S)
def callbacks_command(*, seconds: float, as_json: bool) -> int:
    """Measure callbacks of WeChat Pay, from signature to credit, against a POST that does nothing."""
    return _tell(callbacks.run(seconds=seconds, say=_say), as_json=as_json)


@bench.command("presale", cls=Examples, examples=("plaudit bench presale", "plaudit bench presale --json"))
@_measured(seconds=_PRESALE_S)
def presale_command(*, seconds: float, as_json: bool) -> int:
    """Measure reservations over HTTP against a POST that does nothing, then a race for few seats."""
    return _tell(presale.run(seconds=seconds, say=_say), as_json=as_json)


@bench.command(
    "track",
    cls=Examples,
    examples=("plaudit bench track", "plaudit bench track --events 100000 --seconds 2 --json"),
)
@click.option(
    "--events",
    type=click.IntRange(min=1_000),
    default=tracking.EVENTS,
    show_default=True,
    help="Events that were told of before board and funnel are read.",
)
@_measured(seconds=_TRACK_S)
def track_command(*, events: int, seconds: float, as_json: bool) -> int:
    """Measure telling of views and clicks against a POST that does nothing, and reading board and funnel."""
    how = tracking.Size(events=events)
    return _tell(tracking.run(seconds=seconds, say=_say, size=how), as_json=as_json)


@bench.command(
    "access",
    cls=Examples,
    examples=("plaudit bench access", "plaudit bench access --seconds 2 --json"),
)
@_measured(seconds=_ACCESS_S)
def access_command(*, seconds: float, as_json: bool) -> int:
    """Measure hooks of SRS, beside a sale, against a POST that does nothing."""
    return _tell(access.run(seconds=seconds, say=_say), as_json=as_json)


@bench.command(
    "reconcile",
    cls=Examples,
    examples=("plaudit bench reconcile", "plaudit bench reconcile --rows 100000 --json"),
)
@click.option(
    "--rows",
    type=click.IntRange(min=1_000),
    default=reconcile.ROWS,
    show_default=True,
    help="Rows of the larger bill; the smaller one has a tenth of them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reconcile_command(*, rows: int, as_json: bool) -> int:
    """Measure a bill of WeChat Pay from its bytes to the report, with differences planted in it."""
    return _tell(reconcile.run(rows=rows, say=_say), as_json=as_json)


@bench.command(
    "campaigns",
    cls=Examples,
    examples=("plaudit bench campaigns", "plaudit bench campaigns --seconds 3 --json"),
)
@_measured(seconds=_CAMPAIGNS_S)
def campaigns_command(*, seconds: float, as_json: bool) -> int:
    """Measure tips posted, judged and rewarded with fifty running campaigns, against the same with none."""
    return _tell(campaigns.run(seconds=seconds, say=_say), as_json=as_json)


@bench.command(
    "backtest",
    cls=Examples,
    examples=("plaudit bench backtest", "plaudit bench backtest --facts 100000 --json"),
)
@click.option(
    "--facts",
    type=click.IntRange(min=1_000),
    default=backtest.FACTS,
    show_default=True,
    help="Tips in the journal; a tenth of them is judged first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backtest_command(*, facts: int, as_json: bool) -> int:
    """Measure a backtest of one draft over facts of the journal: time and memory."""
    return _tell(backtest.run(facts=facts, say=_say), as_json=as_json)


@bench.command(
    "rebate",
    cls=Examples,
    examples=("plaudit bench rebate", "plaudit bench rebate --per-second 500 --seconds 5 --json"),
)
@click.option(
    "--per-second",
    type=click.FloatRange(min=1),
    default=rebate.PER_S,
    show_default=True,
    help="Payments that are made each second, whatever the server does.",
)
@_measured(seconds=_REBATE_S)
def rebate_command(*, per_second: float, seconds: float, as_json: bool) -> int:
    """Measure how long after a payment's answer its rebate is on the viewer's balance."""
    how = rebate.Size(per_s=per_second)
    return _tell(rebate.run(seconds=seconds, say=_say, size=how), as_json=as_json)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _tell(report: Report, *, as_json: bool) -> int:
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        for line in lines(report):
            click.echo(line)
    return 0
