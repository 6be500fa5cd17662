"""Following inboxes: one look for all streams of a tenant in a process, and a read only for whom it concerns.

While somebody follows, the tenant's tally is looked at: four times a second when its journal has just moved,
for what comes into an inbox comes from a fact; once a second else, for reminders come by the clock. Only when
it has moved is it asked whose inboxes have changed, and only their streams read.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from plaudit.core.handles import Database
from plaudit.features.notifications.model.messages import Message
from plaudit.features.notifications.store import messages as store
from plaudit.platform import log

_log = log.logger("notifications")

_QUICK_S: Final = 0.25
_SLOW_S: Final = 1.0
_QUICK_LOOKS: Final = 12
"""How often to look quickly after the journal has moved: a reaction is done with a fact within seconds."""
PAGE: Final = 100
"""How many messages are read at once."""


class Wake(Protocol):
    """What tells that a tenant's journal has moved, or that the process stops."""

    @property
    def closed(self) -> bool:
        """Tell whether the process is about to stop."""

    def head(self, tenant_id: int) -> int:
        """Return the newest position known here."""

    async def wait(self, tenant_id: int, *, beyond: int, timeout_s: float) -> bool:
        """Wait until the journal is past a position, or the process stops; False when time ran out."""


@dataclass(slots=True)
class _Line:
    """What is known here of a tenant's inboxes, and who waits for news of it."""

    last: int
    followers: int = 0
    changed: dict[str, int] = field(default_factory=dict)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


_LINES: Final[WeakKeyDictionary[Database, dict[int, _Line]]] = WeakKeyDictionary()
"""The lines of each database of this process, by tenant."""


class Follower:
    """One stream's view of its tenant's line."""

    def __init__(self, *, line: _Line, viewer: str, seen: int) -> None:
        """Follow a viewer's inbox from a change on."""
        self._line = line
        self._viewer = viewer
        self._seen = seen

    async def changed(self, *, timeout_s: float) -> bool:
        """Wait until the inbox has changed since it was last said so; False when time ran out."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            if self._line.changed.get(self._viewer, 0) > self._seen:
                self._seen = self._line.changed[self._viewer]
                return True
            try:
                async with asyncio.timeout_at(deadline):
                    await self._line.moved.wait()
            except TimeoutError:
                return False


@asynccontextmanager
async def following(
    *, database: Database, wake: Wake, tenant_id: int, viewer: str
) -> AsyncIterator[Follower]:
    """Follow a viewer's inbox for the time of the block."""
    lines = _LINES.setdefault(database, {})
    async with database.connection() as conn:
        last = await store.select_last(conn, tenant_id=tenant_id)
    line = lines.get(tenant_id)
    if line is None:
        line = lines[tenant_id] = _Line(last=last)
    line.followers += 1
    if line.task is None:
        line.task = asyncio.create_task(_look(database, wake, tenant_id, line))
    try:
        yield Follower(line=line, viewer=viewer, seen=last)
    finally:
        line.followers -= 1
        if not line.followers:
            line.task.cancel()
            lines.pop(tenant_id, None)


async def news(*, database: Database, tenant_id: int, viewer: str, after: int) -> tuple[list[Message], int]:
    """Return what has come into an inbox after a number, in order, and how many were not read in all."""
    async with database.connection() as conn:
        found = await store.select_new(conn, tenant_id=tenant_id, viewer=viewer, after=after, limit=PAGE)
        unread = await store.count_unread(conn, tenant_id=tenant_id, viewer=viewer)
    return found, unread


async def last_change(*, database: Database, tenant_id: int) -> int:
    """Return the number of the tenant's last change: messages to come have higher numbers."""
    async with database.connection() as conn:
        return await store.select_last(conn, tenant_id=tenant_id)


async def _look(database: Database, wake: Wake, tenant_id: int, line: _Line) -> None:
    head, quick = wake.head(tenant_id), _QUICK_LOOKS
    while not wake.closed:
        try:
            await _read(database, tenant_id, line)
        except Exception as error:  # noqa: BLE001 - logged, and looked again
            _log.warning("inboxes not looked at", tenant_id=tenant_id, exc_info=error)
        if quick:
            await asyncio.sleep(_QUICK_S)
            quick -= 1
        else:
            await wake.wait(tenant_id, beyond=head, timeout_s=_SLOW_S)
        if wake.head(tenant_id) > head:
            head, quick = wake.head(tenant_id), _QUICK_LOOKS


async def _read(database: Database, tenant_id: int, line: _Line) -> None:
    async with database.connection() as conn:
        last = await store.select_last(conn, tenant_id=tenant_id)
        if last == line.last:
            return
        changed: Any = await store.select_changed(conn, tenant_id=tenant_id, after=line.last)
    line.last = last
    line.changed.update(changed)
    event, line.moved = line.moved, asyncio.Event()
    event.set()
