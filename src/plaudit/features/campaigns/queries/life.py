"""Questions about campaigns, their revisions and budgets, calendars, and what a viewer is."""

from dataclasses import dataclass
from typing import Final, Protocol

from plaudit.core.commands import tenants
from plaudit.core.handles import Connection, Database
from plaudit.core.ledger import balances
from plaudit.features.campaigns.model.budgets import BudgetTransfer
from plaudit.features.campaigns.model.life import (
    Campaign,
    Revision,
    check_campaign,
    terms_in,
    unknown_campaign,
    unknown_revision,
)
from plaudit.features.campaigns.model.people import Attributes, Calendar, check_calendar, unknown_calendar
from plaudit.features.campaigns.model.terms import Terms
from plaudit.features.campaigns.store import budgets as budget_store
from plaudit.features.campaigns.store import life as store
from plaudit.features.campaigns.store import people as people_store
from plaudit.kernel.ids import valid_name
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.kernel.time import Clock
from plaudit.vocabulary import chart

_NEWEST: Final = 2**31 - 1
_LATEST: Final = 2**63 - 1
_PUBLIC_MAX: Final = 100


class Settings(Protocol):
    """Where the world reaches this server."""

    @property
    def public_url(self) -> str:
        """The address, without a slash at its end."""


class Addressed(Protocol):
    """What these questions need of the assembled house."""

    @property
    def database(self) -> Database:
        """The database, for reading."""

    @property
    def clock(self) -> Clock:
        """The one clock."""

    @property
    def settings(self) -> Settings:
        """What this process was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A campaign with its newest revision, and the newest that was approved."""

    campaign: Campaign
    newest: Revision
    approved: Revision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A revision beside the one before it, None for the first."""

    revision: Revision
    terms: Terms
    before: Terms | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a campaign may still grant, of its reward's asset."""

    asset: str
    account: str
    balance_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What anybody may read of a campaign: its approved revisions, newest first."""

    tenant_id: int
    campaign: Campaign
    revisions: tuple[Revision, ...]


async def overview(*, database: Database, tenant_id: int, campaign: str) -> Overview:
    """Return a campaign. Raises Refusal `campaign.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        newest = await revision_in(conn, tenant_id=tenant_id, campaign=campaign, number=found.newest)
        approved = None
        if found.approved is not None:
            approved = await revision_in(conn, tenant_id=tenant_id, campaign=campaign, number=found.approved)
    return Overview(campaign=found, newest=newest, approved=approved)


async def campaigns(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[tuple[Campaign, Revision]]:
    """Return a page of campaigns by id, each with its newest revision.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
    async with database.connection() as conn:
        rows = await store.select_campaigns(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1][0].id]) if len(rows) > size else None)


async def revisions(
    *, database: Database, tenant_id: int, campaign: str, limit: int | None, cursor: str | None
) -> Page[Change]:
    """Return a page of a campaign's revisions, newest first, each with the terms of the one before it.

    Raises Refusal `campaign.unknown` (NOT_FOUND), `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    before = _NEWEST if cursor is None else min(_NEWEST, max(0, int(decode_cursor(cursor, int)[0])))
    async with database.connection() as conn:
        await known(conn, tenant_id=tenant_id, campaign=campaign)
        rows = await store.select_revisions(
            conn, tenant_id=tenant_id, campaign=campaign, before=before, limit=size + 1
        )
    read = [terms_in(one) for one in rows]
    changes = [
        Change(revision=one, terms=read[place], before=read[place + 1] if place + 1 < len(read) else None)
        for place, one in enumerate(rows[:size])
    ]
    return Page(changes, encode_cursor([rows[size - 1].revision]) if len(rows) > size else None)


async def revision(*, database: Database, tenant_id: int, campaign: str, number: int) -> Change:
    """Return a revision of a campaign, with the terms of the one before it.

    Raises Refusal `campaign.unknown`, `revision.unknown` (NOT_FOUND).
    """
    if not 1 <= number < _NEWEST:
        raise unknown_revision()
    async with database.connection() as conn:
        await known(conn, tenant_id=tenant_id, campaign=campaign)
        rows = await store.select_revisions(
            conn, tenant_id=tenant_id, campaign=campaign, before=number + 1, limit=2
        )
    if not rows or rows[0].revision != number:
        raise unknown_revision()
    before = terms_in(rows[1]) if len(rows) > 1 else None
    return Change(revision=rows[0], terms=terms_in(rows[0]), before=before)


