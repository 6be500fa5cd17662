"""Places on waiting lists, as rows of the reaction that keeps them."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.features.presale.model.waiting import Place, PlaceState
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_PLACE: Final = "place, viewer, show, offer, quantity, state, offered, deadline"


async def insert_places(conn: Connection, *, tenant_id: int, places: Sequence[Place]) -> None:
    """Insert places that were taken."""
    await conn.execute(
        "INSERT INTO presale.waiting (tenant_id, place, viewer, show, offer, quantity, state)"
        " SELECT %s, v.place, v.viewer, v.show, v.offer, v.quantity, 'waiting'"
        " FROM unnest(%s, %s, %s, %s, %s) AS v (place, viewer, show, offer, quantity) ON CONFLICT DO NOTHING",
        (
            Int4(tenant_id),
            packing.int8s([one.number for one in places]),
            packing.texts([one.viewer for one in places]),
            packing.texts([one.show for one in places]),
            packing.texts([one.offer for one in places]),
            packing.int8s([one.quantity for one in places]),
        ),
    )


async def change_states(
    conn: Connection, *, tenant_id: int, changes: Sequence[tuple[int, PlaceState]]
) -> None:
    """Write what became of places, given as (place, state), each place once."""
    await conn.execute(
        "UPDATE presale.waiting w SET state = v.state FROM unnest(%s, %s) AS v (place, state)"
        " WHERE w.tenant_id = %s AND w.place = v.place",
        (
            packing.int8s([place for place, _ in changes]),
            packing.texts([state for _, state in changes]),
            Int4(tenant_id),
        ),
    )


async def offer_places(
    conn: Connection, *, tenant_id: int, offered: Sequence[tuple[int, int, datetime]]
) -> None:
    """Write that seats are held for places, given as (place, position of the hold, deadline)."""
    await conn.execute(
        "UPDATE presale.waiting w SET state = 'offered', offered = v.offered, deadline = v.deadline"
        " FROM unnest(%s, %s, %s) AS v (place, offered, deadline)"
        " WHERE w.tenant_id = %s AND w.place = v.place",
        (
            packing.int8s([place for place, _, _ in offered]),
            packing.int8s([position for _, position, _ in offered]),
            packing.times([deadline for _, _, deadline in offered]),
            Int4(tenant_id),
        ),
    )


async def take_places(conn: Connection, *, tenant_id: int, holds: Sequence[int]) -> None:
    """Write that seats which were held at these positions were ordered."""
    await conn.execute(
        "UPDATE presale.waiting SET state = 'taken' WHERE tenant_id = %s AND offered = ANY(%s)",
        (Int4(tenant_id), packing.int8s(holds)),
    )


async def lock_place(conn: Connection, *, tenant_id: int, place: int) -> Place | None:
    """Return a place and keep it locked, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_PLACE} FROM presale.waiting WHERE tenant_id = %s AND place = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(place)),
    )
    row = await cursor.fetchone()
    return None if row is None else _place(*row)


async def lock_first(
    conn: Connection, *, tenant_id: int, offer: str, quantity_max: int, limit: int
) -> list[Place]:
    """Return those who want so many seats of an offer or fewer, in the order in which they came; locked."""
    cursor = await conn.execute(
        f"SELECT {_PLACE} FROM presale.waiting WHERE tenant_id = %s AND offer = %s AND state = 'waiting'"
        " AND quantity <= %s ORDER BY place LIMIT %s FOR NO KEY UPDATE",
        (Int4(tenant_id), offer, quantity_max, limit),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def lock_beyond(
    conn: Connection, *, tenant_id: int, offer: str, quantity_max: int, limit: int
) -> list[Place]:
    """Return those who want more than so many seats of an offer, and keep them locked."""
    cursor = await conn.execute(
        f"SELECT {_PLACE} FROM presale.waiting WHERE tenant_id = %s AND offer = %s AND state = 'waiting'"
        " AND quantity > %s ORDER BY quantity DESC LIMIT %s FOR NO KEY UPDATE",
        (Int4(tenant_id), offer, quantity_max, limit),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def lock_drawn(
    conn: Connection, *, tenant_id: int, offer: str, seed: str, quantity_max: int, limit: int
) -> list[Place]:
    """Return those who want so many seats of an offer or fewer, in the order of a draw, and keep them locked.

    All who wait take part: one read of their index and a hash each. `model.waiting.next_places` says which.
    """
    cursor = await conn.execute(
        f"SELECT {_PLACE} FROM presale.waiting WHERE tenant_id = %s AND offer = %s AND state = 'waiting'"
        " AND quantity <= %s ORDER BY sha256(convert_to(%s::text || '/' || place::text, 'UTF8')) LIMIT %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), offer, quantity_max, seed, limit),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def select_place(conn: Connection, *, tenant_id: int, place: int) -> Place | None:
    """Return a place, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_PLACE} FROM presale.waiting WHERE tenant_id = %s AND place = %s",
        (Int4(tenant_id), Int8(place)),
    )
    row = await cursor.fetchone()
    return None if row is None else _place(*row)


async def select_places(
    conn: Connection, *, tenant_id: int, viewer: str, before: int, limit: int
) -> list[Place]:
    """Return a viewer's places, newest first, before a place."""
    cursor = await conn.execute(
        f"SELECT {_PLACE} FROM presale.waiting WHERE tenant_id = %s AND viewer = %s AND place < %s"
        " ORDER BY place DESC LIMIT %s",
        (Int4(tenant_id), viewer, Int8(before), limit),
    )
    return [_place(*row) for row in await cursor.fetchall()]


async def count_before(conn: Connection, *, tenant_id: int, offer: str, place: int, most: int) -> int:
    """Return how many wait for an offer before a place, `most` at the most."""
    cursor = await conn.execute(
        "SELECT count(*) FROM (SELECT FROM presale.waiting WHERE tenant_id = %s AND offer = %s"
        " AND state = 'waiting' AND place < %s LIMIT %s) AS before",
        (Int4(tenant_id), offer, Int8(place), most),
    )
    row = await cursor.fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])


def _place(*row: Any) -> Place:  # noqa: ANN401 - the columns of _PLACE
    place, viewer, show, offer, quantity, state, offered, deadline = row
    return Place(
        number=place,
        viewer=viewer,
        show=show,
        offer=offer,
        quantity=quantity,
        state=state,
        offered=offered,
        deadline=deadline,
    )
