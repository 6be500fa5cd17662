"""Paid orders become tickets, deposits or places in a group; refunds take back what they had earned."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from plaudit.core import dues
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.dues import Asked
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span
from plaudit.features.presale.actions import fulfil, pledges, refunds
from plaudit.features.presale.actions.base import NAME
from plaudit.features.presale.model.bookings import Booking, back_of, excuse, take_back
from plaudit.features.presale.model.groups import Group
from plaudit.features.presale.store import bookings as store
from plaudit.features.presale.store import groups as group_store
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.payments import PaymentSucceeded, RefundApproved
from plaudit.vocabulary.facts.tickets import (
    TicketDeposited,
    TicketIssued,
    TicketOrdered,
    TicketPledged,
    TicketRefunded,
)

_Payment: TypeAlias = Asked[PaymentSucceeded, TicketOrdered]
_Refund: TypeAlias = Asked[RefundApproved, Any]
"""A refund of an order or of a balance."""


class _Desk(NamedTuple):
    """Where a span is worked on: the way for commands, the transaction, and the locked bookings by order."""

    corridor: Corridor
    conn: Connection
    tenant_id: int
    found: dict[int, Booking]

    async def save(self, bookings: Sequence[Booking]) -> None:
        """Write bookings."""
        await store.save_bookings(self.conn, tenant_id=self.tenant_id, bookings=bookings)

    async def issue(self, bookings: Sequence[Booking]) -> None:
        """Write the tickets of orders that were issued."""
        await store.insert_tickets(self.conn, tenant_id=self.tenant_id, bookings=bookings)


async def _answer(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Answer what a span says of orders and of balances: payments first, then refunds."""
    orders = await dues.questions(conn, span, due=TicketOrdered)
    balances = await dues.questions(conn, span, due=TicketDeposited)
    asked: list[tuple[_Refund, int]] = [(one, one.said.due) for one in orders.refunds]
    asked += [(one, one.due.order) for one in balances.refunds]
    numbers = {one.said.due for one in orders.paid} | {one.due.order for one in balances.paid}
    numbers |= {order for _, order in asked}
    if not numbers:
        return
    joining = Counter(one.due.group for one in orders.paid if one.due.group is not None)
    # Groups first, then bookings, then accounts, as everywhere, and all before anything moves.
    groups: list[Group] = []
    if joining:
        groups = await group_store.lock_groups(conn, tenant_id=span.tenant_id, groups=sorted(joining))
    found = await _bookings(conn, span.tenant_id, orders=sorted(numbers), groups=sorted(joining))
    desk = _Desk(corridor, conn, span.tenant_id, found)
    filled = [one for one in groups if _members(found, one) + joining[one.id] >= one.size]
    paid = [(one, fulfil.fulfil_order(one)) for one in orders.paid]
    paid_up = [(one, pledges.pay_balance(one, found.get(one.due.order))) for one in balances.paid]
    turns = _turns(asked)
    if bool(paid) + bool(paid_up) + len(turns) + len(filled) > 1:
        commands = [command for _, command in paid] + [command for _, command in paid_up]
        commands += [refunds.return_tickets(one, found.get(order)) for one, order in asked]
        commands += _filling(desk, filled, orders.paid)
        await corridor.lock(conn, commands)
    if paid:
        await _fulfil(desk, paid)
    if paid_up:
        await _pay_balances(desk, paid_up)
    for turn in turns:
        await _give_back(desk, turn)


async def _bookings(
    conn: Connection, tenant_id: int, *, orders: Sequence[int], groups: Sequence[str]
) -> dict[int, Booking]:
    """Lock the bookings of a span; of groups that somebody pays for now those of all members."""
    if not groups:
        return await store.lock_bookings(conn, tenant_id=tenant_id, orders=orders)
    return await store.lock_members(conn, tenant_id=tenant_id, groups=groups, orders=orders)


def _members(found: Mapping[int, Booking], group: Group) -> int:
    return sum(one.group == group.id and one.state == "pledged" for one in found.values())


def _filling(desk: _Desk, filled: Sequence[Group], paid: Sequence[_Payment]) -> list[Command]:
    """Return what groups that may be full with a span's payments will need locked."""
    names = {one.id for one in filled}
    members = [one for one in desk.found.values() if one.group in names and one.state == "pledged"]
    members += [_pledged(one) for one in paid if one.due.group in names]
    issuing = [pledges.issue_member(tenant_id=desk.tenant_id, booking=one) for one in members]
    ending = [pledges.end_member(tenant_id=desk.tenant_id, booking=one, cause="refused") for one in members]
    return [*issuing, *ending]


async def _fulfil(desk: _Desk, wanted: Sequence[tuple[_Payment, Command]]) -> None:
    outcomes = await dues.fulfil(desk.corridor, desk.conn, feature=NAME, wanted=wanted)
    made = [
        booked(one, outcome)
        for (one, _), outcome in zip(wanted, outcomes, strict=True)
        if outcome is not None
    ]
    if not made:
        return
    await desk.save(made)
    issued = [one for one in made if one.state == "issued"]
    if issued:
        await desk.issue(issued)
    desk.found.update((one.order, one) for one in made)
    full = {
        fact.group
        for outcome in outcomes
        if outcome is not None and isinstance(fact := outcome.data, TicketPledged) and fact.paid == fact.size
    }
    if full:
        await _fill_groups(desk, sorted(full))


