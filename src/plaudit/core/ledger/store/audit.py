"""The ledger's invariants as queries: each returns what breaks one, nothing when it holds.

They read every tenant in one pass, set-based; PostgreSQL spills what does not fit into work_mem to disk, so
memory stays bounded however long the history. Every group and every join is within a tenant.
"""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple, TypeAlias

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

Row: TypeAlias = tuple[Any, ...]

_PAGE: Final = 10_000

TENANT_SUMS: Final = """
SELECT tenant_id, asset, sum(amount) FROM ledger.entry GROUP BY tenant_id, asset HAVING sum(amount) <> 0
ORDER BY tenant_id, asset LIMIT %s
"""

FACT_SUMS: Final = """
SELECT tenant_id, position, asset, sum(amount) FROM ledger.entry GROUP BY tenant_id, position, asset
HAVING sum(amount) <> 0 ORDER BY tenant_id, position, asset LIMIT %s
"""

BALANCES: Final = """
SELECT a.tenant_id, a.address, a.balance, coalesce(e.total, 0) FROM ledger.account a
LEFT JOIN (
  SELECT tenant_id, account_id, sum(amount) AS total FROM ledger.entry GROUP BY tenant_id, account_id
) e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
WHERE a.balance <> coalesce(e.total, 0) ORDER BY a.tenant_id, a.id LIMIT %s
"""

CHAIN: Final = """
SELECT c.tenant_id, a.address, c.account_id, c.position, c.before, c.amount, c.balance
FROM (
  SELECT tenant_id, account_id, position, amount, balance,
         coalesce(lag(balance) OVER (PARTITION BY tenant_id, account_id ORDER BY position), 0) AS before
  FROM ledger.entry
) c LEFT JOIN ledger.account a ON a.tenant_id = c.tenant_id AND a.id = c.account_id
WHERE c.before + c.amount <> c.balance ORDER BY c.tenant_id, c.account_id, c.position LIMIT %s
"""

FLOORS: Final = """
(SELECT tenant_id, address, floor, balance, NULL::bigint AS position FROM ledger.account
 WHERE balance < floor ORDER BY tenant_id, address LIMIT %s)
UNION ALL
(SELECT a.tenant_id, a.address, a.floor, e.balance, e.position FROM ledger.entry e
 JOIN ledger.account a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
 WHERE e.balance < a.floor ORDER BY a.tenant_id, e.position LIMIT %s)
"""

HELD: Final = """
SELECT tenant_id, address, coalesce(h.remaining, 0), coalesce(a.balance, 0)
FROM (SELECT tenant_id, 'held/' || address AS address, sum(remaining) AS remaining FROM ledger.hold
      WHERE remaining > 0 GROUP BY tenant_id, address) h
FULL JOIN (SELECT tenant_id, address, balance FROM ledger.account WHERE starts_with(address, 'held/')) a
  USING (tenant_id, address)
WHERE coalesce(h.remaining, 0) <> coalesce(a.balance, 0) ORDER BY tenant_id, address LIMIT %s
"""

HOLDS: Final = """
SELECT h.tenant_id, h.id, h.address, h.amount, f.position IS NOT NULL
FROM ledger.hold h
LEFT JOIN journal.fact f ON f.tenant_id = h.tenant_id AND f.position = h.id
WHERE f.position IS NULL OR h.remaining > h.amount OR h.remaining < 0
   OR h.asset <> substring(h.address FROM '[^/]*$')
ORDER BY h.tenant_id, h.id LIMIT %s
"""

# Entries and the facts' moves cancel out; what is left over has no counterpart, or one that says otherwise.
MOVES: Final = """
SELECT tenant_id, position, account_id, sum(posted), sum(told), count(*) FILTER (WHERE posted = 0),
       count(*) FILTER (WHERE told = 0)
FROM (
  SELECT tenant_id, position, account_id, amount AS posted, 0::bigint AS told, at FROM ledger.entry
  UNION ALL
  SELECT f.tenant_id, f.position, (m.move ->> 0)::bigint, 0::bigint, (m.move ->> 1)::bigint, f.at
  FROM journal.fact f CROSS JOIN LATERAL jsonb_array_elements(f.moves) AS m (move)
) both_sides
GROUP BY tenant_id, position, account_id
HAVING sum(posted) <> sum(told) OR count(*) <> 2 OR min(at) <> max(at)
ORDER BY tenant_id, position, account_id LIMIT %s
"""

ASSETS: Final = """
SELECT e.tenant_id, e.position, e.account_id, a.address, e.asset FROM ledger.entry e
LEFT JOIN ledger.account a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
WHERE a.asset IS DISTINCT FROM e.asset ORDER BY e.tenant_id, e.position, e.account_id LIMIT %s
"""

COUNTERS: Final = """
SELECT c.tenant_id, c.name, c.starts, c.used, v.moved
FROM ledger.counter c
LEFT JOIN LATERAL (
  SELECT (SELECT coalesce(sum((m.move ->> 1)::bigint), 0) FROM jsonb_array_elements(f.moves) AS m (move)
          WHERE (m.move ->> 1)::bigint > 0) AS moved
  FROM journal.fact f
  WHERE f.tenant_id = c.tenant_id AND f.position = substring(c.name FROM '^reversal/([0-9]{1,18})$')::bigint
) v ON true
WHERE c.used < 0 OR c.used > 9007199254740991 OR c.ends <= c.starts
   OR (starts_with(c.name, 'reversal/') AND (v.moved IS NULL OR c.used > v.moved))
ORDER BY c.tenant_id, c.name, c.starts LIMIT %s
"""


class AccountRow(NamedTuple):
    """An account as it stands, for comparing with the chart."""

    tenant_id: int
    id: int
    address: str
    asset: str
    floor: int | None


async def select_broken(conn: Connection, *, query: str, limit: int) -> list[Row]:
    """Return up to ``limit`` rows of one of the queries above."""
    cursor = await conn.execute(query.encode(), (Int8(limit),) * query.count("%s"))
    return await cursor.fetchall()


async def stream_accounts(conn: Connection) -> AsyncIterator[AccountRow]:
    """Yield every account by tenant and id, reading ten thousand at a time."""
    tenant_id, id_ = -(2**31), 0
    while True:
        cursor = await conn.execute(
            "SELECT tenant_id, id, address, asset, floor FROM ledger.account WHERE (tenant_id, id) > (%s, %s)"
            " ORDER BY tenant_id, id LIMIT %s",
            (Int4(tenant_id), Int8(id_), Int8(_PAGE)),
            binary=True,
        )
        rows = [AccountRow(*row) for row in await cursor.fetchall()]
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        tenant_id, id_ = rows[-1].tenant_id, rows[-1].id
