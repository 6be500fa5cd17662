"""The one writer of entries: lock what a batch needs, then write what its book decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from plaudit.core.ledger import store
from plaudit.core.ledger.book import (
    Account,
    Book,
    Counter,
    Decision,
    Hold,
    Movement,
    Opening,
    Window,
)
from plaudit.core.ledger.store import Card, Entry
from plaudit.platform.db import Connection, Cursor


@dataclass(frozen=True, slots=True)
class Locking:
    """Locks asked for in a pipeline, their rows not yet fetched."""

    cards: Mapping[int, Card]
    windows: Sequence[Window]
    accounts: Cursor | None
    counters: Cursor | None
    holds: Cursor | None

    async def book(self, *, now: datetime) -> Book:
        """Fetch the locked rows and open the book on them."""
        accounts: dict[str, Account] = {}
        for id_, freeze, balance in await self.accounts.fetchall() if self.accounts else ():
            card = self.cards[id_]
            accounts[card.address] = Account(id_, card.address, card.asset, card.floor, freeze, balance)
        assert len(accounts) == len(self.cards), "an account that was known has no row"
        counters = {window: Counter(window, 0, new=True) for window in self.windows}
        for place, used in await self.counters.fetchall() if self.counters else ():
            counter = counters[self.windows[place - 1]]
            counter.used = used
            counter.new = False
        holds = {row[0]: Hold(*row) for row in (await self.holds.fetchall() if self.holds else ())}
        return Book(accounts=accounts, counters=counters, holds=holds, now=now)


async def lock(
    conn: Connection,
    *,
    tenant_id: int,
    cards: Mapping[int, Card],
    windows: Sequence[Window],
    holds: Collection[int],
) -> Locking:
    """Lock accounts, then counters, then holds, each by id."""
    return Locking(
        cards,
        windows,
        await store.lock_accounts(conn, tenant_id=tenant_id, ids=cards) if cards else None,
        await store.lock_counters(conn, tenant_id=tenant_id, windows=windows) if windows else None,
        await store.lock_holds(conn, tenant_id=tenant_id, ids=holds) if holds else None,
    )


@dataclass(slots=True)
class Postings:
    """What a batch has decided so far, in the order of its facts."""

    count: int = 0
    entries: list[Entry] = field(default_factory=list)
    openings: list[tuple[int, Opening, str]] = field(default_factory=list)

    def add(self, *, decision: Decision, movements: Sequence[Movement], at: datetime) -> None:
        """Take up the next fact's movements."""
        self.count += 1
        number = self.count
        for account, amount, balance in movements:
            self.entries.append((number, account.id, amount, balance, account.asset, at))
        if decision.opening is not None:
            asset = decision.opening.address.rsplit("/", 1)[1]
            self.openings.append((number, decision.opening, asset))


async def write(conn: Connection, *, tenant_id: int, book: Book, postings: Postings) -> None:
    """Write a batch's entries and the new state of what it touched. Positions must have been taken."""
    if postings.entries:
        await store.write_entries(
            conn,
            tenant_id=tenant_id,
            count=postings.count,
            entries=postings.entries,
            accounts=book.touched_accounts.values(),
        )
    if book.touched_counters:
        await store.write_counters(
            conn, tenant_id=tenant_id, counters=book.touched_counters.values(), now=book.now
        )
    if postings.openings:
        await store.insert_holds(conn, tenant_id=tenant_id, count=postings.count, openings=postings.openings)
    if book.touched_holds:
        await store.update_holds(conn, tenant_id=tenant_id, holds=book.touched_holds.values())
