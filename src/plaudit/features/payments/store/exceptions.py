"""The queue of differences between bills and books."""

# ruff: noqa: S608 - only constants of this file are put into statements

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from plaudit.features.payments.model.bills import ACCEPTED, BilledAccount, ExceptionState
from plaudit.features.payments.model.reconciliation import Finding
from plaudit.features.payments.store.staging import set_against_set
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_FIELDS: Final = (
    "subject text, class text, state text, asset text, ours bigint, theirs bigint, fee bigint,"
    " fee_due bigint, ours_state text, theirs_state text, order_number text, transaction text,"
    " refund_number text, channel_refund text, intent bigint, attempt smallint, refund bigint, line integer,"
    " happened_at timestamptz, owner text, resolution text, matched_day date"
)
_COLUMNS: Final = ", ".join(field.split()[0] for field in _FIELDS.split(", "))
_SAME: Final = (
    "(e.class, e.ours, e.theirs, e.fee) IS NOT DISTINCT FROM"
    " (excluded.class, excluded.ours, excluded.theirs, excluded.fee)"
)
# What a person has accepted stays resolved; so does what another day's bill has explained.
_STAYS: Final = (
    f"(e.state = 'resolved' AND ((e.matched_day IS NOT NULL AND e.matched_day <> excluded.day)"
    f" OR ({_SAME} AND (e.class = 'timing' OR e.resolution = ANY(%(accepted)s)))))"
)
_RENEWED: Final = ", ".join(
    f"{name} = CASE WHEN {_STAYS} THEN e.{name} ELSE excluded.{name} END"
    for name in (*_COLUMNS.split(", ")[1:], "day")
)
_UPSERT: Final = (
    "WITH found AS (INSERT INTO payments.bill_exception AS e (tenant_id, account, channel, day, seen_by,"
    f" opened_at, resolved_at, {_COLUMNS}) SELECT %(tenant)s, %(account)s, %(channel)s, %(day)s, %(run)s,"
    f" %(now)s, CASE WHEN v.resolution IS NOT NULL THEN %(now)s::timestamptz END, {_COLUMNS}"
    f" FROM jsonb_to_recordset(%(rows)s) AS v ({_FIELDS})"
    f" ON CONFLICT (tenant_id, account, subject) DO UPDATE SET {_RENEWED}, seen_by = excluded.seen_by,"
    f" reopened = e.reopened + (e.state = 'resolved' AND NOT {_STAYS} AND excluded.state <> 'resolved')::int,"
    f" opened_at = CASE WHEN e.state = 'resolved' AND NOT {_STAYS} THEN excluded.opened_at ELSE e.opened_at"
    f" END, resolved_by = CASE WHEN {_STAYS} THEN e.resolved_by END,"
    f" resolved_at = CASE WHEN {_STAYS} THEN e.resolved_at ELSE excluded.resolved_at END"
    " RETURNING e.subject, e.state)"
    " SELECT count(*) FILTER (WHERE f.state = 'open' AND b.state IS DISTINCT FROM 'open'),"
    " count(*) FILTER (WHERE f.state = 'resolved' AND b.state <> 'resolved') FROM found f"
    " LEFT JOIN payments.bill_exception b ON b.tenant_id = %(tenant)s AND b.account = %(account)s"
    " AND b.subject = f.subject"
)


_OF_BEFORE: Final = (
    "e.tenant_id = %(tenant)s AND e.account = %(account)s AND e.state = 'expected'"
    " AND e.day < %(day)s AND e.seen_by <> %(run)s"
)
_GONE: Final = (
    ("", "e.day = %(day)s"),
    (
        " FROM payments.bill_line l",
        (
            "l.tenant_id = %(tenant)s AND l.kind = 1 AND e.refund_number = '' AND l.number = e.order_number"
            " AND NOT l.again"
        ),
    ),
    (
        " FROM payments.bill_line l",
        "l.tenant_id = %(tenant)s AND l.kind = 2 AND l.refund = e.refund",
    ),
)


async def save_findings(
    conn: Connection,
    *,
    account: BilledAccount,
    day: date,
    run: int,
    findings: Sequence[Finding],
    now: datetime,
) -> tuple[int, int]:
    """Queue what a comparison found; return how many exceptions it has opened, and how many resolved.

    One that a person has accepted stays as it is while nothing about it has changed, and so does one that
    another day's bill has explained.
    """
    if not findings:
        return 0, 0
    cursor = await conn.execute(
        _UPSERT,
        {
            "tenant": Int4(account.tenant_id),
            "account": Int8(account.number),
            "channel": account.channel,
            "day": day,
            "run": Int8(run),
            "now": now,
            "rows": Jsonb([_row(finding, day) for finding in findings]),
            "accepted": sorted(ACCEPTED),
        },
    )
    row = await cursor.fetchone()
    assert row is not None, "counts are a row"
    return row[0], row[1]


async def settle_gone(conn: Connection, *, account: BilledAccount, day: date, run: int, now: datetime) -> int:
    """Resolve what has explained itself, and return how many.

    What an earlier comparison of this day told and this one does not; and what stood open from other days and
    is on this bill, in order.
    """
    values = {
        "tenant": Int4(account.tenant_id),
        "account": Int8(account.number),
        "day": day,
        "run": Int8(run),
        "now": now,
    }
    settled = 0
    async with set_against_set(conn):
        for source, same in _GONE:
            cursor = await conn.execute(
                "UPDATE payments.bill_exception e SET state = 'resolved', resolution = 'settled',"
                f" resolved_by = NULL, resolved_at = %(now)s, matched_day = %(day)s{source}"
                " WHERE e.tenant_id = %(tenant)s AND e.account = %(account)s AND e.state <> 'resolved'"
                f" AND e.seen_by <> %(run)s AND {same}",
                values,
            )
            settled += cursor.rowcount
    return settled


