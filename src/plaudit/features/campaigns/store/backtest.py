"""Facts of a period, page by page, for backtests."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from plaudit.features.campaigns.model.backtest.trial import Told
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_decode = msgspec.json.Decoder().decode


async def select_page(
    conn: Connection,
    *,
    tenant_id: int,
    kinds: Collection[str],
    rewards: Collection[str],
    after: int,
    upto: int,
    until: datetime,
) -> list[Told]:
    """Return facts with `after < position <= upto`, in order: `kinds` before a moment, all of `rewards`."""
    cursor = await conn.execute(
        "SELECT position, kind, at, recorded_at, data::text FROM journal.fact"
        " WHERE tenant_id = %s AND position > %s AND position <= %s"
        " AND (kind = ANY(%s) AND at < %s OR kind = ANY(%s)) ORDER BY position",
        (
            Int4(tenant_id),
            Int8(after),
            Int8(upto),
            packing.texts(sorted(kinds)),
            until,
            packing.texts(sorted(rewards)),
        ),
    )
    return [
        Told(position, kind, at, recorded_at, _decode(data))
        for position, kind, at, recorded_at, data in await cursor.fetchall()
    ]
