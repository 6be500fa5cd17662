"""What hosts say of viewers, and calendars."""

from collections.abc import Mapping, Sequence
from datetime import date

from plaudit.features.campaigns.model.people import Attributes, Calendar
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4


async def save_attributes(conn: Connection, *, tenant_id: int, attributes: Attributes) -> int:
    """Insert or replace what is said of a viewer, and return its new revision."""
    cursor = await conn.execute(
        "INSERT INTO campaigns.attributes AS a (tenant_id, viewer, revision, level, tags)"
        " VALUES (%s, %s, 1, %s, %s) ON CONFLICT (tenant_id, viewer) DO UPDATE"
        " SET revision = a.revision + 1, level = excluded.level, tags = excluded.tags RETURNING revision",
        (Int4(tenant_id), attributes.viewer, attributes.level, packing.texts(attributes.tags)),
    )
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


async def select_attributes(conn: Connection, *, tenant_id: int, viewer: str) -> Attributes:
    """Return what was said last of a viewer; revision 0 where nothing ever was."""
    cursor = await conn.execute(
        "SELECT revision, level, tags FROM campaigns.attributes WHERE tenant_id = %s AND viewer = %s",
        (Int4(tenant_id), viewer),
    )
    row = await cursor.fetchone()
    if row is None:
        return Attributes(viewer=viewer, revision=0)
    return Attributes(viewer=viewer, revision=row[0], level=row[1], tags=tuple(row[2]))


async def erase_attributes(conn: Connection, *, tenant_id: int, viewers: Sequence[str]) -> None:
    """Forget what was said last of viewers."""
    await conn.execute(
        "UPDATE campaigns.attributes SET level = NULL, tags = '{}' WHERE tenant_id = %s AND viewer = ANY(%s)",
        (Int4(tenant_id), packing.texts(viewers)),
    )


async def save_calendar(conn: Connection, *, tenant_id: int, calendar: str, days: Sequence[date]) -> int:
    """Insert or replace a calendar, and return its new revision."""
    cursor = await conn.execute(
        "INSERT INTO campaigns.calendar AS c (tenant_id, calendar, revision, days) VALUES (%s, %s, 1, %s)"
        " ON CONFLICT (tenant_id, calendar) DO UPDATE SET revision = c.revision + 1, days = excluded.days"
        " RETURNING revision",
        (Int4(tenant_id), calendar, list(days)),
    )
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


async def select_calendar(conn: Connection, *, tenant_id: int, calendar: str) -> Calendar | None:
    """Return a calendar, None where there is none."""
    cursor = await conn.execute(
        "SELECT calendar, revision, days FROM campaigns.calendar WHERE tenant_id = %s AND calendar = %s",
        (Int4(tenant_id), calendar),
    )
    row = await cursor.fetchone()
    return None if row is None else Calendar(id=row[0], revision=row[1], days=tuple(row[2]))


async def select_days(conn: Connection, *, tenant_id: int) -> Mapping[str, tuple[str, ...]]:
    """Return the days of all calendars, written "2026-10-01", by calendar."""
    cursor = await conn.execute(
        "SELECT calendar, days FROM campaigns.calendar WHERE tenant_id = %s ORDER BY calendar",
        (Int4(tenant_id),),
    )
    return {calendar: tuple(day.isoformat() for day in days) for calendar, days in await cursor.fetchall()}


async def select_calendar_page(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Calendar]:
    """Return calendars by id, those after one."""
    cursor = await conn.execute(
        "SELECT calendar, revision, days FROM campaigns.calendar WHERE tenant_id = %s AND calendar > %s"
        " ORDER BY calendar LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [Calendar(id=row[0], revision=row[1], days=tuple(row[2])) for row in await cursor.fetchall()]
