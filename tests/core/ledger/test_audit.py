"""Every audit names the fault it is for: each fault is planted by a superuser, where nothing guards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import AsyncCursor

from plaudit.core import audit
from plaudit.core.audit import Progress
from plaudit.core.commands.command import Plan
from plaudit.core.findings import FINDINGS_MAX, Audit, Finding
from plaudit.core.ledger import holds
from plaudit.core.ledger.book import Use, Window
from plaudit.core.ledger.reversals import reversal_window
from plaudit.platform.db import Connection, Database, connect_async
from plaudit.platform.migrate import migrate
from plaudit.platform.postgres import embedded
from tests.kit.house import BEGINNING, House, credit, grant, open_tenant, running_house, tip
from tests.kit.servers import DatabaseUrls, TestServer, fresh_database

# What stands for an account's id in the faults below.
NAMED = {
    "$viewer": "(SELECT id FROM ledger.account WHERE address = 'viewer/v1/coin')",
    "$issuance": "(SELECT id FROM ledger.account WHERE address = 'issuance/coin')",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What somebody did to the database, who notices, and a word of what they say."""

    planted: str
    noticed: frozenset[str]
    named: str


def fault(planted: str, *noticed: str, named: str) -> Fault:
    return Fault(planted, frozenset(noticed), named)


