"""Comparing a day of a merchant account with the channel's bill, and working the queue of differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from plaudit.core.commands.batch import Broken
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.handles import Connection
from plaudit.features.payments.actions.base import Means, merchant_of
from plaudit.features.payments.actions.bills import Run, command_of, day_sums, take_in
from plaudit.features.payments.actions.channels import channel_of
from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.features.payments.model.bills import (
    BILLS,
    RECONCILIATION,
    BilledAccount,
    Classes,
    Reconciliation,
    is_given_up,
    period_of,
    zone_of,
)
from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillNotReady, Channel
from plaudit.features.payments.model.reconciliation import Finding, Rules, judge
from plaudit.features.payments.store import asking, bills, exceptions, staging
from plaudit.features.payments.store import reconciliations as store
from plaudit.features.payments.store.staging import Staged
from plaudit.kernel.ids import encode_id
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal
from plaudit.platform import jobs, log, telemetry
from plaudit.vocabulary.facts.bills import BillMissing, BillReconciled, BillRefused

_log = log.logger("payments")

MISSING: Final = telemetry.counter(
    "payment_bills_missing",
    "Days on which something was settled here and of which the channel had no bill in the end.",
    labels=("channel",),
)
_WORK_MEM_MIB: Final = 64
_MOMENT: Final = timedelta(microseconds=1)
_JOB_MAX_S: Final = 1_800


class ReconcileDay(msgspec.Struct, frozen=True, kw_only=True):
    """Which day of which merchant account to compare."""

    tenant_id: int
    account: int
    day: date


async def reconcile(
    means: Means,
    *,
    merchant: SealedMerchant,
    day: date,
    contents: Mapping[BillKind, bytes] | None = None,
) -> Reconciliation:
    """Fetch the bills of a day, compare them with our books, and return how it ended.

    `contents` are the bills where somebody has them already. Doing it again with the same bills changes
    nothing but what has changed on our side. A damaged bill is refused whole: the result says which line.
    Raises BillNotReady and platform.failures.Failure.
    """
    account = billed(merchant)
    channel = channel_of(means, merchant=merchant)
    reading: BillKind = "trade"
    hashes: list[str] = []
    try:
        if contents is None:
            contents = {}
            for reading in BILLS[merchant.channel]:
                contents = {**contents, reading: await channel.fetch_bill(day=day, kind=reading)}
        totals: dict[BillKind, Staged] = {}
        for reading, content in contents.items():
            if reading != "trade":
                read = partial(channel.read_bill, kind=reading)
                totals[reading] = await staging.survey(content=content, read=read)
        reading = "trade"
        return await _compared(
            means, account=account, channel=channel, day=day, contents=contents, totals=totals
        )
    except BillDamaged as damage:
        hashes = [staging.digest(content) for content in (contents or {}).values()]
        return await _refused(
            means, account=account, day=day, kind=reading, damage=damage, bill_hash=" ".join(hashes)
        )


async def reconcile_last(means: Means, *, merchant: SealedMerchant, day: date) -> Reconciliation | None:
    """Compare a day for whose bills nobody waits any more, with those that there are.

    Where there is none of payments and refunds, what we settled on the day is told as if it were empty. None
    when that is nothing, or the day was compared with a bill before. Raises platform.failures.Failure.
    """
    account = billed(merchant)
    channel = channel_of(means, merchant=merchant)
    contents: dict[BillKind, bytes] = {}
    totals: dict[BillKind, Staged] = {}
    for kind in BILLS[merchant.channel]:
        try:
            contents[kind] = await channel.fetch_bill(day=day, kind=kind)
            if kind != "trade":
                read = partial(channel.read_bill, kind=kind)
                totals[kind] = await staging.survey(content=contents[kind], read=read)
        except BillNotReady:
            continue
        except BillDamaged as damage:
            content = contents.get(kind)
            return await _refused(
                means,
                account=account,
                day=day,
                kind=kind,
                damage=damage,
                bill_hash="" if content is None else staging.digest(content),
            )
    if "trade" in contents:
        return await reconcile(means, merchant=merchant, day=day, contents=contents)
    return await _unbilled(means, account=account, day=day, totals=totals)


def billed(merchant: SealedMerchant) -> BilledAccount:
    """Return what reconciliation needs to know of a merchant account."""
    return BilledAccount(
        tenant_id=merchant.tenant_id,
        number=merchant.number,
        id=merchant.id,
        channel=merchant.channel,
        zone=zone_of(merchant.channel),
        fee_rate=_fee_rate(merchant),
    )


def _fee_rate(merchant: SealedMerchant) -> Rate | None:
    """Return what was agreed on with the channel; the sandbox takes what its settings say."""
    points = merchant.settings.get("fee_basis_points")
    if points is not None:
        return Rate.basis_points(points)
    text = merchant.settings.get("fee_rate")
    return Rate.parse(text) if text else None


async def reconcile_day(house: Any, attempt: jobs.Attempt[ReconcileDay]) -> None:  # noqa: ANN401 - the assembled house
    """Compare a day, as a job; a bill that is not ready is asked for again by the schedule, not for ever."""
    means: Means = house
    asked = attempt.arguments
    merchant = await merchant_of(means, tenant_id=asked.tenant_id, number=asked.account)
    assert merchant is not None, asked
    try:
        await reconcile(means, merchant=merchant, day=asked.day)
    except BillNotReady:
        if is_given_up(asked.day, now=means.clock.now(), zone=zone_of(merchant.channel)):
            await reconcile_last(means, merchant=merchant, day=asked.day)


RECONCILE: Final = jobs.Job(
    name="payments.reconcile", arguments=ReconcileDay, work=reconcile_day, timeout_s=_JOB_MAX_S
)
"""One day of one merchant account compared."""


async def _compared(
    means: Means,
    *,
    account: BilledAccount,
    channel: Channel,
    day: date,
    contents: Mapping[BillKind, bytes],
    totals: Mapping[BillKind, Staged],
) -> Reconciliation:
    """Compare in one transaction: stage, match, queue, post, record. A damaged bill leaves nothing."""
    rules = Rules(day=period_of(day, account.zone), fee_rate=account.fee_rate)
    read = partial(channel.read_bill, kind="trade")
    async with means.database.transaction() as tx:
        number = await store.take_turn(tx, account=account)
        trade = await staging.stage(tx, tenant_id=account.tenant_id, content=contents["trade"], read=read)
        run = Run(
            tx=tx,
            account=account,
            day=day,
            number=number,
            rules=rules,
            now=means.clock.now(),
            staged={"trade": trade, **totals},
        )
        ended, commands = await _done(run, kinds=list(run.staged))
        await _record(means, tx, [*commands, _reconciled(account, ended)])
    return ended


async def _unbilled(
    means: Means, *, account: BilledAccount, day: date, totals: Mapping[BillKind, Staged]
) -> Reconciliation | None:
    """Compare as with an empty bill, and take in none: one that comes after all is the first of the day."""
    async with means.database.transaction() as tx:
        number = await store.take_turn(tx, account=account)
        if (await store.last_import(tx, account=account, day=day, kind="trade")).revision:
            return None
        run = Run(
            tx=tx,
            account=account,
            day=day,
            number=number,
            rules=Rules(day=period_of(day, account.zone), fee_rate=account.fee_rate),
            now=means.clock.now(),
            staged={"trade": Staged(content_hash=""), **totals},
        )
        alone = await _alone(run)
        if not alone and not totals:
            return None
        ended, commands = await _done(run, kinds=list(totals))
        told = _missing(account, ended, alone=alone) if alone else _reconciled(account, ended)
        await _record(means, tx, [*commands, told])
    if alone:
        MISSING.labels(account.channel).inc()
        _log.error(
            "no bill of a day on which something was settled",
            tenant_id=account.tenant_id,
            account=account.id,
            channel=account.channel,
            day=day.isoformat(),
            alone=alone,
            opened=ended.opened,
        )
    return ended


async def _alone(run: Run) -> int:
    """Return how many payments and refunds of ours are on no bill, while none is staged."""
    source = bills.only_ours(run.tx, account=run.account, rules=run.rules, day=run.day)
    async with aclosing(source) as batches:
        return sum([len(batch) async for batch in batches])


async def _done(run: Run, *, kinds: Sequence[BillKind]) -> tuple[Reconciliation, list[Command]]:
    """Match, queue, and take in the bills of some kinds; return how it ended and what posts them."""
    trade = run.staged["trade"]
    classes, opened, settled = await _matched(run)
    await staging.clear(run.tx, tenant_id=run.account.tenant_id)
    imports = [one for kind in kinds if (one := await take_in(run, kind)) is not None]
    ended = Reconciliation(
        number=run.number,
        account=run.account.number,
        channel=run.account.channel,
        day=run.day,
        state="done",
        bill_hash=" ".join(one.hash for one in run.staged.values() if one.hash),
        problem=None,
        problem_line=None,
        lines=trade.lines,
        classes=classes.closed(trade.totals),
        sums=await day_sums(run, imports),
        opened=opened,
        settled=settled,
        ended_at=run.now,
    )
    await store.insert_run(run.tx, tenant_id=run.account.tenant_id, run=ended)
    return ended, [one.command for one in imports]


async def _matched(run: Run) -> tuple[Classes, int, int]:
    """Queue what differs and resolve what is explained; return the classes, how many each."""
    classes, opened, settled = await _queued(run)
    gone = await exceptions.settle_gone(run.tx, account=run.account, day=run.day, run=run.number, now=run.now)
    explained, late = await exceptions.settle_late(
        run.tx, account=run.account, day=run.day, run=run.number, now=run.now
    )
    return classes, opened + late, settled + gone + explained


async def _queued(run: Run) -> tuple[Classes, int, int]:
    """Judge what does not plainly agree, and queue what differs.

    Returns the classes, how many exceptions are open by it, and how many are resolved.
    """
    classes, opened, settled = Classes(), 0, 0
    await staging.mark_repeated(run.tx, tenant_id=run.account.tenant_id)
    for source in (
        bills.pairs(run.tx, account=run.account, rules=run.rules, work_mem_mib=_WORK_MEM_MIB),
        bills.only_ours(run.tx, account=run.account, rules=run.rules, day=run.day),
    ):
        async with aclosing(source) as batches:
            async for batch in batches:
                judged = [judge(theirs=theirs, ours=ours, rules=run.rules) for theirs, ours in batch]
                findings = [one for one in judged if one is not None]
                for one in findings:
                    classes.add(one)
                await _look_again(run, findings)
                new, gone = await exceptions.save_findings(
                    run.tx, account=run.account, day=run.day, run=run.number, findings=findings, now=run.now
                )
                opened, settled = opened + new, settled + gone
    return classes, opened, settled


async def _look_again(run: Run, findings: Sequence[Finding]) -> None:
    """Have the channel asked about what its bill has and we took for unpaid: what is there goes back."""
    unpaid = [
        (one.ours.intent, one.ours.attempt)
        for one in findings
        if one.difference == "missing_here" and one.ours is not None
    ]
    if unpaid:
        await asking.look_again(run.tx, tenant_id=run.account.tenant_id, attempts_of=unpaid, now=run.now)


async def _refused(
    means: Means,
    *,
    account: BilledAccount,
    day: date,
    kind: BillKind,
    damage: BillDamaged,
    bill_hash: str,
) -> Reconciliation:
    """Record that a bill cannot be trusted."""
    async with means.database.transaction() as tx:
        number = await store.take_turn(tx, account=account)
        ended = Reconciliation(
            number=number,
            account=account.number,
            channel=account.channel,
            day=day,
            state="refused",
            bill_hash=bill_hash,
            problem=f"{kind} bill: {damage}",
            problem_line=damage.line,
            lines=0,
            classes=(),
            sums=(),
            opened=0,
            settled=0,
            ended_at=means.clock.now(),
        )
        await store.insert_run(tx, tenant_id=account.tenant_id, run=ended)
        fact = BillRefused(
            reconciliation=encode_id(RECONCILIATION, number),
            channel=account.channel,
            account=account.id,
            day=day,
            bill=kind,
            line=damage.line,
        )
        await _record(means, tx, [command_of(account, key=f"reconciliation/{number}", fact=fact)])
    return ended


def _reconciled(account: BilledAccount, ended: Reconciliation) -> Command:
    lines: dict[str, int] = {}
    for one in ended.classes:
        lines[one.difference] = lines.get(one.difference, 0) + one.lines
    fact = BillReconciled(
        reconciliation=encode_id(RECONCILIATION, ended.number),
        channel=account.channel,
        account=account.id,
        day=ended.day,
        lines=ended.lines,
        opened=ended.opened,
        settled=ended.settled,
        **({"matched": 0} | lines),
    )
    return command_of(account, key=f"reconciliation/{ended.number}", fact=fact)


def _missing(account: BilledAccount, ended: Reconciliation, *, alone: int) -> Command:
    fact = BillMissing(
        reconciliation=encode_id(RECONCILIATION, ended.number),
        channel=account.channel,
        account=account.id,
        day=ended.day,
        alone=alone,
        opened=ended.opened,
    )
    return command_of(account, key=f"reconciliation/{ended.number}", fact=fact)


async def _record(means: Means, tx: Connection, commands: list[Command]) -> None:
    for result in await means.corridor.record(tx, commands):
        if isinstance(result, Refusal):
            raise result
        if isinstance(result, Broken):
            raise result.cause
        assert isinstance(result, Outcome), result
