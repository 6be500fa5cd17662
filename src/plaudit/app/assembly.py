"""The house: every part of Plaudit put together. The only file that knows every feature."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeAlias

import msgspec

from plaudit.app import meters
from plaudit.app.auth import Doorkeeper, Tenants
from plaudit.app.limits import Limiter
from plaudit.app.wake import Wake
from plaudit.core.commands import tenants as core_tenants
from plaudit.core.commands.command import Grant
from plaudit.core.commands.corridor import Corridor, Slots
from plaudit.core.commands.references import Loader, References
from plaudit.core.commands.sweeps import Expiry
from plaudit.core.feature import Feature
from plaudit.core.journal.subscriptions import Subscription
from plaudit.core.ledger.accounts import Directory
from plaudit.features.admission.feature import FEATURE as ADMISSION
from plaudit.features.campaigns.actions.base import open_seed
from plaudit.features.campaigns.feature import FEATURE as CAMPAIGNS
from plaudit.features.campaigns.http import backtest as backtest_view
from plaudit.features.campaigns.model.backtest import bare
from plaudit.features.campaigns.model.backtest.chart import chart
from plaudit.features.campaigns.model.backtest.figures import Backtest
from plaudit.features.campaigns.model.backtest.table import table
from plaudit.features.campaigns.model.backtest.trial import Candidate
from plaudit.features.campaigns.queries import backtest as backtests
from plaudit.features.campaigns.queries import backtest_payments as payment_backtests
from plaudit.features.identity import actions as identity_actions
from plaudit.features.identity import store as identity_store
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.insight.feature import FEATURE as INSIGHT
from plaudit.features.invitations.feature import FEATURE as INVITATIONS
from plaudit.features.notifications.feature import FEATURE as NOTIFICATIONS
from plaudit.features.payments.actions import accounts as payment_accounts
from plaudit.features.payments.actions import reports as payment_reports
from plaudit.features.payments.feature import FEATURE as PAYMENTS
from plaudit.features.payments.model.accounts import AccountTerms, number_of
from plaudit.features.payments.model.channel import ChannelName, Method
from plaudit.features.presale.feature import FEATURE as PRESALE
from plaudit.features.risk import actions as risk_actions
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.features.tipping.feature import FEATURE as TIPPING
from plaudit.features.wallets.feature import FEATURE as WALLETS
from plaudit.kernel.actor import Actor
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import not_found
from plaudit.kernel.time import Clock
from plaudit.platform import outbound
from plaudit.platform.clock import clock_of
from plaudit.platform.crypto import Vault, keys_beside, secret_key
from plaudit.platform.db import Database
from plaudit.platform.outbound import Outbound
from plaudit.platform.settings import Settings
from plaudit.vocabulary.facts.bills import Bill
from plaudit.vocabulary.facts.payments import ChannelAccountSaved

FEATURES: Final[tuple[Feature, ...]] = (
    IDENTITY,
    RISK,
    WALLETS,
    PAYMENTS,
    TIPPING,
    PRESALE,
    ADMISSION,
    INVITATIONS,
    CAMPAIGNS,
    NOTIFICATIONS,
    INSIGHT,
)

_OPENERS: Final = 2

Period: TypeAlias = backtests.Period
"""From when to when a backtest goes, and whether other campaigns take part."""
Paid: TypeAlias = payment_backtests.Paid
"""A payment from elsewhere, for a backtest."""
BareEngine: TypeAlias = bare.Bare
"""The engine of campaigns by itself, for measuring; `heard` makes what it judges."""
heard = bare.items_of
Told: TypeAlias = payment_reports.Told
"""How a comparison with a channel's bill ended."""
_WRITER_WAIT_S: Final = 5.0
"""Commands wait for a connection: when the database is gone, their callers are told soon."""


class Alarm:
    """Rings once, when an invariant is broken: the process must stop."""

    def __init__(self) -> None:
        """Be silent."""
        self.rung = asyncio.Event()
        self.cause: BaseException | None = None

    def ring(self, cause: BaseException) -> None:
        """Ring, and keep the first cause."""
        if self.cause is None:
            self.cause = cause
        self.rung.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """All parts, as one process uses them."""

    settings: Settings
    clock: Clock
    randomness: Callable[[int], bytes]
    vault: Vault
    database: Database
    directory: Directory
    references: References
    corridor: Corridor
    outbound: Outbound
    features: tuple[Feature, ...]
    subscriptions: tuple[Subscription, ...]
    expiries: Mapping[str, Expiry]
    tenants: Tenants
    doorkeeper: Doorkeeper
    limiter: Limiter
    wake: Wake
    alarm: Alarm
    companions: dict[str, Any] = field(default_factory=dict)
    """What features keep in the memory of this process, by feature."""


