"""What becomes of pledged orders: the balance is paid or the deposit forfeited, the group is full or over."""

from collections.abc import Callable

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.dues import ANSWER, Asked, system_grant
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Book, Decision, Transfer, Use, Window
from plaudit.features.presale.actions import moves
from plaudit.features.presale.actions.base import FEATURE, NAME, OFFER, SHOW
from plaudit.features.presale.actions.counters import (
    group_member,
    group_members,
    group_over,
    group_paid,
    person_window,
    waiting_window,
)
from plaudit.features.presale.model.bookings import Booking, kept_ratio, split_deposit
from plaudit.features.presale.model.groups import Group
from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.shows import Show, check_selling
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.payments import PaymentSucceeded
from plaudit.vocabulary.facts.tickets import (
    EndCause,
    GroupEnded,
    OrderEnded,
    TicketDeposited,
    TicketForfeited,
    TicketIssued,
)


def pay_balance(asked: Asked[PaymentSucceeded, TicketDeposited], booking: Booking | None) -> Command:
    """Return the command that issues the tickets of a deposited order whose balance was paid.

    Raises under lock Refusal (REFUSED) `deposit.forfeited` when the order is not pledged any more, and
    `show.over`; both send the balance back.
    """
    said, deposited = asked.said, asked.due

    def plan(lookup: Lookup) -> Plan:
        show: Show | None = lookup.one(SHOW, deposited.show)
        assert show is not None, deposited
        check_selling(show)
        if booking is None or booking.state != "pledged":
            raise refused("deposit.forfeited", "This order is not waiting for its balance; order again.")
        offer: Offer = lookup.one(OFFER, booking.offer)
        return _issuing(booking, offer, balance=said)

    return _command(
        tenant_id=asked.tenant_id,
        verb="pay_balance",
        key=f"balance/{said.due}",
        plan=plan,
        targets=(FEATURE,),
    )


def issue_member(*, tenant_id: int, booking: Booking) -> Command:
    """Return the command that issues the ticket of a member of a group that is full."""

    def plan(lookup: Lookup) -> Plan:
        offer: Offer = lookup.one(OFFER, booking.offer)
        return _issuing(booking, offer, balance=None)

    return _command(tenant_id=tenant_id, verb="issue", key=f"issue/{booking.order}", plan=plan)


def fill_group(*, tenant_id: int, group: Group) -> Command:
    """Return the command that closes a group that is full."""
    return _group_command(tenant_id, group, filled=True)


def fail_group(*, tenant_id: int, group: Group) -> Command:
    """Return the command that closes a group whose time is over.

    Raises under lock Refusal `group.filled` (REFUSED) when it has become full.
    """
    return _group_command(tenant_id, group, filled=False)


def end_member(*, tenant_id: int, booking: Booking, cause: EndCause) -> Command:
    """Return the command that takes a paid member's seat back; the money stays in the deposits."""

    def plan(lookup: Lookup) -> Plan:
        return leaving(booking, lookup.one(OFFER, booking.offer), cause=cause)

    return _command(tenant_id=tenant_id, verb="end_member", key=f"ended/{booking.order}", plan=plan)


def leaving(booking: Booking, offer: Offer, *, cause: EndCause) -> Plan:
    """Return the plan by which a paid member goes out of a group.

    Raises under lock Refusal `group.filled` (REFUSED) to one who leaves when the group is full.
    """
    group = booking.group
    assert group is not None, booking
    pledged = chart.offer_pledged(offer=booking.offer)
    person = person_window(offer=booking.offer, viewer=booking.viewer)
    over, places = group_over(group=group), member_windows(booking)
    (_, payment, _), *_ = booking.payments
    seats, paid_minor = booking.seats, booking.deposits_minor

    def decide(book: Book) -> Decision:
        if cause == "left" and book.used(over):
            raise refused("group.filled", "This group is full or over; its tickets are given out.")
        fact = OrderEnded(
            order=booking.order,
            viewer=booking.viewer,
            show=booking.show,
            offer=booking.offer,
            quantity=booking.quantity,
            cause=cause,
            payment=payment,
            asset=booking.asset,
            paid_minor=paid_minor,
            group=group,
        )
        home = moves.seats_home(book, offer=offer.id, source=pledged, quantity=seats)
        uses = (Use(person, -booking.quantity), *(Use(place, -1) for place in places))
        return Decision(Fact(f"show/{booking.show}", fact), home, uses)

    accounts = (pledged, *moves.home_accounts(offer.id))
    return Plan(decide, accounts, (person, over, *places, waiting_window(offer=offer.id)))


def member_windows(booking: Booking) -> tuple[Window, ...]:
    """Return the counters in which a paid member has a place in a group; none of other bookings."""
    if booking.group is None:
        return ()
    return (
        group_paid(group=booking.group),
        group_members(group=booking.group),
        group_member(group=booking.group, viewer=booking.viewer),
    )


def forfeit(*, tenant_id: int, booking: Booking) -> Command:
    """Return the command that ends a deposited order whose balance did not come.

    The seats go back; of the deposit, what is kept goes to the takings, and the rest stays where it is until
    it is refunded. Raises under lock Refusal `show.over` (REFUSED) when the show was cancelled before.
    """

    def plan(lookup: Lookup) -> Plan:
        show: Show = lookup.one(SHOW, booking.show)
        if show.state == "cancelled":
            raise refused("show.over", "This show is cancelled; its deposits go back as its terms say.")
        return _forfeiting(booking, lookup.one(OFFER, booking.offer), _forfeited(booking, show))

    return _command(
        tenant_id=tenant_id,
        verb="forfeit",
        key=f"forfeit/{booking.order}",
        plan=plan,
        targets=(FEATURE,),
    )


