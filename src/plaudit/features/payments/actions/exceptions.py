"""What people do about bills: ask for a comparison, take on a difference, say what becomes of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from plaudit.core.commands.command import Grant, Outcome, Plan, Work
from plaudit.core.commands.table import work_of
from plaudit.core.commands.tenants import in_every_tenant
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, PrivatePart
from plaudit.core.ledger.book import Decision
from plaudit.features.payments.actions.base import MERCHANTS, Means, merchant_of, table_command
from plaudit.features.payments.actions.reconciliation import RECONCILE, ReconcileDay, billed
from plaudit.features.payments.model.accounts import SealedMerchant, account_id, number_of, unknown_account
from plaudit.features.payments.model.bills import (
    EXCEPTION,
    REFUSALS_MAX,
    BillException,
    check_assignee,
    check_day,
    check_note,
    check_unresolved,
    due_days,
    unknown_exception,
)
from plaudit.features.payments.store import reconciliations as store
from plaudit.features.payments.store.accounts import ALL
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.platform import jobs
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.bills import BillRequested, ExceptionChanged, ExceptionResolved, Resolution

_WRITE = "reconciliation.write"


async def request_reconciliation(means: Means, *, grant: Grant, key: str, account: str, day: date) -> Outcome:
    """Have a day of a merchant account compared as soon as a process is free.

    Raises Refusal `invalid.id`, `channel_account.unknown`, `reconciliation.day`.
    """
    number = number_of(account, tenant_id=grant.tenant_id)
    merchant = await merchant_of(means, tenant_id=grant.tenant_id, number=number)
    if merchant is None:
        raise unknown_account()
    zone = billed(merchant).zone
    check_day(day, now=means.clock.now(), zone=zone)

    async def work(tx: Connection) -> Work:
        await _enqueue(tx, merchant, day)
        return work_of(f"channel/{account}", BillRequested(account=account, day=day))

    command = table_command(
        verb="reconcile", permission=_WRITE, grant=grant, key=key, content=(account, day.isoformat())
    )
    return await means.corridor.run(command, work)


async def request_due(house: Any) -> None:  # noqa: ANN401 - the assembled house
    """Have every day compared whose bill should be there and has not been: the schedule's work.

    A bill that is not ready is asked for again at the next turn, a damaged one only a few times.
    """
    means: Means = house
    await in_every_tenant(
        means.database,
        lambda tenant_id: _request_due_in(means, tenant_id),
        trouble="bills not asked for",
    )


async def change_exception(
    means: Means,
    *,
    grant: Grant,
    key: str,
    exception: str,
    assignee: str | None,
    note: str | None,
    salt: bytes,
) -> Outcome:
    """Give an exception to somebody (None: to nobody) and note upon it. `salt` are 16 random bytes.

    Raises Refusal `exception.unknown`, `body.invalid`.
    """
    number = decode_id(EXCEPTION, exception)
    check_assignee(assignee)
    text = check_note(note)

    async def work(tx: Connection) -> Work:
        found = await _locked(tx, grant, number)
        private = _private(found, grant, text, salt)
        await store.update_exception(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            assignee=assignee,
            note=text,
            note_hash=private.digest if private else None,
        )
        changed = ExceptionChanged(
            exception=exception, assignee=assignee, note_hash=private.digest if private else None
        )
        return _told(found, grant, changed, private)

    command = table_command(
        verb="change_exception", permission=_WRITE, grant=grant, key=key, content=(number, assignee, text)
    )
    return await means.corridor.run(command, work)


async def resolve_exception(
    means: Means,
    *,
    grant: Grant,
    key: str,
    exception: str,
    resolution: Resolution,
    note: str | None,
    now: datetime,
    salt: bytes,
) -> Outcome:
    """Say what becomes of a difference; a note takes the place of the one before. `salt`: 16 random bytes.

    Raises Refusal `exception.unknown`, `exception.resolved`, `body.invalid`.
    """
    number = decode_id(EXCEPTION, exception)
    text = check_note(note)

    async def work(tx: Connection) -> Work:
        found = await _locked(tx, grant, number)
        check_unresolved(found)
        private = _private(found, grant, text, salt)
        if private is not None:
            await store.update_exception(
                tx,
                tenant_id=grant.tenant_id,
                number=number,
                assignee=found.assignee,
                note=text,
                note_hash=private.digest,
            )
        await store.resolve_exception(
            tx,
            tenant_id=grant.tenant_id,
            number=number,
            resolution=resolution,
            by=grant.actor.text,
            now=now,
        )
        resolved = _resolved(found, grant, resolution, private)
        return _told(found, grant, resolved, private)

    command = table_command(
        verb="resolve_exception", permission=_WRITE, grant=grant, key=key, content=(number, resolution, text)
    )
    return await means.corridor.run(command, work)


def _resolved(
    found: BillException, grant: Grant, resolution: Resolution, private: PrivatePart | None
) -> ExceptionResolved:
    return ExceptionResolved(
        exception=encode_id(EXCEPTION, found.number),
        account=account_id(tenant_id=grant.tenant_id, number=found.account),
        day=found.day,
        difference=found.difference,
        resolution=resolution,
        asset=found.asset,
        ours_minor=found.ours_minor,
        theirs_minor=found.theirs_minor,
        assignee=found.assignee,
        note_hash=private.digest if private else None,
    )


async def _request_due_in(means: Means, tenant_id: int) -> None:
    merchants: tuple[SealedMerchant, ...] = await means.references.get(
        tenant_id=tenant_id, topic=MERCHANTS, key=ALL
    )
    for merchant in merchants:
        # The last days of an account that was taken out of use are compared all the same.
        used_until = means.clock.now() if merchant.enabled else merchant.saved_at
        await _request_due_of(means, merchant, used_until=used_until)


async def _request_due_of(means: Means, merchant: SealedMerchant, *, used_until: datetime) -> None:
    account = billed(merchant)
    last = used_until.astimezone(account.zone).date()
    days = [day for day in due_days(now=means.clock.now(), zone=account.zone) if day <= last]
    if not days:
        return
    async with means.database.transaction() as tx:
        ended = await store.select_ended(tx, tenant_id=account.tenant_id, account=account.number, days=days)
        for day in days:
            done, refused = ended.get(day, (False, 0))
            if not done and refused < REFUSALS_MAX:
                await _enqueue(tx, merchant, day)


async def _enqueue(tx: Connection, merchant: SealedMerchant, day: date) -> None:
    arguments = ReconcileDay(tenant_id=merchant.tenant_id, account=merchant.number, day=day)
    await jobs.enqueue(tx, RECONCILE, arguments=arguments, once=f"{merchant.id}/{day}", lock=merchant.id)


async def _locked(tx: Connection, grant: Grant, number: int) -> BillException:
    found = await store.lock_exception(tx, tenant_id=grant.tenant_id, number=number)
    if found is None:
        raise unknown_exception()
    return found


def _private(found: BillException, grant: Grant, note: str | None, salt: bytes) -> PrivatePart | None:
    return None if note is None else PrivatePart("note", found.owner or grant.actor.text, note, salt)


def _told(found: BillException, grant: Grant, fact: FactData, private: PrivatePart | None) -> Work:
    account = account_id(tenant_id=grant.tenant_id, number=found.account)
    decision = Decision(Fact(f"channel/{account}", fact, (private,) if private else ()))
    return Work(plan=Plan(lambda _book: decision))
