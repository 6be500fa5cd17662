"""A house without an edge: the corridor on a fresh database, with a clock that the test drives."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from plaudit.core.commands import store as commands_store
from plaudit.core.commands.command import Command, Grant
from plaudit.core.commands.corridor import Corridor, Slots
from plaudit.core.commands.references import Lookup, References
from plaudit.core.commands.tenants import LOADERS
from plaudit.core.feature import Feature
from plaudit.core.journal import store as journal_store
from plaudit.core.ledger import balances
from plaudit.core.ledger.accounts import Directory
from plaudit.kernel.actor import Actor, ActorKind
from plaudit.kernel.refusal import forbidden
from plaudit.platform.db import Database
from plaudit.vocabulary.permissions import PERMISSIONS

EVENING = datetime(2026, 5, 1, 20, tzinfo=UTC)
SALT = bytes(range(16))
ALL = frozenset(PERMISSIONS)


@dataclass
class TestClock:
    """Time stands still until the test moves it."""

    __test__ = False

    time: datetime = EVENING

    def now(self) -> datetime:
        return self.time

    def advance(self, gap: timedelta) -> None:
        self.time += gap


@dataclass
class House:
    """One tenant's corridor, and what a test wants to know beside it."""

    database: Database
    corridor: Corridor
    references: References
    directory: Directory
    clock: TestClock
    tenant_id: int
    _keys: Iterable[int] = field(default_factory=itertools.count)

    def grant(self, kind: ActorKind = "app", id_: str = "plk_1", permissions: frozenset[str] = ALL) -> Grant:
        return Grant(self.tenant_id, Actor(kind, id_), permissions)

    def key(self) -> str:
        return f"key-{next(iter(self._keys))}"

    async def balance(self, address: str) -> int:
        async with self.database.connection() as conn:
            found = await balances.balances(conn, tenant_id=self.tenant_id, addresses=[address])
        return found.get(address, 0)

    async def everything(self) -> dict[str, int]:
        """All balances by address; they sum to zero in each asset."""
        async with self.database.connection() as conn:
            found = await balances.below(conn, tenant_id=self.tenant_id, prefix="")
        return {address: row[1] for address, row in found.items()}


def _authorize(command: Command) -> None:
    needed = {command.permission} | ({"import"} if command.at is not None else set())
    if not needed <= command.grant.permissions:
        raise forbidden("scope.missing", "This key may not do that.")


def _screen_nothing(_command: Command, _lookup: Lookup) -> None:
    """Let everything pass."""


def _broken(error: AssertionError) -> None:
    raise error


@asynccontextmanager
async def open_house(
    database: Database,
    features: Iterable[Feature],
    *,
    screen: Callable[[Command, Lookup], None] = _screen_nothing,
    time_zone: str = "UTC",
    lanes: int = 1,
    slug: str = "demo",
) -> AsyncIterator[House]:
    """Open a tenant and a corridor with the loaders of the given features, and stop the writer in the end."""
    clock = TestClock()
    async with database.transaction() as tx:
        tenant_id = await commands_store.insert_tenant(
            tx, slug=slug, name="Demo", time_zone=time_zone, now=clock.now()
        )
        assert tenant_id is not None
        await journal_store.open_tenant(tx, tenant_id=tenant_id)
    loaders = dict(LOADERS)
    for feature in features:
        loaders.update(feature.loaders or {})
    references = References(database=database, loaders=loaders)
    directory = Directory(database)
    corridor = Corridor(
        database=database,
        directory=directory,
        references=references,
        clock=clock,
        slots=Slots(_authorize, screen),
        on_broken=_broken,
    )
    corridor.writer.start(lanes=lanes)
    try:
        yield House(database, corridor, references, directory, clock, tenant_id)
    finally:
        await corridor.writer.close()
