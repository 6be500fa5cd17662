"""`plaudit jobs`: what waits in the queue, what is dead, and dead jobs tried again."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click
import uvloop

from plaudit.app.cli.main import Examples, settings_from
from plaudit.app.place import migrated_place_of
from plaudit.platform import jobs as queue
from plaudit.platform.db import Database
from plaudit.platform.settings import Settings


@click.command(cls=Examples, examples=("plaudit jobs", "plaudit jobs --again 4711"))
@click.option(
    "--again", "job_ids", metavar="ID", type=int, multiple=True, help="Try this dead job again, as if new."
)
def jobs(*, job_ids: tuple[int, ...]) -> int:
    """Show how many jobs wait, run and are dead, and the latest dead ones with their arguments.

    A job is dead when it failed finally or for the last time; the log has the error. Done ones are not kept.

    Exit code: 0; 1 when a job of --again is not dead, or one like it waits already.
    """
    settings = settings_from({})
    with migrated_place_of(settings) as place:
        return uvloop.run(_jobs(settings, place.url, job_ids))


async def _jobs(settings: Settings, url: str, job_ids: Sequence[int]) -> int:
    code = 0
    async with Database.open(url, pool_max=1, listen=False) as database, database.connection() as conn:
        for job_id in job_ids:
            revived = await queue.revive(conn, job_id=job_id)
            click.echo(f"{job_id}: {'waits again' if revived else 'is not dead, or one like it waits'}")
            code = code if revived else 1
        if job_ids:
            return code
        for count in await queue.counts(conn):
            click.echo(f"{count.jobs:8,} {count.state:8} {count.name}")
        dead = await queue.dead(conn)
    for one in dead:
        click.echo(f"{one.job_id}: {one.name}, tried {one.attempts} times: {json.dumps(one.arguments)}")
    click.echo(f"dead jobs are kept for {settings.jobs_keep_days} days" if dead else "no job is dead")
    return code