async def _fill_groups(desk: _Desk, full: Sequence[str]) -> None:
    """Close groups that are full, and issue the tickets of their members.

    A member to whom no ticket can be given (an account is frozen) has the money back, and keeps no other.
    """
    conn, tenant_id = desk.conn, desk.tenant_id
    groups = await group_store.lock_groups(conn, tenant_id=tenant_id, groups=full)
    members = [one for one in desk.found.values() if one.group in full and one.state == "pledged"]
    assert len(members) == sum(one.size for one in groups), (full, len(members))
    closing = [pledges.fill_group(tenant_id=tenant_id, group=one) for one in groups]
    issuing = [pledges.issue_member(tenant_id=tenant_id, booking=one) for one in members]
    results = await dues.recorded(desk.corridor, conn, commands=[*closing, *issuing])
    for result in results[: len(closing)]:
        assert isinstance(result, Outcome), result
    issued, refused = [], []
    for one, result in zip(members, results[len(closing) :], strict=True):
        if isinstance(result, Outcome):
            _issue(one, result)
            issued.append(one)
        else:
            refused.append(one)
    await _end_refused(desk, refused)
    await group_store.end_groups(conn, tenant_id=tenant_id, groups=full, filled=True)
    await desk.save(members)
    await desk.issue(issued)


async def _end_refused(desk: _Desk, refused: Sequence[Booking]) -> None:
    ending = [pledges.end_member(tenant_id=desk.tenant_id, booking=one, cause="refused") for one in refused]
    for result in await dues.recorded(desk.corridor, desk.conn, commands=ending):
        if isinstance(result, Refusal):
            raise result
    for one in refused:
        one.state, one.seats = "ended", 0


def _issue(booking: Booking, outcome: Outcome) -> None:
    """Let the issue of its tickets have its effect on a pledged booking."""
    fact = outcome.data
    assert isinstance(fact, TicketIssued), outcome
    booking.state, booking.deposits_minor, booking.balance_due = "issued", 0, None
    booking.rights, booking.bundle = fact.rights, fact.bundle
    booking.holders = [booking.viewer] * booking.quantity


async def _pay_balances(
    desk: _Desk, wanted: Sequence[tuple[Asked[PaymentSucceeded, TicketDeposited], Command]]
) -> None:
    outcomes = await dues.fulfil(desk.corridor, desk.conn, feature=NAME, wanted=wanted)
    issued: list[Booking] = []
    changed: dict[int, Booking] = {}
    for (one, _), outcome in zip(wanted, outcomes, strict=True):
        if outcome is None:
            pledged = desk.found.get(one.due.order)
            if pledged is not None and excuse(pledged, paid_at=one.at):
                changed[pledged.order] = pledged
            continue
        booking, said = desk.found[one.due.order], one.said
        booking.payments = (*booking.payments, (said.due, said.payment, said.amount_minor))
        booking.instrument_hash = said.instrument_hash
        _issue(booking, outcome)
        issued.append(booking)
        changed[booking.order] = booking
    if changed:
        await desk.save(list(changed.values()))
    if issued:
        await desk.issue(issued)


async def _give_back(desk: _Desk, asked: Sequence[tuple[_Refund, int]]) -> None:
    """Give refunds back, at most one of each order."""
    told: list[Outcome] = []

    def lost(outcome: Outcome) -> int:
        assert isinstance(outcome.data, TicketRefunded), outcome
        told.append(outcome)
        return outcome.data.lost_minor

    wanted = [(one, refunds.return_tickets(one, desk.found.get(order))) for one, order in asked]
    await dues.give_back(desk.corridor, desk.conn, feature=NAME, wanted=wanted, lost_minor=lost)
    returned: dict[int, int] = {}
    changed = []
    for outcome in told:
        fact = outcome.data
        assert isinstance(fact, TicketRefunded), outcome
        booking = desk.found[fact.order]
        if booking.state == "issued" and fact.quantity:
            returned[booking.order] = fact.quantity
        take_back(booking, back_of(booking, amount_minor=fact.amount_minor))
        if booking.state != "pledged":
            booking.balance_due = None
        changed.append(booking)
    if changed:
        await desk.save(changed)
    if returned:
        await store.return_tickets(desk.conn, tenant_id=desk.tenant_id, returned=list(returned.items()))


def _turns(
    asked: Iterable[tuple[_Refund, int]],
) -> list[list[tuple[_Refund, int]]]:
    """Return refunds in turns, of each order one a turn, in the order of the journal."""
    turns: list[list[tuple[_Refund, int]]] = []
    seen: Counter[int] = Counter()
    for one in sorted(asked, key=lambda pair: pair[0].position):
        if seen[one[1]] == len(turns):
            turns.append([])
        turns[seen[one[1]]].append(one)
        seen[one[1]] += 1
    return turns


def booked(asked: _Payment, outcome: Outcome) -> Booking:
    """Return the booking that a payment has made of an order."""
    booking, fact = _pledged(asked), outcome.data
    if isinstance(fact, TicketIssued):
        _issue(booking, outcome)
    if isinstance(fact, TicketDeposited):
        booking.rights, booking.balance_due = fact.rights, fact.due_until
        booking.balance = outcome.position
        booking.forfeited, booking.returned_if_cancelled = fact.forfeited, fact.returned_if_cancelled
    return booking


def _pledged(asked: _Payment) -> Booking:
    said, ordered = asked.said, asked.due
    return Booking(
        order=said.due,
        viewer=ordered.payer,
        show=ordered.show,
        offer=ordered.offer,
        mode=ordered.mode,
        quantity=ordered.quantity,
        lines=ordered.lines,
        asset=ordered.asset,
        total_minor=ordered.total_minor,
        state="pledged",
        payments=((said.due, said.payment, said.amount_minor),),
        deposits_minor=said.amount_minor,
        seats=ordered.quantity,
        group=ordered.group,
        instrument_hash=said.instrument_hash,
        attribution=ordered.attribution,
    )


PAID: Final = Reaction(name="presale.paid", kinds=dues.KINDS, react=_answer)
