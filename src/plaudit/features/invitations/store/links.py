"""Links: one for each ticket holder and show."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from plaudit.features.invitations.model.links import Link
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_LINK = "invitation, viewer, show, name, opened_at"


async def save_link(
    conn: Connection,
    *,
    tenant_id: int,
    invitation: str,
    viewer: str,
    show: str,
    name: str | None,
    now: datetime,
) -> Link:
    """Insert a viewer's link, or give the one that there is another name, and return it."""
    cursor = await conn.execute(
        f"INSERT INTO invitations.invitation AS i (tenant_id, {_LINK}) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, viewer, show) DO UPDATE SET name = coalesce(excluded.name, i.name)"
        f" RETURNING {_LINK}",
        (Int4(tenant_id), invitation, viewer, show, name, now),
    )
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return _link(row)


async def select_link(conn: Connection, *, tenant_id: int, invitation: str) -> Link | None:
    """Return a link by its id."""
    cursor = await conn.execute(
        f"SELECT {_LINK} FROM invitations.invitation WHERE tenant_id = %s AND invitation = %s",
        (Int4(tenant_id), invitation),
    )
    row = await cursor.fetchone()
    return _link(row) if row else None


async def select_link_of(conn: Connection, *, tenant_id: int, viewer: str, show: str) -> Link | None:
    """Return a viewer's link to a show."""
    cursor = await conn.execute(
        f"SELECT {_LINK} FROM invitations.invitation WHERE tenant_id = %s AND viewer = %s AND show = %s",
        (Int4(tenant_id), viewer, show),
    )
    row = await cursor.fetchone()
    return _link(row) if row else None


async def erase_names(conn: Connection, *, tenant_id: int, viewers: Sequence[str]) -> None:
    """Erase the names that viewers gave for their posters."""
    await conn.execute(
        "UPDATE invitations.invitation SET name = NULL WHERE tenant_id = %s AND viewer = ANY(%s)"
        " AND name IS NOT NULL",
        (Int4(tenant_id), packing.texts(viewers)),
    )


def _link(row: tuple[Any, ...]) -> Link:
    invitation, viewer, show, name, opened_at = row
    return Link(id=invitation, viewer=viewer, show=show, name=name, opened_at=opened_at)
