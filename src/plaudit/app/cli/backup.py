"""`plaudit backup` and `plaudit restore`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import psycopg
import uvloop

from plaudit.app.cli.books import verdict_on
from plaudit.app.cli.main import Examples, settings_from
from plaudit.app.cli.progress import Advance, Steps
from plaudit.app.place import place_of
from plaudit.platform import backup as backups
from plaudit.platform.backup import BackupError, Progress
from plaudit.platform.migrate import migrate

_FILE = click.Path(dir_okay=False, path_type=Path)


class BackupFailedError(click.ClickException):
    """The backup or its restoration could not be carried through; the message says why."""

    exit_code = 2


@click.command(
    cls=Examples, examples=("plaudit backup plaudit.backup", "plaudit backup /mnt/backups/$(date +%F).backup")
)
@click.argument("file", type=_FILE)
def backup(*, file: Path) -> int:
    """Write everything in the database to the new FILE, readable by its owner alone.

    A server may go on working beside it: the backup is one moment of the journal, ledger and projections
    together. Keep PLAUDIT_SECRET_KEY (or the key file in PLAUDIT_DATA_DIR) too, in another place: it is
    not in the backup.

    Exit code: 0 it is written; 2 it could not be.
    """
    with place_of(settings_from({})) as place, Steps().step(f"Writing {file}") as advance:
        try:
            backups.backup(place.owner_url, file, progress=_counted(advance))
        except (BackupError, OSError) as error:
            raise BackupFailedError(str(error)) from error
    click.echo(f"{file}: {file.stat().st_size} bytes")
    return 0


@click.command(
    cls=Examples,
    examples=(
        "PLAUDIT_DATA_DIR=/srv/plaudit-new plaudit restore plaudit.backup",
        "PLAUDIT_DATABASE_URL=… PLAUDIT_DATABASE_OWNER_URL=… plaudit restore plaudit.backup",
    ),
)
@click.argument("file", type=_FILE)
def restore(*, file: Path) -> int:
    """Fill an empty database from FILE, bring its tables up to date, and let the doctor examine it.

    A database that holds anything is refused. The embedded one is empty in a new PLAUDIT_DATA_DIR.

    Exit code: 0 the doctor has no findings; 1 it has; 2 it could not be restored.
    """
    steps = Steps()
    with place_of(settings_from({})) as place:
        try:
            with steps.step(f"Restoring {file}") as advance:
                backups.restore(place.owner_url, file, progress=_counted(advance))
        except (BackupError, OSError, psycopg.OperationalError) as error:
            raise BackupFailedError(str(error)) from error
        applied = migrate(place.owner_url)
        verdict = uvloop.run(verdict_on(database_url=place.url, tenant_ids=(), steps=steps))
    for name in applied:
        click.echo(f"applied {name}")
    return _told(verdict.findings)


def _counted(advance: Advance) -> Progress:
    return lambda done, total, _what: advance(done, total)


def _told(findings: Sequence[str]) -> int:
    for sentence in findings:
        click.echo(sentence)
    click.echo(f"restored; the doctor has {len(findings) or 'no'} findings")
    return 1 if findings else 0
