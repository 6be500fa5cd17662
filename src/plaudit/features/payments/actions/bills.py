"""Bills taken into the ledger: what they add up to and post, and the balance they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from plaudit.core.commands.command import Command, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.handles import Connection
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Book, Decision, Transfer
from plaudit.features.payments.actions.base import system_grant
from plaudit.features.payments.model.bills import (
    BILLS,
    AssetSums,
    Balance,
    BilledAccount,
    BillTotals,
    bill_sums,
)
from plaudit.features.payments.model.channel import BillKind
from plaudit.features.payments.model.reconciliation import Rules
from plaudit.features.payments.store import bills, exceptions
from plaudit.features.payments.store import reconciliations as store
from plaudit.features.payments.store.reconciliations import Imported
from plaudit.features.payments.store.staging import Staged
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.bills import BillImported, BillSum

_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A comparison under way: the transaction, whose, which, by what rules, with what."""

    tx: Connection
    account: BilledAccount
    day: date
    number: int
    rules: Rules
    now: datetime
    staged: Mapping[BillKind, Staged]


@dataclass(frozen=True, slots=True)
class Import:
    """A bill taken in: what it adds up to and posts, and the command that does."""

    sums: tuple[BillSum, ...]
    command: Command


async def take_in(run: Run, kind: BillKind) -> Import | None:
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
    return Import(sums, command_of(account, key=key, fact=fact, transfers=_posted(account, sums)))


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


async def day_sums(run: Run, imports: list[Import]) -> tuple[AssetSums, ...]:
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


async def _balances(run: Run, told: Staged) -> dict[str, Balance]:
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


def command_of(
    account: BilledAccount, *, key: str, fact: FactData, transfers: tuple[Transfer, ...] = ()
) -> Command:
    """Return the command that records a fact about an account, and what moves with it."""
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
