"""Comparing a day of a merchant account with the channel's bill, and working the queue of differences."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from plaudit.core.commands.batch import Broken
from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.payments.actions.base import Means, merchant_of, system_grant
from plaudit.features.payments.actions.channels import channel_of
from plaudit.features.payments.model.accounts import SealedMerchant
from plaudit.features.payments.model.bills import (
    BILLS,
    RECONCILIATION,
    AssetSums,
    Balance,
    BilledAccount,
    BillTotals,
    Classes,
    Reconciliation,
    bill_sums,
    period_of,
    zone_of,
)
from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillNotReady, Channel
from plaudit.features.payments.model.reconciliation import Rules, judge
from plaudit.features.payments.store import bills, exceptions, staging
from plaudit.features.payments.store import reconciliations as store
from plaudit.features.payments.store.reconciliations import Imported
from plaudit.features.payments.store.staging import Staged
from plaudit.kernel.ids import encode_id
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import Refusal
from plaudit.platform import jobs
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.bills import BillImported, BillReconciled, BillRefused, BillSum

_WORK_MEM_MIB: Final = 64
_MOMENT: Final = timedelta(microseconds=1)
_JOB_MAX_S: Final = 1_800.0


class ReconcileDay(msgspec.Struct, frozen=True, kw_only=True):
    """Which day of which merchant account to compare."""

    tenant_id: int
    account: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A comparison under way: the transaction, whose, which, by what rules, and with what."""

    tx: Connection
    means: Means
    account: BilledAccount
    day: date
    number: int
    rules: Rules
    now: datetime
    staged: Mapping[BillKind, Staged]


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
    """Compare a day, as a job; a bill that is not ready is asked for again by the schedule."""
    means: Means = house
    asked = attempt.arguments
    merchant = await merchant_of(means, tenant_id=asked.tenant_id, number=asked.account)
    assert merchant is not None, asked
    try:
        await reconcile(means, merchant=merchant, day=asked.day)
    except BillNotReady:
        return


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
    async with means.database.transaction() as tx:
        number = await store.take_turn(tx, account=account)
        trade = await staging.stage(
            tx,
            tenant_id=account.tenant_id,
            content=contents["trade"],
            read=partial(channel.read_bill, kind="trade"),
        )
        run = _Run(
            tx=tx,
            means=means,
            account=account,
            day=day,
            number=number,
            rules=rules,
            now=means.clock.now(),
            staged={"trade": trade, **totals},
        )
        classes, opened, known = await _queued(run)
        gone = await exceptions.settle_gone(tx, account=account, day=day, run=number, now=run.now)
        settled, late = await exceptions.settle_late(tx, account=account, day=day, run=number, now=run.now)
        await staging.clear(tx, tenant_id=account.tenant_id)
        imports = [await _imported(run, kind) for kind in run.staged]
        ended = Reconciliation(
            number=number,
            account=account.number,
            channel=account.channel,
            day=day,
            state="done",
            bill_hash=" ".join(one.hash for one in run.staged.values()),
            problem=None,
            problem_line=None,
            lines=trade.lines,
            classes=classes.closed(trade.totals),
            sums=await _sums(run, [one for one in imports if one is not None]),
            opened=opened + late,
            settled=known + gone + settled,
            ended_at=run.now,
        )
        await store.insert_run(tx, tenant_id=account.tenant_id, run=ended)
        commands = [one.command for one in imports if one is not None]
        await _record(means, tx, [*commands, _reconciled(account, ended)])
    return ended


async def _queued(run: _Run) -> tuple[Classes, int, int]:
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
                new, gone = await exceptions.save_findings(
                    run.tx, account=run.account, day=run.day, run=run.number, findings=findings, now=run.now
                )
                opened, settled = opened + new, settled + gone
    return classes, opened, settled


@dataclass(frozen=True, slots=True)
class _Import:
    """A bill taken in: what it adds up to and posts, and the command that does."""

    sums: tuple[BillSum, ...]
    command: Command


async def _imported(run: _Run, kind: BillKind) -> _Import | None:
    """Take a bill in, None when it was taken in before: then nothing is left to post."""
    account, staged = run.account, run.staged[kind]
    before = await store.last_import(run.tx, account=account, day=run.day, kind=kind)
    if before.hash == staged.hash:
        return None
    only = BILLS[account.channel] == (kind,)
    sums = bill_sums(
        staged.totals,
        before=before.sums,
        fees=kind == "trade",
        withdrawals=kind == "funds" or only,
    )
    imported = Imported(revision=before.revision + 1, hash=staged.hash, sums=sums)
    await store.insert_import(
        run.tx, account=account, day=run.day, kind=kind, imported=imported, lines=staged.lines, now=run.now
    )
    fact = BillImported(
        channel=account.channel,
        account=account.id,
        day=run.day,
        bill=kind,
        revision=imported.revision,
        bill_hash=staged.hash,
        lines=staged.lines,
        sums=sums,
    )
    key = f"bill/{account.id}/{run.day}/{kind}/{imported.revision}"
    return _Import(sums, _command(account, key, fact, _posted(account, sums)))


