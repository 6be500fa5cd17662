"""`plaudit replay`: the payments of real broadcasts, paid again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import uvloop

from plaudit.app.cli.books import verdict_on
from plaudit.app.cli.main import Examples
from plaudit.app.cli.own_server import ANY_PORT, own_server, settings_here
from plaudit.app.cli.progress import Steps
from plaudit.app.drive.client import UnansweredError, server_of
from plaudit.app.drive.replay import FaultyServerError
from plaudit.app.drive.replay import replay as drive
from plaudit.app.drive.report import Report, Verdict, render
from plaudit.app.drive.rows import DEFAULT_EPOCH, SourceError
from plaudit.app.drive.stage import SetupError
from plaudit.kernel.time import format_time, parse_time

TENANT: Final = "replay"
_CONNECTIONS: Final = 64
_CONNECTIONS_MAX: Final = 1_024
_CUT_OFF: Final = 130


class ReplayError(click.ClickException):
    """The replay could not be carried through; the message says why and what to do."""

    exit_code = 2


class _Speed(click.ParamType):  # type: ignore[type-arg]
    name = "speed"

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float | None:
        if value == "max":
            return None
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(
                f"{value!r} is neither max nor a number above 0, such as 60 for a minute a second", param, ctx
            )
        return speed


class _Time(click.ParamType):  # type: ignore[type-arg]
    name = "time"

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_time(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Key(click.ParamType):  # type: ignore[type-arg]
    name = "key"

    def convert(
        self,
        value: Any,  # noqa: ANN401 -- as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        text = str(value)
        if text.startswith("@"):
            try:
                text = Path(text[1:]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.fail(f"no key can be read from the file {text[1:]!r}: {error}", param, ctx)
        if not text.isascii() or not text.isprintable() or " " in text or not text:
            self.fail("that is no API key; it should look like plk_..._...", param, ctx)
        return text


@click.command(
    cls=Examples,
    examples=(
        "plaudit replay donations.csv.gz --embedded",
        "plaudit replay donations.csv.gz --show agdq_2017 --speed 60 --embedded",
        "plaudit replay day.csv --url http://127.0.0.1:8080 --key @app.key --json",
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--show", metavar="ID", help="Only the payments of this show.")
@click.option(
    "--speed",
    type=_Speed(),
    default="max",
    show_default=True,
    help="How many times as fast as it was; max is as fast as the server answers.",
)
@click.option(
    "--epoch",
    type=_Time(),
    help="Start of shows whose times count seconds from their start.  "
    f"[default: {format_time(DEFAULT_EPOCH)}]",
)
@click.option("--url", help="The server to drive, such as http://127.0.0.1:8080; needs --key.")
@click.option(
    "--key",
    type=_Key(),
    help="API key with the scopes catalogue.read, creator.write, facts.read, gift.write, import, "
    "ledger.read, tip.read, tip.send, wallet.credit; @FILE reads it from a file.",
)
@click.option(
    "--embedded",
    is_flag=True,
    help="Run a server of its own on PLAUDIT_DATA_DIR, and let the doctor examine its books in the end.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, _CONNECTIONS_MAX),
    default=_CONNECTIONS,
    show_default=True,
    help="Requests under way at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def replay(
    *,
    file: Path,
    url: str | None,
    key: str | None,
    embedded: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 -- handed on
) -> int:
    """Pay again what FILE (CSV, gzipped or plain) says was paid during live broadcasts.

    Each payment is credited to its payer's wallet and tipped to who was on air, at its own time. A second run
    changes nothing: what was done is found again by its key. Rows that cannot be read or are refused are
    named by their line, the rest is paid.

    Exit code: 0 all done and, with --embedded, the books in order; 1 rows broken or refused, or the doctor
    found something; 2 it could not be carried through.
    """
    _check_target(url=url, key=key, embedded=embedded)
    if not file.is_file():
        raise click.UsageError(f"There is no file {file}; name a CSV file of payments, gzipped or plain.")
    try:
        report = _embedded(file, options) if embedded else _remote(file, str(url), str(key), options)
    except (SourceError, SetupError, UnansweredError, FaultyServerError) as error:
        raise ReplayError(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Cut off. Run it again to finish it: what was paid is not paid twice.", err=True)
        return _CUT_OFF
    click.echo(report.to_json() if as_json else render(report=report))
    return report.exit_code


def _check_target(*, url: str | None, key: str | None, embedded: bool) -> None:
    if embedded and (url or key):
        raise click.UsageError(
            "--embedded runs a server of its own: leave out --url and --key, or --embedded."
        )
    if not embedded and not url:
        raise click.UsageError(
            "Say which server to drive: --url and --key, or --embedded for one of its own."
        )
    if url and not key:
        raise click.UsageError(
            "--url needs --key, an API key of the tenant whose books the payments go into."
        )
    if url:
        try:
            server_of(url=url)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--url") from error


def _remote(file: Path, url: str, key: str, options: Mapping[str, Any]) -> Report:
    return uvloop.run(drive(source=file, url=url, key=key, progress=True, **options))


def _embedded(file: Path, options: Mapping[str, Any]) -> Report:
    steps = Steps()
    settings = settings_here(environ=os.environ)
    with own_server(settings=settings, tenant=TENANT, port=ANY_PORT, steps=steps) as server:

        async def doctor() -> Verdict:
            return await verdict_on(
                database_url=server.database_url, tenant_ids=[server.tenant_id], steps=steps
            )

        return uvloop.run(
            drive(source=file, url=server.url, key=server.key, progress=True, doctor=doctor, **options)
        )
