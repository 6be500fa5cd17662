"""What a subscription is: which facts it follows, and how a span of them is applied."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from plaudit.core.journal import store
from plaudit.core.journal.facts import Recorded
from plaudit.platform.db import Connection


@dataclass(frozen=True, slots=True)
class Span:
    """The facts of one tenant with ``after < position <= upto`` whose kind is in ``kinds`` (None: every kind)."""

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


Apply: TypeAlias = Callable[[Connection, Span], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Someone who follows the journal.

    ``apply`` is handed a connection inside the transaction that moves the cursor, and a span that holds at least one
    position; it works on the facts or runs set-based SQL over them, and leaves nothing behind outside the database.

    A *projection* keeps ``tables`` ("schema.table", each with a ``tenant_id``), which nobody else writes: they can be
    thrown away and rebuilt. It stops at a fact that it cannot apply. A *reaction* does something about each fact once; a
    fact that it cannot apply becomes a dead letter, and it goes on.
    """

    name: str
    kinds: tuple[str, ...] | None
    apply: Apply
    kind: Literal["projection", "reaction"]
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a label that contradicts itself: a programming error, told at the start."""
        assert self.kinds is None or self.kinds, f"{self.name} follows no kind of fact"
        assert bool(self.tables) == (self.kind == "projection"), f"{self.name}: projections, and only they, have tables"
