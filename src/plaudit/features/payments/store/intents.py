"""Intents: opened once for an amount due, locked whenever their state changes."""

# ruff: noqa: S608 - only constants of this file are put into statements

from datetime import datetime
from typing import Any

from plaudit.features.payments.model.intents import Intent, IntentState
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8
from plaudit.vocabulary.facts.dues import AmountDue

ROW = (
    "number, due, due_kind, payer, asset, amount, title_en, title_zh, return_url, state, attempts,"
    " paid_attempt, refunding, refunded, opened_at, expires_at, settled_at"
)
"""The columns that `intent` makes an Intent of."""


async def insert_intent(
    conn: Connection,
    *,
    tenant_id: int,
    due: int,
    due_kind: str,
    data: AmountDue,
    return_url: str | None,
    now: datetime,
) -> int | None:
    """Insert a pending intent and return its number; None when the amount due has one already."""
    cursor = await conn.execute(
        "INSERT INTO payments.intent (tenant_id, due, due_kind, payer, asset, amount, title_en, title_zh,"
        " return_url, state, opened_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'pending', %s, %s)"
        " ON CONFLICT (tenant_id, due) DO NOTHING RETURNING number",
        (
            Int4(tenant_id),
            Int8(due),
            due_kind,
            data.payer,
            data.asset,
            Int8(data.amount_minor),
            data.title_en,
            data.title_zh,
            return_url,
            now,
            data.due_until,
        ),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else None


async def select_intent(conn: Connection, *, tenant_id: int, number: int) -> Intent | None:
    """Return an intent, None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {ROW} FROM payments.intent WHERE tenant_id = %s AND number = %s",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return intent(*row) if row else None


async def select_intent_of_due(conn: Connection, *, tenant_id: int, due: int) -> Intent | None:
    """Return the intent of an amount due, None when it has none."""
    cursor = await conn.execute(
        f"SELECT {ROW} FROM payments.intent WHERE tenant_id = %s AND due = %s", (Int4(tenant_id), Int8(due))
    )
    row = await cursor.fetchone()
    return intent(*row) if row else None


async def lock_intent(conn: Connection, *, tenant_id: int, number: int) -> Intent | None:
    """Return an intent and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {ROW} FROM payments.intent WHERE tenant_id = %s AND number = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return intent(*row) if row else None


async def select_intents(
    conn: Connection, *, tenant_id: int, payer: str | None, state: IntentState | None, before: int, limit: int
) -> list[Intent]:
    """Return intents, newest first, as far as payer and state are given."""
    wanted = ["tenant_id = %s", "number < %s"]
    values: list[Any] = [Int4(tenant_id), Int8(before)]
    for column, value in (("payer", payer), ("state", state)):
        if value is not None:
            wanted.append(f"{column} = %s")
            values.append(value)
    cursor = await conn.execute(
        f"SELECT {ROW} FROM payments.intent WHERE tenant_id = %s AND {' AND '.join(wanted[1:])}"
        " ORDER BY number DESC LIMIT %s",
        (*values, limit),
    )
    return [intent(*row) for row in await cursor.fetchall()]


async def set_state(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    state: IntentState,
    attempts: int,
    settled_at: datetime | None,
) -> None:
    """Put a locked intent into a state in which it is not paid, with its count of attempts."""
    await conn.execute(
        "UPDATE payments.intent SET state = %s, attempts = %s, settled_at = %s WHERE tenant_id = %s AND"
        " number = %s",
        (state, attempts, settled_at, Int4(tenant_id), Int8(number)),
    )


def intent(*row: Any) -> Intent:  # noqa: ANN401 - the columns of ROW
    """Return the intent that the columns of ROW describe."""
    (
        number,
        due,
        due_kind,
        payer,
        asset,
        amount,
        title_en,
        title_zh,
        return_url,
        state,
        attempts,
        paid_attempt,
        refunding,
        refunded,
        opened_at,
        expires_at,
        settled_at,
    ) = row
    return Intent(
        number=number,
        due=due,
        due_kind=due_kind,
        payer=payer,
        asset=asset,
        amount_minor=amount,
        title_en=title_en,
        title_zh=title_zh,
        return_url=return_url,
        state=state,
        attempts=attempts,
        paid_attempt=paid_attempt,
        refunding_minor=refunding,
        refunded_minor=refunded,
        opened_at=opened_at,
        expires_at=expires_at,
        settled_at=settled_at,
    )
