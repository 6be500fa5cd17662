"""The only SQL of wallets: adjustments that wait for a second person."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from plaudit.features.wallets.model import Adjustment, State
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ROW = "number, address, amount, state, maker, checker, reason, reason_hash, owner, requested_at, checked_at"


async def insert_adjustment(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    address: str,
    amount_minor: int,
    maker: str,
    reason: str,
    reason_hash: str,
    owner: str,
    now: datetime,
) -> int:
    """Insert a pending adjustment and return its number."""
    cursor = await conn.execute(
        "INSERT INTO wallets.adjustment (tenant_id, address, amount, maker, reason, reason_hash, owner,"
        " requested_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING number",
        (Int4(tenant_id), address, Int8(amount_minor), maker, reason, reason_hash, owner, now),
    )
    row = await cursor.fetchone()
    assert row is not None, "an insert returns its row"
    return int(row[0])


async def lock_adjustment(conn: Connection, *, tenant_id: int, number: int) -> Adjustment | None:
    """Return an adjustment and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM wallets.adjustment WHERE tenant_id = %s AND number = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _adjustment(*row) if row else None


async def settle_adjustment(
    conn: Connection, *, tenant_id: int, number: int, state: State, checker: str, now: datetime
) -> None:
    """Mark a locked adjustment as approved or rejected."""
    await conn.execute(
        "UPDATE wallets.adjustment SET state = %s, checker = %s, checked_at = %s WHERE tenant_id = %s AND"
        " number = %s",
        (state, checker, now, Int4(tenant_id), Int8(number)),
    )


async def select_adjustments(
    conn: Connection, *, tenant_id: int, state: State | None, after: int, limit: int
) -> list[Adjustment]:
    """Return adjustments in the order they were made, of one state or of all."""
    filtered = "" if state is None else " AND state = %s"
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM wallets.adjustment WHERE tenant_id = %s AND number > %s{filtered} ORDER BY"
        " number LIMIT %s",
        (Int4(tenant_id), Int8(after), *(() if state is None else (state,)), limit),
    )
    return [_adjustment(*row) for row in await cursor.fetchall()]


async def erase_reasons(conn: Connection, *, tenant_id: int, owners: Sequence[str]) -> None:
    """Erase the reasons that are about somebody."""
    await conn.execute(
        "UPDATE wallets.adjustment SET reason = NULL WHERE tenant_id = %s AND owner = ANY(%s) AND reason"
        " IS NOT NULL",
        (Int4(tenant_id), packing.texts(owners)),
    )


def _adjustment(*row: Any) -> Adjustment:  # noqa: ANN401 - the columns of _ROW
    number, address, amount, state, maker, checker, reason, reason_hash, owner, requested_at, checked_at = row
    return Adjustment(
        number=number,
        address=address,
        amount_minor=amount,
        state=state,
        maker=maker,
        checker=checker,
        reason=reason,
        reason_hash=reason_hash,
        owner=owner,
        requested_at=requested_at,
        checked_at=checked_at,
    )
