"""The staged lines of a bill beside our attempts and refunds: which belong together, and what is alone.

What agrees in everything is passed over by the database and never comes here; the rest is handed on side by
side, in batches, to be judged.
"""

# ruff: noqa: S608 - only constants of this file are put into statements

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from plaudit.features.payments.model.bills import BilledAccount
from plaudit.features.payments.model.reconciliation import Ours, Rules, Theirs, TheirState
from plaudit.features.payments.model.refunds import refund_number
from plaudit.features.payments.store.staging import KINDS, STATES, set_against_set
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

Pair: TypeAlias = tuple[Theirs | None, Ours | None]

_BATCH: Final = 2_000
_NEAR: Final = timedelta(days=1)
"""Lines are first looked for among what was settled so near to the day: one pass for most."""

_LINE: Final = (
    "l.line, l.kind, l.asset, l.amount, l.fee, l.number, l.transaction, l.refund_number, l.channel_refund,"
    " l.told, l.state, l.happened_at, l.again"
)
_LINE_WIDTH: Final = 13
# Where another amount came in than was asked for, the refund of all of it says how much.
_TAKEN: Final = (
    "CASE WHEN a.state = 'surplus' THEN coalesce((SELECT r.amount FROM payments.refund r"
    " WHERE r.tenant_id = a.tenant_id AND r.intent = a.intent AND r.attempt = a.attempt"
    " AND r.cause = 'amount' LIMIT 1), a.amount) ELSE a.amount END"
)
_PAYER: Final = (
    "(SELECT i.payer FROM payments.intent i WHERE i.tenant_id = a.tenant_id AND i.number = a.intent)"
)
_ATTEMPT: Final = (
    f"a.asset, {_TAKEN}, a.state, a.number, a.transaction, a.intent, a.attempt, a.settled_at, {_PAYER}"
)
_REFUND: Final = (
    "r.asset, -r.amount, r.state, r.number, r.order_number, r.intent, r.attempt, r.settled_at, r.owner,"
    " r.channel_refund, r.retries"
)
_PAYMENT_PAIRS: Final = (
    f"SELECT {_LINE}, {_ATTEMPT} FROM payments.bill_line l LEFT JOIN payments.attempt a"
    " ON a.tenant_id = %(tenant)s AND a.account = %(account)s AND a.settled_at >= %(near_start)s"
    " AND a.settled_at < %(near_end)s AND a.number = l.number AND NOT l.again"
    " WHERE l.tenant_id = %(tenant)s AND l.kind = 1 AND (a.number IS NULL OR NOT ("
    "a.state IN ('paid', 'surplus') AND a.amount = l.amount AND a.asset = l.asset"
    " AND a.settled_at >= %(start)s AND a.settled_at < %(end)s"
    " AND (a.transaction IS NULL OR l.transaction = '' OR a.transaction = l.transaction)"
    " AND (%(rated)s::boolean IS FALSE OR abs(l.fee::numeric * %(per)s::bigint - l.amount::numeric"
    " * %(rate)s::bigint) <= %(per)s::bigint)))"
)
_REFUND_PAIRS: Final = (
    f"SELECT {_LINE}, {_REFUND} FROM payments.bill_line l LEFT JOIN payments.refund r"
    " ON r.tenant_id = %(tenant)s AND r.account = %(account)s AND r.number = l.refund AND NOT l.again"
    " WHERE l.tenant_id = %(tenant)s AND l.kind = 2 AND (r.number IS NULL OR NOT ("
    "r.state = 'succeeded' AND l.state <> 2 AND -r.amount = l.amount AND r.asset = l.asset"
    " AND r.settled_at >= %(start)s AND r.settled_at < %(end)s"
    # The no to a try before is as it should be. Its number is one of ours, or it would belong to no refund.
    " OR l.state = 2 AND CASE WHEN r.number IS NOT NULL THEN"
    " coalesce(nullif(split_part(l.refund_number, '_', 2), ''), '0')::integer < r.retries END))"
)
_BILLED_ELSEWHERE: Final = (
    "EXISTS (SELECT FROM payments.bill_exception e WHERE e.tenant_id = %(tenant)s AND e.account = %(account)s"
    " AND e.day <> %(day)s AND e.theirs IS NOT NULL AND "
)
# Money that came in for an attempt beside what was kept of it: it has no row but that of its refund.
_RECEIPT: Final = (
    "r.asset, r.amount, 'surplus', r.order_number || '/' || r.transaction, r.transaction, r.intent,"
    " r.attempt, r.requested_at, substr(r.owner, strpos(r.owner, '/') + 1)"
)
_IS_RECEIPT: Final = (
    "r.transaction IS NOT NULL AND r.cause IN ('late', 'double', 'amount') AND NOT EXISTS (SELECT FROM"
    " payments.attempt a WHERE a.tenant_id = r.tenant_id AND a.intent = r.intent AND a.attempt = r.attempt"
    " AND a.transaction = r.transaction AND a.state IN ('paid', 'surplus'))"
)
_KEYS: Final = " FROM unnest(%s, %s) AS v (line, key)"
_ATTEMPT_BY_NUMBER: Final = (
    f"SELECT v.line, {_ATTEMPT}{_KEYS} JOIN payments.attempt a"
    " ON a.tenant_id = %s AND a.account = %s AND a.number = v.key"
)
_ATTEMPT_BY_TRANSACTION: Final = (
    f"SELECT v.line, {_ATTEMPT}{_KEYS} JOIN payments.attempt a"
    " ON a.tenant_id = %s AND a.account = %s AND a.transaction = v.key"
)
_RECEIPT_BY_TRANSACTION: Final = (
    f"SELECT v.line, {_RECEIPT}{_KEYS} JOIN payments.refund r"
    f" ON r.tenant_id = %s AND r.account = %s AND r.transaction = v.key WHERE {_IS_RECEIPT}"
)
_REFUND_BY_CHANNEL: Final = (
    f"SELECT v.line, {_REFUND}{_KEYS} JOIN payments.refund r"
    " ON r.tenant_id = %s AND r.account = %s AND r.channel_refund = v.key"
)
_PAID_IN_DAY: Final = (
    "a.account = %(account)s AND a.settled_at >= %(start)s"
    " AND a.settled_at < %(end)s AND a.state IN ('paid', 'surplus')"
)
_RECEIVED_IN_DAY: Final = (
    f"r.account = %(account)s AND r.requested_at >= %(start)s AND r.requested_at < %(end)s AND {_IS_RECEIPT}"
)
_RETURNED_IN_DAY: Final = (
    "r.account = %(account)s AND r.settled_at >= %(start)s"
    " AND r.settled_at < %(end)s AND r.state = 'succeeded'"
)
_PAYMENTS_ALONE: Final = (
    f"SELECT {_ATTEMPT} FROM payments.attempt a WHERE a.tenant_id = %(tenant)s AND {_PAID_IN_DAY}"
    " AND NOT EXISTS (SELECT FROM payments.bill_line l WHERE l.tenant_id = %(tenant)s AND l.kind = 1"
    " AND l.number = a.number)"
    f" AND NOT {_BILLED_ELSEWHERE} e.subject = 'payment/' || a.number)"
)
_RECEIPTS_ALONE: Final = (
    f"SELECT {_RECEIPT} FROM payments.refund r WHERE r.tenant_id = %(tenant)s AND {_RECEIVED_IN_DAY}"
    " AND NOT EXISTS (SELECT FROM payments.bill_line l WHERE l.tenant_id = %(tenant)s AND l.kind = 1"
    " AND l.transaction = r.transaction)"
    f" AND NOT {_BILLED_ELSEWHERE} e.subject = 'payment/' || r.order_number || '/' || r.transaction)"
)
_REFUNDS_ALONE: Final = (
    f"SELECT {_REFUND} FROM payments.refund r WHERE r.tenant_id = %(tenant)s AND {_RETURNED_IN_DAY}"
    " AND NOT EXISTS (SELECT FROM payments.bill_line l WHERE l.tenant_id = %(tenant)s AND l.kind = 2"
    " AND l.refund = r.number)"
    f" AND NOT {_BILLED_ELSEWHERE} e.refund = r.number)"
)
_OUR_SUMS: Final = (
    "SELECT asset, sum(payments)::bigint, sum(paid)::bigint, sum(refunds)::bigint, sum(back)::bigint"
    f" FROM (SELECT a.asset, count(*) AS payments, sum({_TAKEN}) AS paid, 0 AS refunds, 0 AS back"
    f" FROM payments.attempt a WHERE a.tenant_id = %(tenant)s AND {_PAID_IN_DAY} GROUP BY a.asset"
    " UNION ALL SELECT r.asset, count(*), sum(r.amount), 0, 0 FROM payments.refund r"
    f" WHERE r.tenant_id = %(tenant)s AND {_RECEIVED_IN_DAY} GROUP BY r.asset"
    " UNION ALL SELECT r.asset, 0, 0, count(*), -sum(r.amount) FROM payments.refund r"
    f" WHERE r.tenant_id = %(tenant)s AND {_RETURNED_IN_DAY} GROUP BY r.asset) AS parts GROUP BY asset"
)
_STATES: Final[dict[int, TheirState]] = {number: state for state, number in STATES.items()}


