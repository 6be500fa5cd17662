"""Attempts: inserted before the channel is asked, found by its callbacks, counted for its health."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from plaudit.features.payments.model.asking import LAST_LOOK
from plaudit.features.payments.model.channel import ChannelName, Method
from plaudit.features.payments.model.intents import Attempt, AttemptState, Placed
from plaudit.features.payments.model.routing import Health
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

ROW = (
    "a.intent, a.attempt, a.account, a.channel, a.method, a.number, a.asset, a.amount, a.state,"
    " a.presentation, a.transaction, a.code, a.follows, a.opened_at, a.asked, a.ask_at, a.settled_at,"
    " i.title_en, i.title_zh, i.return_url, i.expires_at"
)
"""The columns that `attempt` makes an Attempt of, from FROM."""
FROM = "payments.attempt AS a JOIN payments.intent AS i ON i.tenant_id = a.tenant_id AND i.number = a.intent"

_OPEN = "('opening', 'open', 'unknown')"
_HEALTH_MAX = 200


async def insert_attempt(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    intent: int,
    attempt: int,
    account: int,
    channel: ChannelName,
    method: Method,
    number: str,
    asset: str,
    amount_minor: int,
    follows: int | None,
    now: datetime,
    ask_at: datetime,
) -> None:
    """Insert an attempt that the channel has not been asked for yet."""
    await conn.execute(
        "INSERT INTO payments.attempt (tenant_id, intent, attempt, account, channel, method, number, asset,"
        " amount, state, follows, opened_at, ask_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'opening', %s, %s, %s)",
        (
            Int4(tenant_id),
            Int8(intent),
            Int4(attempt),
            Int8(account),
            channel,
            method,
            number,
            asset,
            Int8(amount_minor),
            None if follows is None else Int4(follows),
            now,
            ask_at,
        ),
    )


async def select_attempts(conn: Connection, *, tenant_id: int, intent: int) -> list[Attempt]:
    """Return the attempts of an intent in the order they were made."""
    cursor = await conn.execute(
        f"SELECT {ROW} FROM {FROM} WHERE a.tenant_id = %s AND a.intent = %s ORDER BY a.attempt",
        (Int4(tenant_id), Int8(intent)),
    )
    return [attempt(*row) for row in await cursor.fetchall()]


async def save_opened(
    conn: Connection, *, tenant_id: int, intent: int, attempt: int, presentation: Mapping[str, Any]
) -> None:
    """Note what the payer is shown; a callback may have been quicker, then the state stays."""
    await conn.execute(
        "UPDATE payments.attempt SET presentation = %s, state = CASE WHEN state IN ('opening', 'unknown')"
        " THEN 'open' ELSE state END WHERE tenant_id = %s AND intent = %s AND attempt = %s",
        (Jsonb(dict(presentation)), Int4(tenant_id), Int8(intent), Int4(attempt)),
    )


async def save_unknown(conn: Connection, *, tenant_id: int, intent: int, attempt: int) -> None:
    """Note that it is not known whether the channel has the order."""
    await conn.execute(
        "UPDATE payments.attempt SET state = 'unknown' WHERE tenant_id = %s AND intent = %s AND attempt = %s"
        " AND state = 'opening'",
        (Int4(tenant_id), Int8(intent), Int4(attempt)),
    )


async def save_failed(
    conn: Connection, *, tenant_id: int, intent: int, attempt: int, code: str, now: datetime
) -> bool:
    """Note that an attempt came to nothing at its opening; False when it is not about to be opened any more.

    As what failed later it is looked at once more, when it cannot be paid any longer.
    """
    cursor = await conn.execute(
        "UPDATE payments.attempt AS a SET state = 'failed', code = %s, settled_at = %s, ask_at ="
        " (SELECT greatest(i.expires_at, %s) + %s FROM payments.intent AS i"
        " WHERE i.tenant_id = a.tenant_id AND i.number = a.intent)"
        " WHERE tenant_id = %s AND intent = %s AND attempt = %s AND state = 'opening'",
        (code, now, now, LAST_LOOK, Int4(tenant_id), Int8(intent), Int4(attempt)),
    )
    return cursor.rowcount == 1


async def ask_now(conn: Connection, *, tenant_id: int, intent: int, now: datetime) -> None:
    """Have the channels of an intent's open attempts asked at once."""
    await conn.execute(
        f"UPDATE payments.attempt SET ask_at = %s WHERE tenant_id = %s AND intent = %s AND state IN {_OPEN}",
        (now, Int4(tenant_id), Int8(intent)),
    )


