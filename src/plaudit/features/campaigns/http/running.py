"""Campaigns over HTTP: where they stand; paused, resumed and ended."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.handles import Database
from plaudit.features.campaigns.actions import running
from plaudit.features.campaigns.actions.base import Means
from plaudit.features.campaigns.http.drafts import RevisionView, revision_view
from plaudit.features.campaigns.http.fields import DONE, READ, TAGS, WRITE, Cursor, Limit, fact_of, text_of
from plaudit.features.campaigns.model.life import Campaign, Revision, State, terms_in
from plaudit.features.campaigns.queries import life as queries
from plaudit.kernel.time import Clock, format_time
from plaudit.platform.web import Response, answer, get, post
from plaudit.vocabulary.facts.campaigns import (
    CampaignData,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
    PauseCause,
)


class CampaignLine(msgspec.Struct, kw_only=True):
    """A campaign in the list: `revision` is its newest, `approved` the newest that was approved."""

    campaign: str
    state: State
    paused: PauseCause | None
    revision: int
    approved: int | None
    title_en: str
    title_zh: str
    starts_at: str
    ends_at: str
    ended_at: str | None


class CampaignPage(msgspec.Struct, kw_only=True):
    """Some campaigns, by id."""

    items: list[CampaignLine]
    next_cursor: str | None


class CampaignView(CampaignLine, kw_only=True):
    """A campaign with its newest revision; `terms_url` is the page of its terms for everybody.

    Titles and period are of the newest approved revision, or of the newest before there is one.
    """

    newest: RevisionView
    terms_url: str | None


class CampaignDone(msgspec.Struct, kw_only=True):
    """What was just done about a campaign; an ended one tells the `seed` of its random rewards."""

    campaign: str
    done: Literal["paused", "resumed", "ended"]
    by: str | None
    seed: str | None
    position: int
    recorded_at: str


@get("/v1/campaigns", opt=READ, summary="List campaigns", tags=TAGS)
async def list_campaigns(
    *, grant: Grant, database: Database, clock: Clock, limit: Limit = None, cursor: Cursor = None
) -> CampaignPage:
    """Return campaigns by id, and where they stand."""
    page = await queries.campaigns(database=database, tenant_id=grant.tenant_id, limit=limit, cursor=cursor)
    now = clock.now()
    return CampaignPage(
        items=[CampaignLine(**_line(one, newest, newest, now=now)) for one, newest in page.items],
        next_cursor=page.next_cursor,
    )


@get("/v1/campaigns/{campaign:str}", opt=READ, summary="A campaign", tags=TAGS)
async def show_campaign(*, campaign: str, grant: Grant, house: queries.Addressed) -> CampaignView:
    """Return a campaign with its newest revision."""
    found = await queries.overview(database=house.database, tenant_id=grant.tenant_id, campaign=campaign)
    newest = await queries.revision(
        database=house.database,
        tenant_id=grant.tenant_id,
        campaign=campaign,
        number=found.newest.revision,
    )
    shown = found.approved or found.newest
    return CampaignView(
        **_line(found.campaign, found.newest, shown, now=house.clock.now()),
        newest=revision_view(newest),
        terms_url=None
        if found.approved is None
        else await queries.terms_url(house, tenant_id=grant.tenant_id, campaign=campaign),
    )


@post(
    "/v1/campaigns/{campaign:str}/pause", opt=WRITE, status_code=DONE, summary="Pause a campaign", tags=TAGS
)
async def pause_campaign(
    *, campaign: str, grant: Grant, idempotency_key: str, house: Means
) -> Response[CampaignDone]:
    """Let a campaign stand still, for what happens until it is resumed."""
    outcome = await running.pause(house, grant=grant, key=idempotency_key, campaign=campaign)
    fact = fact_of(outcome, CampaignPaused)
    return _done(outcome, fact, "paused", by=fact.maker)


@post(
    "/v1/campaigns/{campaign:str}/resume",
    opt=WRITE,
    status_code=DONE,
    summary="Resume a campaign",
    tags=TAGS,
)
async def resume_campaign(
    *, campaign: str, grant: Grant, idempotency_key: str, house: Means
) -> Response[CampaignDone]:
    """Let a paused campaign go on, whoever or whatever had paused it."""
    outcome = await running.resume(house, grant=grant, key=idempotency_key, campaign=campaign)
    fact = fact_of(outcome, CampaignResumed)
    return _done(outcome, fact, "resumed", by=fact.maker)


@post("/v1/campaigns/{campaign:str}/end", opt=WRITE, status_code=DONE, summary="End a campaign", tags=TAGS)
async def end_campaign(
    *, campaign: str, grant: Grant, idempotency_key: str, house: Means
) -> Response[CampaignDone]:
    """End a campaign before its time, for good."""
    outcome = await running.end(house, grant=grant, key=idempotency_key, campaign=campaign)
    fact = fact_of(outcome, CampaignEnded)
    return _done(outcome, fact, "ended", by=fact.maker, seed=fact.seed)


ROUTES: Final[tuple[Any, ...]] = (
    list_campaigns,
    show_campaign,
    pause_campaign,
    resume_campaign,
    end_campaign,
)


def _line(campaign: Campaign, newest: Revision, shown: Revision, *, now: datetime) -> dict[str, Any]:
    """Return the fields of a line; texts and period of `shown`, unless an approved one has its own period."""
    terms = terms_in(shown)
    return {
        "campaign": campaign.id,
        "state": campaign.state(now, newest=newest.state),
        "paused": campaign.pause,
        "revision": newest.revision,
        "approved": campaign.approved,
        "title_en": terms.texts.title_en,
        "title_zh": terms.texts.title_zh,
        "starts_at": format_time(campaign.starts_at or terms.starts_at),
        "ends_at": format_time(campaign.ends_at or terms.ends_at),
        "ended_at": text_of(campaign.ended_at),
    }


def _done(
    outcome: Outcome,
    fact: CampaignData,
    done: Literal["paused", "resumed", "ended"],
    *,
    by: str | None,
    seed: str | None = None,
) -> Response[CampaignDone]:
    body = CampaignDone(
        campaign=fact.campaign,
        done=done,
        by=by,
        seed=seed,
        position=outcome.position,
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed)
