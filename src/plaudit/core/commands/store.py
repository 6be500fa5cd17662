"""The corridor's SQL: tenants and the numbered changes of reference data."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8


class Change(NamedTuple):
    """One change of a reference row."""

    revision: int
    topic: str
    key: str


class Tenant(NamedTuple):
    """One app of the installation."""

    tenant_id: int
    slug: str
    name: str
    time_zone: str
    created_at: datetime


async def insert_tenant(
    conn: Connection, *, slug: str, name: str, time_zone: str, now: datetime
) -> int | None:
    """Insert a tenant and return its id; None when the slug is taken."""
    cursor = await conn.execute(
        "INSERT INTO commands.tenant (slug, name, time_zone, created_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (slug) DO NOTHING RETURNING tenant_id",
        (slug, name, time_zone, now),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else None


async def select_tenants(conn: Connection) -> list[Tenant]:
    """Return all tenants by id."""
    cursor = await conn.execute(
        "SELECT tenant_id, slug, name, time_zone, created_at FROM commands.tenant ORDER BY tenant_id"
    )
    return [Tenant(*row) for row in await cursor.fetchall()]


async def select_tenant_of(conn: Connection, *, slug: str) -> int | None:
    """Return the id of the tenant with a slug, None where there is none."""
    cursor = await conn.execute("SELECT tenant_id FROM commands.tenant WHERE slug = %s", (slug,))
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def select_slug(conn: Connection, *, tenant_id: int) -> str:
    """Return the slug of a tenant."""
    cursor = await conn.execute("SELECT slug FROM commands.tenant WHERE tenant_id = %s", (Int4(tenant_id),))
    row = await cursor.fetchone()
    assert row is not None, f"no tenant {tenant_id}"
    return str(row[0])


async def select_time_zone(conn: Connection, *, tenant_id: int) -> str:
    """Return the IANA name of a tenant's time zone."""
    cursor = await conn.execute(
        "SELECT time_zone FROM commands.tenant WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    assert row is not None, f"no tenant {tenant_id}"
    return str(row[0])


async def select_revision(conn: Connection, *, tenant_id: int) -> int:
    """Return the number of a tenant's newest change."""
    cursor = await conn.execute(
        "SELECT revision FROM commands.tenant WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    assert row is not None, f"no tenant {tenant_id}"
    return int(row[0])


async def select_revisions(conn: Connection, *, tenant_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return (tenant_id, revision) of the given tenants."""
    cursor = await conn.execute(
        "SELECT tenant_id, revision FROM commands.tenant WHERE tenant_id = ANY(%s)", (list(tenant_ids),)
    )
    return [(int(tenant_id), int(revision)) for tenant_id, revision in await cursor.fetchall()]


async def select_changes(conn: Connection, *, tenant_id: int, after: int) -> Cursor:
    """Ask for the changes after a number. Rows, fetched later: (revision, topic, key)."""
    return await conn.execute(
        "SELECT revision, topic, key FROM commands.change WHERE tenant_id = %s AND revision > %s"
        " ORDER BY revision",
        (Int4(tenant_id), Int8(after)),
        binary=True,
    )


async def record_changes(conn: Connection, *, tenant_id: int, items: Sequence[tuple[str, str]]) -> None:
    """Give the changed rows the tenant's next number, keeping its row locked to the commit."""
    await conn.execute(
        "WITH next AS (UPDATE commands.tenant SET revision = revision + 1 WHERE tenant_id = %s"
        " RETURNING tenant_id, revision)"
        " INSERT INTO commands.change (tenant_id, revision, topic, key)"
        " SELECT DISTINCT next.tenant_id, next.revision, v.topic, v.key"
        " FROM next, unnest(%s::text[], %s::text[]) AS v (topic, key)",
        (Int4(tenant_id), [topic for topic, _ in items], [key for _, key in items]),
    )
