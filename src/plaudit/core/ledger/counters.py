"""The counters of window limits beside the posting: reading them, deleting those of windows long over."""

from collections.abc import Sequence
from datetime import datetime

from plaudit.core.ledger import store
from plaudit.core.ledger.book import Window
from plaudit.platform.db import Connection, Database

_CHUNK = 5_000


async def used(conn: Connection, *, tenant_id: int, windows: Sequence[Window]) -> dict[Window, int]:
    """Return how far each window's counter is, 0 where nothing was counted. One query, no locks.

    For showing only: what is decided by a counter reads it locked, from the book.
    """
    if not windows:
        return {}
    return await store.select_used(conn, tenant_id=tenant_id, windows=windows)


async def delete_ended(database: Database, *, tenant_id: int, before: datetime) -> int:
    """Delete a tenant's counters opened, and of windows ended, before a moment; return how many."""
    deleted = 0
    while True:
        async with database.connection() as conn:
            count = await store.delete_ended_counters(conn, tenant_id=tenant_id, before=before, limit=_CHUNK)
        deleted += count
        if count < _CHUNK:
            return deleted
