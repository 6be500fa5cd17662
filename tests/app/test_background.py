"""What a process does by itself: here, what time undoes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances, holds
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.kernel.actor import Actor
from plaudit.vocabulary.facts.wallets import WalletCredited
from tests.app.edge import under_test
from tests.kit.house import DrivenClock
from tests.kit.servers import DatabaseUrls

_WALLET, _ESCROW, _SOURCE = "viewer/v1/coin", "held/viewer/v1/coin", "issuance/coin"


def _command(tenant_id: int, key: str, decision: Decision) -> Command:
    plan = Plan(lambda _: decision, accounts=(_SOURCE, _WALLET, _ESCROW))
    grant = Grant(tenant_id, Actor("app", "test"), frozenset({"wallet.credit"}))
    return Command("test.do", "wallet.credit", grant, key, canonical(key), lambda _: plan)


async def test_a_hold_past_its_deadline_is_given_back_by_itself(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    clock = DrivenClock()
    async with under_test(database.url, tmp_path, clock=clock) as edge:
        house = edge.house
        await edge.tenant("acme")
        async with house.database.connection() as conn:
            ((tenant_id, _),) = await read.heads(conn)
        credited = Fact("viewer/v1", WalletCredited(viewer="v1", asset="coin", amount_minor=10))
        credit = Decision(credited, (Transfer(_SOURCE, _WALLET, 10),))
        hold = holds.open_hold(address=_WALLET, amount_minor=10, deadline=clock.now() + timedelta(minutes=5))
        for key, decision in (("credit", credit), ("hold", hold)):
            await house.corridor.submit(_command(tenant_id, key, decision))
        clock.advance(timedelta(minutes=6))
        async with asyncio.timeout(20):
            while True:
                async with house.database.connection() as conn:
                    found = await balances.balances(conn, tenant_id=tenant_id, addresses=[_WALLET, _ESCROW])
                if found == {_WALLET: 10, _ESCROW: 0}:
                    break
                await asyncio.sleep(0.05)
