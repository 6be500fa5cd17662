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

# Facts whose moves and entries differ, compared by a seal over (account, amount) and a count: a tenth of the
# work of comparing them one by one, which MOVES then does for the few that differ.
MOVED: Final = """
SELECT tenant_id, position
FROM (
  SELECT tenant_id, position, bit_xor(hashint8extended(account_id, amount)) AS seal, count(*) AS entries,
         min(at) AS first_at, max(at) AS last_at
  FROM ledger.entry GROUP BY tenant_id, position
) e
FULL JOIN (
  SELECT f.tenant_id, f.position, f.at, jsonb_array_length(f.moves) AS entries,
         (SELECT bit_xor(hashint8extended((m.move ->> 0)::bigint, (m.move ->> 1)::bigint))
          FROM jsonb_array_elements(f.moves) AS m (move)) AS seal
  FROM journal.fact f WHERE f.moves <> '[]'
) f USING (tenant_id, position)
WHERE e.seal IS DISTINCT FROM f.seal OR e.entries <> f.entries OR e.first_at <> f.at OR e.last_at <> f.at
ORDER BY tenant_id, position LIMIT %s
"""

# Entries and moves of some facts, side by side; what is left over has no counterpart, or one that says
# otherwise.
MOVES: Final = """
WITH suspect (tenant_id, position) AS (SELECT * FROM unnest(%s::integer[], %s::bigint[]))
SELECT tenant_id, position, account_id, sum(posted), sum(told), count(*) FILTER (WHERE posted = 0),
       count(*) FILTER (WHERE told = 0)
FROM (
  SELECT tenant_id, position, account_id, amount AS posted, 0::bigint AS told, at
  FROM ledger.entry JOIN suspect USING (tenant_id, position)
  UNION ALL
  SELECT f.tenant_id, f.position, (m.move ->> 0)::bigint, 0::bigint, (m.move ->> 1)::bigint, f.at
  FROM journal.fact f JOIN suspect USING (tenant_id, position)
  CROSS JOIN LATERAL jsonb_array_elements(f.moves) AS m (move)
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


_BY_INDEX: Final = (HOLDS, COUNTERS)


class AccountRow(NamedTuple):
    """An account as it stands, for comparing with the chart."""

    tenant_id: int
    id: int
    address: str
    asset: str
    floor: int | None


async def select_broken(conn: Connection, *, query: str, limit: int) -> list[Row]:
    """Return up to ``limit`` rows of one of the queries above but MOVES."""
    await _read_whole(conn, whole=query not in _BY_INDEX)
    cursor = await conn.execute(query.encode(), (Int8(limit),) * query.count("%s"))
    rows = await cursor.fetchall()
    await _read_whole(conn, whole=False)
    return rows


async def select_false_moves(conn: Connection, *, limit: int) -> list[Row]:
    """Return up to ``limit`` rows of MOVES for the first facts that differ from their entries."""
    suspects = await select_broken(conn, query=MOVED, limit=limit)
    if not suspects:
        return []
    tenant_ids, positions = zip(*suspects, strict=True)
    cursor = await conn.execute(MOVES.encode(), (list(tenant_ids), list(positions), Int8(limit)))
    return await cursor.fetchall()


async def _read_whole(conn: Connection, *, whole: bool) -> None:
    """Have the next statement read tables from end to end and sort, or leave the choice to the planner.

    Going through the key of entries in its order looks cheaper to the planner, and costs a random page an
    entry.
    """
    await conn.execute("SELECT set_config('enable_indexscan', %s, true)", ("off" if whole else "on",))


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
