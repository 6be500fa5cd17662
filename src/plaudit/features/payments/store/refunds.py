"""Refunds: asked for by people, sent and asked about, listed."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from plaudit.features.payments.model.asking import LONG_PAUSE, PATIENCE, PAUSE
from plaudit.features.payments.model.effects import Try
from plaudit.features.payments.model.refunds import Refund
from plaudit.features.payments.model.states import RefundState
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ROW = (
    "r.number, r.intent, r.attempt, r.account, r.channel, r.order_number, r.transaction, r.asset, r.amount,"
    " CASE WHEN r.cause = 'amount' THEN r.amount ELSE a.amount END, r.cause, r.state, r.maker, r.checker,"
    " r.reason, r.reason_hash, r.owner, r.channel_refund, r.code, r.requested_at, r.asked, r.retries,"
    " r.settled_at"
)
_FIELDS = (
    *("number", "intent", "attempt", "account", "channel", "order_number", "transaction", "asset"),
    *("amount_minor", "order_minor", "cause", "state", "maker", "checker", "reason", "reason_hash", "owner"),
    *("channel_refund", "code", "requested_at", "asked", "retries", "settled_at"),
)
"""What the columns of _ROW are called in a Refund."""
_FROM = (
    "payments.refund AS r JOIN payments.attempt AS a ON a.tenant_id = r.tenant_id AND a.intent = r.intent"
    " AND a.attempt = r.attempt"
)


async def insert_refund(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    intent: int,
    paid: Try,
    amount_minor: int,
    state: RefundState,
    maker: str,
    reason: str,
    reason_hash: str,
    owner: str,
    now: datetime,
) -> int:
    """Insert a refund that somebody asked for and return its number."""
    cursor = await conn.execute(
        "INSERT INTO payments.refund (tenant_id, intent, attempt, account, channel, order_number,"
        " transaction, asset, amount, cause, state, maker, reason, reason_hash, owner, requested_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'asked', %s, %s, %s, %s, %s, %s) RETURNING number",
        (
            Int4(tenant_id),
            Int8(intent),
            Int4(paid.attempt),
            Int8(paid.account),
            paid.channel,
            paid.number,
            paid.transaction,
            paid.asset,
            Int8(amount_minor),
            state,
            maker,
            reason,
            reason_hash,
            owner,
            now,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "an insert returns its row"
    return int(row[0])


async def count_refunding(conn: Connection, *, tenant_id: int, intent: int, amount_minor: int) -> None:
    """Count an amount of a locked intent as on its way back; negative gives it back."""
    await conn.execute(
        "UPDATE payments.intent SET refunding = refunding + %s WHERE tenant_id = %s AND number = %s",
        (Int8(amount_minor), Int4(tenant_id), Int8(intent)),
    )


async def select_refund(conn: Connection, *, tenant_id: int, number: int) -> Refund | None:
    """Return a refund, None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM {_FROM} WHERE r.tenant_id = %s AND r.number = %s",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _refund(*row) if row else None


async def lock_refund(conn: Connection, *, tenant_id: int, number: int) -> Refund | None:
    """Return a refund and keep it locked; None when there is none. Its intent is locked before it."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM {_FROM} WHERE r.tenant_id = %s AND r.number = %s FOR NO KEY UPDATE OF r",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _refund(*row) if row else None


async def settle_refund(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    state: RefundState,
    checker: str,
    settled_at: datetime | None,
) -> None:
    """Mark a locked refund as approved or rejected by a person."""
    await conn.execute(
        "UPDATE payments.refund SET state = %s, checker = %s, settled_at = %s WHERE tenant_id = %s"
        " AND number = %s",
        (state, checker, settled_at, Int4(tenant_id), Int8(number)),
    )


async def send_again(conn: Connection, *, tenant_id: int, number: int, ask_at: datetime) -> None:
    """Put a locked refund that failed on its way again."""
    await conn.execute(
        "UPDATE payments.refund SET state = 'sending', retries = retries + 1, code = NULL, settled_at = NULL,"
        " ask_at = %s WHERE tenant_id = %s AND number = %s",
        (ask_at, Int4(tenant_id), Int8(number)),
    )


async def save_channel_refund(conn: Connection, *, tenant_id: int, number: int, channel_refund: str) -> None:
    """Note the channel's own number of a refund."""
    await conn.execute(
        "UPDATE payments.refund SET channel_refund = %s WHERE tenant_id = %s AND number = %s",
        (channel_refund, Int4(tenant_id), Int8(number)),
    )


