"""The label on a feature's door: what assembly has to know of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from plaudit.core.commands.corridor import Corridor
from plaudit.core.commands.references import Loader
from plaudit.core.commands.sweeps import Expiry
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.platform.db import Connection, plan_by_index
from plaudit.platform.jobs import Job

Anew: TypeAlias = Callable[[bytes, str], bytes | None]
"""Takes a sealed text and what for, and returns it sealed with the key in use; None where it is already."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work done at the times of ``cron`` (UTC; a sixth field for seconds), once over all processes.

    ``work`` is handed the assembled house. It must do no harm when it runs late, again, or not at all for a
    while, and take its time from the house's clock: the queue keeps the machine's.
    """

    name: str
    cron: str
    work: Callable[[Any], Awaitable[None]]
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """Commands that follow from facts of other features, once for each fact.

    ``react`` is handed the corridor, a connection inside the transaction that moves the cursor, and a span.
    It posts through ``corridor.record`` on that connection, once per batch, each command with a key made
    from the fact that it answers; it leaves nothing behind outside the database.

    With `by_index` its statements find rows by index only from the start, not first when it records: for
    those that look up each of the few rows which a span names, of large tables, by its key.
    """

    name: str
    kinds: tuple[str, ...]
    react: Callable[[Corridor, Connection, Span], Awaitable[None]]
    by_index: bool = False

    def bound(self, corridor: Corridor) -> Subscription:
        """Return the subscription of this reaction with its way for commands."""
        react, by_index = self.react, self.by_index

        async def apply(conn: Connection, span: Span) -> None:
            if by_index:
                await plan_by_index(conn)
            await react(corridor, conn, span)

        return Subscription(name=self.name, kinds=self.kinds, apply=apply, kind="reaction")


class Reseal(Protocol):
    """Seals a tenant's secrets of one table anew, those locked that are."""

    async def __call__(self, conn: Connection, *, tenant_id: int, anew: Anew) -> int:
        """Change what needs it within the caller's transaction, and return how much that was."""


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature offers: web handlers, loaders of its reference rows by topic, subscriptions, schedules.

    ``reactions`` are the subscriptions that post.

    ``jobs`` are those that it enqueues (``platform.jobs``) within its commands and reactions. ``expiries``
    say how its holds are given back past their deadline, by the kind of the fact that opened them; without
    one a hold is given back with the ledger's own fact.

    ``seals`` are its tables with secrets under the installation's key, by name, and how each is sealed anew.

    ``companion`` is what it keeps in the memory of each process: opened with the assembled house, whose
    ``companions`` then has it under the feature's name, and closed before the database is.
    """

    name: str
    routes: Sequence[Any] = ()
    loaders: Mapping[str, Loader] | None = None
    subscriptions: Sequence[Subscription] = ()
    reactions: Sequence[Reaction] = ()
    schedules: Sequence[Schedule] = ()
    jobs: Sequence[Job[Any]] = ()
    expiries: Mapping[str, Expiry] | None = None
    companion: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None
    seals: Mapping[str, Reseal] | None = None
