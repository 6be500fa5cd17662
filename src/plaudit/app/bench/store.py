"""The SQL of the baselines: the same rows into the same tables, by other ways than the writer's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.types.numeric import Int2

from plaudit.app.bench.house import TENANT
from plaudit.core.journal.facts import Sealed
from plaudit.core.ledger.book import Window
from plaudit.platform import packing
from plaudit.platform.db import Connection

# Everything that can be done before the platform's row is locked comes before it: that lock, and the head's
# after it, are held to the end of the commit.
_ROW_LOCKS = """
CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO plaudit_runtime;
CREATE FUNCTION bench.tip(
    p_tenant integer, p_viewer bigint, p_creator bigint, p_platform bigint,
    p_amount bigint, p_share bigint, p_digest uuid, p_content uuid,
    p_kind text, p_version smallint, p_subject text, p_actor text, p_at timestamptz, p_now timestamptz,
    p_data jsonb, p_moves jsonb, p_hash bytea,
    p_window text, p_starts timestamptz, p_ends timestamptz, p_limit bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_frozen smallint; v_floor bigint; v_viewer bigint; v_creator bigint; v_platform bigint; v_used bigint;
    v_content uuid; v_position bigint; v_recorded timestamptz;
BEGIN
    SELECT frozen, floor, balance - p_amount INTO v_frozen, v_floor, v_viewer FROM ledger.account
     WHERE tenant_id = p_tenant AND id = p_viewer FOR NO KEY UPDATE;
    IF v_frozen > 0 THEN RETURN -1; END IF;
    SELECT frozen, balance + p_share INTO v_frozen, v_creator FROM ledger.account
     WHERE tenant_id = p_tenant AND id = p_creator FOR NO KEY UPDATE;
    IF v_frozen > 1 THEN RETURN -1; END IF;
    SELECT content INTO v_content FROM journal.key WHERE tenant_id = p_tenant AND digest = p_digest;
    IF FOUND THEN RETURN -2; END IF;
    IF v_viewer < v_floor THEN RETURN -3; END IF;
    SELECT used + p_amount INTO v_used FROM ledger.counter
     WHERE tenant_id = p_tenant AND name = p_window AND starts = p_starts FOR NO KEY UPDATE;
    IF FOUND THEN
        IF v_used > p_limit THEN RETURN -4; END IF;
        UPDATE ledger.counter SET used = v_used
         WHERE tenant_id = p_tenant AND name = p_window AND starts = p_starts;
    ELSE
        IF p_amount > p_limit THEN RETURN -4; END IF;
        INSERT INTO ledger.counter (tenant_id, name, starts, ends, used)
        VALUES (p_tenant, p_window, p_starts, p_ends, p_amount);
    END IF;
    UPDATE ledger.account SET balance = v_viewer WHERE tenant_id = p_tenant AND id = p_viewer;
    UPDATE ledger.account SET balance = v_creator WHERE tenant_id = p_tenant AND id = p_creator;
    UPDATE ledger.account SET balance = balance + p_amount - p_share
     WHERE tenant_id = p_tenant AND id = p_platform RETURNING balance INTO v_platform;
    UPDATE journal.head SET position = position + 1, recorded_at = greatest(recorded_at, p_now)
     WHERE tenant_id = p_tenant RETURNING position, recorded_at INTO v_position, v_recorded;
    INSERT INTO journal.fact
        (tenant_id, position, kind, version, subject, actor, at, recorded_at, data, moves, hash)
    VALUES (p_tenant, v_position, p_kind, p_version, p_subject, p_actor, p_at, v_recorded,
            p_data, p_moves, p_hash);
    INSERT INTO journal.key (tenant_id, digest, content, position)
    VALUES (p_tenant, p_digest, p_content, v_position);
    INSERT INTO ledger.entry (tenant_id, account_id, position, amount, balance, asset, at)
    VALUES (p_tenant, p_viewer, v_position, -p_amount, v_viewer, 'coin', p_at),
           (p_tenant, p_creator, v_position, p_share, v_creator, 'coin', p_at),
           (p_tenant, p_platform, v_position, p_amount - p_share, v_platform, 'coin', p_at);
    PERFORM pg_notify('plaudit_journal', p_tenant || ' ' || v_position);
    RETURN v_position;
END
$$;
"""

_CALL = (
    "SELECT bench.tip(%b, %b, %b, %b, %b, %b, %b, %b, %t, %b, %t, %t, %b, %b, %t::jsonb, %t::jsonb, %b,"
    " %t, %b, %b, %b)"
)
_BARE_HEAD = (
    "UPDATE journal.head SET position = position + %s, recorded_at = greatest(recorded_at, %s)"
    " WHERE tenant_id = %s"
)
_BARE_FACTS = (
    "INSERT INTO journal.fact"
    " (tenant_id, position, kind, version, subject, actor, at, recorded_at, data, moves, hash)"
    " SELECT h.tenant_id, h.position - %s + v.n, v.kind, v.version, v.subject, v.actor, v.at, h.recorded_at,"
    " v.data, v.moves, v.hash"
    " FROM journal.head h, unnest(%s, %s, %s, %s, %s, %s, %s, %s)"
    " WITH ORDINALITY AS v (kind, version, subject, actor, at, data, moves, hash, n) WHERE h.tenant_id = %s"
)
_BARE_KEYS = (
    "INSERT INTO journal.key (tenant_id, digest, content, position)"
    " SELECT h.tenant_id, v.digest, v.content, h.position - %s + v.n"
    " FROM journal.head h, unnest(%s, %s) WITH ORDINALITY AS v (digest, content, n) WHERE h.tenant_id = %s"
)
_BARE_ENTRIES = (
    "INSERT INTO ledger.entry (tenant_id, account_id, position, amount, balance, asset, at)"
    " SELECT h.tenant_id, v.account_id, h.position - %s + v.n, v.amount, v.balance, v.asset, v.at"
    " FROM journal.head h, unnest(%s, %s, %s, %s, %s, %s) AS v (n, account_id, amount, balance, asset, at)"
    " WHERE h.tenant_id = %s"
)
_BARE_BALANCES = (
    "UPDATE ledger.account SET balance = (%s)[width_bucket(id, %s)] WHERE tenant_id = %s AND id = ANY(%s)"
)
_BARE_NOTIFY = (
    "SELECT pg_notify('plaudit_journal', tenant_id || ' ' || position) FROM journal.head WHERE tenant_id = 1"
)
_BARE_COUNTERS = (
    "INSERT INTO ledger.counter AS c (tenant_id, name, starts, ends, used)"
    " SELECT %s, v.name, v.starts, v.ends, v.used FROM unnest(%s, %s, %s, %s) AS v (name, starts, ends, used)"
    " ON CONFLICT (tenant_id, name, starts) DO UPDATE SET used = excluded.used"
)


class Row(NamedTuple):
    """One tip with everything that could be prepared: ids, digests, the sealed fact, the window."""

    viewer_id: int
    creator_id: int
    platform_id: int
    amount_minor: int
    share_minor: int
    digest: bytes
    content: bytes
    sealed: Sealed
    window: Window


class Packed(Struct, frozen=True):
    """The rows of one batch as columns ready to be sent: parameters of the statements of `insert_batch`."""

    length: int
    facts: tuple[Any, ...]
    keys: tuple[Any, ...]
    entries: tuple[Any, ...]
    balances: tuple[Any, ...]
    counters: tuple[Any, ...]


def create_row_locks(owner_url: str) -> None:
    """Create the function of the row-lock baseline, in a schema of its own."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(_ROW_LOCKS)


def row_lock_call(row: Row, *, limit_minor: int) -> tuple[str, tuple[Any, ...]]:
    """Return statement and parameters that post a tip by the function: > 0 is its position, else refused."""
    sealed, window = row.sealed, row.window
    data = sealed.fact.data
    parameters = (
        packing.Int4(TENANT),
        packing.Int8(row.viewer_id),
        packing.Int8(row.creator_id),
        packing.Int8(row.platform_id),
        packing.Int8(row.amount_minor),
        packing.Int8(row.share_minor),
        UUID(bytes=row.digest),
        UUID(bytes=row.content),
        data.KIND,
        Int2(data.VERSION),
        sealed.fact.subject,
        sealed.actor,
        sealed.at,
        datetime.now(UTC),
        sealed.data.decode(),
        sealed.moves.decode(),
        sealed.hash,
        window.name,
        window.starts,
        window.ends,
        packing.Int8(limit_minor),
    )
    return _CALL, parameters


def pack(rows: Sequence[Row]) -> Packed:
    """Pack a batch's rows. Balances are made up: whoever does not read cannot know them."""
    entries = []
    balances: dict[int, int] = {}
    counters: dict[Window, int] = {}
    for number, row in enumerate(rows, 1):
        moved = (
            (row.viewer_id, -row.amount_minor),
            (row.creator_id, row.share_minor),
            (row.platform_id, row.amount_minor - row.share_minor),
        )
        for account_id, amount in moved:
            balances[account_id] = number
            entries.append((number, account_id, amount, number, "coin", row.sealed.at))
        counters[row.window] = row.amount_minor
    windows, ids = sorted(counters), sorted(balances)
    packed_ids = packing.int8s(ids)
    tenant, count = packing.Int4(TENANT), packing.Int8(len(rows))
    numbers, account_ids, amounts, after, assets, ats = zip(*entries, strict=True)
    return Packed(
        length=len(rows),
        facts=(count, *_facts([row.sealed for row in rows]), tenant),
        keys=(
            count,
            packing.uuids([row.digest for row in rows]),
            packing.uuids([row.content for row in rows]),
            tenant,
        ),
        entries=(
            count,
            packing.int8s(numbers),
            packing.int8s(account_ids),
            packing.int8s(amounts),
            packing.int8s(after),
            packing.texts(assets),
            packing.times(ats),
            tenant,
        ),
        balances=(packing.int8s([balances[id_] for id_ in ids]), packed_ids, tenant, packed_ids),
        counters=(
            tenant,
            packing.texts([w.name for w in windows]),
            packing.times([w.starts for w in windows]),
            packing.times([w.ends for w in windows]),
            packing.int8s([counters[w] for w in windows]),
        ),
    )


def _facts(sealed: Sequence[Sealed]) -> tuple[packing.Column, ...]:
    return (
        packing.texts([s.fact.data.KIND for s in sealed]),
        packing.int2s([s.fact.data.VERSION for s in sealed]),
        packing.texts([s.fact.subject for s in sealed]),
        packing.texts([s.actor for s in sealed]),
        packing.times([s.at for s in sealed]),
        packing.jsonbs([s.data for s in sealed]),
        packing.jsonbs([s.moves for s in sealed]),
        packing.byteas([s.hash for s in sealed]),
    )


async def insert_batch(conn: Connection, *, packed: Packed, balances: bool) -> None:
    """Insert a batch without looking: positions, facts, keys, entries; balances and counters if asked."""
    async with conn.pipeline(), conn.transaction():
        if balances:
            await conn.execute(_BARE_BALANCES, packed.balances)
            await conn.execute(_BARE_COUNTERS, packed.counters)
        count, tenant = packing.Int8(packed.length), packing.Int4(TENANT)
        await conn.execute(_BARE_HEAD, (count, datetime.now(UTC), tenant))
        await conn.execute(_BARE_FACTS, packed.facts)
        await conn.execute(_BARE_KEYS, packed.keys)
        await conn.execute(_BARE_ENTRIES, packed.entries)
        await conn.execute(_BARE_NOTIFY)
