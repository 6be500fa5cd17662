"""The cashier's turnstile: a link asks for so much at a time and in a second; no other one pays for it."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from plaudit.features.payments.http.turnstile import Turnstile
from plaudit.kernel.refusal import Refusal
from tests.app.edge import problem, settled
from tests.features.payments.counter import Counter

OPEN_MAX = 8


def test_a_link_is_let_in_so_often_at_a_time() -> None:
    turnstile = Turnstile(open_max=2, per_second_max=100)
    with ExitStack() as inside:
        for _ in range(2):
            inside.enter_context(turnstile.passed((1, 1), now_s=5.0))
        with pytest.raises(Refusal, match="open too often") as refused, turnstile.passed((1, 1), now_s=5.0):
            pass
        assert (refused.value.code, refused.value.retry_after_s) == ("cashier.limited", 2)
        with turnstile.passed((1, 2), now_s=5.0):
            pass
    with turnstile.passed((1, 1), now_s=5.0):
        pass


def test_a_link_is_let_in_so_often_in_a_second() -> None:
    turnstile = Turnstile(open_max=2, per_second_max=3)
    for _ in range(3):
        with turnstile.passed((1, 1), now_s=5.9):
            pass
    with pytest.raises(Refusal, match="asks too much"), turnstile.passed((1, 1), now_s=5.99):
        pass
    with turnstile.passed((1, 2), now_s=5.99), turnstile.passed((1, 1), now_s=6.0):
        pass


async def test_a_page_that_is_open_too_often_is_told_to_wait(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    turnstile = Turnstile(open_max=OPEN_MAX, per_second_max=100_000)
    monkeypatch.setattr("plaudit.features.payments.http.cashier._LINKS", turnstile)
    link = (await counter.shop.open())["cashier_url"]
    client = counter.shop.edge.client
    version = (await client.get(f"{link}/state")).json()["version"]
    polls = [
        asyncio.create_task(client.get(f"{link}/state", params={"after": version})) for _ in range(OPEN_MAX)
    ]

    async def is_full() -> bool:
        return turnstile._open.total() == OPEN_MAX

    await settled(is_full)
    answer = await client.get(link)
    problem(answer, 429, "cashier.limited")
    assert answer.headers["retry-after"] == "2"
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)

    assert (await client.get(link)).status_code == 200