# Positions: 1 credit, 2 and 3 tips, 4 a hold opened, 5 another credit.
FAULTS = {
    "an amount changed": fault(
        "UPDATE ledger.entry SET amount = amount + 1 WHERE position = 2 AND account_id = $viewer",
        "ledger.sum_zero",
        "ledger.balance",
        "ledger.chain",
        "ledger.moves",
        named="fact 2 sum to 1",
    ),
    "money made from nothing": fault(
        "INSERT INTO ledger.entry SELECT tenant_id, account_id, 5, 7, balance + 7, asset, at"
        " FROM ledger.entry WHERE position = 2 AND amount = 1",
        "ledger.sum_zero",
        "ledger.balance",
        "ledger.chain",
        "ledger.moves",
        named="All entries in coin sum to 7",
    ),
    "money moved without a fact": fault(
        "INSERT INTO ledger.entry SELECT tenant_id, id, 99, 5, balance + 5, asset, opened_at"
        " FROM ledger.account WHERE id = $viewer;"
        "INSERT INTO ledger.entry SELECT tenant_id, id, 99, -5, balance - 5, asset, opened_at"
        " FROM ledger.account WHERE id = $issuance;"
        "UPDATE ledger.account SET balance = balance + CASE id WHEN $viewer THEN 5 ELSE -5 END"
        " WHERE id IN ($viewer, $issuance)",
        "ledger.moves",
        named="(or the fact is missing)",
    ),
    "a balance changed": fault(
        "UPDATE ledger.account SET balance = balance + 3 WHERE id = $viewer",
        "ledger.balance",
        named="viewer/v1/coin says",
    ),
    "a balance below its floor": fault(
        "UPDATE ledger.account SET balance = -1 WHERE id = $viewer",
        "ledger.balance",
        "ledger.floor",
        named="stands at -1, below its floor of 0",
    ),
    "an entry below its floor": fault(
        "UPDATE ledger.entry SET balance = -1 WHERE position = 2 AND account_id = $viewer",
        "ledger.chain",
        "ledger.floor",
        named="stood after fact 2 at -1",
    ),
    "a broken chain": fault(
        "UPDATE ledger.entry SET balance = balance + 1 WHERE position = 3 AND account_id = $viewer",
        "ledger.chain",
        named="viewer/v1/coin at fact 3",
    ),
    "a hold that says less than its escrow": fault(
        "UPDATE ledger.hold SET remaining = remaining - 1",
        "ledger.holds",
        named="held/viewer/v1/coin says 20, its open holds sum to 19",
    ),
    "a hold without an escrow": fault(
        "UPDATE ledger.hold SET address = 'viewer/v2/coin'",
        "ledger.holds",
        named="held/viewer/v2/coin says 0",
    ),
    "a hold that nothing opened": fault(
        "INSERT INTO ledger.hold SELECT tenant_id, 99, address, asset, amount, 0, deadline FROM ledger.hold",
        "ledger.holds",
        named="Hold 99 on viewer/v1/coin over 20: no fact opened it",
    ),
    "a hold in another asset": fault(
        "UPDATE ledger.hold SET asset = 'USD'", "ledger.holds", named="contradicts itself"
    ),
    "a fact that moves more than its entries": fault(
        "UPDATE journal.fact SET moves = jsonb_set(moves, '{0,1}', '-11') WHERE position = 2",
        "journal.content",
        "ledger.moves",
        named="Fact 2 says it moved -11",
    ),
    "a fact whose entries are gone": fault(
        "DELETE FROM ledger.entry WHERE position = 5",
        "ledger.balance",
        "ledger.moves",
        named="Fact 5 has no entry on account",
    ),
    "an entry at another time": fault(
        "UPDATE ledger.entry SET at = at + interval '1 s' WHERE position = 2 AND account_id = $viewer",
        "ledger.moves",
        named="happened at different times",
    ),
    "entries in another asset": fault(
        "UPDATE ledger.entry SET asset = 'USD' WHERE position = 5",
        "ledger.assets",
        named="The entry of fact 5 on viewer/v1/coin is in USD",
    ),
    "an account that is gone": fault(
        "DELETE FROM ledger.account WHERE address = 'guild/g1/earnings/coin'",
        "ledger.assets",
        named="which does not exist",
    ),
    "a counter below zero": fault(
        "UPDATE ledger.counter SET used = -1 WHERE name = 'viewer/v1/day'",
        "ledger.counters",
        named="Counter viewer/v1/day",
    ),
    "a window that ends before it starts": fault(
        "UPDATE ledger.counter SET ends = starts WHERE name = 'viewer/v1/day'",
        "ledger.counters",
        named="Counter viewer/v1/day",
    ),
    "a fact reversed beyond what it moved": fault(
        "UPDATE ledger.counter SET used = 11 WHERE name = 'reversal/3'",
        "ledger.counters",
        named="says 11 of 10 moved",
    ),
    "a reversal of nothing": fault(
        "UPDATE ledger.counter SET name = 'reversal/99' WHERE name = 'reversal/3'",
        "ledger.counters",
        named="Counter reversal/99",
    ),
    "an address that is not in the chart": fault(
        "UPDATE ledger.account SET address = 'purse/v1/coin' WHERE id = $viewer",
        "ledger.chart",
        named="purse/v1/coin is not an address of the chart",
    ),
    "an account in another asset than its address": fault(
        "UPDATE ledger.account SET asset = 'USD' WHERE id = $viewer",
        "ledger.chart",
        "ledger.assets",
        named="is kept in USD instead of coin",
    ),
    "a floor that is not the chart's": fault(
        "UPDATE ledger.account SET floor = -100 WHERE id = $viewer",
        "ledger.chart",
        named="has the floor -100 instead of 0",
    ),
    "an account out of the order of locks": fault(
        "INSERT INTO ledger.account (tenant_id, id, address, asset, floor, opened_at)"
        " SELECT tenant_id, 999, 'platform/revenue/USD', 'USD', 0, opened_at FROM ledger.account LIMIT 1",
        "ledger.chart",
        named="is locked at rank 0 instead of 3",
    ),
    "a trigger disabled": fault(
        "ALTER TABLE ledger.entry_0 DISABLE TRIGGER keep_rows",
        "database.guards",
        named="ledger.entry_0 lacks its trigger keep_rows",
    ),
    "a trigger dropped": fault(
        "DROP TRIGGER keep_all ON journal.fact_0",
        "database.guards",
        named="journal.fact_0 lacks its trigger keep_all",
    ),
    "the sum check disabled": fault(
        "ALTER TABLE ledger.entry DISABLE TRIGGER sum_zero",
        "database.guards",
        named="ledger.entry lacks its trigger sum_zero",
    ),
    "a trigger that does nothing": fault(
        "DROP TRIGGER keep_rows ON journal.fact_0; CREATE FUNCTION journal.nothing() RETURNS trigger"
        " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER keep_rows BEFORE UPDATE OR DELETE"
        " ON journal.fact_0 FOR EACH ROW EXECUTE FUNCTION journal.nothing()",
        "database.guards",
        named="journal.fact_0 lacks its trigger keep_rows",
    ),
    "a right to change one column of history": fault(
        "GRANT UPDATE (amount) ON ledger.entry TO plaudit_runtime",
        "database.rights",
        named="The running role may UPDATE ledger.entry",
    ),
    "a right to remove history from a partition": fault(
        "GRANT DELETE ON journal.fact_0 TO plaudit_runtime",
        "database.rights",
        named="The running role may DELETE journal.fact_0",
    ),
    "a partition that the running role owns": fault(
        "ALTER TABLE ledger.entry_0 OWNER TO plaudit_runtime",
        "database.rights",
        named="The running role owns ledger.entry_0",
    ),
    "commits that do not wait for the disk": fault(
        "SET LOCAL synchronous_commit = off", "database.durable", named="synchronous_commit is off"
    ),
}


