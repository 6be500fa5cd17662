"""Media servers: saved by table commands, loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from plaudit.features.admission.model.servers import Kind, MediaServer, ServerTerms
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

ALL: Final = "*"
"""The one key of the list of all servers."""

_ROW = (
    "tenant_id, number, kind, settings, secrets, secret_names, secrets_at, keys, revision, saved_at,"
    " name, enabled, priority, stream_name, token_ttl, at_limit, in_doubt"
)


async def draw_number(conn: Connection, *, tenant_id: int) -> int:
    """Return a number for a new server: its secrets are sealed for it before it is inserted."""
    cursor = await conn.execute(
        "SELECT nextval(pg_get_serial_sequence('admission.server', 'number')), %s AS tenant_id",
        (Int4(tenant_id),),
    )
    row = await cursor.fetchone()
    assert row is not None, "a sequence gives a number"
    return int(row[0])


async def lock_secrets(conn: Connection, *, tenant_id: int) -> dict[int, bytes]:
    """Return the sealed secrets of all servers, by number, and keep these locked."""
    cursor = await conn.execute(
        "SELECT number, secrets FROM admission.server WHERE tenant_id = %s ORDER BY number FOR NO KEY UPDATE",
        (Int4(tenant_id),),
    )
    return {row[0]: bytes(row[1]) for row in await cursor.fetchall()}


async def save_secrets(conn: Connection, *, tenant_id: int, sealed: Mapping[int, bytes]) -> None:
    """Write secrets of locked servers that were sealed anew: they are the same, and so is the revision."""
    await conn.execute(
        "UPDATE admission.server AS s SET secrets = v.secrets"
        " FROM unnest(%s::bigint[], %s::bytea[]) AS v (number, secrets)"
        " WHERE s.tenant_id = %s AND s.number = v.number",
        (list(sealed), list(sealed.values()), Int4(tenant_id)),
    )


async def lock_all(conn: Connection, *, tenant_id: int) -> int:
    """Return how many servers there are, which stay locked until the transaction ends."""
    cursor = await conn.execute(
        "SELECT number FROM admission.server WHERE tenant_id = %s ORDER BY number FOR NO KEY UPDATE",
        (Int4(tenant_id),),
    )
    return len(await cursor.fetchall())


async def insert_server(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    kind: Kind,
    terms: ServerTerms,
    settings: Mapping[str, Any],
    sealed: bytes,
    secret_names: Sequence[str],
    saved_by: str,
    now: datetime,
) -> None:
    """Insert a server at revision 1, with its first keys."""
    await conn.execute(
        "INSERT INTO admission.server (tenant_id, number, kind, settings, secrets, secret_names, secrets_at,"
        " saved_by, saved_at, name, enabled, priority, stream_name, token_ttl, at_limit, in_doubt, keys,"
        " revision) OVERRIDING SYSTEM VALUE"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 1)",
        (
            Int4(tenant_id),
            Int8(number),
            kind,
            Jsonb(dict(settings)),
            sealed,
            packing.texts(secret_names),
            now,
            saved_by,
            now,
            *_terms(terms),
        ),
    )


async def lock_server(conn: Connection, *, tenant_id: int, number: int) -> MediaServer | None:
    """Return a server and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM admission.server WHERE tenant_id = %s AND number = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _server(*row) if row else None


async def update_server(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    terms: ServerTerms,
    settings: Mapping[str, Any],
    sealed: bytes,
    secret_names: Sequence[str],
    secrets_at: datetime,
    keys: int,
    saved_by: str,
    now: datetime,
) -> int:
    """Replace all of a locked server but its kind, and return its new revision."""
    cursor = await conn.execute(
        "UPDATE admission.server SET settings = %s, secrets = %s, secret_names = %s, secrets_at = %s,"
        " saved_by = %s, saved_at = %s, name = %s, enabled = %s, priority = %s, stream_name = %s,"
        " token_ttl = %s, at_limit = %s, in_doubt = %s, keys = %s, revision = revision + 1"
        " WHERE tenant_id = %s AND number = %s RETURNING revision",
        (
            Jsonb(dict(settings)),
            sealed,
            packing.texts(secret_names),
            secrets_at,
            saved_by,
            now,
            *_terms(terms),
            Int4(keys),
            Int4(tenant_id),
            Int8(number),
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "the row is locked"
    return int(row[0])


async def load_servers(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, MediaServer]:
    """Return servers by their number as text."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM admission.server WHERE tenant_id = %s AND number = ANY(%s)",
        (Int4(tenant_id), packing.int8s([int(key) for key in keys])),
    )
    return {str(row[1]): _server(*row) for row in await cursor.fetchall()}


async def load_all_servers(
    conn: Connection, tenant_id: int, keys: Sequence[str]
) -> Mapping[str, tuple[MediaServer, ...]]:
    """Return all servers of a tenant by priority, then number, under its one key."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM admission.server WHERE tenant_id = %s ORDER BY priority, number",
        (Int4(tenant_id),),
    )
    return dict.fromkeys(keys, tuple(_server(*row) for row in await cursor.fetchall()))


def _terms(terms: ServerTerms) -> tuple[Any, ...]:
    return (
        terms.name,
        terms.enabled,
        Int4(terms.priority),
        terms.stream_name,
        Int4(terms.token_ttl_s),
        terms.at_limit,
        terms.in_doubt,
    )


def _server(*row: Any) -> MediaServer:  # noqa: ANN401 - the columns of _ROW
    tenant_id, number, kind, settings, sealed, secret_names, secrets_at, keys, revision, saved_at, *terms = (
        row
    )
    name, enabled, priority, stream_name, token_ttl_s, at_limit, in_doubt = terms
    return MediaServer(
        tenant_id=tenant_id,
        number=number,
        kind=kind,
        terms=ServerTerms(
            name=name,
            enabled=enabled,
            priority=priority,
            stream_name=stream_name,
            token_ttl_s=token_ttl_s,
            at_limit=at_limit,
            in_doubt=in_doubt,
        ),
        settings=settings,
        sealed=bytes(sealed),
        secret_names=tuple(secret_names),
        secrets_at=secrets_at,
        keys=keys,
        revision=revision,
        saved_at=saved_at,
    )
