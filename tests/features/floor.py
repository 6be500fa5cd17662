"""The features on a running core, without an edge: one tenant, a clock to drive, verbs that read well."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plaudit.core.commands import store as commands_store
from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.commands.corridor import Corridor, Slots
from plaudit.core.commands.references import References
from plaudit.core.commands.tenants import LOADERS
from plaudit.core.journal import store as journal_store
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import catch_up, differences
from plaudit.core.ledger import balances
from plaudit.core.ledger.accounts import Directory
from plaudit.features.identity.actions import authorize
from plaudit.features.risk import actions as risk
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.features.tipping import actions as tipping
from plaudit.features.tipping import queries
from plaudit.features.tipping.feature import FEATURE as TIPPING
from plaudit.features.tipping.model import TIP, Gift, Policy, Terms, Tier, Wish, WordList, tier_of
from plaudit.features.tipping.reactions import TIPS
from plaudit.features.wallets import actions as wallets
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.features.wallets.model import Credit
from plaudit.kernel.actor import Actor, ActorKind
from plaudit.kernel.ids import encode_id
from plaudit.platform.db import Database
from plaudit.vocabulary.facts.risk import Freeze
from plaudit.vocabulary.facts.wallets import AdjustmentRequested
from plaudit.vocabulary.permissions import PERMISSIONS
from tests.features.bundles import bundle

EVENING = datetime(2026, 5, 1, 20, tzinfo=UTC)
SALT = bytes(range(16))
FEATURES = (WALLETS, RISK, TIPPING)


@dataclass
class FloorClock:
    """Time stands still until the test moves it."""

    time: datetime = EVENING

    def now(self) -> datetime:
        return self.time

    def advance(self, gap: timedelta) -> None:
        self.time += gap


@dataclass
class Floor:
    """One tenant of the features, and what a test wants to do and know."""

    database: Database
    corridor: Corridor
    references: References
    directory: Directory
    clock: FloorClock
    tenant_id: int
    broken: list[AssertionError]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def grant(
        self, kind: ActorKind = "app", id_: str = "plk_1", permissions: frozenset[str] | None = None
    ) -> Grant:
        held = frozenset(PERMISSIONS) if permissions is None else permissions
        return Grant(self.tenant_id, Actor(kind, id_), held)

    def key(self) -> str:
        return f"key-{next(self.numbers)}"

    async def credit(
        self, viewer: str, amount_minor: int, *, asset: str = "coin", at: datetime | None = None
    ) -> Outcome:
        request = Credit(viewer=viewer, asset=asset, amount_minor=amount_minor)
        command = wallets.credit(
            grant=self.grant(), key=self.key(), request=request, at=at, now=self.clock.now()
        )
        return await self.corridor.submit(command)

    async def register(self, creator: str, *, guild: str | None = None, terms: str | None = None) -> Outcome:
        return await tipping.save_creator(
            corridor=self.corridor,
            grant=self.grant(),
            key=self.key(),
            creator=creator,
            guild=guild,
            terms=terms,
        )

    async def gift(self, gift: str, price_minor: int, **fields: Any) -> Outcome:  # noqa: ANN401 - the fields of the model
        wanted = Gift(
            id=gift,
            revision=0,
            name_en=gift,
            name_zh=gift,
            price_minor=price_minor,
            effect=None,
            **{"asset": "coin", **fields},
        )
        return await tipping.save_gift(
            corridor=self.corridor, grant=self.grant(), key=self.key(), gift=wanted
        )

    async def terms(self, terms: str, *tiers: tuple[int, str, str | None]) -> Outcome:
        made: tuple[Tier, ...] = tuple(
            tier_of(from_minor=from_minor, creator=creator, guild=guild)
            for from_minor, creator, guild in tiers
        )
        wanted = Terms(id=terms, revision=0, basis="fixed" if len(made) == 1 else "monthly", tiers=made)
        return await tipping.save_terms(
            corridor=self.corridor, grant=self.grant(), key=self.key(), terms=wanted
        )

    async def policy(self, asset: str = "coin", **fields: Any) -> Outcome:  # noqa: ANN401 - the fields of the model
        bounds = {"min_minor": 1, "max_minor": 1_000_000, "presets_minor": (), "day_limit_minor": None}
        wanted = Policy(asset=asset, revision=0, **{**bounds, **fields})
        return await tipping.save_policy(
            corridor=self.corridor, grant=self.grant(), key=self.key(), policy=wanted
        )

    async def words(self, *words: str) -> Outcome:
        wanted = WordList(words=words, revision=0)
        return await tipping.save_words(
            corridor=self.corridor, grant=self.grant(), key=self.key(), words=wanted
        )

    async def tip(self, viewer: str, creator: str, amount_minor: int | None = None, **fields: Any) -> Outcome:  # noqa: ANN401 - the fields of the model
        """Tip an amount, or by `gift`, `preset`, `count`; `key` and `grant` as given."""
        key, grant = fields.pop("key", None), fields.pop("grant", None)
        at, funding = fields.pop("at", None), fields.pop("funding", ("wallet",))
        beside = {name: fields.pop(name) for name in ("message", "anonymous") if name in fields}
        wish = Wish(amount_minor=amount_minor, **fields)
        command = tipping.send_tip(
            grant=grant or self.grant(),
            key=key or self.key(),
            tip=tipping.Tip(viewer=viewer, creator=creator, wish=wish, funding=funding, **beside),
            at=at,
            now=self.clock.now(),
            salt=SALT,
        )
        return await self.corridor.submit(command)

    async def bundle(self, viewer: str, gift: str, count: int) -> Outcome:
        """Give a viewer units of a gift, as the bundle of a ticket does."""
        command = bundle(grant=self.grant(), key=self.key(), viewer=viewer, gift=gift, count=count)
        return await self.corridor.submit(command)

    async def reverse(
        self,
        tip: Outcome | Recorded,
        amount_minor: int | None = None,
        *,
        key: str | None = None,
        reason: str = "sent by mistake",
    ) -> Outcome:
        fact = await queries.tip_fact(
            database=self.database, tenant_id=self.tenant_id, tip=encode_id(TIP, tip.position)
        )
        command = tipping.reverse_tip(
            grant=self.grant("staff", "ann"),
            key=key or self.key(),
            tip=fact,
            amount_minor=amount_minor,
            reason=reason,
            now=self.clock.now(),
            salt=SALT,
        )
        return await self.corridor.submit(command)

    async def adjust(self, address: str, amount_minor: int) -> Outcome:
        """Have Ann ask for a correction, and Bob approve it."""
        asked = await self.request(address, amount_minor)
        return await self.approve(asked)

    async def request(self, address: str, amount_minor: int, *, grant: Grant | None = None) -> str:
        outcome = await wallets.request_adjustment(
            corridor=self.corridor,
            grant=grant or self.grant("staff", "ann"),
            key=self.key(),
            address=address,
            amount_minor=amount_minor,
            reason="counted twice",
            now=self.clock.now(),
            salt=SALT,
        )
        assert isinstance(outcome.data, AdjustmentRequested)
        return outcome.data.adjustment

    async def approve(
        self, adjustment: str, *, grant: Grant | None = None, key: str | None = None
    ) -> Outcome:
        return await wallets.approve_adjustment(
            corridor=self.corridor,
            grant=grant or self.grant("staff", "bob"),
            key=key or self.key(),
            adjustment=adjustment,
            now=self.clock.now(),
        )

    async def flip(self, target: str, *, off: bool) -> Outcome:
        return await risk.flip_switch(
            corridor=self.corridor,
            grant=self.grant("staff", "ann"),
            key=self.key(),
            target=target,
            off=off,
            reason="a test",
            now=self.clock.now(),
            salt=SALT,
        )

    async def freeze(self, address: str, freeze: Freeze) -> Outcome:
        return await risk.freeze(
            corridor=self.corridor,
            directory=self.directory,
            grant=self.grant("staff", "ann"),
            key=self.key(),
            address=address,
            freeze=freeze,
            reason=None,
            now=self.clock.now(),
            salt=SALT,
        )

    async def balance(self, address: str) -> int:
        async with self.database.connection() as conn:
            found = await balances.balances(conn, tenant_id=self.tenant_id, addresses=[address])
        return found.get(address, 0)

    async def everything(self) -> dict[str, int]:
        """All balances but zeros, by address. Whatever has happened, they sum to zero in each asset."""
        async with self.database.connection() as conn:
            found = await balances.below(conn, tenant_id=self.tenant_id, prefix="")
        sums: dict[str, int] = {}
        for asset, balance, _ in found.values():
            sums[asset] = sums.get(asset, 0) + balance
        assert not any(sums.values()), sums
        return {address: balance for address, (_, balance, _) in found.items() if balance}

    async def head(self) -> int:
        async with self.database.connection() as conn:
            return await journal_store.select_head(conn, tenant_id=self.tenant_id)

    async def caught_up(self) -> None:
        """Bring tipping's projections to the head of the journal."""
        await catch_up(
            database=self.database, clock=self.clock, subscriptions=[TIPS], tenant_id=self.tenant_id
        )

    async def differences(self) -> list[Any]:
        """Return what a rebuild of tipping's projections would change: nothing."""
        await self.caught_up()
        return list(await differences(database=self.database, subscription=TIPS, tenant_id=self.tenant_id))


