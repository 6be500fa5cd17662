"""Orders over HTTP: made, seen, given up, and left while their group is not full."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.presale.actions import endings, groups
from plaudit.features.presale.actions.orders import order_tickets
from plaudit.features.presale.http.fields import CREATED, TAGS, Cursor, Limit, fact_of, text_of
from plaudit.features.presale.model.bookings import Booking
from plaudit.features.presale.model.orders import (
    DUE,
    ORDER,
    WAITING,
    Wish,
    check_person,
    ticket_id,
)
from plaudit.features.presale.queries import orders as queries
from plaudit.features.presale.store.purchases import Purchase
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import forbidden
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, get, post
from plaudit.vocabulary.facts.tickets import Attribution, OrderEnded, TicketOrdered

_ORDER: Final = {"permission": "ticket.order"}
_READ: Final = {"permission": "ticket.read"}


class NewOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to order. `viewer` is left out by a viewer's token.

    `mode` is "full", "deposit" or "group"; with "group" and no `group` one is opened. `waiting` is the place
    on the waiting list whose offered seats are taken. `invitation` and `campaign` say how the buyer came.
    """

    offer: str
    quantity: int = 1
    viewer: str | None = None
    mode: Literal["full", "deposit", "group"] = "full"
    group: str | None = None
    code: str | None = None
    waiting: str | None = None
    invitation: str | None = None
    campaign: str | None = None


class LineView(msgspec.Struct, kw_only=True):
    """Seats at one price; `step` counts the offer's price steps from 0, and is null for the group's price."""

    step: int | None
    quantity: int
    price_minor: int


class OrderMade(msgspec.Struct, kw_only=True):
    """Seats that are held: `amount_minor` of `asset` is paid under the id `due`.

    The seats are held until `held_until`, `hold_s` seconds from when they were ordered; who pays after that
    and before `due_until` gets them if they are still free at this price, and the money back if not.
    """

    order: str
    due: str
    position: int
    viewer: str
    show: str
    offer: str
    mode: Literal["full", "deposit", "group"]
    quantity: int
    lines: list[LineView]
    asset: str
    amount_minor: int
    total_minor: int
    held_until: str
    hold_s: int
    due_until: str
    group: str | None
    group_until: str | None
    at: str


class TicketView(msgspec.Struct, kw_only=True):
    """A seat of a paid order, and who holds its ticket."""

    ticket: str
    holder: str


class OrderView(msgspec.Struct, kw_only=True):
    """An order as it is now.

    `state` is "reserved", "expired" (nothing is held and nothing was paid), "pledged" (a deposit or a group's
    price is paid), "issued", "ended", "forfeited" or "returned". `remaining_s` is how long seats are still
    held. A balance is paid under the id `balance_due` until `balance_due_until`.
    """

    order: str
    due: str
    viewer: str
    show: str
    offer: str
    mode: Literal["full", "deposit", "group"]
    quantity: int
    lines: list[LineView]
    asset: str
    amount_minor: int
    total_minor: int
    state: str
    held_until: str
    remaining_s: int
    paid_minor: int
    refunded_minor: int
    group: str | None
    balance_due: str | None
    balance_minor: int | None
    balance_due_until: str | None
    tickets: list[TicketView]
    at: str


class OrderLineView(msgspec.Struct, kw_only=True):
    """An order in a list; lists follow the journal, a moment behind."""

    order: str
    viewer: str
    show: str
    offer: str
    mode: Literal["full", "deposit", "group"]
    quantity: int
    asset: str
    total_minor: int
    state: str
    refunded_minor: int
    returned: int
    held_until: str
    at: str


class OrderPage(msgspec.Struct, kw_only=True):
    """Some orders, newest first."""

    items: list[OrderLineView]
    next_cursor: str | None


class OrderOver(msgspec.Struct, kw_only=True):
    """An order that was given up, and why."""

    order: str
    cause: str
    refund_minor: int
    at: str


