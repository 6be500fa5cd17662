"""Terms over HTTP: drafts written, handed in, decided about by another person; what each changed."""

from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome
from plaudit.core.handles import Database
from plaudit.features.campaigns.actions import drafts
from plaudit.features.campaigns.actions.base import Means
from plaudit.features.campaigns.http.fields import (
    CHECK,
    DONE,
    READ,
    TAGS,
    WRITE,
    Cursor,
    Limit,
    fact_of,
    text_of,
    time_of,
)
from plaudit.features.campaigns.model.checking import changes, shown
from plaudit.features.campaigns.model.life import RevisionState
from plaudit.features.campaigns.queries import life as queries
from plaudit.kernel.time import format_time
from plaudit.platform.web import Response, answer, get, post, put
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignDiscarded,
    CampaignRejected,
    CampaignSaved,
    CampaignSubmitted,
)


class NewTerms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The terms of a campaign's next revision.

    They hold from `effective_from` on, or from their approval. `revises` is the number of the revision that
    you have read: when it is not the newest any more, nothing is saved.
    """

    terms: dict[str, Any]
    effective_from: str | None = None
    revises: int | None = None


class Which(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The revision that is meant, which must be the newest."""

    revision: int


class Verdict(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The revision that is sent back, and why."""

    revision: int
    reason: str


class RevisionDone(msgspec.Struct, kw_only=True):
    """What was just done about a revision.

    `terms_hash` is the SHA-256 of its terms, null where they do not matter any more. Once approved, it holds
    from `effective_from` on; `seed_hash` is the SHA-256 of the secret of random rewards, told when they end.
    """

    campaign: str
    revision: int
    state: RevisionState
    by: str
    terms_hash: str | None
    effective_from: str | None
    seed_hash: str | None
    position: int
    recorded_at: str


class ChangeView(msgspec.Struct, kw_only=True):
    """What is another than in the revision before, with its place; null where it is not there."""

    place: str
    before: Any
    after: Any


class RevisionView(msgspec.Struct, kw_only=True):
    """A revision: who wrote it, handed it in and decided, its terms, and what changed to the one before."""

    campaign: str
    revision: int
    state: RevisionState
    author: str
    maker: str | None
    checker: str | None
    reason: str | None
    terms: dict[str, Any]
    terms_hash: str
    wanted_from: str | None
    effective_from: str | None
    saved_at: str
    submitted_at: str | None
    checked_at: str | None
    changes: list[ChangeView]


class RevisionPage(msgspec.Struct, kw_only=True):
    """Some revisions, newest first."""

    items: list[RevisionView]
    next_cursor: str | None


@put("/v1/campaigns/{campaign:str}", opt=WRITE, summary="Write a draft", tags=TAGS)
async def put_campaign(
    *, campaign: str, data: NewTerms, grant: Grant, idempotency_key: str, house: Means
) -> Response[RevisionDone]:
    """Save the draft of a new campaign, over the draft there is, or of the next revision."""
    outcome = await drafts.save_draft(
        house,
        grant=grant,
        key=idempotency_key,
        campaign=campaign,
        sent=data.terms,
        wanted_from=time_of(data.effective_from, "effective_from"),
        revises=data.revises,
    )
    fact = fact_of(outcome, CampaignSaved)
    return _done(outcome, fact, "draft", by=fact.author)


@post(
    "/v1/campaigns/{campaign:str}/submit",
    opt=WRITE,
    status_code=DONE,
    summary="Hand a draft in for review",
    tags=TAGS,
)
async def submit_campaign(
    *, campaign: str, data: Which, grant: Grant, idempotency_key: str, house: Means
) -> Response[RevisionDone]:
    """Hand in the newest draft. Its terms are frozen, with the days of its calendars as they stand now."""
    outcome = await drafts.submit(
        house, grant=grant, key=idempotency_key, campaign=campaign, revision=data.revision
    )
    fact = fact_of(outcome, CampaignSubmitted)
    return _done(outcome, fact, "submitted", by=fact.maker)


@post(
    "/v1/campaigns/{campaign:str}/approve",
    opt=CHECK,
    status_code=DONE,
    summary="Approve a revision",
    tags=TAGS,
)
async def approve_campaign(
    *, campaign: str, data: Which, grant: Grant, idempotency_key: str, house: Means
) -> Response[RevisionDone]:
    """Let a revision hold that other persons have written and handed in."""
    outcome = await drafts.approve(
        house, grant=grant, key=idempotency_key, campaign=campaign, revision=data.revision
    )
    fact = fact_of(outcome, CampaignApproved)
    return _done(outcome, fact, "approved", by=fact.checker)


@post(
    "/v1/campaigns/{campaign:str}/reject",
    opt=CHECK,
    status_code=DONE,
    summary="Send a revision back",
    tags=TAGS,
)
async def reject_campaign(
    *, campaign: str, data: Verdict, grant: Grant, idempotency_key: str, house: Means
) -> Response[RevisionDone]:
    """Send back a revision that other persons have written and handed in."""
    outcome = await drafts.reject(
        house,
        grant=grant,
        key=idempotency_key,
        campaign=campaign,
        revision=data.revision,
        reason=data.reason,
    )
    fact = fact_of(outcome, CampaignRejected)
    return _done(outcome, fact, "rejected", by=fact.checker)


@post(
    "/v1/campaigns/{campaign:str}/discard",
    opt=WRITE,
    status_code=DONE,
    summary="Give a draft up",
    tags=TAGS,
)
async def discard_campaign(
    *, campaign: str, data: Which, grant: Grant, idempotency_key: str, house: Means
) -> Response[RevisionDone]:
    """Give up the newest revision, as long as it is not approved."""
    outcome = await drafts.discard(
        house, grant=grant, key=idempotency_key, campaign=campaign, revision=data.revision
    )
    fact = fact_of(outcome, CampaignDiscarded)
    return _done(outcome, fact, "discarded", by=fact.maker)


@get("/v1/campaigns/{campaign:str}/revisions", opt=READ, summary="The revisions of a campaign", tags=TAGS)
async def list_revisions(
    *, campaign: str, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> RevisionPage:
    """Return the revisions of a campaign, each with what it changed."""
    page = await queries.revisions(
        database=database, tenant_id=grant.tenant_id, campaign=campaign, limit=limit, cursor=cursor
    )
    return RevisionPage(items=[revision_view(one) for one in page.items], next_cursor=page.next_cursor)


@get(
    "/v1/campaigns/{campaign:str}/revisions/{revision:int}",
    opt=READ,
    summary="A revision of a campaign",
    tags=TAGS,
)
async def show_revision(*, campaign: str, revision: int, grant: Grant, database: Database) -> RevisionView:
    """Return one revision, with what it changed."""
    found = await queries.revision(
        database=database, tenant_id=grant.tenant_id, campaign=campaign, number=revision
    )
    return revision_view(found)


ROUTES: Final[tuple[Any, ...]] = (
    put_campaign,
    submit_campaign,
    approve_campaign,
    reject_campaign,
    discard_campaign,
    list_revisions,
    show_revision,
)


def revision_view(one: queries.Change) -> RevisionView:
    """Return a revision as it is shown."""
    revision = one.revision
    changed = [] if one.before is None else changes(one.before, one.terms)
    return RevisionView(
        campaign=revision.campaign,
        revision=revision.revision,
        state=revision.state,
        author=revision.author,
        maker=revision.maker,
        checker=revision.checker,
        reason=revision.reason,
        terms=shown(one.terms),
        terms_hash=revision.terms_hash,
        wanted_from=text_of(revision.wanted_from),
        effective_from=text_of(revision.effective_from),
        saved_at=format_time(revision.saved_at),
        submitted_at=text_of(revision.submitted_at),
        checked_at=text_of(revision.checked_at),
        changes=[ChangeView(place=place, before=before, after=after) for place, before, after in changed],
    )


def _done(
    outcome: Outcome,
    fact: CampaignSaved | CampaignSubmitted | CampaignApproved | CampaignRejected | CampaignDiscarded,
    state: RevisionState,
    *,
    by: str,
) -> Response[RevisionDone]:
    approved = fact if isinstance(fact, CampaignApproved) else None
    body = RevisionDone(
        campaign=fact.campaign,
        revision=fact.revision,
        state=state,
        by=by,
        terms_hash=None if isinstance(fact, CampaignDiscarded) else fact.terms_hash,
        effective_from=None if approved is None else format_time(approved.effective_from),
        seed_hash=None if approved is None else approved.seed_hash,
        position=outcome.position,
        recorded_at=format_time(outcome.recorded_at),
    )
    return answer(body, replayed=outcome.replayed)
