"""The core alone, assembled for a test: a tenant, a clock to drive, a corridor without any feature."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from plaudit.core.commands import store as commands_store
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.corridor import Corridor, Slots
from plaudit.core.commands.references import Loader, Lookup, References
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger.accounts import Directory
from plaudit.core.ledger.book import Book, Decision, Transfer, Use
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import forbidden
from plaudit.platform.db import Database
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import TipSent
from plaudit.vocabulary.facts.wallets import WalletCredited

__all__ = ["BEGINNING", "DrivenClock", "House", "credit", "grant", "open_tenant", "running_house", "tip"]

BEGINNING = datetime(2026, 11, 22, 12, tzinfo=UTC)


class DrivenClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = BEGINNING) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return where the test has put it."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move it on."""
        self.at += by


@dataclass(slots=True)
class House:
    """The core, running. ``broken`` collects the assertions that would have stopped the process."""

    database: Database
    corridor: Corridor
    directory: Directory
    references: References
    clock: DrivenClock
    tenant_id: int
    broken: list[AssertionError] = field(default_factory=list)


async def open_tenant(database: Database, *, slug: str = "demo") -> int:
    """Open a tenant and return its id."""
    async with database.transaction() as tx:
        tenant_id = await commands_store.insert_tenant(
            tx, slug=slug, name=slug, time_zone="UTC", now=BEGINNING
        )
        assert tenant_id is not None
        await journal_store.open_tenant(tx, tenant_id=tenant_id)
    return tenant_id


def _authorize(command: Command) -> None:
    if command.permission not in command.grant.permissions:
        raise forbidden("permission.missing", "The grant does not reach.")


def _screen(command: Command, lookup: Lookup) -> None:
    """Let every command pass."""


@asynccontextmanager
async def running_house(
    database: Database,
    *,
    tenant_id: int,
    clock: DrivenClock | None = None,
    lanes: int = 2,
    batch_max: int = 512,
    queue_max: int = 8192,
    loaders: Mapping[str, Loader] | None = None,
) -> AsyncIterator[House]:
    """Run the core on an open database until the end of the block, then let its writer finish."""
    clock = clock or DrivenClock()
    broken: list[AssertionError] = []
    directory = Directory(database)
    references = References(database=database, loaders=loaders or {})
    corridor = Corridor(
        database=database,
        directory=directory,
        references=references,
        clock=clock,
        slots=Slots(_authorize, _screen),
        batch_max=batch_max,
        queue_max=queue_max,
        on_broken=broken.append,
    )
    corridor.writer.start(lanes=lanes)
    try:
        yield House(database, corridor, directory, references, clock, tenant_id, broken)
    finally:
        await corridor.writer.close()


def grant(tenant_id: int, *, actor: Actor = Actor("app", "test")) -> Grant:  # noqa: B008 - an immutable value
    """Return a grant that reaches everything the commands of this module ask for."""
    return Grant(tenant_id, actor, frozenset({"wallet.credit", "tip.send", "test"}))


def credit(
    tenant_id: int,
    *,
    viewer: str,
    amount_minor: int,
    key: str,
    asset: str = "coin",
    at: datetime | None = None,
) -> Command:
    """Return the command that credits a viewer's wallet from issuance."""
    wallet, source = chart.viewer_wallet(viewer=viewer, asset=asset), chart.issuance(asset=asset)

    def plan(_: Lookup) -> Plan:
        def decide(_: Book) -> Decision:
            data = WalletCredited(viewer=viewer, asset=asset, amount_minor=amount_minor)
            return Decision(Fact(f"viewer/{viewer}", data), (Transfer(source, wallet, amount_minor),))

        return Plan(decide, accounts=(wallet, source))

    content = canonical(["credit", viewer, asset, amount_minor])
    return Command("test.credit", "wallet.credit", grant(tenant_id), key, content, plan, at)


def tip(
    tenant_id: int,
    *,
    viewer: str,
    creator: str,
    amount_minor: int,
    key: str,
    guild: str = "g1",
    uses: tuple[Use, ...] = (),
    at: datetime | None = None,
) -> Command:
    """Return the command that tips coins, split 7 to 2 to 1 between creator, guild and platform."""
    guild_minor, platform_minor = amount_minor * 2 // 10, amount_minor // 10
    creator_minor = amount_minor - guild_minor - platform_minor
    wallet = chart.viewer_wallet(viewer=viewer, asset="coin")
    shares = (
        (chart.creator_earnings(creator=creator, asset="coin"), creator_minor),
        (chart.guild_earnings(guild=guild, asset="coin"), guild_minor),
        (chart.platform_revenue(asset="coin"), platform_minor),
    )
    data = TipSent(
        viewer=viewer,
        creator=creator,
        asset="coin",
        amount_minor=amount_minor,
        creator_minor=creator_minor,
        guild_minor=guild_minor,
        platform_minor=platform_minor,
        terms="standard",
        terms_revision=1,
        guild=guild,
    )

    def plan(_: Lookup) -> Plan:
        def decide(_: Book) -> Decision:
            transfers = tuple(Transfer(wallet, address, share) for address, share in shares if share)
            return Decision(Fact(f"viewer/{viewer}", data), transfers, uses)

        accounts = (wallet, *(address for address, _ in shares))
        return Plan(decide, accounts=accounts, windows=tuple(use.window for use in uses))

    content = canonical(["tip", viewer, creator, amount_minor])
    return Command("test.tip", "tip.send", grant(tenant_id), key, content, plan, at)
