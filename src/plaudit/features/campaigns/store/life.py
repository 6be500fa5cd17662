"""Campaigns and their revisions, as operators write, review and stop them."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plaudit.features.campaigns.model.life import Campaign, Revision, RevisionState
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_CAMPAIGN = "campaign, created_at, newest, approved, starts_at, ends_at, paused, dry, ended_at, seed"
_REVISION = (
    "campaign, revision, state, author, sent, terms, terms_hash, saved_at, maker, checker, wanted_from,"
    " effective_from, reason, submitted_at, checked_at"
)
_COLUMNS = ", ".join(f"r.{column}" for column in _REVISION.split(", "))


async def lock_campaign(conn: Connection, *, tenant_id: int, campaign: str) -> Campaign | None:
    """Return a campaign that nobody else changes before this transaction ends, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_CAMPAIGN} FROM campaigns.campaign WHERE tenant_id = %s AND campaign = %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), campaign),
    )
    row = await cursor.fetchone()
    return None if row is None else _campaign(row)


async def select_campaign(conn: Connection, *, tenant_id: int, campaign: str) -> Campaign | None:
    """Return a campaign, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_CAMPAIGN} FROM campaigns.campaign WHERE tenant_id = %s AND campaign = %s",
        (Int4(tenant_id), campaign),
    )
    row = await cursor.fetchone()
    return None if row is None else _campaign(row)


async def select_campaigns(
    conn: Connection, *, tenant_id: int, after: str, limit: int
) -> list[tuple[Campaign, Revision]]:
    """Return campaigns by id, those after one, each with its newest revision."""
    cursor = await conn.execute(
        f"SELECT {_CAMPAIGN} FROM campaigns.campaign WHERE tenant_id = %s AND campaign > %s"
        " ORDER BY campaign LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    found = [_campaign(row) for row in await cursor.fetchall()]
    newest = await _select_newest(conn, tenant_id=tenant_id, campaigns=[one.id for one in found])
    return [(one, newest[one.id]) for one in found]


async def share_campaign(conn: Connection, *, tenant_id: int, campaign: str) -> Campaign | None:
    """Return a campaign that stays as it is until this transaction ends; others may share it meanwhile."""
    cursor = await conn.execute(
        f"SELECT {_CAMPAIGN} FROM campaigns.campaign WHERE tenant_id = %s AND campaign = %s FOR SHARE",
        (Int4(tenant_id), campaign),
    )
    row = await cursor.fetchone()
    return None if row is None else _campaign(row)


async def insert_campaign(conn: Connection, *, tenant_id: int, campaign: Campaign) -> None:
    """Insert a campaign with its first draft. Raises a unique violation when another has just done it."""
    await conn.execute(
        "INSERT INTO campaigns.campaign (tenant_id, campaign, created_at, newest) VALUES (%s, %s, %s, %s)",
        (Int4(tenant_id), campaign.id, campaign.created_at, Int4(campaign.newest)),
    )


async def update_campaign(conn: Connection, *, tenant_id: int, campaign: Campaign) -> None:
    """Write a campaign that this transaction has locked."""
    await conn.execute(
        "UPDATE campaigns.campaign SET newest = %s, approved = %s, starts_at = %s, ends_at = %s, paused = %s,"
        " dry = %s, ended_at = %s, seed = %s WHERE tenant_id = %s AND campaign = %s",
        (
            Int4(campaign.newest),
            campaign.approved,
            campaign.starts_at,
            campaign.ends_at,
            campaign.paused,
            campaign.dry,
            campaign.ended_at,
            campaign.seed,
            Int4(tenant_id),
            campaign.id,
        ),
    )


async def select_over(
    conn: Connection, *, tenant_id: int, now: datetime, after: tuple[datetime, str] | None, limit: int
) -> list[tuple[datetime, str]]:
    """Return (ends_at, campaign) of those that are over and not told to be, after such a pair."""
    beyond = "" if after is None else " AND (ends_at, campaign) > (%s, %s)"
    cursor = await conn.execute(
        "SELECT ends_at, campaign FROM campaigns.campaign WHERE tenant_id = %s AND approved IS NOT NULL"
        f" AND ended_at IS NULL AND ends_at <= %s{beyond} ORDER BY ends_at, campaign LIMIT %s",
        (Int4(tenant_id), now, *(after or ()), limit),
    )
    return [(ends_at, campaign) for ends_at, campaign in await cursor.fetchall()]


async def select_seeds(conn: Connection, *, tenant_id: int, campaigns: Sequence[str]) -> Mapping[str, bytes]:
    """Return the sealed seeds of those campaigns that have one."""
    cursor = await conn.execute(
        "SELECT campaign, seed FROM campaigns.campaign WHERE tenant_id = %s AND campaign = ANY(%s)"
        " AND seed IS NOT NULL",
        (Int4(tenant_id), packing.texts(campaigns)),
    )
    return {campaign: bytes(seed) for campaign, seed in await cursor.fetchall()}


async def apply_pauses(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Let the campaigns know which of them a span paused for want of budget, and which went on."""
    await conn.execute(
        "WITH f AS (SELECT DISTINCT ON (f.data ->> 'campaign') f.data ->> 'campaign' AS campaign, f.position,"
        " f.kind FROM journal.fact f WHERE f.tenant_id = %(tenant)s AND f.position > %(after)s"
        " AND f.position <= %(upto)s AND (f.kind = 'campaign.resumed'"
        " OR (f.kind = 'campaign.paused' AND f.data ->> 'cause' = 'budget'))"
        " ORDER BY f.data ->> 'campaign', f.position DESC)"
        " UPDATE campaigns.campaign c SET dry = CASE f.kind WHEN 'campaign.paused' THEN f.position END"
        " FROM f WHERE c.tenant_id = %(tenant)s AND c.campaign = f.campaign",
        {"tenant": Int4(tenant_id), "after": Int8(after), "upto": Int8(upto)},
    )