async def settle_late(
    conn: Connection, *, account: BilledAccount, day: date, run: int, now: datetime
) -> tuple[int, int]:
    """Look again at earlier days: return how many exceptions are resolved by it, and how many are open now.

    What stood on a bill is resolved once ours has settled too, and open when ours came to nothing; what was
    ours alone should have come on this bill at the latest.
    """
    values = {
        "tenant": Int4(account.tenant_id),
        "account": Int8(account.number),
        "day": day,
        "run": Int8(run),
        "now": now,
    }
    settled = await conn.execute(
        "UPDATE payments.bill_exception e SET state = 'resolved', resolution = 'settled', resolved_by = NULL,"
        f" resolved_at = %(now)s, matched_day = e.day WHERE {_OF_BEFORE} AND e.theirs IS NOT NULL"
        " AND (e.refund IS NULL OR EXISTS (SELECT FROM payments.refund r WHERE r.tenant_id = e.tenant_id"
        " AND r.number = e.refund AND r.state = 'succeeded'))",
        values,
    )
    recorded = await conn.execute(
        "UPDATE payments.bill_exception e SET state = 'resolved', resolution = 'settled', resolved_by = NULL,"
        " resolved_at = %(now)s, matched_day = e.day FROM payments.attempt a"
        " WHERE e.tenant_id = %(tenant)s AND e.account = %(account)s AND e.state = 'open'"
        " AND e.day < %(day)s AND e.seen_by <> %(run)s AND e.class = 'missing_here' AND e.refund_number = ''"
        " AND a.tenant_id = e.tenant_id AND a.account = e.account AND a.number = e.order_number"
        " AND a.state IN ('paid', 'surplus') AND a.amount = e.theirs AND a.asset = e.asset",
        values,
    )
    failed = await conn.execute(
        "UPDATE payments.bill_exception e SET state = 'open', class = 'refund_state_differs',"
        f" ours_state = r.state, opened_at = %(now)s FROM payments.refund r WHERE {_OF_BEFORE}"
        " AND e.theirs IS NOT NULL AND r.tenant_id = e.tenant_id AND r.number = e.refund"
        " AND r.state IN ('failed', 'rejected')",
        values,
    )
    missed = await conn.execute(
        "UPDATE payments.bill_exception e SET state = 'open', class = 'missing_there', opened_at = %(now)s"
        f" WHERE {_OF_BEFORE} AND e.theirs IS NULL",
        values,
    )
    return settled.rowcount + recorded.rowcount, failed.rowcount + missed.rowcount


async def timing_sums(
    conn: Connection, *, account: BilledAccount, day: date, end: datetime
) -> dict[str, int]:
    """Return by currency what the channel alone had counted by the end of a day, less what we alone had."""
    cursor = await conn.execute(
        "SELECT e.asset, sum(CASE WHEN e.theirs IS NULL THEN -e.ours ELSE e.theirs END)::bigint"
        " FROM payments.bill_exception e"
        " LEFT JOIN payments.attempt a ON a.tenant_id = e.tenant_id AND a.intent = e.intent"
        " AND a.attempt = e.attempt AND e.refund IS NULL"
        " LEFT JOIN payments.refund r ON r.tenant_id = e.tenant_id AND r.number = e.refund"
        " WHERE e.tenant_id = %(tenant)s AND e.account = %(account)s AND e.class = 'timing'"
        " AND ((e.theirs IS NULL AND e.day = %(day)s AND e.matched_day IS DISTINCT FROM %(day)s)"
        " OR (e.theirs IS NOT NULL AND e.day <= %(day)s"
        " AND coalesce(r.settled_at, a.settled_at, 'infinity') >= %(end)s)) GROUP BY e.asset",
        {"tenant": Int4(account.tenant_id), "account": Int8(account.number), "day": day, "end": end},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


def _row(finding: Finding, day: date) -> dict[str, Any]:
    theirs, ours = finding.theirs, finding.ours
    state: ExceptionState = "open" if finding.difference != "timing" else "expected"
    if finding.carried:
        state = "resolved"
    return {
        "subject": finding.subject,
        "class": finding.difference,
        "state": state,
        "asset": finding.asset,
        "ours": ours.amount_minor if ours else None,
        "theirs": theirs.amount_minor if theirs else None,
        "fee": theirs.fee_minor if theirs else 0,
        "fee_due": finding.fee_due_minor,
        "ours_state": ours.state if ours else "",
        "theirs_state": theirs.told if theirs else "",
        "order_number": _order_number(finding),
        "transaction": (theirs.transaction if theirs else "") or (ours.transaction if ours else ""),
        "refund_number": theirs.refund_number
        if theirs
        else (ours.number if ours and ours.refund is not None else ""),
        "channel_refund": theirs.channel_refund if theirs else (ours.channel_refund if ours else ""),
        "intent": ours.intent if ours else None,
        "attempt": ours.attempt if ours else None,
        "refund": ours.refund if ours else None,
        "line": theirs.line if theirs else None,
        "happened_at": theirs.happened_at if theirs else (ours.settled_at if ours else None),
        "owner": ours.owner if ours else None,
        "resolution": "settled" if state == "resolved" else None,
        "matched_day": day.isoformat() if state == "resolved" else None,
    }


def _order_number(finding: Finding) -> str:
    if finding.ours is not None and finding.ours.subject == "payment":
        return finding.ours.number
    return finding.theirs.number if finding.theirs else ""
