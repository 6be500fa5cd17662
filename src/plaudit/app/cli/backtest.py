"""`plaudit backtest`: what a campaign would have cost, over a period of the journal or a file of payments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec
import psycopg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from plaudit.app.assembly import Paid, Period, Tried, assembled, backtest_journal, backtest_payments
from plaudit.app.cli.main import Examples
from plaudit.app.drive.rows import DEFAULT_EPOCH, BrokenRow, SourceError, read_rows
from plaudit.app.place import migrated_place_of
from plaudit.kernel.refusal import Refusal
from plaudit.kernel.time import parse_time
from plaudit.platform.crypto import SealError
from plaudit.platform.migrate import MigrationError
from plaudit.platform.postgres import EmbeddedServerError
from plaudit.platform.settings import Settings, SettingsError

_SHOWN_AFTER_S: Final = 2.0
_DRAFT: Final = "draft"
_REVISION_MAX: Final = 2**31 - 2


class BacktestError(click.ClickException):
    """The backtest could not be carried through; the message says why."""

    exit_code = 2


class _Time(click.ParamType):  # type: ignore[type-arg]
    name = "time"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_time(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


class _Calendar(click.ParamType):  # type: ignore[type-arg]
    name = "NAME=FILE"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, list[str]]:
        if isinstance(value, tuple):
            return value
        name, equals, file = str(value).partition("=")
        if not equals:
            self.fail("write it like holidays=days.txt", param, ctx)
        path = _FILE.convert(file, param, ctx)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            self.fail(f"{file} is no text.", param, ctx)
        return name, [line.strip() for line in lines if line.strip()]


@click.command(
    cls=Examples,
    examples=(
        "plaudit backtest weekend --tenant stage --from 2026-10-01T00:00:00Z --until 2026-11-01T00:00:00Z",
        (
            "plaudit backtest weekend --tenant stage --from 2026-10-01T00:00:00Z --until 2026-11-01T00:00:00Z"
            " --terms changed.json --budget 50000 --svg cost.svg"
        ),
        "plaudit backtest --terms draft.json --payments payments.csv.gz --json",
        (
            "plaudit backtest --terms draft.json --payments payments.csv.gz --beside evening.json"
            " --beside welcome.json --calendar holidays=days.txt"
        ),
    ),
)
@click.argument("campaign", required=False)
@click.option("--tenant", metavar="SLUG", help="Whose campaign it is.")
@click.option("--from", "since", type=_Time(), help="Where the period begins (RFC 3339).")
@click.option("--until", type=_Time(), help="The moment before which it ends.")
@click.option(
    "--revision", type=click.IntRange(1, _REVISION_MAX), help="Which revision; the newest when not given."
)
@click.option("--terms", type=_FILE, help="A JSON file of terms, instead of a revision.")
@click.option("--payments", type=_FILE, help="A CSV of payments, gzipped or plain, instead of the journal.")
@click.option(
    "--beside",
    type=_FILE,
    multiple=True,
    help="With --payments: terms that run beside, called by their file's name. As often as needed.",
)
@click.option(
    "--calendar",
    "calendars",
    type=_Calendar(),
    multiple=True,
    help="With --payments: days that conditions call NAME, one ISO date a line. As often as needed.",
)
@click.option(
    "--budget",
    type=click.IntRange(0),
    metavar="MINOR",
    help="What may be spent, in minor units; as much as it takes when not given.",
)
@click.option("--alone", is_flag=True, help="Let no other campaign take part.")
@click.option(
    "--svg", type=click.Path(path_type=Path, dir_okay=False), help="Write a chart of the cost here."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def backtest(*, payments: Path | None, svg: Path | None, as_json: bool, **given: Any) -> int:  # noqa: ANN401 - handed on
    """Tell what CAMPAIGN would have cost: whom it reaches, who wins, when its budget runs dry.

    A period of the journal is judged by the engine that judges live facts, beside the campaigns that ran
    then. With --payments the facts are those of a CSV (columns show_id, creator_id, at, viewer_id, amount,
    currency), taken as facts of the campaign's trigger (payment, ticket, tip or topup), and no database is
    needed; beside it run the terms of --beside. Terms that never ran in the period are tested as if they did.
    Nothing is written but the chart.

    Exit code: 0 done; 2 it could not be carried through.
    """
    try:
        with _shown_when_long() as progress:
            found = (
                _over_journal(progress=progress, **given)
                if payments is None
                else _over_payments(payments, progress=progress, **given)
            )
    except (
        Refusal,
        SealError,
        SourceError,
        SettingsError,
        EmbeddedServerError,
        MigrationError,
        psycopg.OperationalError,
    ) as error:
        raise BacktestError(_said(error)) from error
    if svg is not None:
        svg.write_text(found.chart, encoding="utf-8")
    click.echo(msgspec.json.encode(found.document) if as_json else "\n".join(found.text))
    return 0


def _said(error: Exception) -> str:
    place = error.details.get("place") if isinstance(error, Refusal) else None
    return f"{error} (at {place})" if place else str(error)


def _over_journal(  # noqa: PLR0913 - the options of one command
    *,
    campaign: str | None,
    tenant: str | None,
    since: datetime | None,
    until: datetime | None,
    revision: int | None,
    terms: Path | None,
    budget: int | None,
    alone: bool,
    progress: Callable[[int, int], None],
    **given: object,
) -> Tried:
    if any(given.values()):
        raise click.UsageError("--beside and --calendar go with --payments; the journal has its own.")
    if campaign is None or tenant is None or since is None or until is None:
        raise click.UsageError("Say CAMPAIGN, --tenant, --from and --until; or --terms and --payments.")
    period = Period(since=since, until=until, alone=alone)
    sent = None if terms is None else _terms(terms)
    settings = Settings.from_environment(os.environ)

    async def run(url: str) -> Tried:
        async with assembled(settings, url=url) as house:
            return await backtest_journal(
                house,
                slug=tenant,
                campaign=campaign,
                period=period,
                revision=revision,
                sent=sent,
                budget_minor=budget,
                progress=progress,
            )

    with migrated_place_of(settings) as place:
        return uvloop.run(run(place.url))


def _over_payments(
    payments: Path,
    *,
    campaign: str | None,
    terms: Path | None,
    beside: tuple[Path, ...],
    calendars: tuple[tuple[str, list[str]], ...],
    budget: int | None,
    progress: Callable[[int, int], None],
    **given: object,
) -> Tried:
    if terms is None:
        raise click.UsageError("--payments goes with --terms: the terms that they are judged by.")
    if any(given.values()):
        raise click.UsageError(
            "--payments goes with --terms, --beside, --calendar, --budget, --svg and --json alone."
        )
    sent = {campaign or _DRAFT: _terms(terms)}
    for path in beside:
        if path.stem in sent:
            raise click.UsageError(f"Two campaigns are called {path.stem}; give one another name.")
        sent[path.stem] = _terms(path)
    paid = []
    for row in read_rows(source=payments):
        if isinstance(row, BrokenRow):
            click.echo(f"line {row.line}: {row.reason}; left out", err=True)
            continue
        at = row.time(epoch=DEFAULT_EPOCH)
        paid.append(Paid(at, row.wallet, row.creator, row.show, row.currency, row.amount_minor))
    return backtest_payments(
        sent=sent, paid=paid, calendars=dict(calendars), budget_minor=budget, progress=progress
    )


def _terms(path: Path) -> dict[str, Any]:
    """Return the terms in a file: as they are sent, or a whole request with `terms` in it."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise click.UsageError(f"{path} is no JSON object of terms: {error}") from error
    terms = found.get("terms", found)
    if not isinstance(terms, dict):
        raise click.UsageError(f"{path} is no JSON object of terms.")
    return terms


@contextmanager
def _shown_when_long() -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told of progress: it shows on a terminal what takes longer than two seconds."""
    began = time.monotonic()
    console = Console(stderr=True)
    columns = (TextColumn("facts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("facts", total=None)

    def moved(done: int, total: int) -> None:
        if time.monotonic() - began >= _SHOWN_AFTER_S:
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield moved
    finally:
        bar.stop()
