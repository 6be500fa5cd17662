"""The waiting list: seats that came back are offered to those who wait, the next in turn."""

from typing import Final, NamedTuple

from plaudit.core import dues
from plaudit.core.commands.command import Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.core.ledger.balances import balances
from plaudit.features.presale.actions.waiting import offer_seats
from plaudit.features.presale.model.waiting import Place, PlaceState, next_places
from plaudit.features.presale.store import offers as offer_store
from plaudit.features.presale.store import waiting as store
from plaudit.vocabulary import chart
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
"""How many who wait are looked at in one turn: more seats than that come back in several."""


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
    touched = {fact.data["offer"]: fact.position for fact in facts}
    waiting = {chart.offer_waiting(offer=offer): offer for offer in touched}
    there = await balances(conn, tenant_id=span.tenant_id, addresses=sorted(waiting))
    for address, available in sorted(there.items()):
        if available:
            offer = waiting[address]
            await _offer(corridor, conn, span.tenant_id, _Turn(offer, available, touched[offer]))


class _Turn(NamedTuple):
    """Seats of an offer that came back; `seed` is the position of the last fact that brought some."""

    offer: str
    available: int
    seed: int


async def _offer(corridor: Corridor, conn: Connection, tenant_id: int, turn: _Turn) -> None:
    offers = await offer_store.load_offers(conn, tenant_id, [turn.offer])
    places = await store.lock_waiting(conn, tenant_id=tenant_id, offer=turn.offer, limit=_PAGE)
    chosen = next_places(places, available=turn.available, mode=offers[turn.offer].waiting, seed=turn.seed)
    commands = [offer_seats(tenant_id=tenant_id, place=one) for one in chosen]
    results = await dues.recorded(corridor, conn, commands)
    offered = [
        (place.number, result.position, result.data.deadline)
        for place, result in zip(chosen, results, strict=True)
        if isinstance(result, Outcome) and isinstance(result.data, WaitingOffered)
    ]
    if offered:
        await store.offer_places(conn, tenant_id=tenant_id, offered=offered)


def _joined(fact: Recorded) -> Place:
    data = fact.data
    return Place(
        number=fact.position,
        viewer=data["viewer"],
        show=data["show"],
        offer=data["offer"],
        quantity=data["quantity"],
    )


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
    ),
    react=_keep,
)
TAKEN: Final = Subscription(name="presale.taken", kinds=(TicketOrdered.KIND,), apply=_take, kind="reaction")
