"""What viewers are, and calendars, over HTTP."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.campaigns.actions import people
from plaudit.features.campaigns.actions.base import Means
from plaudit.features.campaigns.http.fields import READ, TAGS, WRITE, Cursor, Limit, fact_of
from plaudit.features.campaigns.model.life import check_viewer
from plaudit.features.campaigns.model.people import (
    Attributes,
    Calendar,
    check_calendar,
    days_of,
    level_of,
    tags_of,
)
from plaudit.features.campaigns.queries import life as queries
from plaudit.platform.web import Response, answer, get, put
from plaudit.vocabulary.facts.campaigns import CalendarSaved, ViewerAttributesSaved


class NewAttributes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a viewer is from now on; what is left out is not said any more."""

    level: int | None = None
    tags: list[str] = msgspec.field(default_factory=list)


class AttributesView(msgspec.Struct, kw_only=True):
    """What was said last of a viewer; `revision` counts the times, 0 for never."""

    viewer: str
    level: int | None
    tags: list[str]
    revision: int


class NewCalendar(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The days of a calendar, each like "2026-10-01"."""

    days: list[str]


class CalendarView(msgspec.Struct, kw_only=True):
    """A calendar; `revision` counts its changes."""

    calendar: str
    days: list[str]
    revision: int


class CalendarPage(msgspec.Struct, kw_only=True):
    """Some calendars, by id."""

    items: list[CalendarView]
    next_cursor: str | None


@put(
    "/v1/viewers/{viewer:str}/attributes",
    opt={"permission": "viewer.describe"},
    summary="Say what a viewer is",
    tags=TAGS,
)
async def put_attributes(
    *, viewer: str, data: NewAttributes, grant: Grant, idempotency_key: str, house: Means
) -> Response[AttributesView]:
    """Save a viewer's level and tags, for what happens from now on."""
    wanted = Attributes(
        viewer=check_viewer(viewer), revision=0, level=level_of(data.level), tags=tags_of(data.tags)
    )
    outcome = await people.save_attributes(house, grant=grant, key=idempotency_key, attributes=wanted)
    fact = fact_of(outcome, ViewerAttributesSaved)
    body = AttributesView(viewer=fact.viewer, level=fact.level, tags=list(fact.tags), revision=fact.revision)
    return answer(body, replayed=outcome.replayed)


@get("/v1/viewers/{viewer:str}/attributes", opt=READ, summary="What a viewer is", tags=TAGS)
async def show_attributes(*, viewer: str, grant: Grant, database: Database) -> AttributesView:
    """Return what was said last of a viewer."""
    found = await queries.attributes(
        database=database, tenant_id=grant.tenant_id, viewer=check_viewer(viewer)
    )
    return AttributesView(
        viewer=found.viewer, level=found.level, tags=list(found.tags), revision=found.revision
    )


@put("/v1/calendars/{calendar:str}", opt=WRITE, summary="Save a calendar", tags=TAGS)
async def put_calendar(
    *, calendar: str, data: NewCalendar, grant: Grant, idempotency_key: str, house: Means
) -> Response[CalendarView]:
    """Save the days of a calendar. Revisions that were submitted before keep the days that it had."""
    days = days_of(data.days)
    outcome = await people.save_calendar(
        house, grant=grant, key=idempotency_key, calendar=check_calendar(calendar), days=days
    )
    revision = fact_of(outcome, CalendarSaved).revision
    saved = Calendar(id=calendar, revision=revision, days=days)
    return answer(_calendar(saved), replayed=outcome.replayed)


@get("/v1/calendars/{calendar:str}", opt=READ, summary="A calendar", tags=TAGS)
async def show_calendar(*, calendar: str, grant: Grant, database: Database) -> CalendarView:
    """Return a calendar."""
    return _calendar(await queries.calendar(database=database, tenant_id=grant.tenant_id, calendar=calendar))


@get("/v1/calendars", opt=READ, summary="List calendars", tags=TAGS)
async def list_calendars(
    *, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> CalendarPage:
    """Return calendars by id."""
    page = await queries.calendars(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    return CalendarPage(items=[_calendar(one) for one in page.items], next_cursor=page.next_cursor)


ROUTES: Final[tuple[Any, ...]] = (
    put_attributes,
    show_attributes,
    put_calendar,
    show_calendar,
    list_calendars,
)


def _calendar(one: Calendar) -> CalendarView:
    return CalendarView(calendar=one.id, days=[day.isoformat() for day in one.days], revision=one.revision)
