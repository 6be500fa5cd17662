"""Work on time, once over all processes: a row for each schedule says when it is next due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from plaudit.platform.db import Database

__all__ = ["run_if_due"]


async def run_if_due(
    database: Database,
    *,
    name: str,
    every: timedelta,
    now: datetime,
    work: Callable[[], Awaitable[None]],
) -> bool:
    """Do `work` when the schedule `name` is due and no other process is at it; tell whether it was done.

    The row stays locked while the work goes on, so that a process that dies leaves it due. Work that fails is
    due again after `every`, and its error passes through.
    """
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO schedule.due (name, at) VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, now)
        )
        cursor = await tx.execute(
            "SELECT 1 FROM schedule.due WHERE name = %s AND at <= %s FOR NO KEY UPDATE SKIP LOCKED",
            (name, now),
        )
        if await cursor.fetchone() is None:
            return False
        failed: Exception | None = None
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - raised again once the row is written
            failed = error
        await tx.execute("UPDATE schedule.due SET at = %s WHERE name = %s", (now + every, name))
    if failed is not None:
        raise failed
    return True
