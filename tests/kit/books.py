"""The ledger's tables read back whole, to compare them with the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4
from tests.kit.house import BEGINNING
from tests.kit.oracle import Oracle

__all__ = ["Books", "books_of_oracle", "read_books"]


@dataclass(frozen=True, slots=True)
class Books:
    """One tenant's ledger: balances by address, what holds have left, counters, facts and entries."""

    balances: dict[str, int]
    frozen: dict[str, int]
    holds: dict[int, int]
    counters: dict[str, int]
    facts: int
    entries: int
    unbalanced: int
    astray: int


async def read_books(conn: Connection, *, tenant_id: int) -> Books:
    """Read a tenant's ledger in one statement, so at one moment; zeros are left out.

    ``unbalanced`` counts the facts whose entries do not sum to zero, ``astray`` the accounts whose balance is
    not the sum of their entries, or that are below their floor.
    """
    cursor = await conn.execute(
        "WITH e AS (SELECT * FROM ledger.entry WHERE tenant_id = %(t)s),"
        " a AS (SELECT * FROM ledger.account WHERE tenant_id = %(t)s) SELECT"
        " (SELECT jsonb_object_agg(address, balance) FROM a WHERE balance <> 0),"
        " (SELECT jsonb_object_agg(address, frozen) FROM a WHERE frozen <> 0),"
        " (SELECT jsonb_object_agg(id, remaining) FROM ledger.hold WHERE tenant_id = %(t)s),"
        " (SELECT jsonb_object_agg(name || ' ' || starts::date, used) FROM ledger.counter"
        "  WHERE tenant_id = %(t)s AND used <> 0),"
        " (SELECT position FROM journal.head WHERE tenant_id = %(t)s),"
        " (SELECT count(*) FROM e),"
        " (SELECT count(*) FROM (SELECT FROM e GROUP BY position HAVING sum(amount) <> 0) x),"
        " (SELECT count(*) FROM a WHERE balance < floor"
        "  OR balance <> (SELECT coalesce(sum(e.amount), 0) FROM e WHERE e.account_id = a.id))",
        {"t": Int4(tenant_id)},
    )
    row = await cursor.fetchone()
    assert row is not None
    balances, frozen, holds, counters, *numbers = row
    return Books(
        balances or {},
        frozen or {},
        {int(number): left for number, left in (holds or {}).items()},
        counters or {},
        *numbers,
    )


def books_of_oracle(oracle: Oracle) -> Books:
    """Return what the tables must say by the oracle."""
    spent = {
        f"viewer/{viewer}/day {BEGINNING.date() + timedelta(days=day)}": used
        for (viewer, day), used in oracle.spent.items()
        if used
    }
    taken_back = {f"reversal/{number} 2000-01-01": used for number, used in oracle.reversed.items() if used}
    return Books(
        balances={address: balance for address, balance in oracle.balances.items() if balance},
        frozen={address: level for address, level in oracle.frozen.items() if level},
        holds={number: hold.left for number, hold in oracle.holds.items()},
        counters=spent | taken_back,
        facts=oracle.position,
        entries=oracle.entries,
        unbalanced=0,
        astray=0,
    )
