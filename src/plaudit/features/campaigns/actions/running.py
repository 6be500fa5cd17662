"""A campaign that was approved: paused, resumed, ended before its time, and ended by it."""

from dataclasses import replace
from datetime import datetime

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Book, Decision
from plaudit.features.campaigns.actions.base import (
    TIME,
    WRITE,
    Means,
    locked,
    open_seed,
    revision_of,
    subject_of,
    system_grant,
    table_command,
)
from plaudit.features.campaigns.model.life import Campaign, check_approved, check_live, terms_in
from plaudit.features.campaigns.store import life as store
from plaudit.kernel.refusal import conflict, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import CampaignEnded, CampaignPaused, CampaignResumed


class NotDue(Exception):
    """Raised within the work of an end by time when it is not: it was told, or the time was prolonged."""


async def pause(means: Means, *, grant: Grant, key: str, campaign: str) -> Outcome:
    """Let an approved campaign stand still. Raises Refusal `campaign.state`, `campaign.paused` (CONFLICT)."""
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await _approved(tx, grant=grant, campaign=campaign, now=now)
        if found.paused:
            raise conflict("campaign.paused", "This campaign is paused already.", campaign=campaign)
        await store.update_campaign(tx, tenant_id=grant.tenant_id, campaign=replace(found, paused=True))
        paused = CampaignPaused(campaign=campaign, cause="operator", maker=grant.actor.text)
        return work_of(subject_of(campaign), paused)

    command = table_command(verb="pause", permission=WRITE, grant=grant, key=key, content=campaign)
    return await means.corridor.run(command, work)


async def resume(means: Means, *, grant: Grant, key: str, campaign: str) -> Outcome:
    """Let a paused campaign go on, for what is recorded after this.

    Raises Refusal `campaign.state` (CONFLICT) unless it is paused, and `campaign.unfunded` (REFUSED) while
    its budget is empty.
    """
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await _approved(tx, grant=grant, campaign=campaign, now=now)
        if found.pause is None:
            raise conflict("campaign.state", "This campaign is not paused.", campaign=campaign)
        goes_on = replace(found, paused=False, dry=None)
        await store.update_campaign(tx, tenant_id=grant.tenant_id, campaign=goes_on)
        held = await revision_of(
            tx, tenant_id=grant.tenant_id, campaign=campaign, revision=found.approved or 0
        )
        budget = chart.campaign_budget(campaign=campaign, asset=terms_in(held).reward.asset)
        resumed = CampaignResumed(campaign=campaign, maker=grant.actor.text)
        decision = Decision(Fact(subject_of(campaign), resumed))

        def decide(book: Book) -> Decision:
            if book.balance(budget) <= 0:
                raise refused(
                    "campaign.unfunded",
                    "The budget is empty; let a transfer be approved first.",
                    account=budget,
                )
            return decision

        return Work(Plan(decide, (budget,)))

    command = table_command(verb="resume", permission=WRITE, grant=grant, key=key, content=campaign)
    return await means.corridor.run(command, work)


async def end(means: Means, *, grant: Grant, key: str, campaign: str) -> Outcome:
    """End an approved campaign before its time, for good.

    Raises Refusal `campaign.state` (CONFLICT), `campaign.ended` (REFUSED).
    """
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await _approved(tx, grant=grant, campaign=campaign, now=now)
        return await _ended(
            means, tx, tenant_id=grant.tenant_id, found=found, now=now, maker=grant.actor.text
        )

    command = table_command(verb="end", permission=WRITE, grant=grant, key=key, content=campaign)
    return await means.corridor.run(command, work)


async def end_by_time(means: Means, *, tenant_id: int, campaign: str) -> Outcome:
    """Tell that a campaign's time is over. Raises NotDue, and Refusal while the tenant is switched off."""
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await locked(tx, tenant_id=tenant_id, campaign=campaign)
        if found.ended_at is not None or found.ends_at is None or now < found.ends_at:
            raise NotDue
        return await _ended(means, tx, tenant_id=tenant_id, found=found, now=now, maker=None)

    command = table_command(
        verb="end_by_time",
        permission=TIME,
        grant=system_grant(tenant_id),
        key=f"end/{campaign}",
        content=campaign,
    )
    return await means.corridor.run(command, work)


async def _approved(tx: Connection, *, grant: Grant, campaign: str, now: datetime) -> Campaign:
    """Return a campaign that was approved and is not over, locked."""
    found = await locked(tx, tenant_id=grant.tenant_id, campaign=campaign)
    check_approved(found)
    check_live(found, now=now)
    return found


async def _ended(
    means: Means, tx: Connection, *, tenant_id: int, found: Campaign, now: datetime, maker: str | None
) -> Work:
    """End a locked campaign, and tell by what its random rewards were drawn."""
    await store.update_campaign(tx, tenant_id=tenant_id, campaign=replace(found, ended_at=now))
    seed = None
    if found.seed is not None:
        seed = open_seed(means.vault, tenant_id=tenant_id, campaign=found.id, sealed=found.seed).hex()
    return work_of(subject_of(found.id), CampaignEnded(campaign=found.id, maker=maker, seed=seed))
