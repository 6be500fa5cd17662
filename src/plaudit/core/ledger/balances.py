"""Balances, now and as of a time, and the entries that a fact caused. Reads only; nothing here waits for a projection."""

from collections.abc import Sequence
from datetime import datetime

from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8


async def entries_of(conn: Connection, *, facts: Sequence[Recorded]) -> dict[int, dict[str, tuple[int, int]]]:
    """Return per position what each account got: address → (amount_minor, balance after). One query."""
    pairs = [(fact.position, int(account_id)) for fact in facts for account_id, _ in fact.moves]
    if not pairs:
        return {}
    cursor = await conn.execute(
        "SELECT e.position, a.address, e.amount, e.balance FROM unnest(%s, %s) AS v (position, account_id)"
        " JOIN ledger.entry e ON e.tenant_id = %s AND e.account_id = v.account_id AND e.position = v.position"
        " JOIN ledger.account a ON a.tenant_id = e.tenant_id AND a.id = e.account_id",
        (
            packing.int8s([position for position, _ in pairs]),
            packing.int8s([account_id for _, account_id in pairs]),
            Int4(facts[0].tenant_id),
        ),
        binary=True,
    )
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for position, address, amount, balance in await cursor.fetchall():
        found.setdefault(position, {})[address] = (amount, balance)
    return found


async def balances(conn: Connection, *, tenant_id: int, addresses: Sequence[str]) -> dict[str, int]:
    """Return the balances of those addresses that are open."""
    cursor = await conn.execute(
        "SELECT address, balance FROM ledger.account WHERE tenant_id = %s AND address = ANY(%s)",
        (Int4(tenant_id), packing.texts(addresses)),
        binary=True,
    )
    return {address: balance for address, balance in await cursor.fetchall()}  # noqa: C416 - rows, not pairs


async def below(conn: Connection, *, tenant_id: int, prefix: str) -> dict[str, tuple[str, int, int]]:
    """Return the accounts whose address starts with ``prefix``: address → (asset, balance, freeze).

    Reads the address index from the prefix on; costs one row an account found.
    """
    cursor = await conn.execute(
        "SELECT address, asset, balance, frozen FROM ledger.account"
        " WHERE tenant_id = %s AND address >= %s AND address < %s ORDER BY address",
        (Int4(tenant_id), prefix, prefix + "\U0010ffff"),
        binary=True,
    )
    return {address: (asset, balance, freeze) for address, asset, balance, freeze in await cursor.fetchall()}


async def recorded_as_of(conn: Connection, *, tenant_id: int, account_ids: Sequence[int], as_of: datetime) -> list[int]:
    """Return the balances as the ledger had them recorded at a moment: one index probe an account."""
    position = await read.position_at(conn, tenant_id=tenant_id, as_of=as_of)
    found = []
    for account_id in account_ids:
        cursor = await conn.execute(
            "SELECT balance FROM ledger.entry WHERE tenant_id = %s AND account_id = %s AND position <= %s"
            " ORDER BY position DESC LIMIT 1",
            (Int4(tenant_id), Int8(account_id), Int8(position)),
            binary=True,
        )
        row = await cursor.fetchone()
        found.append(int(row[0]) if row else 0)
    return found


async def happened_as_of(conn: Connection, *, tenant_id: int, account_ids: Sequence[int], as_of: datetime) -> list[int]:
    """Return the balances by when things happened (``at``), whenever they were recorded.

    Sums the account's entries: a report, not for a hot path.
    """
    cursor = await conn.execute(
        "SELECT v.id, coalesce((SELECT sum(e.amount) FROM ledger.entry e WHERE e.tenant_id = %s AND e.account_id = v.id"
        " AND e.at <= %s), 0)::bigint FROM unnest(%s) AS v (id)",
        (Int4(tenant_id), as_of, packing.int8s(account_ids)),
        binary=True,
    )
    sums = {id_: total for id_, total in await cursor.fetchall()}  # noqa: C416 - rows, not pairs
    return [sums[account_id] for account_id in account_ids]
