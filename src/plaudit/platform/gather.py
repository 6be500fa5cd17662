"""What many ask at once, answered together: all that come while a batch is served, and a moment after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

__all__ = ["Gatherer"]

Q = TypeVar("Q")
A = TypeVar("A")

_LOOKS: Final = 8
"""So often is looked, while a batch waits, whether more have come."""
_BUSY: Final = 4
"""From this many questions in a batch on it is worth while to wait for more before the next."""


class Gatherer(Generic[Q, A]):
    """Hands questions to `serve` by the batch, one batch at a time.

    `serve` returns one answer for each question, in order. When it fails, or takes longer than it may, all
    that wait for this batch are told. Who asks alone is served at once; only where several ask at once does
    the next batch wait for more, and only as long as more come.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        name: str,
        pause_ms: int,
        timeout_ms: int,
        batch_max: int = 512,
    ) -> None:
        """Wait `pause_ms` at most for more where it is worth while, and `timeout_ms` at most for a batch."""
        self._serve = serve
        self._name = name
        self._pause_s = pause_ms / 1000
        self._timeout_s = timeout_ms / 1000
        self._last = 0
        self._batch_max = batch_max
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, question: Q) -> Awaitable[A]:
        """Return what is to be awaited for the answer to one question.

        It raises what `serve` raised, and TimeoutError when that took too long.
        """
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self._name)
        return answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._pause()
                batch = [one for one in self._waiting[: self._batch_max] if not one[1].done()]
                self._waiting = self._waiting[self._batch_max :]
                self._last = len(batch)
                await self._answer(batch)
        finally:
            self._task = None

    async def _pause(self) -> None:
        """Let more come: who asks again once answered has soon done so, and then nobody waits."""
        if self._last < _BUSY:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._pause_s
        before = -1
        while before < len(self._waiting) < self._batch_max and loop.time() < ends:
            before = len(self._waiting)
            await asyncio.sleep(self._pause_s / _LOOKS)

    async def _answer(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        if not batch:
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                answers = await self._serve([question for question, _ in batch])
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
