"""Balances, now and as of a time, and the entries that a fact caused.

Reads only; nothing here waits for a projection.
"""

from collections.abc import Sequence
from datetime import datetime

from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.core.ledger import store
from plaudit.platform.db import Connection, Cursor
from plaudit.vocabulary import chart


async def entries_of(conn: Connection, *, facts: Sequence[Recorded]) -> dict[int, dict[str, tuple[int, int]]]:
    """Return per position what each account got: address → (amount_minor, balance after). One query."""
    pairs = [(fact.position, int(account_id)) for fact in facts for account_id, _ in fact.moves]
    if not pairs:
        return {}
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for position, address, amount, balance in await store.select_entries_of(
        conn, tenant_id=facts[0].tenant_id, pairs=pairs
    ):
        found.setdefault(position, {})[address] = (amount, balance)
    return found


async def balances(conn: Connection, *, tenant_id: int, addresses: Sequence[str]) -> dict[str, int]:
    """Return the balances of those addresses that are open."""
    return await store.select_balances(conn, tenant_id=tenant_id, addresses=addresses)


async def ask_balances(conn: Connection, *, tenant_id: int, addresses: Sequence[str]) -> Cursor:
    """Ask for the balances of those addresses that are open; `balances_in` reads the answer.

    For pipelines: one round trip with what else is asked.
    """
    return await store.ask_balances(conn, tenant_id=tenant_id, addresses=addresses)


async def balances_in(cursor: Cursor) -> dict[str, int]:
    """Return balances by address."""
    return await store.balances_in(cursor)


async def below(conn: Connection, *, tenant_id: int, prefix: str) -> dict[str, tuple[str, int, int]]:
    """Return the accounts whose address starts with ``prefix``: address → (asset, balance, freeze).

    Reads the address index from the prefix on; costs one row an account found.
    """
    return await store.select_below(conn, tenant_id=tenant_id, prefix=prefix)


async def below_each(
    conn: Connection, *, tenant_id: int, prefixes: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return by prefix the balances of the accounts whose address starts with it. One query."""
    found: dict[str, dict[str, int]] = {prefix: {} for prefix in prefixes}
    if prefixes:
        for prefix, address, balance in await store.select_below_each(
            conn, tenant_id=tenant_id, prefixes=list(found)
        ):
            found[prefix][address] = balance
    return found


async def recorded_as_of(
    conn: Connection, *, tenant_id: int, account_ids: Sequence[int], as_of: datetime
) -> list[int]:
    """Return the balances as the ledger had them recorded at a moment: one index probe an account."""
    position = await read.position_at(conn, tenant_id=tenant_id, as_of=as_of)
    found = await store.select_recorded_as_of(
        conn, tenant_id=tenant_id, account_ids=account_ids, position=position
    )
    return [found[account_id] for account_id in account_ids]


async def happened_as_of(
    conn: Connection, *, tenant_id: int, account_ids: Sequence[int], as_of: datetime
) -> list[int]:
    """Return the balances by when things happened (``at``), whenever they were recorded.

    Sums the account's entries: a report, not for a hot path.
    """
    sums = await store.select_happened_as_of(conn, tenant_id=tenant_id, account_ids=account_ids, as_of=as_of)
    return [sums[account_id] for account_id in account_ids]


async def recorded_at(
    conn: Connection, *, tenant_id: int, addresses: Sequence[str], as_of: datetime
) -> dict[str, int]:
    """Return by address the balance that the ledger had recorded at a moment; 0 where no account was open."""
    known = {card.address: card.id for card in await _cards(conn, tenant_id, addresses)}
    found = await recorded_as_of(conn, tenant_id=tenant_id, account_ids=list(known.values()), as_of=as_of)
    return dict.fromkeys(addresses, 0) | dict(zip(known, found, strict=True))


async def happened_at(
    conn: Connection, *, tenant_id: int, addresses: Sequence[str], as_of: datetime
) -> dict[str, int]:
    """Return by address the sum of what had happened (``at``) by a moment; 0 where no account was open.

    Costs one row an entry of these accounts: a report, not for a hot path.
    """
    known = {card.address: card.id for card in await _cards(conn, tenant_id, addresses)}
    found = await happened_as_of(conn, tenant_id=tenant_id, account_ids=list(known.values()), as_of=as_of)
    return dict.fromkeys(addresses, 0) | dict(zip(known, found, strict=True))


async def _cards(conn: Connection, tenant_id: int, addresses: Sequence[str]) -> Sequence[store.Card]:
    for address in addresses:
        chart.account_of(address)
    return await store.select_cards(conn, tenant_id=tenant_id, addresses=addresses)
