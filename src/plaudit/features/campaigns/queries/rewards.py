"""Questions about what campaigns gave and what they came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from plaudit.core.handles import Connection, Database
from plaudit.core.journal import read
from plaudit.core.journal.facts import Heard
from plaudit.core.ledger import balances
from plaudit.features.campaigns.model.life import Campaign, terms_in
from plaudit.features.campaigns.model.terms import Terms, Texts
from plaudit.features.campaigns.queries.life import Budget, budget_in, known, revision_in
from plaudit.features.campaigns.store import figures as store
from plaudit.features.campaigns.store import life as life_store
from plaudit.features.campaigns.store.figures import Cost, Paid
from plaudit.kernel.page import Page, check_limit, decode_cursor, encode_cursor
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignReversed,
    CampaignWithheld,
    VerdictData,
)

_LATEST: Final = 2**63 - 1
_DAYS_MAX: Final = timedelta(days=400)
"""Of longer campaigns the last days are told, and the sums of all."""

_KINDS: Final[Mapping[str, type[VerdictData]]] = {
    one.KIND: one for one in (CampaignGranted, CampaignWithheld, CampaignReversed)
}
_GIVEN: Final = ("granted", "reversed")
_ALL: Final = ("granted", "withheld", "reversed")

Decision: TypeAlias = Heard[VerdictData]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision about a reward; `matured` tells whether what had to mature has."""

    decision: Decision
    matured: bool
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """What a viewer was given, newest first, and what of it has not matured: minor units by asset."""

    page: Page[Told]
    pending: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a campaign came to: in all and by day of its zone; payments while it ran and as long before.

    Days and payments are told from `since` on and until `until`; those before from `before_since` on and
    until it began.
    """

    campaign: Campaign
    terms: Terms
    budget: Budget
    whole: Cost
    days: Sequence[Cost]
    since: datetime
    until: datetime
    before_since: datetime
    during: Sequence[Paid]
    before: Sequence[Paid]


async def rewards(
    *, database: Database, tenant_id: int, viewer: str, limit: int | None, cursor: str | None
) -> Rewards:
    """Return a page of what a viewer was granted and what was taken back.

    Raises Refusal `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    before = _LATEST if cursor is None else int(decode_cursor(cursor, int)[0])
    prefix = f"viewer/{viewer}/pending/"
    async with database.connection() as conn:
        told = await store.select_told(
            conn, tenant_id=tenant_id, viewer=viewer, before=before, limit=size + 1, kinds=_GIVEN
        )
        accounts = await balances.below(conn, tenant_id=tenant_id, prefix=prefix)
        page = await _page(conn, tenant_id=tenant_id, told=told, size=size)
    pending = {asset: balance for asset, balance, _ in accounts.values() if balance}
    return Rewards(page=page, pending=pending)


async def grants(
    *, database: Database, tenant_id: int, campaign: str, limit: int | None, cursor: str | None
) -> Page[Told]:
    """Return a page of what a campaign granted, withheld and took back, newest first.

    Raises Refusal `campaign.unknown` (NOT_FOUND), `limit.invalid`, `cursor.invalid`.
    """
    size = check_limit(limit)
    before = _LATEST if cursor is None else int(decode_cursor(cursor, int)[0])
    async with database.connection() as conn:
        await known(conn, tenant_id=tenant_id, campaign=campaign)
        told = await store.select_told(
            conn, tenant_id=tenant_id, campaign=campaign, before=before, limit=size + 1, kinds=_ALL
        )
        return await _page(conn, tenant_id=tenant_id, told=told, size=size)


async def figures(*, database: Database, tenant_id: int, campaign: str, now: datetime) -> Figures:
    """Return what a campaign came to so far. Raises Refusal `campaign.unknown` (NOT_FOUND)."""
    async with database.connection() as conn:
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        number = found.approved or found.newest
        held = await revision_in(conn, tenant_id=tenant_id, campaign=campaign, number=number)
        terms = terms_in(held)
        starts = terms.starts_at
        until = max(starts, min(now, found.ended_at or now, terms.ends_at))
        since = max(starts, until - _DAYS_MAX)
        before_since = starts - (until - since)
        costs = await store.select_costs(
            conn, tenant_id=tenant_id, campaign=campaign, zone=terms.zone, since=since
        )
        during = await store.select_paid(conn, tenant_id=tenant_id, zone=terms.zone, since=since, until=until)
        before = await store.select_paid(
            conn, tenant_id=tenant_id, zone=terms.zone, since=before_since, until=starts
        )
        budget = await budget_in(conn, tenant_id=tenant_id, campaign=campaign, asset=terms.reward.asset)
    whole, *days = costs
    return Figures(
        campaign=found,
        terms=terms,
        budget=budget,
        whole=whole,
        days=days,
        since=since,
        until=until,
        before_since=before_since,
        during=during,
        before=before,
    )


async def decisions(conn: Connection, *, tenant_id: int, positions: Sequence[int]) -> Mapping[int, Decision]:
    """Return what was decided at positions."""
    heard = await read.heard_at(conn, tenant_id=tenant_id, positions=positions, types=_KINDS)
    return {one.position: one for one in heard}


async def _page(conn: Connection, *, tenant_id: int, told: Sequence[store.Told], size: int) -> Page[Told]:
    shown = told[:size]
    found = await decisions(conn, tenant_id=tenant_id, positions=[one.position for one in shown])
    names = {one.data.campaign for one in found.values()}
    texts = {
        one.campaign: terms_in(one).texts
        for one in await life_store.select_approved(conn, tenant_id=tenant_id, campaigns=sorted(names))
    }
    items = [
        Told(
            decision=found[one.position],
            matured=one.matured is not None,
            texts=texts[found[one.position].data.campaign],
        )
        for one in shown
    ]
    return Page(items, encode_cursor([shown[-1].position]) if len(told) > size else None)
