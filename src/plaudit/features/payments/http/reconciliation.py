"""Reconciliation over HTTP: days compared, what was found, and the queue of differences."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.payments.actions import exceptions as actions
from plaudit.features.payments.actions.base import Means
from plaudit.features.payments.http.fields import CREATED, Cursor, Limit
from plaudit.features.payments.model import reports
from plaudit.features.payments.model.accounts import account_id, number_of
from plaudit.features.payments.model.bills import (
    RECONCILIATION,
    AssetSums,
    ClassSum,
    Reconciliation,
    unknown_reconciliation,
)
from plaudit.features.payments.model.channel import ChannelName
from plaudit.features.payments.store import reconciliations as store
from plaudit.kernel.ids import decode_id, encode_id
from plaudit.kernel.page import check_limit, decode_cursor, encode_cursor
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time
from plaudit.platform.web import QueryParameter, Response, Stream, answer, get, post
from plaudit.vocabulary.facts.bills import (
    BillRequested,
    Difference,
)

TAGS: Final = ("reconciliation",)
_SALT_BYTES: Final = 16
_PAGE: Final = 1_000

Account = Annotated[
    str | None, QueryParameter(name="account", description="Only those of this merchant account.")
]


class NewReconciliation(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A day of a merchant account, in the zone of its channel ("2026-11-21")."""

    account: str
    day: str


class ReconciliationRequested(msgspec.Struct, kw_only=True):
    """A comparison that will run as soon as a process is free."""

    account: str
    day: str
    position: int


class ClassView(msgspec.Struct, kw_only=True):
    """Lines of one class in one currency, and what both sides have of them; refunds are negative."""

    name: Difference | Literal["matched"]
    asset: str
    lines: int
    ours_minor: int
    theirs_minor: int


class BalanceView(msgspec.Struct, kw_only=True):
    """What the channel keeps: by its bill, by the ledger, what is on the way, and what nothing explains."""

    bill_minor: int
    ledger_minor: int
    timing_minor: int
    difference_minor: int


class SumsView(msgspec.Struct, kw_only=True):
    """A day in one currency. What leaves the account is negative on both sides."""

    asset: str
    bill_payments: int
    bill_payments_minor: int
    bill_refunds: int
    bill_refunds_minor: int
    bill_fees_minor: int
    bill_withdrawals_minor: int
    bill_others_minor: int
    our_payments: int
    our_payments_minor: int
    our_refunds: int
    our_refunds_minor: int
    fees_posted_minor: int
    withdrawals_posted_minor: int
    balance: BalanceView | None


class ReconciliationView(msgspec.Struct, kw_only=True):
    """A comparison that has ended. One whose bill was refused has a `problem` and no figures."""

    reconciliation: str
    account: str
    channel: ChannelName
    day: str
    state: Literal["done", "refused"]
    problem: str | None
    problem_line: int | None
    bill_hash: str
    lines: int
    classes: list[ClassView]
    sums: list[SumsView]
    opened: int
    settled: int
    ended_at: str


class ReconciliationPage(msgspec.Struct, kw_only=True):
    """Some comparisons, newest first."""

    items: list[ReconciliationView]
    next_cursor: str | None


@post(
    "/v1/reconciliations",
    opt={"permission": "reconciliation.write"},
    status_code=CREATED,
    summary="Ask for a reconciliation",
    tags=TAGS,
)
async def request_reconciliation(
    *,
    data: NewReconciliation,
    grant: Grant,
    idempotency_key: str,
    house: Any,  # noqa: ANN401 - the assembled house
) -> Response[ReconciliationRequested]:
    """Have a day of a merchant account compared with the channel's bill, again or for the first time."""
    means: Means = house
    try:
        day = date.fromisoformat(data.day)
    except ValueError as error:
        raise invalid("body.invalid", "Write the day like 2026-11-21.", field="day") from error
    outcome = await actions.request_reconciliation(
        means, grant=grant, key=idempotency_key, account=data.account, day=day
    )
    fact = outcome.data
    assert isinstance(fact, BillRequested), outcome
    body = ReconciliationRequested(account=fact.account, day=fact.day.isoformat(), position=outcome.position)
    return answer(body, replayed=outcome.replayed, status=CREATED)


