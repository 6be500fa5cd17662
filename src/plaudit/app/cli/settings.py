"""`plaudit settings`."""

from dataclasses import fields

import click

from plaudit.app.cli.main import Examples, settings_from
from plaudit.platform.settings import SETTINGS, Settings


@click.command("settings", cls=Examples, examples=("plaudit settings", "PLAUDIT_PORT=80 plaudit settings"))
def settings_command() -> int:
    """List every setting with its meaning, its default and what it is now; secrets are not shown."""
    now = settings_from({})
    known = {field.name for field in fields(Settings)}
    for setting in SETTINGS:
        assert setting.field in known, setting
        value = getattr(now, setting.field)
        shown = "(set)" if setting.secret and value else _text(value)
        click.echo(setting.variable)
        click.echo(f"    {setting.sentence}")
        click.echo(f"    default: {setting.default or '(none)'}   now: {shown}")
    return 0


def _text(value: object) -> str:
    if value is None:
        return "(none)"
    return ("on" if value else "off") if isinstance(value, bool) else str(value)
