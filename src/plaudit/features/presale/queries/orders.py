"""What can be asked about orders, groups, tickets, places on waiting lists, and how a cancellation goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from plaudit.core.handles import Database
from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.core.ledger import counters, holds
from plaudit.core.ledger.reversals import unending
from plaudit.features.presale.model.bookings import Booking
from plaudit.features.presale.model.counters import members_counter, paid_counter
from plaudit.features.presale.model.groups import Group
from plaudit.features.presale.model.orders import (
    GROUP,
    ORDER,
    WAITING,
    check_own,
    ticket_of,
    unknown_group,
    unknown_order,
    unknown_ticket,
)
from plaudit.features.presale.model.shows import SELLING
from plaudit.features.presale.model.waiting import Place, joined_place, unknown_place
from plaudit.features.presale.queries.catalogue import Asking, shown_offer
from plaudit.features.presale.store import bookings, purchases
from plaudit.features.presale.store import groups as group_store
from plaudit.features.presale.store import tickets as ticket_store
from plaudit.features.presale.store import waiting as waiting_store
from plaudit.features.presale.store.purchases import Purchase
from plaudit.features.presale.store.tickets import Ticket
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import decode_id
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.vocabulary.facts.tickets import TicketOrdered, WaitingJoined, WaitingOffered

_NEWEST: Final = 2**63 - 1
_GROUPS_SHOWN: Final = 50
_BEFORE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """An order as it is now: what was ordered, what is held for it, and what became of it once paid."""

    position: int
    at: datetime
    ordered: TicketOrdered
    held: bool
    booking: Booking | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeen:
    """A group and its counts; `filled` is None while it is open."""

    group: Group
    members: int
    paid: int
    filled: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the refunds of a cancelled show are."""

    orders: int
    asked: int
    paid_minor: int
    refunded_minor: int


async def order_fact(*, database: Database, tenant_id: int, actor: Actor, order: str) -> Recorded:
    """Return the fact of an order, which never changes.

    Raises Refusal `invalid.id` (INVALID), `order.unknown` (NOT_FOUND), also to a token of somebody else.
    """
    position = decode_id(ORDER, order)
    async with database.connection() as conn:
        fact = await read.fact_at(conn, tenant_id=tenant_id, position=position)
    if fact is None or fact.kind != TicketOrdered.KIND:
        raise unknown_order()
    check_own(actor=actor, viewer=fact.data["payer"], unknown=unknown_order())
    return fact


async def order_seen(*, database: Database, tenant_id: int, actor: Actor, order: str) -> OrderSeen:
    """Return an order as it is now. Raises Refusal as `order_fact`."""
    fact = await order_fact(database=database, tenant_id=tenant_id, actor=actor, order=order)
    async with database.connection() as conn:
        booking = await bookings.select_booking(conn, tenant_id=tenant_id, order=fact.position)
        hold = await holds.find(conn, tenant_id=tenant_id, hold_id=fact.position)
    return OrderSeen(
        position=fact.position,
        at=fact.at,
        ordered=msgspec.convert(fact.data, TicketOrdered),
        held=hold.remaining > 0,
        booking=booking,
    )


async def order_page(
    *,
    database: Database,
    tenant_id: int,
    viewer: str | None,
    show: str | None,
    limit: int | None,
    cursor: str | None,
) -> Page[Purchase]:
    """Return a page of orders, newest first. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await purchases.select_purchases(
            conn, tenant_id=tenant_id, viewer=viewer, show=show, before=before, limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].order]) if len(rows) > size else None)


async def ticket_page(
    *, database: Database, tenant_id: int, holder: str, limit: int | None, cursor: str | None
) -> Page[Ticket]:
    """Return a page of a holder's tickets, newest first. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    before = (_NEWEST, 0)
    if cursor is not None:
        order, seat = decode_cursor(cursor, int, int)
        before = (int(order), int(seat))
    async with database.connection() as conn:
        rows = await ticket_store.select_tickets(
            conn, tenant_id=tenant_id, holder=holder, before=before, limit=size + 1
        )
    last = rows[size - 1] if len(rows) > size else None
    return Page(rows[:size], None if last is None else encode_cursor([last.order, last.seat]))


async def ticket(*, database: Database, tenant_id: int, actor: Actor, ticket: str) -> Ticket:
    """Return a ticket. Raises Refusal `invalid.id` (INVALID), `ticket.unknown` (NOT_FOUND)."""
    order, seat = ticket_of(ticket)
    async with database.connection() as conn:
        found = await ticket_store.select_ticket(conn, tenant_id=tenant_id, order=order, seat=seat)
    if found is None:
        raise unknown_ticket()
    check_own(actor=actor, viewer=found.holder, unknown=unknown_ticket())
    return found


