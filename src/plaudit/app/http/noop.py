"""Routes that do nothing, behind all that every route has: what benchmarks measure the rest against.

Served by `plaudit serve --routes plaudit.app.http.noop:ROUTES` and at no other time. Some read the body of a
tip or of an order of tickets and answer with as much as these do, others read events, a channel's callback, a
media server's hook.
"""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Request, Response, Verbatim, answer, post, whole_body

_CREATED: Final = 201
_OK: Final = 200
_ACCEPTED: Final = 202
_NOTHING: Final = 204
_BODY_MAX_BYTES: Final = 1_048_576


class NoTip(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a tip."""

    creator: str
    viewer: str | None = None
    asset: str = "coin"
    gift: str | None = None
    preset: int | None = None
    amount_minor: int | None = None
    count: int = 1
    message: str | None = None
    show: str | None = None
    room: str | None = None
    funding: list[dict[str, Any]] | None = None
    anonymous: bool = False
    at: str | None = None


class NoShares(msgspec.Struct, kw_only=True):
    """The shares of a tip."""

    creator_minor: int
    guild_minor: int
    platform_minor: int


class Nothing(msgspec.Struct, kw_only=True):
    """The answer of a tip."""

    tip: str
    position: int
    viewer: str | None
    creator: str
    asset: str
    gift: str | None
    count: int
    amount_minor: int
    shares: NoShares
    balance_minor: int
    message_state: str
    at: str
    recorded_at: str


@post("/v1/noop", opt={"permission": "tip.send"}, status_code=_CREATED, include_in_schema=False)
async def noop(*, data: NoTip, grant: Grant, idempotency_key: str, clock: Clock) -> Response[Nothing]:
    """Do nothing and say so at length."""
    now = format_time(clock.now())
    body = Nothing(
        tip="tip_" + idempotency_key[-13:].rjust(13, "0"),
        position=len(idempotency_key),
        viewer=data.viewer or grant.actor.id,
        creator=data.creator,
        asset=data.asset,
        gift=data.gift,
        count=data.count,
        amount_minor=data.amount_minor or 0,
        shares=NoShares(creator_minor=0, guild_minor=0, platform_minor=0),
        balance_minor=0,
        message_state="none",
        at=now,
        recorded_at=now,
    )
    return answer(body, status=_CREATED)


class NoOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of an order of tickets."""

    offer: str
    quantity: int = 1
    viewer: str | None = None
    mode: Literal["full", "deposit", "group"] = "full"
    group: str | None = None
    code: str | None = None
    waiting: str | None = None
    invitation: str | None = None
    campaign: str | None = None


class NoLine(msgspec.Struct, kw_only=True):
    """Seats at one price."""

    step: int | None
    quantity: int
    price_minor: int


class NothingOrdered(msgspec.Struct, kw_only=True):
    """The answer of an order of tickets."""

    order: str
    due: str
    position: int
    viewer: str
    show: str
    offer: str
    mode: Literal["full", "deposit", "group"]
    quantity: int
    lines: list[NoLine]
    asset: str
    amount_minor: int
    total_minor: int
    held_until: str
    hold_s: int
    due_until: str
    group: str | None
    group_until: str | None
    at: str


@post(
    "/v1/noop/ticket-orders",
    opt={"permission": "ticket.order"},
    status_code=_CREATED,
    include_in_schema=False,
)
async def no_order(
    *, data: NoOrder, grant: Grant, idempotency_key: str, clock: Clock
) -> Response[NothingOrdered]:
    """Order nothing and say so at length."""
    now = format_time(clock.now())
    body = NothingOrdered(
        order="ord_" + idempotency_key[-13:].rjust(13, "0"),
        due="due_" + idempotency_key[-13:].rjust(13, "0"),
        position=len(idempotency_key),
        viewer=data.viewer or grant.actor.id,
        show=data.offer,
        offer=data.offer,
        mode=data.mode,
        quantity=data.quantity,
        lines=[NoLine(step=0, quantity=data.quantity, price_minor=0)],
        asset="CNY",
        amount_minor=0,
        total_minor=0,
        held_until=now,
        hold_s=0,
        due_until=now,
        group=data.group,
        group_until=None,
        at=now,
    )
    return answer(body, status=_CREATED)


class NoEvents(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a call that tells of views and clicks."""

    events: list[dict[str, Any]]


class NothingTaken(msgspec.Struct, kw_only=True):
    """The answer to it."""

    taken: int
    dropped: int
    refused: list[str]


@post("/v1/noop/events", opt={"permission": "insight.track"}, status_code=_ACCEPTED, include_in_schema=False)
async def no_events(*, data: NoEvents) -> Response[NothingTaken]:
    """Read events and do nothing about them."""
    return answer(NothingTaken(taken=0, dropped=len(data.events), refused=[]), status=_ACCEPTED)


@post("/v1/callbacks/noop", opt={"permission": None}, status_code=_OK, include_in_schema=False, security=[])
async def no_callback(*, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Read a callback and do nothing about it."""
    await whole_body(request.receive, limit_bytes=_BODY_MAX_BYTES)
    return Verbatim(b"", status=_NOTHING, media_type="text/plain")


class NoAnswer(msgspec.Struct, kw_only=True):
    """The answer to a media server."""

    code: int


_YES: Final = NoAnswer(code=0)


@post("/v1/hooks/noop", opt={"permission": None}, status_code=_OK, include_in_schema=False, security=[])
async def no_hook(*, request: Request[Any, Any, Any]) -> Response[NoAnswer]:
    """Read what a media server asks and say yes to everything."""
    await whole_body(request.receive, limit_bytes=_BODY_MAX_BYTES)
    return answer(_YES)


ROUTES: Final[tuple[Any, ...]] = (noop, no_order, no_events, no_callback, no_hook)
