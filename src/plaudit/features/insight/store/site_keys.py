"""Site keys: saved by table commands, loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.features.insight.model import SiteKey
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ROW: Final = "tenant_id, number, name, enabled, rate_per_second, revision, saved_at"


async def insert_site_key(
    conn: Connection, *, tenant_id: int, name: str, rate_per_second: int, now: datetime
) -> SiteKey:
    """Insert a site key at revision 1 and return it."""
    cursor = await conn.execute(
        "INSERT INTO insight.site_key (tenant_id, name, enabled, rate_per_second, revision, saved_at)"
        f" VALUES (%s, %s, true, %s, 1, %s) RETURNING {_ROW}",
        (Int4(tenant_id), name, Int4(rate_per_second), now),
    )
    row = await cursor.fetchone()
    assert row is not None, "an insert returns its row"
    return _site_key(*row)


async def update_site_key(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    name: str,
    enabled: bool,
    rate_per_second: int,
    now: datetime,
) -> SiteKey | None:
    """Change a site key, and return it at its new revision; None when there is none of this number."""
    cursor = await conn.execute(
        "UPDATE insight.site_key SET name = %s, enabled = %s, rate_per_second = %s, revision = revision + 1,"
        f" saved_at = %s WHERE tenant_id = %s AND number = %s RETURNING {_ROW}",
        (name, enabled, Int4(rate_per_second), now, Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _site_key(*row) if row else None


async def load_site_keys(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, SiteKey]:
    """Return those of the site keys that there are; a key is the number as text."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM insight.site_key WHERE tenant_id = %s AND number = ANY(%s)",
        (Int4(tenant_id), packing.int8s([int(key) for key in keys])),
    )
    return {str(row[1]): _site_key(*row) for row in await cursor.fetchall()}


async def select_site_keys(conn: Connection, *, tenant_id: int, after: int, limit: int) -> list[SiteKey]:
    """Return site keys by number, those after a number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM insight.site_key WHERE tenant_id = %s AND number > %s ORDER BY number LIMIT %s",
        (Int4(tenant_id), Int8(after), limit),
    )
    return [_site_key(*row) for row in await cursor.fetchall()]


def _site_key(*row: Any) -> SiteKey:  # noqa: ANN401 - the columns of _ROW
    tenant_id, number, name, enabled, rate_per_second, revision, saved_at = row
    return SiteKey(
        tenant_id=tenant_id,
        number=number,
        name=name,
        enabled=enabled,
        rate_per_second=rate_per_second,
        revision=revision,
        saved_at=saved_at,
    )
