"""Many clients at once through two corridors, as two processes have them: one order explains every answer.

The order is that of the positions. The recorded facts go through the oracle in that order: each must be
permitted and give the balances that were answered. Each refusal must be what the oracle says in some state
between its sending and its answer. A wish sent twice is done once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from plaudit.core import audit
from plaudit.core.commands.command import Outcome
from plaudit.core.journal import store as journal_store
from plaudit.kernel.refusal import Refusal
from plaudit.platform.db import Database
from tests.kit.books import books_of_oracle, read_books
from tests.kit.granting import ask
from tests.kit.house import DrivenClock, House, open_tenant, running_house
from tests.kit.lots import ADDRESSES, AMOUNT_MAX, CREATORS, VERBS, VIEWERS, Lot, wish_of
from tests.kit.oracle import Oracle
from tests.kit.scale import by_scale
from tests.kit.servers import DatabaseUrls
from tests.kit.wishes import Open, Tip, Wish

CLIENTS = by_scale(small=16, proof=64)
STEPS = by_scale(small=25, proof=150)


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish sent and answered: how far the journal was, and what time it was, before and after."""

    key: str
    wish: Wish
    heads: tuple[int, int]
    times: tuple[datetime, datetime]
    answer: Outcome | Refusal


@dataclass(slots=True)
class Crowd:
    """What the clients share: the houses, and what they know of holds and tips from their answers."""

    houses: tuple[House, House]
    clock: DrivenClock
    holds: dict[int, str] = field(default_factory=dict)
    tips: dict[int, Tip] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def ask(self, *, through: House, key: str, wish: Wish) -> None:
        before, sent_at = await self.head(through), self.clock.now()
        try:
            answer: Outcome | Refusal = await ask(through, key=key, wish=wish)
        except Refusal as refusal:
            answer = refusal
        answered_at, after = self.clock.now(), await self.head(through)
        self.asked.append(Asked(key, wish, (before, after), (sent_at, answered_at), answer))
        if isinstance(answer, Outcome) and isinstance(wish, Open):
            self.holds[answer.position] = wish.viewer
        if isinstance(answer, Outcome) and isinstance(wish, Tip):
            self.tips[answer.position] = wish

    async def head(self, house: House) -> int:
        async with house.database.connection() as conn:
            return await journal_store.select_head(conn, tenant_id=house.tenant_id)

    async def client(self, number: int, chance: random.Random) -> None:
        """Wish for this and that, now and then for something again, twice at once, or under a used key."""
        mine: list[tuple[str, Wish]] = []
        for step in range(STEPS):
            key, wish = f"client {number} step {step}", self.wish(chance)
            act = chance.random()
            here, there = chance.sample(self.houses, 2)
            if mine and act < 0.1:
                key, wish = chance.choice(mine)
            elif mine and act < 0.2:
                key, _ = chance.choice(mine)
            if act < 0.7:
                await self.ask(through=here, key=key, wish=wish)
            else:
                other = wish if act < 0.9 else self.wish(chance)
                async with asyncio.TaskGroup() as both:
                    both.create_task(self.ask(through=here, key=key, wish=wish))
                    both.create_task(self.ask(through=there, key=key, wish=other))
            mine.append((key, wish))

    def wish(self, chance: random.Random) -> Wish:
        verbs = [*VERBS, "credit", "credit", "tip", "tip", "open", "capture", "thaw"]
        lot = Lot(
            verb=chance.choice(verbs),
            viewer=chance.choice(VIEWERS),
            creator=chance.choice(CREATORS),
            amount=chance.randint(1, AMOUNT_MAX),
            pick=chance.randrange(1000),
            address=chance.choice(ADDRESSES),
            level=chance.choice((0, 0, 1, 2)),
        )
        # Old holds and tips are mostly done with; the newest are worth wishing for.
        holds = dict(list(self.holds.items())[-6:])
        tips = dict(list(self.tips.items())[-6:])
        return wish_of(lot, now=self.clock.now(), holds=holds, tips=tips)

    async def time(self, chance: random.Random, is_over: Callable[[], bool]) -> None:
        """Let time pass in jumps, past deadlines and into the next day."""
        while not is_over():
            self.clock.advance(timedelta(minutes=chance.choice((1, 5, 20, 180))))
            await asyncio.sleep(0.02)


