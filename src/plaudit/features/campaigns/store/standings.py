"""What windows have counted and were given, and the grants of which something is kept apart."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from plaudit.features.campaigns.model.engine.state import FACT, Key, Lot, Standing, is_part
from plaudit.features.campaigns.model.lots import Maturing
from plaudit.features.campaigns.model.strategies.base import Tally
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

_encode: Final = msgspec.json.Encoder().encode
_tally: Final = msgspec.json.Decoder(Tally).decode


async def select_standings(
    conn: Connection, *, tenant_id: int, wanted: Collection[Key]
) -> dict[Key, Standing]:
    """Return windows; those that have counted nothing yet are left out. At most two queries, in one trip.

    One index probe a window, as `viewers.ask_firsts` says why.
    """
    parts = {(int(key.window.removeprefix(FACT)), key.campaign): key for key in wanted if is_part(key)}
    counting = [key for key in wanted if not is_part(key)]
    found: dict[Key, Standing] = {}
    async with conn.pipeline():
        asked = await _ask_counting(conn, tenant_id, counting) if counting else None
        asked_parts = await _ask_parts(conn, tenant_id, list(parts)) if parts else None
    if asked is not None:
        for campaign, viewer, span, entitled, granted, tally in await asked.fetchall():
            key = Key(campaign, viewer, span)
            found[key] = Standing(entitled, granted, _tally(bytes(tally)))
    if asked_parts is not None:
        for fact, campaign, entitled, granted in await asked_parts.fetchall():
            found[parts[fact, campaign]] = Standing(entitled, granted)
    return found


async def _ask_counting(conn: Connection, tenant_id: int, keys: Sequence[Key]) -> Cursor:
    return await conn.execute(
        "SELECT s.campaign, s.viewer, s.span, s.entitled, s.granted, s.tally"
        " FROM unnest(%s, %s, %s) AS v (campaign, viewer, span) CROSS JOIN LATERAL"
        " (SELECT * FROM campaigns.standing WHERE tenant_id = %s AND campaign = v.campaign"
        " AND viewer = v.viewer AND span = v.span OFFSET 0) AS s",
        (*_columns(keys), Int4(tenant_id)),
    )


async def _ask_parts(conn: Connection, tenant_id: int, parts: Sequence[tuple[int, str]]) -> Cursor:
    return await conn.execute(
        "SELECT p.fact, p.campaign, p.entitled, p.granted FROM unnest(%s, %s) AS v (fact, campaign)"
        " CROSS JOIN LATERAL (SELECT * FROM campaigns.part WHERE tenant_id = %s AND fact = v.fact"
        " AND campaign = v.campaign OFFSET 0) AS p",
        (
            packing.int8s([fact for fact, _ in parts]),
            packing.texts([campaign for _, campaign in parts]),
            Int4(tenant_id),
        ),
    )


async def save_standings(
    conn: Connection, *, tenant_id: int, standings: Sequence[tuple[Key, Standing]]
) -> None:
    """Write windows, those of one fact apart."""
    parts = [(key, one) for key, one in standings if is_part(key)]
    counting = [(key, one) for key, one in standings if not is_part(key)]
    if parts:
        await _save_parts(conn, tenant_id, parts)
    if counting:
        await conn.execute(
            "INSERT INTO campaigns.standing (tenant_id, campaign, viewer, span, entitled, granted, tally)"
            " SELECT %s, v.campaign, v.viewer, v.span, v.entitled, v.granted, v.tally"
            " FROM unnest(%s, %s, %s, %s, %s, %s) AS v (campaign, viewer, span, entitled, granted, tally)"
            " ON CONFLICT (tenant_id, campaign, viewer, span) DO UPDATE"
            " SET entitled = excluded.entitled, granted = excluded.granted, tally = excluded.tally",
            (
                Int4(tenant_id),
                *_columns([key for key, _ in counting]),
                packing.int8s([one.entitled_minor for _, one in counting]),
                packing.int8s([one.granted_minor for _, one in counting]),
                packing.byteas([_encode(one.tally) for _, one in counting]),
            ),
        )


async def _save_parts(conn: Connection, tenant_id: int, parts: Sequence[tuple[Key, Standing]]) -> None:
    await conn.execute(
        "INSERT INTO campaigns.part (tenant_id, fact, campaign, entitled, granted)"
        " SELECT %s, v.fact, v.campaign, v.entitled, v.granted"
        " FROM unnest(%s, %s, %s, %s) AS v (fact, campaign, entitled, granted)"
        " ON CONFLICT (tenant_id, fact, campaign) DO UPDATE"
        " SET entitled = excluded.entitled, granted = excluded.granted",
        (
            Int4(tenant_id),
            packing.int8s([int(key.window.removeprefix(FACT)) for key, _ in parts]),
            packing.texts([key.campaign for key, _ in parts]),
            packing.int8s([one.entitled_minor for _, one in parts]),
            packing.int8s([one.granted_minor for _, one in parts]),
        ),
    )


async def lock_lots(conn: Connection, *, tenant_id: int, wanted: Collection[Key]) -> dict[Key, list[Lot]]:
    """Return the lots of windows of which something is left, locked: oldest first.

    Nothing of them matures until this transaction ends.
    """
    cursor = await conn.execute(
        "SELECT l.campaign, l.viewer, l.span, l.fact, l.cause, l.remaining, l.matures_at, l.position"
        " FROM unnest(%s, %s, %s) AS v (campaign, viewer, span) CROSS JOIN LATERAL"
        " (SELECT * FROM campaigns.lot l WHERE l.tenant_id = %s AND l.campaign = v.campaign"
        " AND l.viewer = v.viewer AND l.span = v.span AND l.remaining > 0"
        " ORDER BY l.position FOR NO KEY UPDATE) l",
        (*_columns(sorted(wanted)), Int4(tenant_id)),
    )
    found: dict[Key, list[Lot]] = {}
    for campaign, viewer, span, fact, cause, remaining, matures_at, position in await cursor.fetchall():
        lot = Lot(fact, cause, remaining, matures_at, position)
        found.setdefault(Key(campaign, viewer, span), []).append(lot)
    return found


async def save_lots(
    conn: Connection, *, tenant_id: int, lots: Mapping[Key, Sequence[Lot]], assets: Mapping[str, str]
) -> None:
    """Write lots. `assets` are the rewards' by campaign."""
    rows = [(key, lot) for key, some in lots.items() for lot in some]
    await conn.execute(
        "INSERT INTO campaigns.lot"
        " (tenant_id, campaign, viewer, span, fact, cause, position, asset, remaining, matures_at)"
        " SELECT %s, v.campaign, v.viewer, v.span, v.fact, v.cause, v.position, v.asset, v.remaining,"
        " v.matures_at"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s::timestamptz[])"
        " AS v (campaign, viewer, span, fact, cause, position, asset, remaining, matures_at)"
        " ON CONFLICT (tenant_id, campaign, viewer, span, fact, cause) DO UPDATE"
        " SET remaining = excluded.remaining",
        (
            Int4(tenant_id),
            *_columns([key for key, _ in rows]),
            packing.int8s([lot.fact for _, lot in rows]),
            packing.int8s([lot.cause for _, lot in rows]),
            packing.int8s([lot.position for _, lot in rows]),
            packing.texts([assets[key.campaign] for key, _ in rows]),
            packing.int8s([lot.remaining_minor for _, lot in rows]),
            [lot.matures_at for _, lot in rows],
        ),
    )


