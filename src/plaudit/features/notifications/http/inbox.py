"""Inboxes over HTTP."""

from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.notifications.actions import reading
from plaudit.features.notifications.http.fields import (
    INBOX,
    TAGS,
    Cursor,
    Limit,
    MessageView,
    Viewer,
    view_of,
)
from plaudit.features.notifications.model.contacts import check_viewer
from plaudit.features.notifications.queries import lists
from plaudit.kernel.time import Clock
from plaudit.platform.web import Parameter, get, post

Unread = Annotated[bool, Parameter(description="Only what was not read.")]


class InboxPage(msgspec.Struct, kw_only=True):
    """Some messages, newest first; `unread` counts those of the whole inbox that were not read."""

    items: list[MessageView]
    unread: int
    next_cursor: str | None


class NewReading(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose message was read; left out by a viewer's token."""

    viewer: str | None = None


class NewReadings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Up to which message an inbox was read; `viewer` is left out by a viewer's token."""

    upto: str
    viewer: str | None = None


class Readings(msgspec.Struct, kw_only=True):
    """How many messages were marked read, and how many are left that were not."""

    marked: int
    unread: int


@get("/v1/inbox", opt=INBOX, summary="A viewer's inbox", tags=TAGS)
async def show_inbox(
    *,
    grant: Grant,
    database: Database,
    viewer: Viewer = None,
    unread: Unread = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> InboxPage:
    """Return what a viewer was told, newest first."""
    found = await lists.inbox(
        database=database,
        tenant_id=grant.tenant_id,
        viewer=check_viewer(actor=grant.actor, viewer=viewer),
        unread=unread,
        limit=limit,
        cursor=cursor,
    )
    return InboxPage(
        items=[view_of(one) for one in found.page.items],
        unread=found.unread,
        next_cursor=found.page.next_cursor,
    )


@post("/v1/inbox/{message:str}/read", opt=INBOX, status_code=200, summary="Mark a message read", tags=TAGS)
async def read_message(
    *,
    message: str,
    data: NewReading,
    grant: Grant,
    idempotency_key: str,  # noqa: ARG001 - every write names one; what is read twice has been read
    database: Database,
    clock: Clock,
) -> MessageView:
    """Mark one message read; it keeps the time at which it was read first."""
    found = await reading.read_message(
        database=database,
        tenant_id=grant.tenant_id,
        viewer=check_viewer(actor=grant.actor, viewer=data.viewer),
        message=message,
        now=clock.now(),
    )
    return view_of(found)


@post("/v1/inbox/read", opt=INBOX, status_code=200, summary="Mark an inbox read", tags=TAGS)
async def read_inbox(
    *,
    data: NewReadings,
    grant: Grant,
    idempotency_key: str,  # noqa: ARG001 - every write names one; what is read twice has been read
    database: Database,
    clock: Clock,
) -> Readings:
    """Mark all messages read up to one, so that none is that came meanwhile and was not seen."""
    marked, unread = await reading.read_inbox(
        database=database,
        tenant_id=grant.tenant_id,
        viewer=check_viewer(actor=grant.actor, viewer=data.viewer),
        upto=data.upto,
        now=clock.now(),
    )
    return Readings(marked=marked, unread=unread)


ROUTES: Final[tuple[Any, ...]] = (show_inbox, read_message, read_inbox)
