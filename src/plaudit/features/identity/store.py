"""Identity's SQL: keys, staff, token keys, leases of the rate limit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from plaudit.features.identity.model import (
    APP_PREFIX,
    STAFF_PREFIX,
    TOKEN_KEY_PREFIX,
    ApiKey,
    Staff,
    TokenKey,
    key_number,
)
from plaudit.kernel.ids import encode_id
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

Table: TypeAlias = Literal["api_key", "staff", "token_key"]

_API_KEY = (
    "SELECT number, name, scopes, rate_per_second, secret_hash, created_at, revoked_at FROM identity.api_key"
)
_STAFF = "SELECT number, name, scopes, secret_hash, created_at, revoked_at FROM identity.staff"
_TOKEN_KEY = "SELECT number, algorithm, material, created_at, revoked_at FROM identity.token_key"  # noqa: S105 - SQL
_REVOKE = {
    "api_key": "UPDATE identity.api_key SET revoked_at = %s"
    " WHERE tenant_id = %s AND number = %s AND revoked_at IS NULL",
    "staff": "UPDATE identity.staff SET revoked_at = %s"
    " WHERE tenant_id = %s AND number = %s AND revoked_at IS NULL",
    "token_key": "UPDATE identity.token_key SET revoked_at = %s"
    " WHERE tenant_id = %s AND number = %s AND revoked_at IS NULL",
}
_AHEAD_MAX_S = 60
"""How far the clocks of processes may differ for their leases to be counted together."""
_PAGE = " WHERE tenant_id = %s AND number > %s ORDER BY number LIMIT %s"
_SOME = " WHERE tenant_id = %s AND number = ANY(%s)"


class Lease(NamedTuple):
    """What a lease gave: `granted` calls in `second`, which may be a later one than asked for."""

    tenant_id: int
    name: str
    second: int
    granted: int


async def draw_number(conn: Connection, *, tenant_id: int) -> int:
    """Return a number that no key of any tenant has."""
    cursor = await conn.execute("SELECT nextval('identity.number')")
    row = await cursor.fetchone()
    assert row is not None
    return key_number(tenant_id=tenant_id, drawn=int(row[0]))


async def insert_api_key(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    name: str,
    scopes: Sequence[str],
    rate_per_second: int | None,
    secret_hash: bytes,
    now: datetime,
) -> None:
    """Store a new API key by the hash of its secret."""
    await conn.execute(
        "INSERT INTO identity.api_key"
        " (tenant_id, number, name, scopes, rate_per_second, secret_hash, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (Int4(tenant_id), Int8(number), name, list(scopes), rate_per_second, secret_hash, now),
    )


async def insert_staff(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    name: str,
    scopes: Sequence[str],
    secret_hash: bytes,
    now: datetime,
) -> None:
    """Store a new person of the staff by the hash of their secret."""
    await conn.execute(
        "INSERT INTO identity.staff (tenant_id, number, name, scopes, secret_hash, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (Int4(tenant_id), Int8(number), name, list(scopes), secret_hash, now),
    )


async def insert_token_key(
    conn: Connection, *, tenant_id: int, number: int, algorithm: str, material: bytes, now: datetime
) -> None:
    """Store a new token key: a public key in PEM, or a sealed secret."""
    await conn.execute(
        "INSERT INTO identity.token_key (tenant_id, number, algorithm, material, created_at)"
        " VALUES (%s, %s, %s, %s, %s)",
        (Int4(tenant_id), Int8(number), algorithm, material, now),
    )


async def lock_token_keys(conn: Connection, *, tenant_id: int) -> list[TokenKey]:
    """Return all token keys, revoked ones as well, and keep them locked."""
    cursor = await conn.execute(
        _TOKEN_KEY + " WHERE tenant_id = %s ORDER BY number FOR NO KEY UPDATE", (Int4(tenant_id),)
    )
    return [_token_key(row) for row in await cursor.fetchall()]


async def save_material(conn: Connection, *, tenant_id: int, number: int, material: bytes) -> None:
    """Write the shared secret of a locked token key, sealed anew."""
    await conn.execute(
        "UPDATE identity.token_key SET material = %s WHERE tenant_id = %s AND number = %s",
        (material, Int4(tenant_id), Int8(number)),
    )


async def revoke(conn: Connection, *, table: Table, tenant_id: int, number: int, now: datetime) -> bool:
    """Mark a key as revoked; False when there is none that is not."""
    cursor = await conn.execute(_REVOKE[table], (now, Int4(tenant_id), Int8(number)))
    return cursor.rowcount == 1


async def select_api_keys(
    conn: Connection, *, tenant_id: int, after: int = 0, limit: int | None = None
) -> list[ApiKey]:
    """Return API keys by number, revoked ones as well."""
    cursor = await conn.execute(_API_KEY + _PAGE, (Int4(tenant_id), Int8(after), limit))
    return [_api_key(row) for row in await cursor.fetchall()]


async def select_staff(
    conn: Connection, *, tenant_id: int, after: int = 0, limit: int | None = None
) -> list[Staff]:
    """Return the staff by number, revoked persons as well."""
    cursor = await conn.execute(_STAFF + _PAGE, (Int4(tenant_id), Int8(after), limit))
    return [_staff(row) for row in await cursor.fetchall()]


async def select_token_keys(
    conn: Connection, *, tenant_id: int, after: int = 0, limit: int | None = None
) -> list[TokenKey]:
    """Return token keys by number, revoked ones as well; shared secrets are sealed."""
    cursor = await conn.execute(_TOKEN_KEY + _PAGE, (Int4(tenant_id), Int8(after), limit))
    return [_token_key(row) for row in await cursor.fetchall()]


async def load_api_keys(conn: Connection, tenant_id: int, keys: Sequence[str]) -> dict[str, ApiKey]:
    """Return API keys by the text of their number (loader of the topic `api_key`)."""
    cursor = await conn.execute(
        _API_KEY + _SOME, (Int4(tenant_id), packing.int8s([int(key) for key in keys]))
    )
    return {str(row[0]): _api_key(row) for row in await cursor.fetchall()}


async def load_staff(conn: Connection, tenant_id: int, keys: Sequence[str]) -> dict[str, Staff]:
    """Return persons of the staff by the text of their number (loader of the topic `staff`)."""
    cursor = await conn.execute(_STAFF + _SOME, (Int4(tenant_id), packing.int8s([int(key) for key in keys])))
    return {str(row[0]): _staff(row) for row in await cursor.fetchall()}


async def load_token_keys(conn: Connection, tenant_id: int, keys: Sequence[str]) -> dict[str, TokenKey]:
    """Return token keys by the text of their number (loader of the topic `token_key`)."""
    cursor = await conn.execute(
        _TOKEN_KEY + _SOME, (Int4(tenant_id), packing.int8s([int(key) for key in keys]))
    )
    return {str(row[0]): _token_key(row) for row in await cursor.fetchall()}


async def lease(conn: Connection, *, asked: Sequence[tuple[int, str, int, int]], second: int) -> list[Lease]:
    """Lease calls of a second, given as (tenant_id, name, limit, how many are wanted), each name once.

    One statement. It gives what is left of each limit, 0 when nothing is. Where another process, whose
    clock is ahead, has begun a later second, the lease is of that one. A second too far ahead was told by a
    clock that has been set right since, and does not count: the key would be refused until then.
    """
    # Sorted, so that two processes that lease the same names cannot deadlock.
    rows = sorted(asked)
    cursor = await conn.execute(
        "INSERT INTO identity.lease AS l (tenant_id, name, second, allowed, used, granted)"
        " SELECT v.tenant_id, v.name, %s, v.allowed, least(v.wanted, v.allowed), least(v.wanted, v.allowed)"
        " FROM unnest(%s, %s, %s, %s) AS v (tenant_id, name, allowed, wanted)"
        " ON CONFLICT (tenant_id, name) DO UPDATE SET"
        " second = CASE WHEN l.second BETWEEN excluded.second AND excluded.second + %s"
        " THEN l.second ELSE excluded.second END,"
        " allowed = excluded.allowed,"
        " granted = CASE WHEN l.second BETWEEN excluded.second AND excluded.second + %s"
        " THEN greatest(0, least(excluded.granted, excluded.allowed - l.used)) ELSE excluded.granted END,"
        " used = CASE WHEN l.second BETWEEN excluded.second AND excluded.second + %s"
        " THEN l.used + greatest(0, least(excluded.granted, excluded.allowed - l.used))"
        " ELSE excluded.used END"
        " RETURNING l.tenant_id, l.name, l.second, l.granted",
        (
            Int8(second),
            packing.int8s([tenant_id for tenant_id, _, _, _ in rows]),
            packing.texts([name for _, name, _, _ in rows]),
            packing.int8s([limit for _, _, limit, _ in rows]),
            packing.int8s([wanted for _, _, _, wanted in rows]),
            *(Int8(_AHEAD_MAX_S),) * 3,
        ),
    )
    return [Lease(*row) for row in await cursor.fetchall()]


async def sweep_leases(conn: Connection, *, before_second: int) -> None:
    """Forget the leases of seconds that are over."""
    await conn.execute("DELETE FROM identity.lease WHERE second < %s", (Int8(before_second),))


def _api_key(row: tuple[Any, ...]) -> ApiKey:
    number, name, scopes, rate_per_second, secret_hash, created_at, revoked_at = row
    return ApiKey(
        id=encode_id(APP_PREFIX, number),
        name=name,
        scopes=frozenset(scopes),
        rate_per_second=rate_per_second,
        secret_hash=bytes(secret_hash),
        created_at=created_at,
        revoked_at=revoked_at,
    )


def _staff(row: tuple[Any, ...]) -> Staff:
    number, name, scopes, secret_hash, created_at, revoked_at = row
    return Staff(
        id=encode_id(STAFF_PREFIX, number),
        name=name,
        scopes=frozenset(scopes),
        secret_hash=bytes(secret_hash),
        created_at=created_at,
        revoked_at=revoked_at,
    )


def _token_key(row: tuple[Any, ...]) -> TokenKey:
    number, algorithm, material, created_at, revoked_at = row
    return TokenKey(
        id=encode_id(TOKEN_KEY_PREFIX, number),
        algorithm=algorithm,
        material=bytes(material),
        created_at=created_at,
        revoked_at=revoked_at,
    )
