"""What is remembered of viewers' facts: first ones, how they are found and undone, what viewers were."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from plaudit.features.campaigns.model.engine.state import First
from plaudit.features.campaigns.model.happenings import Described, Reversal
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

_MOMENT: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

# Who has a first fact already is left alone by a look: an insert that conflicts would lock the row.
_NOTE_FIRSTS: Final = (
    "INSERT INTO campaigns.first AS b (tenant_id, trigger, viewer, at, rank, position)"
    " SELECT n.tenant_id, n.trigger, n.viewer, n.at, '', n.position"
    " FROM (SELECT DISTINCT ON (t.trigger, v.viewer)"
    " f.tenant_id, t.trigger, v.viewer, f.at, f.position"
    " FROM journal.fact f JOIN unnest(%(kinds)s, %(triggers)s) AS t (kind, trigger) ON t.kind = f.kind"
    " CROSS JOIN LATERAL (SELECT coalesce(f.data ->> 'viewer', f.data ->> 'payer') AS viewer) v"
    " WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s AND f.position <= %(upto)s"
    " ORDER BY t.trigger, v.viewer, f.at, f.position) n"
    " LEFT JOIN campaigns.first o ON o.tenant_id = n.tenant_id AND o.trigger = n.trigger"
    " AND o.viewer = n.viewer WHERE o.viewer IS NULL OR n.at < o.at"
    " ON CONFLICT (tenant_id, trigger, viewer) DO UPDATE"
    " SET at = excluded.at, rank = excluded.rank, position = excluded.position"
)
_DISPLACES: Final = (
    "SELECT EXISTS (SELECT 1 FROM journal.fact f"
    " JOIN unnest(%(kinds)s, %(triggers)s) AS t (kind, trigger) ON t.kind = f.kind"
    " CROSS JOIN LATERAL (SELECT at, position FROM campaigns.first WHERE tenant_id = f.tenant_id"
    " AND trigger = t.trigger AND viewer = coalesce(f.data ->> 'viewer', f.data ->> 'payer') OFFSET 0) AS o"
    " WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s AND f.position <= %(upto)s"
    " AND f.at < o.at AND o.position > %(since)s)"
)


async def note_firsts(
    conn: Connection, *, tenant_id: int, after: int, upto: int, triggers: Mapping[str, str]
) -> None:
    """Remember the first facts of viewers in a span, of triggers given by the kind of fact.

    For when nothing runs. One statement, which only reads where nobody is new.
    """
    await conn.execute(
        _NOTE_FIRSTS,
        {
            "tenant": Int4(tenant_id),
            "after": Int8(after),
            "upto": Int8(upto),
            "kinds": packing.texts(list(triggers)),
            "triggers": packing.texts(list(triggers.values())),
        },
    )


async def displaces(
    conn: Connection, *, tenant_id: int, after: int, upto: int, since: int, triggers: Mapping[str, str]
) -> bool:
    """Tell whether a span has a fact that is earlier than a first one which stands after a position."""
    cursor = await conn.execute(
        _DISPLACES,
        {
            "tenant": Int4(tenant_id),
            "after": Int8(after),
            "upto": Int8(upto),
            "since": Int8(since),
            "kinds": packing.texts(list(triggers)),
            "triggers": packing.texts(list(triggers.values())),
        },
    )
    row = await cursor.fetchone()
    assert row is not None, "EXISTS always answers"
    displaces: bool = row[0]
    return displaces


async def ask_firsts(conn: Connection, *, tenant_id: int, wanted: Collection[tuple[str, str]]) -> Cursor:
    """Ask for the first facts of (trigger, viewer); `firsts_in` reads the answer.

    The lateral query keeps it one index probe a viewer, here and below: where statistics are young the
    planner would otherwise compare all viewers of the tenant with those that are asked for.
    """
    pairs = sorted(wanted)
    return await conn.execute(
        "SELECT f.trigger, f.viewer, f.at, f.rank, f.position FROM unnest(%s, %s) AS v (trigger, viewer)"
        " CROSS JOIN LATERAL (SELECT * FROM campaigns.first WHERE tenant_id = %s AND trigger = v.trigger"
        " AND viewer = v.viewer OFFSET 0) AS f",
        (
            packing.texts([trigger for trigger, _ in pairs]),
            packing.texts([viewer for _, viewer in pairs]),
            Int4(tenant_id),
        ),
    )


async def firsts_in(cursor: Cursor) -> dict[tuple[str, str], First]:
    """Return first facts by (trigger, viewer)."""
    return {
        (trigger, viewer): First(at, bytes(rank), position)
        for trigger, viewer, at, rank, position in await cursor.fetchall()
    }


async def save_firsts(conn: Connection, *, tenant_id: int, firsts: Mapping[tuple[str, str], First]) -> None:
    """Write first facts."""
    await conn.execute(
        "INSERT INTO campaigns.first (tenant_id, trigger, viewer, at, rank, position)"
        " SELECT %s, v.trigger, v.viewer, v.at, v.rank, v.position"
        " FROM unnest(%s, %s, %s, %s, %s) AS v (trigger, viewer, at, rank, position)"
        " ON CONFLICT (tenant_id, trigger, viewer) DO UPDATE"
        " SET at = excluded.at, rank = excluded.rank, position = excluded.position",
        (
            Int4(tenant_id),
            packing.texts([trigger for trigger, _ in firsts]),
            packing.texts([viewer for _, viewer in firsts]),
            packing.times([one.at for one in firsts.values()]),
            packing.byteas([one.rank for one in firsts.values()]),
            packing.int8s([one.position for one in firsts.values()]),
        ),
    )


async def ask_origins(conn: Connection, *, tenant_id: int, references: Collection[str]) -> Cursor:
    """Ask at which positions the facts of references stand; `origins_in` reads the answer."""
    return await conn.execute(
        "SELECT o.reference, o.position FROM unnest(%s) AS v (reference)"
        " CROSS JOIN LATERAL (SELECT * FROM campaigns.origin WHERE tenant_id = %s"
        " AND reference = v.reference OFFSET 0) AS o"
        " ORDER BY o.reference, o.position",
        (packing.texts(sorted(references)), Int4(tenant_id)),
    )


async def origins_in(cursor: Cursor) -> dict[str, list[int]]:
    """Return positions by reference."""
    found: dict[str, list[int]] = {}
    for reference, position in await cursor.fetchall():
        found.setdefault(reference, []).append(position)
    return found


async def save_origins(conn: Connection, *, tenant_id: int, origins: Sequence[tuple[str, int]]) -> None:
    """Write (reference, position) of facts."""
    await conn.execute(
        "INSERT INTO campaigns.origin (tenant_id, reference, position)"
        " SELECT %s, v.reference, v.position FROM unnest(%s, %s) AS v (reference, position)"
        " ON CONFLICT DO NOTHING",
        (
            Int4(tenant_id),
            packing.texts([reference for reference, _ in origins]),
            packing.int8s([position for _, position in origins]),
        ),
    )


async def select_undone(
    conn: Connection, *, tenant_id: int, positions: Collection[int]
) -> dict[int, Reversal]:
    """Return what is undone of facts so far, by position; those of which nothing is are left out."""
    cursor = await conn.execute(
        "SELECT u.position, u.reversed, u.paid FROM unnest(%s) AS v (position)"
        " CROSS JOIN LATERAL (SELECT * FROM campaigns.undone WHERE tenant_id = %s"
        " AND position = v.position OFFSET 0) AS u",
        (packing.int8s(sorted(positions)), Int4(tenant_id)),
    )
    return {
        position: Reversal(
            position=0,
            at=_MOMENT,
            trigger="",
            target=position,
            reference=None,
            reversed_minor=reversed_minor,
            paid_minor=paid_minor,
        )
        for position, reversed_minor, paid_minor in await cursor.fetchall()
    }


async def save_undone(conn: Connection, *, tenant_id: int, undone: Mapping[int, Reversal]) -> None:
    """Write what is undone of facts, by position."""
    await conn.execute(
        "INSERT INTO campaigns.undone (tenant_id, position, reversed, paid)"
        " SELECT %s, v.position, v.reversed, v.paid"
        " FROM unnest(%s, %s, %s::bigint[]) AS v (position, reversed, paid)"
        " ON CONFLICT (tenant_id, position) DO UPDATE SET reversed = excluded.reversed, paid = excluded.paid",
        (
            Int4(tenant_id),
            packing.int8s(list(undone)),
            packing.int8s([one.reversed_minor for one in undone.values()]),
            [one.paid_minor for one in undone.values()],
        ),
    )


async def ask_described(conn: Connection, *, tenant_id: int, viewers: Collection[str]) -> Cursor:
    """Ask what was said of viewers; `described_in` reads the answer."""
    return await conn.execute(
        "SELECT d.viewer, d.position, d.at, d.level, d.tags FROM unnest(%s) AS v (viewer)"
        " CROSS JOIN LATERAL (SELECT * FROM campaigns.described WHERE tenant_id = %s"
        " AND viewer = v.viewer OFFSET 0) AS d"
        " ORDER BY d.viewer, d.at, d.position",
        (packing.texts(sorted(viewers)), Int4(tenant_id)),
    )


async def ask_described_since(
    conn: Connection, *, tenant_id: int, since: Mapping[str, datetime], upto: int
) -> Cursor:
    """Ask what was said of viewers from a time on, and last before it; `described_in` reads the answer.

    That is all that matters to facts of that time or later which stand after the position `upto`.
    """
    return await conn.execute(
        "SELECT d.viewer, d.position, d.at, d.level, d.tags FROM unnest(%s, %s) AS v (viewer, since)"
        " CROSS JOIN LATERAL ((SELECT * FROM campaigns.described WHERE tenant_id = %s AND viewer = v.viewer"
        " AND at < v.since AND position <= %s ORDER BY at DESC, position DESC LIMIT 1) UNION ALL"
        " (SELECT * FROM campaigns.described WHERE tenant_id = %s AND viewer = v.viewer"
        " AND at >= v.since)) AS d ORDER BY d.viewer, d.at, d.position",
        (
            packing.texts(list(since)),
            packing.times(list(since.values())),
            Int4(tenant_id),
            Int8(upto),
            Int4(tenant_id),
        ),
    )


async def described_in(cursor: Cursor) -> dict[str, list[Described]]:
    """Return what was said of viewers, by viewer in order of time."""
    found: dict[str, list[Described]] = {}
    for viewer, position, at, level, tags in await cursor.fetchall():
        found.setdefault(viewer, []).append(Described(viewer, position, at, level, tuple(tags)))
    return found


async def save_described(conn: Connection, *, tenant_id: int, described: Iterable[Described]) -> None:
    """Write what was said of viewers. Facts of this kind are few, and their tags of any number."""
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO campaigns.described (tenant_id, viewer, at, position, level, tags)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (Int4(tenant_id), one.viewer, one.at, Int8(one.position), one.level, list(one.tags))
                for one in described
            ],
        )
