"""What a paid order becomes: tickets, a deposit whose balance is due, or a place in a group.

Seats that are held are captured. Money that comes after their time gets them all the same where they are
still free at the price of the order; otherwise the due is rejected, and the money goes back.
"""

from collections.abc import Callable
from typing import NamedTuple

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.dues import ANSWER, Asked, system_grant
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Draw, Transfer, Use, Window
from plaudit.features.presale.actions import moves
from plaudit.features.presale.actions.base import CODE, FEATURE, GROUP_TOPIC, NAME, OFFER, SHOW
from plaudit.features.presale.actions.counters import (
    code_window,
    group_over,
    group_paid,
    person_window,
    step_window,
)
from plaudit.features.presale.model.groups import Group
from plaudit.features.presale.model.offers import Code, Offer, balance_over, code_key
from plaudit.features.presale.model.pricing import still_sold
from plaudit.features.presale.model.shows import Show, check_selling
from plaudit.kernel.refusal import Refusal, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.payments import PaymentSucceeded
from plaudit.vocabulary.facts.tickets import TicketDeposited, TicketIssued, TicketOrdered, TicketPledged


class _Paid(NamedTuple):
    """A paid order, and what it is decided by."""

    order: int
    said: PaymentSucceeded
    ordered: TicketOrdered
    offer: Offer
    group: Group | None
    seats: str
    code: Code | None


def fulfil_order(asked: Asked[PaymentSucceeded, TicketOrdered]) -> Command:
    """Return the command that fulfils a paid order by its mode.

    Raises under lock Refusal (REFUSED) `order.expired` when its seats were given to others or its price is
    gone, `show.over`, `deposit.over`, `group.over`; all of them send the money back.
    """
    said, ordered = asked.said, asked.due

    def plan(lookup: Lookup) -> Plan:
        offer: Offer | None = lookup.one(OFFER, ordered.offer)
        show: Show | None = lookup.one(SHOW, ordered.show)
        assert offer is not None, ordered
        assert show is not None, ordered
        check_selling(show)
        group = None if ordered.group is None else lookup.one(GROUP_TOPIC, ordered.group)
        code: Code | None = None
        if ordered.code is not None:
            code = lookup.one(CODE, code_key(offer=ordered.offer, code=ordered.code))
        paid = _Paid(said.due, said, ordered, offer, group, seats_of(ordered), code)
        return _PLANS[ordered.mode](paid)

    return Command(
        action="presale.fulfil",
        permission=ANSWER,
        grant=system_grant(tenant_id=asked.tenant_id, feature=NAME),
        key=f"ticket/{said.due}",
        content=canonical((said.due, said.payment)),
        plan=plan,
        targets=(FEATURE,),
    )


def seats_of(ordered: TicketOrdered) -> str:
    """Return the account that the seats of an order are held from."""
    if ordered.source == "code":
        assert ordered.code is not None, ordered
        return chart.offer_code(offer=ordered.offer, code=ordered.code)
    return chart.offer_stock(offer=ordered.offer)


def _plan(
    paid: _Paid,
    *,
    seats_to: str,
    money_to: str,
    accounts: tuple[str, ...] = (),
    windows: tuple[Window, ...] = (),
    data: Callable[[Book, bool], FactData],
    more: Callable[[Book], tuple[tuple[Transfer, ...], tuple[Use, ...]]],
) -> Plan:
    """Return the plan that moves seats and money of a paid order, and whatever else comes with it."""
    ordered, said = paid.ordered, paid.said
    clearing = chart.clearing(asset=ordered.asset)
    limits: tuple[Window, ...] = (person_window(offer=ordered.offer, viewer=ordered.payer),)
    if ordered.mode != "group":
        limits = (*limits, *moves.step_windows(paid.offer))
    if paid.code is not None:
        limits = (*limits, code_window(offer=ordered.offer, code=paid.code.code))

    def decide(book: Book) -> Decision:
        seats, draws, uses, late = _seats(paid, book, seats_to)
        transfers, more_uses = more(book)
        fact = Fact(f"show/{ordered.show}", data(book, late))
        money = Transfer(clearing, money_to, said.amount_minor)
        return Decision(fact, (seats, money, *transfers), (*uses, *more_uses), None, draws)

    locked = (paid.seats, chart.held(paid.seats), seats_to, clearing, money_to, *accounts)
    return Plan(decide, locked, (*limits, *windows), (paid.order,))


def _seats(
    paid: _Paid, book: Book, seats_to: str
) -> tuple[Transfer, tuple[Draw, ...], tuple[Use, ...], bool]:
    """Return how the seats of a paid order move, and whether its time was over."""
    ordered, hold = paid.ordered, book.hold(paid.order)
    quantity, escrow = ordered.quantity, chart.held(paid.seats)
    kept = hold.remaining == quantity
    if kept and book.now < hold.deadline:
        draw = Draw(paid.order, quantity, "capture")
        return Transfer(escrow, seats_to, quantity), (draw,), (), False
    if ordered.mode != "group":
        taken = [book.used(window) for window in moves.step_windows(paid.offer)]
        if not still_sold(paid.offer, lines=ordered.lines, taken=taken, counted=kept, now=book.now):
            raise _expired()
    if kept:
        # Its time is over and nobody has given the seats to others yet.
        draw = Draw(paid.order, quantity, "expire")
        return Transfer(escrow, seats_to, quantity), (draw,), (), True
    if ordered.mode == "group" or book.balance(paid.seats) < quantity:
        raise _expired()
    person = person_window(offer=ordered.offer, viewer=ordered.payer)
    if book.used(person) + quantity > paid.offer.per_person_max:
        raise _expired()
    uses = [Use(person, quantity)]
    uses += [Use(step_window(offer=ordered.offer, step=line.step), line.quantity) for line in ordered.lines]
    if paid.code is not None:
        used = code_window(offer=ordered.offer, code=paid.code.code)
        if paid.code.uses_max is not None and book.used(used) + quantity > paid.code.uses_max:
            raise _expired()
        uses.append(Use(used, quantity))
    return Transfer(paid.seats, seats_to, quantity), (), tuple(uses), True


