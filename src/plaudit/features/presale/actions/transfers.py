"""Handing a ticket on: once, if the offer allows it, with all its rights."""

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.presale.actions.base import Means, table_command
from plaudit.features.presale.model.bookings import Booking
from plaudit.features.presale.model.orders import check_own, ticket_id, ticket_of, unknown_ticket
from plaudit.features.presale.model.shows import check_changeable
from plaudit.features.presale.store import bookings as store
from plaudit.features.presale.store import offers as offer_store
from plaudit.features.presale.store import shows as show_store
from plaudit.features.presale.store import tickets as ticket_store
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tickets import TicketTransferred


async def transfer_ticket(means: Means, *, grant: Grant, key: str, ticket: str, recipient: str) -> Outcome:
    """Hand a ticket on to another viewer.

    Raises Refusal `invalid.id`, `body.invalid` (INVALID), `ticket.unknown` (NOT_FOUND), (REFUSED)
    `ticket.not_transferable`, `ticket.transferred`, `ticket.self`, `ticket.returned`, `show.over`.
    """
    order, seat = ticket_of(ticket)
    if not valid_name(recipient):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="recipient"
        )
    tenant_id = grant.tenant_id

    async def work(tx: Connection) -> Work:
        booking = (await store.lock_bookings(tx, tenant_id=tenant_id, orders=[order])).get(order)
        found = await ticket_store.select_ticket(tx, tenant_id=tenant_id, order=order, seat=seat)
        if booking is None or found is None:
            raise unknown_ticket()
        check_own(actor=grant.actor, viewer=found.holder, unknown=unknown_ticket())
        show = await show_store.share_show(tx, tenant_id=tenant_id, show=booking.show)
        assert show is not None, booking
        check_changeable(show)
        offers = await offer_store.load_offers(tx, tenant_id, [booking.offer])
        if found.state != "valid":
            raise refused("ticket.returned", "This ticket went back; it cannot be handed on.")
        if not offers[booking.offer].transferable:
            raise refused("ticket.not_transferable", "Tickets of this offer cannot be handed on.")
        if found.transferred:
            raise refused("ticket.transferred", "This ticket was handed on before; that is done once.")
        if recipient == found.holder:
            raise refused("ticket.self", "This ticket is yours already; name another viewer.")
        await ticket_store.hand_on(tx, tenant_id=tenant_id, order=order, seat=seat, holder=recipient)
        return Work(plan=_handing_on(booking, seat=seat, holder=found.holder, recipient=recipient))

    command = table_command(
        verb="transfer_ticket",
        permission="ticket.transfer",
        grant=grant,
        key=key,
        content=(ticket, recipient),
    )
    return await means.corridor.run(command, work)


def _handing_on(booking: Booking, *, seat: int, holder: str, recipient: str) -> Plan:
    pairs = [
        (
            chart.viewer_right(viewer=holder, show=booking.show, right=right),
            chart.viewer_right(viewer=recipient, show=booking.show, right=right),
        )
        for right in booking.rights
    ]
    fact = TicketTransferred(
        ticket=ticket_id(order=booking.order, seat=seat),
        order=booking.order,
        show=booking.show,
        offer=booking.offer,
        holder=holder,
        recipient=recipient,
        rights=booking.rights,
    )
    decision = Decision(
        Fact(f"show/{booking.show}", fact), tuple(Transfer(source, target, 1) for source, target in pairs)
    )

    def decide(_book: Book) -> Decision:
        return decision

    return Plan(decide, tuple(address for pair in pairs for address in pair))
