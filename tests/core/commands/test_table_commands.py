"""Table commands: their rows and their fact in one transaction, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from plaudit.core.commands.command import Command, Outcome, Plan, Work
from plaudit.core.commands.references import Lookup
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger import balances
from plaudit.core.ledger.accounts import freeze_account
from plaudit.core.ledger.book import FREEZE_ALL, Decision, Transfer
from plaudit.kernel.refusal import Refusal, refused
from plaudit.platform.db import Connection, Database
from plaudit.vocabulary.facts.wallets import WalletCredited
from tests.core.commands.notes import note
from tests.core.commands.waiting import answers_of
from tests.kit.house import House, credit, running_house
from tests.kit.servers import DatabaseUrls

Doing = Callable[[Connection], Awaitable[Work]]


def crediting(viewer: str, amount: int) -> Work:
    wallet, source = f"viewer/{viewer}/coin", "issuance/coin"
    data = WalletCredited(viewer=viewer, asset="coin", amount_minor=amount)
    decision = Decision(Fact(f"viewer/{viewer}", data), (Transfer(source, wallet, amount),))
    return Work(Plan(lambda _: decision, accounts=(source, wallet)))


def work_of(command: Command, *, viewer: str = "v1", amount: int = 5) -> Doing:
    async def work(conn: Connection) -> Work:
        # A row of its own that shows how often this was done: the account's freeze stands for a feature's
        # table.
        await freeze_account(
            conn, tenant_id=command.grant.tenant_id, address="creator/c1/earnings/coin", frozen=1
        )
        return crediting(viewer, amount)

    return work


async def balance_of(house: House, address: str) -> tuple[int, int]:
    async with house.database.connection() as conn:
        found = await balances.below(conn, tenant_id=house.tenant_id, prefix=address)
    _, balance, freeze = found[address]
    return balance, freeze


async def test_a_table_command_is_done_once_and_answers_again(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id) as house:
        command = note(tenant_id, key="k")
        first = await house.corridor.run(command, work_of(command))
        again = await house.corridor.run(command, work_of(command))
        assert (first.replayed, again.replayed) == (False, True)
        assert (again.position, again.data, again.entries) == (first.position, first.data, first.entries)
        other = note(tenant_id, key="k", text="other")
        with pytest.raises(Refusal) as refusal:
            await house.corridor.run(other, work_of(other))
        assert refusal.value.code == "key.conflict"
        assert (await balance_of(house, "viewer/v1/coin"))[0] == 5


async def test_of_the_same_command_sent_many_times_at_once_one_is_done(
    database: DatabaseUrls, tenant_id: int, db: Database
) -> None:
    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id) as here,
        running_house(other, tenant_id=tenant_id) as there,
    ):
        command = note(tenant_id, key="k")
        answers = await answers_of(
            *(house.corridor.run(command, work_of(command)) for house in (here, there) for _ in range(6))
        )
        done = [answer for answer in answers if isinstance(answer, Outcome)]
        assert len(done) == len(answers), answers
        assert sorted(answer.replayed for answer in done) == [False] + [True] * 11
        assert (await balance_of(here, "viewer/v1/coin"))[0] == 5


async def test_a_command_that_was_done_while_it_was_refused_is_answered_as_done(
    database: DatabaseUrls, tenant_id: int, db: Database
) -> None:
    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id) as here,
        running_house(other, tenant_id=tenant_id) as there,
    ):
        command = note(tenant_id, key="k")

        async def too_late(_: Connection) -> Work:
            await there.corridor.run(command, work_of(command))
            raise refused("test.settled", "It was settled before.")

        answer = await here.corridor.run(command, too_late)
        assert answer.replayed
        assert answer.entries["viewer/v1/coin"] == (5, 5)


async def test_what_a_reaction_records_is_planned_again_when_its_ground_has_changed(
    database: DatabaseUrls, tenant_id: int, db: Database
) -> None:
    prices = {"rose": 1}

    async def load(_conn: Connection, _tenant_id: int, keys: Sequence[str]) -> dict[str, int]:
        return {key: prices[key] for key in keys}

    def buy(key: str) -> Command:
        def plan(lookup: Lookup) -> Plan:
            return crediting("v1", lookup.one("price", "rose")).plan

        command = note(tenant_id, key=key)
        return Command(command.action, command.permission, command.grant, key, command.content, plan)

    async def dearer(_: Connection) -> Work:
        prices["rose"] = 100
        return Work(crediting("v2", 1).plan, changed=(("price", "rose"),))

    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id, loaders={"price": load}) as here,
        running_house(other, tenant_id=tenant_id, loaders={"price": load}) as there,
    ):
        await here.corridor.submit(buy("before"))
        await there.corridor.run(note(tenant_id, key="dearer"), dearer)
        async with db.transaction() as tx:
            results = await here.corridor.record(tx, [buy("a"), note(tenant_id, key="b"), buy("c")])
        assert [isinstance(result, Outcome) for result in results] == [True] * 3, results
        assert (await balance_of(here, "viewer/v1/coin"))[0] == 201


async def test_a_refusal_leaves_no_row_behind(db: Database, tenant_id: int) -> None:
    async with running_house(db, tenant_id=tenant_id) as house:
        await house.corridor.submit(credit(tenant_id, viewer="v1", amount_minor=5, key="c"))

        async def by_the_work(conn: Connection) -> Work:
            await freeze_account(conn, tenant_id=tenant_id, address="viewer/v1/coin", frozen=FREEZE_ALL)
            raise refused("test.no", "No.")

        async def by_the_book(conn: Connection) -> Work:
            await freeze_account(conn, tenant_id=tenant_id, address="viewer/v1/coin", frozen=FREEZE_ALL)
            return crediting("v1", 5)

        for work, code in ((by_the_work, "test.no"), (by_the_book, "account.frozen")):
            with pytest.raises(Refusal) as refusal:
                await house.corridor.run(note(tenant_id, key=code), work)
            assert refusal.value.code == code
            assert await balance_of(house, "viewer/v1/coin") == (5, 0)
        async with db.connection() as conn:
            assert await journal_store.select_head(conn, tenant_id=tenant_id) == 1


async def test_more_commands_than_connections_open_their_accounts_without_waiting_for_each_other(
    database: DatabaseUrls, tenant_id: int
) -> None:
    async with (
        Database.open(database.url, pool_max=2) as narrow,
        running_house(narrow, tenant_id=tenant_id, lanes=1) as house,
    ):
        commands = [note(tenant_id, key=f"k{n}") for n in range(12)]
        async with asyncio.timeout(10):
            answers = await answers_of(
                *(
                    house.corridor.run(one, work_of(one, viewer=f"v{n}", amount=n + 1))
                    for n, one in enumerate(commands)
                )
            )
        assert all(isinstance(answer, Outcome) for answer in answers), answers


async def test_changed_rows_are_forgotten_everywhere_before_the_next_decision(
    database: DatabaseUrls, tenant_id: int, db: Database
) -> None:
    prices = {"rose": 1}

    async def load(_conn: Connection, _tenant_id: int, keys: Sequence[str]) -> dict[str, int]:
        assert list(keys) == ["rose"]
        return dict(prices)

    def buy(key: str) -> Command:
        def plan(lookup: Lookup) -> Plan:
            return crediting("v1", lookup.one("price", "rose")).plan

        command = note(tenant_id, key=key)
        return Command(command.action, command.permission, command.grant, key, command.content, plan)

    async def dearer(_: Connection) -> Work:
        prices["rose"] = 100
        return Work(crediting("v2", 1).plan, changed=(("price", "rose"),))

    loaders = {"price": load}
    async with (
        Database.open(database.url) as other,
        running_house(db, tenant_id=tenant_id, loaders=loaders) as here,
        running_house(other, tenant_id=tenant_id, loaders=loaders) as there,
    ):
        for house in (here, there):
            bought = await house.corridor.submit(buy(f"before {id(house)}"))
            assert bought.entries["viewer/v1/coin"][0] == 1
        await here.corridor.run(note(tenant_id, key="dearer"), dearer)
        for house in (there, here):
            bought = await house.corridor.submit(buy(f"after {id(house)}"))
            assert bought.entries["viewer/v1/coin"][0] == 100
