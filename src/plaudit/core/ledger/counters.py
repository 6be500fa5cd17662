"""The counters of window limits beside the posting: deleting those whose window is long over."""

from datetime import datetime

from plaudit.core.ledger import store
from plaudit.platform.db import Database

_CHUNK = 5_000


async def delete_ended(database: Database, *, tenant_id: int, before: datetime) -> int:
    """Delete a tenant's counters opened, and of windows ended, before a moment; return how many."""
    deleted = 0
    while True:
        async with database.connection() as conn:
            count = await store.delete_ended_counters(conn, tenant_id=tenant_id, before=before, limit=_CHUNK)
        deleted += count
        if count < _CHUNK:
            return deleted