def chance_of(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - chance that can be repeated, guarding nothing


def explain(asked: list[Asked]) -> Oracle:
    """Find the order that explains every answer, or fail; return the oracle after the last fact."""
    done = facts_of(asked)
    bound = {one.key: (position, one.wish) for position, one in done.items()}
    refused = [one for one in asked if isinstance(one.answer, Refusal)]
    refused.sort(key=lambda one: one.heads[0], reverse=True)
    puzzles: list[Asked] = []
    oracle = Oracle()
    for position in range(len(done) + 1):
        if position:
            fact = done[position]
            assert isinstance(fact.answer, Outcome)
            assert oracle.reasons(fact.wish, now=fact.answer.at) == set(), (position, fact)
            assert oracle.do(fact.wish, now=fact.answer.at) == fact.answer.entries, (position, fact)
        while refused and refused[-1].heads[0] <= position:
            puzzles.append(refused.pop())
        puzzles = [one for one in puzzles if not is_explained(one, position, oracle, bound)]
        assert not [one for one in puzzles if one.heads[1] <= position]
    assert refused == puzzles == []
    return oracle


def facts_of(asked: list[Asked]) -> dict[int, Asked]:
    """Return who did each fact: every position exactly once, and replays of nothing else."""
    done: dict[int, Asked] = {}
    for one in asked:
        if isinstance(one.answer, Outcome) and not one.answer.replayed:
            assert one.answer.position not in done, (one, done[one.answer.position])
            done[one.answer.position] = one
    assert sorted(done) == list(range(1, len(done) + 1))
    for one in asked:
        if isinstance(one.answer, Outcome) and one.answer.replayed:
            first = done[one.answer.position]
            assert isinstance(first.answer, Outcome)
            assert (first.key, first.wish) == (one.key, one.wish)
            assert first.answer.entries == one.answer.entries
            assert first.answer.data == one.answer.data
    return done


def is_explained(one: Asked, position: int, oracle: Oracle, bound: dict[str, tuple[int, Wish]]) -> bool:
    """Tell whether a refusal is right in the state after a position."""
    assert isinstance(one.answer, Refusal)
    if one.answer.code == "key.conflict":
        at, wish = bound[one.key]
        return at <= position and wish != one.wish
    return any(one.answer.code in oracle.reasons(one.wish, now=now) for now in one.times)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(by_scale(small=2, proof=6)))
async def test_every_answer_is_explained_by_the_order_of_positions(database: DatabaseUrls, seed: int) -> None:
    clock = DrivenClock()
    async with (
        Database.open(database.url) as one,
        Database.open(database.url) as other,
    ):
        tenant_id = await open_tenant(one)
        async with (
            running_house(one, tenant_id=tenant_id, clock=clock) as here,
            running_house(other, tenant_id=tenant_id, clock=clock, batch_max=8) as there,
        ):
            for house in (here, there):
                await house.directory.ensure(tenant_id=tenant_id, addresses=ADDRESSES, now=clock.now())
            crowd = Crowd((here, there), clock)
            async with asyncio.TaskGroup() as everybody:
                clients = [
                    everybody.create_task(crowd.client(n, chance_of(f"{seed} {n}"))) for n in range(CLIENTS)
                ]
                everybody.create_task(
                    crowd.time(chance_of(str(seed)), lambda: all(client.done() for client in clients))
                )
            assert here.broken == there.broken == []
        oracle = explain(crowd.asked)
        async with one.connection() as conn:
            assert await read_books(conn, tenant_id=tenant_id) == books_of_oracle(oracle)
        report = await audit.examine(one)
        assert report.green, report.findings
    answers = [one_.answer for one_ in crowd.asked]
    refused = {answer.code for answer in answers if isinstance(answer, Refusal)}
    # The crowd did meet each other: all that may happen did happen.
    assert {"key.conflict", "ledger.insufficient", "account.frozen", "hold.exhausted"} <= refused
    assert any(isinstance(answer, Outcome) and answer.replayed for answer in answers)
