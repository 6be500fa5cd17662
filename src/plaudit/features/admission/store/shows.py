"""The projection of shows: set-based SQL over the facts between two positions, and reading it."""

from collections.abc import Sequence
from typing import Any, Final

from plaudit.features.admission.model.shows import Show
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

PROJECTION: Final = "admission.shows"
"""The name of the subscription that keeps this table."""

# The newest announcement of the span, and the newest state of all facts of it: an announcement says both.
_APPLY_SAVED: Final = (
    "INSERT INTO admission.show AS s (tenant_id, show, state, starts_at, ends_at, devices_max, streams)"
    " SELECT DISTINCT ON (d.show) f.tenant_id, d.show, d.state, d.starts_at, d.ends_at,"
    " coalesce(d.devices_max, 1), d.streams"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data) AS d (show text, state text,"
    " starts_at timestamptz, ends_at timestamptz, devices_max integer, streams jsonb)"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s AND f.kind = 'show.saved'"
    " ORDER BY d.show, f.position DESC"
    " ON CONFLICT (tenant_id, show) DO UPDATE SET state = excluded.state, starts_at = excluded.starts_at,"
    " ends_at = excluded.ends_at, devices_max = excluded.devices_max, streams = excluded.streams"
)
_APPLY_STATE: Final = (
    "UPDATE admission.show s SET state = n.state FROM (SELECT DISTINCT ON (f.data ->> 'show')"
    " f.tenant_id, f.data ->> 'show' AS show, f.data ->> 'state' AS state FROM journal.fact f"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s"
    " AND f.kind IN ('show.saved', 'show.state.changed')"
    " ORDER BY f.data ->> 'show', f.position DESC) n WHERE s.tenant_id = n.tenant_id AND s.show = n.show"
)


async def apply_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring the projection from position `after` to `upto`."""
    span = (Int4(tenant_id), Int8(after), Int8(upto))
    await conn.execute(_APPLY_SAVED, span)
    await conn.execute(_APPLY_STATE, span)


async def ask_shows(conn: Connection, *, tenant_id: int, shows: Sequence[str]) -> Cursor:
    """Ask for those of the shows that were announced; `shows_in` reads the answer."""
    return await conn.execute(
        "SELECT show, state, starts_at, ends_at, devices_max, streams FROM admission.show"
        " WHERE tenant_id = %s AND show = ANY(%s)",
        (Int4(tenant_id), packing.texts(shows)),
    )


async def shows_in(cursor: Cursor) -> dict[str, Show]:
    """Return shows by name."""
    return {row[0]: _show(*row) for row in await cursor.fetchall()}


async def select_shows(conn: Connection, *, tenant_id: int, shows: Sequence[str]) -> dict[str, Show]:
    """Return those of the shows that were announced, by name."""
    return await shows_in(await ask_shows(conn, tenant_id=tenant_id, shows=shows))


def _show(*row: Any) -> Show:  # noqa: ANN401 - the columns of the statement above
    show, state, starts_at, ends_at, devices_max, streams = row
    return Show(
        show=show,
        state=state,
        starts_at=starts_at,
        ends_at=ends_at,
        devices_max=devices_max,
        streams={one["stream"]: tuple(one["rights"]) for one in streams},
    )
