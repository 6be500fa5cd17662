"""Holds: opened, captured in part and whole, released, expired; their deadline; the sweeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.sweeps import Swept, delete_counters, expire_holds
from plaudit.core.journal.facts import canonical
from plaudit.core.ledger import balances, holds
from plaudit.core.ledger.accounts import freeze_account
from plaudit.core.ledger.book import FREEZE_ALL, FREEZE_NONE, Book, Decision, Use, Window
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.ledger import HoldCaptured, HoldReleased
from tests.kit.house import BEGINNING, House, credit, grant, tip

WALLET, ESCROW = "viewer/v1/coin", "held/viewer/v1/coin"
CREATOR, PLATFORM = "creator/c1/earnings/coin", "platform/revenue/coin"
DEADLINE = BEGINNING + timedelta(hours=1)


def command(
    house: House, *, key: str, decide: Callable[[Book], Decision], hold: int | None = None
) -> Command:
    def plan(_: Lookup) -> Plan:
        return Plan(
            decide, accounts=(WALLET, ESCROW, CREATOR, PLATFORM), holds=() if hold is None else (hold,)
        )

    return Command("test.hold", "tip.send", grant(house.tenant_id), key, canonical([key]), plan)


async def opened(house: House, *, amount_minor: int = 60, key: str = "open") -> int:
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=100, key=f"credit {key}"))
    outcome = await house.corridor.submit(
        command(
            house,
            key=key,
            decide=lambda _: holds.open_hold(address=WALLET, amount_minor=amount_minor, deadline=DEADLINE),
        )
    )
    assert outcome.kind == "hold.opened"
    return outcome.position


async def captured(house: House, hold: int, *shares: tuple[str, int], key: str = "capture") -> Outcome:
    return await house.corridor.submit(
        command(
            house, key=key, hold=hold, decide=lambda book: holds.capture(book, hold_id=hold, shares=shares)
        )
    )


async def released(house: House, hold: int, amount: int | None = None, *, key: str = "release") -> Outcome:
    return await house.corridor.submit(
        command(
            house,
            key=key,
            hold=hold,
            decide=lambda book: holds.release(book, hold_id=hold, amount_minor=amount),
        )
    )


async def swept(house: House) -> Swept:
    return await expire_holds(
        database=house.database, corridor=house.corridor, clock=house.clock, expiries={}
    )


async def state(house: House, hold: int) -> tuple[int, int, int]:
    """Return what the wallet, the escrow and the hold itself say."""
    async with house.database.connection() as conn:
        found = await balances.balances(conn, tenant_id=house.tenant_id, addresses=[WALLET, ESCROW])
        remaining = (await holds.find(conn, tenant_id=house.tenant_id, hold_id=hold)).remaining
    return found[WALLET], found[ESCROW], remaining


async def test_a_hold_is_captured_in_parts_and_the_rest_released(house: House) -> None:
    hold = await opened(house)
    assert await state(house, hold) == (40, 60, 60)
    outcome = await captured(house, hold, (CREATOR, 20), (PLATFORM, 5))
    assert outcome.kind == "hold.captured"
    assert outcome.subject == "viewer/v1"
    assert outcome.data == HoldCaptured(
        hold=hold, address=WALLET, asset="coin", amount_minor=25, remaining_minor=35, deadline=DEADLINE
    )
    assert outcome.entries == {ESCROW: (-25, 35), CREATOR: (20, 20), PLATFORM: (5, 5)}
    part = await released(house, hold, 5, key="part")
    assert isinstance(part.data, HoldReleased)
    assert part.data.remaining_minor == 30
    assert await state(house, hold) == (45, 30, 30)
    await released(house, hold)
    assert await state(house, hold) == (75, 0, 0)
    for again in (captured(house, hold, (CREATOR, 1), key="late"), released(house, hold, key="again")):
        with pytest.raises(Refusal) as refusal:
            await again
        assert refusal.value.code == "hold.exhausted"


async def test_more_than_is_held_is_refused_and_the_rest_is_named(house: House) -> None:
    hold = await opened(house)
    with pytest.raises(Refusal) as refusal:
        await captured(house, hold, (CREATOR, 61))
    assert (refusal.value.code, refusal.value.details["remaining_minor"]) == ("hold.exhausted", 60)
    assert await state(house, hold) == (40, 60, 60)


async def test_past_its_deadline_a_hold_cannot_be_captured_swept_or_not(house: House) -> None:
    hold = await opened(house)
    house.clock.at = DEADLINE
    with pytest.raises(Refusal) as refusal:
        await captured(house, hold, (CREATOR, 1))
    assert refusal.value.code == "hold.expired"
    assert await swept(house) == Swept(1, 0)
    assert await state(house, hold) == (100, 0, 0)
    with pytest.raises(Refusal):
        await captured(house, hold, (CREATOR, 1))


async def test_before_its_deadline_a_hold_is_neither_swept_nor_expired(house: House) -> None:
    hold = await opened(house)
    house.clock.at = DEADLINE - timedelta(microseconds=1)
    assert await swept(house) == Swept(0, 0)
    with pytest.raises(Refusal) as refusal:
        await house.corridor.submit(
            command(house, key="early", hold=hold, decide=lambda book: holds.expire(book, hold_id=hold))
        )
    assert refusal.value.code == "hold.not_due"
    await captured(house, hold, (CREATOR, 60))
    assert await state(house, hold) == (40, 0, 0)


async def test_a_hold_past_its_deadline_may_be_released(house: House) -> None:
    hold = await opened(house)
    house.clock.at = DEADLINE
    await released(house, hold)
    assert await state(house, hold) == (100, 0, 0)


async def test_two_sweeps_give_back_once_and_a_frozen_account_is_swept_when_it_thaws(house: House) -> None:
    first, second = await opened(house, key="a"), await opened(house, key="b")
    house.clock.at = DEADLINE
    async with house.database.connection() as conn:
        assert await freeze_account(conn, tenant_id=house.tenant_id, address=WALLET, frozen=FREEZE_ALL)
        assert not await freeze_account(
            conn, tenant_id=house.tenant_id, address="viewer/nobody/coin", frozen=FREEZE_ALL
        )
    assert await swept(house) == Swept(0, 2)
    async with house.database.connection() as conn:
        await freeze_account(conn, tenant_id=house.tenant_id, address=WALLET, frozen=FREEZE_NONE)
    assert await swept(house) == Swept(2, 0)
    assert await swept(house) == Swept(0, 0)
    assert await state(house, first) == (200, 0, 0)
    assert await state(house, second) == (200, 0, 0)


async def test_a_deadline_must_lie_ahead_and_a_hold_must_exist(house: House) -> None:
    house.clock.at = DEADLINE
    with pytest.raises(Refusal) as refusal:
        await opened(house)
    assert refusal.value.code == "hold.deadline"
    with pytest.raises(Refusal) as refusal:
        await captured(house, 99, (CREATOR, 1))
    assert refusal.value.code == "hold.unknown"


async def test_a_frozen_account_gives_nothing_until_it_is_released(house: House) -> None:
    hold = await opened(house)
    async with house.database.connection() as conn:
        await freeze_account(conn, tenant_id=house.tenant_id, address=ESCROW, frozen=FREEZE_ALL)
    with pytest.raises(Refusal) as refusal:
        await captured(house, hold, (CREATOR, 1))
    assert refusal.value.code == "account.frozen"


async def test_a_counter_of_a_window_long_past_stays_while_it_may_be_imported_into(house: House) -> None:
    long_ago = BEGINNING - timedelta(days=2000)
    use = Use(Window("viewer/v1/day", long_ago, long_ago + timedelta(days=1)), 30, 50)
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=100, key="credit"))
    await house.corridor.submit(
        tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=30, key="a", uses=(use,))
    )
    house.clock.advance(timedelta(days=35))
    assert await delete_counters(database=house.database, clock=house.clock) == 0
    with pytest.raises(Refusal) as refusal:
        await house.corridor.submit(
            tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=30, key="b", uses=(use,))
        )
    assert refusal.value.code == "limit.exceeded"
    house.clock.advance(timedelta(microseconds=1))
    assert await delete_counters(database=house.database, clock=house.clock) == 1


async def test_counters_are_deleted_long_after_their_window(house: House) -> None:
    day = Window("viewer/v1/day", BEGINNING, BEGINNING + timedelta(days=1))
    await house.corridor.submit(credit(house.tenant_id, viewer="v1", amount_minor=100, key="credit"))
    use = Use(day, 30, 50)
    await house.corridor.submit(
        tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=30, key="a", uses=(use,))
    )
    house.clock.at = day.ends + timedelta(days=35)
    assert await delete_counters(database=house.database, clock=house.clock) == 0
    with pytest.raises(Refusal) as refusal:
        await house.corridor.submit(
            tip(house.tenant_id, viewer="v1", creator="c1", amount_minor=30, key="b", uses=(use,))
        )
    assert refusal.value.code == "limit.exceeded"
    house.clock.advance(timedelta(microseconds=1))
    assert await delete_counters(database=house.database, clock=house.clock) == 1
    assert await delete_counters(database=house.database, clock=house.clock) == 0
