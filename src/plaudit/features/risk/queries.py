"""What can be asked about switches and freezes."""

from plaudit.core.handles import Database
from plaudit.features.risk import store
from plaudit.features.risk.model import Frozen, Switch
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor


async def switches(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[Switch]:
    """Return a page of switches by target. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await store.select_switches(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].target]) if len(rows) > size else None)


async def freezes(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[Frozen]:
    """Return a page of freezes by address. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await store.select_freezes(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].address]) if len(rows) > size else None)


def _after(cursor: str | None) -> str:
    return "" if cursor is None else str(decode_cursor(cursor, str)[0])
