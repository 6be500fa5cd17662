"""Bookings and their tickets: locked in order, written as columns."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from plaudit.features.presale.model.bookings import Booking
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8
from plaudit.vocabulary.facts.offers import BundleItem
from plaudit.vocabulary.facts.tickets import Attribution, OrderLine

_COLUMNS: Final = (
    'b."order", b.viewer, b.show, b.offer, b.mode, b.quantity, b.lines, b.asset, b.total, b.state,'
    ' b.payments, b.refunded, b.deposits, b.seats, b.rights, b.bundle, b."group", b.balance_due, b.forfeited,'
    " b.returned_if_cancelled, b.revoked, b.instrument_hash, b.attribution, b.balance"
)
_HOLDERS: Final = (
    " (SELECT coalesce(array_agg(t.holder ORDER BY t.seat), '{}') FROM presale.ticket t"
    ' WHERE t.tenant_id = b.tenant_id AND t."order" = b."order" AND t.state = \'valid\')'
)
_SELECT: Final = f"SELECT {_COLUMNS},{_HOLDERS} FROM presale.booking b"

_WIDTH: Final = 23
"""How many columns of a booking are packed."""
_encode: Final = msgspec.json.Encoder().encode
_NEVER: Final = datetime(2999, 12, 31, tzinfo=UTC)
"""Stands for no time in a packed column."""


async def lock_bookings(conn: Connection, *, tenant_id: int, orders: Sequence[int]) -> dict[int, Booking]:
    """Return bookings by order and keep them locked; they are locked in order, here as everywhere."""
    cursor = await conn.execute(
        f'{_SELECT} WHERE b.tenant_id = %s AND b."order" = ANY(%s) ORDER BY b."order" FOR NO KEY UPDATE OF b',
        (Int4(tenant_id), packing.int8s(orders)),
    )
    return {row[0]: _booking(*row) for row in await cursor.fetchall()}


async def lock_members(
    conn: Connection, *, tenant_id: int, groups: Sequence[str], orders: Sequence[int] = ()
) -> dict[int, Booking]:
    """Return the paid members of groups, and other bookings with them, by order; they are kept locked.

    Who locks members has locked their groups before.
    """
    cursor = await conn.execute(
        f'{_SELECT} WHERE b.tenant_id = %s AND (b."order" = ANY(%s) OR (b."group" = ANY(%s)'
        " AND b.state = 'pledged')) ORDER BY b.\"order\" FOR NO KEY UPDATE OF b",
        (Int4(tenant_id), packing.int8s(orders), packing.texts(groups)),
    )
    return {row[0]: _booking(*row) for row in await cursor.fetchall()}


async def lock_overdue(
    conn: Connection, *, tenant_id: int, before: datetime, after: tuple[datetime, int], limit: int
) -> list[Booking]:
    """Return deposited orders whose balance was due before a time, after a time and order; they are locked.

    Those of a cancelled show are left to its refunds.
    """
    cursor = await conn.execute(
        f'{_SELECT} WHERE b.tenant_id = %s AND b.balance_due <= %s AND (b.balance_due, b."order") > (%s, %s)'
        " AND NOT EXISTS (SELECT FROM presale.show s WHERE s.tenant_id = b.tenant_id AND s.show = b.show"
        " AND s.state = 'cancelled')"
        ' ORDER BY b.balance_due, b."order" LIMIT %s FOR NO KEY UPDATE OF b SKIP LOCKED',
        (Int4(tenant_id), before, after[0], Int8(after[1]), limit),
    )
    return [_booking(*row) for row in await cursor.fetchall()]


async def lock_unrevoked(
    conn: Connection, *, tenant_id: int, show: str, after: int, limit: int
) -> list[Booking]:
    """Return bookings of a show, from an order on, whose refund was not asked for; keep them locked."""
    cursor = await conn.execute(
        f'{_SELECT} WHERE b.tenant_id = %s AND b.show = %s AND b."order" > %s AND NOT b.revoked'
        ' ORDER BY b."order" LIMIT %s FOR NO KEY UPDATE OF b',
        (Int4(tenant_id), show, Int8(after), limit),
    )
    return [_booking(*row) for row in await cursor.fetchall()]


async def select_unrevoked_shows(conn: Connection, *, tenant_id: int) -> list[str]:
    """Return the cancelled shows with bookings whose refund was not asked for."""
    cursor = await conn.execute(
        "SELECT s.show FROM presale.show s WHERE s.tenant_id = %s AND s.state = 'cancelled'"
        " AND EXISTS (SELECT FROM presale.booking b WHERE b.tenant_id = s.tenant_id AND b.show = s.show"
        " AND NOT b.revoked) ORDER BY s.show",
        (Int4(tenant_id),),
    )
    return [show for (show,) in await cursor.fetchall()]


async def select_booking(conn: Connection, *, tenant_id: int, order: int) -> Booking | None:
    """Return a booking, None while nothing was paid for the order."""
    cursor = await conn.execute(
        f'{_SELECT} WHERE b.tenant_id = %s AND b."order" = %s', (Int4(tenant_id), Int8(order))
    )
    row = await cursor.fetchone()
    return None if row is None else _booking(*row)


async def select_progress(conn: Connection, *, tenant_id: int, show: str) -> tuple[int, int, int, int]:
    """Return of a show's bookings: how many, how many asked for their refund, paid and refunded in all."""
    cursor = await conn.execute(
        "SELECT count(*), count(*) FILTER (WHERE b.revoked),"
        " coalesce(sum((SELECT sum((p ->> 2)::bigint) FROM jsonb_array_elements(b.payments) p)), 0)::bigint,"
        " coalesce(sum(b.refunded), 0)::bigint FROM presale.booking b WHERE b.tenant_id = %s AND b.show = %s",
        (Int4(tenant_id), show),
    )
    row = await cursor.fetchone()
    assert row is not None, "a count has a row"
    return row[0], row[1], row[2], row[3]


