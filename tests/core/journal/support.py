"""A journal without a ledger: facts said by hand, a projection and a reaction that follow them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final

from plaudit.core.journal import facts as journal_facts
from plaudit.core.journal import store
from plaudit.core.journal.facts import Fact, PrivatePart, Sealed
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.kernel.refusal import busy
from plaudit.platform.db import Connection, Database, connect
from plaudit.vocabulary.facts.base import FactData
from tests.kit.servers import DatabaseUrls

PROOF: Final = os.environ.get("PLAUDIT_SCALE", "small") == "proof"
NOON: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
TENANT: Final = 7

_TABLES: Final = """
CREATE TABLE public.tally (
    tenant_id integer NOT NULL, position bigint NOT NULL, number bigint NOT NULL,
    PRIMARY KEY (tenant_id, position));
CREATE TABLE public.total (
    tenant_id integer NOT NULL PRIMARY KEY, facts bigint NOT NULL, numbers bigint NOT NULL);
CREATE TABLE public.deed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id integer NOT NULL, position bigint NOT NULL, worker text NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.tally, public.total, public.deed TO plaudit_runtime
"""


class Said(FactData, frozen=True, kw_only=True):
    """Somebody said a number, and perhaps why."""

    KIND: ClassVar[str] = "test.said"
    VERSION: ClassVar[int] = 1

    number: int
    message_hash: str | None = None


class Shouted(FactData, frozen=True, kw_only=True):
    """Somebody shouted a number."""

    KIND: ClassVar[str] = "test.shouted"
    VERSION: ClassVar[int] = 1

    number: int


class Clock:
    """Time stands still."""

    def now(self) -> datetime:
        return NOON


def said(number: int, *, message: str | None = None, owner: str = "viewer/v1") -> Fact:
    if message is None:
        return Fact("viewer/v1", Said(number=number))
    part = PrivatePart(name="message", owner=owner, body=message, salt=number.to_bytes(16, "big"))
    return Fact("viewer/v1", Said(number=number, message_hash=part.digest), (part,))


def shouted(number: int) -> Fact:
    return Fact("viewer/v1", Shouted(number=number))


def _sealed(fact: Fact, at: datetime) -> Sealed:
    data = journal_facts.encode(fact)
    return journal_facts.seal(fact=fact, data=data, actor="viewer/v1", at=at, moves=[])


async def append(
    conn: Connection, facts: Sequence[Fact], *, tenant_id: int = TENANT, at: datetime = NOON
) -> int:
    """Append facts inside a transaction, as the corridor does, and return the last position."""
    sealed = [_sealed(fact, at) for fact in facts]
    head = await store.append(conn, tenant_id=tenant_id, sealed=sealed, keys=[], now=at)
    row = await head.fetchone()
    assert row is not None
    return int(row[0])


async def record(db: Database, facts: Iterable[Fact], *, tenant_id: int = TENANT, at: datetime = NOON) -> int:
    """Append facts in a transaction of their own, opening the tenant if need be."""
    async with db.transaction() as tx:
        await store.open_tenant(tx, tenant_id=tenant_id)
        return await append(tx, list(facts), tenant_id=tenant_id, at=at)


async def numbers(db: Database, upto: int, *, start: int = 1, tenant_id: int = TENANT) -> int:
    """Say the numbers from ``start`` to ``upto``, in one transaction."""
    return await record(db, [said(n) for n in range(start, upto + 1)], tenant_id=tenant_id)


def create_tables(urls: DatabaseUrls) -> None:
    """Create the tables that the subscriptions below write."""
    with connect(urls.owner_url, role=None) as owner:
        owner.execute(_TABLES)


async def _tally(conn: Connection, span: Span) -> None:
    """Apply a span by set-based SQL. The number 13 cannot be applied: it divides by zero."""
    await conn.execute(
        "INSERT INTO public.tally (tenant_id, position, number)"
        " SELECT tenant_id, position, n + 0 / (n - 13)"
        " FROM journal.fact, LATERAL (SELECT (data ->> 'number')::bigint) AS said (n)"
        " WHERE tenant_id = %s AND position > %s AND position <= %s AND kind = ANY(%s)",
        (span.tenant_id, span.after, span.upto, list(span.kinds or ())),
    )
    await conn.execute(
        "INSERT INTO public.total AS t (tenant_id, facts, numbers)"
        " SELECT tenant_id, count(*), sum((data ->> 'number')::bigint) FROM journal.fact"
        " WHERE tenant_id = %s AND position > %s AND position <= %s AND kind = ANY(%s) GROUP BY tenant_id"
        " ON CONFLICT (tenant_id) DO UPDATE"
        " SET facts = t.facts + EXCLUDED.facts, numbers = t.numbers + EXCLUDED.numbers",
        (span.tenant_id, span.after, span.upto, list(span.kinds or ())),
    )


TALLY: Final = Subscription(
    name="test.tally",
    kinds=("test.said",),
    apply=_tally,
    kind="projection",
    tables=("public.tally", "public.total"),
)


class Deeds:
    """A reaction that works on the facts: one deed each, never for a number in ``refused``."""

    def __init__(self, *, refused: Iterable[int] = (), worker: str = "w", name: str = "test.deeds") -> None:
        self.refused = set(refused)
        self.busy = 0
        self.spans: list[tuple[int, int]] = []
        self._worker = worker
        self.subscription = Subscription(name=name, kinds=None, apply=self._apply, kind="reaction")

    async def _apply(self, conn: Connection, span: Span) -> None:
        self.spans.append((span.after, span.upto))
        if self.busy:
            self.busy -= 1
            raise busy("ledger.busy", "Again.", retry_after_s=1)
        for fact in await span.facts(conn):
            await conn.execute(
                "INSERT INTO public.deed (tenant_id, position, worker) VALUES (%s, %s, %s)",
                (fact.tenant_id, fact.position, self._worker),
            )
            if fact.data["number"] in self.refused:
                raise LookupError(f"number {fact.data['number']}")


async def column(db: Database, query: str) -> list[object]:
    """Return the first column of a query's rows."""
    async with db.connection() as conn:
        cursor = await conn.execute(query.encode())
        return [row[0] for row in await cursor.fetchall()]


async def deeds(db: Database, *, tenant_id: int = TENANT) -> list[object]:
    """Return the positions of what the reaction has done, in order of doing."""
    return await column(db, f"SELECT position FROM public.deed WHERE tenant_id = {tenant_id} ORDER BY id")  # noqa: S608