async def pairs(
    conn: Connection, *, account: BilledAccount, rules: Rules, work_mem_mib: int
) -> AsyncGenerator[list[Pair], None]:
    """Yield what does not plainly agree, in batches: lines with ours or without.

    First what is near the day, set against set; a line that found nothing there is then looked for by its
    number wherever it may be, and by the channel's own.
    """
    await conn.execute(f"SET LOCAL work_mem = '{int(work_mem_mib)}MB'")
    await conn.execute("SET LOCAL cursor_tuple_fraction = 1")
    rate = rules.fee_rate
    values: dict[str, Any] = {
        "tenant": Int4(account.tenant_id),
        "account": Int8(account.number),
        "start": rules.day.start,
        "end": rules.day.end,
        "near_start": rules.day.start - _NEAR,
        "near_end": rules.day.end + _NEAR,
        "rated": rate is not None,
        "rate": Int8(rate.numerator if rate else 0),
        "per": Int8(rate.denominator if rate else 1),
    }
    for statement, ours in ((_PAYMENT_PAIRS, _attempt), (_REFUND_PAIRS, _refund)):
        async with conn.cursor("pairs") as cursor:
            async with set_against_set(conn):
                await cursor.execute(statement, values, binary=True)
            while rows := await cursor.fetchmany(_BATCH):
                found = [
                    (_line(row), None if row[_LINE_WIDTH] is None else ours(row[_LINE_WIDTH:]))
                    for row in rows
                ]
                yield await _looked_up(conn, account, found)


