"""Ordering tickets: seats are held at their price of now, and the price is due.

The fact of an order is the amount due for it and the hold on its seats. Everything that can be worked out
before the locks is; under lock an order costs a few comparisons, so that thousands a second may race for one
stock.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.book import Book, Decision, Draw, Hold, Opening, Transfer, Use, Window
from plaudit.features.presale.actions.base import CODE, FEATURE, GROUP_TOPIC, OFFER, SHOW, SWITCHES, check_on
from plaudit.features.presale.actions.counters import (
    code_window,
    group_member,
    group_members,
    group_over,
    person_window,
    step_window,
    waiter_window,
)
from plaudit.features.presale.model.groups import Group, check_joinable, check_newcomer
from plaudit.features.presale.model.offers import Code, Offer, code_key, unknown_offer
from plaudit.features.presale.model.orders import LATE, Wish, check_terms, check_wish, unknown_group
from plaudit.features.presale.model.pricing import lines_of
from plaudit.features.presale.model.shows import Show, check_selling
from plaudit.features.presale.model.waiting import Place, check_taking
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.facts.tickets import OrderLine, Source, TicketOrdered

GROUP_STEP = -1
"""The step of a line that has the group's price."""


class Ground(NamedTuple):
    """What an order is decided by that cannot change under its locks."""

    wish: Wish
    show: Show
    offer: Offer
    code: Code | None
    group: Group | None
    source: Source
    seats: str
    titles: tuple[str, str]


def order_tickets(
    *, grant: Grant, key: str, wish: Wish, now: datetime, place: Place | None = None
) -> Command:
    """Return the journal command of an order, at its price of when it is decided.

    `place` is that on the waiting list whose seats it takes. Raises Refusal as `check_wish` and
    `check_taking`; under lock those of `check_terms`, and (REFUSED) `offer.sold_out`, `offer.not_open`,
    `offer.steps_over`, `offer.person_limit`, `code.used`, `group.full`, `group.over`, `group.member`, and
    `waiting.over` when the seats that were offered were taken or went on to the next.
    """
    check_wish(wish)
    offered = None if place is None else check_taking(place, wish)

    def plan(lookup: Lookup) -> Plan:
        return plan_order(ground_of(lookup, wish, now=now), offered=offered)

    return Command(
        action="presale.order",
        permission="ticket.order",
        grant=grant,
        key=key,
        content=canonical(wish),
        plan=plan,
        targets=targets_of(wish),
    )


def targets_of(wish: Wish) -> tuple[str, ...]:
    """Return the switches that stop an order beside its show's, which is not known before it is planned."""
    return (FEATURE, switches.offer(wish.offer))


def ground_of(lookup: Lookup, wish: Wish, *, now: datetime) -> Ground:
    """Look up what an order is decided by, and refuse what that already rules out."""
    offer: Offer | None = lookup.one(OFFER, wish.offer)
    if offer is None:
        raise unknown_offer(wish.offer)
    check_on(offer.show, off=lookup.one(*SWITCHES))
    code: Code | None = None
    if wish.code is not None:
        code = lookup.one(CODE, code_key(offer=offer.id, code=wish.code))
    group: Group | None = None
    if wish.group is not None:
        group = lookup.one(GROUP_TOPIC, wish.group)
        if group is None or group.offer != offer.id:
            raise unknown_group()
    return grounded(wish, show=lookup.one(SHOW, offer.show), offer=offer, code=code, group=group, now=now)


def grounded(
    wish: Wish,
    *,
    show: Show | None,
    offer: Offer,
    code: Code | None = None,
    group: Group | None = None,
    now: datetime,
) -> Ground:
    """Return what an order is decided by. Raises Refusal as `check_selling` and `check_terms`."""
    assert show is not None, f"offer {offer.id} is of no show"
    check_selling(show)
    check_terms(wish, offer=offer, code=code, now=now)
    source, seats = _source(wish, offer, code)
    zone = f", {offer.zone}"
    return Ground(
        wish=wish,
        show=show,
        offer=offer,
        code=code,
        group=group,
        source=source,
        seats=seats,
        titles=(show.title_en + zone, show.title_zh + zone),
    )


