"""The waiting list: places on it, seats that came back and are offered to the next, what becomes of those."""

from datetime import timedelta

import msgspec

from plaudit.core.commands.command import Command, Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.sweeps import Opened, expiry_command
from plaudit.core.dues import ANSWER, system_grant
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, Recorded, canonical
from plaudit.core.ledger.book import Book, Decision, Draw, Opening, Transfer, Use
from plaudit.features.presale.actions import moves
from plaudit.features.presale.actions.base import (
    FEATURE,
    NAME,
    OFFER,
    SHOW,
    SWITCHES,
    check_on,
    table_command,
)
from plaudit.features.presale.actions.counters import person_window, waiter_window, waiting_window
from plaudit.features.presale.actions.endings import How
from plaudit.features.presale.model.offers import Offer, check_on_sale, unknown_offer
from plaudit.features.presale.model.pricing import has_price
from plaudit.features.presale.model.shows import Show, check_selling
from plaudit.features.presale.model.waiting import Place, check_needed
from plaudit.features.presale.store import waiting as store
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid, refused
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.tickets import (
    LeftCause,
    WaitingJoined,
    WaitingLeft,
    WaitingOffered,
    WaitingPassed,
)


def join_waiting(*, grant: Grant, key: str, viewer: str, offer: str, quantity: int) -> Command:
    """Return the journal command by which a viewer waits for seats of an offer.

    Raises Refusal `offer.unknown`, `order.quantity`, `body.invalid`; under lock (REFUSED) `offer.off`,
    `order.too_many`, `show.over`, those of `check_needed` while an order can have the seats or will, and
    `offer.person_limit` when the viewer could not have them, with those that he has and those that he waits
    for.
    """
    if quantity < 1:
        raise invalid("order.quantity", "Wait for at least one seat.", field="quantity")
    if not valid_name(viewer):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="viewer"
        )
    if not valid_name(offer):
        raise unknown_offer(offer)

    def plan(lookup: Lookup) -> Plan:
        found: Offer | None = lookup.one(OFFER, offer)
        if found is None or found.hidden:
            raise unknown_offer(offer)
        check_on(found.show, off=lookup.one(*SWITCHES))
        show: Show = lookup.one(SHOW, found.show)
        check_selling(show)
        check_on_sale(found)
        # Who waits for more than there are is never served, and keeps everybody behind from being.
        most = min(found.per_order_max, found.stock)
        if quantity > most:
            raise refused("order.too_many", f"Wait for at most {most} seats.")
        return _joining(found, viewer, quantity)

    return Command(
        action="presale.join_waiting",
        permission="ticket.order",
        grant=grant,
        key=key,
        content=canonical((viewer, offer, quantity)),
        plan=plan,
        targets=(FEATURE, switches.offer(offer)),
    )


def _joining(offer: Offer, viewer: str, quantity: int) -> Plan:
    stock, window = chart.offer_stock(offer=offer.id), waiting_window(offer=offer.id)
    person = person_window(offer=offer.id, viewer=viewer)
    waiter = waiter_window(offer=offer.id, viewer=viewer)
    steps = moves.step_windows(offer)
    fact = WaitingJoined(viewer=viewer, show=offer.show, offer=offer.id, quantity=quantity)

    def decide(book: Book) -> Decision:
        taken = [book.used(step) for step in steps]
        check_needed(offer, quantity=quantity, free=book.balance(stock), taken=taken, now=book.now)
        had = book.used(person) + book.used(waiter)
        if had + quantity > offer.per_person_max:
            raise refused(
                "offer.person_limit",
                f"One person may have {offer.per_person_max} of these, and you have or wait for {had}.",
                per_person_max=offer.per_person_max,
                had=had,
            )
        uses = (Use(window, quantity), Use(waiter, quantity))
        return Decision(Fact(f"show/{offer.show}", fact), (), uses)

    return Plan(decide, (stock,), (window, person, waiter, *steps))


async def leave_waiting(corridor: Corridor, *, grant: Grant, key: str, place: Place) -> Outcome:
    """Let a viewer wait no more.

    Seats that were only kept for those who wait go to everybody when nobody waits any more. Raises Refusal
    `waiting.over` (REFUSED) when seats were offered meanwhile, or the viewer has left before.
    """

    async def work(tx: Connection) -> Work:
        # The list may not have come as far as this place yet.
        await store.insert_places(tx, tenant_id=grant.tenant_id, places=[place])
        found = await store.lock_place(tx, tenant_id=grant.tenant_id, place=place.number)
        if found is None or found.state != "waiting":
            raise refused("waiting.over", "This place is not waiting any more; look at it again.")
        await store.change_states(tx, tenant_id=grant.tenant_id, changes=[(place.number, "left")])
        return Work(plan=_leaving(found, cause="asked"))

    command = table_command(
        verb="leave_waiting", permission="ticket.order", grant=grant, key=key, content=place.number
    )
    return await corridor.run(command, work)


def drop_place(*, tenant_id: int, place: Place) -> Command:
    """Return the command that ends a wish which cannot be had any more, since the offer's limits are lower.

    Seats that were only kept for it go to everybody.
    """
    key = f"dropped/{place.number}"
    return Command(
        action="presale.drop_place",
        permission=ANSWER,
        grant=system_grant(tenant_id=tenant_id, feature=NAME),
        key=key,
        content=key.encode(),
        plan=lambda _lookup: _leaving(place, cause="too_many"),
    )


