"""`plaudit migrate`."""

import click

from plaudit.app.cli.main import Examples, settings_from
from plaudit.app.place import place_of
from plaudit.platform.migrate import migrate, pending


@click.command("migrate", cls=Examples, examples=("plaudit migrate", "plaudit migrate --check"))
@click.option("--check", is_flag=True, help="Apply nothing; exit with 1 when something is to be applied.")
def migrate_command(*, check: bool) -> int:
    """Bring the tables up to date, as their owner (PLAUDIT_DATABASE_OWNER_URL)."""
    with place_of(settings_from({})) as place:
        if check:
            missing = pending(place.owner_url)
            for name in missing:
                click.echo(f"to be applied: {name}")
            return 1 if missing else 0
        applied = migrate(place.owner_url)
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("nothing to apply")
    return 0