def loaders_of(features: Sequence[Feature]) -> dict[str, Loader]:
    """Return the loaders of all topics. A topic that two features claim is an assertion."""
    loaders: dict[str, Loader] = dict(core_tenants.LOADERS)
    for feature in features:
        offered: Mapping[str, Loader] = feature.loaders or {}
        assert not loaders.keys() & offered.keys(), f"{feature.name} claims a topic of another feature"
        loaders.update(offered)
    return loaders


def expiries_of(features: Sequence[Feature]) -> dict[str, Expiry]:
    """Return how holds are given back, by the kind of the fact that opened them, as features ask for it.

    A kind that two features claim is an assertion.
    """
    expiries: dict[str, Expiry] = {}
    for feature in features:
        offered: Mapping[str, Expiry] = feature.expiries or {}
        assert not expiries.keys() & offered.keys(), f"{feature.name} claims holds of another feature"
        expiries.update(offered)
    return expiries


def subscriptions_of(features: Sequence[Feature], *, corridor: Corridor) -> tuple[Subscription, ...]:
    """Return everybody who follows the journal, those who post with their way for commands."""
    followers = [one for feature in features for one in feature.subscriptions]
    posters = [one.bound(corridor) for feature in features for one in feature.reactions]
    return (*followers, *posters)


def _corridor(
    settings: Settings,
    *,
    database: Database,
    directory: Directory,
    references: References,
    clock: Clock,
    alarm: Alarm,
) -> Corridor:
    """Return the way for commands, with identity's and risk's rules in its slots, and a count of batches."""
    corridor = Corridor(
        database=database,
        directory=directory,
        references=references,
        clock=clock,
        slots=Slots(authorize=identity_actions.authorize, screen=risk_actions.screen),
        batch_max=settings.batch_max,
        queue_max=settings.queue_max,
        on_broken=alarm.ring,
    )
    corridor.writer.on_batch = meters.count_batch
    return corridor


@asynccontextmanager
async def assembled(
    settings: Settings,
    *,
    url: str,
    clock: Clock | None = None,
    randomness: Callable[[int], bytes] = secrets.token_bytes,
    features: tuple[Feature, ...] = FEATURES,
) -> AsyncIterator[House]:
    """Put a house together on the database at `url` (running role), and leave it tidy.

    The writer is not started. Raises psycopg.OperationalError when the database cannot be reached, and
    platform.crypto.SealError when the secret key cannot be used.
    """
    clock = clock or clock_of(settings.clock_file)
    key = secret_key(given=settings.secret_key, data_dir=settings.data_dir, randomness=randomness)
    vault = Vault(key=key, beside=keys_beside(settings.secret_keys_beside))
    async with (
        Database.open(url, pool_max=settings.pool_max, listen=settings.listen) as database,
        Database.open(
            url, pool_max=settings.writers, listen=False, wait_s=_WRITER_WAIT_S, by_index=True
        ) as writing,
        # Accounts and reference rows are fetched in the middle of transactions; with connections of their own
        # that never waits for one which waits for it.
        Database.open(url, pool_max=_OPENERS, listen=False, by_index=True) as opening,
        outbound.opened(inside=settings.outbound_inside, own_url=settings.public_url) as way_out,
        AsyncExitStack() as beside,
    ):
        directory = Directory(opening)
        references = References(database=opening, loaders=loaders_of(features))
        alarm, tenants = Alarm(), Tenants(database=database)
        corridor = _corridor(
            settings, database=database, directory=directory, references=references, clock=clock, alarm=alarm
        )
        corridor.writer.write_on(writing)
        house = House(
            settings=settings,
            clock=clock,
            randomness=randomness,
            vault=vault,
            database=database,
            directory=directory,
            references=references,
            corridor=corridor,
            features=features,
            subscriptions=subscriptions_of(features, corridor=corridor),
            expiries=expiries_of(features),
            outbound=way_out,
            tenants=tenants,
            doorkeeper=Doorkeeper(tenants=tenants, references=references, vault=vault, clock=clock),
            limiter=Limiter(database=database, leases=identity_store, clock=clock),
            wake=Wake(),
            alarm=alarm,
        )
        await _accompany(house, beside)
        yield house