async def save_bookings(conn: Connection, *, tenant_id: int, bookings: Sequence[Booking]) -> None:
    """Insert bookings or write locked ones. One statement."""
    await conn.execute(
        'INSERT INTO presale.booking AS b (tenant_id, "order", viewer, show, offer, mode, quantity, lines,'
        ' asset, total, state, payments, refunded, deposits, seats, rights, bundle, "group", balance_due,'
        " forfeited, returned_if_cancelled, revoked, instrument_hash, attribution, balance)"
        " SELECT %s, v.number, v.viewer, v.show, v.offer, v.mode, v.quantity, v.lines, v.asset, v.total,"
        " v.state, v.payments, v.refunded, v.deposits, v.seats,"
        " ARRAY(SELECT jsonb_array_elements_text(v.rights)), v.bundle, nullif(v.grp, ''),"
        " nullif(v.balance_due, %s), v.forfeited, v.flags & 1 = 1, v.flags & 2 = 2,"
        " nullif(v.instrument, ''), nullif(v.attribution, 'null'), nullif(v.balance, 0)"
        f" FROM unnest({', '.join(['%s'] * _WIDTH)})"
        " AS v (number, viewer, show, offer, mode, quantity, lines, asset, total, state, payments, refunded,"
        " deposits, seats, rights, bundle, grp, balance_due, forfeited, flags, instrument, attribution,"
        " balance)"
        ' ON CONFLICT (tenant_id, "order") DO UPDATE SET state = excluded.state, seats = excluded.seats,'
        " refunded = excluded.refunded, payments = excluded.payments, deposits = excluded.deposits,"
        " rights = excluded.rights, bundle = excluded.bundle, balance_due = excluded.balance_due,"
        " revoked = excluded.revoked, instrument_hash = excluded.instrument_hash,"
        " forfeited = excluded.forfeited",
        (Int4(tenant_id), _NEVER, *_columns(bookings)),
    )


async def insert_tickets(conn: Connection, *, tenant_id: int, bookings: Sequence[Booking]) -> None:
    """Insert the tickets of orders that were issued."""
    seats = [(one, seat) for one in bookings for seat in range(one.quantity)]
    await conn.execute(
        'INSERT INTO presale.ticket (tenant_id, "order", seat, show, holder, state)'
        " SELECT %s, v.number, v.seat, v.show, v.holder, 'valid' FROM unnest(%s, %s, %s, %s)"
        " AS v (number, seat, show, holder) ON CONFLICT DO NOTHING",
        (
            Int4(tenant_id),
            packing.int8s([one.order for one, _ in seats]),
            packing.int2s([seat for _, seat in seats]),
            packing.texts([one.show for one, _ in seats]),
            packing.texts([one.viewer for one, _ in seats]),
        ),
    )


