"""The projections of what was tipped: set-based SQL straight over the facts between two positions."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

Side: TypeAlias = Literal["viewer", "creator"]

PROJECTION: Final = "tipping.tips"
"""The name of the subscription that keeps these tables."""

EVERYWHERE: Final = ""
"""The show under which a total counts all tips, in shows or not."""

# Anonymous tips count for the creator; no viewer's total tells of them.
_SIDES: Final = (
    " CROSS JOIN LATERAL (VALUES ('creator', '', c.creator), ('creator', c.show, c.creator),"
    " ('viewer', '', CASE WHEN NOT c.anonymous THEN c.viewer END),"
    " ('viewer', c.show, CASE WHEN NOT c.anonymous THEN c.viewer END)) AS v (side, show, id)"
    " WHERE v.show IS NOT NULL AND v.id IS NOT NULL GROUP BY c.tenant_id, v.side, c.asset, v.show, v.id"
    " ON CONFLICT (tenant_id, side, asset, show, id)"
    " DO UPDATE SET amount = t.amount + excluded.amount, tips = t.tips + excluded.tips"
)

_APPLY_SENT: Final = (
    "WITH c AS (INSERT INTO tipping.tip"
    " (tenant_id, position, viewer, creator, show, room, asset, gift, count, amount, reversed, anonymous, at)"
    " SELECT f.tenant_id, f.position, d.viewer, d.creator, d.show, d.room, d.asset, d.gift,"
    " coalesce(d.count, 1),"
    " d.amount_minor, 0, coalesce(d.anonymous, false), f.at"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data) AS d (viewer text, creator text, show"
    " text,"
    " room text, asset text, gift text, count integer, amount_minor bigint, anonymous boolean)"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s AND f.kind = 'tip.sent'"
    " RETURNING tenant_id, viewer, creator, show, asset, amount, anonymous)"
    " INSERT INTO tipping.total AS t (tenant_id, side, asset, show, id, amount, tips)"
    " SELECT c.tenant_id, v.side, c.asset, v.show, v.id, sum(c.amount), count(*) FROM c" + _SIDES
)

_APPLY_REVERSED: Final = (
    "WITH back AS (SELECT f.tenant_id, (f.data ->> 'tip')::bigint AS tip, sum((f.data ->>"
    " 'amount_minor')::bigint)"
    " AS amount FROM journal.fact f"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s AND f.kind = 'tip.reversed' GROUP BY"
    " 1, 2),"
    " c AS (UPDATE tipping.tip p SET reversed = p.reversed + back.amount FROM back"
    " WHERE p.tenant_id = back.tenant_id AND p.position = back.tip RETURNING p.tenant_id, p.viewer,"
    " p.creator, p.show,"
    " p.asset, back.amount AS amount, p.anonymous, p.reversed = p.amount AS whole)"
    " INSERT INTO tipping.total AS t (tenant_id, side, asset, show, id, amount, tips)"
    " SELECT c.tenant_id, v.side, c.asset, v.show, v.id, -sum(c.amount), -count(*) FILTER (WHERE c.whole)"
    " FROM c" + _SIDES
)

_TIP: Final = "position, viewer, creator, show, room, asset, gift, count, amount, reversed, anonymous, at"


@dataclass(frozen=True, slots=True, kw_only=True)
class TipRow:
    """One tip as the projection has it; what still stands of it is `amount_minor - reversed_minor`."""

    position: int
    viewer: str
    creator: str
    show: str | None
    room: str | None
    asset: str
    gift: str | None
    count: int
    amount_minor: int
    reversed_minor: int
    anonymous: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What one person gave or got in one asset, net of reversals; `tips` are those not reversed whole."""

    id: str
    asset: str
    amount_minor: int
    tips: int


async def apply_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring the projections from position `after` to `upto`.

    First the tips, then what was reversed of any.
    """
    span = (Int4(tenant_id), Int8(after), Int8(upto))
    await conn.execute(_APPLY_SENT, span)
    await conn.execute(_APPLY_REVERSED, span)


async def select_tip(conn: Connection, *, tenant_id: int, position: int) -> TipRow | None:
    """Return one tip, None where the projection has none at this position."""
    cursor = await conn.execute(
        f"SELECT {_TIP} FROM tipping.tip WHERE tenant_id = %s AND position = %s",
        (Int4(tenant_id), Int8(position)),
    )
    row = await cursor.fetchone()
    return _tip(*row) if row else None


async def select_tips(
    conn: Connection,
    *,
    tenant_id: int,
    viewer: str | None,
    creator: str | None,
    show: str | None,
    before: int,
    limit: int,
) -> list[TipRow]:
    """Return tips, newest first, before a position.

    Of a viewer, a creator, a show, as far as they are given.
    """
    given = [
        (column, value)
        for column, value in (("viewer", viewer), ("creator", creator), ("show", show))
        if value is not None
    ]
    filtered = "".join(f" AND {column} = %s" for column, _ in given)
    cursor = await conn.execute(
        f"SELECT {_TIP} FROM tipping.tip WHERE tenant_id = %s AND position < %s{filtered}"
        " ORDER BY position DESC LIMIT %s",
        (Int4(tenant_id), Int8(before), *(value for _, value in given), limit),
    )
    return [_tip(*row) for row in await cursor.fetchall()]


async def select_totals(
    conn: Connection, *, tenant_id: int, side: Side, asset: str, show: str, limit: int
) -> Sequence[Total]:
    """Return the largest totals of a side in a show, or EVERYWHERE.

    Reads all of that show's totals: a report.
    """
    cursor = await conn.execute(
        "SELECT id, asset, amount, tips FROM tipping.total"
        " WHERE tenant_id = %s AND side = %s AND asset = %s AND show = %s AND amount > 0"
        " ORDER BY amount DESC, id LIMIT %s",
        (Int4(tenant_id), side, asset, show, limit),
    )
    return [
        Total(id=id_, asset=code, amount_minor=amount, tips=tips)
        for id_, code, amount, tips in await cursor.fetchall()
    ]


def _tip(*row: Any) -> TipRow:  # noqa: ANN401 - the columns of _TIP
    position, viewer, creator, show, room, asset, gift, count, amount, reversed_, anonymous, at = row
    return TipRow(
        position=position,
        viewer=viewer,
        creator=creator,
        show=show,
        room=room,
        asset=asset,
        gift=gift,
        count=count,
        amount_minor=amount,
        reversed_minor=reversed_,
        anonymous=anonymous,
        at=at,
    )
