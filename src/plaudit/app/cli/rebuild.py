"""`plaudit rebuild`: throw projections away and build them again from the journal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import click
import psycopg
import uvloop

from plaudit.app.cli.books import difference_text, projections
from plaudit.app.cli.main import Examples
from plaudit.app.cli.progress import Steps
from plaudit.app.place import migrated_place_of
from plaudit.core.commands import tenants
from plaudit.core.commands.tenants import Tenant
from plaudit.core.journal.subscriptions import Subscription, differences
from plaudit.core.journal.subscriptions import rebuild as build_again
from plaudit.platform.clock import clock_of
from plaudit.platform.db import Database
from plaudit.platform.migrate import MigrationError
from plaudit.platform.postgres import EmbeddedServerError
from plaudit.platform.settings import Settings, SettingsError

_CONNECTIONS: Final = 3


class RebuildError(click.ClickException):
    """The rebuild could not be carried through; the message says why."""

    exit_code = 2


@click.command(
    cls=Examples,
    examples=("plaudit rebuild", "plaudit rebuild NAME --tenant stage", "plaudit rebuild --check"),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--tenant", metavar="SLUG", help="Only this tenant's; all tenants' when not given.")
@click.option("--check", is_flag=True, help="Change nothing: tell where a rebuild would give other rows.")
def rebuild(*, names: tuple[str, ...], tenant: str | None, check: bool) -> int:
    """Throw away the projections NAME (all when none is named) and build them again from the journal.

    It may run beside a server: readers see the rows grow until the projection has caught up. Each is compared
    with a second rebuild in the end.

    Exit code: 0 the rows are what the journal gives; 1 they are not; 2 it could not be carried through.
    """
    chosen = _chosen(names)
    try:
        settings = Settings.from_environment(os.environ)
        with migrated_place_of(settings) as place:
            found = uvloop.run(_rebuild(settings, place.url, chosen, tenant, check=check))
    except (SettingsError, EmbeddedServerError, MigrationError, psycopg.OperationalError) as error:
        raise RebuildError(str(error)) from error
    for sentence in found:
        click.echo(sentence)
    return 1 if found else 0


def _chosen(names: Sequence[str]) -> list[Subscription]:
    known = {one.name: one for one in projections()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"There is no projection {unknown[0]}; there are: {', '.join(sorted(known))}.")
    return [known[name] for name in names or known]


async def _rebuild(
    settings: Settings, url: str, chosen: Sequence[Subscription], slug: str | None, *, check: bool
) -> list[str]:
    """Rebuild for one tenant or all, telling each; return what is not as the journal gives it."""
    steps, clock = Steps(), clock_of(settings.clock_file)
    sentences: list[str] = []
    async with Database.open(url, pool_max=_CONNECTIONS, listen=False) as database:
        for tenant in await _tenants(database, slug):
            for one in chosen:
                label = f"{one.name} of {tenant.slug}"
                if not check:
                    with steps.step(f"Rebuilding {label}") as advance:
                        await build_again(
                            database=database,
                            clock=clock,
                            subscription=one,
                            tenant_id=tenant.tenant_id,
                            progress=advance,
                        )
                with steps.step(f"Comparing {label} with its rebuild") as advance:
                    found = await differences(
                        database=database,
                        subscription=one,
                        tenant_id=tenant.tenant_id,
                        progress=advance,
                    )
                click.echo(f"{label}: {'differs' if found else 'equal to its rebuild'}")
                sentences += [difference_text(name=label, difference=item) for item in found]
    return sentences


async def _tenants(database: Database, slug: str | None) -> list[Tenant]:
    async with database.connection() as conn:
        found = [one for one in await tenants.tenants(conn) if slug in {None, one.slug}]
    if slug is not None and not found:
        raise RebuildError(f"There is no tenant {slug}.")
    return found