@get(
    "/v1/reconciliations",
    opt={"permission": "reconciliation.read"},
    summary="List reconciliations",
    tags=TAGS,
)
async def list_reconciliations(
    *,
    grant: Grant,
    database: Database,
    account: Account = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> ReconciliationPage:
    """Return comparisons that have ended, newest first."""
    size = check_limit(limit)
    before = None if cursor is None else int(decode_cursor(cursor, int)[0])
    number = None if account is None else number_of(account, tenant_id=grant.tenant_id)
    async with database.connection() as conn:
        rows = await store.select_runs(
            conn, tenant_id=grant.tenant_id, account=number, before=before, limit=size + 1
        )
    return ReconciliationPage(
        items=[_reconciliation(one, grant.tenant_id) for one in rows[:size]],
        next_cursor=encode_cursor([rows[size - 1].number]) if len(rows) > size else None,
    )


@get(
    "/v1/reconciliations/{reconciliation:str}",
    opt={"permission": "reconciliation.read"},
    summary="Read a reconciliation",
    tags=TAGS,
)
async def read_reconciliation(*, reconciliation: str, grant: Grant, database: Database) -> ReconciliationView:
    """Return a comparison: lines and sums by class, the bill's sums and ours, and the balance."""
    return _reconciliation(await _run(database, grant, reconciliation), grant.tenant_id)


@get(
    "/v1/reconciliations/{reconciliation:str}/report.csv",
    opt={"permission": "reconciliation.read"},
    summary="Read a reconciliation as a table",
    tags=TAGS,
    media_type="text/csv",
)
async def reconciliation_table(*, reconciliation: str, grant: Grant, database: Database) -> Stream:
    """Return a comparison as CSV: a row for each class, then one for each exception of its day as of now."""
    ended = await _run(database, grant, reconciliation)
    name = f"{ended.channel}-{ended.day}-{reconciliation}.csv"
    return Stream(
        _table(database, grant.tenant_id, ended),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


ROUTES: Final[tuple[Any, ...]] = (
    request_reconciliation,
    list_reconciliations,
    read_reconciliation,
    reconciliation_table,
)


async def _run(database: Database, grant: Grant, reconciliation: str) -> Reconciliation:
    number = decode_id(RECONCILIATION, reconciliation)
    async with database.connection() as conn:
        found = await store.select_run(conn, tenant_id=grant.tenant_id, number=number)
    if found is None:
        raise unknown_reconciliation()
    return found


async def _table(database: Database, tenant_id: int, ended: Reconciliation) -> AsyncIterator[str]:
    """Yield the table a page of exceptions at a time; no connection is kept between them."""
    for line in reports.table(ended, ()):
        yield line
    after, more = 0, True
    while more:
        async with database.connection() as conn:
            page = await store.select_exceptions(
                conn, tenant_id=tenant_id, account=ended.account, day=ended.day, after=after, limit=_PAGE
            )
        yield "".join(reports.rows(page))
        more = len(page) == _PAGE
        after = page[-1].number if page else after


def _reconciliation(one: Reconciliation, tenant_id: int) -> ReconciliationView:
    return ReconciliationView(
        reconciliation=encode_id(RECONCILIATION, one.number),
        account=account_id(tenant_id=tenant_id, number=one.account),
        channel=one.channel,
        day=one.day.isoformat(),
        state=one.state,
        problem=one.problem,
        problem_line=one.problem_line,
        bill_hash=one.bill_hash,
        lines=one.lines,
        classes=[_class(each) for each in one.classes],
        sums=[_sums(each) for each in one.sums],
        opened=one.opened,
        settled=one.settled,
        ended_at=format_time(one.ended_at),
    )


def _class(one: ClassSum) -> ClassView:
    return ClassView(
        name=one.difference,
        asset=one.asset,
        lines=one.lines,
        ours_minor=one.ours_minor,
        theirs_minor=one.theirs_minor,
    )


def _sums(one: AssetSums) -> SumsView:
    kept = one.balance
    return SumsView(
        asset=one.asset,
        bill_payments=one.bill.payments,
        bill_payments_minor=one.bill.payments_minor,
        bill_refunds=one.bill.refunds,
        bill_refunds_minor=one.bill.refunds_minor,
        bill_fees_minor=one.bill.fees_minor,
        bill_withdrawals_minor=one.bill.withdrawals_minor,
        bill_others_minor=one.bill.others_minor,
        our_payments=one.our_payments,
        our_payments_minor=one.our_payments_minor,
        our_refunds=one.our_refunds,
        our_refunds_minor=one.our_refunds_minor,
        fees_posted_minor=one.fees_posted_minor,
        withdrawals_posted_minor=one.withdrawals_posted_minor,
        balance=None
        if kept is None
        else BalanceView(
            bill_minor=kept.bill_minor,
            ledger_minor=kept.ledger_minor,
            timing_minor=kept.timing_minor,
            difference_minor=kept.difference_minor,
        ),
    )
