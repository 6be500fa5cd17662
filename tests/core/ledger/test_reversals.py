"""Reversal: once, whole or in parts, under any race."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances, reversals
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.core.ledger.reversals import Moved
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.tipping import TipReversed
from tests.kit.house import House, credit, grant, tip


def reversal(
    house: House, *, key: str, position: int, transfers: tuple[Transfer, ...], whole: int
) -> Command:
    """Return the command that takes back ``transfers`` of a fact that moved ``whole``."""
    amount = sum(transfer.amount_minor for transfer in transfers)

    def plan(_: Lookup) -> Plan:
        def decide(book: Book) -> Decision:
            use = reversals.reversal_use(book, position=position, original_minor=whole, amount_minor=amount)
            data = TipReversed(
                tip=position,
                viewer="v1",
                creator="c1",
                asset="coin",
                amount_minor=amount,
                creator_minor=0,
                guild_minor=0,
                platform_minor=0,
                reversed_minor=reversals.reversed_before(book, position) + amount,
            )
            return Decision(Fact("viewer/v1", data), transfers, (use,))

        accounts = tuple({a for t in transfers for a in (t.source, t.destination)})
        return Plan(decide, accounts=accounts, windows=(reversals.reversal_window(position),))

    return Command("test.reverse", "tip.send", grant(house.tenant_id), key, canonical([key]), plan)


async def moved(house: House, position: int) -> tuple[Moved, ...]:
    async with house.database.connection() as conn:
        (fact,) = await journal_store.select_at(conn, tenant_id=house.tenant_id, positions=[position])
        return await reversals.moves_of(conn, fact=fact)


async def tipped(house: House) -> int:
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=100, key="credit"))
    return (
        await house.corridor.submit(
            tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=100, key="tip")
        )
    ).position


async def test_a_fact_is_taken_back_whole_and_only_once(house: House) -> None:
    position = await tipped(house)
    moves = await moved(house, position)
    transfers = reversals.opposite(moves)
    assert len(transfers) == 3
    assert reversals.moved_minor(moves) == 100
    outcome = await house.corridor.submit(
        reversal(house, key="r", position=position, transfers=transfers, whole=100)
    )
    assert outcome.entries["viewer/v1/coin"] == (100, 100)
    assert {balance for address, (_, balance) in outcome.entries.items() if address != "viewer/v1/coin"} == {
        0
    }
    with pytest.raises(Refusal) as refusal:
        await house.corridor.submit(
            reversal(house, key="again", position=position, transfers=transfers, whole=100)
        )
    assert refusal.value.code == "reversal.exceeded"
    assert refusal.value.details["left_minor"] == 0


async def test_parts_end_where_the_whole_ends_and_the_refusal_says_what_is_left(house: House) -> None:
    position = await tipped(house)
    part = (Transfer("creator/c1/earnings/coin", "viewer/v1/coin", 30),)
    for key in ("a", "b"):
        await house.corridor.submit(reversal(house, key=key, position=position, transfers=part, whole=70))
    with pytest.raises(Refusal) as refusal:
        await house.corridor.submit(reversal(house, key="c", position=position, transfers=part, whole=70))
    assert refusal.value.details == {"position": position, "left_minor": 10, "asked_minor": 30}


async def test_of_many_reversals_at_once_exactly_one_is_done(house: House) -> None:
    position = await tipped(house)
    transfers = reversals.opposite(await moved(house, position))
    answers = await asyncio.gather(
        *(
            house.corridor.submit(
                reversal(house, key=f"r{n}", position=position, transfers=transfers, whole=100)
            )
            for n in range(40)
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) == 39
    assert {refusal.code for refusal in refused} == {"reversal.exceeded"}
    async with house.database.connection() as conn:
        found = await balances.balances(conn, tenant_id=house.tenant_id, addresses=["viewer/v1/coin"])
    assert found == {"viewer/v1/coin": 100}


def test_a_hold_is_not_reversed_but_released() -> None:
    with pytest.raises(Refusal) as refusal:
        reversals.opposite([Moved("viewer/v1/coin", "coin", -5), Moved("held/viewer/v1/coin", "coin", 5)])
    assert refusal.value.code == "reversal.held"


amounts = st.lists(st.integers(-1000, 1000).filter(bool), min_size=1, max_size=6)


@given(coin=amounts, usd=amounts)
def test_opposite_transfers_undo_every_account_in_its_own_asset(coin: list[int], usd: list[int]) -> None:
    moves = [
        Moved(f"{asset} {n}", asset, amount)
        for asset, given_ in (("coin", coin), ("USD", usd))
        for n, amount in enumerate([*given_, -sum(given_)])
        if amount
    ]
    transfers = reversals.opposite(moves)
    net = {move.address: move.amount_minor for move in moves}
    for transfer in transfers:
        assert transfer.amount_minor > 0
        assert transfer.source.split()[0] == transfer.destination.split()[0]
        net[transfer.source] -= transfer.amount_minor
        net[transfer.destination] += transfer.amount_minor
    assert not any(net.values())
    assert len(transfers) < len(moves)
