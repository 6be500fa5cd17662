"""`plaudit reconcile`: a day of a merchant account compared with the channel's bill."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import Final

import click
import msgspec
import psycopg
import uvloop

from plaudit.app.assembly import Told, assembled, reconcile
from plaudit.app.cli.main import Examples
from plaudit.app.place import migrated_place_of
from plaudit.kernel.refusal import Refusal
from plaudit.platform.crypto import SealError
from plaudit.platform.failures import Failure
from plaudit.platform.migrate import MigrationError
from plaudit.platform.postgres import EmbeddedServerError
from plaudit.platform.settings import Settings, SettingsError
from plaudit.vocabulary.facts.bills import Bill

_CHANNELS: Final = ("wechat", "alipay", "stripe", "sandbox")


class ReconcileError(click.ClickException):
    """There was nothing to compare; the message says why."""

    exit_code = 2


@click.command(
    "reconcile",
    cls=Examples,
    examples=(
        "plaudit reconcile --channel wechat --date 2026-11-21",
        "plaudit reconcile --channel alipay --account acc_0000004000001 --date 2026-11-21 --csv",
    ),
)
@click.option("--channel", type=click.Choice(_CHANNELS), required=True, help="Which channel's bills.")
@click.option("--account", help="One merchant account; all that are enabled at the channel when not given.")
@click.option(
    "--date",
    "day",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    required=True,
    help="The day, in the channel's time zone.",
)
@click.option(
    "--trade-bill",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The bill of payments and refunds as the channel made it, instead of fetching it.",
)
@click.option(
    "--funds-bill",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The bill of the account's movements, beside --trade-bill.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print a table instead of lines.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array instead of lines.")
def reconcile_command(
    *,
    channel: str,
    account: str | None,
    day: datetime,
    trade_bill: Path | None,
    funds_bill: Path | None,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Fetch a day's bills, compare them with the books, post their fees, and tell what differs.

    It may run beside a server; the same bill again changes nothing. Differences stay in the queue.

    Exit code: 0 no exception of the account is open; 1 some are; 2 the bill is not there or was refused.
    """
    if funds_bill is not None and trade_bill is None:
        raise click.UsageError("--funds-bill goes with --trade-bill.")
    given = {"trade": trade_bill, "funds": funds_bill}
    contents = {kind: path.read_bytes() for kind, path in given.items() if path is not None}
    try:
        settings = Settings.from_environment(os.environ)
        with migrated_place_of(settings) as place:
            found = uvloop.run(
                _reconcile(settings, place.url, channel, account, day.date(), contents=contents)
            )
    except (
        Refusal,
        Failure,
        SealError,
        SettingsError,
        EmbeddedServerError,
        MigrationError,
        psycopg.OperationalError,
    ) as error:
        raise ReconcileError(str(error)) from error
    _tell(found, as_csv=as_csv, as_json=as_json)
    if any(one.refused for one in found):
        return 2
    return 1 if any(one.open_exceptions for one in found) else 0


async def _reconcile(  # noqa: PLR0917 - what the command line says
    settings: Settings, url: str, channel: str, account: str | None, day: date, *, contents: dict[str, bytes]
) -> list[Told]:
    kinds: dict[Bill, bytes] = {}
    if "trade" in contents:
        kinds["trade"] = contents["trade"]
    if "funds" in contents:
        kinds["funds"] = contents["funds"]
    async with assembled(settings, url=url) as house:
        return await reconcile(house, channel=channel, account=account, day=day, contents=kinds or None)


def _tell(found: list[Told], *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode([one.document for one in found]))
        return
    for one in found:
        click.echo("".join(one.table) if as_csv else "\n".join(one.text), nl=not as_csv)