async def _accompany(house: House, beside: AsyncExitStack) -> None:
    """Open what features keep in the memory of this process, to be closed with the stack."""
    for feature in house.features:
        if feature.companion is not None:
            house.companions[feature.name] = await beside.enter_async_context(feature.companion(house))


async def open_tenant(house: House, *, slug: str, name: str, time_zone: str = "UTC") -> str:
    """Open a tenant and return its first API key, which holds all scopes and is stored as a hash only.

    Raises Refusal `tenant.invalid`, `tenant.exists`.
    """
    opened = await identity_actions.create_tenant(
        database=house.database,
        directory=house.directory,
        slug=slug,
        name=name,
        time_zone=time_zone,
        now=house.clock.now(),
        randomness=house.randomness,
    )
    return opened.key


async def open_channel_account(
    house: House,
    *,
    tenant_id: int,
    channel: ChannelName,
    assets: tuple[str, ...],
    methods: tuple[Method, ...],
    settings: Mapping[str, Any],
    secrets: Mapping[str, Any],
) -> tuple[str, int]:
    """Open a merchant account, and return its id and its number. Raises Refusal as the API does."""
    outcome = await payment_accounts.create_account(
        house,
        grant=Grant(tenant_id, Actor("system", "house"), frozenset({"channel.write"})),
        key=f"open/{channel}",
        channel=channel,
        terms=AccountTerms(
            name=channel,
            enabled=True,
            priority=1,
            assets=assets,
            methods=methods,
            devices=(),
            min_minor=1,
            max_minor=MAX_MINOR,
        ),
        keys=payment_accounts.Keys(settings=settings, secrets=secrets),
    )
    fact = outcome.data
    assert isinstance(fact, ChannelAccountSaved), outcome
    return fact.account, number_of(fact.account, tenant_id=tenant_id)


async def reconcile(
    house: House,
    *,
    channel: str,
    account: str | None,
    day: date,
    contents: Mapping[Bill, bytes] | None = None,
) -> list[Told]:
    """Compare a day of one merchant account, or of all that are enabled at a channel, with its bills.

    `contents` are bills that somebody has already. Raises Refusal and platform.failures.Failure.
    """
    return await payment_reports.reconcile_by_hand(
        house, channel=channel, account=account, day=day, contents=contents
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A backtest as JSON values, as lines for people, and as an SVG."""

    document: dict[str, Any]
    text: list[str]
    chart: str


async def backtest_journal(
    house: House,
    *,
    slug: str,
    campaign: str,
    period: Period,
    revision: int | None = None,
    sent: dict[str, Any] | None = None,
    budget_minor: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tried:
    """Judge a period of a tenant's journal by a revision, the newest when none is named, or by terms as sent.

    Raises Refusal as the API does, but nothing is too long, and `tenant.unknown` (NOT_FOUND).
    """
    async with house.database.connection() as conn:
        tenant_id = await core_tenants.tenant_of(conn, slug=slug)
    if tenant_id is None:
        raise not_found("tenant.unknown", "There is no such tenant; `plaudit tenant list` shows all.")
    tested = await backtests.candidate(
        house,
        tenant_id=tenant_id,
        campaign=campaign,
        revision=revision,
        sent=sent,
        budget_minor=budget_minor,
    )
    found = await backtests.over_journal(
        database=house.database,
        tenant_id=tenant_id,
        tested=tested,
        period=period,
        opened=lambda name, sealed: open_seed(house.vault, tenant_id=tenant_id, campaign=name, sealed=sealed),
        progress=progress,
    )
    return _tried(found, tested)


def backtest_payments(
    *,
    sent: Mapping[str, dict[str, Any]],
    paid: Sequence[Paid],
    calendars: Mapping[str, Sequence[str]],
    budget_minor: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tried:
    """Judge payments from elsewhere by terms as sent, the first by campaign, beside the others.

    No database is asked. Raises Refusal for the terms.
    """
    tested, *beside = payment_backtests.candidates(sent, calendars=calendars, budget_minor=budget_minor)
    found = payment_backtests.over_payments(tested=tested, paid=paid, beside=beside, progress=progress)
    return _tried(found, tested)


def _tried(found: Backtest, tested: Candidate) -> Tried:
    title = tested.terms.texts.title_en
    return Tried(
        document=msgspec.to_builtins(backtest_view.view(found, title=title)),
        text=table(found),
        chart=chart(found, title=title),
    )
