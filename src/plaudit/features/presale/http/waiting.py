"""Waiting lists over HTTP: join, see, leave, decline."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Database
from plaudit.features.presale.actions import waiting as actions
from plaudit.features.presale.http.fields import CREATED, TAGS, Cursor, Limit, fact_of, text_of
from plaudit.features.presale.model.orders import WAITING, check_person
from plaudit.features.presale.model.waiting import Place
from plaudit.features.presale.queries import orders as queries
from plaudit.kernel.ids import encode_id
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post
from plaudit.vocabulary.facts.tickets import WaitingJoined

_ORDER: Final = {"permission": "ticket.order"}
_READ: Final = {"permission": "ticket.read"}


class NewPlace(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """For which offer and how many seats one waits. `viewer` is left out by a viewer's token."""

    offer: str
    quantity: int = 1
    viewer: str | None = None


class PlaceMade(msgspec.Struct, kw_only=True):
    """A place on a waiting list."""

    waiting: str
    viewer: str
    show: str
    offer: str
    quantity: int
    at: str


class PlaceView(msgspec.Struct, kw_only=True):
    """A place: "waiting", "offered" (seats are held until `deadline`), "taken", "passed" or "left".

    `before` is how many wait before it, 1000 at the most; with a lottery the order is drawn when seats come
    back.
    """

    waiting: str
    viewer: str
    show: str
    offer: str
    quantity: int
    state: str
    deadline: str | None
    before: int | None = None


class PlacePage(msgspec.Struct, kw_only=True):
    """Some places, newest first."""

    items: list[PlaceView]
    next_cursor: str | None


class PlaceLeft(msgspec.Struct, kw_only=True):
    """A place that was given up."""

    waiting: str
    at: str


@post("/v1/waiting", opt=_ORDER, status_code=CREATED, summary="Wait for seats", tags=TAGS)
async def post_place(
    *, data: NewPlace, grant: Grant, idempotency_key: str, corridor: Corridor
) -> Response[PlaceMade]:
    """Wait for seats of an offer that has too few; they are offered with a deadline when they come back."""
    command = actions.join_waiting(
        grant=grant,
        key=idempotency_key,
        viewer=check_person(actor=grant.actor, named=data.viewer),
        offer=data.offer,
        quantity=data.quantity,
    )
    outcome = await corridor.submit(command)
    fact = fact_of(outcome, WaitingJoined)
    body = PlaceMade(
        waiting=encode_id(WAITING, outcome.position),
        viewer=fact.viewer,
        show=fact.show,
        offer=fact.offer,
        quantity=fact.quantity,
        at=format_time(outcome.at),
    )
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get("/v1/waiting", opt=_READ, summary="List a viewer's places on waiting lists", tags=TAGS)
async def list_places(
    *,
    grant: Grant,
    database: Database,
    viewer: str | None = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> PlacePage:
    """Return the places that a viewer has or had."""
    page = await queries.place_page(
        database=database,
        tenant_id=grant.tenant_id,
        viewer=check_person(actor=grant.actor, named=viewer),
        limit=limit,
        cursor=cursor,
    )
    return PlacePage(items=[_view(one) for one in page.items], next_cursor=page.next_cursor)


@get("/v1/waiting/{waiting:str}", opt=_READ, summary="A place on a waiting list", tags=TAGS)
async def show_place(*, waiting: str, grant: Grant, database: Database) -> PlaceView:
    """Return a place, and how many are before it."""
    tenant_id = grant.tenant_id
    found = await queries.place(database=database, tenant_id=tenant_id, actor=grant.actor, place=waiting)
    view = _view(found)
    if found.state == "waiting":
        view.before = await queries.places_before(database=database, tenant_id=tenant_id, place=found)
    return view


@post(
    "/v1/waiting/{waiting:str}/leave",
    opt=_ORDER,
    status_code=200,
    summary="Wait no more, or decline what is offered",
    tags=TAGS,
)
async def leave_place(
    *, waiting: str, grant: Grant, idempotency_key: str, corridor: Corridor, database: Database
) -> Response[PlaceLeft]:
    """Give up a place; seats that are held for it go to the next at once."""
    tenant_id = grant.tenant_id
    place = await queries.place(database=database, tenant_id=tenant_id, actor=grant.actor, place=waiting)
    if place.offered is not None:
        opened = await queries.offered_fact(database=database, tenant_id=tenant_id, position=place.offered)
        command = actions.decline_seats(grant=grant, key=idempotency_key, opened=opened)
        outcome = await corridor.submit(command)
    else:
        outcome = await actions.leave_waiting(corridor, grant=grant, key=idempotency_key, place=place)
    body = PlaceLeft(waiting=waiting, at=format_time(outcome.at))
    return answer(body, replayed=outcome.replayed)


ROUTES: Final[tuple[Any, ...]] = (post_place, list_places, show_place, leave_place)


def _view(one: Place) -> PlaceView:
    return PlaceView(
        waiting=encode_id(WAITING, one.number),
        viewer=one.viewer,
        show=one.show,
        offer=one.offer,
        quantity=one.quantity,
        state=one.state,
        deadline=text_of(one.deadline),
    )
