"""Budget transfers that wait for a second person."""

# ruff: noqa: S608 - only constants of this file are put into statements

from datetime import datetime
from typing import Any

from plaudit.features.campaigns.model.budgets import BudgetTransfer, TransferState
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ROW = "number, campaign, asset, amount, state, maker, checker, reason, requested_at, checked_at"


async def insert_transfer(
    conn: Connection,
    *,
    tenant_id: int,
    campaign: str,
    asset: str,
    amount_minor: int,
    maker: str,
    now: datetime,
) -> int:
    """Insert a pending transfer and return its number."""
    cursor = await conn.execute(
        "INSERT INTO campaigns.transfer (tenant_id, campaign, asset, amount, maker, requested_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING number",
        (Int4(tenant_id), campaign, asset, Int8(amount_minor), maker, now),
    )
    row = await cursor.fetchone()
    assert row is not None, "an insert returns its row"
    return int(row[0])


async def lock_transfer(
    conn: Connection, *, tenant_id: int, campaign: str, number: int
) -> BudgetTransfer | None:
    """Return a transfer of a campaign and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM campaigns.transfer WHERE tenant_id = %s AND number = %s AND campaign = %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number), campaign),
    )
    row = await cursor.fetchone()
    return None if row is None else _transfer(*row)


async def settle_transfer(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    state: TransferState,
    checker: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Mark a locked transfer as approved or rejected."""
    await conn.execute(
        "UPDATE campaigns.transfer SET state = %s, checker = %s, reason = %s, checked_at = %s"
        " WHERE tenant_id = %s AND number = %s",
        (state, checker, reason, now, Int4(tenant_id), Int8(number)),
    )


async def is_funded(conn: Connection, *, tenant_id: int, campaign: str, asset: str) -> bool:
    """Tell whether more was asked for, and not rejected, to go into a budget in an asset than out of it."""
    cursor = await conn.execute(
        "SELECT coalesce(sum(amount), 0) > 0 FROM campaigns.transfer WHERE tenant_id = %s AND campaign = %s"
        " AND asset = %s AND state <> 'rejected'",
        (Int4(tenant_id), campaign, asset),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def select_assets(conn: Connection, *, tenant_id: int, campaign: str) -> list[str]:
    """Return the assets of which more was moved into a campaign's budget than out of it by transfers."""
    cursor = await conn.execute(
        "SELECT asset FROM campaigns.transfer WHERE tenant_id = %s AND campaign = %s AND state = 'approved'"
        " GROUP BY asset HAVING sum(amount) > 0 ORDER BY asset",
        (Int4(tenant_id), campaign),
    )
    return [asset for (asset,) in await cursor.fetchall()]


async def select_transfers(
    conn: Connection, *, tenant_id: int, campaign: str, before: int, limit: int
) -> list[BudgetTransfer]:
    """Return transfers of a campaign before a number, newest first."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM campaigns.transfer WHERE tenant_id = %s AND campaign = %s AND number < %s"
        " ORDER BY number DESC LIMIT %s",
        (Int4(tenant_id), campaign, Int8(before), limit),
    )
    return [_transfer(*row) for row in await cursor.fetchall()]


def _transfer(*row: Any) -> BudgetTransfer:  # noqa: ANN401 - the columns of _ROW
    number, campaign, asset, amount, state, maker, checker, reason, requested_at, checked_at = row
    return BudgetTransfer(
        number=number,
        campaign=campaign,
        asset=asset,
        amount_minor=amount,
        state=state,
        maker=maker,
        checker=checker,
        reason=reason,
        requested_at=requested_at,
        checked_at=checked_at,
    )
