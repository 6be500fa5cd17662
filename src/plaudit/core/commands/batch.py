"""Decide and record a batch of one tenant's commands inside one transaction.

The order is the same for everybody: lock accounts, counters and holds by id → read the changes of reference
data and the idempotency keys → decide one command after the other in memory → take positions → insert →
(the caller) commit. Two round trips, however many commands.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from plaudit.core.commands import store as commands_store
from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.commands.references import Item
from plaudit.core.commands.store import Change
from plaudit.core.journal import facts as journal_facts
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import Sealed
from plaudit.core.ledger import posting
from plaudit.core.ledger.book import Book, Movement, Window
from plaudit.core.ledger.store import Card
from plaudit.kernel.refusal import Refusal, conflict
from plaudit.platform.db import Connection, Cursor, plan_by_index


class Prepared(Struct):
    """A command with its plan, the reference rows the plan used, and their revision."""

    command: Command
    plan: Plan
    used: Sequence[Item]
    revision: int
    key_digest: bytes
    content_digest: bytes
    actor: str


class Stale(Struct, frozen=True):
    """A reference row changed after the plan was made: learn the changes and plan again."""

    changes: Sequence[Change]


class Broken(Struct, frozen=True):
    """The plan failed in a way that is nobody's refusal: a bug, or an invariant that does not hold."""

    cause: Exception


class Replay(Struct, frozen=True):
    """The key was bound before, by the same content: the first answer stands at this position."""

    position: int


class Done(Struct, frozen=True, gc=False):
    """Recorded as number ``number`` of its batch; becomes an outcome when the positions are known."""

    number: int
    sealed: Sealed
    movements: Sequence[Movement]


class Again(Struct, frozen=True):
    """The key of an earlier command of the same batch, which stands at index ``first``."""

    first: int


Result: TypeAlias = Outcome | Refusal | Stale | Replay | Broken
_Result: TypeAlias = Done | Again | Refusal | Stale | Replay | Broken

CONFLICT_TEXT = "This idempotency key was used for another request; send a new key with the new request."


class Sent(Struct):
    """A batch whose statements are on their way; its results are known when the server has answered."""

    results: list[_Result]
    count: int
    head: Cursor | None
    now: datetime

    async def outcomes(self) -> list[Result]:
        """Return one result per command, in order. They count once the transaction has been committed."""
        last, recorded_at = 0, self.now
        if self.head is not None:
            row = await self.head.fetchone()
            assert row is not None, "the tenant has no journal head"
            last, recorded_at, _ = row
        return _outcomes(self.results, first=last - self.count, recorded_at=recorded_at)


async def decide_and_record(
    conn: Connection,
    *,
    tenant_id: int,
    batch: Sequence[Prepared],
    cards: Mapping[str, Card],
    now: datetime,
) -> list[Result]:
    """Return one result per command, in order. ``conn`` is inside a transaction; the caller commits.

    ``cards`` has every account of the plans, as the directory's ``ensure`` returned it. Raises the database's
    errors as they come (a unique violation when another process bound one of the keys or opened one of the
    counters meanwhile).
    """
    async with conn.pipeline():
        await plan_by_index(conn)
        sent = await decide_and_send(conn, tenant_id=tenant_id, batch=batch, cards=cards, now=now)
    return await sent.outcomes()


async def decide_and_send(
    conn: Connection,
    *,
    tenant_id: int,
    batch: Sequence[Prepared],
    cards: Mapping[str, Card],
    now: datetime,
) -> Sent:
    """Decide a batch and send what it writes, without waiting for the answer.

    ``conn`` is inside a pipeline and a transaction, and plans by index. The caller's COMMIT so goes out in
    the same flight, and no lock is held while this process wakes up to send it.
    """
    book, changes, bound = await _lock_and_read(conn, tenant_id=tenant_id, batch=batch, cards=cards, now=now)
    decided = _decide(batch=batch, book=book, changes=changes, bound=bound, now=now)
    count = len(decided.sealed)
    head: Cursor | None = None
    if count:
        head = await journal_store.append(
            conn, tenant_id=tenant_id, sealed=decided.sealed, keys=decided.keys, now=now
        )
        await posting.write(conn, tenant_id=tenant_id, book=book, postings=decided.postings)
    return Sent(decided.results, count, head, now)


