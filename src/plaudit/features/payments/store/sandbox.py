"""The sandbox's own books: trades, payments and refunds of a merchant account there."""

from datetime import datetime
from typing import Any

from plaudit.features.payments.model.sandbox import Entry, Trade, TradePayment, TradeRefund, TradeState
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8


async def insert_trade(conn: Connection, *, tenant_id: int, account: int, trade: Trade) -> None:
    """Insert a trade unless there is one of its number."""
    await conn.execute(
        "INSERT INTO payments.sandbox_trade (tenant_id, account, number, asset, amount, title, notify_url,"
        " state, opened_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, account, number) DO NOTHING",
        (
            Int4(tenant_id),
            Int8(account),
            trade.number,
            trade.asset,
            Int8(trade.amount_minor),
            trade.title,
            trade.notify_url,
            trade.state,
            trade.opened_at,
            trade.expires_at,
        ),
    )


async def lock_trade(conn: Connection, *, tenant_id: int, account: int, number: str) -> Trade | None:
    """Return a trade with its payments and keep it locked, None when there is none of this number."""
    cursor = await conn.execute(
        "SELECT number, asset, amount, title, notify_url, state, opened_at, expires_at"
        " FROM payments.sandbox_trade WHERE tenant_id = %s AND account = %s AND number = %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(account), number),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    payments = await _payments(conn, tenant_id=tenant_id, account=account, number=number)
    return Trade(
        number=row[0],
        asset=row[1],
        amount_minor=row[2],
        title=row[3],
        notify_url=row[4],
        state=row[5],
        opened_at=row[6],
        expires_at=row[7],
        payments=payments,
    )


async def set_trade_state(
    conn: Connection, *, tenant_id: int, account: int, number: str, state: TradeState
) -> None:
    """Put a locked trade into a state."""
    await conn.execute(
        "UPDATE payments.sandbox_trade SET state = %s WHERE tenant_id = %s AND account = %s AND number = %s",
        (state, Int4(tenant_id), Int8(account), number),
    )


async def insert_payment(
    conn: Connection, *, tenant_id: int, account: int, number: str, payment: TradePayment
) -> None:
    """Note that a locked trade was paid."""
    await conn.execute(
        "INSERT INTO payments.sandbox_payment (tenant_id, account, number, payment, transaction, amount, fee,"
        " paid_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(tenant_id),
            Int8(account),
            number,
            Int4(payment.payment),
            payment.transaction,
            Int8(payment.amount_minor),
            Int8(payment.fee_minor),
            payment.paid_at,
        ),
    )


async def refunded_of(conn: Connection, *, tenant_id: int, account: int, number: str) -> int:
    """Return how much of a trade has gone back."""
    cursor = await conn.execute(
        "SELECT coalesce(sum(amount), 0)::bigint FROM payments.sandbox_refund"
        " WHERE tenant_id = %s AND account = %s AND number = %s",
        (Int4(tenant_id), Int8(account), number),
    )
    row = await cursor.fetchone()
    assert row is not None, "a sum is a row"
    return int(row[0])


async def insert_refund(conn: Connection, *, tenant_id: int, account: int, refund: TradeRefund) -> None:
    """Note that a part of a locked trade has gone back."""
    await conn.execute(
        "INSERT INTO payments.sandbox_refund (tenant_id, account, refund_number, number, transaction, amount,"
        " notify_url, refunded_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(tenant_id),
            Int8(account),
            refund.refund_number,
            refund.number,
            refund.transaction,
            Int8(refund.amount_minor),
            refund.notify_url,
            refund.refunded_at,
        ),
    )