async def only_ours(
    conn: Connection, *, account: BilledAccount, rules: Rules, day: date
) -> AsyncGenerator[list[Pair], None]:
    """Yield what we settled on the day and no line is about, neither here nor on another day's bill."""
    values = {**_of_day(account, rules), "day": day}
    for statement, ours in (
        (_PAYMENTS_ALONE, _attempt),
        (_RECEIPTS_ALONE, _attempt),
        (_REFUNDS_ALONE, _refund),
    ):
        async with conn.cursor("alone") as cursor:
            async with set_against_set(conn):
                await cursor.execute(statement, values, binary=True)
            while rows := await cursor.fetchmany(_BATCH):
                yield [(None, ours(row)) for row in rows]


async def our_sums(
    conn: Connection, *, account: BilledAccount, rules: Rules
) -> dict[str, tuple[int, int, int, int]]:
    """Return by currency what we settled on the day: payments, their sum, refunds, theirs (negative)."""
    cursor = await conn.execute(_OUR_SUMS, _of_day(account, rules))
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in await cursor.fetchall()}


async def _looked_up(conn: Connection, account: BilledAccount, found: Sequence[Pair]) -> list[Pair]:
    """Fill in ours where a line has none yet, or one that the channel numbers otherwise.

    By our number it may be of any day; by the channel's it is found under whatever number the line has.
    """
    # Under a number that is another transaction's, only the channel's own is left to look for.
    lost = {
        theirs.line: replace(theirs, number="") if ours else theirs
        for theirs, ours in found
        if theirs is not None and _is_lost(theirs, ours)
    }
    known: dict[int, Ours] = {}
    for statement, read, key in _LOOKS:
        wanted = [(line, text) for line, one in lost.items() if line not in known and (text := key(one))]
        if wanted:
            cursor = await conn.execute(
                statement,
                (
                    packing.int8s([line for line, _ in wanted]),
                    packing.texts([text for _, text in wanted]),
                    Int4(account.tenant_id),
                    Int8(account.number),
                ),
            )
            known |= {row[0]: read(row[1:]) for row in await cursor.fetchall()}
    pairs_found = [_rejoined(theirs, ours, lost, known) for theirs, ours in found]
    strays = [
        (now.line, ours.number if ours else now.number)
        for (theirs, _), (now, ours) in zip(found, pairs_found, strict=True)
        if now is not None and theirs is not None and now.subject == "payment"
        if (ours.number if ours else now.number) != theirs.number
    ]
    if strays:
        await _renumber(conn, account, strays)
    return pairs_found


