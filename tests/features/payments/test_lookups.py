"""Attempts found by their order number: callbacks that come together share a statement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plaudit.features.payments import queries
from plaudit.features.payments.model.intents import Placed
from plaudit.features.payments.store import attempts
from tests.features.payments.shop import Shop, open_shop


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


async def find(shop: Shop, number: str, *, account: int = 1, tenant_id: int | None = None) -> Placed | None:
    return await queries.attempt_by_number(
        database=shop.edge.house.database,
        tenant_id=tenant_id or shop.tenant_id,
        account=account,
        number=number,
    )


async def attempted(shop: Shop, count: int) -> list[Any]:
    await shop.account()
    return [await shop.attempt((await shop.open())["payment"]) for _ in range(count)]


async def test_look_ups_that_come_together_are_answered_by_few_statements(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await attempted(shop, 5)
    inner, asked = attempts.select_placed, list[int]()

    async def counting(conn: Any, *, wanted: Sequence[tuple[int, int, str]]) -> Any:  # noqa: ANN401 - as the store's
        asked.append(len(wanted))
        return await inner(conn, wanted=wanted)

    monkeypatch.setattr(attempts, "select_placed", counting)
    numbers = [one["number"] for one in made] * 20
    found = await asyncio.gather(*(find(shop, number) for number in numbers))
    assert [one.number for one in found if one] == numbers
    assert asked == [5]
    first = found[0]
    assert first is not None
    assert (first.payment, first.attempt, first.asset, first.amount_minor) == (
        f"pay_{numbers[0][1:14]}",
        1,
        "CNY",
        1_200,
    )


async def test_an_order_number_is_found_at_its_own_account_of_its_own_tenant_alone(shop: Shop) -> None:
    (made,) = await attempted(shop, 1)
    assert await find(shop, made["number"]) is not None
    assert await find(shop, made["number"], account=2) is None
    assert await find(shop, made["number"], tenant_id=shop.tenant_id + 1) is None
    assert await find(shop, "P0") is None


async def test_a_failed_statement_fails_those_who_waited_and_nobody_after(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = await attempted(shop, 1)

    async def failing(_conn: Any, *, wanted: Any) -> Any:  # noqa: ANN401, ARG001 - as the store's
        raise psycopg.OperationalError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(attempts, "select_placed", failing)
        answers = await asyncio.gather(
            *(find(shop, made["number"]) for _ in range(3)), return_exceptions=True
        )
        assert [type(one) for one in answers] == [psycopg.OperationalError] * 3
    assert await find(shop, made["number"]) is not None


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(shop: Shop) -> None:
    (made,) = await attempted(shop, 1)
    gone = asyncio.create_task(find(shop, made["number"]))
    stays = asyncio.create_task(find(shop, made["number"]))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays is not None
    with pytest.raises(asyncio.CancelledError):
        await gone
