"""What the reaction remembers of tickets: first orders and by whom they came, instruments, seats given back.

All of it is set-based over the facts between two positions, and each fact is looked at once, for the cursor
moves with it.
"""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plaudit.features.invitations.model.links import named
from plaudit.features.invitations.model.tickets import CIRCLE_MAX, Ticket
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_IN_SPAN: Final = " WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s AND f.position <= %(upto)s"

_NOTE_BUYERS: Final = (
    "INSERT INTO invitations.buyer (tenant_id, show, viewer, issued, ordered, seats)"
    " SELECT DISTINCT ON (d.show, d.viewer) f.tenant_id, d.show, d.viewer, f.position, d.order, d.quantity"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data)"
    ' AS d (show text, viewer text, "order" bigint, quantity integer)'
    f"{_IN_SPAN} AND f.kind = 'ticket.issued' ORDER BY d.show, d.viewer, f.position"
    " ON CONFLICT DO NOTHING"
)

_NOTE_INSTRUMENTS: Final = (
    "INSERT INTO invitations.instrument (tenant_id, viewer, mark)"
    " SELECT DISTINCT f.tenant_id, coalesce(f.data ->> 'viewer', f.data ->> 'payer'), m.mark"
    " FROM journal.fact f CROSS JOIN LATERAL"
    " (VALUES (f.data ->> 'instrument_hash'), (f.data ->> 'deposit_instrument_hash')) AS m (mark)"
    f"{_IN_SPAN} AND f.kind IN ('ticket.issued', 'payment.succeeded') AND m.mark IS NOT NULL"
    " ON CONFLICT DO NOTHING"
)

_NOTE_RETURNED: Final = (
    "INSERT INTO invitations.returned (tenant_id, ordered, refund, seats)"
    " SELECT DISTINCT ON (d.order, d.refund) f.tenant_id, d.order, d.refund, d.quantity"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data)"
    ' AS d ("order" bigint, refund text, quantity integer)'
    f"{_IN_SPAN} AND f.kind = 'ticket.refunded' ORDER BY d.order, d.refund, f.position"
    " ON CONFLICT DO NOTHING"
)

_ANY_TICKETS: Final = (
    "SELECT EXISTS (SELECT FROM journal.fact f WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s"
    " AND f.position <= %(upto)s AND f.kind IN ('ticket.issued', 'ticket.refunded'))"
)

# The tickets of a span that name an invitation. `inviter` is NULL where that is none to their show.
_NAMED: Final = (
    "SELECT f.tenant_id, f.position, f.at, d.show, d.viewer, d.order, d.instrument_hash,"
    " d.deposit_instrument_hash,"
    " f.data #>> '{attribution,invitation}' AS invitation, i.viewer AS inviter"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data)"
    ' AS d (show text, viewer text, "order" bigint, instrument_hash text, deposit_instrument_hash text)'
    " LEFT JOIN invitations.invitation i ON i.tenant_id = f.tenant_id"
    " AND i.invitation = f.data #>> '{attribution,invitation}' AND i.show = d.show"
    f"{_IN_SPAN} AND f.kind = 'ticket.issued' AND f.data #>> '{{attribution,invitation}}' IS NOT NULL"
)

_NOTE_INVITERS: Final = (
    f"WITH t AS ({_NAMED})"
    " UPDATE invitations.buyer b SET inviter = t.inviter FROM t WHERE b.tenant_id = t.tenant_id"
    " AND b.issued = t.position AND b.show = t.show AND b.viewer = t.viewer AND t.inviter <> t.viewer"
)

# Who came by whom is a chain: everybody has one first order. Only what was before a ticket counts for it, so
# that it does not matter which tickets are looked at together.
_SELECT_TICKETS: Final = (
    f"WITH RECURSIVE t AS ({_NAMED}),"
    " up AS (SELECT t.tenant_id, t.position, t.show, t.viewer AS friend, t.inviter AS above, 0 AS depth"
    " FROM t WHERE t.inviter <> t.viewer"
    " UNION ALL SELECT up.tenant_id, up.position, up.show, up.friend, b.inviter, up.depth + 1 FROM up"
    " JOIN invitations.buyer b ON b.tenant_id = up.tenant_id AND b.show = up.show AND b.viewer = up.above"
    " AND b.issued < up.position AND b.inviter IS NOT NULL"
    " WHERE up.above <> up.friend AND up.depth < %(circle_max)s)"
    " SELECT t.position, t.at, t.order, t.show, t.viewer, t.invitation, t.inviter,"
    " EXISTS (SELECT FROM invitations.buyer b WHERE b.tenant_id = t.tenant_id AND b.show = t.show"
    " AND b.viewer = t.viewer AND b.issued = t.position),"
    " EXISTS (SELECT FROM invitations.instrument n WHERE n.tenant_id = t.tenant_id AND n.viewer = t.inviter"
    " AND n.mark IN (t.instrument_hash, t.deposit_instrument_hash)),"
    " EXISTS (SELECT FROM up WHERE up.position = t.position AND up.above = t.viewer)"
    " FROM t ORDER BY t.position"
)