async def select_refund(
    conn: Connection, *, tenant_id: int, account: int, refund_number: str
) -> TradeRefund | None:
    """Return a refund, None when there is none of this number."""
    cursor = await conn.execute(
        "SELECT r.refund_number, r.number, r.transaction, t.asset, r.amount, r.notify_url, r.refunded_at"
        " FROM payments.sandbox_refund AS r JOIN payments.sandbox_trade AS t"
        " ON t.tenant_id = r.tenant_id AND t.account = r.account AND t.number = r.number"
        " WHERE r.tenant_id = %s AND r.account = %s AND r.refund_number = %s",
        (Int4(tenant_id), Int8(account), refund_number),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return TradeRefund(
        refund_number=row[0],
        number=row[1],
        transaction=row[2],
        asset=row[3],
        amount_minor=row[4],
        notify_url=row[5],
        refunded_at=row[6],
    )


async def select_entries(
    conn: Connection, *, tenant_id: int, account: int, since: datetime, until: datetime
) -> list[Entry]:
    """Return what was paid and refunded in a half-open span, in order of time."""
    cursor = await conn.execute(
        "SELECT 'payment', p.number, p.transaction, '', t.asset, p.amount, p.fee, p.paid_at AS happened_at"
        " FROM payments.sandbox_payment AS p JOIN payments.sandbox_trade AS t"
        " ON t.tenant_id = p.tenant_id AND t.account = p.account AND t.number = p.number"
        " WHERE p.tenant_id = %s AND p.account = %s AND p.paid_at >= %s AND p.paid_at < %s"
        " UNION ALL SELECT 'refund', r.number, r.transaction, r.refund_number, t.asset, -r.amount, 0,"
        " r.refunded_at FROM payments.sandbox_refund AS r JOIN payments.sandbox_trade AS t"
        " ON t.tenant_id = r.tenant_id AND t.account = r.account AND t.number = r.number"
        " WHERE r.tenant_id = %s AND r.account = %s AND r.refunded_at >= %s AND r.refunded_at < %s"
        " ORDER BY happened_at, 3",
        (*_span(tenant_id, account, since, until), *_span(tenant_id, account, since, until)),
    )
    return [_entry(*row) for row in await cursor.fetchall()]


async def select_balances(
    conn: Connection, *, tenant_id: int, account: int, before: datetime
) -> dict[str, int]:
    """Return what was kept for a merchant account before a moment, by currency."""
    cursor = await conn.execute(
        "SELECT t.asset, sum(c.amount)::bigint FROM ("
        "SELECT number, amount - fee AS amount FROM payments.sandbox_payment"
        " WHERE tenant_id = %s AND account = %s AND paid_at < %s"
        " UNION ALL SELECT number, -amount FROM payments.sandbox_refund"
        " WHERE tenant_id = %s AND account = %s AND refunded_at < %s) AS c"
        " JOIN payments.sandbox_trade AS t ON t.tenant_id = %s AND t.account = %s AND t.number = c.number"
        " GROUP BY t.asset",
        (
            *(Int4(tenant_id), Int8(account), before),
            *(Int4(tenant_id), Int8(account), before),
            *(Int4(tenant_id), Int8(account)),
        ),
    )
    return {row[0]: int(row[1]) for row in await cursor.fetchall()}


async def _payments(
    conn: Connection, *, tenant_id: int, account: int, number: str
) -> tuple[TradePayment, ...]:
    cursor = await conn.execute(
        "SELECT payment, transaction, amount, fee, paid_at FROM payments.sandbox_payment"
        " WHERE tenant_id = %s AND account = %s AND number = %s ORDER BY payment",
        (Int4(tenant_id), Int8(account), number),
    )
    return tuple(
        TradePayment(
            payment=row[0], transaction=row[1], amount_minor=row[2], fee_minor=row[3], paid_at=row[4]
        )
        for row in await cursor.fetchall()
    )


def _span(tenant_id: int, account: int, since: datetime, until: datetime) -> tuple[Any, ...]:
    return Int4(tenant_id), Int8(account), since, until


def _entry(*row: Any) -> Entry:  # noqa: ANN401 - the columns of its select
    kind, number, transaction, refund_number, asset, amount, fee, happened_at = row
    return Entry(
        kind=kind,
        number=number,
        transaction=transaction,
        refund_number=refund_number,
        asset=asset,
        amount_minor=amount,
        fee_minor=fee,
        happened_at=happened_at,
    )