def plan_order(
    ground: Ground, *, offered: int | None = None, opens: tuple[str, datetime] | None = None
) -> Plan:
    """Name what an order locks, and how it is decided.

    `offered` is the position of the fact that holds seats of the waiting list for it. `opens` is the group
    that it opens, and until when.
    """
    wish, offer = ground.wish, ground.offer
    escrow = chart.held(ground.seats)
    accounts: tuple[str, ...] = (ground.seats, escrow)
    holds: tuple[int, ...] = ()
    waiter: tuple[Window, ...] = ()
    if offered is not None:
        accounts = (*accounts, chart.held(chart.offer_waiting(offer=offer.id)))
        waiter = (waiter_window(offer=offer.id, viewer=wish.viewer),)
        holds = (offered,)
    steps = tuple(step_window(offer=offer.id, step=number) for number in range(len(offer.steps)))
    person = person_window(offer=offer.id, viewer=wish.viewer)
    windows: tuple[Window, ...] = (person, *waiter, *(steps if wish.mode != "group" else ()))
    if ground.code is not None:
        windows = (*windows, code_window(offer=offer.id, code=ground.code.code))
    group = opens[0] if opens is not None else wish.group
    if group is not None:
        own = group_member(group=group, viewer=wish.viewer)
        windows = (*windows, group_members(group=group), group_over(group=group), own)
    return Plan(_deciding(ground, steps, offered, opens), accounts, windows, holds)


def _deciding(
    ground: Ground,
    steps: tuple[Window, ...],
    offered: int | None,
    opens: tuple[str, datetime] | None,
) -> Callable[[Book], Decision]:
    wish, offer = ground.wish, ground.offer
    person = person_window(offer=offer.id, viewer=wish.viewer)

    def decide(book: Book) -> Decision:
        if offered is None:
            _check_stock(ground, book)
        else:
            _check_offered(ground, book.hold(offered), now=book.now)
        had = book.used(person)
        if had + wish.quantity > offer.per_person_max:
            raise refused(
                "offer.person_limit",
                f"One person may have {offer.per_person_max} of these, and you have {had}; order fewer.",
                per_person_max=offer.per_person_max,
                had=had,
            )
        uses = [Use(person, wish.quantity, offer.per_person_max)]
        if offered is not None:
            uses.append(Use(waiter_window(offer=offer.id, viewer=wish.viewer), -wish.quantity))
        if wish.mode == "group":
            lines, until = _group_lines(ground, book, uses, opens)
        else:
            taken = [book.used(step) for step in steps]
            lines, until = lines_of(offer, quantity=wish.quantity, taken=taken, now=book.now), None
            uses += [Use(steps[line.step], line.quantity) for line in lines]
        if ground.code is not None:
            uses.append(_code_use(ground.code, offer, wish.quantity, book))
        return _ordered(ground, book, lines, tuple(uses), offered=offered, opens=opens, until=until)

    return decide


def _check_stock(ground: Ground, book: Book) -> None:
    left, wanted = book.balance(ground.seats), ground.wish.quantity
    if left >= wanted:
        return
    raise refused(
        "offer.sold_out",
        f"Only {left} seats are free; order that many."
        if left
        else "All seats are sold or held for others; wait for one that comes back, or choose another offer.",
        available=left,
    )


def _check_offered(ground: Ground, hold: Hold, *, now: datetime) -> None:
    if hold.remaining != ground.wish.quantity or now >= hold.deadline:
        raise refused("waiting.over", "These seats are not offered to you any more; wait for others.")


