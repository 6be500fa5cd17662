"""Statements and balances as of a time."""

from datetime import timedelta
from itertools import pairwise

import pytest

from plaudit.core.ledger import balances, statements
from plaudit.kernel.refusal import Refusal
from tests.kit.house import BEGINNING, House, credit, tip


async def test_a_statement_pages_newest_first_and_each_line_goes_on_from_the_next(house: House) -> None:
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=1000, key="c"))
    for n in range(25):
        house.clock.advance(timedelta(seconds=1))
        await house.corridor.submit(
            tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=10, key=f"t{n}")
        )
    lines: list[statements.Line] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        async with house.database.connection() as conn:
            page = await statements.page(
                conn, tenant_id=house.tenant_id, address="viewer/v1/coin", limit=10, cursor=cursor
            )
        lines += page.items
        cursor = page.next_cursor
        pages += 1
    assert pages == 3
    assert [line.position for line in lines] == list(range(26, 0, -1))
    assert [line.amount_minor for line in lines] == [-10] * 25 + [1000]
    assert (lines[0].before_minor, lines[0].after_minor) == (760, 750)
    assert all(later.before_minor == earlier.after_minor for later, earlier in pairwise(lines))
    assert lines[-1].kind == "wallet.credited"
    assert lines[-1].before_minor == 0
    assert (lines[0].kind, lines[0].subject, lines[0].actor) == ("tip.sent", "viewer/v1", "app/test")
    assert lines[0].recorded_at == BEGINNING + timedelta(seconds=25)
    assert lines[0].data["creator_minor"] == 7


async def test_an_unopened_account_has_no_lines_and_an_impossible_one_is_refused(house: House) -> None:
    async with house.database.connection() as conn:
        page = await statements.page(conn, tenant_id=house.tenant_id, address="viewer/nobody/coin")
        assert (page.items, page.next_cursor) == ((), None)
        with pytest.raises(Refusal) as refusal:
            await statements.page(conn, tenant_id=house.tenant_id, address="purse/v1/coin")
        assert refusal.value.code == "account.unknown"


async def test_another_tenants_account_has_no_lines(house: House) -> None:
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=1000, key="c"))
    async with house.database.connection() as conn:
        page = await statements.page(conn, tenant_id=house.tenant_id + 1, address="viewer/v1/coin")
    assert page.items == ()


async def test_balances_as_recorded_and_as_happened_differ_by_what_was_imported_late(house: House) -> None:
    tenant_id = house.tenant_id
    await house.corridor.submit(credit(tenant_id, viewer="v1", amount_minor=100, key="a"))
    house.clock.advance(timedelta(hours=1))
    late = BEGINNING - timedelta(days=1)
    await house.corridor.submit(credit(tenant_id, viewer="v1", amount_minor=7, key="b", at=late))
    addresses = ["viewer/v1/coin", "viewer/v2/coin"]
    async with house.database.connection() as conn:

        async def both(as_of_h: int) -> tuple[dict[str, int], dict[str, int]]:
            as_of = BEGINNING + timedelta(hours=as_of_h)
            return (
                await balances.recorded_at(conn, tenant_id=tenant_id, addresses=addresses, as_of=as_of),
                await balances.happened_at(conn, tenant_id=tenant_id, addresses=addresses, as_of=as_of),
            )

        assert [both_.get("viewer/v1/coin") for both_ in await both(-30)] == [0, 0]
        assert [both_.get("viewer/v1/coin") for both_ in await both(-1)] == [0, 7]
        assert [both_.get("viewer/v1/coin") for both_ in await both(0)] == [100, 107]
        assert [both_.get("viewer/v1/coin") for both_ in await both(1)] == [107, 107]
        assert [both_.get("viewer/v2/coin") for both_ in await both(1)] == [0, 0]