async def select_revision(
    conn: Connection, *, tenant_id: int, campaign: str, revision: int
) -> Revision | None:
    """Return a revision, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_REVISION} FROM campaigns.revision WHERE tenant_id = %s AND campaign = %s"
        " AND revision = %s",
        (Int4(tenant_id), campaign, Int4(revision)),
    )
    row = await cursor.fetchone()
    return None if row is None else _revision(row)


async def select_revisions(
    conn: Connection,
    *,
    tenant_id: int,
    campaign: str,
    before: int,
    limit: int,
    state: RevisionState | None = None,
) -> list[Revision]:
    """Return revisions of a campaign before a number, newest first, of one state or of all."""
    filtered = "" if state is None else " AND state = %s"
    cursor = await conn.execute(
        f"SELECT {_REVISION} FROM campaigns.revision WHERE tenant_id = %s AND campaign = %s"
        f" AND revision < %s{filtered} ORDER BY revision DESC LIMIT %s",
        (Int4(tenant_id), campaign, Int4(before), *(() if state is None else (state,)), limit),
    )
    return [_revision(row) for row in await cursor.fetchall()]


async def lock_group(
    conn: Connection, *, tenant_id: int, group: str, but: str, now: datetime
) -> list[Revision]:
    """Return what holds of the campaigns of a group that go on at a time, all `but` one.

    Nobody else looks at the group until this transaction ends: two that do not go together could each be
    approved while the other is not yet.
    """
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"campaigns.group/{tenant_id}/{group}",)
    )
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM campaigns.campaign c"
        " JOIN campaigns.revision r ON r.tenant_id = c.tenant_id AND r.campaign = c.campaign"
        " AND r.revision = c.approved WHERE c.tenant_id = %s AND c.campaign <> %s AND c.ended_at IS NULL"
        " AND c.ends_at > %s AND r.terms::jsonb ->> 'group' = %s ORDER BY c.campaign",
        (Int4(tenant_id), but, now, group),
    )
    return [_revision(row) for row in await cursor.fetchall()]


async def select_approved(conn: Connection, *, tenant_id: int, campaigns: Sequence[str]) -> list[Revision]:
    """Return the newest approved revisions of campaigns."""
    cursor = await conn.execute(
        f"SELECT {_COLUMNS} FROM campaigns.campaign c"
        " JOIN campaigns.revision r ON r.tenant_id = c.tenant_id AND r.campaign = c.campaign"
        " AND r.revision = c.approved WHERE c.tenant_id = %s AND c.campaign = ANY(%s)",
        (Int4(tenant_id), packing.texts(campaigns)),
    )
    return [_revision(row) for row in await cursor.fetchall()]


async def save_revision(conn: Connection, *, tenant_id: int, revision: Revision) -> None:
    """Insert a revision, or write it anew; the campaign must have been locked."""
    await conn.execute(
        f"INSERT INTO campaigns.revision (tenant_id, {_REVISION})"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, campaign, revision) DO UPDATE SET state = excluded.state,"
        " author = excluded.author, sent = excluded.sent, terms = excluded.terms,"
        " terms_hash = excluded.terms_hash, saved_at = excluded.saved_at, maker = excluded.maker,"
        " checker = excluded.checker, wanted_from = excluded.wanted_from,"
        " effective_from = excluded.effective_from, reason = excluded.reason,"
        " submitted_at = excluded.submitted_at, checked_at = excluded.checked_at",
        (
            Int4(tenant_id),
            revision.campaign,
            Int4(revision.revision),
            revision.state,
            revision.author,
            revision.sent.decode(),
            revision.terms.decode(),
            revision.terms_hash,
            revision.saved_at,
            revision.maker,
            revision.checker,
            revision.wanted_from,
            revision.effective_from,
            revision.reason,
            revision.submitted_at,
            revision.checked_at,
        ),
    )


async def _select_newest(
    conn: Connection, *, tenant_id: int, campaigns: Sequence[str]
) -> dict[str, Revision]:
    cursor = await conn.execute(
        f"SELECT DISTINCT ON (campaign) {_REVISION} FROM campaigns.revision WHERE tenant_id = %s"
        " AND campaign = ANY(%s) ORDER BY campaign, revision DESC",
        (Int4(tenant_id), packing.texts(campaigns)),
    )
    return {row[0]: _revision(row) for row in await cursor.fetchall()}


def _campaign(row: tuple[Any, ...]) -> Campaign:
    campaign, created_at, newest, approved, starts_at, ends_at, paused, dry, ended_at, seed = row
    return Campaign(
        id=campaign,
        created_at=created_at,
        newest=newest,
        approved=approved,
        starts_at=starts_at,
        ends_at=ends_at,
        paused=paused,
        dry=dry,
        ended_at=ended_at,
        seed=None if seed is None else bytes(seed),
    )


def _revision(row: tuple[Any, ...]) -> Revision:
    (
        campaign,
        revision,
        state,
        author,
        sent,
        terms,
        terms_hash,
        saved_at,
        maker,
        checker,
        wanted_from,
        effective_from,
        reason,
        submitted_at,
        checked_at,
    ) = row
    return Revision(
        campaign=campaign,
        revision=revision,
        state=state,
        author=author,
        sent=sent.encode(),
        terms=terms.encode(),
        terms_hash=terms_hash,
        saved_at=saved_at,
        maker=maker,
        checker=checker,
        wanted_from=wanted_from,
        effective_from=effective_from,
        reason=reason,
        submitted_at=submitted_at,
        checked_at=checked_at,
    )
