"""The verbs of refunds: ask for one, approve, reject, send, send again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, PrivatePart
from plaudit.core.ledger.book import Decision
from plaudit.features.payments.actions import notices
from plaudit.features.payments.actions.base import Means, merchant_of, table_command
from plaudit.features.payments.actions.channels import channel_of, notify_url
from plaudit.features.payments.actions.settling import approved, declined, payment_words
from plaudit.features.payments.model.channel import Channel, RefundOrder, RefundReport
from plaudit.features.payments.model.effects import Claim
from plaudit.features.payments.model.intents import PAYMENT, unknown_payment
from plaudit.features.payments.model.refunds import (
    REFUND,
    Refund,
    check_amount,
    check_checker,
    check_reason,
    check_state,
    refund_number,
    unknown_refund,
)
from plaudit.features.payments.model.states import RefundState
from plaudit.features.payments.store import accounts as account_store
from plaudit.features.payments.store import refunds as store
from plaudit.features.payments.store import settling as settling_store
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.platform import failures, jobs, log
from plaudit.platform.jobs import Attempt, Job
from plaudit.vocabulary.facts.payments import RefundRequested, RefundRetried

_log = log.logger("payments")

REFUSED: Final = "channel.refused"
ASK_AFTER: Final = timedelta(seconds=60)
"""After this time without a callback the channel is asked about a refund."""

_REASONS: Final = {
    "asked": "Refund",
    "rejected": "Not available",
    "revoked": "Cancelled",
    "late": "Paid too late",
    "double": "Paid twice",
    "amount": "Another amount was paid",
}
"""What the channel is told of the cause. The maker's words are for this house alone."""


class SendRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Which refund is to be sent."""

    tenant_id: int
    refund: int


async def request_refund(
    *,
    corridor: Corridor,
    grant: Grant,
    key: str,
    payment: str,
    amount_minor: int | None,
    reason: str,
    now: datetime,
    salt: bytes,
) -> Outcome:
    """Ask for a refund of an amount of a payment, or of all that is left. `salt` are 16 random bytes.

    Where it takes the payment's refunds past the policy's amount it waits for a second person, else it goes
    on by itself. Raises Refusal `payment.unknown`, `refund.unpaid`, `refund.exceeded`, `refund.amount` and
    `body.invalid`.
    """
    text = check_reason(reason)
    number = decode_id(PAYMENT, payment)
    maker = grant.actor.text

    async def work(tx: Connection) -> Work:
        claim = await _claim(tx, tenant_id=grant.tenant_id, intent=number)
        wanted = check_amount(state=claim.state, left_minor=claim.left_minor, amount_minor=amount_minor)
        assert claim.paid_attempt is not None, "what can be refunded was paid"
        tries = await settling_store.lock_tries(tx, tenant_id=grant.tenant_id, intents=[number])
        review = await _needs_review(tx, grant.tenant_id, claim, wanted)
        private = PrivatePart("reason", f"viewer/{claim.payer}", text, salt)
        paid = tries[number][claim.paid_attempt]
        state: RefundState = "review" if review else "approved"
        refund = await store.insert_refund(
            tx,
            tenant_id=grant.tenant_id,
            intent=number,
            paid=paid,
            amount_minor=wanted,
            state=state,
            maker=maker,
            reason=text,
            reason_hash=private.digest,
            owner=private.owner,
            now=now,
        )
        await store.count_refunding(tx, tenant_id=grant.tenant_id, intent=number, amount_minor=wanted)
        return _requested(claim, refund, wanted, maker=maker, review=review, private=private)

    command = table_command(
        verb="request_refund",
        permission="refund.make",
        grant=grant,
        key=key,
        content=(number, amount_minor, text),
    )
    return await corridor.run(command, work)


def _requested(
    claim: Claim, refund: int, amount_minor: int, *, maker: str, review: bool, private: PrivatePart
) -> Work:
    requested = RefundRequested(
        **payment_words(claim) | {"amount_minor": amount_minor},
        refund=encode_id(REFUND, refund),
        cause="asked",
        maker=maker,
        review=review,
        reason_hash=private.digest,
    )
    decision = Decision(Fact(f"payment/{requested.payment}", requested, (private,)))
    return Work(Plan(lambda _book: decision))


async def approve_refund(*, corridor: Corridor, grant: Grant, key: str, refund: str) -> Outcome:
    """Let a refund go on that somebody else asked for.

    Raises Refusal `refund.unknown`, `refund.settled`, `checker.invalid`, and `limit.exceeded` by the ledger.
    """
    number = decode_id(REFUND, refund)
    checker = grant.actor.text

    async def work(tx: Connection) -> Work:
        claim, found = await _locked(tx, grant=grant, number=number)
        check_checker(maker=found.maker, checker=grant.actor)
        check_state(found, wanted="review", event="an approval")
        await store.settle_refund(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            state="approved",
            checker=checker,
            settled_at=None,
        )
        plan = approved(
            claim=claim,
            refund=number,
            amount_minor=found.amount_minor,
            cause=found.cause,
            checker=checker,
        )
        return Work(plan)

    command = table_command(
        verb="approve_refund", permission="refund.check", grant=grant, key=key, content=number
    )
    return await corridor.run(command, work)


async def reject_refund(
    *, corridor: Corridor, grant: Grant, key: str, refund: str, reason: str, now: datetime, salt: bytes
) -> Outcome:
    """End a refund that somebody else asked for; nothing moves. `salt` are 16 random bytes.

    Raises Refusal as `approve_refund`, and `body.invalid` without a reason.
    """
    number = decode_id(REFUND, refund)
    text = check_reason(reason)

    async def work(tx: Connection) -> Work:
        claim, found = await _locked(tx, grant=grant, number=number)
        check_checker(maker=found.maker, checker=grant.actor)
        check_state(found, wanted="review", event="a rejection")
        await store.settle_refund(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            state="rejected",
            checker=grant.actor.text,
            settled_at=now,
        )
        await store.count_refunding(
            tx, tenant_id=grant.tenant_id, intent=found.intent, amount_minor=-found.amount_minor
        )
        return Work(
            declined(
                claim=claim,
                refund=number,
                amount_minor=found.amount_minor,
                cause=found.cause,
                code="checker.rejected",
                counted=False,
                checker=grant.actor.text,
                private=PrivatePart("reason", found.owner, text, salt),
            )
        )

    command = table_command(
        verb="reject_refund", permission="refund.check", grant=grant, key=key, content=(number, text)
    )
    return await corridor.run(command, work)


async def retry_refund(*, corridor: Corridor, grant: Grant, key: str, refund: str, now: datetime) -> Outcome:
    """Send a refund again that the channel had refused, under a number for this try.

    Raises Refusal `refund.unknown`, `refund.settled`.
    """
    number = decode_id(REFUND, refund)

    async def work(tx: Connection) -> Work:
        claim, found = await _locked(tx, grant=grant, number=number)
        check_state(found, wanted="failed", event="another try")
        await store.send_again(tx, tenant_id=grant.tenant_id, number=number, ask_at=now + ASK_AFTER)
        await jobs.enqueue(tx, SEND_REFUND, arguments=SendRefund(tenant_id=grant.tenant_id, refund=number))
        retried = RefundRetried(
            **payment_words(claim) | {"asset": found.asset, "amount_minor": found.amount_minor},
            refund=refund,
            cause=found.cause,
            maker=grant.actor.text,
            retry=found.retries + 1,
        )
        decision = Decision(Fact(f"payment/{retried.payment}", retried))
        return Work(Plan(lambda _book: decision))

    command = table_command(
        verb="retry_refund", permission="refund.make", grant=grant, key=key, content=number
    )
    return await corridor.run(command, work)


async def send_refund(means: Means, *, tenant_id: int, refund: Refund, ask_first: bool) -> str:
    """Have a refund made at its channel, record what the channel says finally, and return what it said.

    With `ask_first` the channel is asked what it knows of it: it may have been sent before. The number there
    is the same each time, until a no: a retry has a number of its own. Only a no to the refund itself is one:
    a channel that does not let itself be asked, or an account that cannot be used, says nothing of what
    became of it. Raises Failure, and whatever the corridor refuses.
    """
    if refund.state != "sending":
        return refund.state
    report = await _report(means, tenant_id=tenant_id, refund=refund, ask_first=ask_first)
    if report.state in {"succeeded", "failed"}:
        command = notices.of_refund(
            tenant_id=tenant_id,
            source="query",
            told="refunded" if report.state == "succeeded" else "refund_failed",
            refund=refund,
            happened_at=report.happened_at,
            code=report.code,
        )
        await means.corridor.submit(command)
    if report.channel_refund is not None:
        async with means.database.connection() as conn:
            await store.save_channel_refund(
                conn,
                tenant_id=tenant_id,
                number=refund.number,
                channel_refund=report.channel_refund,
            )
    return report.state


async def confirm_refund(means: Means, *, tenant_id: int, refund: Refund) -> str:
    """Ask a channel whether a refund that succeeded has failed all the same, and return what it says.

    Only what it says when asked counts: the no of a try before may come again after the success. By its no
    the refund is undone; while it says neither it is asked again. Raises Failure, and whatever the corridor
    refuses.
    """
    channel, order = await _at_channel(means, tenant_id=tenant_id, refund=refund)
    report = await _known(channel, order, refund, newest=refund.retries)
    if report.state == "failed":
        command = notices.of_refund(
            tenant_id=tenant_id, source="query", told="refund_undone", refund=refund, code=report.code
        )
        await means.corridor.submit(command)
    elif report.state == "succeeded":
        async with means.database.connection() as conn:
            await store.believe(conn, tenant_id=tenant_id, number=refund.number)
    return report.state


async def _report(means: Means, *, tenant_id: int, refund: Refund, ask_first: bool) -> RefundReport:
    channel, order = await _at_channel(means, tenant_id=tenant_id, refund=refund)
    if refund.retries:
        # What was refused may have gone on by hand there: only after a no is it sent under a new number.
        before = await _known(channel, order, refund, newest=refund.retries - 1)
        if before.state not in {"failed", "absent"}:
            return before
    if ask_first:
        report = await channel.query_refund(order)
        if report.state != "absent":
            return report
    try:
        return await channel.refund(order)
    except failures.Final as error:
        _log.warning("refund refused", refund=refund.id, channel=refund.channel, error=str(error))
        return RefundReport(state="failed", code=REFUSED)


async def _known(channel: Channel, order: RefundOrder, refund: Refund, *, newest: int) -> RefundReport:
    """Ask about the tries of a refund from the `newest` back; return what is known of the first there is."""
    report = RefundReport(state="absent")
    for retry in range(newest, -1, -1):
        number = refund_number(refund.number, order=refund.order_number, retry=retry)
        report = await channel.query_refund(replace(order, number=number))
        if report.state != "absent":
            break
    return report


async def _at_channel(means: Means, *, tenant_id: int, refund: Refund) -> tuple[Channel, RefundOrder]:
    merchant = await merchant_of(means, tenant_id=tenant_id, number=refund.account)
    assert merchant is not None, f"{refund.id} is of an account that there is not"
    order = RefundOrder(
        number=refund_number(refund.number, order=refund.order_number, retry=refund.retries),
        order_number=refund.order_number,
        transaction=refund.transaction,
        asset=refund.asset,
        amount_minor=refund.amount_minor,
        total_minor=refund.order_minor,
        reason=_REASONS[refund.cause],
        notify_url=notify_url(merchant, public_url=means.settings.public_url),
    )
    return channel_of(means, merchant=merchant), order


async def _send(means: Means, attempt: Attempt[SendRefund]) -> None:
    sent = attempt.arguments
    async with means.database.connection() as conn:
        refund = await store.select_refund(conn, tenant_id=sent.tenant_id, number=sent.refund)
    assert refund is not None, f"there is no refund {sent.refund}"
    await send_refund(means, tenant_id=sent.tenant_id, refund=refund, ask_first=attempt.again)


SEND_REFUND: Final = Job("payments.send_refund", SendRefund, _send)


async def _claim(tx: Connection, *, tenant_id: int, intent: int) -> Claim:
    claims = await settling_store.lock_claims(tx, tenant_id=tenant_id, intents=[intent])
    if intent not in claims:
        raise unknown_payment()
    return claims[intent]


async def _locked(tx: Connection, *, grant: Grant, number: int) -> tuple[Claim, Refund]:
    """Lock a refund after its intent, in the order in which everybody does."""
    seen = await store.select_refund(tx, tenant_id=grant.tenant_id, number=number)
    if seen is None:
        raise unknown_refund()
    claim = await _claim(tx, tenant_id=grant.tenant_id, intent=seen.intent)
    found = await store.lock_refund(tx, tenant_id=grant.tenant_id, number=number)
    assert found is not None, "refunds are never deleted"
    return claim, found


async def _needs_review(tx: Connection, tenant_id: int, claim: Claim, wanted_minor: int) -> bool:
    """Tell whether a second person is needed. All refunds of a payment count together, or parts would not."""
    policies = await account_store.load_policies(tx, tenant_id, [claim.asset])
    policy = policies.get(claim.asset)
    if policy is None or policy.review_above_minor is None:
        return False
    return claim.refunding_minor + claim.refunded_minor + wanted_minor > policy.review_above_minor