def _posted(account: BilledAccount, sums: tuple[BillSum, ...]) -> tuple[Transfer, ...]:
    """Return what a bill moves: fees and withdrawals leave what the channel keeps for us."""
    transfers = []
    for one in sums:
        here = chart.channel_account(account=account.id, asset=one.asset)
        for there, amount_minor in (
            (chart.channel_fees(asset=one.asset), one.fees_posted_minor),
            (chart.bank(asset=one.asset), one.withdrawals_posted_minor),
        ):
            if amount_minor > 0:
                transfers.append(Transfer(there, here, amount_minor))
            elif amount_minor < 0:
                transfers.append(Transfer(here, there, -amount_minor))
    return tuple(transfers)


async def _sums(run: _Run, imports: list[_Import]) -> tuple[AssetSums, ...]:
    """Return the day by currency, with the balance where the channel tells it."""
    trade, funds = run.staged["trade"], run.staged.get("funds")
    ours = await bills.our_sums(run.tx, account=run.account, rules=run.rules)
    told = funds or trade
    kept = await _balances(run, told)
    posted = {one.asset: one for done in imports for one in done.sums if one.fees_posted_minor}
    drawn = {one.asset: one for done in imports for one in done.sums if one.withdrawals_posted_minor}
    found = []
    for asset in sorted({*trade.totals, *told.totals, *ours}):
        payments, payments_minor, refunds, refunds_minor = ours.get(asset, (0, 0, 0, 0))
        totals = trade.totals.get(asset, BillTotals())
        moved = told.totals.get(asset, BillTotals())
        found.append(
            AssetSums(
                asset=asset,
                bill=msgspec.structs.replace(
                    totals,
                    withdrawals_minor=moved.withdrawals_minor,
                    others_minor=moved.others_minor,
                    balance_minor=moved.balance_minor,
                ),
                our_payments=payments,
                our_payments_minor=payments_minor,
                our_refunds=refunds,
                our_refunds_minor=refunds_minor,
                fees_posted_minor=posted[asset].fees_posted_minor if asset in posted else 0,
                withdrawals_posted_minor=drawn[asset].withdrawals_posted_minor if asset in drawn else 0,
                balance=kept.get(asset),
            )
        )
    return tuple(found)


async def _balances(run: _Run, told: Staged) -> dict[str, Balance]:
    """Compare the bill's last balance with the ledger's at the end of the day, by currency."""
    bill = {asset: one.balance_minor for asset, one in told.totals.items() if one.balance_minor is not None}
    if not bill:
        return {}
    account, end = run.account, run.rules.day.end
    addresses = {asset: chart.channel_account(account=account.id, asset=asset) for asset in bill}
    recorded = await balances.recorded_at(
        run.tx, tenant_id=account.tenant_id, addresses=list(addresses.values()), as_of=end - _MOMENT
    )
    later = await store.posted_later(run.tx, account=account, day=run.day, end=end)
    timing = await exceptions.timing_sums(run.tx, account=account, day=run.day, end=end)
    return {
        asset: Balance(
            bill_minor=bill_minor,
            ledger_minor=-recorded[addresses[asset]] - later.get(asset, 0),
            timing_minor=timing.get(asset, 0),
        )
        for asset, bill_minor in bill.items()
    }


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
        await _record(means, tx, [_command(account, f"reconciliation/{number}", fact, ())])
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
    return _command(account, f"reconciliation/{ended.number}", fact, ())


def _command(account: BilledAccount, key: str, fact: FactData, transfers: tuple[Transfer, ...]) -> Command:
    decision = Decision(Fact(f"channel/{account.id}", fact), transfers)
    addresses = tuple({address: None for one in transfers for address in (one.source, one.destination)})

    def decide(_book: Book) -> Decision:
        return decision

    def plan(_lookup: Lookup) -> Plan:
        return Plan(decide, addresses)

    return Command(
        action="payments.reconcile",
        permission="reconciliation.write",
        grant=system_grant(account.tenant_id),
        key=key,
        content=canonical(key),
        plan=plan,
    )


async def _record(means: Means, tx: Connection, commands: list[Command]) -> None:
    for result in await means.corridor.record(tx, commands):
        if isinstance(result, Refusal):
            raise result
        if isinstance(result, Broken):
            raise result.cause
        assert isinstance(result, Outcome), result
