"""Comparisons as they ended, bills as they were taken in, and the queue of differences as it is worked."""

# ruff: noqa: S608 - only constants of this file are put into statements

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from psycopg.types.json import Jsonb

from plaudit.features.payments.model.bills import (
    AssetSums,
    BilledAccount,
    BillException,
    ClassSum,
    ExceptionState,
    Reconciliation,
)
from plaudit.features.payments.model.channel import BillKind
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8
from plaudit.vocabulary.facts.bills import BillSum, Difference, Resolution

_RUN: Final = (
    "number, account, channel, day, state, bill_hash, problem, problem_line, lines, classes, sums, opened,"
    " settled, ended_at"
)
_EXCEPTION: Final = (
    "number, account, channel, day, subject, class, state, asset, ours, theirs, fee, fee_due, ours_state,"
    " theirs_state, order_number, transaction, refund_number, channel_refund, intent, refund, line,"
    " happened_at, opened_at, reopened, assignee, note, note_hash, owner, resolution, resolved_by,"
    " resolved_at"
)
_SUMS: Final = tuple[BillSum, ...]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """The last revision of a day's bill as it was taken in; revision 0: there was none."""

    revision: int = 0
    hash: str = ""
    sums: tuple[BillSum, ...] = ()


async def take_turn(conn: Connection, *, account: BilledAccount) -> int:
    """Wait until no other comparison of the account runs, and return the number of this one."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"payments.bill/{account.id}",)
    )
    cursor = await conn.execute("SELECT nextval(pg_get_serial_sequence('payments.reconciliation', 'number'))")
    row = await cursor.fetchone()
    assert row is not None, "a sequence gives a number"
    return int(row[0])


async def last_import(conn: Connection, *, account: BilledAccount, day: date, kind: BillKind) -> Imported:
    """Return the last revision of a day's bill."""
    cursor = await conn.execute(
        "SELECT revision, hash, sums FROM payments.bill WHERE tenant_id = %s AND account = %s AND day = %s"
        " AND kind = %s ORDER BY revision DESC LIMIT 1",
        (Int4(account.tenant_id), Int8(account.number), day, kind),
    )
    row = await cursor.fetchone()
    if row is None:
        return Imported()
    return Imported(revision=row[0], hash=row[1], sums=msgspec.convert(row[2], _SUMS))


async def insert_import(
    conn: Connection,
    *,
    account: BilledAccount,
    day: date,
    kind: BillKind,
    imported: Imported,
    lines: int,
    now: datetime,
) -> None:
    """Insert a revision of a day's bill."""
    await conn.execute(
        "INSERT INTO payments.bill (tenant_id, account, day, kind, revision, hash, lines, sums, imported_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(account.tenant_id),
            Int8(account.number),
            day,
            kind,
            imported.revision,
            imported.hash,
            lines,
            Jsonb(msgspec.to_builtins(imported.sums)),
            now,
        ),
    )


async def posted_later(
    conn: Connection, *, account: BilledAccount, day: date, end: datetime
) -> dict[str, int]:
    """Return by currency what bills of days up to `day` moved out of the channel's account after its end."""
    cursor = await conn.execute(
        "SELECT s.asset, sum(coalesce(s.fees_posted_minor, 0)"
        " + coalesce(s.withdrawals_posted_minor, 0))::bigint"
        " FROM payments.bill b, jsonb_to_recordset(b.sums) AS s (asset text, fees_posted_minor bigint,"
        " withdrawals_posted_minor bigint) WHERE b.tenant_id = %s AND b.account = %s AND b.day <= %s"
        " AND b.imported_at > %s GROUP BY s.asset",
        (Int4(account.tenant_id), Int8(account.number), day, end),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def insert_run(conn: Connection, *, tenant_id: int, run: Reconciliation) -> None:
    """Insert a comparison that has ended, under the number that it drew."""
    await conn.execute(
        f"INSERT INTO payments.reconciliation (tenant_id, {_RUN}) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s,"
        " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(tenant_id),
            Int8(run.number),
            Int8(run.account),
            run.channel,
            run.day,
            run.state,
            run.bill_hash,
            run.problem,
            run.problem_line,
            run.lines,
            Jsonb(msgspec.to_builtins(run.classes)),
            Jsonb(msgspec.to_builtins(run.sums)),
            run.opened,
            run.settled,
            run.ended_at,
        ),
    )


