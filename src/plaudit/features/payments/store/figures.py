"""The projection of what became of attempts, by five minutes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from plaudit.features.payments.model.figures import Counted
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

PROJECTION: Final = "payments.figures"
"""The name of the subscription that keeps this table."""

TABLES: Final = ("payments.outcome",)

Step: TypeAlias = Literal["hour", "day"]

_APPLY: Final = (
    "INSERT INTO payments.outcome AS o"
    " (tenant_id, bucket, channel, account, method, asset, outcome, code, count, amount)"
    " SELECT f.tenant_id, date_bin('5 minutes', f.at, 'epoch'), d.channel, d.account, d.method, d.asset,"
    " CASE f.kind WHEN 'payment.attempted' THEN 'attempted' WHEN 'payment.succeeded' THEN 'succeeded'"
    " ELSE 'failed' END AS outcome, coalesce(d.code, ''), count(*), sum(d.amount_minor)"
    " FROM journal.fact f CROSS JOIN LATERAL jsonb_to_record(f.data)"
    " AS d (channel text, account text, method text, asset text, code text, amount_minor bigint)"
    " WHERE f.tenant_id = %s AND f.position > %s AND f.position <= %s"
    " AND f.kind IN ('payment.attempted', 'payment.succeeded', 'payment.attempt.failed')"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    " ON CONFLICT (tenant_id, bucket, channel, account, method, asset, outcome, code)"
    " DO UPDATE SET count = o.count + excluded.count, amount = o.amount + excluded.amount"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one merchant account's method came to in one hour or day; `reasons` counts failures by code."""

    starts_at: datetime
    channel: str
    account: str
    method: str
    asset: str
    attempted: int
    succeeded: int
    failed: int
    succeeded_minor: int
    reasons: dict[str, int]


async def apply_facts(conn: Connection, *, tenant_id: int, after: int, upto: int) -> None:
    """Bring the projection from position `after` to `upto`."""
    await conn.execute(_APPLY, (Int4(tenant_id), Int8(after), Int8(upto)))


async def select_lines(
    conn: Connection, *, tenant_id: int, starts_at: datetime, ends_at: datetime, step: Step, zone: str
) -> list[Line]:
    """Return the figures of a half-open span by hours or days of a zone, oldest first."""
    cursor = await conn.execute(
        "WITH c AS (SELECT date_trunc(%s, bucket, %s) AS starts, channel, account, method, asset, outcome,"
        " code,"
        " sum(count)::bigint AS count, sum(amount)::bigint AS amount FROM payments.outcome"
        " WHERE tenant_id = %s AND bucket >= %s AND bucket < %s GROUP BY 1, 2, 3, 4, 5, 6, 7)"
        " SELECT starts, channel, account, method, asset,"
        " coalesce(sum(count) FILTER (WHERE outcome = 'attempted'), 0)::bigint,"
        " coalesce(sum(count) FILTER (WHERE outcome = 'succeeded'), 0)::bigint,"
        " coalesce(sum(count) FILTER (WHERE outcome = 'failed'), 0)::bigint,"
        " coalesce(sum(amount) FILTER (WHERE outcome = 'succeeded'), 0)::bigint,"
        " coalesce(jsonb_object_agg(code, count) FILTER (WHERE outcome = 'failed'), '{}'::jsonb)"
        " FROM c GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
        (step, zone, Int4(tenant_id), starts_at, ends_at),
    )
    return [
        Line(
            starts_at=starts,
            channel=channel,
            account=account,
            method=method,
            asset=asset,
            attempted=attempted,
            succeeded=succeeded,
            failed=failed,
            succeeded_minor=amount,
            reasons=reasons,
        )
        for (
            starts,
            channel,
            account,
            method,
            asset,
            attempted,
            succeeded,
            failed,
            amount,
            reasons,
        ) in await cursor.fetchall()
    ]


async def select_counted(
    conn: Connection, *, tenant_id: int, starts_at: datetime, ends_at: datetime
) -> dict[tuple[str, str], Counted]:
    """Return what was counted over a half-open span by (channel, method)."""
    cursor = await conn.execute(
        "SELECT channel, method, coalesce(sum(count) FILTER (WHERE outcome = 'attempted'), 0)::bigint,"
        " coalesce(sum(count) FILTER (WHERE outcome = 'succeeded'), 0)::bigint FROM payments.outcome"
        " WHERE tenant_id = %s AND bucket >= %s AND bucket < %s GROUP BY 1, 2",
        (Int4(tenant_id), starts_at, ends_at),
    )
    return {
        (channel, method): Counted(attempted=attempted, succeeded=succeeded)
        for channel, method, attempted, succeeded in await cursor.fetchall()
    }
