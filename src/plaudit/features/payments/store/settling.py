"""What a batch of facts changes: intents, attempts and refunds, locked in order and written as columns."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime

from plaudit.features.payments.model.asking import ASKED_MIN, LAST_LOOK
from plaudit.features.payments.model.effects import Claim, Return, Try
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4

# In the order of the fields of Claim, Try and Return; before those of the last two stands the intent.
_CLAIM = "number, due, due_kind, payer, asset, amount, state, paid_attempt, refunding, refunded, expires_at"
_TRY = "intent, attempt, account, channel, method, number, asset, amount, state, transaction, code"
_RETURN = "intent, number, attempt, transaction, asset, amount, cause, state, code"


async def lock_claims(conn: Connection, *, tenant_id: int, intents: Sequence[int]) -> dict[int, Claim]:
    """Return intents, given in order, by number and keep them locked, in order here as everywhere.

    The lock inside the lateral query keeps it one index probe an intent, taken in the order of the array:
    where statistics are young the planner would otherwise read all intents of the tenant.
    """
    cursor = await conn.execute(
        "SELECT i.* FROM unnest(%s) AS v (intent) CROSS JOIN LATERAL"
        f" (SELECT {_CLAIM} FROM payments.intent WHERE tenant_id = %s AND number = v.intent"
        " FOR NO KEY UPDATE) AS i",
        (packing.int8s(intents), Int4(tenant_id)),
    )
    return {row[0]: Claim(*row) for row in await cursor.fetchall()}


async def lock_due_claims(
    conn: Connection, *, tenant_id: int, now: datetime, given_up: datetime, limit: int
) -> list[Claim]:
    """Return intents past their deadline for which no money can come in any more, and keep them locked.

    Those whose deadline passed before `given_up` are among them whatever their channels say, once these have
    been asked often enough. Intents that somebody else holds are left to the next time.
    """
    cursor = await conn.execute(
        f"SELECT {_CLAIM} FROM payments.intent AS i WHERE tenant_id = %s AND expires_at <= %s"
        " AND state IN ('pending', 'processing', 'failed') AND NOT EXISTS (SELECT FROM"
        " payments.attempt AS a WHERE a.tenant_id = i.tenant_id AND a.intent = i.number"
        " AND a.state IN ('opening', 'open', 'unknown') AND (i.expires_at > %s OR a.asked < %s))"
        " ORDER BY number LIMIT %s FOR NO KEY UPDATE SKIP LOCKED",
        (Int4(tenant_id), now, given_up, ASKED_MIN, limit),
    )
    return [Claim(*row) for row in await cursor.fetchall()]


async def lock_tries(
    conn: Connection, *, tenant_id: int, intents: Sequence[int]
) -> dict[int, dict[int, Try]]:
    """Return the attempts of locked intents, given in order, by intent and attempt, and keep them locked.

    One index probe an intent, as `lock_claims`.
    """
    cursor = await conn.execute(
        "SELECT a.* FROM unnest(%s) AS v (intent) CROSS JOIN LATERAL"
        f" (SELECT {_TRY} FROM payments.attempt AS a WHERE a.tenant_id = %s AND a.intent = v.intent"
        " ORDER BY a.attempt FOR NO KEY UPDATE) AS a",
        (packing.int8s(intents), Int4(tenant_id)),
    )
    found: dict[int, dict[int, Try]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row[0], {})[row[1]] = Try(*row[1:])
    return found


async def lock_returns(
    conn: Connection, *, tenant_id: int, intents: Sequence[int]
) -> dict[int, dict[int, Return]]:
    """Return the refunds of locked intents, by intent and number, and keep them locked."""
    cursor = await conn.execute(
        f"SELECT {_RETURN} FROM payments.refund WHERE tenant_id = %s AND intent = ANY(%s)"
        " ORDER BY intent, number FOR NO KEY UPDATE",
        (Int4(tenant_id), packing.int8s(intents)),
    )
    found: dict[int, dict[int, Return]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row[0], {})[row[1]] = Return(*row[1:])
    return found


async def save_claims(conn: Connection, *, tenant_id: int, claims: Sequence[tuple[Claim, datetime]]) -> None:
    """Write locked intents, each with the time of its change.

    One index probe an intent, as `lock_claims`; a locked row stays where it is.
    """
    await conn.execute(
        "UPDATE payments.intent AS i SET state = v.state, paid_attempt = nullif(v.paid, 0),"
        " refunding = v.refunding, refunded = v.refunded, settled_at = CASE WHEN i.settled_at IS NULL"
        " AND v.state IN ('succeeded', 'closed') THEN v.at ELSE i.settled_at END"
        " FROM unnest(%s, %s, %s, %s, %s, %s) AS v (number, state, paid, refunding, refunded, at)"
        " CROSS JOIN LATERAL (SELECT ctid FROM payments.intent WHERE tenant_id = %s AND number = v.number"
        " OFFSET 0) AS found WHERE i.tenant_id = %s AND i.ctid = found.ctid",
        (
            packing.int8s([claim.number for claim, _ in claims]),
            packing.texts([claim.state for claim, _ in claims]),
            packing.int2s([claim.paid_attempt or 0 for claim, _ in claims]),
            packing.int8s([claim.refunding_minor for claim, _ in claims]),
            packing.int8s([claim.refunded_minor for claim, _ in claims]),
            packing.times([at for _, at in claims]),
            Int4(tenant_id),
            Int4(tenant_id),
        ),
    )


async def save_tries(conn: Connection, *, tenant_id: int, tries: Sequence[tuple[int, Try]]) -> None:
    """Write locked attempts that ended, each with its intent: their channels are asked no more.

    But for those that came to nothing: they are looked at once more when they cannot be paid any longer. One
    index probe an attempt, as `save_claims`.
    """
    await conn.execute(
        "UPDATE payments.attempt AS a SET state = v.state, transaction = nullif(v.transaction, ''),"
        " code = nullif(v.code, ''), settled_at = v.at, ask_at = CASE WHEN v.state IN ('failed', 'closed')"
        " THEN (SELECT greatest(i.expires_at, v.at) + %s FROM payments.intent AS i"
        " WHERE i.tenant_id = a.tenant_id AND i.number = a.intent) END"
        " FROM unnest(%s, %s, %s, %s, %s, %s) AS v (intent, attempt, state, transaction, code, at)"
        " CROSS JOIN LATERAL (SELECT ctid FROM payments.attempt WHERE tenant_id = %s AND intent = v.intent"
        " AND attempt = v.attempt OFFSET 0) AS found WHERE a.tenant_id = %s AND a.ctid = found.ctid",
        (
            LAST_LOOK,
            packing.int8s([intent for intent, _ in tries]),
            packing.int2s([one.attempt for _, one in tries]),
            packing.texts([one.state for _, one in tries]),
            packing.texts([one.transaction or "" for _, one in tries]),
            packing.texts([one.code or "" for _, one in tries]),
            packing.times([at for _, one in tries if (at := one.settled_at) is not None]),
            Int4(tenant_id),
            Int4(tenant_id),
        ),
    )


async def hurry_tries(
    conn: Connection, *, tenant_id: int, tries: Sequence[tuple[int, int]], now: datetime
) -> None:
    """Have the channels of locked attempts, given by intent and attempt, asked at once."""
    await conn.execute(
        "UPDATE payments.attempt AS a SET ask_at = %s FROM unnest(%s, %s) AS v (intent, attempt)"
        " WHERE a.tenant_id = %s AND a.intent = v.intent AND a.attempt = v.attempt",
        (
            now,
            packing.int8s([intent for intent, _ in tries]),
            packing.int2s([attempt for _, attempt in tries]),
            Int4(tenant_id),
        ),
    )


async def insert_returns(
    conn: Connection,
    *,
    tenant_id: int,
    returns: Sequence[tuple[Claim, Try, Return]],
    maker: str,
    asks: Mapping[datetime, datetime],
) -> None:
    """Insert refunds that the system makes, and give each its number.

    `asks` says when the channel is asked about a refund that was sent at a time.
    """
    cursor = await conn.execute(
        "INSERT INTO payments.refund (tenant_id, intent, attempt, account, channel, order_number,"
        " transaction, asset, amount, cause, state, code, maker, owner, requested_at, ask_at, settled_at)"
        " SELECT %s, v.intent, v.attempt, v.account, v.channel, v.order_number, nullif(v.transaction, ''),"
        " v.asset, v.amount, v.cause, v.state, nullif(v.code, ''), %s, v.owner, v.at,"
        " CASE WHEN v.state = 'sending' THEN v.ask_at END, CASE WHEN v.state = 'rejected' THEN v.at END"
        " FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) AS v (intent, attempt,"
        " account, channel, order_number, transaction, asset, amount, cause, state, code, owner, at, ask_at)"
        " RETURNING number, intent, attempt, coalesce(transaction, ''), amount, cause, state",
        (
            Int4(tenant_id),
            maker,
            packing.int8s([claim.number for claim, _, _ in returns]),
            packing.int2s([one.attempt for _, one, _ in returns]),
            packing.int8s([one.account for _, one, _ in returns]),
            packing.texts([one.channel for _, one, _ in returns]),
            packing.texts([one.number for _, one, _ in returns]),
            packing.texts([refund.transaction or "" for _, _, refund in returns]),
            packing.texts([refund.asset for _, _, refund in returns]),
            packing.int8s([refund.amount_minor for _, _, refund in returns]),
            packing.texts([refund.cause for _, _, refund in returns]),
            packing.texts([refund.state for _, _, refund in returns]),
            packing.texts([refund.code or "" for _, _, refund in returns]),
            packing.texts([f"viewer/{claim.payer}" for claim, _, _ in returns]),
            packing.times([_at(refund) for _, _, refund in returns]),
            packing.times([asks[_at(refund)] for _, _, refund in returns]),
        ),
    )
    # A payment may be revoked in equal parts: which of them gets which number is all the same.
    numbers: dict[tuple[object, ...], list[int]] = {}
    for number, *words in await cursor.fetchall():
        numbers.setdefault(tuple(words), []).append(number)
    for claim, one, refund in returns:
        paid = (claim.number, one.attempt, refund.transaction or "")
        refund.number = numbers[*paid, refund.amount_minor, refund.cause, refund.state].pop()


async def doubt_returns(conn: Connection, *, tenant_id: int, refunds: Sequence[int], now: datetime) -> None:
    """Have the channels of locked refunds that succeeded asked at once whether that stands."""
    await conn.execute(
        "UPDATE payments.refund SET ask_at = %s WHERE tenant_id = %s AND number = ANY(%s)"
        " AND state = 'succeeded'",
        (now, Int4(tenant_id), packing.int8s(refunds)),
    )


async def save_returns(
    conn: Connection, *, tenant_id: int, returns: Sequence[Return], asks: Mapping[datetime, datetime]
) -> None:
    """Write locked refunds. The channels of those that are sent are asked later, of others no more."""
    await conn.execute(
        "UPDATE payments.refund AS r SET state = v.state, code = nullif(v.code, ''),"
        " ask_at = CASE WHEN v.state = 'sending' THEN v.ask_at END,"
        " settled_at = CASE WHEN v.state <> 'sending' THEN v.at END"
        " FROM unnest(%s, %s, %s, %s, %s) AS v (number, state, code, at, ask_at)"
        " WHERE r.tenant_id = %s AND r.number = v.number",
        (
            packing.int8s([one.number for one in returns]),
            packing.texts([one.state for one in returns]),
            packing.texts([one.code or "" for one in returns]),
            packing.times([_at(one) for one in returns]),
            packing.times([asks[_at(one)] for one in returns]),
            Int4(tenant_id),
        ),
    )


def _at(one: Return) -> datetime:
    assert one.at is not None, "a refund is written because it changed"
    return one.at