async def select_run(conn: Connection, *, tenant_id: int, number: int) -> Reconciliation | None:
    """Return a comparison, None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_RUN} FROM payments.reconciliation WHERE tenant_id = %s AND number = %s",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _run(row) if row else None


async def select_runs(
    conn: Connection, *, tenant_id: int, account: int | None, before: int | None, limit: int
) -> list[Reconciliation]:
    """Return comparisons, the newest first, of one account or of all."""
    cursor = await conn.execute(
        f"SELECT {_RUN} FROM payments.reconciliation WHERE tenant_id = %s AND number < %s"
        " AND (%s::bigint IS NULL OR account = %s::bigint) ORDER BY number DESC LIMIT %s",
        (Int4(tenant_id), Int8(2**63 - 1 if before is None else before), account, account, limit),
    )
    return [_run(row) for row in await cursor.fetchall()]


async def select_ended(
    conn: Connection, *, tenant_id: int, account: int, days: Sequence[date]
) -> dict[date, tuple[bool, int]]:
    """Return by day whether it was compared, and how many bills of it were refused."""
    cursor = await conn.execute(
        "SELECT day, bool_or(state = 'done'), count(*) FILTER (WHERE state = 'refused')"
        " FROM payments.reconciliation WHERE tenant_id = %s AND account = %s AND day = ANY(%s) GROUP BY day",
        (Int4(tenant_id), Int8(account), list(days)),
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def select_exceptions(
    conn: Connection,
    *,
    tenant_id: int,
    state: ExceptionState | None = None,
    difference: Difference | None = None,
    account: int | None = None,
    day: date | None = None,
    after: int = 0,
    limit: int,
) -> list[BillException]:
    """Return exceptions in the order in which they were first found."""
    cursor = await conn.execute(
        f"SELECT {_EXCEPTION} FROM payments.bill_exception WHERE tenant_id = %s AND number > %s"
        " AND (%s::text IS NULL OR state = %s::text) AND (%s::text IS NULL OR class = %s::text)"
        " AND (%s::bigint IS NULL OR account = %s::bigint) AND (%s::date IS NULL OR day = %s::date)"
        " ORDER BY number LIMIT %s",
        (
            Int4(tenant_id),
            Int8(after),
            *(state, state),
            *(difference, difference),
            *(account, account),
            *(day, day),
            limit,
        ),
    )
    return [_exception(row) for row in await cursor.fetchall()]


async def lock_exception(conn: Connection, *, tenant_id: int, number: int) -> BillException | None:
    """Return an exception and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_EXCEPTION} FROM payments.bill_exception WHERE tenant_id = %s AND number = %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _exception(row) if row else None


async def update_exception(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    assignee: str | None,
    note: str | None,
    note_hash: str | None,
) -> None:
    """Write whose a locked exception is, and what is noted about it."""
    await conn.execute(
        "UPDATE payments.bill_exception SET assignee = %s, note = %s, note_hash = %s WHERE tenant_id = %s"
        " AND number = %s",
        (assignee, note, note_hash, Int4(tenant_id), Int8(number)),
    )


async def resolve_exception(
    conn: Connection, *, tenant_id: int, number: int, resolution: Resolution, by: str, now: datetime
) -> None:
    """Mark a locked exception as resolved by somebody."""
    await conn.execute(
        "UPDATE payments.bill_exception SET state = 'resolved', resolution = %s, resolved_by = %s,"
        " resolved_at = %s, matched_day = NULL WHERE tenant_id = %s AND number = %s",
        (resolution, by, now, Int4(tenant_id), Int8(number)),
    )


async def erase_notes(conn: Connection, *, tenant_id: int, owners: Sequence[str]) -> None:
    """Erase the notes about somebody's payments."""
    await conn.execute(
        "UPDATE payments.bill_exception SET note = NULL WHERE tenant_id = %s AND owner = ANY(%s)"
        " AND note IS NOT NULL",
        (Int4(tenant_id), list(owners)),
    )


def _run(row: Sequence[Any]) -> Reconciliation:
    (
        number,
        account,
        channel,
        day,
        state,
        bill_hash,
        problem,
        line,
        lines,
        classes,
        sums,
        opened,
        settled,
        at,
    ) = row
    ended: Literal["done", "refused"] = state
    return Reconciliation(
        number=number,
        account=account,
        channel=channel,
        day=day,
        state=ended,
        bill_hash=bill_hash,
        problem=problem,
        problem_line=line,
        lines=lines,
        classes=msgspec.convert(classes, tuple[ClassSum, ...]),
        sums=msgspec.convert(sums, tuple[AssetSums, ...]),
        opened=opened,
        settled=settled,
        ended_at=at,
    )


def _exception(row: Sequence[Any]) -> BillException:
    return BillException(**dict(zip(BillException.__struct_fields__, row, strict=True)))
