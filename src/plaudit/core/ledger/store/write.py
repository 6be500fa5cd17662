"""The statements of the posting: what opens, locks and writes accounts, entries, counters and holds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from plaudit.core.ledger.book import Account, Counter, Hold, Opening, Window
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

# number of its fact in the batch, account id, amount_minor, balance after, asset, at
Entry: TypeAlias = tuple[int, int, int, int, str, datetime]


class Card(NamedTuple):
    """What never changes about an account."""

    id: int
    address: str
    asset: str
    floor: int | None


async def select_cards(conn: Connection, *, tenant_id: int, addresses: Sequence[str]) -> list[Card]:
    """Return the cards of those addresses that are open."""
    cursor = await conn.execute(
        "SELECT id, address, asset, floor FROM ledger.account WHERE tenant_id = %s AND address = ANY(%s)",
        (Int4(tenant_id), packing.texts(addresses)),
        binary=True,
    )
    return [Card(*row) for row in await cursor.fetchall()]


async def open_accounts(
    conn: Connection, *, tenant_id: int, accounts: Sequence[tuple[str, str, int | None, int]], now: datetime
) -> None:
    """Open accounts given as (address, asset, floor, rank), in the order given; open ones stay."""
    await conn.execute(
        "INSERT INTO ledger.account (tenant_id, id, address, asset, floor, opened_at)"
        " SELECT %s, nextval('ledger.account_number') + (v.rank << 56), v.address, v.asset, v.floor, %s"
        " FROM unnest(%s, %s, %s::bigint[], %s) WITH ORDINALITY AS v (address, asset, floor, rank, n)"
        " ORDER BY v.n ON CONFLICT (tenant_id, address) DO NOTHING",
        (
            Int4(tenant_id),
            now,
            packing.texts([address for address, _, _, _ in accounts]),
            packing.texts([asset for _, asset, _, _ in accounts]),
            [floor for _, _, floor, _ in accounts],
            packing.int8s([rank for _, _, _, rank in accounts]),
        ),
    )


async def lock_accounts(conn: Connection, *, tenant_id: int, ids: Collection[int]) -> Cursor:
    """Lock accounts by id. Rows, fetched later: (id, freeze, balance)."""
    return await conn.execute(
        "SELECT id, frozen, balance FROM ledger.account WHERE tenant_id = %s AND id = ANY(%s)"
        " ORDER BY id FOR NO KEY UPDATE",
        (Int4(tenant_id), packing.int8s(sorted(ids))),
        binary=True,
    )


async def lock_counters(conn: Connection, *, tenant_id: int, windows: Sequence[Window]) -> Cursor:
    """Lock the counters that exist, in the order given. Rows: (1-based place in ``windows``, used).

    The lock inside the lateral query keeps it one index probe a window, taken in the order of the array.
    """
    return await conn.execute(
        "SELECT v.n, c.used FROM unnest(%s, %s) WITH ORDINALITY AS v (name, starts, n)"
        " CROSS JOIN LATERAL (SELECT used FROM ledger.counter"
        " WHERE tenant_id = %s AND name = v.name AND starts = v.starts FOR NO KEY UPDATE) c",
        (
            packing.texts([w.name for w in windows]),
            packing.times([w.starts for w in windows]),
            Int4(tenant_id),
        ),
        binary=True,
    )


async def lock_holds(conn: Connection, *, tenant_id: int, ids: Collection[int]) -> Cursor:
    """Lock holds by id. Rows: (id, address, asset, amount, remaining, deadline)."""
    return await conn.execute(
        "SELECT id, address, asset, amount, remaining, deadline FROM ledger.hold"
        " WHERE tenant_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (Int4(tenant_id), packing.int8s(sorted(ids))),
        binary=True,
    )


async def write_entries(
    conn: Connection,
    *,
    tenant_id: int,
    count: int,
    entries: Sequence[Entry],
    accounts: Collection[Account],
) -> None:
    """Insert entries, each with the number of its fact among ``count``, and write the accounts' balances.

    One statement, as appending the facts is. This transaction holds the accounts locked. ``width_bucket``
    finds an id's place in the sorted ids by binary search: a join would leave it to young statistics from
    which side to start, and from the wrong one it reads every account of the tenant.
    """
    numbers, account_ids, amounts, balances, assets, ats = zip(*entries, strict=True)
    touched = sorted((account.id, account.balance) for account in accounts)
    ids = packing.int8s([id_ for id_, _ in touched])
    await conn.execute(
        "WITH entries AS (INSERT INTO ledger.entry"
        " (tenant_id, account_id, position, amount, balance, asset, at)"
        " SELECT h.tenant_id, v.account_id, h.position - %s + v.n, v.amount, v.balance, v.asset, v.at"
        " FROM journal.head h,"
        " unnest(%s, %s, %s, %s, %s, %s) AS v (n, account_id, amount, balance, asset, at)"
        " WHERE h.tenant_id = %s)"
        " UPDATE ledger.account SET balance = (%s)[width_bucket(id, %s)]"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        (
            Int8(count),
            packing.int8s(numbers),
            packing.int8s(account_ids),
            packing.int8s(amounts),
            packing.int8s(balances),
            packing.texts(assets),
            packing.times(ats),
            Int4(tenant_id),
            packing.int8s([balance for _, balance in touched]),
            ids,
            Int4(tenant_id),
            ids,
        ),
    )


async def write_counters(
    conn: Connection, *, tenant_id: int, counters: Collection[Counter], now: datetime
) -> None:
    """Write counters: update the locked ones, insert the new ones.

    Another process may have inserted one meanwhile: the unique violation makes the batch run again. The
    locked ones are there, so their insert always turns into an update, found by its key whatever the
    statistics say.
    """
    insert = (
        "INSERT INTO ledger.counter (tenant_id, name, starts, ends, used, opened_at)"
        " SELECT %s, v.name, v.starts, v.ends, v.used, %s"
        " FROM unnest(%s, %s, %s, %s) AS v (name, starts, ends, used)"
    )
    update = " ON CONFLICT (tenant_id, name, starts) DO UPDATE SET used = excluded.used"
    for new, statement in ((False, insert + update), (True, insert)):
        some = [c for c in counters if c.new is new]
        if some:
            await conn.execute(
                statement,
                (
                    Int4(tenant_id),
                    now,
                    packing.texts([c.window.name for c in some]),
                    packing.times([c.window.starts for c in some]),
                    packing.times([c.window.ends for c in some]),
                    packing.int8s([c.used for c in some]),
                ),
            )


async def insert_holds(
    conn: Connection, *, tenant_id: int, count: int, openings: Sequence[tuple[int, Opening, str]]
) -> None:
    """Insert holds, each given with the number of its fact among ``count`` and its asset."""
    await conn.execute(
        "INSERT INTO ledger.hold (tenant_id, id, address, asset, amount, remaining, deadline)"
        " SELECT h.tenant_id, h.position - %s + v.n, v.address, v.asset, v.amount, v.amount, v.deadline"
        " FROM journal.head h, unnest(%s, %s, %s, %s, %s) AS v (n, address, asset, amount, deadline)"
        " WHERE h.tenant_id = %s",
        (
            Int8(count),
            packing.int8s([n for n, _, _ in openings]),
            packing.texts([o.address for _, o, _ in openings]),
            packing.texts([asset for _, _, asset in openings]),
            packing.int8s([o.amount_minor for _, o, _ in openings]),
            packing.times([o.deadline for _, o, _ in openings]),
            Int4(tenant_id),
        ),
    )


async def update_holds(conn: Connection, *, tenant_id: int, holds: Collection[Hold]) -> None:
    """Write what remains of holds that this transaction has locked; as `write_entries` does balances."""
    touched = sorted((hold.id, hold.remaining) for hold in holds)
    ids = packing.int8s([id_ for id_, _ in touched])
    await conn.execute(
        "UPDATE ledger.hold SET remaining = (%s)[width_bucket(id, %s)] WHERE tenant_id = %s AND id = ANY(%s)",
        (packing.int8s([remaining for _, remaining in touched]), ids, Int4(tenant_id), ids),
    )


async def update_freeze(conn: Connection, *, tenant_id: int, address: str, frozen: int) -> bool:
    """Freeze an account or release it; False when no such account is open."""
    cursor = await conn.execute(
        "UPDATE ledger.account SET frozen = %s WHERE tenant_id = %s AND address = %s",
        (frozen, Int4(tenant_id), address),
    )
    return cursor.rowcount == 1
