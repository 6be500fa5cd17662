"""Holding a batch up in the middle: after it has decided, before it can take its positions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from plaudit.core.journal import store as journal_store
from plaudit.platform.db import Connection, Database

__all__ = ["answers_of", "head_held", "until_waiting"]

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def head_held(database: Database, *, tenant_id: int) -> AsyncIterator[Connection]:
    """Hold a tenant's head row until the end of the block; lend the transaction that holds it."""
    async with database.transaction() as tx:
        await journal_store.append(tx, tenant_id=tenant_id, sealed=[], keys=[], now=_LONG_AGO)
        yield tx


async def until_waiting(database: Database, *, backends: int = 1) -> None:
    """Return when so many other connections to the database wait for a lock."""
    async with asyncio.timeout(20), database.connection() as conn:
        while True:
            cursor = await conn.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE datname = current_database() AND NOT granted"
            )
            row = await cursor.fetchone()
            if row is not None and row[0] >= backends:
                return
            await asyncio.sleep(0.01)


async def answers_of(*asked: Awaitable[object]) -> list[object]:
    """Return what each was answered, refusals and errors included."""
    return await asyncio.gather(*asked, return_exceptions=True)
