"""Routes of the house itself: health and metrics."""

import asyncio
from typing import Any, Final

import msgspec

from plaudit.app.assembly import House
from plaudit.kernel.refusal import busy
from plaudit.platform import telemetry
from plaudit.platform.web import Response, get

_READY_TIMEOUT_S: Final = 2.0
_OPEN: Final = {"permission": None}


class Health(msgspec.Struct, kw_only=True):
    """The state of this process."""

    status: str


@get("/health/live", opt=_OPEN, summary="Whether the process runs", tags=["operation"], security=[])
async def live() -> Health:
    """Answer while the process can; it says nothing about the database."""
    return Health(status="live")


@get("/health/ready", opt=_OPEN, summary="Whether requests can be served", tags=["operation"], security=[])
async def ready(house: House) -> Health:
    """Answer 200 while the database is there and migrated and the process is not stopping."""
    if house.wake.closed or house.alarm.rung.is_set():
        raise busy("health.stopping", "This process is about to stop.", retry_after_s=1)
    try:
        async with asyncio.timeout(_READY_TIMEOUT_S):
            await house.tenants.refresh()
    except Exception as error:
        message = "The database cannot be reached, or is not migrated: run `plaudit migrate`."
        raise busy("health.database", message, retry_after_s=1) from error
    return Health(status="ready")


@get("/metrics", opt=_OPEN, include_in_schema=False)
async def metrics() -> Response[bytes]:
    """Return the metrics of all processes, summed."""
    text = await asyncio.to_thread(telemetry.render)
    return Response(text, headers={"content-type": telemetry.CONTENT_TYPE})


ROUTES: Final[tuple[Any, ...]] = (live, ready, metrics)