def _forfeited(booking: Booking, show: Show) -> TicketForfeited:
    """Return what is kept of a deposit and what goes back: all of it, where the show did not wait for it."""
    kept_minor, returned_minor = split_deposit(
        deposit_minor=booking.deposits_minor, forfeited=kept_ratio(booking, over_at=show.over_at)
    )
    (_, payment, _), *_ = booking.payments
    return TicketForfeited(
        order=booking.order,
        viewer=booking.viewer,
        show=booking.show,
        offer=booking.offer,
        quantity=booking.quantity,
        payment=payment,
        asset=booking.asset,
        deposit_minor=booking.deposits_minor,
        forfeited_minor=kept_minor,
        returned_minor=returned_minor,
        rights=booking.rights,
    )


def _forfeiting(booking: Booking, offer: Offer, fact: TicketForfeited) -> Plan:
    pledged = chart.offer_pledged(offer=booking.offer)
    deposits = chart.show_deposits(show=booking.show, asset=booking.asset)
    takings = chart.show_takings(show=booking.show, asset=booking.asset)

    def decide(book: Book) -> Decision:
        seats = moves.seats_home(book, offer=offer.id, source=pledged, quantity=booking.seats)
        rights = moves.rights_in(
            book, show=booking.show, viewer=booking.viewer, rights=booking.rights, quantity=booking.quantity
        )
        money = (Transfer(deposits, takings, fact.forfeited_minor),) if fact.forfeited_minor else ()
        uses = moves.uses_back(
            book, offer=offer, viewer=booking.viewer, lines=booking.lines, quantity=booking.quantity
        )
        return Decision(Fact(f"show/{booking.show}", fact), (*seats, *rights, *money), uses)

    accounts = (
        pledged,
        *moves.home_accounts(offer.id),
        deposits,
        takings,
        *moves.rights_accounts(show=booking.show, viewers=(booking.viewer,), rights=booking.rights),
    )
    person = person_window(offer=booking.offer, viewer=booking.viewer)
    return Plan(decide, accounts, (person, *moves.step_windows(offer), waiting_window(offer=offer.id)))


def _issuing(booking: Booking, offer: Offer, *, balance: PaymentSucceeded | None) -> Plan:
    """Return the plan that makes a pledged order a sold one, with the balance if there is any."""
    pledged, sold = chart.offer_pledged(offer=offer.id), chart.offer_sold(offer=offer.id)
    deposits = chart.show_deposits(show=booking.show, asset=booking.asset)
    takings = chart.show_takings(show=booking.show, asset=booking.asset)
    clearing = chart.clearing(asset=booking.asset)
    fact = _issued(booking, offer, balance)
    new = tuple(right for right in offer.rights if right not in booking.rights)

    def decide(book: Book) -> Decision:
        rights = moves.rights_out(
            show=booking.show, viewer=booking.viewer, rights=new, quantity=booking.quantity
        )
        bundle = moves.bundle_out(book, viewer=booking.viewer, bundle=offer.bundle, quantity=booking.quantity)
        money = [Transfer(deposits, takings, booking.deposits_minor)]
        if balance is not None:
            money.append(Transfer(clearing, takings, balance.amount_minor))
        seats = Transfer(pledged, sold, booking.seats)
        return Decision(Fact(f"show/{booking.show}", fact), (seats, *money, *rights, *bundle))

    accounts = (
        pledged,
        sold,
        deposits,
        takings,
        clearing,
        *moves.rights_accounts(show=booking.show, viewers=(booking.viewer,), rights=new),
        *moves.bundle_accounts(viewer=booking.viewer, bundle=offer.bundle),
    )
    return Plan(decide, accounts)


def _issued(booking: Booking, offer: Offer, balance: PaymentSucceeded | None) -> TicketIssued:
    _, payment, _ = booking.payments[-1]
    return TicketIssued(
        order=booking.order,
        viewer=booking.viewer,
        show=booking.show,
        offer=booking.offer,
        quantity=booking.quantity,
        mode=booking.mode,
        lines=booking.lines,
        rights=(*booking.rights, *(right for right in offer.rights if right not in booking.rights)),
        asset=booking.asset,
        paid_minor=booking.paid_minor + (0 if balance is None else balance.amount_minor),
        payment=payment if balance is None else balance.payment,
        bundle=offer.bundle,
        instrument_hash=booking.instrument_hash if balance is None else balance.instrument_hash,
        attribution=booking.attribution,
        deposit_instrument_hash=None if balance is None else booking.instrument_hash,
    )


def _group_command(tenant_id: int, group: Group, *, filled: bool) -> Command:
    over, paid = group_over(group=group.id), group_paid(group=group.id)

    def decide(book: Book) -> Decision:
        full = book.used(paid) >= group.size
        if full != filled or book.used(over):
            raise refused("group.filled", "This group has ended another way; look at it again.")
        fact: FactData = GroupEnded(
            group=group.id,
            show=group.show,
            offer=group.offer,
            filled=filled,
            paid=book.used(paid),
            size=group.size,
        )
        return Decision(Fact(f"show/{group.show}", fact), (), (Use(over, 1, 1),))

    return _command(
        tenant_id=tenant_id,
        verb="end_group",
        key=f"group/{group.id}",
        plan=lambda _lookup: Plan(decide, (), (over, paid)),
        targets=() if filled else (FEATURE,),
    )


def _command(
    *, tenant_id: int, verb: str, key: str, plan: Callable[[Lookup], Plan], targets: tuple[str, ...] = ()
) -> Command:
    """Return a command of presale's own; what a payment has set off already is stopped by no switch."""
    return Command(
        action=f"presale.{verb}",
        permission=ANSWER,
        grant=system_grant(tenant_id=tenant_id, feature=NAME),
        key=key,
        content=key.encode(),
        plan=plan,
        targets=targets,
    )
