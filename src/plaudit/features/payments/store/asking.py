"""Attempts whose channels are asked next, and how many there are of what is not settled."""

# ruff: noqa: S608 - only constants of this file and of store.attempts are put into statements

from collections.abc import Sequence
from datetime import datetime

from plaudit.features.payments.model.asking import CLOSING_PAUSE, LAST_LOOKS, LONG_PAUSE, PATIENCE, PAUSE, Due
from plaudit.features.payments.store import attempts
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8


async def accounts_due(conn: Connection, *, tenant_id: int, now: datetime) -> list[int]:
    """Return the accounts that are to be asked about an attempt now."""
    cursor = await conn.execute(
        "SELECT DISTINCT account FROM payments.attempt WHERE tenant_id = %s AND ask_at <= %s"
        " ORDER BY account",
        (Int4(tenant_id), now),
    )
    return [account for (account,) in await cursor.fetchall()]


async def take_due(conn: Connection, *, tenant_id: int, account: int, now: datetime, limit: int) -> list[Due]:
    """Return attempts about which an account is to be asked now, and move their next time forward.

    That is how one process takes them; rows that another one holds are left to it. An intent's deadline is
    never slept through. Attempts that came to nothing are among them when they are looked at once more.
    """
    cursor = await conn.execute(
        "WITH due AS (SELECT intent, attempt FROM payments.attempt WHERE tenant_id = %s AND ask_at <= %s"
        " AND account = %s ORDER BY ask_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)"
        " UPDATE payments.attempt AS a SET asked = a.asked + 1, ask_at = CASE"
        " WHEN a.state NOT IN ('opening', 'open', 'unknown')"
        " THEN CASE WHEN i.expires_at > %s THEN %s END"
        " WHEN i.state NOT IN ('pending', 'processing', 'failed') OR i.expires_at <= %s"
        " THEN CASE WHEN a.asked >= %s THEN %s ELSE %s END"
        " ELSE least(CASE WHEN a.asked >= %s THEN %s ELSE %s END, i.expires_at) END"
        " FROM due, payments.intent AS i WHERE a.tenant_id = %s AND a.intent = due.intent"
        " AND a.attempt = due.attempt AND i.tenant_id = a.tenant_id AND i.number = a.intent"
        f" RETURNING {attempts.ROW}, i.state",
        (
            Int4(tenant_id),
            now,
            Int8(account),
            limit,
            now - LAST_LOOKS,
            now + LONG_PAUSE,
            now,
            PATIENCE,
            now + LONG_PAUSE,
            now + CLOSING_PAUSE,
            PATIENCE,
            now + LONG_PAUSE,
            now + PAUSE,
            Int4(tenant_id),
        ),
    )
    return [Due(attempt=attempts.attempt(*row[:-1]), intent_state=row[-1]) for row in await cursor.fetchall()]


async def look_again(
    conn: Connection, *, tenant_id: int, attempts_of: Sequence[tuple[int, int]], now: datetime
) -> None:
    """Have channels asked at once about attempts, by intent and number, as far as they came to nothing."""
    await conn.execute(
        "UPDATE payments.attempt AS a SET ask_at = %s FROM unnest(%s, %s) AS v (intent, attempt)"
        " WHERE a.tenant_id = %s AND a.intent = v.intent AND a.attempt = v.attempt"
        " AND a.state IN ('failed', 'closed')",
        (
            now,
            packing.int8s([intent for intent, _ in attempts_of]),
            packing.int2s([attempt for _, attempt in attempts_of]),
            Int4(tenant_id),
        ),
    )


async def end_looking(conn: Connection, *, tenant_id: int, intent: int, attempt: int) -> None:
    """Have a channel asked no more about an attempt that came to nothing."""
    await conn.execute(
        "UPDATE payments.attempt SET ask_at = NULL WHERE tenant_id = %s AND intent = %s AND attempt = %s"
        " AND state IN ('failed', 'closed')",
        (Int4(tenant_id), Int8(intent), Int4(attempt)),
    )


async def count_unsettled(conn: Connection, *, tenant_id: int) -> dict[str, int]:
    """Return how much waits: attempts by state, refunds by state."""
    cursor = await conn.execute(
        "SELECT 'attempt.' || state, count(*) FROM payments.attempt WHERE tenant_id = %s"
        " AND ask_at IS NOT NULL AND state IN ('opening', 'open', 'unknown') GROUP BY state"
        " UNION ALL SELECT 'refund.' || state, count(*) FROM payments.refund WHERE tenant_id = %s"
        " AND state IN ('review', 'approved', 'sending', 'failed') GROUP BY state",
        (Int4(tenant_id), Int4(tenant_id)),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}