async def _lock_and_read(
    conn: Connection, *, tenant_id: int, batch: Sequence[Prepared], cards: Mapping[str, Card], now: datetime
) -> tuple[Book, list[Change], dict[bytes, tuple[bytes, int]]]:
    by_id: dict[int, Card] = {}
    windows: set[Window] = set()
    holds: set[int] = set()
    for prepared in batch:
        plan = prepared.plan
        for address in plan.accounts:
            card = cards[address]
            by_id[card.id] = card
        windows.update(plan.windows)
        holds.update(plan.holds)
    locking = await posting.lock(
        conn, tenant_id=tenant_id, cards=by_id, windows=sorted(windows) if windows else (), holds=holds
    )
    oldest = min(prepared.revision for prepared in batch)
    changed: Cursor = await commands_store.select_changes(conn, tenant_id=tenant_id, after=oldest)
    asked = await journal_store.select_keys(conn, tenant_id=tenant_id, digests=[p.key_digest for p in batch])
    book = await locking.book(now=now)
    changes = [Change(*row) for row in await changed.fetchall()]
    bound = {digest: (content, position) for digest, content, position in await asked.fetchall()}
    return book, changes, bound


class _Decided(Struct):
    """What has been decided so far: a result per command, and what is to be written."""

    results: list[_Result]
    postings: posting.Postings
    sealed: list[Sealed]
    keys: list[tuple[bytes, bytes]]


def _decide(
    *,
    batch: Sequence[Prepared],
    book: Book,
    changes: Sequence[Change],
    bound: dict[bytes, tuple[bytes, int]],
    now: datetime,
) -> _Decided:
    decided = _Decided([], posting.Postings(), [], [])
    results = decided.results
    here: dict[bytes, tuple[bytes, int]] = {}
    for index, prepared in enumerate(batch):
        key, content = prepared.key_digest, prepared.content_digest
        if key in bound:
            first_content, position = bound[key]
            results.append(Replay(position) if first_content == content else _conflict())
        elif key in here:
            first_content, first = here[key]
            results.append(Again(first) if first_content == content else _conflict())
        elif changes and _is_stale(prepared, changes):
            results.append(Stale(changes))
        else:
            result = _decide_one(prepared, book, decided, now)
            if isinstance(result, Done):
                here[key] = (content, index)
            results.append(result)
    return decided


def _decide_one(prepared: Prepared, book: Book, decided: _Decided, now: datetime) -> Done | Refusal | Broken:
    try:
        decision = prepared.plan.decide(book)
        data = journal_facts.encode(decision.fact)
        movements = book.post(decision)
    except Refusal as refusal:
        # Its traceback leads to this batch, whose results hold it: a circle, and with it all of the batch
        # would be left to the garbage collection.
        return refusal.with_traceback(None)
    except Exception as error:  # noqa: BLE001 - it must not harm the neighbours; the writer raises the alarm
        return Broken(error)
    at = prepared.command.at or now
    sealed = journal_facts.seal(
        fact=decision.fact,
        data=data,
        actor=prepared.actor,
        at=at,
        moves=[(account.id, amount) for account, amount, _ in movements],
    )
    decided.postings.add(decision=decision, movements=movements, at=at)
    decided.sealed.append(sealed)
    decided.keys.append((prepared.key_digest, prepared.content_digest))
    return Done(len(decided.sealed), sealed, movements)


def _conflict() -> Refusal:
    return conflict("key.conflict", CONFLICT_TEXT)


def _is_stale(prepared: Prepared, changes: Sequence[Change]) -> bool:
    used = prepared.used
    return any(c.revision > prepared.revision and (c.topic, c.key) in used for c in changes)


def _outcomes(decided: Sequence[_Result], *, first: int, recorded_at: datetime) -> list[Result]:
    results: list[Result] = []
    for one in decided:
        if isinstance(one, Done):
            results.append(_outcome(one, first=first, recorded_at=recorded_at, replayed=False))
        elif isinstance(one, Again):
            done = decided[one.first]
            assert isinstance(done, Done)
            results.append(_outcome(done, first=first, recorded_at=recorded_at, replayed=True))
        else:
            results.append(one)
    return results


def _outcome(done: Done, *, first: int, recorded_at: datetime, replayed: bool) -> Outcome:
    sealed = done.sealed
    return Outcome(
        position=first + done.number,
        kind=sealed.fact.data.KIND,
        subject=sealed.fact.subject,
        at=sealed.at,
        recorded_at=recorded_at,
        data=sealed.fact.data,
        entries={account.address: (amount, balance) for account, amount, balance in done.movements},
        replayed=replayed,
    )
