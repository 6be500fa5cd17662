"""Throwing a projection away and building it again, and proving that it would be the same."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from psycopg import Rollback

from plaudit.core.journal.subscriptions import store
from plaudit.core.journal.subscriptions.runner import catch_up
from plaudit.core.journal.subscriptions.store import Fingerprint
from plaudit.core.journal.subscriptions.subscription import Span, Subscription
from plaudit.core.journal.subscriptions.turn import BATCH_MAX
from plaudit.kernel.time import Clock
from plaudit.platform.db import Connection, Database

Progress: TypeAlias = Callable[[int, int], None]
"""Is told (position reached, position to reach)."""

_SHOWN_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """A table that a rebuild would change. The rows, as JSON, are the first few that only one side has."""

    table: str
    live: Fingerprint
    rebuilt: Fingerprint
    only_live: tuple[str, ...]
    only_rebuilt: tuple[str, ...]


async def rebuild(
    *,
    database: Database,
    clock: Clock,
    subscription: Subscription,
    tenant_id: int,
    progress: Progress | None = None,
) -> None:
    """Delete a tenant's rows of a projection, put its cursor before the first fact, and catch up.

    The rows are seen to grow meanwhile. A stopped projection runs again. Raises ValueError for a
    reaction: what it has done cannot be done again.
    """
    _check_projection(subscription)
    async with database.transaction() as tx:
        await store.lock_cursor(tx, tenant_id=tenant_id, name=subscription.name)
        for table in subscription.tables:
            await store.delete_rows(tx, tenant_id=tenant_id, table=table)
        await store.reset_cursor(tx, tenant_id=tenant_id, name=subscription.name)
    await catch_up(
        database=database,
        clock=clock,
        subscriptions=[subscription],
        tenant_id=tenant_id,
        progress=None if progress is None else lambda one: progress(one.position or 0, one.head),
    )


async def differences(
    *, database: Database, subscription: Subscription, tenant_id: int, progress: Progress | None = None
) -> list[Difference]:
    """Return the tables whose rows a rebuild up to the cursor's position would change; none is right.

    It is rebuilt in a transaction that is rolled back in the end, so that nobody sees anything of it; the
    projection stands still meanwhile. Raises ValueError for a reaction.
    """
    _check_projection(subscription)
    found: list[Difference] = []
    async with database.transaction() as tx:
        position, _ = await store.lock_cursor(tx, tenant_id=tenant_id, name=subscription.name)
        live = {table: await _fingerprint(tx, tenant_id, table) for table in subscription.tables}
        for table in subscription.tables:
            await store.delete_rows(tx, tenant_id=tenant_id, table=table)
        for after in range(0, position, BATCH_MAX):
            upto = min(after + BATCH_MAX, position)
            await subscription.apply(tx, Span(tenant_id, after, upto, subscription.kinds))
            if progress is not None:
                progress(upto, position)
        for table in subscription.tables:
            rebuilt = await _fingerprint(tx, tenant_id, table)
            if rebuilt != live[table]:
                only_live, only_rebuilt = await _first_rows(database, tx, tenant_id, table)
                found.append(Difference(table, live[table], rebuilt, only_live, only_rebuilt))
        raise Rollback
    return found


def _check_projection(subscription: Subscription) -> None:
    if subscription.kind != "projection":
        raise ValueError(f"{subscription.name} is a reaction: what it has done cannot be done again")


async def _fingerprint(conn: Connection, tenant_id: int, table: str) -> Fingerprint:
    return await store.select_fingerprint(conn, tenant_id=tenant_id, table=table)


async def _first_rows(
    database: Database, rebuilt: Connection, tenant_id: int, table: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the first rows that only the live table has, and those that only the rebuilt one has.

    Another connection still sees the live rows; both sides come in one order, so they are compared as
    they pass.
    """
    only_live: list[str] = []
    only_rebuilt: list[str] = []
    async with database.transaction() as live:
        left = store.stream_rows(live, tenant_id=tenant_id, table=table)
        right = store.stream_rows(rebuilt, tenant_id=tenant_id, table=table)
        here, there = await _next(left), await _next(right)
        while len(only_live) + len(only_rebuilt) < 2 * _SHOWN_MAX and (here is not None or there is not None):
            if here == there:
                here, there = await _next(left), await _next(right)
            elif there is None or (here is not None and here < there):
                assert here is not None
                only_live.append(here)
                here = await _next(left)
            else:
                only_rebuilt.append(there)
                there = await _next(right)
        await left.aclose()
        await right.aclose()
    return tuple(only_live), tuple(only_rebuilt)


async def _next(rows: AsyncIterator[str]) -> str | None:
    return await anext(rows, None)
