"""Many who ask at once are answered together, each with its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from plaudit.platform.gather import Gatherer


async def test_questions_that_come_together_are_one_batch_and_answered_in_order() -> None:
    batches: list[int] = []

    async def serve(questions: Sequence[int]) -> Sequence[int]:
        batches.append(len(questions))
        await asyncio.sleep(0.01)
        return [question * 2 for question in questions]

    gatherer = Gatherer(serve, name="test", pause_ms=1, timeout_ms=1_000, batch_max=50)
    answers = await asyncio.gather(*(gatherer.ask(n) for n in range(120)))
    assert answers == [n * 2 for n in range(120)]
    assert batches == [50, 50, 20]
    assert await gatherer.ask(7) == 14


async def test_a_failure_is_told_to_its_batch_and_to_nobody_after_it() -> None:
    async def serve(questions: Sequence[int]) -> Sequence[int]:
        if 1 in questions:
            raise ValueError("no")
        return questions

    gatherer = Gatherer(serve, name="test", pause_ms=1, timeout_ms=1_000)
    for failed in await asyncio.gather(gatherer.ask(1), gatherer.ask(2), return_exceptions=True):
        assert isinstance(failed, ValueError)
    assert await gatherer.ask(3) == 3


async def test_a_batch_that_takes_too_long_is_given_up() -> None:
    async def serve(questions: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0 if 2 in questions else 60)
        return questions

    gatherer = Gatherer(serve, name="test", pause_ms=1, timeout_ms=20)
    with pytest.raises(TimeoutError):
        await gatherer.ask(1)
    assert await gatherer.ask(2) == 2


async def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    async def serve(questions: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0.01)
        return questions

    gatherer = Gatherer(serve, name="test", pause_ms=1, timeout_ms=1_000)
    left, stays = (asyncio.ensure_future(gatherer.ask(n)) for n in (1, 2))
    await asyncio.sleep(0)
    left.cancel()
    assert await stays == 2


async def test_the_next_batch_waits_only_as_long_as_more_come() -> None:
    batches: list[int] = []

    async def serve(questions: Sequence[int]) -> Sequence[int]:
        batches.append(len(questions))
        return questions

    gatherer = Gatherer(serve, name="test", pause_ms=2_000, timeout_ms=1_000)
    await asyncio.gather(*(gatherer.ask(n) for n in range(10)))

    async def one_after_the_other() -> None:
        first = asyncio.ensure_future(gatherer.ask(1))
        await asyncio.sleep(0.1)
        assert tuple(await asyncio.gather(gatherer.ask(2), first)) == (2, 1)

    async with asyncio.timeout(1.9):
        await asyncio.gather(*(gatherer.ask(n) for n in range(5)))
        await one_after_the_other()
    assert batches == [10, 5, 2]