def _group_lines(
    ground: Ground, book: Book, uses: list[Use], opens: tuple[str, datetime] | None
) -> tuple[tuple[OrderLine, ...], datetime]:
    terms, wish = ground.offer.group, ground.wish
    if opens is not None:
        assert terms is not None, ground.offer
        group, until, size, price_minor = opens[0], opens[1], terms.size, terms.price_minor
    else:
        joined = ground.group
        assert joined is not None, wish
        members = book.used(group_members(group=joined.id))
        over = book.used(group_over(group=joined.id))
        check_joinable(joined, members=members, over=bool(over), now=book.now)
        check_newcomer(has=book.used(group_member(group=joined.id, viewer=wish.viewer)))
        group, until, size, price_minor = joined.id, joined.until, joined.size, joined.price_minor
    uses += [
        Use(group_members(group=group), 1, size),
        Use(group_member(group=group, viewer=wish.viewer), 1, 1),
    ]
    return (OrderLine(step=GROUP_STEP, quantity=1, price_minor=price_minor),), until


def _code_use(code: Code, offer: Offer, quantity: int, book: Book) -> Use:
    window = code_window(offer=offer.id, code=code.code)
    if code.uses_max is not None and book.used(window) + quantity > code.uses_max:
        raise refused(
            "code.used",
            "This code has been used as often as it may be; order without it, or fewer seats.",
            left=max(0, code.uses_max - book.used(window)),
        )
    return Use(window, quantity, code.uses_max)


def _ordered(
    ground: Ground,
    book: Book,
    lines: tuple[OrderLine, ...],
    uses: tuple[Use, ...],
    *,
    offered: int | None,
    opens: tuple[str, datetime] | None,
    until: datetime | None,
) -> Decision:
    wish, offer = ground.wish, ground.offer
    total_minor = sum(line.quantity * line.price_minor for line in lines)
    held_until = _held_until(ground, book.now, until)
    terms = offer.deposit if wish.mode == "deposit" else None
    fact = TicketOrdered(
        payer=wish.viewer,
        asset=offer.asset,
        amount_minor=total_minor if terms is None else terms.deposit_minor * wish.quantity,
        due_until=held_until + LATE,
        title_en=ground.titles[0],
        title_zh=ground.titles[1],
        show=offer.show,
        offer=offer.id,
        offer_revision=offer.revision,
        mode=wish.mode,
        quantity=wish.quantity,
        lines=lines,
        total_minor=total_minor,
        held_until=held_until,
        source=ground.source,
        code=wish.code,
        waiting=offered,
        group=wish.group if opens is None else opens[0],
        opens_group=opens is not None,
        group_until=until,
        attribution=wish.attribution,
    )
    escrow = chart.held(ground.seats)
    source, draws = ground.seats, tuple[Draw, ...]()
    if offered is not None:
        source = chart.held(chart.offer_waiting(offer=offer.id))
        draws = (Draw(offered, wish.quantity, "capture"),)
    moved = (Transfer(source, escrow, wish.quantity),)
    opening = Opening(ground.seats, wish.quantity, held_until)
    return Decision(Fact(f"show/{offer.show}", fact), moved, uses, opening, draws)


def _held_until(ground: Ground, now: datetime, until: datetime | None) -> datetime:
    """Return until when seats are held: the offer's time, and no longer than what they are for."""
    ends = [now + ground.offer.hold, ground.show.ends_at]
    if until is not None:
        ends.append(until)
    held_until = min(ends)
    if held_until <= now:
        raise refused("show.over", "This show is over; no tickets are sold any more.", show=ground.show.id)
    return held_until


def _source(wish: Wish, offer: Offer, code: Code | None) -> tuple[Source, str]:
    if wish.waiting is not None:
        return "waiting", chart.offer_stock(offer=offer.id)
    if code is not None and code.reserved:
        return "code", chart.offer_code(offer=offer.id, code=code.code)
    return "stock", chart.offer_stock(offer=offer.id)


def group_until(*, offer: Offer, show: Show, now: datetime) -> datetime:
    """Return until when a group that is opened now must be full: its time, and not after the show began."""
    assert offer.group is not None, offer
    return min(now + timedelta(seconds=offer.group.within_s), show.starts_at)
