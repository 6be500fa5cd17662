"""Refunds of paid orders: money back to clearing, seats to their offer, rights and bundles taken back."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.dues import ANSWER, Asked, system_grant
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer, Use
from plaudit.features.presale.actions import moves
from plaudit.features.presale.actions.base import NAME, OFFER, SHOW
from plaudit.features.presale.actions.counters import person_window, waiting_window
from plaudit.features.presale.actions.pledges import member_windows
from plaudit.features.presale.model.bookings import Back, Booking, back_of
from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.shows import Show
from plaudit.kernel.refusal import not_found
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.payments import RefundApproved
from plaudit.vocabulary.facts.tickets import TicketRefunded


def return_tickets(asked: Asked[RefundApproved, Any], booking: Booking | None) -> Command:
    """Return the command that brings the money of a refund back, with the seats that it pays for.

    Raises under lock Refusal (REFUSED) `booking.refunded` and what the ledger refuses; (NOT_FOUND)
    `order.unknown` when nothing was given for the payment.
    """
    said = asked.said

    def plan(lookup: Lookup) -> Plan:
        if booking is None:
            raise not_found("order.unknown", "Nothing was given for this payment.")
        back = back_of(booking, amount_minor=said.amount_minor)
        offer: Offer = lookup.one(OFFER, booking.offer)
        show: Show = lookup.one(SHOW, booking.show)
        return _returning(said, booking, back, _Place(offer, show))

    return Command(
        action="presale.return",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature=NAME),
        key=f"return/{said.refund}",
        content=canonical((said.refund, said.payment, said.amount_minor)),
        plan=plan,
    )


class _Place(NamedTuple):
    """What a booking is of."""

    offer: Offer
    show: Show


def _returning(said: RefundApproved, booking: Booking, back: Back, place: _Place) -> Plan:
    offer, show = place
    clearing = chart.clearing(asset=booking.asset)
    deposits = chart.show_deposits(show=booking.show, asset=booking.asset)
    # What a settled show has paid out is asked of its organiser first, and lost only then.
    sources = (
        chart.show_takings(show=booking.show, asset=booking.asset),
        chart.creator_earnings(creator=show.organiser, asset=booking.asset),
        chart.losses(asset=booking.asset),
    )
    issued = booking.state == "issued"
    held = (chart.offer_sold if issued else chart.offer_pledged)(offer=offer.id)
    person = person_window(offer=booking.offer, viewer=booking.viewer)
    # Who is refunded before the group is full leaves his place to another.
    places = member_windows(booking) if booking.state == "pledged" else ()
    viewers = tuple(dict.fromkeys(back.holders or (booking.viewer,)))
    # Nobody asks again for the refunds of a cancelled show, whose rights are good for nothing: there, what is
    # frozen keeps no buyer from the money.
    spare_frozen = show.state == "cancelled"

    def decide(book: Book) -> Decision:
        money, lost_minor = _money(book, sources, clearing, back.from_takings_minor)
        if back.from_deposits_minor:
            money.append(Transfer(deposits, clearing, back.from_deposits_minor))
        fact = _fact(said, booking, back, lost_minor)
        if not back.seats:
            return Decision(Fact(f"show/{booking.show}", fact), tuple(money))
        seats = moves.seats_home(book, offer=offer.id, source=held, quantity=back.seats)
        given = _given(book, booking, back, spare_frozen=spare_frozen)
        uses = moves.uses_back(
            book, offer=offer, viewer=booking.viewer, lines=booking.lines, quantity=back.seats
        )
        left = tuple(Use(window, -1) for window in places)
        return Decision(Fact(f"show/{booking.show}", fact), (*money, *seats, *given), (*uses, *left))

    accounts = (
        clearing,
        deposits,
        *sources,
        held,
        *moves.home_accounts(offer.id),
        *moves.rights_accounts(show=booking.show, viewers=viewers, rights=booking.rights),
        *moves.bundle_accounts(viewer=booking.viewer, bundle=booking.bundle),
    )
    windows = (person, *moves.step_windows(offer), waiting_window(offer=offer.id), *places)
    return Plan(decide, accounts, windows)


def _money(
    book: Book, sources: Sequence[str], clearing: str, amount_minor: int
) -> tuple[list[Transfer], int]:
    """Return the transfers of money out of the sources in their order, and what came out of the last."""
    *_, losses = sources
    transfers: list[Transfer] = []
    left_minor, lost_minor = amount_minor, 0
    for source in sources:
        part_minor = left_minor if source == losses else min(left_minor, max(0, book.balance(source)))
        if part_minor:
            transfers.append(Transfer(source, clearing, part_minor))
            left_minor -= part_minor
            lost_minor = part_minor if source == losses else 0
    return transfers, lost_minor


def _given(book: Book, booking: Booking, back: Back, *, spare_frozen: bool) -> tuple[Transfer, ...]:
    """Return the transfers of what came with the seats that go back: rights, and of tickets the bundle."""
    counts = {holder: back.holders.count(holder) for holder in dict.fromkeys(back.holders)}
    if not counts:
        counts = {booking.viewer: back.seats}
    rights = tuple(
        transfer
        for holder, seats in counts.items()
        for transfer in moves.rights_in(
            book,
            show=booking.show,
            viewer=holder,
            rights=booking.rights,
            quantity=seats,
            spare_frozen=spare_frozen,
        )
    )
    if booking.state != "issued":
        return rights
    bundle = moves.bundle_in(
        book,
        viewer=booking.viewer,
        bundle=booking.bundle,
        quantity=back.seats,
        spare_frozen=spare_frozen,
    )
    return (*rights, *bundle)


def _fact(said: RefundApproved, booking: Booking, back: Back, lost_minor: int) -> TicketRefunded:
    return TicketRefunded(
        order=booking.order,
        viewer=booking.viewer,
        show=booking.show,
        offer=booking.offer,
        quantity=back.seats,
        payment=said.payment,
        refund=said.refund,
        asset=booking.asset,
        amount_minor=said.amount_minor,
        refunded_minor=back.refunded_minor,
        rights=booking.rights if back.seats else (),
        holders=back.holders or ((booking.viewer,) if back.seats else ()),
        lost_minor=lost_minor,
    )
