"""The real corridor on real PostgreSQL, beside the oracle, through whatever chance makes clients wish for.

After each step: every fact sums to zero, no floor is broken, each balance is the sum of its entries, escrows
hold what their holds say, a refusal has changed nothing, and a wish sent again under its key has the answer
it had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from plaudit.core.commands.command import Outcome
from plaudit.core.commands.sweeps import expire_holds_of
from plaudit.kernel.refusal import Refusal
from plaudit.platform.db import Database
from tests.kit.books import books_of_oracle, read_books
from tests.kit.granting import ask
from tests.kit.house import House, open_tenant, running_house
from tests.kit.lots import ADDRESSES, AMOUNT_MAX, CREATORS, VERBS, VIEWERS, Lot, wish_of
from tests.kit.oracle import Oracle
from tests.kit.scale import by_scale
from tests.kit.servers import TestServer, fresh_database
from tests.kit.wishes import Expire, Freeze, Tip, Wish

T = TypeVar("T")

lots = st.builds(
    Lot,
    verb=st.sampled_from([*VERBS, "credit", "tip", "tip", "open", "capture"]),
    viewer=st.sampled_from(VIEWERS),
    creator=st.sampled_from(CREATORS),
    amount=st.integers(1, AMOUNT_MAX),
    pick=st.integers(0, 12),
    address=st.sampled_from(ADDRESSES),
    level=st.integers(0, 2),
)


class Ground:
    """A database and an event loop that all runs of the machine share; each run has a tenant of its own."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.database = self.run(self.stack.enter_async_context(Database.open(url, pool_max=4)))
        self.tenants = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()