async def busy_morning(house: House) -> None:
    """Leave a bit of everything in the ledger: a credit, tips, a limit, a reversal's counter, a hold."""
    tenant_id, submit = house.tenant_id, house.corridor.submit
    await submit(credit(tenant_id, viewer="v1", amount_minor=100, key="credit"))
    day = Window("viewer/v1/day", BEGINNING, BEGINNING + timedelta(days=1))
    for n in (2, 3):
        uses = (Use(day, 10), Use(reversal_window(3), 5))
        await submit(tip(tenant_id, viewer="v1", creator="c1", amount_minor=10, key=f"tip {n}", uses=uses))
    opened = credit(tenant_id, viewer="v1", amount_minor=1, key="hold")
    deadline = BEGINNING + timedelta(hours=1)
    plan = Plan(
        lambda _: holds.open_hold(address="viewer/v1/coin", amount_minor=20, deadline=deadline),
        accounts=holds.accounts_of("viewer/v1/coin"),
    )
    await submit(type(opened)("test.hold", "tip.send", grant(tenant_id), "hold", b"{}", lambda _: plan))
    await submit(credit(tenant_id, viewer="v1", amount_minor=50, key="again"))


@pytest.fixture(scope="module")
def furnished(postgres: TestServer) -> Iterator[DatabaseUrls]:
    with fresh_database(postgres) as urls:
        yield urls


@pytest.fixture(scope="module")
async def superuser(furnished: DatabaseUrls) -> AsyncIterator[Connection]:
    """Lend a superuser's connection to a database with some history; what a test plants, it rolls back."""
    async with Database.open(furnished.url) as database:
        async with running_house(database, tenant_id=await open_tenant(database)) as house:
            await busy_morning(house)
        connection = await connect_async(furnished.superuser_url, role=None)
        async with connection:
            yield connection


async def found_by(connection: Connection, audits: tuple[Audit, ...]) -> list[Finding]:
    return [finding for one in audits async for finding in one.examine(connection)]


async def plant(connection: Connection, statements: str) -> None:
    """Change what guards refuse to change, then put the guards back."""
    for name, query in NAMED.items():
        statements = statements.replace(name, query)
    await connection.execute("SET LOCAL session_replication_role = replica")
    async with AsyncCursor(connection) as several_at_once:
        await several_at_once.execute(statements.encode())
    await connection.execute("SET LOCAL session_replication_role = origin")