async def select_placed(
    conn: Connection, *, wanted: Sequence[tuple[int, int, str]]
) -> dict[tuple[int, int, str], Placed]:
    """Return attempts by (tenant, account, order number), those that there are.

    OFFSET 0 keeps it one index probe an attempt: where statistics are young the planner would make a join of
    it that reads the whole table.
    """
    cursor = await conn.execute(
        "SELECT a.* FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS w (tenant, account, number)"
        " CROSS JOIN LATERAL (SELECT a.tenant_id, a.intent, a.attempt, a.account, a.channel, a.method,"
        " a.number, a.asset, a.amount FROM payments.attempt AS a WHERE a.tenant_id = w.tenant::integer"
        " AND a.account = w.account AND a.number = w.number OFFSET 0) AS a",
        (
            packing.int8s([one[0] for one in wanted]),
            packing.int8s([one[1] for one in wanted]),
            packing.texts([one[2] for one in wanted]),
        ),
    )
    return {(row[0], row[3], row[6]): Placed(*row) for row in await cursor.fetchall()}


async def select_health(
    conn: Connection, *, tenant_id: int, accounts: Sequence[int], since: datetime
) -> dict[int, Health]:
    """Return by account how the newest attempts since a moment ended, of which no answer is an end, too.

    Each payer counts once, as failed where nothing went well: one who fails again and again says no more than
    another. Attempts that were closed say nothing. What is looked at for an account has a bound, so that it
    costs the same however much is paid.
    """
    cursor = await conn.execute(
        "SELECT account, count(*), count(*) FILTER (WHERE failed) FROM (SELECT v.account, i.payer,"
        " bool_and(a.state IN ('failed', 'unknown')) AS failed FROM unnest(%s) AS v (account)"
        " CROSS JOIN LATERAL ((SELECT intent, state FROM payments.attempt WHERE tenant_id = %s"
        " AND account = v.account AND settled_at > %s AND state IN ('paid', 'surplus', 'failed')"
        " ORDER BY settled_at DESC LIMIT %s) UNION ALL (SELECT intent, state FROM payments.attempt"
        " WHERE tenant_id = %s AND account = v.account AND state = 'unknown' AND opened_at > %s"
        " ORDER BY opened_at DESC LIMIT %s)) AS a"
        " JOIN payments.intent AS i ON i.tenant_id = %s AND i.number = a.intent"
        " GROUP BY v.account, i.payer) AS ends GROUP BY account",
        (
            packing.int8s(accounts),
            Int4(tenant_id),
            since,
            _HEALTH_MAX,
            Int4(tenant_id),
            since,
            _HEALTH_MAX,
            Int4(tenant_id),
        ),
    )
    return {row[0]: Health(settled=row[1], failed=row[2]) for row in await cursor.fetchall()}


def attempt(*row: Any) -> Attempt:  # noqa: ANN401 - the columns of ROW
    """Return the attempt that the columns of ROW describe."""
    (
        intent,
        number_of_attempt,
        account,
        channel,
        method,
        number,
        asset,
        amount,
        state,
        presentation,
        transaction,
        code,
        follows,
        opened_at,
        asked,
        ask_at,
        settled_at,
        title_en,
        title_zh,
        return_url,
        expires_at,
    ) = row
    known: AttemptState = state
    by: Method = method
    return Attempt(
        intent=intent,
        attempt=number_of_attempt,
        account=account,
        channel=channel,
        method=by,
        number=number,
        asset=asset,
        amount_minor=amount,
        state=known,
        presentation=presentation,
        transaction=transaction,
        code=code,
        follows=follows,
        opened_at=opened_at,
        asked=asked,
        ask_at=ask_at,
        settled_at=settled_at,
        title_en=title_en,
        title_zh=title_zh,
        return_url=return_url,
        expires_at=expires_at,
    )
