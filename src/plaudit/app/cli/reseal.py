"""`plaudit reseal`: seal all secrets with the installation's key after it was changed."""

import asyncio
from collections.abc import Sequence

import click

from plaudit.app.assembly import assembled
from plaudit.app.cli.main import EXIT_FAILED, Examples, settings_from
from plaudit.app.place import migrated_place_of
from plaudit.app.sealing import Resealed
from plaudit.app.sealing import reseal as seal_anew
from plaudit.platform.settings import Settings


@click.command(
    cls=Examples,
    examples=("PLAUDIT_SECRET_KEY=NEW PLAUDIT_SECRET_KEYS_BESIDE=OLD plaudit reseal",),
)
def reseal() -> int:
    """Seal all secrets with PLAUDIT_SECRET_KEY that one of PLAUDIT_SECRET_KEYS_BESIDE opens.

    It may run beside servers that have both keys. When it has ended well the key before can be left out.

    Exit code: 0 everything is sealed with the key; 1 something is that no key opens, and stays as it was.
    """
    lost = False
    for one in asyncio.run(_reseal(settings_from({}))):
        if one.changed or one.lost:
            click.echo(f"{one.table} of {one.tenant}: {one.changed} sealed anew")
        for place in one.lost:
            lost = True
            click.echo(f"{one.table} of {one.tenant}: no key opens {place}; save its secrets again", err=True)
    return EXIT_FAILED if lost else 0


async def _reseal(settings: Settings) -> Sequence[Resealed]:
    with migrated_place_of(settings) as place:
        async with assembled(settings, url=place.url) as house:
            return await seal_anew(house)