@post("/v1/ticket-orders", opt=_ORDER, status_code=CREATED, summary="Order tickets", tags=TAGS)
async def post_order(
    *,
    data: NewOrder,
    grant: Grant,
    idempotency_key: str,
    corridor: Corridor,
    database: Database,
    clock: Clock,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[OrderMade]:
    """Hold seats at their price of now, and open the amount due for them."""
    wish = _wish(data, grant)
    if wish.mode == "group" and wish.group is None:
        outcome = await groups.open_group(house, grant=grant, key=idempotency_key, wish=wish)
    else:
        place = None
        if wish.waiting is not None:
            place = await queries.place(
                database=database, tenant_id=grant.tenant_id, actor=grant.actor, place=data.waiting or ""
            )
        command = order_tickets(grant=grant, key=idempotency_key, wish=wish, now=clock.now(), place=place)
        outcome = await corridor.submit(command)
    return answer(_made(outcome), replayed=outcome.replayed, status=CREATED)


@get("/v1/ticket-orders", opt=_READ, summary="List orders of tickets", tags=TAGS)
async def list_orders(
    *,
    grant: Grant,
    database: Database,
    viewer: str | None = None,
    show: str | None = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> OrderPage:
    """Return orders, newest first: of a viewer, of a show. A viewer's token sees its own."""
    if grant.actor.kind in {"viewer", "creator"}:
        viewer = check_person(actor=grant.actor, named=viewer)
    elif "show.read" not in grant.permissions and viewer is None:
        raise forbidden("scope.missing", "Name a viewer; all orders of a show take the scope show.read.")
    page = await queries.order_page(
        database=database, tenant_id=grant.tenant_id, viewer=viewer, show=show, limit=limit, cursor=cursor
    )
    return OrderPage(items=[_line(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/ticket-orders/{order:str}", opt=_READ, summary="An order of tickets", tags=TAGS)
async def show_order(*, order: str, grant: Grant, database: Database, clock: Clock) -> OrderView:
    """Return an order as it is now, with its countdown."""
    seen = await queries.order_seen(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, order=order
    )
    return _seen(seen, now=clock.now())


@post(
    "/v1/ticket-orders/{order:str}/cancel",
    opt=_ORDER,
    status_code=200,
    summary="Give up an order that is not paid",
    tags=TAGS,
)
async def cancel_order(
    *, order: str, grant: Grant, idempotency_key: str, corridor: Corridor, database: Database
) -> Response[OrderOver]:
    """Give the seats back at once."""
    opened = await queries.order_fact(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, order=order
    )
    command = endings.cancel_order(grant=grant, key=idempotency_key, opened=opened)
    return _over(await corridor.submit(command))


@post(
    "/v1/ticket-orders/{order:str}/leave",
    opt=_ORDER,
    status_code=200,
    summary="Leave a group before it is full",
    tags=TAGS,
)
async def leave_group(
    *,
    order: str,
    grant: Grant,
    idempotency_key: str,
    database: Database,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[OrderOver]:
    """Go out of a group that one has paid for; the money goes back."""
    opened = await queries.order_fact(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, order=order
    )
    return _over(await groups.leave_group(house, grant=grant, key=idempotency_key, order=opened.position))


ROUTES: Final[tuple[Any, ...]] = (post_order, list_orders, show_order, cancel_order, leave_group)


def _wish(data: NewOrder, grant: Grant) -> Wish:
    attribution = None
    if data.invitation is not None or data.campaign is not None:
        attribution = Attribution(invitation=data.invitation, campaign=data.campaign)
    return Wish(
        viewer=check_person(actor=grant.actor, named=data.viewer),
        offer=data.offer,
        quantity=data.quantity,
        mode=data.mode,
        group=data.group,
        code=data.code,
        waiting=None if data.waiting is None else decode_id(WAITING, data.waiting),
        attribution=attribution,
    )


def _made(outcome: Outcome) -> OrderMade:
    fact = fact_of(outcome, TicketOrdered)
    return OrderMade(
        order=encode_id(ORDER, outcome.position),
        due=encode_id(DUE, outcome.position),
        position=outcome.position,
        viewer=fact.payer,
        show=fact.show,
        offer=fact.offer,
        mode=fact.mode,
        quantity=fact.quantity,
        lines=_lines(fact),
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        total_minor=fact.total_minor,
        held_until=format_time(fact.held_until),
        hold_s=int((fact.held_until - outcome.at).total_seconds()),
        due_until=format_time(fact.due_until),
        group=fact.group,
        group_until=text_of(fact.group_until),
        at=format_time(outcome.at),
    )


def _lines(fact: TicketOrdered) -> list[LineView]:
    return [
        LineView(step=None if one.step < 0 else one.step, quantity=one.quantity, price_minor=one.price_minor)
        for one in fact.lines
    ]


def _seen(seen: queries.OrderSeen, *, now: datetime) -> OrderView:
    fact, booking = seen.ordered, seen.booking
    remaining_s = max(0, int((fact.held_until - now).total_seconds())) if seen.held else 0
    balance = None if booking is None or booking.balance_due is None else booking.balance
    return OrderView(
        order=encode_id(ORDER, seen.position),
        due=encode_id(DUE, seen.position),
        viewer=fact.payer,
        show=fact.show,
        offer=fact.offer,
        mode=fact.mode,
        quantity=fact.quantity,
        lines=_lines(fact),
        asset=fact.asset,
        amount_minor=fact.amount_minor,
        total_minor=fact.total_minor,
        state=_state(booking, remaining_s=remaining_s),
        held_until=format_time(fact.held_until),
        remaining_s=remaining_s,
        paid_minor=0 if booking is None else booking.paid_minor,
        refunded_minor=0 if booking is None else booking.refunded_minor,
        group=fact.group,
        balance_due=None if balance is None else encode_id(DUE, balance),
        balance_minor=None if balance is None else fact.total_minor - fact.amount_minor,
        balance_due_until=text_of(booking.balance_due) if booking is not None else None,
        tickets=[] if booking is None else _tickets(booking),
        at=format_time(seen.at),
    )


def _state(booking: Booking | None, *, remaining_s: int) -> str:
    if booking is not None:
        return booking.state
    return "reserved" if remaining_s else "expired"


def _tickets(booking: Booking) -> list[TicketView]:
    return [
        TicketView(ticket=ticket_id(order=booking.order, seat=seat), holder=holder)
        for seat, holder in enumerate(booking.holders)
    ]


def _line(one: Purchase) -> OrderLineView:
    return OrderLineView(
        order=encode_id(ORDER, one.order),
        viewer=one.viewer,
        show=one.show,
        offer=one.offer,
        mode=one.mode,
        quantity=one.quantity,
        asset=one.asset,
        total_minor=one.total_minor,
        state=one.state,
        refunded_minor=one.refunded_minor,
        returned=one.returned,
        held_until=format_time(one.held_until),
        at=format_time(one.at),
    )


def _over(outcome: Outcome) -> Response[OrderOver]:
    fact = fact_of(outcome, OrderEnded)
    body = OrderOver(
        order=encode_id(ORDER, fact.order),
        cause=fact.cause,
        refund_minor=fact.paid_minor,
        at=format_time(outcome.at),
    )
    return answer(body, replayed=outcome.replayed)
