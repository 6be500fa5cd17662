"""Tickets over HTTP: whose they are, and handing one on."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.presale.actions.transfers import transfer_ticket
from plaudit.features.presale.http.fields import TAGS, Cursor, Limit, fact_of
from plaudit.features.presale.model.orders import ORDER, check_person, ticket_id
from plaudit.features.presale.queries import orders as queries
from plaudit.features.presale.store.tickets import Ticket
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post
from plaudit.vocabulary.facts.tickets import TicketTransferred

_READ: Final = {"permission": "ticket.read"}


class TicketSeen(msgspec.Struct, kw_only=True):
    """A ticket; `transferred` says that it was handed on before, which is done once."""

    ticket: str
    order: str
    show: str
    holder: str
    state: str
    transferred: bool


class TicketPage(msgspec.Struct, kw_only=True):
    """Some tickets, newest first."""

    items: list[TicketSeen]
    next_cursor: str | None


class Transfer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """To whom a ticket is handed on."""

    recipient: str


class Transferred(msgspec.Struct, kw_only=True):
    """A ticket that has another holder now."""

    ticket: str
    show: str
    holder: str
    at: str


@get("/v1/tickets", opt=_READ, summary="List a viewer's tickets", tags=TAGS)
async def list_tickets(
    *,
    grant: Grant,
    database: Database,
    viewer: str | None = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> TicketPage:
    """Return the tickets that a viewer holds, returned ones as well."""
    holder = check_person(actor=grant.actor, named=viewer)
    page = await queries.ticket_page(
        database=database, tenant_id=grant.tenant_id, holder=holder, limit=limit, cursor=cursor
    )
    return TicketPage(items=[_view(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/tickets/{ticket:str}", opt=_READ, summary="A ticket", tags=TAGS)
async def show_ticket(*, ticket: str, grant: Grant, database: Database) -> TicketSeen:
    """Return one ticket."""
    found = await queries.ticket(
        database=database, tenant_id=grant.tenant_id, actor=grant.actor, ticket=ticket
    )
    return _view(found)


@post(
    "/v1/tickets/{ticket:str}/transfer",
    opt={"permission": "ticket.transfer"},
    status_code=200,
    summary="Hand a ticket on",
    tags=TAGS,
)
async def post_transfer(
    *,
    ticket: str,
    data: Transfer,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[Transferred]:
    """Hand a ticket with all its rights on to another viewer, once, where the offer allows it."""
    outcome = await transfer_ticket(
        house, grant=grant, key=idempotency_key, ticket=ticket, recipient=data.recipient
    )
    fact = fact_of(outcome, TicketTransferred)
    body = Transferred(ticket=fact.ticket, show=fact.show, holder=fact.recipient, at=format_time(outcome.at))
    return answer(body, replayed=outcome.replayed)


ROUTES: Final[tuple[Any, ...]] = (list_tickets, show_ticket, post_transfer)


def _view(one: Ticket) -> TicketSeen:
    return TicketSeen(
        ticket=ticket_id(order=one.order, seat=one.seat),
        order=encode_id(ORDER, one.order),
        show=one.show,
        holder=one.holder,
        state=one.state,
        transferred=one.transferred,
    )
