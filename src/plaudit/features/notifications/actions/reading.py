"""Marking messages read. No facts: what a viewer has looked at is a mark on its row, set once."""

from datetime import datetime

from plaudit.core.handles import Database
from plaudit.features.notifications.model.messages import MESSAGE, Message, unknown_message
from plaudit.features.notifications.store import messages as store
from plaudit.kernel.ids import decode_id


async def read_message(
    *, database: Database, tenant_id: int, viewer: str, message: str, now: datetime
) -> Message:
    """Mark one message of a viewer read, and return it.

    Raises Refusal `invalid.id` (INVALID), `message.unknown` (NOT_FOUND).
    """
    number = decode_id(MESSAGE, message)
    async with database.transaction() as tx:
        found = await store.mark_read(tx, tenant_id=tenant_id, viewer=viewer, number=number, now=now)
        if found is None:
            raise unknown_message()
        return found


async def read_inbox(
    *, database: Database, tenant_id: int, viewer: str, upto: str, now: datetime
) -> tuple[int, int]:
    """Mark all messages of a viewer read up to one; return how many were not before, and how many still are.

    Raises Refusal `invalid.id` (INVALID).
    """
    number = decode_id(MESSAGE, upto)
    async with database.transaction() as tx:
        marked = await store.mark_all_read(tx, tenant_id=tenant_id, viewer=viewer, upto=number, now=now)
        return marked, await store.count_unread(tx, tenant_id=tenant_id, viewer=viewer)
