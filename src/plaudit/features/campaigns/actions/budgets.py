"""A campaign's budget: asked for by one person, moved or rejected by another."""

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.table import work_of
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, PrivatePart
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.campaigns.actions.base import (
    CHECK,
    WRITE,
    Means,
    newest_of,
    revision_of,
    subject_of,
    table_command,
)
from plaudit.features.campaigns.model.budgets import (
    TRANSFER,
    BudgetTransfer,
    TransferState,
    check_amount,
    check_pending,
    source_of,
    unknown_transfer,
)
from plaudit.features.campaigns.model.life import (
    Campaign,
    check_campaign,
    check_checker,
    check_live,
    check_reason,
    terms_in,
    unknown_campaign,
)
from plaudit.features.campaigns.store import budgets as store
from plaudit.features.campaigns.store import life as life_store
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import BudgetApproved, BudgetRejected, BudgetRequested


async def request_budget(
    means: Means, *, grant: Grant, key: str, campaign: str, amount_minor: int
) -> Outcome:
    """Ask for `amount_minor` of the reward's asset to go into a budget, or out of it; nothing moves yet.

    Raises Refusal `campaign.unknown` (NOT_FOUND), `budget.amount` (INVALID), `campaign.ended` (REFUSED) for
    more after the end.
    """
    check_campaign(campaign)
    check_amount(amount_minor)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await _shared(tx, grant=grant, campaign=campaign)
        if amount_minor > 0:
            check_live(found, now=now)
        asset = await _asset_of(tx, grant=grant, campaign=found)
        number = await store.insert_transfer(
            tx,
            tenant_id=grant.tenant_id,
            campaign=campaign,
            asset=asset,
            amount_minor=amount_minor,
            maker=grant.actor.text,
            now=now,
        )
        requested = BudgetRequested(
            campaign=campaign,
            transfer=encode_id(TRANSFER, number),
            asset=asset,
            amount_minor=amount_minor,
            maker=grant.actor.text,
        )
        return work_of(subject_of(campaign), requested)

    command = table_command(
        verb="request_budget", permission=WRITE, grant=grant, key=key, content=(campaign, amount_minor)
    )
    return await means.corridor.run(command, work)


async def approve_budget(means: Means, *, grant: Grant, key: str, campaign: str, transfer: str) -> Outcome:
    """Move a budget that somebody else asked for.

    Raises Refusal `budget.unknown` (NOT_FOUND), `budget.settled` (CONFLICT), `checker.invalid` (FORBIDDEN),
    `budget.asset`, `campaign.ended`, and what the ledger refuses: the transfer then stays pending.
    """
    number = decode_id(TRANSFER, transfer)
    now = means.clock.now()

    async def work(tx: Connection) -> Work:
        found = await _shared(tx, grant=grant, campaign=campaign)
        asked = await _settle(tx, means, grant=grant, campaign=campaign, number=number, state="approved")
        if asked.amount_minor > 0:
            check_live(found, now=now)
            if asked.asset != await _asset_of(tx, grant=grant, campaign=found):
                raise refused(
                    "budget.asset",
                    "The campaign's reward is of another asset by now; reject this, and ask for that.",
                    asset=asked.asset,
                )
        approved = BudgetApproved(
            campaign=campaign,
            transfer=transfer,
            asset=asked.asset,
            amount_minor=asked.amount_minor,
            maker=asked.maker,
            checker=grant.actor.text,
        )
        budget = chart.campaign_budget(campaign=campaign, asset=asked.asset)
        source, destination = source_of(asked.asset), budget
        if asked.amount_minor < 0:
            source, destination = destination, source
        moved = Transfer(source, destination, abs(asked.amount_minor))
        decision = Decision(Fact(subject_of(campaign), approved), (moved,))
        return Work(Plan(lambda _book: decision, (source, destination)))

    command = table_command(
        verb="approve_budget", permission=CHECK, grant=grant, key=key, content=(campaign, number)
    )
    return await means.corridor.run(command, work)


async def reject_budget(
    means: Means, *, grant: Grant, key: str, campaign: str, transfer: str, reason: str
) -> Outcome:
    """Close a transfer that somebody else asked for; nothing moves.

    Raises Refusal as `approve_budget`, and `body.invalid` without a reason.
    """
    number = decode_id(TRANSFER, transfer)
    text = check_reason(reason)
    private = PrivatePart("reason", grant.actor.text, text, means.randomness(16))

    async def work(tx: Connection) -> Work:
        await _shared(tx, grant=grant, campaign=campaign)
        asked = await _settle(
            tx, means, grant=grant, campaign=campaign, number=number, state="rejected", reason=text
        )
        rejected = BudgetRejected(
            campaign=campaign,
            transfer=transfer,
            asset=asked.asset,
            amount_minor=asked.amount_minor,
            maker=asked.maker,
            checker=grant.actor.text,
            reason_hash=private.digest,
        )
        return work_of(subject_of(campaign), rejected, private=(private,))

    command = table_command(
        verb="reject_budget", permission=CHECK, grant=grant, key=key, content=(campaign, number, text)
    )
    return await means.corridor.run(command, work)


async def _shared(tx: Connection, *, grant: Grant, campaign: str) -> Campaign:
    found = await life_store.share_campaign(tx, tenant_id=grant.tenant_id, campaign=check_campaign(campaign))
    if found is None:
        raise unknown_campaign()
    return found


async def _asset_of(tx: Connection, *, grant: Grant, campaign: Campaign) -> str:
    """Return what a campaign's reward is of: fixed by its approval, before it by the newest draft."""
    if campaign.approved is None:
        held = await newest_of(tx, tenant_id=grant.tenant_id, campaign=campaign)
    else:
        held = await revision_of(
            tx, tenant_id=grant.tenant_id, campaign=campaign.id, revision=campaign.approved
        )
    return terms_in(held).reward.asset


async def _settle(
    tx: Connection,
    means: Means,
    *,
    grant: Grant,
    campaign: str,
    number: int,
    state: TransferState,
    reason: str | None = None,
) -> BudgetTransfer:
    """Lock a pending transfer and mark it, by a person who did not ask for it."""
    asked = await store.lock_transfer(tx, tenant_id=grant.tenant_id, campaign=campaign, number=number)
    if asked is None:
        raise unknown_transfer()
    check_checker(makers=(asked.maker,), checker=grant.actor)
    check_pending(asked)
    await store.settle_transfer(
        tx,
        tenant_id=grant.tenant_id,
        number=number,
        state=state,
        checker=grant.actor.text,
        reason=reason,
        now=means.clock.now(),
    )
    return asked