async def group(*, database: Database, tenant_id: int, group: str) -> GroupSeen:
    """Return a group with its counts. Raises Refusal `invalid.id`, `group.unknown` (NOT_FOUND)."""
    decode_id(GROUP, group)
    async with database.connection() as conn:
        found = await group_store.select_group(conn, tenant_id=tenant_id, group=group)
    if found is None:
        raise unknown_group()
    (seen,) = await _seen(database, tenant_id, [found])
    return seen


async def open_groups(
    *, database: Database, tenant_id: int, offer: str, asking: Asking, now: datetime
) -> Sequence[GroupSeen]:
    """Return the groups of an offer that can be joined, those that end first at the front.

    None while the offer is hidden or off, or its show does not sell. Raises Refusal `offer.unknown`
    (NOT_FOUND) to whom the offer is not shown.
    """
    async with database.connection() as conn:
        sold, show, _ = await shown_offer(conn, tenant_id=tenant_id, offer=offer, asking=asking)
        if sold.hidden or not sold.on_sale or show.state not in SELLING:
            return []
        found = await group_store.select_open(
            conn, tenant_id=tenant_id, offer=offer, now=now, limit=_GROUPS_SHOWN
        )
    seen = await _seen(database, tenant_id, [(one, None) for one in found])
    return [one for one in seen if one.members < one.group.size]


async def place(*, database: Database, tenant_id: int, actor: Actor, place: str) -> Place:
    """Return a place on a waiting list. Raises Refusal `invalid.id`, `waiting.unknown` (NOT_FOUND)."""
    number = decode_id(WAITING, place)
    async with database.connection() as conn:
        found = await waiting_store.select_place(conn, tenant_id=tenant_id, place=number)
        if found is None:
            # The list follows the journal; who has just joined finds the place all the same.
            fact = await read.fact_at(conn, tenant_id=tenant_id, position=number)
            if fact is not None and fact.kind == WaitingJoined.KIND:
                found = joined_place(msgspec.convert(fact.data, WaitingJoined), number=number)
    if found is None:
        raise unknown_place()
    check_own(actor=actor, viewer=found.viewer, unknown=unknown_place())
    return found


async def places_before(*, database: Database, tenant_id: int, place: Place) -> int:
    """Return how many wait before a place, a thousand at the most."""
    async with database.connection() as conn:
        return await waiting_store.count_before(
            conn, tenant_id=tenant_id, offer=place.offer, place=place.number, most=_BEFORE_MAX
        )


async def place_page(
    *, database: Database, tenant_id: int, viewer: str, limit: int | None, cursor: str | None
) -> Page[Place]:
    """Return a page of a viewer's places, newest first. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    before = _NEWEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        rows = await waiting_store.select_places(
            conn, tenant_id=tenant_id, viewer=viewer, before=before, limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def offered_fact(*, database: Database, tenant_id: int, position: int) -> Recorded:
    """Return the fact that holds seats for somebody who waits. Raises Refusal `waiting.unknown`."""
    async with database.connection() as conn:
        fact = await read.fact_at(conn, tenant_id=tenant_id, position=position)
    if fact is None or fact.kind != WaitingOffered.KIND:
        raise unknown_place()
    return fact


async def cancellation(*, database: Database, tenant_id: int, show: str) -> Progress:
    """Return how far the refunds of a show are."""
    async with database.connection() as conn:
        orders, asked, paid, refunded = await bookings.select_progress(conn, tenant_id=tenant_id, show=show)
    return Progress(orders=orders, asked=asked, paid_minor=paid, refunded_minor=refunded)


async def _seen(
    database: Database, tenant_id: int, groups: Sequence[tuple[Group, bool | None]]
) -> list[GroupSeen]:
    """Return groups with their counts. One query."""
    members = [unending(members_counter(group=one.id)) for one, _ in groups]
    paid = [unending(paid_counter(group=one.id)) for one, _ in groups]
    async with database.connection() as conn:
        used = await counters.used(conn, tenant_id=tenant_id, windows=[*members, *paid])
    return [
        GroupSeen(group=one, members=used[joined], paid=used[have_paid], filled=filled)
        for (one, filled), joined, have_paid in zip(groups, members, paid, strict=True)
    ]
