"""The statements beside the posting: balances, entries and holds as read, counters as swept."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from plaudit.core.ledger.book import Hold, Window
from plaudit.platform import packing
from plaudit.platform.db import Connection, Cursor
from plaudit.platform.packing import Int4, Int8

_BEFORE_ALL: Final = datetime(1900, 1, 1, tzinfo=UTC)


async def select_addresses(
    conn: Connection, *, tenant_id: int, account_ids: Sequence[int]
) -> dict[int, tuple[str, str]]:
    """Return (address, asset) by account id; unknown ids are left out."""
    cursor = await conn.execute(
        "SELECT id, address, asset FROM ledger.account WHERE tenant_id = %s AND id = ANY(%s)",
        (Int4(tenant_id), packing.int8s(account_ids)),
        binary=True,
    )
    return {id_: (address, asset) for id_, address, asset in await cursor.fetchall()}


async def select_entries_of(
    conn: Connection, *, tenant_id: int, pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, str, int, int]]:
    """Return (position, address, amount_minor, balance after) of entries given as (position, account id)."""
    cursor = await conn.execute(
        "SELECT e.position, a.address, e.amount, e.balance FROM unnest(%s, %s) AS v (position, account_id)"
        " JOIN ledger.entry e ON e.tenant_id = %s AND e.account_id = v.account_id AND e.position = v.position"
        " JOIN ledger.account a ON a.tenant_id = e.tenant_id AND a.id = e.account_id",
        (
            packing.int8s([position for position, _ in pairs]),
            packing.int8s([account_id for _, account_id in pairs]),
            Int4(tenant_id),
        ),
        binary=True,
    )
    return [
        (position, address, amount, balance) for position, address, amount, balance in await cursor.fetchall()
    ]


async def ask_balances(conn: Connection, *, tenant_id: int, addresses: Sequence[str]) -> Cursor:
    """Ask for the balances of those addresses that are open; `balances_in` reads the answer."""
    return await conn.execute(
        "SELECT address, balance FROM ledger.account WHERE tenant_id = %s AND address = ANY(%s)",
        (Int4(tenant_id), packing.texts(addresses)),
        binary=True,
    )


async def balances_in(cursor: Cursor) -> dict[str, int]:
    """Return balances by address."""
    return {address: balance for address, balance in await cursor.fetchall()}  # noqa: C416 - rows, not pairs


async def select_balances(conn: Connection, *, tenant_id: int, addresses: Sequence[str]) -> dict[str, int]:
    """Return the balances of those addresses that are open."""
    return await balances_in(await ask_balances(conn, tenant_id=tenant_id, addresses=addresses))


async def select_below(conn: Connection, *, tenant_id: int, prefix: str) -> dict[str, tuple[str, int, int]]:
    """Return the accounts whose address starts with ``prefix``: address → (asset, balance, freeze)."""
    cursor = await conn.execute(
        "SELECT address, asset, balance, frozen FROM ledger.account"
        " WHERE tenant_id = %s AND address >= %s AND address < %s ORDER BY address",
        (Int4(tenant_id), prefix, prefix + "\U0010ffff"),
        binary=True,
    )
    return {address: (asset, balance, freeze) for address, asset, balance, freeze in await cursor.fetchall()}


async def select_below_each(
    conn: Connection, *, tenant_id: int, prefixes: Sequence[str]
) -> list[tuple[str, str, int]]:
    """Return (prefix, address, balance) of the accounts whose address starts with one of ``prefixes``."""
    cursor = await conn.execute(
        "SELECT v.prefix, a.address, a.balance FROM unnest(%s, %s) AS v (prefix, beyond)"
        " JOIN ledger.account a ON a.tenant_id = %s AND a.address >= v.prefix AND a.address < v.beyond"
        " ORDER BY a.address",
        (
            packing.texts(prefixes),
            packing.texts([prefix + "\U0010ffff" for prefix in prefixes]),
            Int4(tenant_id),
        ),
        binary=True,
    )
    return await cursor.fetchall()


async def select_recorded_as_of(
    conn: Connection, *, tenant_id: int, account_ids: Sequence[int], position: int
) -> dict[int, int]:
    """Return the balances that the last entries up to a position left: one index probe an account."""
    cursor = await conn.execute(
        "SELECT v.id, coalesce((SELECT e.balance FROM ledger.entry e WHERE e.tenant_id = %s"
        " AND e.account_id = v.id AND e.position <= %s ORDER BY e.position DESC LIMIT 1), 0)"
        " FROM unnest(%s) AS v (id)",
        (Int4(tenant_id), Int8(position), packing.int8s(account_ids)),
        binary=True,
    )
    return {id_: balance for id_, balance in await cursor.fetchall()}  # noqa: C416 - rows, not pairs


async def select_happened_as_of(
    conn: Connection, *, tenant_id: int, account_ids: Sequence[int], as_of: datetime
) -> dict[int, int]:
    """Return the sums of entries that happened at or before a moment: reads every entry of the accounts."""
    cursor = await conn.execute(
        "SELECT v.id, coalesce((SELECT sum(e.amount) FROM ledger.entry e WHERE e.tenant_id = %s"
        " AND e.account_id = v.id AND e.at <= %s), 0)::bigint FROM unnest(%s) AS v (id)",
        (Int4(tenant_id), as_of, packing.int8s(account_ids)),
        binary=True,
    )
    return {id_: total for id_, total in await cursor.fetchall()}  # noqa: C416 - rows, not pairs


async def select_entries(
    conn: Connection, *, tenant_id: int, account_id: int, before: int, limit: int
) -> list[tuple[int, int, int]]:
    """Return an account's entries before a position, newest first: (position, amount_minor, balance)."""
    cursor = await conn.execute(
        "SELECT position, amount, balance FROM ledger.entry"
        " WHERE tenant_id = %s AND account_id = %s AND position < %s ORDER BY position DESC LIMIT %s",
        (Int4(tenant_id), Int8(account_id), Int8(before), Int8(limit)),
        binary=True,
    )
    return [(position, amount, balance) for position, amount, balance in await cursor.fetchall()]


