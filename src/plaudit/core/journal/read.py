"""Reading the journal by position.

Positions are dense and in commit order, so a plain ``position > last`` misses nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.core.journal import store
from plaudit.core.journal.facts import D, Heard, Recorded
from plaudit.platform.db import Connection

CHANNEL: Final = store.CHANNEL
"""The channel of notifications; a commit says there "<tenant_id> <newest position>" and nothing else."""

# A page that filters by kind looks at no more facts than this, found or not; the next page goes on from
# there.
_SCAN_MAX = 10_000


@dataclass(frozen=True, slots=True)
class FactPage:
    """Facts in order, where to go on reading, and how far the journal has got."""

    facts: Sequence[Recorded]
    next_after: int
    head: int


async def page(
    conn: Connection, *, tenant_id: int, after: int, limit: int, kinds: Sequence[str] | None = None
) -> FactPage:
    """Return the next facts after a position, of the given kinds or of all."""
    head = await store.select_head(conn, tenant_id=tenant_id)
    upto = min(head, after + _SCAN_MAX)
    if upto <= after:
        return FactPage((), after, head)
    facts = await store.select_facts(
        conn, tenant_id=tenant_id, after=after, upto=upto, limit=limit, kinds=kinds
    )
    return FactPage(facts, facts[-1].position if len(facts) == limit else upto, head)


async def heads(conn: Connection) -> list[tuple[int, int]]:
    """Return (tenant_id, newest position) of every tenant."""
    return await store.select_heads(conn)


async def fact_at(conn: Connection, *, tenant_id: int, position: int) -> Recorded | None:
    """Return the fact at a position, None past the newest one."""
    facts = await store.select_at(conn, tenant_id=tenant_id, positions=[position])
    return facts[0] if facts else None


async def facts_at(conn: Connection, *, tenant_id: int, positions: Sequence[int]) -> list[Recorded]:
    """Return the facts at the given positions, in order; those past the newest are left out. One query."""
    return await store.select_at(conn, tenant_id=tenant_id, positions=positions) if positions else []


async def heard_at(
    conn: Connection, *, tenant_id: int, positions: Sequence[int], types: Mapping[str, type[D]]
) -> list[Heard[D]]:
    """Return the facts at the given positions that are of one of the kinds, as its type. One query."""
    return await store.select_heard_at(conn, tenant_id=tenant_id, positions=positions, types=types)


async def position_at(conn: Connection, *, tenant_id: int, as_of: datetime) -> int:
    """Return the last position recorded at or before a moment, 0 when there is none.

    ``recorded_at`` never goes back, so this is a binary search: about 25 probes of the primary key for
    any journal.
    """
    low, high = 0, await store.select_head(conn, tenant_id=tenant_id)
    while low < high:
        middle = (low + high + 1) // 2
        if await store.select_recorded_at(conn, tenant_id=tenant_id, position=middle) <= as_of:
            low = middle
        else:
            high = middle - 1
    return low
