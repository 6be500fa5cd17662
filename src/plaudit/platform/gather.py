"""What many ask at once, answered together: those of a few milliseconds, and all that come meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Gatherer"]

Q = TypeVar("Q")
A = TypeVar("A")


class Gatherer(Generic[Q, A]):
    """Hands questions to `serve` by the batch, one batch at a time.

    `serve` returns one answer for each question, in order. When it fails, all that wait for this batch are
    told.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        *,
        name: str,
        pause_ms: int,
        batch_max: int = 512,
    ) -> None:
        """Wait `pause_ms` for more before the first batch of a burst; those after it gather by themselves."""
        self._serve = serve
        self._name = name
        self._pause_s = pause_ms / 1000
        self._batch_max = batch_max
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer to one question. Raises what `serve` raised."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self._name)
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self._pause_s)
                batch = self._waiting[: self._batch_max]
                self._waiting = self._waiting[self._batch_max :]
                await self._answer([one for one in batch if not one[1].done()])
        finally:
            self._task = None

    async def _answer(self, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        if not batch:
            return
        try:
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