async def select_refunds(
    conn: Connection,
    *,
    tenant_id: int,
    state: RefundState | None,
    intent: int | None,
    owner: str | None,
    before: int,
    limit: int,
) -> list[Refund]:
    """Return refunds, newest first, as far as state, intent and owner are given."""
    wanted = ""
    values: list[Any] = []
    if state is not None:
        wanted += " AND r.state = %s"
        values.append(state)
    if intent is not None:
        wanted += " AND r.intent = %s"
        values.append(Int8(intent))
    if owner is not None:
        wanted += " AND r.owner = %s"
        values.append(owner)
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM {_FROM} WHERE r.tenant_id = %s AND r.number < %s{wanted}"
        " ORDER BY r.number DESC LIMIT %s",
        (Int4(tenant_id), Int8(before), *values, limit),
    )
    return [_refund(*row) for row in await cursor.fetchall()]


async def accounts_due(conn: Connection, *, tenant_id: int, now: datetime) -> list[int]:
    """Return the accounts that are to be asked about a refund now."""
    cursor = await conn.execute(
        "SELECT DISTINCT account FROM payments.refund WHERE tenant_id = %s AND ask_at <= %s"
        " AND state IN ('sending', 'succeeded') ORDER BY account",
        (Int4(tenant_id), now),
    )
    return [account for (account,) in await cursor.fetchall()]


async def take_due(
    conn: Connection, *, tenant_id: int, account: int, now: datetime, limit: int
) -> list[Refund]:
    """Return refunds about which an account is to be asked now, and move the next time forward.

    That is how one process takes them; rows that another one holds are left to it.
    """
    cursor = await conn.execute(
        "WITH due AS (SELECT number FROM payments.refund WHERE tenant_id = %s AND ask_at <= %s"
        " AND state IN ('sending', 'succeeded') AND account = %s ORDER BY ask_at LIMIT %s"
        " FOR NO KEY UPDATE SKIP LOCKED)"
        " UPDATE payments.refund AS r SET asked = r.asked + 1,"
        " ask_at = CASE WHEN r.asked >= %s THEN %s ELSE %s END"
        " FROM due, payments.attempt AS a WHERE r.tenant_id = %s AND r.number = due.number"
        f" AND a.tenant_id = r.tenant_id AND a.intent = r.intent AND a.attempt = r.attempt RETURNING {_ROW}",
        (
            Int4(tenant_id),
            now,
            Int8(account),
            limit,
            PATIENCE,
            now + LONG_PAUSE,
            now + PAUSE,
            Int4(tenant_id),
        ),
    )
    return [_refund(*row) for row in await cursor.fetchall()]


async def believe(conn: Connection, *, tenant_id: int, number: int) -> None:
    """Have a channel asked no more about a refund that succeeded."""
    await conn.execute(
        "UPDATE payments.refund SET ask_at = NULL WHERE tenant_id = %s AND number = %s"
        " AND state = 'succeeded'",
        (Int4(tenant_id), Int8(number)),
    )


async def erase_reasons(conn: Connection, *, tenant_id: int, owners: Sequence[str]) -> None:
    """Erase the reasons that are about somebody."""
    await conn.execute(
        "UPDATE payments.refund SET reason = NULL WHERE tenant_id = %s AND owner = ANY(%s)"
        " AND reason IS NOT NULL",
        (Int4(tenant_id), packing.texts(owners)),
    )


def _refund(*row: Any) -> Refund:  # noqa: ANN401 - the columns of _ROW
    return Refund(**dict(zip(_FIELDS, row, strict=True)))
