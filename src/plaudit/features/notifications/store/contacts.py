"""How viewers are reached: personal rows, saved by table commands and deleted with the viewer's erasure."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from plaudit.features.notifications.model.contacts import Contact, Quiet
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_ROW: Final = (
    "viewer, revision, language, time_zone, email, phone, push_token, muted, quiet_from, quiet_until"
)


async def save_contact(conn: Connection, *, tenant_id: int, contact: Contact, now: datetime) -> int:
    """Insert or replace a viewer's contact, and return its new revision."""
    quiet = contact.quiet
    cursor = await conn.execute(
        f"INSERT INTO notifications.contact AS c (tenant_id, {_ROW}, saved_at)"
        " VALUES (%s, %s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, viewer) DO UPDATE SET revision = c.revision + 1, language ="
        " excluded.language, time_zone = excluded.time_zone, email = excluded.email, phone = excluded.phone,"
        " push_token = excluded.push_token, muted = excluded.muted, quiet_from = excluded.quiet_from,"
        " quiet_until = excluded.quiet_until, saved_at = excluded.saved_at RETURNING revision",
        (
            Int4(tenant_id),
            contact.viewer,
            contact.language,
            contact.time_zone,
            contact.email,
            contact.phone,
            contact.push_token,
            Jsonb({kind: list(channels) for kind, channels in contact.muted.items()}),
            quiet.from_min if quiet else None,
            quiet.until_min if quiet else None,
            now,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "a saved row has a revision"
    return int(row[0])


async def select_contacts(
    conn: Connection, *, tenant_id: int, viewers: Sequence[str]
) -> Mapping[str, Contact]:
    """Return the contacts of those viewers who have one."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.contact WHERE tenant_id = %s AND viewer = ANY(%s)",
        (Int4(tenant_id), packing.texts(viewers)),
    )
    return {row[0]: _contact(*row) for row in await cursor.fetchall()}


async def delete_contacts(conn: Connection, *, tenant_id: int, viewers: Sequence[str]) -> None:
    """Forget how viewers are reached."""
    await conn.execute(
        "DELETE FROM notifications.contact WHERE tenant_id = %s AND viewer = ANY(%s)",
        (Int4(tenant_id), packing.texts(viewers)),
    )


def _contact(*row: Any) -> Contact:  # noqa: ANN401 - the columns of _ROW
    viewer, revision, language, zone, email, phone, push_token, muted, quiet_from, quiet_until = row
    quiet = None if quiet_from is None else Quiet(from_min=quiet_from, until_min=quiet_until)
    return Contact(
        viewer=viewer,
        revision=revision,
        language=language,
        time_zone=zone,
        email=email,
        phone=phone,
        push_token=push_token,
        muted=muted,
        quiet=quiet,
    )
