"""The framework alone: a POST that reads and answers as much as a tip, with nothing of Plaudit around it."""

from __future__ import annotations

from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, post

from plaudit.app.http.noop import NoShares, Nothing, NoTip

PATH: Final = "/v1/bare"
_BACKLOG: Final = 4_096
_TIME: Final = "2026-01-01T00:00:00.000000Z"


@post(PATH)
async def bare(data: NoTip) -> Nothing:
    """Do nothing and say so at length."""
    return Nothing(
        tip="tip_0000000000000",
        position=0,
        viewer=data.viewer,
        creator=data.creator,
        asset=data.asset,
        gift=data.gift,
        count=data.count,
        amount_minor=data.amount_minor or 0,
        shares=NoShares(creator_minor=0, guild_minor=0, platform_minor=0),
        balance_minor=0,
        message_state="none",
        at=_TIME,
        recorded_at=_TIME,
    )


def application() -> Litestar:
    """Return the application that has this one route."""
    return Litestar(route_handlers=[bare], openapi_config=None, logging_config=None, debug=False)


async def serve(*, host: str, port: int) -> None:
    """Serve until the process ends, by the same means as Plaudit serves."""
    server = Server(
        application(),
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        log_enabled=False,
    )
    await server.serve()
