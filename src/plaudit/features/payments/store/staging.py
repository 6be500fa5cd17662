"""The lines of a bill on their way into the staging table: packed by hand and copied in batches.

Format: `COPY … (FORMAT BINARY)` as PostgreSQL's documentation has it: a header, per row the number of
columns and each column after its length, and a trailer.
"""

# ruff: noqa: S608 - only constants of this file are put into statements

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import psycopg

from plaudit.features.payments.model.bills import BillTotals
from plaudit.features.payments.model.channel import BillDamaged, BillLine
from plaudit.features.payments.model.reconciliation import TheirState, their_state
from plaudit.features.payments.model.refunds import refund_of
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

_BATCH: Final = 4_000
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_TRAILER: Final = struct.pack("!h", -1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_COLUMNS: Final = (
    "tenant_id, line, kind, amount, fee, state, refund, again, happened_at, asset, number, transaction,"
    " refund_number, channel_refund, told"
)
_COPY: Final = f"COPY payments.bill_line ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_FIXED: Final = struct.Struct("!hiiiiihiqiqihiqib")
_WIDTH: Final = len(_COLUMNS.split(","))
_TIME: Final = struct.Struct("!iq")
_LENGTH: Final = struct.Struct("!i")
_NO_TIME: Final = _LENGTH.pack(-1)
_EMPTY: Final = _LENGTH.pack(0)
_PREFIXES: Final = [_LENGTH.pack(length) for length in range(256)]

KINDS: Final = {"payment": 1, "refund": 2}
"""The kinds of lines that are compared, as they are kept."""
STATES: Final[dict[TheirState, int]] = {"done": 0, "processing": 1, "failed": 2}


class Staged:
    """What a bill was found to be while it was read: lines, totals by currency, hash of the content."""

    def __init__(self, *, content_hash: str) -> None:
        """Begin with nothing."""
        self.lines = 0
        self.hash = content_hash
        self.totals: dict[str, BillTotals] = {}

    def count(self, line: BillLine) -> None:
        """Add a line to the totals."""
        totals = self.totals.get(line.asset)
        if totals is None:
            totals = self.totals[line.asset] = BillTotals()
        self.lines += 1
        amount_minor, kind = line.amount_minor, line.kind
        totals.fees_minor -= line.fee_minor
        if kind == "payment":
            totals.payments += 1
            totals.payments_minor += amount_minor
        elif kind == "refund":
            totals.refunds += 1
            totals.refunds_minor += amount_minor
        elif kind == "fee":
            totals.fees_minor += amount_minor
        elif kind == "withdrawal":
            totals.withdrawals_minor += amount_minor
        else:
            totals.others_minor += amount_minor
        if line.balance_minor is not None:
            totals.balance_minor = line.balance_minor


async def stage(
    conn: Connection, *, tenant_id: int, content: bytes, read: Callable[[bytes], Iterator[BillLine]]
) -> Staged:
    """Copy the lines to be compared into the staging table, in the caller's transaction.

    `read` yields the lines and runs in a thread, a batch at a time: memory stays as it is however long the
    bill. Raises BillDamaged, from `read` or for a line that cannot be kept; the transaction is then void.
    """
    staged = Staged(content_hash=await asyncio.to_thread(digest, content))
    lines = read(content)
    try:
        async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            await copy.write(_HEADER)
            while True:
                packed = await asyncio.to_thread(_packed, lines, staged, tenant_id)
                if packed is None:
                    break
                await copy.write(packed)
            await copy.write(_TRAILER)
    except psycopg.DataError as error:
        message = "it holds what no text or number can be"
        raise BillDamaged(message) from error
    return staged


async def survey(*, content: bytes, read: Callable[[bytes], Iterator[BillLine]]) -> Staged:
    """Read a bill for its totals alone. Raises BillDamaged."""
    staged = Staged(content_hash=await asyncio.to_thread(digest, content))
    lines = read(content)
    while await asyncio.to_thread(_counted, lines, staged):
        pass
    return staged


@asynccontextmanager
async def set_against_set(conn: Connection) -> AsyncIterator[None]:
    """Have what begins within joined by hashing or sorting whole sets.

    Nothing is known of the lines of a bill that came a moment ago, and a plan that takes them for a handful
    goes through all of ours for each.
    """
    await conn.execute("SET LOCAL enable_nestloop = off")
    yield
    await conn.execute("SET LOCAL enable_nestloop = on")


async def mark_repeated(conn: Connection, *, tenant_id: int) -> None:
    """Mark the lines whose payment or refund stands on a line before."""
    for kind, column in ((KINDS["payment"], "number"), (KINDS["refund"], "refund_number")):
        async with set_against_set(conn):
            await conn.execute(
                "UPDATE payments.bill_line l SET again = true FROM"
                f" (SELECT {column} AS number, min(line) AS first FROM payments.bill_line"
                f" WHERE tenant_id = %s AND kind = %s AND {column} <> '' GROUP BY {column}"
                " HAVING count(*) > 1) AS twice WHERE l.tenant_id = %s AND l.kind = %s"
                f" AND l.{column} = twice.number AND l.line > twice.first",
                (Int4(tenant_id), kind, Int4(tenant_id), kind),
            )


async def clear(conn: Connection, *, tenant_id: int) -> None:
    """Empty the staging table of this transaction's lines."""
    await conn.execute("DELETE FROM payments.bill_line WHERE tenant_id = %s", (Int4(tenant_id),))


def digest(content: bytes) -> str:
    """Return the SHA-256 of a bill as hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _counted(lines: Iterator[BillLine], staged: Staged) -> bool:
    before = staged.lines
    for line in islice(lines, _BATCH):
        staged.count(line)
    return staged.lines > before


def _packed(lines: Iterator[BillLine], staged: Staged, tenant_id: int) -> bytes | None:
    """Return a batch as the protocol wants it, None at the end; b"" when none of it is compared."""
    before = staged.lines
    parts: list[bytes] = []
    for line in islice(lines, _BATCH):
        staged.count(line)
        kind = KINDS.get(line.kind)
        if kind is not None:
            try:
                _pack(parts, line, kind, tenant_id)
            except struct.error as error:
                message = "an amount is too large"
                raise BillDamaged(message, line=line.line) from error
    return b"".join(parts) if staged.lines > before else None


def _pack(parts: list[bytes], line: BillLine, kind: int, tenant_id: int) -> None:
    refund, state = -1, 0
    if kind != 1:
        found = refund_of(line.refund_number, order=line.number)
        refund = -1 if found is None else found
        state = STATES[their_state(line.state)]
    numbers = (
        4,
        tenant_id,
        4,
        line.line,
        2,
        kind,
        8,
        line.amount_minor,
        8,
        line.fee_minor,
        2,
        state,
        8,
        refund,
    )
    parts.append(_FIXED.pack(_WIDTH, *numbers, 1, 0))
    at = line.happened_at
    if at is None:
        parts.append(_NO_TIME)
    else:
        gap = at - _EPOCH
        parts.append(_TIME.pack(8, (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds))
    for text in (
        line.asset,
        line.number,
        line.transaction,
        line.refund_number,
        line.channel_refund,
        line.state,
    ):
        if text:
            raw = text.encode()
            parts.append(_PREFIXES[len(raw)] if len(raw) < len(_PREFIXES) else _LENGTH.pack(len(raw)))
            parts.append(raw)
        else:
            parts.append(_EMPTY)
