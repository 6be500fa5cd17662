"""A viewer's inbox as it comes, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Final, Protocol, TypeAlias

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.notifications.http.fields import INBOX, TAGS, Viewer, view_of
from plaudit.features.notifications.model.contacts import check_viewer
from plaudit.features.notifications.model.messages import MESSAGE, Message
from plaudit.features.notifications.queries import live
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import Refusal, busy
from plaudit.platform.web import HeaderParameter, Stream, get

Readmit: TypeAlias = Callable[[], Awaitable[None]]

_HEARTBEAT_S: Final = 15.0
_READMIT_S: Final = 0.5
"""How long a stream may go on that should end: its credential has, or the process does."""

LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="Sent by a browser that connects again.")
]


class House(Protocol):
    """What a stream needs of the assembled house."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def wake(self) -> live.Wake:
        """What tells of new facts and of the end."""


@get("/v1/inbox/stream", opt=INBOX, summary="Follow an inbox", tags=TAGS, media_type="text/event-stream")
async def stream(
    *,
    grant: Grant,
    house: House,
    readmit: Readmit,
    viewer: Viewer = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """Stream what comes into an inbox: `event: message` with its id, and `event: unread` with the count.

    It begins with the count, or after `Last-Event-ID` with what was missed. A comment is sent every 15
    seconds when there is nothing else.
    """
    meant = check_viewer(actor=grant.actor, viewer=viewer)
    after = None if last_event_id is None else decode_id(MESSAGE, last_event_id)
    if house.wake.closed:
        raise busy("server.stopping", "This process is about to stop; connect again.", retry_after_s=1)
    return Stream(
        events(house=house, tenant_id=grant.tenant_id, viewer=meant, after=after, readmit=readmit),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def events(
    *, house: House, tenant_id: int, viewer: str, after: int | None, readmit: Readmit
) -> AsyncIterator[bytes]:
    """Yield an inbox as events until the process stops or the credential ends; the first bytes at once."""
    yield b": connected\n\n"
    database = house.database
    loop = asyncio.get_running_loop()
    beat_at = loop.time() + _HEARTBEAT_S
    async with live.following(
        database=database, wake=house.wake, tenant_id=tenant_id, viewer=viewer
    ) as follower:
        if after is None:
            after = await live.last_change(database=database, tenant_id=tenant_id)
        changed = True
        while not house.wake.closed:
            try:
                await readmit()
            except Refusal as refusal:
                yield b"event: refused\ndata: %s\n\n" % refusal.code.encode()
                return
            while changed:
                found, unread = await live.news(
                    database=database, tenant_id=tenant_id, viewer=viewer, after=after
                )
                changed = len(found) == live.PAGE
                after = found[-1].number if found else after
                count = b"" if changed else b'event: unread\ndata: {"unread":%d}\n\n' % unread
                yield b"".join(map(_message, found)) + count
                beat_at = loop.time() + _HEARTBEAT_S
            if loop.time() >= beat_at:
                yield b": waiting\n\n"
                beat_at = loop.time() + _HEARTBEAT_S
            changed = await follower.changed(timeout_s=_READMIT_S)


ROUTES: Final[tuple[Any, ...]] = (stream,)


def _message(message: Message) -> bytes:
    id_ = encode_id(MESSAGE, message.number).encode()
    return b"id: %s\nevent: message\ndata: %s\n\n" % (id_, msgspec.json.encode(view_of(message)))