async def test_before_any_fault_everything_holds(superuser: Connection) -> None:
    assert await found_by(superuser, audit.AUDITS) == []


@pytest.mark.parametrize("planted", FAULTS.values(), ids=FAULTS)
async def test_a_planted_fault_is_named(superuser: Connection, planted: Fault) -> None:
    async with superuser.transaction(force_rollback=True):
        await plant(superuser, planted.planted)
        found = await found_by(superuser, audit.AUDITS)
    assert {finding.audit for finding in found} == planted.noticed
    assert any(planted.named in finding.sentence for finding in found), [f.sentence for f in found]
    tenants = {finding.tenant_id for finding in found if not finding.audit.startswith("database.")}
    assert None not in tenants


def test_every_audit_of_ledger_and_database_has_a_fault() -> None:
    noticed = {name for planted in FAULTS.values() for name in planted.noticed}
    assert {one.name for one in audit.AUDITS if not one.name.startswith("journal.")} <= noticed


async def test_a_table_full_of_faults_is_told_by_its_first_ones(superuser: Connection) -> None:
    async with superuser.transaction(force_rollback=True):
        await plant(
            superuser,
            "INSERT INTO ledger.account (tenant_id, id, address, asset, floor, opened_at)"
            " SELECT 1, 1000 + n, 'purse/' || n || '/coin', 'coin', 0, '2026-01-01'"
            " FROM generate_series(1, 50) n",
        )
        found = await found_by(superuser, audit.AUDITS)
    assert len(found) == FINDINGS_MAX


async def test_the_doctor_reports_on_a_living_database(database: DatabaseUrls) -> None:
    steps: list[Progress] = []
    async with Database.open(database.url) as db, running_house(db, tenant_id=await open_tenant(db)) as house:
        await busy_morning(house)
        report = await audit.examine(db, progress=steps.append)
        assert report.green, report.findings
        assert (report.facts, report.entries) == (5, 14)
        assert [result.audit for result in report.results] == [one.name for one in audit.AUDITS]
        assert len([step for step in steps if step.result]) == len(audit.AUDITS) == steps[-1].ended
        async with (
            await connect_async(database.superuser_url, role=None) as superuser,
            superuser.transaction(),
        ):
            await plant(superuser, FAULTS["a balance changed"].planted)
        report = await audit.examine(db)
        assert not report.green
        (finding,) = report.findings
        assert finding.audit == "ledger.balance"
        assert report.as_json()["findings"][0]["details"] == {
            "address": "viewer/v1/coin",
            "balance_minor": 113,
            "sum_minor": 110,
        }


async def test_an_audit_that_cannot_be_carried_out_is_a_finding_and_the_others_go_on(db: Database) -> None:
    async def stumble(conn: Connection) -> AsyncIterator[Finding]:
        await conn.execute("SELECT * FROM ledger.nothing")
        yield Finding("test.stumbles", None, "never")

    last = audit.AUDITS[-1]
    report = await audit.examine(db, audits=(Audit("test.stumbles", "It stumbles.", stumble), last))
    assert [bool(result.findings) for result in report.results] == [True, False]
    assert "could not be examined: UndefinedTable" in report.findings[0].sentence


async def test_a_server_that_does_not_wait_for_its_disk_is_named(data_dir: Path) -> None:
    with embedded(data_dir=data_dir, shared_buffers_mib=32) as server:
        migrate(server.owner_url)
        connection = await connect_async(server.superuser_url, role=None)
        async with connection:
            await connection.execute("ALTER SYSTEM SET fsync = off")
            await connection.execute("ALTER SYSTEM SET full_page_writes = off")
            await connection.execute("SELECT pg_reload_conf(), pg_sleep(0.5)")
        async with Database.open(server.url) as db:
            report = await audit.examine(db)
    assert {finding.details["setting"] for finding in report.findings} == {"fsync", "full_page_writes"}
    assert {finding.audit for finding in report.findings} == {"database.durable"}
