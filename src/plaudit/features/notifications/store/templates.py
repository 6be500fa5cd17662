"""Texts that tenants have changed; what is not here is the built-in text."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from plaudit.features.notifications.model.kinds import Language, Text
from plaudit.features.notifications.model.templates import Template
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_ROW: Final = "kind, language, revision, title, body, saved_at"


async def save_template(
    conn: Connection,
    *,
    tenant_id: int,
    kind: str,
    language: Language,
    text: Text | None,
    saved_by: str,
    now: datetime,
) -> int:
    """Insert or replace a text (None: the built-in one again), and return its new revision."""
    cursor = await conn.execute(
        "INSERT INTO notifications.template AS t"
        " (tenant_id, kind, language, revision, title, body, saved_by, saved_at)"
        " VALUES (%s, %s, %s, 1, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, kind, language) DO UPDATE SET revision = t.revision + 1, title ="
        " excluded.title, body = excluded.body, saved_by = excluded.saved_by, saved_at = excluded.saved_at"
        " RETURNING revision",
        (
            Int4(tenant_id),
            kind,
            language,
            text.title if text else None,
            text.body if text else None,
            saved_by,
            now,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "a saved row has a revision"
    return int(row[0])


async def select_templates(conn: Connection, *, tenant_id: int) -> Mapping[tuple[str, str], Template]:
    """Return all texts that were ever changed, by kind and language: a few dozen at most."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM notifications.template WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    return {(row[0], row[1]): _template(*row) for row in await cursor.fetchall()}


def _template(*row: Any) -> Template:  # noqa: ANN401 - the columns of _ROW
    kind, language, revision, title, body, saved_at = row
    text = None if title is None else Text(title, body)
    return Template(kind=kind, language=language, revision=revision, text=text, saved_at=saved_at)