async def select_hold(conn: Connection, *, tenant_id: int, hold_id: int) -> Hold | None:
    """Return a hold, or None when there is none."""
    cursor = await conn.execute(
        "SELECT id, address, asset, amount, remaining, deadline FROM ledger.hold"
        " WHERE tenant_id = %s AND id = %s",
        (Int4(tenant_id), Int8(hold_id)),
        binary=True,
    )
    row = await cursor.fetchone()
    return None if row is None else Hold(*row)


async def select_tenants_due(conn: Connection, *, now: datetime) -> list[int]:
    """Return the tenants in which a hold is past its deadline and still holds something."""
    cursor = await conn.execute(
        "SELECT h.tenant_id FROM journal.head AS h WHERE EXISTS (SELECT FROM ledger.hold AS o"
        " WHERE o.tenant_id = h.tenant_id AND o.remaining > 0 AND o.deadline <= %s) ORDER BY h.tenant_id",
        (now,),
        binary=True,
    )
    return [int(tenant_id) for (tenant_id,) in await cursor.fetchall()]


async def pick_due_holds(
    conn: Connection, *, tenant_id: int, now: datetime, after: tuple[datetime, int] | None, limit: int
) -> list[tuple[int, str, datetime]]:
    """Return (id, address, deadline) of due holds after a (deadline, id), skipping those in use."""
    deadline, hold_id = after or (_BEFORE_ALL, 0)
    cursor = await conn.execute(
        "SELECT id, address, deadline FROM ledger.hold"
        " WHERE tenant_id = %s AND remaining > 0 AND deadline <= %s AND (deadline, id) > (%s, %s)"
        " ORDER BY deadline, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
        (Int4(tenant_id), now, deadline, Int8(hold_id), Int8(limit)),
        binary=True,
    )
    return [(id_, address, due) for id_, address, due in await cursor.fetchall()]


async def select_used(conn: Connection, *, tenant_id: int, windows: Sequence[Window]) -> dict[Window, int]:
    """Return how far counters are, 0 where none was opened: one index probe a window, no locks."""
    cursor = await conn.execute(
        "SELECT v.n, coalesce((SELECT c.used FROM ledger.counter c WHERE c.tenant_id = %s"
        " AND c.name = v.name AND c.starts = v.starts), 0)"
        " FROM unnest(%s, %s) WITH ORDINALITY AS v (name, starts, n)",
        (
            Int4(tenant_id),
            packing.texts([window.name for window in windows]),
            packing.times([window.starts for window in windows]),
        ),
        binary=True,
    )
    return {windows[place - 1]: used for place, used in await cursor.fetchall()}


async def delete_ended_counters(conn: Connection, *, tenant_id: int, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` counters opened, and of windows ended, before a moment; return how many."""
    cursor = await conn.execute(
        "DELETE FROM ledger.counter c USING (SELECT name, starts FROM ledger.counter"
        " WHERE tenant_id = %s AND ends < 'infinity' AND ends < %s AND opened_at < %s LIMIT %s"
        " FOR UPDATE SKIP LOCKED) AS over"
        " WHERE c.tenant_id = %s AND c.name = over.name AND c.starts = over.starts",
        (Int4(tenant_id), before, before, Int8(limit), Int4(tenant_id)),
    )
    return cursor.rowcount
