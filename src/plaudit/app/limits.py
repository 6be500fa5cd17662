"""How often a key may call: a limit per second that holds over all processes.

Each process leases calls of the current second from one row a key, many keys in one statement, and gives
them out from memory. The second is the number of seconds since 1970 by the process's clock; the database's
clock is not used, and rows of a second are counted together whatever the processes' clocks say, so that no
second ever has more calls than the limit. A process leases what it needed in the second before: a high
limit costs about one statement a second, and a key near its limit is counted one by one, so that what one
process leaves is there for another.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from plaudit.kernel.refusal import Refusal, busy, limited
from plaudit.kernel.time import Clock
from plaudit.platform.db import Connection, Database

_KEYS_MAX: Final = 50_000
_EXACT_BELOW: Final = 50
"""Limits below this are leased call by call."""
_SHARE: Final = 4
"""At most this part of a limit is leased at a time, so that no process takes what others need."""
_IDLE_S: Final = 60

Item: TypeAlias = tuple[int, str]


class Leases(Protocol):
    """Where leases are kept: the store of identity."""

    async def lease(
        self, conn: Connection, *, asked: Sequence[tuple[int, str, int, int]], second: int
    ) -> Sequence[tuple[int, str, int, int]]:
        """Lease calls: (tenant_id, name, limit, wanted) gives (tenant_id, name, second, granted)."""
        ...

    async def sweep_leases(self, conn: Connection, *, before_second: int) -> None:
        """Forget what belongs to seconds that are over."""
        ...


@dataclass(slots=True)
class _Purse:
    """What this process may still give out of a second, what it gave, and what it gave in the last one."""

    second: int
    left: int = 0
    spent: int = 0
    spent_before: int = 0
    over: bool = False


class Limiter:
    """The rate limit as one process sees it."""

    def __init__(self, *, database: Database, leases: Leases, clock: Clock) -> None:
        """Lease from `database` by the statements of `leases`."""
        self._database = database
        self._leases = leases
        self._clock = clock
        self._purses: dict[Item, _Purse] = {}
        self._asking: dict[Item, tuple[int, int]] = {}
        self._round: asyncio.Task[None] | None = None
        self._gathering = False
        self.statements = 0

    def take(self, *, tenant_id: int, name: str, limit: int) -> Awaitable[None] | None:
        """Take one call of the current second: None when it is taken, else what to await until it is.

        Raises Refusal `rate.limited` (LIMITED), from here or from the awaitable, and `rate.unavailable`
        (BUSY) from the latter when the database cannot be asked.
        """
        second = int(self._clock.now().timestamp())
        purse = self._purse((tenant_id, name), second)
        if purse.left > 0:
            purse.left -= 1
            purse.spent += 1
            return None
        if purse.over:
            raise _too_often(limit)
        return self._wait((tenant_id, name), limit)

    async def sweep(self) -> None:
        """Forget, here and in the database, what belongs to seconds long over."""
        before = int(self._clock.now().timestamp()) - _IDLE_S
        for item in [item for item, purse in self._purses.items() if purse.second < before]:
            del self._purses[item]
        async with self._database.connection() as conn:
            await self._leases.sweep_leases(conn, before_second=before)

    def _purse(self, item: Item, second: int) -> _Purse:
        purse = self._purses.get(item)
        if purse is None:
            if len(self._purses) >= _KEYS_MAX:
                del self._purses[next(iter(self._purses))]
            purse = self._purses[item] = _Purse(second)
        elif purse.second < second:
            before = purse.spent if purse.second == second - 1 else 0
            purse.second, purse.left, purse.spent, purse.spent_before, purse.over = (
                second,
                0,
                0,
                before,
                False,
            )
        return purse

    async def _wait(self, item: Item, limit: int) -> None:
        while True:
            second = int(self._clock.now().timestamp())
            purse = self._purse(item, second)
            if purse.left > 0:
                purse.left -= 1
                purse.spent += 1
                return
            if purse.over:
                raise _too_often(limit)
            if self._round is None or self._round.done():
                self._gathering = True
                self._round = asyncio.create_task(self._lease(), name="rate-limit")
            if self._gathering:
                self._asking[item] = (limit, self._asking.get(item, (limit, 0))[1] + 1)
            # A round that is under way does not ask for this call; it is asked for by the one after it.
            await asyncio.shield(self._round)

    async def _lease(self) -> None:
        """Ask for what all who wait need; those who come meanwhile are served by the next round."""
        await asyncio.sleep(0)
        self._gathering = False
        asking, self._asking = self._asking, {}
        second = int(self._clock.now().timestamp())
        asked = [
            (*item, limit, self._wanted(self._purse(item, second), limit, waiting))
            for item, (limit, waiting) in asking.items()
        ]
        self.statements += 1
        try:
            async with self._database.connection() as conn:
                leases = await self._leases.lease(conn, asked=asked, second=second)
        except Exception as error:
            message = "The rate limit cannot be counted right now; send the same request again."
            raise busy("rate.unavailable", message, retry_after_s=1) from error
        for tenant_id, name, granted_second, granted in leases:
            purse = self._purse((tenant_id, name), granted_second)
            if purse.second == granted_second:
                purse.left += granted
                purse.over = granted == 0

    def _wanted(self, purse: _Purse, limit: int, waiting: int) -> int:
        if limit < _EXACT_BELOW:
            return waiting
        expected = purse.spent_before - purse.spent if purse.spent < purse.spent_before else purse.spent
        return max(waiting, min(expected + expected // 8, limit // _SHARE))


def _too_often(limit: int) -> Refusal:
    return limited(
        "rate.limited",
        f"This key may call {limit} times a second; wait a second and send the request again.",
        retry_after_s=1,
        limit_per_second=limit,
    )
