"""When each payment of a replay is due, and which may be under way at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from plaudit.app.drive.rows import Row

_WINDOW: Final = 2


class Pacer:
    """Plays shows one after the other, each in its own rhythm, `speed` times as fast as it was."""

    __slots__ = ("_epoch", "_latest", "_show", "_speed", "_start")

    def __init__(self, *, speed: float, epoch: datetime) -> None:
        """`speed` 1 is the original rhythm; ValueError when it is not above zero."""
        if speed <= 0:
            raise ValueError("the speed must be above zero")
        self._speed = speed
        self._epoch = epoch
        self._show: str | None = None
        self._latest: datetime | None = None
        self._start = 0.0

    def due_s(self, *, row: Row, now_s: float) -> float:
        """Return when the row is due on the clock of `now_s` (seconds).

        A new show starts now; a row out of order is due with the latest before it.
        """
        at = row.time(epoch=self._epoch)
        if row.show != self._show or self._latest is None:
            self._show, self._latest, self._start = row.show, at, now_s
            return now_s
        if at > self._latest:
            self._start += (at - self._latest).total_seconds() / self._speed
            self._latest = at
        return self._start


class Queue:
    """Runs payments side by side, those of one named viewer one after the other in their order.

    Anonymous payments share a wallet but not a person, so they have no order to keep: each is credited before
    it is tipped, which is enough for their wallet never to lack what a tip takes.
    """

    def __init__(
        self, *, width: int, pay: Callable[[Row], Awaitable[None]], group: asyncio.TaskGroup
    ) -> None:
        """`width` is how many requests the client sends at once; twice as many payments are held at most."""
        self._pay = pay
        self._group = group
        self._room = asyncio.Semaphore(width * _WINDOW)
        self._behind: dict[str, deque[Row]] = {}

    async def put(self, *, row: Row) -> None:
        """Start the payment, or put it behind its viewer's earlier ones; waits while too many are held."""
        await self._room.acquire()
        if row.viewer is None:
            self._group.create_task(self._run(row))
            return
        behind = self._behind.get(row.viewer)
        if behind is not None:
            behind.append(row)
            return
        self._behind[row.viewer] = deque((row,))
        self._group.create_task(self._run_viewer(row.viewer))

    async def _run(self, row: Row) -> None:
        try:
            await self._pay(row)
        finally:
            self._room.release()

    async def _run_viewer(self, viewer: str) -> None:
        behind = self._behind[viewer]
        while behind:
            await self._run(behind.popleft())
        del self._behind[viewer]
