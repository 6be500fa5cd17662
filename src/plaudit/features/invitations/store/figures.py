"""The projections of invitations: set-based SQL straight over the facts between two positions."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from plaudit.features.invitations.model.links import PREFIX
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

State: TypeAlias = Literal["pending", "ended", "rewarded", "refused", "reversed"]

SHOWS: Final = "invitations.shows"
FRIENDS: Final = "invitations.friends"
"""The names of the subscriptions that keep these tables."""

_IN_SPAN: Final = " WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s AND f.position <= %(upto)s"

_APPLY_SHOWS: Final = (
    "INSERT INTO invitations.show (tenant_id, show, title_en, title_zh, starts_at)"
    " SELECT DISTINCT ON (d.show) f.tenant_id, d.show, d.title_en, d.title_zh, d.starts_at"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data)"
    " AS d (show text, title_en text, title_zh text, starts_at timestamptz)"
    f"{_IN_SPAN} AND f.kind = 'show.saved' ORDER BY d.show, f.position DESC"
    " ON CONFLICT (tenant_id, show) DO UPDATE SET title_en = excluded.title_en, title_zh ="
    " excluded.title_zh, starts_at = excluded.starts_at"
)

# What names no invitation by its form is nobody's friend; it may hold anything.
_APPLY_ORDERED: Final = (
    "INSERT INTO invitations.friend (tenant_id, ordered, invitation, show, friend, state, at)"
    " SELECT f.tenant_id, f.position, f.data #>> '{attribution,invitation}', f.data ->> 'show',"
    " f.data ->> 'payer', 'pending', f.at FROM journal.fact f"
    f"{_IN_SPAN} AND f.kind = 'ticket.ordered'"
    f" AND f.data #>> '{{attribution,invitation}}' ~ '^{PREFIX}[0-9A-Z]{{23}}$'"
)

_APPLY_ENDED: Final = (
    "UPDATE invitations.friend p SET state = 'ended' FROM journal.fact f"
    f"{_IN_SPAN} AND f.kind IN ('ticket.order.ended', 'ticket.forfeited', 'ticket.refunded')"
    " AND p.tenant_id = f.tenant_id AND p.ordered = (f.data ->> 'order')::bigint AND p.state = 'pending'"
)

# One order is rewarded or refused once, and reversed once after that: the last of a span holds.
_APPLY_DECIDED: Final = (
    "WITH d AS (SELECT DISTINCT ON (f.data ->> 'order') f.tenant_id, (f.data ->> 'order')::bigint AS ordered,"
    " substr(f.kind, 12) AS state, f.data ->> 'code' AS code FROM journal.fact f"
    f"{_IN_SPAN} AND f.kind IN ('invitation.rewarded', 'invitation.refused', 'invitation.reversed')"
    " ORDER BY f.data ->> 'order', f.position DESC)"
    " UPDATE invitations.friend p SET state = d.state, code = d.code FROM d"
    " WHERE p.tenant_id = d.tenant_id AND p.ordered = d.ordered"
)

_APPLY_TALLY: Final = (
    "INSERT INTO invitations.tally AS t"
    " (tenant_id, show, inviter, rewarded, reversed, refused, coin, points)"
    " SELECT f.tenant_id, f.data ->> 'show', f.data ->> 'inviter',"
    " count(*) FILTER (WHERE f.kind = 'invitation.rewarded')"
    " - count(*) FILTER (WHERE f.kind = 'invitation.reversed'),"
    " count(*) FILTER (WHERE f.kind = 'invitation.reversed'),"
    " count(*) FILTER (WHERE f.kind = 'invitation.refused'), sum(g.coin), sum(g.points)"
    " FROM journal.fact f CROSS JOIN LATERAL (SELECT"
    " coalesce(sum(v.amount) FILTER (WHERE v.asset = 'coin'), 0) AS coin,"
    " coalesce(sum(v.amount) FILTER (WHERE v.asset = 'points'), 0) AS points FROM ("
    "SELECT r ->> 'kind' AS asset, (r ->> 'amount_minor')::bigint AS amount FROM jsonb_array_elements("
    "CASE f.kind WHEN 'invitation.rewarded' THEN (f.data -> 'inviter_rewards') || (f.data ->"
    " 'friend_rewards') ELSE '[]' END) AS r"
    " UNION ALL SELECT r ->> 'asset', -coalesce((r ->> 'amount_minor')::bigint, 0)"
    " - coalesce((r ->> 'debt_minor')::bigint, 0) - coalesce((r ->> 'lost_minor')::bigint, 0)"
    " FROM jsonb_array_elements(CASE f.kind WHEN 'invitation.reversed' THEN f.data -> 'parts' ELSE '[]' END)"
    " AS r) AS v) AS g"
    f"{_IN_SPAN} AND f.kind IN ('invitation.rewarded', 'invitation.refused', 'invitation.reversed')"
    " AND f.data ? 'inviter' GROUP BY 1, 2, 3"
    " ON CONFLICT (tenant_id, show, inviter) DO UPDATE SET rewarded = t.rewarded + excluded.rewarded,"
    " reversed = t.reversed + excluded.reversed, refused = t.refused + excluded.refused,"
    " coin = t.coin + excluded.coin, points = t.points + excluded.points"
)

_FRIEND: Final = "p.ordered, i.show, p.friend, p.state, p.code, p.at"
_TALLY: Final = "rewarded, reversed, refused, coin, points"


@dataclass(frozen=True, slots=True, kw_only=True)
class FriendRow:
    """An order that came by a link, and what became of it; `code` says why it was refused."""

    order: int
    show: str
    friend: str
    state: State
    code: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What an inviter brought, or all of a show or tenant together: `id` is whose; amounts are net."""

    id: str
    rewarded: int
    reversed: int
    refused: int
    coin_minor: int
    points_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRow:
    """What posters say of a show."""

    title_en: str
    title_zh: str
    starts_at: datetime