class LedgerMachine(RuleBasedStateMachine):
    """One tenant's ledger, driven by rules."""

    ground: ClassVar[Ground]

    @initialize()
    def move_in(self) -> None:
        ground = self.ground
        ground.tenants += 1
        self.oracle = Oracle()
        self.tips: dict[int, Tip] = {}
        self.answered: list[tuple[str, Wish, Outcome | Refusal]] = []
        self.keys = 0
        self.stack = AsyncExitStack()
        self.house = ground.run(self._furnish(f"tenant-{ground.tenants}"))

    async def _furnish(self, slug: str) -> House:
        tenant_id = await open_tenant(self.ground.database, slug=slug)
        # One lane: what is handed in together is decided in that order, so that the oracle can follow.
        house = await self.stack.enter_async_context(
            running_house(self.ground.database, tenant_id=tenant_id, lanes=1)
        )
        # What is known from the start needs no waiting later, so what is handed in together stays together.
        await house.directory.ensure(tenant_id=tenant_id, addresses=ADDRESSES, now=house.clock.now())
        await house.references.load(tenant_id=tenant_id, item=("tenant", str(tenant_id)))
        return house

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.ground.run(self.stack.aclose())
            assert self.house.broken == []

    def new_key(self) -> str:
        self.keys += 1
        return f"key {self.keys}"

    def wish(self, lot: Lot) -> Wish:
        owners = {number: hold.viewer for number, hold in self.oracle.holds.items()}
        return wish_of(lot, now=self.house.clock.now(), holds=owners, tips=self.tips)

    async def answers(self, asked: Sequence[tuple[str, Wish]]) -> list[Outcome | Refusal]:
        """Ask for all at once and return what was answered, in that order."""
        answers = await asyncio.gather(
            *(ask(self.house, key=key, wish=wish) for key, wish in asked), return_exceptions=True
        )
        for answer in answers:
            if not isinstance(answer, Outcome | Refusal):
                raise answer
        return [answer for answer in answers if isinstance(answer, Outcome | Refusal)]

    def check(self, key: str, wish: Wish, answer: Outcome | Refusal) -> None:
        """Ask the oracle for the same and compare."""
        now = self.house.clock.now()
        reasons = self.oracle.reasons(wish, now=now)
        self.answered.append((key, wish, answer))
        if isinstance(answer, Refusal):
            assert answer.code in reasons
            return
        assert reasons == set()
        entries = self.oracle.do(wish, now=now)
        assert not answer.replayed
        assert answer.position == self.oracle.position
        assert answer.entries == entries
        if isinstance(wish, Tip):
            self.tips[answer.position] = wish

    @rule(lot=lots)
    def one(self, lot: Lot) -> None:
        """One client asks and waits."""
        wish, key = self.wish(lot), self.new_key()
        (answer,) = self.ground.run(self.answers([(key, wish)]))
        self.check(key, wish, answer)

    @rule(several=st.lists(lots, min_size=2, max_size=8))
    def several_at_once(self, several: list[Lot]) -> None:
        """Several are decided in one batch, one after the other."""
        wishes = [self.wish(lot) for lot in several]
        asked = [(self.new_key(), wish) for wish in wishes if not isinstance(wish, Freeze)]
        for (key, wish), answer in zip(asked, self.ground.run(self.answers(asked)), strict=True):
            self.check(key, wish, answer)

    @rule(lot=lots, times=st.integers(2, 4))
    def the_same_at_once(self, lot: Lot, times: int) -> None:
        """One wish is sent several times before any answer: it is done once, and the others hear the same."""
        wish, key = self.wish(lot), self.new_key()
        if isinstance(wish, Freeze):
            return
        first, *others = self.ground.run(self.answers([(key, wish)] * times))
        self.check(key, wish, first)
        for other in others:
            self.compare(first, other, wish)

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        """Send a wish again: one that was done has the answer it had, a refused one is decided anew."""
        key, wish, before = data.draw(st.sampled_from(self.answered))
        (answer,) = self.ground.run(self.answers([(key, wish)]))
        if isinstance(before, Refusal) and self.bound(key):
            assert isinstance(answer, Refusal)
            assert answer.code == "key.conflict"
        elif isinstance(before, Refusal):
            self.check(key, wish, answer)
            self.answered.remove((key, wish, before))
        else:
            self.compare(before, answer, wish)

    @precondition(lambda self: self.answered)
    @rule(data=st.data(), lot=lots)
    def a_key_with_other_content(self, data: st.DataObject, lot: Lot) -> None:
        """Use a key for something else: a conflict when it was bound, free when it was only refused."""
        key, wish, before = data.draw(st.sampled_from(self.answered))
        other = self.wish(lot)
        if other == wish or (isinstance(before, Refusal) and self.bound(key)):
            return
        (answer,) = self.ground.run(self.answers([(key, other)]))
        if isinstance(before, Refusal):
            self.check(key, other, answer)
        else:
            assert isinstance(answer, Refusal)
            assert answer.code == "key.conflict"

    def bound(self, key: str) -> bool:
        return any(k == key and isinstance(answer, Outcome) for k, _, answer in self.answered)

    @rule(minutes=st.integers(1, 60) | st.just(24 * 60))
    def time_passes(self, minutes: int) -> None:
        self.house.clock.advance(timedelta(minutes=minutes))

    @rule()
    def sweep(self) -> None:
        """Give back what holds past their deadline still hold, oldest deadline first."""
        now = self.house.clock.now()
        due = sorted(
            (hold.deadline, number, hold.viewer)
            for number, hold in self.oracle.holds.items()
            if hold.left and hold.deadline <= now
        )
        swept = self.ground.run(
            expire_holds_of(
                database=self.ground.database,
                corridor=self.house.corridor,
                clock=self.house.clock,
                expiries={},
                tenant_id=self.house.tenant_id,
            )
        )
        done = 0
        for _, number, viewer in due:
            if not self.oracle.reasons(Expire(number, viewer), now=now):
                self.oracle.do(Expire(number, viewer), now=now)
                done += 1
        assert swept == (done, len(due) - done)

    def compare(self, before: Outcome | Refusal, after: Outcome | Refusal, wish: Wish) -> None:
        """Compare two answers to one wish: the same, marked as a replay, or refused both times."""
        if isinstance(before, Refusal):
            assert isinstance(after, Refusal)
            assert after.code in self.oracle.reasons(wish, now=self.house.clock.now())
            return
        assert isinstance(after, Outcome)
        assert after.replayed
        assert (after.position, after.kind, after.subject, after.at, after.recorded_at) == (
            before.position,
            before.kind,
            before.subject,
            before.at,
            before.recorded_at,
        )
        assert after.data == before.data
        assert after.entries == before.entries

    @invariant()
    def the_tables_say_what_the_oracle_says(self) -> None:
        async def read() -> None:
            async with self.ground.database.connection() as conn:
                books = await read_books(conn, tenant_id=self.house.tenant_id)
            assert books == books_of_oracle(self.oracle)

        if hasattr(self, "house"):
            self.ground.run(read())


@pytest.fixture(scope="module")
def ground(postgres: TestServer) -> Iterator[Ground]:
    with fresh_database(postgres) as urls:
        shared = Ground(urls.url)
        yield shared
        shared.close()


@pytest.mark.timeout(1800)
def test_the_ledger_and_its_oracle_never_differ(ground: Ground) -> None:
    LedgerMachine.ground = ground
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=by_scale(small=40, proof=250),
            stateful_step_count=by_scale(small=30, proof=60),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
