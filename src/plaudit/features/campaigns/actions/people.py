"""What hosts say of viewers, and calendars: a new revision each, and a fact that says so."""

import hashlib
from collections.abc import Sequence
from datetime import date

from plaudit.core.commands.command import Grant, Outcome, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import canonical
from plaudit.features.campaigns.actions.base import WRITE, Means, table_command
from plaudit.features.campaigns.model.people import Attributes
from plaudit.features.campaigns.store import people as store
from plaudit.vocabulary.facts.campaigns import CalendarSaved, ViewerAttributesSaved


async def save_attributes(means: Means, *, grant: Grant, key: str, attributes: Attributes) -> Outcome:
    """Save what a viewer is from now on; its revision in `attributes` is ignored."""

    async def work(tx: Connection) -> Work:
        revision = await store.save_attributes(tx, tenant_id=grant.tenant_id, attributes=attributes)
        saved = ViewerAttributesSaved(
            viewer=attributes.viewer, revision=revision, level=attributes.level, tags=attributes.tags
        )
        return work_of(f"viewer/{attributes.viewer}", saved)

    command = table_command(
        verb="save_attributes",
        permission="viewer.describe",
        grant=grant,
        key=key,
        content=(attributes.viewer, attributes.level, attributes.tags),
    )
    return await means.corridor.run(command, work)


async def save_calendar(
    means: Means, *, grant: Grant, key: str, calendar: str, days: Sequence[date]
) -> Outcome:
    """Save a calendar, for revisions that are submitted from now on."""
    digest = hashlib.sha256(canonical(days)).hexdigest()

    async def work(tx: Connection) -> Work:
        revision = await store.save_calendar(tx, tenant_id=grant.tenant_id, calendar=calendar, days=days)
        saved = CalendarSaved(calendar=calendar, revision=revision, count=len(days), days_hash=digest)
        return work_of(f"calendar/{calendar}", saved)

    command = table_command(
        verb="save_calendar", permission=WRITE, grant=grant, key=key, content=(calendar, days)
    )
    return await means.corridor.run(command, work)
