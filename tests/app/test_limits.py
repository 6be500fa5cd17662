"""A key's limit holds over all processes, in every second, and costs little."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plaudit.app.limits import Limiter
from plaudit.features.identity import store
from plaudit.kernel.refusal import Refusal
from plaudit.platform.db import Database
from tests.app.edge import problem, under_test

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(slots=True)
class Hand:
    """A clock moved by hand."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


def _limiter(db: Database, clock: Hand) -> Limiter:
    return Limiter(database=db, leases=store, clock=clock)


async def _take(limiter: Limiter, limit: int, name: str = "plk_1") -> bool:
    try:
        waiting = limiter.take(tenant_id=1, name=name, limit=limit)
        if waiting is not None:
            await waiting
    except Refusal as refusal:
        assert refusal.code == "rate.limited"  # noqa: PT017 - both ends are lawful
        assert refusal.retry_after_s == 1  # noqa: PT017 - the same
        return False
    return True


@pytest.mark.parametrize("limit", [1, 2, 7, 49, 50, 400, 3_000])
async def test_two_processes_never_pass_the_limit_and_use_all_of_it(db: Database, limit: int) -> None:
    clock = Hand()
    limiters = [_limiter(db, clock) for _ in range(2)]
    for second in range(3):
        clock.at = START + timedelta(seconds=second)
        calls = [_take(limiters[n % 2], limit) for n in range(2 * limit + 20)]
        assert sum(await asyncio.gather(*calls)) == limit


async def test_what_one_process_does_not_need_another_has(db: Database) -> None:
    clock = Hand()
    busy, calm = _limiter(db, clock), _limiter(db, clock)
    assert await _take(calm, 10)
    assert [await _take(busy, 10) for _ in range(10)] == [True] * 9 + [False]
    assert not await _take(calm, 10)


async def test_a_clock_that_is_behind_gains_nothing(db: Database) -> None:
    ahead, behind = Hand(), Hand(START - timedelta(seconds=1))
    first, second = _limiter(db, ahead), _limiter(db, behind)
    done = [await _take(first, 10) for _ in range(6)]
    done += [await _take(second, 10) for _ in range(10)]
    assert sum(done) == 10
    behind.at = START
    assert not await _take(second, 10)


async def test_a_clock_that_was_far_ahead_and_has_been_set_right_locks_nobody_out(db: Database) -> None:
    wrong = _limiter(db, Hand(START + timedelta(days=400)))
    assert [await _take(wrong, 5) for _ in range(6)] == [True] * 5 + [False]
    right = _limiter(db, Hand())
    assert [await _take(right, 5) for _ in range(6)] == [True] * 5 + [False]


async def test_a_high_limit_costs_a_few_statements_a_second(db: Database) -> None:
    clock = Hand()
    limiter = _limiter(db, clock)
    spent: list[int] = []
    for second in range(4):
        clock.at = START + timedelta(seconds=second)
        before = limiter.statements
        assert sum([await _take(limiter, 20_000) for _ in range(4_000)]) == 4_000
        spent.append(limiter.statements - before)
    assert max(spent[1:]) <= 2, spent


async def test_many_keys_share_a_statement(db: Database) -> None:
    limiter = _limiter(db, Hand())
    taken = await asyncio.gather(*(_take(limiter, 20, f"tkn_1/viewer/v{n}") for n in range(1_000)))
    assert all(taken)
    assert limiter.statements == 1


async def test_a_refused_flood_costs_nothing(db: Database) -> None:
    limiter = _limiter(db, Hand())
    assert [await _take(limiter, 3) for _ in range(3)] == [True] * 3
    assert not await _take(limiter, 3)
    before = limiter.statements
    assert not any([await _take(limiter, 3) for _ in range(500)])
    assert limiter.statements == before


async def test_what_is_over_is_forgotten(db: Database) -> None:
    clock = Hand()
    limiter = _limiter(db, clock)
    await _take(limiter, 5)
    clock.at += timedelta(minutes=5)
    await _take(limiter, 5, "plk_2")
    await limiter.sweep()
    assert list(limiter._purses) == [(1, "plk_2")]
    async with db.connection() as conn:
        rows = await (await conn.execute("SELECT name FROM identity.lease")).fetchall()
    assert rows == [("plk_2",)]


async def test_a_database_that_is_away_is_told_as_such(db: Database) -> None:
    class Away:
        async def lease(self, *_: object, **__: object) -> list[tuple[int, str, int, int]]:
            raise ConnectionError

        async def sweep_leases(self, *_: object, **__: object) -> None:
            raise ConnectionError

    limiter = Limiter(database=db, leases=Away(), clock=Hand())
    waiting = limiter.take(tenant_id=1, name="plk_1", limit=5)
    assert waiting is not None
    with pytest.raises(Refusal, match=r"rate\.unavailable"):
        await waiting


async def test_over_http_the_limit_is_told_with_the_time_to_wait(database_url: str, tmp_path: Path) -> None:
    clock = Hand()
    async with (
        under_test(database_url, tmp_path, clock=clock) as one,
        under_test(database_url, tmp_path, clock=clock) as two,
    ):
        acme = await one.tenant("acme")
        made = await acme.do(
            "POST", "/v1/api-keys", {"name": "app", "scopes": ["tip.read"], "rate_per_second": 10}
        )
        callers = [edge.caller(made["key"]) for edge in (one, two)]
        answers = await asyncio.gather(*(callers[n % 2].send("GET", "/v1/tenant") for n in range(30)))
        assert Counter(answer.status_code for answer in answers) == {200: 10, 429: 20}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert problem(refused, 429, "rate.limited")["limit_per_second"] == 10
        assert refused.headers["retry-after"] == "1"
        clock.at += timedelta(seconds=1)
        assert (await callers[0].send("GET", "/v1/tenant")).status_code == 200