_SELECT_UNDONE: Final = (
    "WITH f AS (SELECT DISTINCT (f.data ->> 'order')::bigint AS ordered FROM journal.fact f"
    f"{_IN_SPAN} AND f.kind IN ('ticket.issued', 'ticket.refunded'))"
    " SELECT b.ordered, b.rewarded, b.issued FROM f JOIN invitations.buyer b"
    " ON b.tenant_id = %(tenant)s AND b.ordered = f.ordered"
    " WHERE b.rewarded IS NOT NULL AND b.reversed IS NULL AND b.seats <= (SELECT sum(r.seats)"
    " FROM invitations.returned r WHERE r.tenant_id = b.tenant_id AND r.ordered = b.ordered)"
    " ORDER BY b.ordered"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A rewarded order all of whose seats went back: its position, and those of reward and ticket."""

    order: int
    rewarded: int
    issued: int


async def take_notes(conn: Connection, *, tenant_id: int, after: int, upto: int) -> bool:
    """Remember what the facts of a span say of first orders, inviters, instruments and seats given back.

    Returns whether any of them is about a ticket. Most payments are for something else, and of those there is
    nothing to remember but the instrument.
    """
    span = _span(tenant_id, after, upto)
    await conn.execute(_NOTE_INSTRUMENTS, span)
    row = await (await conn.execute(_ANY_TICKETS, span)).fetchone()
    assert row is not None, "EXISTS always has an answer"
    if not row[0]:
        return False
    for statement in (_NOTE_BUYERS, _NOTE_RETURNED, _NOTE_INVITERS):
        await conn.execute(statement, span)
    return True


async def select_tickets(conn: Connection, *, tenant_id: int, after: int, upto: int) -> list[Ticket]:
    """Return the tickets of a span that name an invitation, in order. What they say must have been noted."""
    cursor = await conn.execute(
        _SELECT_TICKETS, {**_span(tenant_id, after, upto), "circle_max": Int4(CIRCLE_MAX)}
    )
    return [
        Ticket(
            position=position,
            at=at,
            order=order,
            show=show,
            friend=friend,
            invitation=named(invitation),
            inviter=inviter,
            is_first=is_first,
            same_instrument=same_instrument,
            in_circle=in_circle,
        )
        for (
            position,
            at,
            order,
            show,
            friend,
            invitation,
            inviter,
            is_first,
            same_instrument,
            in_circle,
        ) in await cursor.fetchall()
    ]


async def save_rewarded(conn: Connection, *, tenant_id: int, rewarded: Mapping[int, int]) -> None:
    """Remember by order at which position it was rewarded."""
    await conn.execute(
        "UPDATE invitations.buyer b SET rewarded = v.position FROM unnest(%s, %s) AS v (ordered, position)"
        " WHERE b.tenant_id = %s AND b.ordered = v.ordered",
        (packing.int8s(list(rewarded)), packing.int8s(list(rewarded.values())), Int4(tenant_id)),
    )


async def save_reversed(conn: Connection, *, tenant_id: int, reverted: Mapping[int, int]) -> None:
    """Remember by order at which position its reward was taken back."""
    await conn.execute(
        "UPDATE invitations.buyer b SET reversed = v.position FROM unnest(%s, %s) AS v (ordered, position)"
        " WHERE b.tenant_id = %s AND b.ordered = v.ordered",
        (packing.int8s(list(reverted)), packing.int8s(list(reverted.values())), Int4(tenant_id)),
    )


async def select_undone(conn: Connection, *, tenant_id: int, after: int, upto: int) -> Sequence[Undone]:
    """Return the rewarded orders that a span tells of whose seats have all gone back."""
    cursor = await conn.execute(_SELECT_UNDONE, _span(tenant_id, after, upto))
    return [
        Undone(order=order, rewarded=rewarded, issued=issued)
        for order, rewarded, issued in await cursor.fetchall()
    ]


def _span(tenant_id: int, after: int, upto: int) -> dict[str, Int4 | Int8]:
    return {"tenant": Int4(tenant_id), "after": Int8(after), "upto": Int8(upto)}