def _rejoined(
    theirs: Theirs | None, ours: Ours | None, lost: Mapping[int, Theirs], known: Mapping[int, Ours]
) -> Pair:
    """Return a pair with what was found for it."""
    if theirs is None or theirs.line not in lost:
        return theirs, ours
    return lost[theirs.line], known.get(theirs.line)


async def _renumber(conn: Connection, account: BilledAccount, strays: Sequence[tuple[int, str]]) -> None:
    """Write our numbers upon lines that were found by the channel's, so that ours are not taken for alone."""
    await conn.execute(
        "UPDATE payments.bill_line l SET number = v.number FROM unnest(%s, %s) AS v (line, number)"
        " WHERE l.tenant_id = %s AND l.line = v.line AND l.kind = 1",
        (
            packing.int8s([line for line, _ in strays]),
            packing.texts([number for _, number in strays]),
            Int4(account.tenant_id),
        ),
    )


def _is_lost(theirs: Theirs, ours: Ours | None) -> bool:
    if ours is None:
        return True
    return bool(
        theirs.subject == "payment"
        and theirs.transaction
        and ours.transaction
        and theirs.transaction != ours.transaction
    )


def _our_number(line: Theirs) -> str:
    return "" if line.again or line.subject != "payment" else line.number


def _their_number(line: Theirs) -> str:
    return line.transaction if line.subject == "payment" else ""


def _their_refund(line: Theirs) -> str:
    return "" if line.again or line.subject != "refund" else line.channel_refund


def _of_day(account: BilledAccount, rules: Rules) -> dict[str, Any]:
    return {
        "tenant": Int4(account.tenant_id),
        "account": Int8(account.number),
        "start": rules.day.start,
        "end": rules.day.end,
    }


def _line(row: Sequence[Any]) -> Theirs:
    number, kind, asset, amount, fee, order, transaction, refund, channel_refund, told, state, at, again = (
        row[:_LINE_WIDTH]
    )
    return Theirs(
        line=number,
        subject="payment" if kind == KINDS["payment"] else "refund",
        asset=asset,
        amount_minor=amount,
        fee_minor=fee,
        number=order,
        transaction=transaction,
        refund_number=refund,
        channel_refund=channel_refund,
        told=told,
        state=_STATES[state],
        happened_at=at,
        again=again,
    )


def _attempt(row: Sequence[Any]) -> Ours:
    asset, amount, state, number, transaction, intent, attempt, settled_at, payer = row
    return Ours(
        subject="payment",
        asset=asset,
        amount_minor=amount,
        state=state,
        number=number,
        transaction=transaction or "",
        intent=intent,
        attempt=attempt,
        settled_at=settled_at,
        owner=None if payer is None else f"viewer/{payer}",
    )


def _refund(row: Sequence[Any]) -> Ours:
    asset, amount, state, number, order, intent, attempt, settled_at, owner, channel_refund, retry = row
    return Ours(
        subject="refund",
        asset=asset,
        amount_minor=amount,
        state=state,
        number=refund_number(number, order=order, retry=retry),
        transaction="",
        intent=intent,
        attempt=attempt,
        settled_at=settled_at,
        owner=owner,
        refund=number,
        channel_refund=channel_refund or "",
    )


_LOOKS: Final[tuple[tuple[str, Callable[[Sequence[Any]], Ours], Callable[[Theirs], str]], ...]] = (
    (_ATTEMPT_BY_NUMBER, _attempt, _our_number),
    (_ATTEMPT_BY_TRANSACTION, _attempt, _their_number),
    (_RECEIPT_BY_TRANSACTION, _attempt, _their_number),
    (_REFUND_BY_CHANNEL, _refund, _their_refund),
)
"""How ours is looked for where the number did not find it, in this order."""