async def apply_shows(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring what posters say of shows over a span."""
    await conn.execute(_APPLY_SHOWS, _span(tenant_id, after, upto))


async def apply_friends(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring friends and tallies over a span: orders first, then what ended them, then what was decided."""
    span = _span(tenant_id, after, upto)
    for statement in (_APPLY_ORDERED, _APPLY_ENDED, _APPLY_DECIDED, _APPLY_TALLY):
        await conn.execute(statement, span)


async def select_show(conn: Connection, *, tenant_id: int, show: str) -> ShowRow | None:
    """Return what posters say of a show, None for one that was never announced."""
    cursor = await conn.execute(
        "SELECT title_en, title_zh, starts_at FROM invitations.show WHERE tenant_id = %s AND show = %s",
        (Int4(tenant_id), show),
    )
    row = await cursor.fetchone()
    return ShowRow(title_en=row[0], title_zh=row[1], starts_at=row[2]) if row else None


async def select_friends(
    conn: Connection, *, tenant_id: int, viewer: str, show: str | None, before: int, limit: int
) -> list[FriendRow]:
    """Return who came by a viewer's links, to one show or to all, newest first, before an order."""
    filtered = "" if show is None else " AND i.show = %s"
    cursor = await conn.execute(
        f"SELECT {_FRIEND} FROM invitations.invitation i JOIN invitations.friend p"
        " ON p.tenant_id = i.tenant_id AND p.invitation = i.invitation AND p.show = i.show"
        f" WHERE i.tenant_id = %s AND i.viewer = %s AND p.ordered < %s{filtered}"
        " ORDER BY p.ordered DESC LIMIT %s",
        (Int4(tenant_id), viewer, Int8(before), *(() if show is None else (show,)), limit),
    )
    return [
        FriendRow(order=order, show=at_show, friend=friend, state=state, code=code, at=at)
        for order, at_show, friend, state, code, at in await cursor.fetchall()
    ]


async def select_board(conn: Connection, *, tenant_id: int, show: str, limit: int) -> Sequence[Tally]:
    """Return those who brought most friends to a show. Reads all of the show's tallies: a report."""
    cursor = await conn.execute(
        f"SELECT inviter, {_TALLY} FROM invitations.tally WHERE tenant_id = %s AND show = %s AND rewarded > 0"
        " ORDER BY rewarded DESC, inviter LIMIT %s",
        (Int4(tenant_id), show, limit),
    )
    return [_tally(row) for row in await cursor.fetchall()]


async def select_totals(
    conn: Connection, *, tenant_id: int, after: str, limit: int
) -> tuple[Tally, list[Tally]]:
    """Return the sums of a tenant, and of its shows after a show, by id. Reads all tallies: a report."""
    cursor = await conn.execute(
        "SELECT '', coalesce(sum(rewarded), 0)::bigint, coalesce(sum(reversed), 0)::bigint,"
        " coalesce(sum(refused), 0)::bigint, coalesce(sum(coin), 0)::bigint, coalesce(sum(points), 0)::bigint"
        " FROM invitations.tally WHERE tenant_id = %s",
        (Int4(tenant_id),),
    )
    whole = await cursor.fetchone()
    assert whole is not None, "an aggregate has a row"
    cursor = await conn.execute(
        "SELECT show, sum(rewarded)::bigint, sum(reversed)::bigint, sum(refused)::bigint, sum(coin)::bigint,"
        " sum(points)::bigint FROM invitations.tally WHERE tenant_id = %s AND show > %s GROUP BY show"
        " ORDER BY show LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return _tally(whole), [_tally(row) for row in await cursor.fetchall()]


def _tally(row: Any) -> Tally:  # noqa: ANN401 - the columns of _TALLY after an id
    id_, rewarded, reversed_, refused, coin, points = row
    return Tally(
        id=id_,
        rewarded=rewarded,
        reversed=reversed_,
        refused=refused,
        coin_minor=coin,
        points_minor=points,
    )


def _span(tenant_id: int, after: int, upto: int) -> dict[str, Int4 | Int8]:
    return {"tenant": Int4(tenant_id), "after": Int8(after), "upto": Int8(upto)}
