"""What time undoes: holds past their deadline are given back, counters of windows long over deleted.

Plain functions, called on a schedule; running them late, twice, or in several processes at once changes
nothing: an expired hold refuses capture before it is swept, and its expiry has a key of its own.

A hold is given back with `hold.expired`, unless the feature whose fact opened it offers an `Expiry` for that
kind of fact: then with the feature's own fact, and whatever else moves with it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from plaudit.core.commands.command import Command, Grant, Outcome, Plan
from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Lookup
from plaudit.core.journal import read
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import Recorded, canonical
from plaudit.core.ledger import counters, holds
from plaudit.core.ledger.book import Book, Decision
from plaudit.core.ledger.holds import Due
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.kernel.time import Clock
from plaudit.platform.db import Connection, Database

SWEEP = "hold.expire"
"""The permission of the sweep itself; nobody is ever granted it."""

_SWEEPER = Actor("system", "sweep")
_PAGE = 500
_SWITCHED_OFF = "switch.off"


@dataclass(frozen=True, slots=True)
class Opened:
    """A hold past its deadline that still holds something, and the fact that had opened it."""

    tenant_id: int
    fact: Recorded
    hold: Due


Expiry: TypeAlias = Callable[[Opened], Command]
"""How a feature gives back what its hold holds: pure, a command made by `expiry_command`."""


class Swept(NamedTuple):
    """How many holds were due: given back by this sweep, or refused (captured meanwhile, frozen)."""

    expired: int
    refused: int


def expiry_command(opened: Opened, *, action: str, plan: Callable[[Lookup], Plan]) -> Command:
    """Return the command that gives a hold back once, whatever becomes of the sweep that asked for it.

    What `plan` decides expires all that is left of the hold (`holds.expire`).
    """
    return Command(
        action=action,
        permission=SWEEP,
        grant=Grant(opened.tenant_id, _SWEEPER, frozenset({SWEEP})),
        key=_key(opened.hold),
        content=canonical({"hold": opened.hold.hold_id}),
        plan=plan,
    )


async def expire_holds(
    *, database: Database, corridor: Corridor, clock: Clock, expiries: Mapping[str, Expiry]
) -> Swept:
    """Give back what holds past their deadline still hold, in every tenant. One query where nothing is due.

    `expiries` are by the kind of the fact that opened the hold.
    """
    async with database.connection() as conn:
        tenants = await holds.tenants_due(conn, now=clock.now())
    swept = [
        await expire_holds_of(
            database=database, corridor=corridor, clock=clock, expiries=expiries, tenant_id=tenant_id
        )
        for tenant_id in tenants
    ]
    return Swept(sum(one.expired for one in swept), sum(one.refused for one in swept))


async def expire_holds_of(
    *,
    database: Database,
    corridor: Corridor,
    clock: Clock,
    expiries: Mapping[str, Expiry],
    tenant_id: int,
) -> Swept:
    """Give back what one tenant's holds past their deadline still hold.

    Pages through them once, so that one that is refused (its account is frozen for everything) does not keep
    the others; it comes again at the next sweep. Ends early when the corridor's queue is full, or nothing
    moves because the tenant is switched off.
    """
    now = clock.now()
    expired = refused = 0
    last: Due | None = None
    while True:
        async with database.connection() as conn:
            due = await holds.due(conn, tenant_id=tenant_id, now=now, after=last, limit=_PAGE)
            opened = await _opened(conn, tenant_id, due)
        commands = [_expiry(one, expiries) for one in opened]
        answers = await asyncio.gather(
            *(corridor.submit(command) for command in commands), return_exceptions=True
        )
        stopped = False
        for answer in answers:
            if isinstance(answer, Outcome):
                expired += not answer.replayed
            elif isinstance(answer, Refusal):
                refused += 1
                stopped = stopped or answer.kind is RefusalKind.BUSY or answer.code == _SWITCHED_OFF
            else:
                raise answer
        if stopped or len(due) < _PAGE:
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


async def _opened(conn: Connection, tenant_id: int, due: Sequence[Due]) -> list[Opened]:
    """Return each hold with the fact that had opened it, whose position is its id. One query."""
    found = await read.facts_at(conn, tenant_id=tenant_id, positions=[one.hold_id for one in due])
    facts = {fact.position: fact for fact in found}
    return [Opened(tenant_id, facts[one.hold_id], one) for one in due]


def _expiry(opened: Opened, expiries: Mapping[str, Expiry]) -> Command:
    offered = expiries.get(opened.fact.kind)
    if offered is None:
        return _generic(opened)
    command = offered(opened)
    assert command.key == _key(opened.hold), f"{command.action} does not expire hold {opened.hold.hold_id}"
    return command


def _generic(opened: Opened) -> Command:
    due = opened.hold

    def plan(_: Lookup) -> Plan:
        def decide(book: Book) -> Decision:
            return holds.expire(book, hold_id=due.hold_id)

        return Plan(decide, accounts=holds.accounts_of(due.address), holds=(due.hold_id,))

    return expiry_command(opened, action="ledger.expire_hold", plan=plan)


def _key(due: Due) -> str:
    return f"expire/{due.hold_id}"
