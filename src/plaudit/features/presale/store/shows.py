"""Shows: saved by table commands, loaded as reference rows, listed by name."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from plaudit.features.presale.model.shows import Show, Text
from plaudit.kernel.rate import Rate
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4
from plaudit.vocabulary.facts.shows import ShowState, StreamRights

_SAVED = (
    "show, revision, state, organiser, starts_at, ends_at, texts, streams, commission, sale_at, poster_url,"
    " watch_url, devices_max"
)
_SHOW = f"{_SAVED}, ended_at"


async def lock_show(conn: Connection, *, tenant_id: int, show: str) -> Show | None:
    """Return a show that nobody else changes before this transaction ends, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_SHOW} FROM presale.show WHERE tenant_id = %s AND show = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), show),
    )
    row = await cursor.fetchone()
    return None if row is None else _show(row)


async def share_show(conn: Connection, *, tenant_id: int, show: str) -> Show | None:
    """Return a show that stays as it is until this transaction ends; others may share it meanwhile."""
    cursor = await conn.execute(
        f"SELECT {_SHOW} FROM presale.show WHERE tenant_id = %s AND show = %s FOR SHARE",
        (Int4(tenant_id), show),
    )
    row = await cursor.fetchone()
    return None if row is None else _show(row)


async def insert_show(conn: Connection, *, tenant_id: int, show: Show) -> None:
    """Insert a show. Raises a unique violation when somebody else has just done so."""
    await conn.execute(
        f"INSERT INTO presale.show (tenant_id, {_SAVED})"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (Int4(tenant_id), show.id, show.revision, show.state, *_page(show)),
    )


async def update_show(conn: Connection, *, tenant_id: int, show: Show) -> None:
    """Write a show that this transaction has locked, all but its state."""
    await conn.execute(
        "UPDATE presale.show SET revision = %s, organiser = %s, starts_at = %s, ends_at = %s, texts = %s,"
        " streams = %s, commission = %s, sale_at = %s, poster_url = %s, watch_url = %s, devices_max = %s"
        " WHERE tenant_id = %s AND show = %s",
        (show.revision, *_page(show), Int4(tenant_id), show.id),
    )


async def update_state(conn: Connection, *, tenant_id: int, show: Show) -> None:
    """Write the state and the revision of a show that this transaction has locked, and when it was ended."""
    await conn.execute(
        "UPDATE presale.show SET revision = %s, state = %s, ended_at = %s WHERE tenant_id = %s AND show = %s",
        (show.revision, show.state, show.ended_at, Int4(tenant_id), show.id),
    )


async def load_shows(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Show]:
    """Return those of the shows that were saved."""
    cursor = await conn.execute(
        f"SELECT {_SHOW} FROM presale.show WHERE tenant_id = %s AND show = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _show(row) for row in await cursor.fetchall()}


async def select_shows(
    conn: Connection,
    *,
    tenant_id: int,
    state: ShowState | None,
    drafts: bool,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[Show]:
    """Return shows by when they start and by name, those after such a pair; drafts only if asked for."""
    filtered, given = "", list[Any]()
    if state is not None:
        filtered, given = " AND state = %s", [state]
    if not drafts:
        filtered += " AND state <> 'draft'"
    if after is not None:
        filtered, given = filtered + " AND (starts_at, show) > (%s, %s)", [*given, *after]
    cursor = await conn.execute(
        f"SELECT {_SHOW} FROM presale.show WHERE tenant_id = %s{filtered} ORDER BY starts_at, show LIMIT %s",
        (Int4(tenant_id), *given, limit),
    )
    return [_show(row) for row in await cursor.fetchall()]


async def select_sales_due(
    conn: Connection, *, tenant_id: int, now: datetime, after: tuple[datetime, str] | None, limit: int
) -> list[tuple[datetime, str]]:
    """Return (sale_at, show) of shows in presale whose sale should have begun, those after such a pair."""
    beyond = "" if after is None else " AND (sale_at, show) > (%s, %s)"
    cursor = await conn.execute(
        "SELECT sale_at, show FROM presale.show"
        f" WHERE tenant_id = %s AND state = 'presale' AND sale_at <= %s{beyond}"
        " ORDER BY sale_at, show LIMIT %s",
        (Int4(tenant_id), now, *(after or ()), limit),
    )
    return [(sale_at, show) for sale_at, show in await cursor.fetchall()]


def _page(show: Show) -> tuple[Any, ...]:
    """Return the columns from `organiser` on."""
    return (
        show.organiser,
        show.starts_at,
        show.ends_at,
        Jsonb(msgspec.to_builtins(dict(show.texts))),
        Jsonb(msgspec.to_builtins(show.streams)),
        str(show.commission),
        show.sale_at,
        show.poster_url,
        show.watch_url,
        show.devices_max,
    )


def _show(row: tuple[Any, ...]) -> Show:
    (
        show,
        revision,
        state,
        organiser,
        starts_at,
        ends_at,
        texts,
        streams,
        commission,
        sale_at,
        poster_url,
        watch_url,
        devices_max,
        ended_at,
    ) = row
    return Show(
        id=show,
        revision=revision,
        state=state,
        organiser=organiser,
        starts_at=starts_at,
        ends_at=ends_at,
        texts=msgspec.convert(texts, dict[str, Text]),
        streams=msgspec.convert(streams, tuple[StreamRights, ...]),
        commission=Rate.parse(commission),
        sale_at=sale_at,
        poster_url=poster_url,
        watch_url=watch_url,
        devices_max=devices_max,
        ended_at=ended_at,
    )
