"""Reference data: the rows that commands decide by and that only table commands change.

Gifts, terms, creators, switches, API keys: each is kept per process under (topic, key). Every change has a
number, dense per tenant and in commit order. A batch reads the numbers it has not seen inside its own
transaction, so no command is decided on a row that had changed before; a poll every second does the same
for what is read outside batches (credentials).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from plaudit.core.commands import store
from plaudit.core.commands.store import Change
from plaudit.platform.db import Connection, Database

# Per tenant; past this the cache is emptied and fills again from what is in use.
_ROWS_MAX = 100_000

Item: TypeAlias = tuple[str, str]
Loader: TypeAlias = Callable[[Connection, int, Sequence[str]], Awaitable[Mapping[str, Any]]]


class NotLoaded(LookupError):
    """A plan looked up a row that is not here yet: load it and plan again."""

    def __init__(self, item: Item) -> None:
        self.item = item


@dataclass(slots=True)
class _Shelf:
    revision: int
    rows: dict[Item, Any] = field(default_factory=dict)


class Lookup:
    """What a plan may read, and a record of what it did read."""

    __slots__ = ("_rows", "revision", "used")

    def __init__(self, shelf: _Shelf) -> None:
        self._rows = shelf.rows
        self.revision = shelf.revision
        self.used: list[Item] = []

    def one(self, topic: str, key: str) -> Any:  # noqa: ANN401 - by topic
        """Return the row, or None when there is none. Raises NotLoaded."""
        item = (topic, key)
        try:
            row = self._rows[item]
        except KeyError:
            raise NotLoaded(item) from None
        self.used.append(item)
        return row


class References:
    """The reference rows of all tenants in this process."""

    def __init__(self, *, database: Database, loaders: Mapping[str, Loader]) -> None:
        self._database = database
        self._loaders = loaders
        self._shelves: dict[int, _Shelf] = {}

    def lookup(self, tenant_id: int) -> Lookup:
        """Return a lookup on what is here. Raises NotLoaded for a tenant seen for the first time."""
        shelf = self._shelves.get(tenant_id)
        if shelf is None:
            raise NotLoaded(("tenant", str(tenant_id)))
        return Lookup(shelf)

    async def load(self, *, tenant_id: int, item: Item) -> None:
        """Bring one row here (or the knowledge that there is none)."""
        while True:
            async with self._database.connection() as conn:
                shelf = self._shelves.get(tenant_id)
                if shelf is None:
                    revision = await store.select_revision(conn, tenant_id=tenant_id)
                    shelf = self._shelves.setdefault(tenant_id, _Shelf(revision))
                before = shelf.revision
                topic, key = item
                if topic == "tenant":
                    return
                rows = await self._loaders[topic](conn, tenant_id, [key])
            # A change that came in while the row was read may have made it stale: read it again.
            if shelf.revision == before and self._shelves.get(tenant_id) is shelf:
                if len(shelf.rows) >= _ROWS_MAX:
                    shelf.rows.clear()
                shelf.rows[item] = rows.get(key)
                return

    async def get(self, *, tenant_id: int, topic: str, key: str) -> Any:  # noqa: ANN401 - by topic
        """Return a row, loading it when it is not here; None when there is none."""
        while True:
            try:
                return self.lookup(tenant_id).one(topic, key)
            except NotLoaded as missing:
                await self.load(tenant_id=tenant_id, item=missing.item)

    def learn(self, *, tenant_id: int, changes: Iterable[Change]) -> None:
        """Forget the rows that have changed."""
        shelf = self._shelves.get(tenant_id)
        if shelf is None:
            return
        for revision, topic, key in changes:
            shelf.revision = max(shelf.revision, revision)
            shelf.rows.pop((topic, key), None)

    def forget(self, *, tenant_id: int, item: Item) -> None:
        """Forget one row, so that it is loaded when it is next asked for."""
        shelf = self._shelves.get(tenant_id)
        if shelf is not None:
            shelf.rows.pop(item, None)

    async def refresh(self) -> None:
        """Read the changes of every tenant seen here. Called at least once a second."""
        seen = {tenant_id: shelf.revision for tenant_id, shelf in self._shelves.items()}
        if not seen:
            return
        async with self._database.connection() as conn:
            behind = [
                (tenant_id, seen[tenant_id])
                for tenant_id, revision in await store.select_revisions(conn, tenant_ids=list(seen))
                if revision > seen[tenant_id]
            ]
            for tenant_id, revision in behind:
                cursor = await store.select_changes(conn, tenant_id=tenant_id, after=revision)
                self.learn(tenant_id=tenant_id, changes=[Change(*row) for row in await cursor.fetchall()])
