"""Routes that do nothing, behind all that every route has: what benchmarks measure the rest against.

Served by `plaudit serve --routes plaudit.app.http.noop:ROUTES` and at no other time. One reads the body of a
tip and answers with as much as a tip does, the others read a channel's callback and a media server's hook.
"""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Request, Response, answer, post

_CREATED: Final = 201
_OK: Final = 200
_NOTHING: Final = 204


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


@post("/v1/callbacks/noop", opt={"permission": None}, status_code=_OK, include_in_schema=False, security=[])
async def no_callback(*, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Read a callback and do nothing about it."""
    async for _ in request.stream():
        pass
    return Response(b"", status_code=_NOTHING)


class NoAnswer(msgspec.Struct, kw_only=True):
    """The answer to a media server."""

    code: int


_YES: Final = NoAnswer(code=0)


@post("/v1/hooks/noop", opt={"permission": None}, status_code=_OK, include_in_schema=False, security=[])
async def no_hook(*, request: Request[Any, Any, Any]) -> Response[NoAnswer]:
    """Read what a media server asks and say yes to everything."""
    async for _ in request.stream():
        pass
    return answer(_YES)


ROUTES: Final[tuple[Any, ...]] = (noop, no_callback, no_hook)