async def lock_maturing(
    conn: Connection, *, tenant_id: int, now: datetime, after: tuple[datetime, int], limit: int
) -> list[Maturing]:
    """Return the next lots that have matured and are still pending, after (matures_at, grant), locked.

    Those that somebody else has locked are left to him.
    """
    cursor = await conn.execute(
        "SELECT campaign, viewer, span, fact, cause, position, asset, remaining, matures_at"
        " FROM campaigns.lot WHERE tenant_id = %s AND matures_at IS NOT NULL"
        " AND remaining > 0 AND matures_at <= %s"
        " AND (matures_at, position) > (%s, %s) ORDER BY matures_at, position LIMIT %s"
        " FOR NO KEY UPDATE SKIP LOCKED",
        (Int4(tenant_id), now, after[0], Int8(after[1]), Int8(limit)),
    )
    return [Maturing(*row) for row in await cursor.fetchall()]


async def empty_lots(conn: Connection, *, tenant_id: int, lots: Iterable[Maturing]) -> None:
    """Write that nothing is left of lots."""
    some = list(lots)
    await conn.execute(
        "UPDATE campaigns.lot l SET remaining = 0"
        " FROM unnest(%s, %s, %s, %s, %s) AS v (campaign, viewer, span, fact, cause)"
        " WHERE l.tenant_id = %s AND l.campaign = v.campaign AND l.viewer = v.viewer AND l.span = v.span"
        " AND l.fact = v.fact AND l.cause = v.cause",
        (
            packing.texts([one.campaign for one in some]),
            packing.texts([one.viewer for one in some]),
            packing.texts([one.window for one in some]),
            packing.int8s([one.fact for one in some]),
            packing.int8s([one.cause for one in some]),
            Int4(tenant_id),
        ),
    )


def _columns(keys: Collection[Key]) -> tuple[packing.Column, packing.Column, packing.Column]:
    """Return keys as columns."""
    return (
        packing.texts([key.campaign for key in keys]),
        packing.texts([key.viewer for key in keys]),
        packing.texts([key.window for key in keys]),
    )