@asynccontextmanager
async def open_floor(
    database: Database, *, slug: str = "demo", time_zone: str = "UTC", lanes: int = 1
) -> AsyncIterator[Floor]:
    """Open a tenant with the features, and stop the writer in the end."""
    clock = FloorClock()
    async with database.transaction() as tx:
        tenant_id = await commands_store.insert_tenant(
            tx, slug=slug, name=slug, time_zone=time_zone, now=clock.now()
        )
        assert tenant_id is not None
        await journal_store.open_tenant(tx, tenant_id=tenant_id)
    loaders = dict(LOADERS)
    for feature in FEATURES:
        loaders.update(feature.loaders or {})
    references = References(database=database, loaders=loaders)
    directory = Directory(database)
    broken: list[AssertionError] = []
    corridor = Corridor(
        database=database,
        directory=directory,
        references=references,
        clock=clock,
        slots=Slots(authorize, risk.screen),
        on_broken=broken.append,
    )
    corridor.writer.start(lanes=lanes)
    try:
        yield Floor(database, corridor, references, directory, clock, tenant_id, broken)
    finally:
        await corridor.writer.close()
    assert not broken, broken


async def until_blocked(database: Database) -> None:
    """Wait until a batch waits for a row that somebody else holds."""
    for _ in range(500):
        async with database.connection() as conn:
            cursor = await conn.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            row = await cursor.fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing waits")
