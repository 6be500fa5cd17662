"""The directory of accounts: each is opened once, when it is first named, and known while it is needed."""

from __future__ import annotations

import asyncio

import pytest

from plaudit.core.ledger import accounts
from plaudit.core.ledger.accounts import Directory
from plaudit.kernel.refusal import Refusal
from tests.kit.house import BEGINNING, House, credit

ADDRESSES = [f"viewer/v{n}/coin" for n in range(20)]


async def test_many_processes_open_the_same_accounts_once(house: House) -> None:
    directories = [Directory(house.database) for _ in range(4)]
    async with asyncio.TaskGroup() as everybody:
        for n, directory in enumerate(directories):
            for step in range(1, 6):
                addresses = ADDRESSES[n::step]
                everybody.create_task(
                    directory.ensure(tenant_id=house.tenant_id, addresses=addresses, now=BEGINNING)
                )
    for directory in directories:
        await directory.ensure(tenant_id=house.tenant_id, addresses=ADDRESSES, now=BEGINNING)
    first, *others = (directory.cards(house.tenant_id) for directory in directories)
    assert len(first) == len({card.id for card in first.values()}) == len(ADDRESSES)
    assert all(other == first for other in others)


async def test_ids_are_ordered_by_how_many_share_an_account(house: House) -> None:
    addresses = ["adjustment/coin", "issuance/coin", "platform/revenue/coin", "guild/g1/earnings/coin"]
    addresses += ["creator/c1/earnings/coin", "viewer/v1/coin"]
    await house.directory.ensure(tenant_id=house.tenant_id, addresses=addresses, now=BEGINNING)
    cards = house.directory.cards(house.tenant_id)
    assert sorted(addresses, key=lambda address: cards[address].id) == addresses[::-1]


async def test_an_address_that_the_chart_does_not_know_opens_nothing(house: House) -> None:
    with pytest.raises(Refusal) as refusal:
        await house.directory.ensure(
            tenant_id=house.tenant_id, addresses=["viewer/v1/coin", "purse/v1/coin"], now=BEGINNING
        )
    assert refusal.value.code == "account.unknown"
    assert await house.directory.find(tenant_id=house.tenant_id, address="viewer/v1/coin") is None


async def test_a_directory_that_overflows_keeps_what_is_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_CARDS_MAX", 5)
    tenant_id, directory = house.tenant_id, house.directory
    for n in range(0, 20, 2):
        addresses = ["viewer/v0/coin", *ADDRESSES[n : n + 2]]
        await directory.ensure(tenant_id=tenant_id, addresses=addresses, now=BEGINNING)
        assert directory.cards(tenant_id).keys() >= set(addresses)
        assert len(directory.cards(tenant_id)) <= 5
    for n in range(20):
        await house.corridor.submit(credit(tenant_id, viewer=f"v{n}", amount_minor=1, key=f"{n}"))


async def test_an_overflow_between_opening_and_locking_harms_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_CARDS_MAX", 5)
    tenant_id, directory = house.tenant_id, house.directory
    wanted = ADDRESSES[:3]
    cards = await directory.ensure(tenant_id=tenant_id, addresses=wanted, now=BEGINNING)
    await directory.ensure(tenant_id=tenant_id, addresses=ADDRESSES[3:8], now=BEGINNING)
    assert directory.cards(tenant_id).keys().isdisjoint(wanted)
    assert cards.keys() >= set(wanted)
    answers = await asyncio.gather(
        *(
            house.corridor.submit(credit(tenant_id, viewer=f"v{n % 20}", amount_minor=1, key=f"{n}"))
            for n in range(200)
        )
    )
    assert len(answers) == 200
