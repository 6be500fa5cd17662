"""Webhooks and mail servers: saved by table commands, loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.features.notifications.model.mail import MailServer
from plaudit.features.notifications.model.webhooks import DisabledCause, Webhook
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_WEBHOOK: Final = (
    "number, url, kinds, enabled, disabled_cause, secret, former, former_until, failing_since, revision,"
    " saved_at"
)
_SERVER: Final = (
    "enabled, host, port, security, username, password, from_address, from_name, ca_pem, revision, saved_at"
)


async def draw_number(conn: Connection, *, tenant_id: int) -> int:
    """Return a number for a new webhook: its secret is sealed for it before it is inserted."""
    cursor = await conn.execute(
        "SELECT nextval(pg_get_serial_sequence('notifications.webhook', 'number')), %s AS tenant_id",
        (Int4(tenant_id),),
    )
    row = await cursor.fetchone()
    assert row is not None, "a sequence gives a number"
    return int(row[0])


async def lock_secrets(conn: Connection, *, tenant_id: int) -> dict[int, tuple[bytes, bytes | None]]:
    """Return the sealed secrets of all webhooks, the one in use and the one before, and keep these locked."""
    cursor = await conn.execute(
        "SELECT number, secret, former FROM notifications.webhook WHERE tenant_id = %s ORDER BY number"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id),),
    )
    return {row[0]: (bytes(row[1]), row[2] and bytes(row[2])) for row in await cursor.fetchall()}


async def save_secrets(
    conn: Connection, *, tenant_id: int, number: int, secret: bytes, former: bytes | None
) -> None:
    """Write secrets of a locked webhook that were sealed anew: they are the same, and so is the revision."""
    await conn.execute(
        "UPDATE notifications.webhook SET secret = %s, former = %s WHERE tenant_id = %s AND number = %s",
        (secret, former, Int4(tenant_id), Int8(number)),
    )


async def save_password(conn: Connection, *, tenant_id: int, password: bytes) -> None:
    """Write the password of the locked mail server, sealed anew."""
    await conn.execute(
        "UPDATE notifications.mail_server SET password = %s WHERE tenant_id = %s",
        (password, Int4(tenant_id)),
    )


async def count_webhooks(conn: Connection, *, tenant_id: int) -> int:
    """Return how many webhooks a tenant has."""
    cursor = await conn.execute(
        "SELECT count(*) FROM notifications.webhook WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    assert row is not None, "a count is one row"
    return int(row[0])


async def insert_webhook(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    url: str,
    kinds: Sequence[str],
    enabled: bool,
    secret: bytes,
    saved_by: str,
    now: datetime,
) -> None:
    """Insert a webhook at revision 1, for what is recorded from now on."""
    await conn.execute(
        "INSERT INTO notifications.webhook (tenant_id, number, url, kinds, enabled, secret, revision,"
        " made_at, saved_by, saved_at) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s, 1, %s,"
        " %s, %s)",
        (
            Int4(tenant_id),
            Int8(number),
            url,
            packing.texts(kinds),
            enabled,
            secret,
            now,
            saved_by,
            now,
        ),
    )


async def lock_webhook(conn: Connection, *, tenant_id: int, number: int) -> Webhook | None:
    """Return a webhook and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_WEBHOOK} FROM notifications.webhook WHERE tenant_id = %s AND number = %s"
        " FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _webhook(*row) if row else None


async def update_webhook(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    url: str,
    kinds: Sequence[str],
    enabled: bool,
    saved_by: str,
    now: datetime,
) -> int:
    """Replace where a locked webhook leads and what it gets, and return its new revision.

    What it had been disabled for is forgotten.
    """
    return await _revision(
        conn,
        "UPDATE notifications.webhook SET url = %s, kinds = %s, enabled = %s, disabled_cause = NULL,"
        " failing_since = NULL, saved_by = %s, saved_at = %s, revision = revision + 1"
        " WHERE tenant_id = %s AND number = %s RETURNING revision",
        (url, packing.texts(kinds), enabled, saved_by, now, Int4(tenant_id), Int8(number)),
    )


async def rotate_secret(
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    secret: bytes,
    former_until: datetime,
    saved_by: str,
    now: datetime,
) -> int:
    """Give a locked webhook a new secret; the one before signs as well until then. Returns its revision."""
    return await _revision(
        conn,
        "UPDATE notifications.webhook SET former = secret, secret = %s, former_until = %s, saved_by = %s,"
        " saved_at = %s, revision = revision + 1 WHERE tenant_id = %s AND number = %s RETURNING revision",
        (secret, former_until, saved_by, now, Int4(tenant_id), Int8(number)),
    )


async def disable_webhook(
    conn: Connection, *, tenant_id: int, number: int, cause: DisabledCause, saved_by: str, now: datetime
) -> int:
    """Switch a locked webhook off, and return its new revision."""
    return await _revision(
        conn,
        "UPDATE notifications.webhook SET enabled = false, disabled_cause = %s, saved_by = %s, saved_at = %s,"
        " revision = revision + 1 WHERE tenant_id = %s AND number = %s RETURNING revision",
        (cause, saved_by, now, Int4(tenant_id), Int8(number)),
    )


