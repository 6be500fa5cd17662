"""A correction: requested by one person, approved or rejected by another."""

from datetime import datetime

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, PrivatePart, canonical
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.wallets.actions.base import table_command
from plaudit.features.wallets.model import (
    ADJUSTMENT,
    Adjustment,
    State,
    check_adjustment,
    check_checker,
    check_corrected,
    check_pending,
    check_reason,
)
from plaudit.features.wallets.store import adjustments as store
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.refusal import not_found
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.wallets import (
    AdjustmentApproved,
    AdjustmentRejected,
    AdjustmentRequested,
)


async def request_adjustment(
    *,
    corridor: Corridor,
    grant: Grant,
    key: str,
    address: str,
    amount_minor: int,
    reason: str,
    now: datetime,
    salt: bytes,
) -> Outcome:
    """Make an adjustment that waits for a second person; nothing moves yet. `salt` are 16 random bytes.

    Raises Refusal `account.unknown`, `adjustment.account`, `adjustment.amount` and `body.invalid`.
    """
    text = check_reason(reason)
    maker = grant.actor.text
    owner = check_adjustment(address=address, amount_minor=amount_minor) or maker
    private = PrivatePart("reason", owner, text, salt)

    async def work(tx: Connection) -> Work:
        number = await store.insert_adjustment(
            tx,
            tenant_id=grant.tenant_id,
            address=address,
            amount_minor=amount_minor,
            maker=maker,
            reason=text,
            reason_hash=private.digest,
            owner=owner,
            now=now,
        )
        requested = AdjustmentRequested(
            adjustment=encode_id(ADJUSTMENT, number),
            address=address,
            amount_minor=amount_minor,
            maker=maker,
            reason_hash=private.digest,
        )
        decision = Decision(Fact(f"account/{address}", requested, (private,)))
        return Work(Plan(lambda _book: decision))

    command = table_command(
        verb="request_adjustment",
        permission="adjustment.make",
        grant=grant,
        key=key,
        content=canonical((address, amount_minor, text)),
    )
    return await corridor.run(command, work)


async def approve_adjustment(
    *, corridor: Corridor, grant: Grant, key: str, adjustment: str, now: datetime
) -> Outcome:
    """Post an adjustment that somebody else made, against the asset's adjustment account.

    Raises Refusal `adjustment.unknown`, `adjustment.settled`, `checker.invalid`, and what the ledger refuses
    (`ledger.insufficient`, `account.frozen`): the adjustment then stays pending.
    """
    number = decode_id(ADJUSTMENT, adjustment)

    async def work(tx: Connection) -> Work:
        found = await _settle(tx, grant=grant, number=number, state="approved", now=now)
        asset = chart.account_of(found.address).asset.code
        other = chart.adjustment(asset=asset)
        amount = abs(found.amount_minor)
        up = found.amount_minor > 0
        transfer = Transfer(other, found.address, amount) if up else Transfer(found.address, other, amount)
        approved = AdjustmentApproved(
            adjustment=adjustment,
            address=found.address,
            amount_minor=found.amount_minor,
            maker=found.maker,
            checker=grant.actor.text,
            reason_hash=found.reason_hash,
        )
        decision = Decision(Fact(f"account/{found.address}", approved), (transfer,))

        def decide(book: Book) -> Decision:
            after_minor = book.balance(found.address) + found.amount_minor
            check_corrected(address=found.address, balance_minor=after_minor)
            return decision

        return Work(Plan(decide, (found.address, other)))

    command = table_command(
        verb="approve_adjustment",
        permission="adjustment.check",
        grant=grant,
        key=key,
        content=canonical(number),
    )
    return await corridor.run(command, work)


async def reject_adjustment(
    *, corridor: Corridor, grant: Grant, key: str, adjustment: str, reason: str, now: datetime, salt: bytes
) -> Outcome:
    """Close an adjustment that somebody else made; nothing moves. `salt` are 16 random bytes.

    Raises Refusal as `approve_adjustment`, and `body.invalid` without a reason.
    """
    number = decode_id(ADJUSTMENT, adjustment)
    text = check_reason(reason)

    async def work(tx: Connection) -> Work:
        found = await _settle(tx, grant=grant, number=number, state="rejected", now=now)
        private = PrivatePart("reason", found.owner, text, salt)
        rejected = AdjustmentRejected(
            adjustment=adjustment,
            address=found.address,
            amount_minor=found.amount_minor,
            maker=found.maker,
            checker=grant.actor.text,
            reason_hash=private.digest,
        )
        decision = Decision(Fact(f"account/{found.address}", rejected, (private,)))
        return Work(Plan(lambda _book: decision))

    command = table_command(
        verb="reject_adjustment",
        permission="adjustment.check",
        grant=grant,
        key=key,
        content=canonical((number, text)),
    )
    return await corridor.run(command, work)


async def _settle(tx: Connection, *, grant: Grant, number: int, state: State, now: datetime) -> Adjustment:
    """Lock a pending adjustment and mark it, by a person who did not make it."""
    found = await store.lock_adjustment(tx, tenant_id=grant.tenant_id, number=number)
    if found is None:
        raise not_found("adjustment.unknown", "There is no such adjustment; check its id.")
    check_checker(maker=found.maker, checker=grant.actor)
    check_pending(found.state)
    await store.settle_adjustment(
        tx, tenant_id=grant.tenant_id, number=number, state=state, checker=grant.actor.text, now=now
    )
    return found
