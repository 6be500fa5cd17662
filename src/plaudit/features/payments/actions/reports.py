"""Comparisons asked for by hand: run at once and told whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from plaudit.core.commands.tenants import tenants
from plaudit.core.handles import Database
from plaudit.features.payments.actions.base import MERCHANTS, Means, merchant_of
from plaudit.features.payments.actions.reconciliation import reconcile
from plaudit.features.payments.model import reports
from plaudit.features.payments.model.accounts import SealedMerchant, account_of, unknown_account
from plaudit.features.payments.model.bills import BillException
from plaudit.features.payments.model.channel import BillKind, BillNotReady
from plaudit.features.payments.store import reconciliations as store
from plaudit.features.payments.store.accounts import ALL
from plaudit.kernel.refusal import not_found

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a comparison ended: for people, as a table, as JSON values. `refused`: there is none."""

    refused: bool
    open_exceptions: int
    text: list[str]
    table: list[str]
    document: dict[str, Any]


async def reconcile_by_hand(
    means: Means,
    *,
    channel: str,
    account: str | None,
    day: date,
    contents: Mapping[BillKind, bytes] | None = None,
) -> list[Told]:
    """Compare a day of a merchant account, or of all that are enabled at a channel, and tell of each.

    Raises Refusal `invalid.id`, `channel_account.unknown`, `bill.not_ready`, and platform.failures.Failure.
    """
    found = []
    for merchant in await _merchants(means, channel, account):
        try:
            ended = await reconcile(means, merchant=merchant, day=day, contents=contents)
        except BillNotReady as error:
            raise not_found(
                "bill.not_ready",
                "The channel has no bill of that day yet; ask again later, mostly after ten in the morning.",
                account=merchant.id,
                day=day.isoformat(),
            ) from error
        waiting = await unresolved(means.database, tenant_id=merchant.tenant_id, account=merchant.number)
        found.append(
            Told(
                refused=ended.problem is not None,
                open_exceptions=sum(one.state == "open" for one in waiting),
                text=reports.text(ended, waiting, tenant_id=merchant.tenant_id),
                table=list(reports.table(ended, waiting)),
                document=reports.document(ended, waiting, tenant_id=merchant.tenant_id),
            )
        )
    return found


async def unresolved(database: Database, *, tenant_id: int, account: int) -> list[BillException]:
    """Return an account's exceptions that are open or expected to explain themselves."""
    found: list[BillException] = []
    async with database.connection() as conn:
        for state in ("open", "expected"):
            after = 0
            while True:
                page = await store.select_exceptions(
                    conn, tenant_id=tenant_id, account=account, state=state, after=after, limit=_PAGE
                )
                found += page
                if len(page) < _PAGE:
                    break
                after = page[-1].number
    return found


async def _merchants(means: Means, channel: str, account: str | None) -> list[SealedMerchant]:
    found: list[SealedMerchant] = []
    if account is not None:
        tenant_id, number = account_of(account)
        one = await merchant_of(means, tenant_id=tenant_id, number=number)
        found = [one] if one is not None and one.channel == channel else []
    else:
        async with means.database.connection() as conn:
            known = await tenants(conn)
        for tenant in known:
            found += await means.references.get(tenant_id=tenant.tenant_id, topic=MERCHANTS, key=ALL)
        found = [one for one in found if one.enabled and one.channel == channel]
    if not found:
        raise unknown_account()
    return found