async def budget(*, database: Database, tenant_id: int, campaign: str) -> Budget:
    """Return a campaign's budget. Raises Refusal `campaign.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        number = found.approved or found.newest
        held = await revision_in(conn, tenant_id=tenant_id, campaign=campaign, number=number)
        asset = terms_in(held).reward.asset
        return await budget_in(conn, tenant_id=tenant_id, campaign=campaign, asset=asset)


async def budget_in(conn: Connection, *, tenant_id: int, campaign: str, asset: str) -> Budget:
    """Return the budget of a campaign whose reward is in an asset."""
    account = chart.campaign_budget(campaign=campaign, asset=asset)
    open_ones = await balances.balances(conn, tenant_id=tenant_id, addresses=[account])
    return Budget(asset=asset, account=account, balance_minor=open_ones.get(account, 0))


async def transfers(
    *, database: Database, tenant_id: int, campaign: str, limit: int | None, cursor: str | None
) -> Page[BudgetTransfer]:
    """Return a page of a campaign's budget transfers, newest first.

    Raises Refusal `campaign.unknown` (NOT_FOUND), `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    before = _LATEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        await known(conn, tenant_id=tenant_id, campaign=campaign)
        rows = await budget_store.select_transfers(
            conn, tenant_id=tenant_id, campaign=campaign, before=before, limit=size + 1
        )
    return Page(rows[:size], encode_cursor([rows[size - 1].number]) if len(rows) > size else None)


async def attributes(*, database: Database, tenant_id: int, viewer: str) -> Attributes:
    """Return what was said last of a viewer; revision 0 where nothing ever was."""
    async with database.connection() as conn:
        return await people_store.select_attributes(conn, tenant_id=tenant_id, viewer=viewer)


async def calendar(*, database: Database, tenant_id: int, calendar: str) -> Calendar:
    """Return a calendar. Raises Refusal `calendar.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await people_store.select_calendar(
            conn, tenant_id=tenant_id, calendar=check_calendar(calendar)
        )
    if found is None:
        raise unknown_calendar()
    return found


async def calendars(
    *, database: Database, tenant_id: int, limit: int | None, cursor: str | None
) -> Page[Calendar]:
    """Return a page of calendars by id. Raises Refusal `limit.invalid`, `cursor.invalid`."""
    size = check_limit(limit)
    after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
    async with database.connection() as conn:
        rows = await people_store.select_calendar_page(conn, tenant_id=tenant_id, after=after, limit=size + 1)
    return Page(rows[:size], encode_cursor([rows[size - 1].id]) if len(rows) > size else None)


async def promise(*, database: Database, tenant: str, campaign: str) -> Promise:
    """Return what anybody may read of a campaign of the tenant of a slug, up to 100 approved revisions.

    Raises Refusal `campaign.unknown` (NOT_FOUND), also for what is not approved.
    """
    async with database.connection() as conn:
        tenant_id = await _tenant(conn, slug=tenant)
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        rows = await store.select_revisions(
            conn,
            tenant_id=tenant_id,
            campaign=campaign,
            before=_NEWEST,
            limit=_PUBLIC_MAX,
            state="approved",
        )
    if not rows:
        raise unknown_campaign()
    return Promise(tenant_id=tenant_id, campaign=found, revisions=tuple(rows))


async def promised(*, database: Database, tenant: str, campaign: str, number: int) -> Revision:
    """Return an approved revision, whoever asks. Raises Refusal `revision.unknown` (NOT_FOUND)."""
    found = None
    async with database.connection() as conn:
        tenant_id = await _tenant(conn, slug=tenant)
        if 1 <= number < _NEWEST:
            found = await store.select_revision(
                conn, tenant_id=tenant_id, campaign=check_campaign(campaign), revision=number
            )
    if found is None or found.state != "approved":
        raise unknown_revision()
    return found


async def terms_url(house: Addressed, *, tenant_id: int, campaign: str) -> str:
    """Return the address of a campaign's terms, which anybody may read."""
    async with house.database.connection() as conn:
        slug = await tenants.slug_of(conn, tenant_id=tenant_id)
    return f"{house.settings.public_url}/campaigns/{slug}/{campaign}"


async def revision_in(conn: Connection, *, tenant_id: int, campaign: str, number: int) -> Revision:
    """Return a revision. Raises Refusal `revision.unknown` (NOT_FOUND)."""
    if not 1 <= number < _NEWEST:
        raise unknown_revision()
    found = await store.select_revision(conn, tenant_id=tenant_id, campaign=campaign, revision=number)
    if found is None:
        raise unknown_revision()
    return found


async def known(conn: Connection, *, tenant_id: int, campaign: str) -> Campaign:
    """Return a campaign. Raises Refusal `campaign.unknown` (NOT_FOUND)."""
    found = await store.select_campaign(conn, tenant_id=tenant_id, campaign=check_campaign(campaign))
    if found is None:
        raise unknown_campaign()
    return found


async def _tenant(conn: Connection, *, slug: str) -> int:
    """Return the tenant of a slug that anybody may have sent."""
    tenant_id = await tenants.tenant_of(conn, slug=slug) if valid_name(slug) else None
    if tenant_id is None:
        raise unknown_campaign()
    return tenant_id
