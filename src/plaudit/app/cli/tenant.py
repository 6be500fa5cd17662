"""`plaudit tenant …`."""

import asyncio
import json

import click

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.cli.main import HELP, Examples, settings_from
from plaudit.app.place import migrated_place_of
from plaudit.platform.settings import Settings


@click.group(context_settings=dict(HELP))
def tenant() -> None:
    """Tenants: the apps that share this installation and see nothing of one another."""


@tenant.command(
    cls=Examples,
    examples=(
        "plaudit tenant create acme",
        'plaudit tenant create acme --name "Acme Live" --time-zone Asia/Shanghai --json',
    ),
)
@click.argument("slug")
@click.option("--name", help="What people call it; the slug when not given.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where its days and months begin (IANA).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(*, slug: str, name: str | None, time_zone: str, as_json: bool) -> int:
    """Open a tenant and print its first API key, which holds all scopes and is shown this once."""
    key = asyncio.run(_create(settings_from({}), slug, name or slug, time_zone))
    if as_json:
        click.echo(json.dumps({"tenant": slug, "key": key}))
    else:
        click.echo(f"tenant {slug} is open; its first key, shown this once:")
        click.echo(key)
    return 0


async def _create(settings: Settings, slug: str, name: str, time_zone: str) -> str:
    with migrated_place_of(settings) as place:
        async with assembled(settings, url=place.url) as house:
            return await open_tenant(house, slug=slug, name=name, time_zone=time_zone)
