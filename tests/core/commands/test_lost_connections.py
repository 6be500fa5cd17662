"""Connections die in the middle of batches: every command ends, and is done once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from psycopg import sql

from plaudit.core import audit
from plaudit.core.commands import writer
from plaudit.core.commands.command import Command, Outcome, Plan, Work
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger import balances
from plaudit.core.ledger.accounts import freeze_account
from plaudit.core.ledger.book import Decision
from plaudit.kernel.refusal import Refusal, RefusalKind
from plaudit.platform.db import Connection, Database, connect_async
from plaudit.vocabulary.facts.identity import KeyRevoked
from tests.core.commands.notes import note
from tests.kit.house import House, credit, running_house
from tests.kit.scale import by_scale
from tests.kit.servers import DatabaseUrls

ADMIT = "ALTER DATABASE {} CONNECTION LIMIT {}"
CLIENTS = by_scale(small=20, proof=100)
STEPS = by_scale(small=20, proof=60)
AMOUNT = 3


async def killer(urls: DatabaseUrls, chance: random.Random, is_over: Callable[[], bool]) -> int:
    """End one connection of the houses after the other, at moments of chance; return how many."""
    killed = 0
    async with await connect_async(urls.superuser_url, role=None) as superuser:
        while not is_over():
            await asyncio.sleep(chance.uniform(0.005, 0.05))
            cursor = await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " ORDER BY state <> 'active', random() LIMIT 1) victim"
            )
            killed += len(await cursor.fetchall())
    return killed


async def insist(house: House, command: Command) -> Outcome:
    """Send a command with its key until it is known to be done, as clients do who are told to try again."""
    while True:
        try:
            if command.key.startswith("table"):
                return await house.corridor.run(command, work_of(command))
            return await house.corridor.submit(command)
        except Refusal as refusal:
            if refusal.kind is not RefusalKind.BUSY:
                raise
        except psycopg.OperationalError:
            # A read before the queue was cut off.
            continue


def command_of(tenant_id: int, number: int, step: int) -> Command:
    """Return by turns a credit, a note, a table command and a credit."""
    key = f"{'table' if step % 4 == 2 else 'client'} {number} step {step}"
    if step % 2:
        return credit(tenant_id, viewer=f"v{number % 5}", amount_minor=AMOUNT, key=key)
    return note(tenant_id, key=key)


def work_of(command: Command) -> Callable[[Connection], Awaitable[Work]]:
    """Return work with a row of its own (an account's freeze), and a fact."""
    decision = Decision(Fact("test", KeyRevoked(key=command.key)))

    async def work(conn: Connection) -> Work:
        await freeze_account(conn, tenant_id=command.grant.tenant_id, address="viewer/v1/coin", frozen=0)
        return Work(Plan(lambda _: decision))

    return work


async def client(house: House, number: int) -> list[int]:
    """Do one thing after the other and return the positions."""
    positions = []
    for step in range(STEPS):
        command = command_of(house.tenant_id, number, step)
        outcome = await insist(house, command)
        again = await insist(house, command)
        assert again.replayed
        assert (again.position, again.data, again.entries) == (
            outcome.position,
            outcome.data,
            outcome.entries,
        )
        positions.append(outcome.position)
    return positions


@pytest.mark.timeout(900)
async def test_every_command_ends_once_whatever_connections_die(
    database: DatabaseUrls, tenant_id: int
) -> None:
    async with Database.open(database.url) as one, Database.open(database.url) as other:
        async with (
            running_house(one, tenant_id=tenant_id) as here,
            running_house(other, tenant_id=tenant_id, batch_max=4) as there,
        ):
            chance = random.Random(1)  # noqa: S311 - moments that can be repeated
            async with asyncio.TaskGroup() as everybody:
                clients = [everybody.create_task(client((here, there)[n % 2], n)) for n in range(CLIENTS)]
                kills = everybody.create_task(
                    killer(database, chance, lambda: all(task.done() for task in clients))
                )
            assert kills.result() > 10
            assert here.broken == there.broken == []
        positions = [position for task in clients for position in task.result()]
        assert sorted(positions) == list(range(1, CLIENTS * STEPS + 1))
    async with Database.open(database.url) as fresh:
        report = await audit.examine(fresh)
        assert report.green, report.findings
        async with fresh.connection() as conn:
            wallets = await balances.below(conn, tenant_id=tenant_id, prefix="viewer/")
        assert sum(balance for _, balance, _ in wallets.values()) == CLIENTS * (STEPS // 2) * AMOUNT


async def test_while_the_database_is_gone_callers_are_told_soon_and_what_they_send_again_is_done_once(
    database: DatabaseUrls, tenant_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_GIVE_UP_S", 0.4)
    async with (
        Database.open(database.url, wait_s=0.2) as db,
        running_house(db, tenant_id=tenant_id) as house,
        await connect_async(database.superuser_url, role=None) as superuser,
    ):
        first = await house.corridor.submit(note(tenant_id, key="before"))
        command = note(tenant_id, key="meanwhile")
        await shut(superuser)
        try:
            async with asyncio.timeout(10):
                with pytest.raises(Refusal) as told:
                    await house.corridor.submit(command)
        finally:
            await superuser.execute(
                sql.SQL(ADMIT).format(sql.Identifier(superuser.info.dbname), sql.Literal(-1))
            )
        assert (told.value.kind, told.value.code) == (RefusalKind.BUSY, "ledger.unavailable")
        done = await insist(house, command)
        assert done.position == first.position + 1


async def shut(superuser: Connection) -> None:
    """Let nobody in any more, and end everybody else's connections."""
    name = superuser.info.dbname
    await superuser.execute(sql.SQL(ADMIT).format(sql.Identifier(name), sql.Literal(0)))
    await superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
