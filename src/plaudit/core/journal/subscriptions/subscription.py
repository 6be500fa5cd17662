"""What a subscription is: which facts it follows, and how a span of them is applied."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from plaudit.core.journal import store
from plaudit.core.journal.facts import D, Heard, Recorded
from plaudit.platform.db import Connection


@dataclass(frozen=True, slots=True)
class Span:
    """The facts of one tenant with ``after < position <= upto``, of the given kinds (None: of every kind)."""

    tenant_id: int
    after: int
    upto: int
    kinds: tuple[str, ...] | None = None

    async def facts(self, conn: Connection) -> list[Recorded]:
        """Return the facts of the span in order."""
        return await store.select_facts(
            conn,
            tenant_id=self.tenant_id,
            after=self.after,
            upto=self.upto,
            limit=self.upto - self.after,
            kinds=self.kinds,
        )

    async def heard(
        self, conn: Connection, types: Mapping[str, type[D]], *, saying: tuple[str, str] | None = None
    ) -> list[Heard[D]]:
        """Return the facts of the span that are of the kinds of ``types``, as those, in order.

        With ``saying`` those with this text in this field. For who acts on what is said and needs no more.
        """
        return await store.select_heard(
            conn, tenant_id=self.tenant_id, after=self.after, upto=self.upto, types=types, saying=saying
        )


Apply: TypeAlias = Callable[[Connection, Span], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Someone who follows the journal.

    ``apply`` is handed a connection inside the transaction that moves the cursor, and a span of at least
    one position. It works on the facts or runs set-based SQL over them, commits nothing, and leaves
    nothing behind outside the database. A span may hold no fact of the kinds that are followed.

    A *projection* keeps ``tables`` ("schema.table", each with a ``tenant_id``), which nobody else
    writes, out of the journal alone: they can be thrown away and rebuilt. It stops at a fact that it
    cannot apply. A *reaction* does something about each fact once; a fact that it cannot apply becomes a
    dead letter, and it goes on.
    """

    name: str
    kinds: tuple[str, ...] | None
    apply: Apply
    kind: Literal["projection", "reaction"]
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a label that contradicts itself: a programming error, told at the start."""
        assert self.kinds is None or self.kinds, f"{self.name} follows no kind of fact"
        assert self.kind == "projection" or not self.tables, f"{self.name}: only projections have tables"
