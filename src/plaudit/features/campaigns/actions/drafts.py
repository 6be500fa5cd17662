"""Writing terms: a draft of a revision, handed in, decided about by another person, or given up."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.table import work_of
from plaudit.core.commands.tenants import ZONE
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, PrivatePart, canonical
from plaudit.core.ledger.book import Book, Decision
from plaudit.features.campaigns.actions.base import (
    CHECK,
    WRITE,
    Means,
    locked,
    newest_of,
    revision_of,
    seal_seed,
    subject_of,
    table_command,
)
from plaudit.features.campaigns.model.budgets import check_asset
from plaudit.features.campaigns.model.checking import check_together, fixed_change, terms_of
from plaudit.features.campaigns.model.life import (
    Campaign,
    Revision,
    RevisionState,
    check_beginning,
    check_campaign,
    check_checker,
    check_live,
    check_reason,
    check_state,
    check_wanted,
    check_writable,
    terms_in,
)
from plaudit.features.campaigns.model.terms import Random, Terms, terms_hash, terms_text
from plaudit.features.campaigns.store import budgets as budget_store
from plaudit.features.campaigns.store import life as store
from plaudit.features.campaigns.store import people as people_store
from plaudit.kernel.refusal import conflict, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignDiscarded,
    CampaignRejected,
    CampaignSaved,
    CampaignSubmitted,
)

SEED_BYTES: Final = 32


async def save_draft(
    means: Means,
    *,
    grant: Grant,
    key: str,
    campaign: str,
    sent: dict[str, Any],
    wanted_from: datetime | None,
    revises: int | None,
) -> Outcome:
    """Write a draft: of a new campaign, over the draft there is, or of a campaign's next revision.

    `sent` are the terms as JSON. `revises` is the revision that the writer has read, None for whatever there
    is. Raises Refusal for what is wrong with the terms, with its place; `campaign.stale`,
    `campaign.submitted`, `campaign.fixed` (CONFLICT), `campaign.ended` (REFUSED).
    """
    check_campaign(campaign)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        terms = await _checked(means, tx, tenant_id=grant.tenant_id, sent=sent)
        check_wanted(wanted_from, ends_at=terms.ends_at, now=now)
        found = await store.lock_campaign(tx, tenant_id=grant.tenant_id, campaign=campaign)
        number = await _number(tx, grant=grant, found=found, terms=terms, revises=revises, now=now)
        draft = Revision(
            campaign=campaign,
            revision=number,
            state="draft",
            author=grant.actor.text,
            sent=canonical(sent),
            terms=terms_text(terms),
            terms_hash=terms_hash(terms),
            saved_at=now,
            wanted_from=wanted_from,
        )
        if found is None:
            made = Campaign(id=campaign, created_at=now, newest=number)
            await store.insert_campaign(tx, tenant_id=grant.tenant_id, campaign=made)
        else:
            await _check_kept(tx, grant=grant, found=found, terms=terms, effective_from=wanted_from or now)
            written = replace(found, newest=number)
            await store.update_campaign(tx, tenant_id=grant.tenant_id, campaign=written)
        await store.save_revision(tx, tenant_id=grant.tenant_id, revision=draft)
        saved = CampaignSaved(
            campaign=campaign, revision=number, author=draft.author, terms_hash=draft.terms_hash
        )
        return work_of(subject_of(campaign), saved)

    command = table_command(
        verb="save_draft",
        permission=WRITE,
        grant=grant,
        key=key,
        content=(campaign, sent, wanted_from, revises),
    )
    return await means.corridor.run(command, work)


async def submit(means: Means, *, grant: Grant, key: str, campaign: str, revision: int) -> Outcome:
    """Hand the newest draft in for review; its terms are frozen, with the calendars as they stand now.

    Raises Refusal as `save_draft`, `revision.state`, and `campaign.unfunded` (REFUSED) when nobody has asked
    for a budget that the reward could come from.
    """
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found, draft = await _newest(tx, grant=grant, campaign=campaign, revision=revision, now=now)
        check_state(draft, "draft")
        terms = await _checked(means, tx, tenant_id=grant.tenant_id, sent=msgspec.json.decode(draft.sent))
        check_wanted(None, ends_at=terms.ends_at, now=now)
        await _check_funded(tx, grant=grant, campaign=found, terms=terms)
        await _check_beside(tx, grant=grant, campaign=campaign, terms=terms, now=now)
        frozen = replace(
            draft,
            state="submitted",
            terms=terms_text(terms),
            terms_hash=terms_hash(terms),
            maker=grant.actor.text,
            submitted_at=now,
        )
        await store.save_revision(tx, tenant_id=grant.tenant_id, revision=frozen)
        submitted = CampaignSubmitted(
            campaign=campaign, revision=revision, maker=grant.actor.text, terms_hash=frozen.terms_hash
        )
        return work_of(subject_of(campaign), submitted)

    command = table_command(
        verb="submit", permission=WRITE, grant=grant, key=key, content=(campaign, revision)
    )
    return await means.corridor.run(command, work)


async def approve(means: Means, *, grant: Grant, key: str, campaign: str, revision: int) -> Outcome:
    """Let a revision hold that somebody else has written and handed in, from now on or from when it says.

    The first approval draws the secret of random rewards. Raises Refusal `checker.invalid` (FORBIDDEN),
    `revision.state`, `campaign.stale`, `campaign.fixed` (CONFLICT), `campaign.ended`, `campaign.unfunded`
    (REFUSED).
    """
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found, handed_in, maker = await _reviewed(
            tx, grant=grant, campaign=campaign, revision=revision, now=now
        )
        terms = terms_in(handed_in)
        check_wanted(None, ends_at=terms.ends_at, now=now)
        await _check_beside(tx, grant=grant, campaign=campaign, terms=terms, now=now)
        seed = means.randomness(SEED_BYTES) if _draws(found, terms) else None
        effective_from = max(now, handed_in.wanted_from or now)
        check_beginning(found, starts_at=terms.starts_at, effective_from=effective_from)
        approved = replace(
            found,
            approved=revision,
            starts_at=terms.starts_at,
            ends_at=terms.ends_at,
            seed=found.seed
            if seed is None
            else seal_seed(means, tenant_id=grant.tenant_id, campaign=campaign, seed=seed),
        )
        await store.update_campaign(tx, tenant_id=grant.tenant_id, campaign=approved)
        await _settle(
            tx, grant=grant, revision=handed_in, state="approved", now=now, effective_from=effective_from
        )
        fact = CampaignApproved(
            campaign=campaign,
            revision=revision,
            maker=maker,
            checker=grant.actor.text,
            effective_from=effective_from,
            terms=msgspec.json.decode(handed_in.terms),
            terms_hash=handed_in.terms_hash,
            seed_hash=None if seed is None else hashlib.sha256(seed).hexdigest(),
        )
        budget = chart.campaign_budget(campaign=campaign, asset=terms.reward.asset)
        decide = _approving(Decision(Fact(subject_of(campaign), fact)), budget, first=found.approved is None)
        return Work(Plan(decide, (budget,)))

    command = table_command(
        verb="approve", permission=CHECK, grant=grant, key=key, content=(campaign, revision)
    )
    return await means.corridor.run(command, work)


async def reject(
    means: Means, *, grant: Grant, key: str, campaign: str, revision: int, reason: str
) -> Outcome:
    """Send back a revision that somebody else has written and handed in.

    Raises Refusal as `approve`, and `body.invalid` without a reason.
    """
    text = check_reason(reason)
    now = means.clock.now()
    private = PrivatePart("reason", grant.actor.text, text, means.randomness(16))

    async def work(tx: Connection) -> Work:
        _, handed_in, maker = await _reviewed(tx, grant=grant, campaign=campaign, revision=revision, now=now)
        await _settle(tx, grant=grant, revision=handed_in, state="rejected", now=now, reason=text)
        rejected = CampaignRejected(
            campaign=campaign,
            revision=revision,
            maker=maker,
            checker=grant.actor.text,
            terms_hash=handed_in.terms_hash,
            reason_hash=private.digest,
        )
        return work_of(subject_of(campaign), rejected, private=(private,))

    command = table_command(
        verb="reject", permission=CHECK, grant=grant, key=key, content=(campaign, revision, text)
    )
    return await means.corridor.run(command, work)


async def discard(means: Means, *, grant: Grant, key: str, campaign: str, revision: int) -> Outcome:
    """Give up a draft, under review or not; the next one has another number.

    Raises Refusal `campaign.unknown`, `revision.unknown` (NOT_FOUND), `campaign.stale`, `revision.state`
    (CONFLICT).
    """
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await locked(tx, tenant_id=grant.tenant_id, campaign=campaign)
        _check_newest(found, revision)
        given_up = await newest_of(tx, tenant_id=grant.tenant_id, campaign=found)
        check_state(given_up, "draft", "submitted")
        await store.save_revision(
            tx,
            tenant_id=grant.tenant_id,
            revision=replace(given_up, state="discarded", checked_at=now),
        )
        discarded = CampaignDiscarded(campaign=campaign, revision=revision, maker=grant.actor.text)
        return work_of(subject_of(campaign), discarded)

    command = table_command(
        verb="discard", permission=WRITE, grant=grant, key=key, content=(campaign, revision)
    )
    return await means.corridor.run(command, work)


async def _checked(means: Means, tx: Connection, *, tenant_id: int, sent: dict[str, Any]) -> Terms:
    """Return the terms that were sent, with the calendars they name. Raises Refusal with the place."""
    zone = await means.references.get(tenant_id=tenant_id, topic=ZONE, key="*")
    calendars = await people_store.select_days(tx, tenant_id=tenant_id)
    return terms_of(sent, zone=zone.key, calendars=calendars)


async def _number(
    tx: Connection,
    *,
    grant: Grant,
    found: Campaign | None,
    terms: Terms,
    revises: int | None,
    now: datetime,
) -> int:
    """Return the number under which a draft is written."""
    if found is None:
        return 1
    check_live(found, now=now)
    newest = await newest_of(tx, tenant_id=grant.tenant_id, campaign=found)
    check_writable(newest, revises=revises)
    if found.approved is not None:
        held = await revision_of(tx, tenant_id=grant.tenant_id, campaign=found.id, revision=found.approved)
        place = fixed_change(terms_in(held), terms)
        if place is not None:
            raise conflict(
                "campaign.fixed",
                "This stays as it was approved for the life of the campaign; make another campaign for it.",
                place=place,
            )
    return newest.revision if newest.state == "draft" else newest.revision + 1


async def _check_kept(
    tx: Connection, *, grant: Grant, found: Campaign, terms: Terms, effective_from: datetime
) -> None:
    """Raise Refusal `campaign.fixed` (CONFLICT) when terms leave a beginning or a budget behind."""
    check_beginning(found, starts_at=terms.starts_at, effective_from=effective_from)
    budgets = await budget_store.select_assets(tx, tenant_id=grant.tenant_id, campaign=found.id)
    check_asset(terms.reward.asset, budgets=budgets)


async def _newest(
    tx: Connection, *, grant: Grant, campaign: str, revision: int, now: datetime
) -> tuple[Campaign, Revision]:
    """Return a campaign that goes on, locked, and its newest revision, which must be the one meant."""
    found = await locked(tx, tenant_id=grant.tenant_id, campaign=campaign)
    check_live(found, now=now)
    _check_newest(found, revision)
    return found, await newest_of(tx, tenant_id=grant.tenant_id, campaign=found)


async def _reviewed(
    tx: Connection, *, grant: Grant, campaign: str, revision: int, now: datetime
) -> tuple[Campaign, Revision, str]:
    """Return a campaign, locked, its revision under review by a person who may decide, and its maker."""
    found, handed_in = await _newest(tx, grant=grant, campaign=campaign, revision=revision, now=now)
    check_checker(makers=(handed_in.author, handed_in.maker), checker=grant.actor)
    check_state(handed_in, "submitted")
    assert handed_in.maker is not None, handed_in
    return found, handed_in, handed_in.maker


async def _settle(
    tx: Connection,
    *,
    grant: Grant,
    revision: Revision,
    state: RevisionState,
    now: datetime,
    reason: str | None = None,
    effective_from: datetime | None = None,
) -> None:
    settled = replace(
        revision,
        state=state,
        checker=grant.actor.text,
        checked_at=now,
        reason=reason,
        effective_from=effective_from,
    )
    await store.save_revision(tx, tenant_id=grant.tenant_id, revision=settled)


async def _check_funded(tx: Connection, *, grant: Grant, campaign: Campaign, terms: Terms) -> None:
    """Raise Refusal `campaign.unfunded` when no budget in the reward's asset was asked for."""
    if campaign.approved is None and not await budget_store.is_funded(
        tx, tenant_id=grant.tenant_id, campaign=campaign.id, asset=terms.reward.asset
    ):
        raise refused(
            "campaign.unfunded",
            "A reward needs a budget; ask for one in its asset first.",
            place="reward",
            asset=terms.reward.asset,
        )


async def _check_beside(tx: Connection, *, grant: Grant, campaign: str, terms: Terms, now: datetime) -> None:
    """Raise Refusal `campaign.group` (INVALID) when others of its group that go on do not go with it."""
    if terms.group is not None:
        beside = await store.lock_group(
            tx, tenant_id=grant.tenant_id, group=terms.group, but=campaign, now=now
        )
        check_together(terms, {one.campaign: terms_in(one) for one in beside})


def _check_newest(campaign: Campaign, revision: int) -> None:
    if campaign.newest != revision:
        raise conflict(
            "campaign.stale",
            "This is not the newest revision of the campaign; read that, and decide about it.",
            revision=campaign.newest,
        )


def _draws(campaign: Campaign, terms: Terms) -> bool:
    return campaign.seed is None and isinstance(terms.strategy, Random)


def _approving(decision: Decision, budget: str, *, first: bool) -> Callable[[Book], Decision]:
    def decide(book: Book) -> Decision:
        if first and book.balance(budget) <= 0:
            raise refused(
                "campaign.unfunded",
                "The budget is empty; let its transfer be approved first.",
                account=budget,
            )
        return decision

    return decide