def _leaving(place: Place, *, cause: LeftCause) -> Plan:
    waiting, stock = moves.home_accounts(place.offer)
    window = waiting_window(offer=place.offer)
    waiter = waiter_window(offer=place.offer, viewer=place.viewer)
    fact = WaitingLeft(
        waiting=place.number,
        viewer=place.viewer,
        show=place.show,
        offer=place.offer,
        quantity=place.quantity,
        cause=cause,
    )

    def decide(book: Book) -> Decision:
        spare = book.balance(waiting) - max(0, book.used(window) - place.quantity)
        freed = (Transfer(waiting, stock, spare),) if spare > 0 else ()
        uses = (Use(window, -place.quantity), Use(waiter, -place.quantity))
        return Decision(Fact(f"show/{place.show}", fact), freed, uses)

    return Plan(decide, (waiting, stock), (window, waiter))


def offer_seats(*, tenant_id: int, place: Place, drawn_by: int | None) -> Command:
    """Return the command that holds seats which came back for somebody who waits.

    `drawn_by` is the position of the fact whose hash was the seed, where they were drawn. Raises under lock
    Refusal (REFUSED) `offer.sold_out` when there are too few or no price is left for them, `offer.off` while
    they are not on sale, `show.over` when it is too late. The place goes on waiting.
    """
    waiting, window = chart.offer_waiting(offer=place.offer), waiting_window(offer=place.offer)

    def plan(lookup: Lookup) -> Plan:
        offer: Offer = lookup.one(OFFER, place.offer)
        show: Show = lookup.one(SHOW, place.show)
        check_selling(show)
        check_on_sale(offer)
        steps = moves.step_windows(offer)

        def decide(book: Book) -> Decision:
            if book.balance(waiting) < place.quantity:
                raise refused("offer.sold_out", "Too few seats have come back.")
            taken = [book.used(step) for step in steps]
            if not has_price(offer, quantity=place.quantity, taken=taken, now=book.now):
                raise refused("offer.sold_out", "No price is left for the seats that have come back.")
            deadline = min(book.now + timedelta(seconds=offer.waiting_s), show.ends_at)
            if deadline <= book.now:
                raise refused("show.over", "This show is over; nobody waits for it any more.")
            fact = WaitingOffered(
                waiting=place.number,
                viewer=place.viewer,
                show=place.show,
                offer=place.offer,
                quantity=place.quantity,
                deadline=deadline,
                drawn_by=drawn_by,
            )
            return Decision(
                Fact(f"show/{place.show}", fact),
                (Transfer(waiting, chart.held(waiting), place.quantity),),
                (Use(window, -place.quantity),),
                Opening(waiting, place.quantity, deadline),
            )

        return Plan(decide, (waiting, chart.held(waiting)), (window, *steps))

    key = f"offered/{place.number}"
    return Command(
        action="presale.offer_seats",
        permission=ANSWER,
        grant=system_grant(tenant_id=tenant_id, feature=NAME),
        key=key,
        content=key.encode(),
        plan=plan,
    )


def decline_seats(*, grant: Grant, key: str, opened: Recorded) -> Command:
    """Return the journal command by which a viewer declines seats that were offered.

    Raises under lock Refusal `waiting.over` (REFUSED) when they were taken or their time is over.
    """
    return Command(
        action="presale.decline_seats",
        permission="ticket.order",
        grant=grant,
        key=key,
        content=f"decline/{opened.position}".encode(),
        plan=lambda _lookup: passing(opened, how="release"),
    )


def expire_offered(opened: Opened) -> Command:
    """Return the command that passes on seats which were offered and not taken in time."""
    return expiry_command(
        opened,
        action="presale.expire_offered",
        plan=lambda _lookup: passing(opened.fact, how="expire"),
    )


def passing(opened: Recorded, *, how: How) -> Plan:
    """Return the plan by which seats that were offered go to the next who waits, or to everybody."""
    offered = msgspec.convert(opened.data, WaitingOffered)
    hold, quantity = opened.position, offered.quantity
    waiting, stock = moves.home_accounts(offered.offer)
    waiter = waiter_window(offer=offered.offer, viewer=offered.viewer)
    fact = WaitingPassed(
        offered=hold,
        waiting=offered.waiting,
        viewer=offered.viewer,
        show=offered.show,
        offer=offered.offer,
        quantity=quantity,
    )

    def decide(book: Book) -> Decision:
        if book.hold(hold).remaining != quantity:
            raise refused("waiting.over", "These seats were taken, or are not offered any more.")
        escrow = chart.held(waiting)
        home = moves.seats_home(book, offer=offered.offer, source=escrow, quantity=quantity)
        uses, draws = (Use(waiter, -quantity),), (Draw(hold, quantity, how),)
        return Decision(Fact(f"show/{offered.show}", fact), home, uses, draws=draws)

    accounts = (waiting, chart.held(waiting), stock)
    return Plan(decide, accounts, (waiting_window(offer=offered.offer), waiter), (hold,))
