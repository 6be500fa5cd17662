"""What windows have counted and were given, and the grants of which something is kept apart."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from plaudit.features.campaigns.model.engine.state import Key, Lot, Standing
from plaudit.features.campaigns.model.lots import Maturing
from plaudit.features.campaigns.model.strategies.base import Tally
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

_encode: Final = msgspec.json.Encoder().encode
_tally: Final = msgspec.json.Decoder(Tally).decode


async def ask_standings(conn: Connection, *, tenant_id: int, wanted: Collection[Key]) -> Cursor:
    """Ask for windows; `standings_in` reads the answer."""
    return await conn.execute(
        "SELECT s.campaign, s.viewer, s.span, s.entitled, s.granted, s.tally"
        " FROM unnest(%s, %s, %s) AS v (campaign, viewer, span) JOIN campaigns.standing s"
        " ON s.tenant_id = %s AND s.campaign = v.campaign AND s.viewer = v.viewer AND s.span = v.span",
        (*_columns(wanted), Int4(tenant_id)),
    )


async def standings_in(cursor: Cursor) -> dict[Key, Standing]:
    """Return windows; those that have counted nothing yet are left out."""
    return {
        Key(campaign, viewer, span): Standing(
            entitled, granted, None if tally is None else _tally(bytes(tally))
        )
        for campaign, viewer, span, entitled, granted, tally in await cursor.fetchall()
    }


async def save_standings(
    conn: Connection, *, tenant_id: int, standings: Sequence[tuple[Key, Standing]]
) -> None:
    """Write windows: those of one fact apart from those that count, for they have no tally."""
    for single in (True, False):
        some = [(key, one) for key, one in standings if (one.tally is None) is single]
        if not some:
            continue
        tally = "NULL::bytea" if single else "v.tally"
        more = "" if single else ", tally"
        column = "" if single else ", %s"
        tallies = () if single else (packing.byteas([_encode(one.tally) for _, one in some]),)
        await conn.execute(
            "INSERT INTO campaigns.standing (tenant_id, campaign, viewer, span, entitled, granted, tally)"
            f" SELECT %s, v.campaign, v.viewer, v.span, v.entitled, v.granted, {tally}"
            f" FROM unnest(%s, %s, %s, %s, %s{column}) AS v (campaign, viewer, span, entitled, granted{more})"
            " ON CONFLICT (tenant_id, campaign, viewer, span) DO UPDATE"
            " SET entitled = excluded.entitled, granted = excluded.granted, tally = excluded.tally",
            (
                Int4(tenant_id),
                *_columns([key for key, _ in some]),
                packing.int8s([one.entitled_minor for _, one in some]),
                packing.int8s([one.granted_minor for _, one in some]),
                *tallies,
            ),
        )


async def lock_lots(conn: Connection, *, tenant_id: int, wanted: Collection[Key]) -> dict[Key, list[Lot]]:
    """Return the lots of windows of which something is left, locked: newest first.

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
