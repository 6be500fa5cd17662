"""Campaigns alone with wallets: two persons of the staff, and a clock that the test drives."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import pytest

from plaudit.app.assembly import House, open_tenant
from plaudit.app.background import running
from plaudit.core import audit
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up, differences
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.campaigns.feature import FEATURE as CAMPAIGNS
from plaudit.features.campaigns.reactions import life
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.kernel.actor import Actor
from plaudit.vocabulary.facts.base import FactData
from tests.app.edge import Caller, UnderTest, under_test
from tests.kit.clock import StageClock

F = TypeVar("F", bound=FactData)

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
CAMPAIGN: Final = "first"
PATH: Final = f"/v1/campaigns/{CAMPAIGN}"
TERMS: Final[dict[str, Any]] = {
    "trigger": "topup",
    "base": {"amount": "paid", "asset": "CNY"},
    "strategy": {"kind": "ratio", "ratio": "1/5"},
    "reward": {"kind": "coin", "asset": "coin"},
    "starts_at": "2026-11-23T00:00:00Z",
    "ends_at": "2026-12-01T00:00:00Z",
    "zone": "Asia/Shanghai",
    "texts": {"title_en": "A fifth back", "title_zh": "返五分之一"},
}
"""A fifth of each top-up."""
RANDOM: Final[dict[str, Any]] = TERMS | {"strategy": {"kind": "random", "low_minor": 1, "high_minor": 9}}


@dataclass(slots=True)
class Stage:
    """A tenant whose campaigns Ada makes and Bob checks."""

    edge: UnderTest
    acme: Caller
    ada: Caller
    bob: Caller
    tenant_id: int
    clock: StageClock
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def house(self) -> House:
        return self.edge.house

    async def draft(self, terms: dict[str, Any] = TERMS, path: str = PATH, **fields: Any) -> int:  # noqa: ANN401 - JSON
        """Have Ada save a draft, and return its revision."""
        done = await self.ada.do("PUT", path, {"terms": terms, **fields})
        revision: int = done["revision"]
        return revision

    async def fund(self, amount_minor: int = 1_000, path: str = PATH) -> None:
        """Have Ada ask for a budget and Bob approve it."""
        asked = await self.ada.do("POST", f"{path}/budget-transfers", {"amount_minor": amount_minor})
        await self.bob.do("POST", f"{path}/budget-transfers/{asked['transfer']}/approve")

    async def submitted(self, terms: dict[str, Any] = TERMS, path: str = PATH, **fields: Any) -> int:  # noqa: ANN401 - JSON
        """Have Ada save a draft, ask for its budget, and hand it in; return its revision."""
        revision = await self.draft(terms, path, **fields)
        if revision == 1:
            await self.fund(path=path)
        await self.ada.do("POST", f"{path}/submit", {"revision": revision})
        return revision

    async def approved(self, terms: dict[str, Any] = TERMS, path: str = PATH, **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Have a revision approved by Bob, and return his answer."""
        revision = await self.submitted(terms, path, **fields)
        return await self.bob.do("POST", f"{path}/approve", {"revision": revision})

    async def state(self, path: str = PATH) -> str:
        """Return where a campaign stands."""
        state: str = (await self.ada.get(path))["state"]
        return state

    async def say(self, subject: str, data: FactData, *transfers: Transfer) -> int:
        """Record a fact of somebody else, with what it moves, and return its position."""
        decision = Decision(Fact(subject, data), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))
        key = f"said/{next(self.numbers)}"
        command = Command(
            action="test.say",
            permission="test",
            grant=Grant(self.tenant_id, Actor("system", "test"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts),
        )
        return (await self.house.corridor.submit(command)).position

    async def caught_up(self) -> None:
        """Bring every follower of the journal to its head, and to what was said on the way there."""
        house = self.house
        for _ in range(2):
            await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)

    async def balance(self, address: str) -> int:
        """Return what an account holds, 0 where it is not open."""
        async with self.house.database.connection() as conn:
            found = await balances.balances(conn, tenant_id=self.tenant_id, addresses=[address])
        return found.get(address, 0)

    async def said(self, kind: type[F]) -> list[F]:
        """Return what the journal has of one kind, in order."""
        async with self.house.database.connection() as conn:
            page = await read.page(conn, tenant_id=self.tenant_id, after=0, limit=10_000, kinds=[kind.KIND])
        return [msgspec.convert(fact.data, kind) for fact in page.facts]

    async def placed(self, kind: type[F]) -> list[tuple[int, F]]:
        """Return what the journal has of one kind, in order, each with its position."""
        async with self.house.database.connection() as conn:
            page = await read.page(conn, tenant_id=self.tenant_id, after=0, limit=10_000, kinds=[kind.KIND])
        return [(fact.position, msgspec.convert(fact.data, kind)) for fact in page.facts]

    async def assert_sound(self) -> None:
        """Check that the books hold, no fact was put aside, and that rebuilt projections are the same."""
        await self.caught_up()
        report = await audit.examine(self.house.database)
        assert report.green, report.findings
        for one in (await self.acme.get("/v1/subscriptions"))["items"]:
            assert not one["dead_letters"], one
        for projection in (life.REWARDS, life.FIGURES):
            found = await differences(
                database=self.house.database, subscription=projection, tenant_id=self.tenant_id
            )
            assert found == [], found


@asynccontextmanager
async def open_stage(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """Open a tenant with two persons who may make and check campaigns; in the end everything must hold."""

    def unhurried(house: House, **more: Any) -> Any:  # noqa: ANN401 - as running takes and returns
        return running(house, **(more | {"follow": False}))

    # What happens between two facts is the test's to say: nobody reacts before it lets them.
    monkeypatch.setattr("tests.app.edge.running", unhurried)
    clock = StageClock(NOON)
    alone = (IDENTITY, RISK, WALLETS, CAMPAIGNS)
    async with under_test(database_url, folder, clock=clock, features=alone) as edge:
        key = await open_tenant(edge.house, slug="acme", name="acme", time_zone="Asia/Shanghai")
        acme = edge.caller(key)
        scopes = ["campaign.read", "campaign.write", "campaign.check", "viewer.describe", "reward.read"]
        people = [
            edge.caller((await acme.do("POST", "/v1/staff", {"name": name, "scopes": scopes}))["key"])
            for name in ("Ada", "Bob")
        ]
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        stage = Stage(edge, acme, people[0], people[1], tenant.tenant_id, clock)
        yield stage
        await stage.assert_sound()