async def return_tickets(conn: Connection, *, tenant_id: int, returned: Sequence[tuple[int, int]]) -> None:
    """Mark the last valid tickets of orders as returned; given as (order, how many)."""
    await conn.execute(
        "UPDATE presale.ticket t SET state = 'returned' FROM (SELECT s.\"order\", s.seat, v.seats,"
        ' row_number() OVER (PARTITION BY s."order" ORDER BY s.seat DESC) AS place'
        " FROM unnest(%s, %s) AS v (number, seats) JOIN presale.ticket s ON s.tenant_id = %s"
        " AND s.\"order\" = v.number AND s.state = 'valid') AS last"
        ' WHERE t.tenant_id = %s AND t."order" = last."order" AND t.seat = last.seat'
        " AND last.place <= last.seats",
        (
            packing.int8s([order for order, _ in returned]),
            packing.int8s([seats for _, seats in returned]),
            Int4(tenant_id),
            Int4(tenant_id),
        ),
    )


def _columns(bookings: Sequence[Booking]) -> tuple[packing.Column, ...]:
    return (
        packing.int8s([one.order for one in bookings]),
        packing.texts([one.viewer for one in bookings]),
        packing.texts([one.show for one in bookings]),
        packing.texts([one.offer for one in bookings]),
        packing.texts([one.mode for one in bookings]),
        packing.int8s([one.quantity for one in bookings]),
        packing.jsonbs([_encode(one.lines) for one in bookings]),
        packing.texts([one.asset for one in bookings]),
        packing.int8s([one.total_minor for one in bookings]),
        packing.texts([one.state for one in bookings]),
        packing.jsonbs([_encode(one.payments) for one in bookings]),
        packing.int8s([one.refunded_minor for one in bookings]),
        packing.int8s([one.deposits_minor for one in bookings]),
        packing.int8s([one.seats for one in bookings]),
        packing.jsonbs([_encode(one.rights) for one in bookings]),
        packing.jsonbs([_encode(one.bundle) for one in bookings]),
        packing.texts([one.group or "" for one in bookings]),
        packing.times([one.balance_due or _NEVER for one in bookings]),
        packing.texts([one.forfeited for one in bookings]),
        packing.int2s([one.returned_if_cancelled | one.revoked << 1 for one in bookings]),
        packing.texts([one.instrument_hash or "" for one in bookings]),
        packing.jsonbs([_encode(one.attribution) for one in bookings]),
        packing.int8s([one.balance or 0 for one in bookings]),
    )


def _booking(*row: Any) -> Booking:  # noqa: ANN401 - the columns of _SELECT
    order, viewer, show, offer, mode, quantity, lines, asset, total, state = row[:10]
    payments, refunded, deposits, seats, rights, bundle, group, balance_due, forfeited = row[10:19]
    returned_if_cancelled, revoked, instrument_hash, attribution, balance, holders = row[19:]
    return Booking(
        order=order,
        viewer=viewer,
        show=show,
        offer=offer,
        mode=mode,
        quantity=quantity,
        lines=msgspec.convert(lines, tuple[OrderLine, ...]),
        asset=asset,
        total_minor=total,
        state=state,
        payments=tuple((due, payment, minor) for due, payment, minor in payments),
        refunded_minor=refunded,
        deposits_minor=deposits,
        seats=seats,
        rights=tuple(rights),
        bundle=msgspec.convert(bundle, tuple[BundleItem, ...]),
        group=group,
        balance_due=balance_due,
        balance=balance,
        forfeited=forfeited,
        returned_if_cancelled=returned_if_cancelled,
        revoked=revoked,
        instrument_hash=instrument_hash,
        attribution=None if attribution is None else msgspec.convert(attribution, Attribution),
        holders=list(holders),
    )
