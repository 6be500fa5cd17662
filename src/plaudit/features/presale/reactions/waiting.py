"""The waiting list: seats that came back are offered to those who wait, the next in turn.

An offer that was saved is looked at as well: who wants more than its limits allow now waits in vain, and what
could not be offered may have been put on sale, or have a price again.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from plaudit.core import dues
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.core.ledger.balances import balances
from plaudit.features.presale.actions.waiting import drop_place, offer_seats
from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.waiting import Place, PlaceState, joined_place, next_places
from plaudit.features.presale.store import offers as offer_store
from plaudit.features.presale.store import waiting as store
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.offers import OfferSaved
from plaudit.vocabulary.facts.tickets import (
    OrderEnded,
    TicketForfeited,
    TicketOrdered,
    TicketRefunded,
    WaitingJoined,
    WaitingLeft,
    WaitingOffered,
    WaitingPassed,
)

_PAGE: Final = 500
"""To how many who wait seats are offered in one turn; what was offered is followed, and brings the next."""


async def _keep(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Keep the places, then offer what came back to those who are next."""
    facts = await span.facts(conn)
    if not facts:
        return
    joined = [_joined(fact) for fact in facts if fact.kind == WaitingJoined.KIND]
    if joined:
        await store.insert_places(conn, tenant_id=span.tenant_id, places=joined)
    passed: list[tuple[int, PlaceState]] = [
        (int(fact.data["waiting"]), "passed") for fact in facts if fact.kind == WaitingPassed.KIND
    ]
    if passed:
        await store.change_states(conn, tenant_id=span.tenant_id, changes=passed)
    last = {str(fact.data["offer"]): fact for fact in facts}
    saved = {str(fact.data["offer"]) for fact in facts if fact.kind == OfferSaved.KIND}
    waiting = {offer: chart.offer_waiting(offer=offer) for offer in sorted(last)}
    there = await balances(conn, tenant_id=span.tenant_id, addresses=sorted(waiting.values()))
    turns = [
        _Turn(offer, there.get(address, 0), last[offer])
        for offer, address in waiting.items()
        if there.get(address) or offer in saved
    ]
    if turns:
        await _offer(corridor, conn, span.tenant_id, turns)


class _Turn(NamedTuple):
    """Seats of an offer that came back, and the last fact that may have brought some: it is the seed.

    There are none where the offer was only saved.
    """

    offer: str
    available: int
    by: Recorded


async def _offer(corridor: Corridor, conn: Connection, tenant_id: int, turns: Sequence[_Turn]) -> None:
    """Drop wishes that nobody can have, and offer what came back; all are locked before anything moves."""
    offers = await offer_store.load_offers(conn, tenant_id, [turn.offer for turn in turns])
    dropped: list[Place] = []
    chosen: list[Place] = []
    offering: list[Command] = []
    for turn in turns:
        offer = offers[turn.offer]
        dropped += await store.lock_beyond(
            conn, tenant_id=tenant_id, offer=offer.id, quantity_max=offer.wish_max, limit=_PAGE
        )
        drawn_by = turn.by.position if offer.waiting == "lottery" else None
        for place in await _next(conn, tenant_id, turn, offer):
            chosen.append(place)
            offering.append(offer_seats(tenant_id=tenant_id, place=place, drawn_by=drawn_by))
    dropping = [drop_place(tenant_id=tenant_id, place=place) for place in dropped]
    results = await dues.recorded(corridor, conn, commands=[*dropping, *offering])
    left: list[tuple[int, PlaceState]] = [
        (place.number, "left")
        for place, result in zip(dropped, results[: len(dropping)], strict=True)
        if isinstance(result, Outcome)
    ]
    if left:
        await store.change_states(conn, tenant_id=tenant_id, changes=left)
    offered = [
        (place.number, result.position, result.data.deadline)
        for place, result in zip(chosen, results[len(dropping) :], strict=True)
        if isinstance(result, Outcome) and isinstance(result.data, WaitingOffered)
    ]
    if offered:
        await store.offer_places(conn, tenant_id=tenant_id, offered=offered)


async def _next(conn: Connection, tenant_id: int, turn: _Turn, offer: Offer) -> list[Place]:
    """Return who is next; whoever wants more than anybody may have is passed over, whatever the mode."""
    if not turn.available:
        return []
    seed, mode = turn.by.hash.hex(), offer.waiting
    if mode == "lottery":
        places = await store.lock_drawn(
            conn,
            tenant_id=tenant_id,
            offer=turn.offer,
            seed=seed,
            quantity_max=min(turn.available, offer.wish_max),
            limit=_PAGE,
        )
    else:
        places = await store.lock_first(
            conn, tenant_id=tenant_id, offer=turn.offer, quantity_max=offer.wish_max, limit=_PAGE
        )
    return next_places(places, available=turn.available, mode=mode, seed=seed)


def _joined(fact: Recorded) -> Place:
    return joined_place(msgspec.convert(fact.data, WaitingJoined), number=fact.position)


async def _take(conn: Connection, span: Span) -> None:
    """Keep that seats which were offered to somebody who waited were ordered."""
    ordered = await span.heard(conn, {TicketOrdered.KIND: TicketOrdered}, saying=("source", "waiting"))
    holds = [fact.data.waiting for fact in ordered if fact.data.waiting is not None]
    if holds:
        await store.take_places(conn, tenant_id=span.tenant_id, holds=holds)


WAITING: Final = Reaction(
    name="presale.waiting",
    kinds=(
        WaitingJoined.KIND,
        WaitingLeft.KIND,
        WaitingPassed.KIND,
        OrderEnded.KIND,
        TicketForfeited.KIND,
        TicketRefunded.KIND,
        WaitingOffered.KIND,
        OfferSaved.KIND,
    ),
    react=_keep,
)
TAKEN: Final = Subscription(name="presale.taken", kinds=(TicketOrdered.KIND,), apply=_take, kind="reaction")
