"""What time undoes: holds past their deadline are given back, counters of windows long over deleted.

Plain functions, called on a schedule; running them late, twice, or in several processes at once changes
nothing: an expired hold refuses capture before it is swept, and its expiry has a key of its own.
"""

import asyncio
from datetime import datetime, timedelta
from typing import NamedTuple

from plaudit.core.commands.command import Command, Grant, Outcome, Plan
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Lookup
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import canonical
from plaudit.core.ledger import counters, holds
from plaudit.core.ledger.book import Book, Decision
from plaudit.core.ledger.holds import Due
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.kernel.time import Clock
from plaudit.platform.db import Database

SWEEP = "hold.expire"
"""The permission of the sweep itself; nobody is ever granted it."""

_SWEEPER = Actor("system", "sweep")
_PAGE = 500


class Swept(NamedTuple):
    """How many holds were due: given back by this sweep, or refused (captured meanwhile, frozen)."""

    expired: int
    refused: int


async def expire_holds(*, database: Database, corridor: Corridor, clock: Clock) -> Swept:
    """Give back what holds past their deadline still hold, in every tenant."""
    async with database.connection() as conn:
        heads = await journal_store.select_heads(conn)
    swept = [
        await expire_holds_of(database=database, corridor=corridor, clock=clock, tenant_id=tenant_id)
        for tenant_id, _ in heads
    ]
    return Swept(sum(one.expired for one in swept), sum(one.refused for one in swept))


async def expire_holds_of(*, database: Database, corridor: Corridor, clock: Clock, tenant_id: int) -> Swept:
    """Give back what one tenant's holds past their deadline still hold.

    Pages through them once, so that one that is refused (its account is frozen for everything) does not keep
    the others; it comes again at the next sweep. Ends early when the corridor's queue is full.
    """
    now = clock.now()
    expired = refused = 0
    last: Due | None = None
    while True:
        async with database.connection() as conn:
            due = await holds.due(conn, tenant_id=tenant_id, now=now, after=last, limit=_PAGE)
        answers = await asyncio.gather(
            *(corridor.submit(_expiry(tenant_id, one)) for one in due), return_exceptions=True
        )
        full = False
        for answer in answers:
            if isinstance(answer, Outcome):
                expired += not answer.replayed
            elif isinstance(answer, Refusal):
                refused += 1
                full = full or answer.kind is RefusalKind.BUSY
            else:
                raise answer
        if full or len(due) < _PAGE:
            return Swept(expired, refused)
        last = due[-1]


async def delete_counters(*, database: Database, clock: Clock, keep_days: int = 35) -> int:
    """Delete the counters of windows that ended, and were first used, more than ``keep_days`` ago.

    So an import of what happened years ago counts in its own windows until it has long been over; a command
    that comes later still counts from zero again. Counters of reversals have no end and stay. Returns how
    many there were.
    """
    before: datetime = clock.now() - timedelta(days=keep_days)
    async with database.connection() as conn:
        heads = await journal_store.select_heads(conn)
    deleted = 0
    for tenant_id, _ in heads:
        deleted += await counters.delete_ended(database, tenant_id=tenant_id, before=before)
    return deleted


def _expiry(tenant_id: int, due: Due) -> Command:
    def plan(_: Lookup) -> Plan:
        def decide(book: Book) -> Decision:
            return holds.expire(book, hold_id=due.hold_id)

        return Plan(decide, accounts=holds.accounts_of(due.address), holds=(due.hold_id,))

    return Command(
        action="ledger.expire_hold",
        permission=SWEEP,
        grant=Grant(tenant_id, _SWEEPER, frozenset({SWEEP})),
        key=f"expire/{due.hold_id}",
        content=canonical({"hold": due.hold_id}),
        plan=plan,
    )
