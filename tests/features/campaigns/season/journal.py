"""A journal of the season: payments as tips, the six campaigns approved and funded, nothing judged yet.

The test plays tipping and the people who make campaigns: what they would have recorded is recorded. Times of
payments are their own, years before the clock of the house, as an import has them.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from plaudit.app.assembly import House, assembled, open_tenant
from plaudit.core import audit
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal import read
from plaudit.core.journal.facts import Fact, Recorded
from plaudit.core.journal.subscriptions import Subscription
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.campaigns.feature import FEATURE as CAMPAIGNS
from plaudit.features.campaigns.model.checking import terms_of
from plaudit.features.campaigns.model.terms import terms_hash
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.kernel.actor import Actor
from plaudit.platform.postgres.bootstrap import create_database
from plaudit.platform.settings import Settings
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.campaigns import BudgetApproved, CampaignApproved
from plaudit.vocabulary.facts.tipping import TipSent
from tests.features.campaigns.season.payments import Payment
from tests.kit.servers import DatabaseUrls, TestServer

EVALUATE: Final = "campaigns.evaluate"
FEATURES: Final = (IDENTITY, RISK, WALLETS, CAMPAIGNS)
BEGINNING: Final = datetime(2009, 1, 1, tzinfo=UTC)
_AT_ONCE: Final = 2_000
_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Journal:
    """A tenant's journal in a database of its own; `positions` say where each payment stands, by number."""

    urls: DatabaseUrls
    tenant_id: int
    positions: Mapping[int, int]


@asynccontextmanager
async def house_on(url: str, *, posting: bool = False) -> AsyncIterator[House]:
    """Assemble a house with the few features that campaigns needs; `posting` starts a lane of its writer."""
    with tempfile.TemporaryDirectory(prefix="plaudit-season-") as folder:
        settings = Settings.from_environment({"PLAUDIT_DATA_DIR": folder})
        async with assembled(settings, url=url, features=FEATURES) as house:
            if posting:
                house.corridor.writer.start(lanes=1)
            try:
                yield house
            finally:
                if posting:
                    await house.corridor.writer.close()


def evaluation(house: House) -> Subscription:
    """Return the reaction that judges facts."""
    (found,) = [one for one in house.subscriptions if one.name == EVALUATE]
    return found


async def write(
    urls: DatabaseUrls, *, paid: Sequence[Payment], campaigns: Mapping[str, Any], budgets: Mapping[str, int]
) -> Journal:
    """Record approvals, budgets, and then the payments in the order in which they are given."""
    async with house_on(urls.url, posting=True) as house:
        await open_tenant(house, slug="season", name="Season")
        async with house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        clerk = _Clerk(house, tenant.tenant_id)
        for name, raw in campaigns.items():
            await clerk.run(name, raw, budget_minor=budgets[name])
        positions: dict[int, int] = {}
        for first in range(0, len(paid), _AT_ONCE):
            positions |= await clerk.tips(paid[first : first + _AT_ONCE])
    return Journal(urls, tenant.tenant_id, positions)


@dataclass(frozen=True, slots=True)
class _Clerk:
    """Records what other people have done."""

    house: House
    tenant_id: int

    async def run(self, name: str, raw: Any, *, budget_minor: int) -> None:  # noqa: ANN401 - JSON
        """Approve a campaign from the beginning of the season on, and fund it."""
        terms = terms_of(raw, zone="UTC", calendars={})
        approved = CampaignApproved(
            campaign=name,
            revision=1,
            maker="staff/s1",
            checker="staff/s2",
            effective_from=BEGINNING,
            terms=msgspec.to_builtins(terms),
            terms_hash=terms_hash(terms),
        )
        asset = terms.reward.asset
        funded = BudgetApproved(
            campaign=name,
            transfer=f"bud_{name}",
            asset=asset,
            amount_minor=budget_minor,
            maker="staff/s1",
            checker="staff/s2",
        )
        budget = chart.campaign_budget(campaign=name, asset=asset)
        await self._say(
            f"campaign/{name}", funded, Transfer(chart.issuance(asset=asset), budget, budget_minor)
        )
        await self._say(f"campaign/{name}", approved)

    async def tips(self, batch: Sequence[Payment]) -> dict[int, int]:
        """Record payments as tips, in order, and return where they stand."""
        positions = await asyncio.gather(
            *(
                self._say(f"viewer/{one.viewer}", _tip(one), key=f"tip/{one.number}", at=one.at)
                for one in batch
            )
        )
        return {one.number: position for one, position in zip(batch, positions, strict=True)}

    async def _say(
        self,
        subject: str,
        data: FactData,
        *transfers: Transfer,
        key: str | None = None,
        at: datetime | None = None,
    ) -> int:
        decision = Decision(Fact(subject, data), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))
        named = key or f"{data.KIND}/{subject}"
        command = Command(
            action="test.say",
            permission="test",
            grant=Grant(self.tenant_id, Actor("system", "test"), frozenset({"test", "import"})),
            key=named,
            content=named.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts),
            at=at,
        )
        return (await self.house.corridor.submit(command)).position


def _tip(one: Payment) -> TipSent:
    return TipSent(
        viewer=one.viewer,
        creator=one.creator,
        asset=one.currency,
        amount_minor=one.minor,
        creator_minor=one.minor,
        guild_minor=0,
        platform_minor=0,
        terms="standard",
        terms_revision=1,
        show=one.show,
        anonymous=one.viewer.startswith("anon."),
    )


@contextmanager
def copied(server: TestServer, journal: Journal) -> Iterator[Journal]:
    """Lend a copy of a journal that nobody is connected to."""
    name = f"test_{secrets.token_hex(6)}"
    with server.administration() as connection:
        create_database(connection, name=name, template=journal.urls.name)
    try:
        yield Journal(server.urls(name), journal.tenant_id, journal.positions)
    finally:
        with server.administration() as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


async def said(house: House, tenant_id: int, *kinds: type[FactData]) -> list[Recorded]:
    """Return all facts of some kinds, in order."""
    found: list[Recorded] = []
    after = 0
    async with house.database.connection() as conn:
        while True:
            page = await read.page(
                conn, tenant_id=tenant_id, after=after, limit=_PAGE, kinds=[one.KIND for one in kinds]
            )
            found += page.facts
            after = page.next_after
            if after >= page.head:
                return found


async def assert_sound(house: House) -> None:
    """Check that the books hold."""
    report = await audit.examine(house.database)
    assert report.green, report.findings