def _expired() -> Refusal:
    return refused(
        "order.expired", "The seats of this order were given to others, or its price is over; order again."
    )


def _full(paid: _Paid) -> Plan:
    ordered, offer, said = paid.ordered, paid.offer, paid.said
    out = _out(ordered, offer)

    def data(_book: Book, late: bool) -> FactData:  # noqa: FBT001 - one of the two shapes of the same fact
        return TicketIssued(
            order=paid.order,
            viewer=ordered.payer,
            show=ordered.show,
            offer=ordered.offer,
            quantity=ordered.quantity,
            mode=ordered.mode,
            lines=ordered.lines,
            rights=offer.rights,
            asset=ordered.asset,
            paid_minor=said.amount_minor,
            payment=said.payment,
            bundle=offer.bundle,
            instrument_hash=said.instrument_hash,
            attribution=ordered.attribution,
            late=late,
        )

    return _plan(
        paid,
        seats_to=chart.offer_sold(offer=offer.id),
        money_to=chart.show_takings(show=ordered.show, asset=ordered.asset),
        accounts=(
            *moves.rights_accounts(show=ordered.show, viewers=(ordered.payer,), rights=offer.rights),
            *moves.bundle_accounts(viewer=ordered.payer, bundle=offer.bundle),
        ),
        data=data,
        more=lambda book: (out(book), ()),
    )


def _out(ordered: TicketOrdered, offer: Offer) -> Callable[[Book], tuple[Transfer, ...]]:
    def out(book: Book) -> tuple[Transfer, ...]:
        rights = moves.rights_out(
            show=ordered.show, viewer=ordered.payer, rights=offer.rights, quantity=ordered.quantity
        )
        bundle = moves.bundle_out(book, viewer=ordered.payer, bundle=offer.bundle, quantity=ordered.quantity)
        return (*rights, *bundle)

    return out


def _deposit(paid: _Paid) -> Plan:
    ordered, offer, said = paid.ordered, paid.offer, paid.said
    terms = offer.deposit
    if terms is None:
        raise refused("deposit.over", "This offer takes no deposits any more; order it in full.")
    rights = moves.rights_out(
        show=ordered.show, viewer=ordered.payer, rights=terms.rights, quantity=ordered.quantity
    )

    def data(_book: Book, _late: bool) -> FactData:  # noqa: FBT001 - one of the two shapes of the same fact
        return TicketDeposited(
            payer=ordered.payer,
            asset=ordered.asset,
            amount_minor=ordered.total_minor - said.amount_minor,
            due_until=balance_over(terms),
            title_en=f"{ordered.title_en}: balance",
            title_zh=f"{ordered.title_zh} 尾款",
            order=paid.order,
            show=ordered.show,
            offer=ordered.offer,
            quantity=ordered.quantity,
            payment=said.payment,
            deposit_minor=said.amount_minor,
            balance_from=terms.balance_from,
            balance_until=terms.balance_until,
            forfeited=terms.forfeited,
            returned_if_cancelled=terms.returned_if_cancelled,
            rights=terms.rights,
        )

    def more(book: Book) -> tuple[tuple[Transfer, ...], tuple[Use, ...]]:
        if book.now >= balance_over(terms):
            raise refused("deposit.over", "The time for deposits is over; order it in full.")
        return rights, ()

    return _plan(
        paid,
        seats_to=chart.offer_pledged(offer=offer.id),
        money_to=chart.show_deposits(show=ordered.show, asset=ordered.asset),
        accounts=moves.rights_accounts(show=ordered.show, viewers=(ordered.payer,), rights=terms.rights),
        data=data,
        more=more,
    )


def _group(paid: _Paid) -> Plan:
    ordered, offer, said = paid.ordered, paid.offer, paid.said
    group = paid.group
    assert group is not None, ordered
    over, have_paid = group_over(group=group.id), group_paid(group=group.id)

    def data(book: Book, _late: bool) -> FactData:  # noqa: FBT001 - one of the two shapes of the same fact
        return TicketPledged(
            order=paid.order,
            viewer=ordered.payer,
            show=ordered.show,
            offer=ordered.offer,
            quantity=ordered.quantity,
            group=group.id,
            payment=said.payment,
            asset=ordered.asset,
            paid_minor=said.amount_minor,
            paid=book.used(have_paid) + 1,
            size=group.size,
        )

    def more(book: Book) -> tuple[tuple[Transfer, ...], tuple[Use, ...]]:
        if book.used(over):
            raise refused("group.over", "This group is over; open one of your own, or join another.")
        return (), (Use(have_paid, 1, group.size),)

    return _plan(
        paid,
        seats_to=chart.offer_pledged(offer=offer.id),
        money_to=chart.show_deposits(show=ordered.show, asset=ordered.asset),
        windows=(over, have_paid),
        data=data,
        more=more,
    )


_PLANS: dict[str, Callable[[_Paid], Plan]] = {"full": _full, "deposit": _deposit, "group": _group}
