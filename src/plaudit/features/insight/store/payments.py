"""What became of payments for tickets, by method, and why money goes back. Part of what shows sell."""

# ruff: noqa: S608 - only constants of this file are put into statements

from typing import Final

from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_ATTEMPTS: Final = ("payment.attempted", "payment.succeeded", "payment.attempt.failed")
_REFUNDS: Final = (
    *("payment.refund.requested", "payment.refund.rejected", "payment.refund.failed", "payment.refunded"),
    *("due.revoked", "due.rejected", "due.kept"),
)

KINDS: Final = (*_ATTEMPTS, *_REFUNDS)
"""The kinds of facts that are followed."""

_OF_TICKETS: Final = (
    " JOIN insight.due u ON u.tenant_id = f.tenant_id AND u.due = d.due"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s"
    " AND d.due_kind IN ('ticket.ordered', 'ticket.deposited') AND f.kind IN ({kinds})"
)

_METHODS: Final = (
    "INSERT INTO insight.method AS t"
    " (tenant_id, show, channel, method, asset, outcome, code, count, amount)"
    " SELECT f.tenant_id, u.show, d.channel, d.method, d.asset, CASE f.kind WHEN 'payment.attempted'"
    " THEN 'attempted' WHEN 'payment.succeeded' THEN 'succeeded' ELSE 'failed' END, coalesce(d.code, ''),"
    " count(*), sum(d.amount_minor) FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data) AS d"
    " (due bigint, due_kind text, channel text, method text, asset text, code text, amount_minor bigint)"
    + _OF_TICKETS.format(kinds=", ".join(f"'{kind}'" for kind in _ATTEMPTS))
    + " GROUP BY 1, 2, 3, 4, 5, 6, 7"
    " ON CONFLICT (tenant_id, show, channel, method, asset, outcome, code)"
    " DO UPDATE SET count = t.count + excluded.count, amount = t.amount + excluded.amount"
)
_BACK: Final = (
    "INSERT INTO insight.refund AS t (tenant_id, show, asset, stage, reason, count, amount)"
    " SELECT f.tenant_id, u.show, d.asset, CASE f.kind WHEN 'payment.refund.requested' THEN 'asked'"
    " WHEN 'payment.refund.rejected' THEN 'declined' WHEN 'payment.refund.failed' THEN 'failed'"
    " WHEN 'payment.refunded' THEN 'refunded' WHEN 'due.revoked' THEN 'revoked'"
    " WHEN 'due.rejected' THEN 'rejected' ELSE 'kept' END,"
    " CASE WHEN f.kind IN ('payment.refund.requested', 'payment.refunded') THEN d.cause ELSE d.code END,"
    " count(*), sum(d.amount_minor) FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data) AS d"
    " (due bigint, due_kind text, asset text, cause text, code text, amount_minor bigint)"
    + _OF_TICKETS.format(kinds=", ".join(f"'{kind}'" for kind in _REFUNDS))
    + " GROUP BY 1, 2, 3, 4, 5 ON CONFLICT (tenant_id, show, asset, stage, reason)"
    " DO UPDATE SET count = t.count + excluded.count, amount = t.amount + excluded.amount"
)


async def apply_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Count the payments and refunds of tickets between two positions."""
    span = (Int4(tenant_id), Int8(after), Int8(upto))
    await conn.execute(_METHODS, span)
    await conn.execute(_BACK, span)
