"""Orders that end unpaid: their time is over, the buyer gives them up, or their payment came to nothing."""

from typing import Literal, TypeAlias

import msgspec

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.sweeps import Opened, expiry_command
from plaudit.core.dues import ANSWER, system_grant
from plaudit.core.journal.facts import Fact, Recorded
from plaudit.core.ledger.book import Book, Decision, Draw, Transfer, Use
from plaudit.features.presale.actions import moves
from plaudit.features.presale.actions.base import NAME, OFFER
from plaudit.features.presale.actions.counters import (
    code_window,
    group_member,
    group_members,
    person_window,
    waiting_window,
)
from plaudit.features.presale.actions.fulfil import seats_of
from plaudit.features.presale.model.offers import Offer
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tickets import EndCause, OrderEnded, TicketOrdered

How: TypeAlias = Literal["release", "expire"]


def cancel_order(*, grant: Grant, key: str, opened: Recorded) -> Command:
    """Return the journal command by which a buyer gives up an order that is not paid.

    Raises under lock Refusal `order.not_open` (REFUSED) when nothing is held any more.
    """
    return Command(
        action="presale.cancel_order",
        permission="ticket.order",
        grant=grant,
        key=key,
        content=f"cancel/{opened.position}".encode(),
        plan=lambda lookup: ending(lookup, opened, cause="cancelled", how="release"),
    )


def end_unpaid(*, opened: Recorded) -> Command:
    """Return the command that ends an order whose payment came to nothing; refused when it has ended."""
    key = f"unpaid/{opened.position}"
    return Command(
        action="presale.end_unpaid",
        permission=ANSWER,
        grant=system_grant(tenant_id=opened.tenant_id, feature=NAME),
        key=key,
        content=key.encode(),
        plan=lambda lookup: ending(lookup, opened, cause="payment", how="release"),
    )


def expire_order(opened: Opened) -> Command:
    """Return the command that gives back what an order still holds past its time."""
    return expiry_command(
        opened,
        action="presale.expire_order",
        plan=lambda lookup: ending(lookup, opened.fact, cause="expired", how="expire"),
    )


def ending(lookup: Lookup, opened: Recorded, *, cause: EndCause, how: How) -> Plan:
    """Return the plan that gives back what an order holds, and its place in every limit."""
    ordered = msgspec.convert(opened.data, TicketOrdered)
    offer: Offer = lookup.one(OFFER, ordered.offer)
    order, quantity, seats = opened.position, ordered.quantity, seats_of(ordered)
    person = person_window(offer=offer.id, viewer=ordered.payer)
    windows = [person, *moves.step_windows(offer), waiting_window(offer=offer.id)]
    uses: list[Use] = []
    if ordered.code is not None:
        windows.append(code_window(offer=offer.id, code=ordered.code))
        uses.append(Use(windows[-1], -quantity))
    if ordered.group is not None:
        places = (
            group_members(group=ordered.group),
            group_member(group=ordered.group, viewer=ordered.payer),
        )
        windows += places
        uses += [Use(place, -1) for place in places]

    def decide(book: Book) -> Decision:
        if book.hold(order).remaining != quantity:
            raise refused("order.not_open", "This order is paid or over; look at it again.")
        fact = OrderEnded(
            order=order,
            viewer=ordered.payer,
            show=ordered.show,
            offer=ordered.offer,
            quantity=quantity,
            cause=cause,
            group=ordered.group,
        )
        limits = moves.uses_back(
            book, offer=offer, viewer=ordered.payer, lines=ordered.lines, quantity=quantity
        )
        return Decision(
            Fact(f"show/{ordered.show}", fact),
            _home(book, ordered, seats),
            (*limits, *uses),
            draws=(Draw(order, quantity, how),),
        )

    accounts = (seats, chart.held(seats), *moves.home_accounts(offer.id))
    return Plan(decide, accounts, tuple(windows), (order,))


def _home(book: Book, ordered: TicketOrdered, seats: str) -> tuple[Transfer, ...]:
    """Return the transfers of held seats: those of a code back to it, others to those who wait, then all."""
    escrow = chart.held(seats)
    if ordered.source == "code":
        return (Transfer(escrow, seats, ordered.quantity),)
    return moves.seats_home(book, offer=ordered.offer, source=escrow, quantity=ordered.quantity)
