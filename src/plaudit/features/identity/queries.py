"""What can be asked about keys and persons."""

from plaudit.core.handles import Database
from plaudit.features.identity import store
from plaudit.features.identity.model import (
    APP_PREFIX,
    STAFF_PREFIX,
    TOKEN_KEY_PREFIX,
    ApiKey,
    Staff,
    TokenKey,
)
from plaudit.kernel.ids import decode_id
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor


async def api_keys(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[ApiKey]:
    """Return a page of API keys by age. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await store.select_api_keys(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], _next(APP_PREFIX, rows[size - 1].id) if len(rows) > size else None)


async def staff(*, database: Database, tenant_id: int, limit: int | None, cursor: str | None) -> Page[Staff]:
    """Return a page of the staff in the order they were registered. Raises Refusal as `api_keys`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await store.select_staff(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], _next(STAFF_PREFIX, rows[size - 1].id) if len(rows) > size else None)


async def token_keys(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[TokenKey]:
    """Return a page of token keys in the order they were made. Raises Refusal as `api_keys`."""
    size = check_limit(limit)
    async with database.connection() as conn:
        rows = await store.select_token_keys(conn, tenant_id=tenant_id, after=_after(cursor), limit=size + 1)
    return Page(rows[:size], _next(TOKEN_KEY_PREFIX, rows[size - 1].id) if len(rows) > size else None)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    (number,) = decode_cursor(cursor, int)
    assert isinstance(number, int)
    return number


def _next(prefix: str, last_id: str) -> str:
    return encode_cursor([decode_id(prefix, last_id)])
