"""What people and programs do about subscriptions: see the lag, wait, resume, try a dead letter again."""

import asyncio
from collections.abc import Sequence
from typing import Final

from plaudit.core.journal.subscriptions import store
from plaudit.core.journal.subscriptions.store import DeadLetter, Lag
from plaudit.core.journal.subscriptions.subscription import Span, Subscription
from plaudit.platform.db import Connection, Database

_LOOKS_MS: Final = (5, 10, 20, 40)


async def lag(conn: Connection, *, names: Sequence[str], tenant_id: int | None = None) -> list[Lag]:
    """Return how far each of the named subscriptions has got, for every tenant or for one."""
    return await store.select_lag(conn, names=names, tenant_id=tenant_id)


async def wait_until(
    database: Database, *, tenant_id: int, subscription: str, position: int, timeout_ms: int = 500
) -> bool:
    """Wait until a subscription has read the fact at ``position``; False when the time is over before.

    For reading one's own write: the caller then answers 202 with the position. No connection is kept
    meanwhile.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_ms / 1000
    looks = 0
    while True:
        async with database.connection() as conn:
            reached = await store.select_position(conn, tenant_id=tenant_id, name=subscription)
        if reached >= position:
            return True
        left_s = deadline - loop.time()
        if left_s <= 0:
            return False
        await asyncio.sleep(min(left_s, _LOOKS_MS[min(looks, len(_LOOKS_MS) - 1)] / 1000))
        looks += 1


async def hold_cursor(conn: Connection, *, tenant_id: int, subscription: str) -> int:
    """Wait for a cursor, lock it until the transaction ends, and return its position.

    No turn and no rebuild of the subscription writes meanwhile: for a feature that adds to the tables of a
    projection what is not in the journal.
    """
    position, _ = await store.lock_cursor(conn, tenant_id=tenant_id, name=subscription)
    return position


async def position_of(conn: Connection, *, tenant_id: int, subscription: str) -> int:
    """Return how far a subscription has read, 0 before its first batch."""
    return await store.select_position(conn, tenant_id=tenant_id, name=subscription)


async def resume(conn: Connection, *, tenant_id: int, subscription: str) -> bool:
    """Let a stopped projection go on at the fact that stopped it; False when it was not stopped."""
    return await store.resume(conn, tenant_id=tenant_id, name=subscription)


async def dead_letters(
    conn: Connection, *, tenant_id: int, subscription: str, after: int = 0, limit: int = 100
) -> list[DeadLetter]:
    """Return the facts that a reaction could not apply, in order of position."""
    return await store.select_dead_letters(
        conn, tenant_id=tenant_id, name=subscription, after=after, limit=limit
    )


async def retry_dead_letter(
    database: Database, *, tenant_id: int, subscription: Subscription, position: int
) -> bool:
    """Apply the fact of a dead letter and remove the letter; False when there is none.

    Raises what ``apply`` raises; the letter then stays.
    """
    async with database.transaction() as tx:
        found = await store.delete_dead_letter(
            tx, tenant_id=tenant_id, name=subscription.name, position=position
        )
        if found:
            await subscription.apply(tx, Span(tenant_id, position - 1, position, subscription.kinds))
        return found