async def note_success(conn: Connection, *, tenant_id: int, number: int) -> None:
    """Write down that a webhook takes what it is sent."""
    await conn.execute(
        "UPDATE notifications.webhook SET failing_since = NULL WHERE tenant_id = %s AND number = %s"
        " AND failing_since IS NOT NULL",
        (Int4(tenant_id), Int8(number)),
    )


async def note_failure(conn: Connection, *, tenant_id: int, number: int, now: datetime) -> datetime:
    """Write down that a webhook fails, and return since when it does."""
    cursor = await conn.execute(
        "UPDATE notifications.webhook SET failing_since = coalesce(failing_since, %s)"
        " WHERE tenant_id = %s AND number = %s RETURNING failing_since",
        (now, Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    assert row is not None, "webhooks are never deleted"
    since: datetime = row[0]
    return since


async def load_webhooks(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Webhook]:
    """Return webhooks by their number as text."""
    cursor = await conn.execute(
        f"SELECT {_WEBHOOK} FROM notifications.webhook WHERE tenant_id = %s AND number = ANY(%s)",
        (Int4(tenant_id), packing.int8s([int(key) for key in keys])),
    )
    return {str(row[0]): _webhook(*row) for row in await cursor.fetchall()}


async def select_webhooks(conn: Connection, *, tenant_id: int, after: int, limit: int) -> list[Webhook]:
    """Return webhooks by number, those after a number."""
    cursor = await conn.execute(
        f"SELECT {_WEBHOOK} FROM notifications.webhook WHERE tenant_id = %s AND number > %s"
        " ORDER BY number LIMIT %s",
        (Int4(tenant_id), Int8(after), limit),
    )
    return [_webhook(*row) for row in await cursor.fetchall()]


async def select_enabled(conn: Connection, *, tenant_id: int) -> Mapping[int, frozenset[str]]:
    """Return the kinds that go to each webhook that is on, by number."""
    cursor = await conn.execute(
        "SELECT number, kinds FROM notifications.webhook WHERE tenant_id = %s AND enabled",
        (Int4(tenant_id),),
    )
    return {number: frozenset(kinds) for number, kinds in await cursor.fetchall()}


async def save_server(
    conn: Connection, *, tenant_id: int, server: MailServer, saved_by: str, now: datetime
) -> int:
    """Insert or replace a tenant's mail server, and return its new revision."""
    return await _revision(
        conn,
        "INSERT INTO notifications.mail_server AS m (tenant_id, revision, enabled, host, port, security,"
        " username, password, from_address, from_name, ca_pem, saved_by, saved_at)"
        " VALUES (%s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id) DO UPDATE SET revision = m.revision + 1, enabled = excluded.enabled,"
        " host = excluded.host, port = excluded.port, security = excluded.security, username ="
        " excluded.username, password = excluded.password, from_address = excluded.from_address, from_name ="
        " excluded.from_name, ca_pem = excluded.ca_pem, saved_by = excluded.saved_by, saved_at ="
        " excluded.saved_at RETURNING revision",
        (
            Int4(tenant_id),
            server.enabled,
            server.host,
            server.port,
            server.security,
            server.username,
            server.password,
            server.from_address,
            server.from_name,
            server.ca_pem,
            saved_by,
            now,
        ),
    )


async def load_servers(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, MailServer]:
    """Return the tenant's mail server, where there is one, under its one key."""
    found = await select_server(conn, tenant_id=tenant_id)
    return dict.fromkeys(keys, found) if found is not None else {}


async def select_server(conn: Connection, *, tenant_id: int) -> MailServer | None:
    """Return the tenant's mail server, None where there is none."""
    cursor = await conn.execute(
        f"SELECT {_SERVER} FROM notifications.mail_server WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    return _server(*row) if row else None


async def lock_server(conn: Connection, *, tenant_id: int) -> MailServer | None:
    """Return the tenant's mail server and keep it locked."""
    cursor = await conn.execute(
        f"SELECT {_SERVER} FROM notifications.mail_server WHERE tenant_id = %s FOR NO KEY UPDATE",
        (Int4(tenant_id),),
    )
    row = await cursor.fetchone()
    return _server(*row) if row else None


async def _revision(conn: Connection, statement: str, parameters: tuple[Any, ...]) -> int:
    cursor = await conn.execute(statement, parameters)
    row = await cursor.fetchone()
    assert row is not None, "a saved row has a revision"
    return int(row[0])


def _webhook(*row: Any) -> Webhook:  # noqa: ANN401 - the columns of _WEBHOOK
    number, url, kinds, enabled, cause, secret, former, former_until, failing_since, revision, saved_at = row
    return Webhook(
        number=number,
        url=url,
        kinds=tuple(kinds),
        enabled=enabled,
        disabled_cause=cause,
        secret=bytes(secret),
        former=None if former is None else bytes(former),
        former_until=former_until,
        failing_since=failing_since,
        revision=revision,
        saved_at=saved_at,
    )


def _server(*row: Any) -> MailServer:  # noqa: ANN401 - the columns of _SERVER
    enabled, host, port, security, username, password, address, name, ca_pem, revision, saved_at = row
    return MailServer(
        enabled=enabled,
        host=host,
        port=port,
        security=security,
        username=username,
        password=None if password is None else bytes(password),
        from_address=address,
        from_name=name,
        ca_pem=ca_pem,
        revision=revision,
        saved_at=saved_at,
    )
