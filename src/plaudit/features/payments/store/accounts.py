"""Merchant accounts and the payment policy: saved by table commands, loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from plaudit.features.payments.model.accounts import AccountTerms, PaymentPolicy, SealedMerchant
from plaudit.features.payments.model.channel import ChannelName
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

ALL: Final = "*"
"""The one key of the list that routing chooses from."""

_ROW = (
    "tenant_id, number, channel, name, settings, secrets, secret_names, secrets_at, enabled, priority,"
    " assets, methods, devices, minimum, maximum, revision, saved_at"
)


async def draw_number(conn: Connection, *, tenant_id: int) -> int:
    """Return a number for a new account: its secrets are sealed for it before it is inserted."""
    cursor = await conn.execute(
        "SELECT nextval(pg_get_serial_sequence('payments.account', 'number')), %s AS tenant_id",
        (Int4(tenant_id),),
    )
    row = await cursor.fetchone()
    assert row is not None, "a sequence gives a number"
    return int(row[0])


async def insert_account(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    channel: ChannelName,
    terms: AccountTerms,
    settings: Mapping[str, Any],
    sealed: bytes,
    secret_names: Sequence[str],
    saved_by: str,
    now: datetime,
) -> None:
    """Insert an account at revision 1."""
    await conn.execute(
        "INSERT INTO payments.account (tenant_id, number, channel, settings, secrets, secret_names,"
        " secrets_at, saved_by, saved_at, name, enabled, priority, assets, methods, devices, minimum,"
        " maximum, revision) OVERRIDING SYSTEM VALUE"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)",
        (
            Int4(tenant_id),
            Int8(number),
            channel,
            Jsonb(dict(settings)),
            sealed,
            packing.texts(secret_names),
            now,
            saved_by,
            now,
            *_terms(terms),
        ),
    )


async def lock_account(conn: Connection, *, tenant_id: int, number: int) -> SealedMerchant | None:
    """Return an account and keep it locked; None when there is none of this number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM payments.account WHERE tenant_id = %s AND number = %s FOR NO KEY UPDATE",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    return _account(*row) if row else None


async def update_account(  # noqa: PLR0913 - one parameter a column
    conn: Connection,
    *,
    tenant_id: int,
    number: int,
    terms: AccountTerms,
    settings: Mapping[str, Any],
    sealed: bytes,
    secret_names: Sequence[str],
    secrets_at: datetime,
    saved_by: str,
    now: datetime,
) -> int:
    """Replace all of a locked account but its channel, and return its new revision."""
    cursor = await conn.execute(
        "UPDATE payments.account SET settings = %s, secrets = %s, secret_names = %s, secrets_at = %s,"
        " saved_by = %s, saved_at = %s, name = %s, enabled = %s, priority = %s, assets = %s, methods = %s,"
        " devices = %s, minimum = %s, maximum = %s, revision = revision + 1"
        " WHERE tenant_id = %s AND number = %s RETURNING revision",
        (
            Jsonb(dict(settings)),
            sealed,
            packing.texts(secret_names),
            secrets_at,
            saved_by,
            now,
            *_terms(terms),
            Int4(tenant_id),
            Int8(number),
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "the row is locked"
    return int(row[0])


async def has_attempts(conn: Connection, *, tenant_id: int, number: int) -> bool:
    """Tell whether anybody was ever sent to pay at an account."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM payments.attempt WHERE tenant_id = %s AND account = %s)",
        (Int4(tenant_id), Int8(number)),
    )
    row = await cursor.fetchone()
    assert row is not None, "a condition is true or false"
    return bool(row[0])


async def lock_secrets(conn: Connection, *, tenant_id: int) -> dict[int, bytes]:
    """Return the sealed secrets of all accounts, by number, and keep these locked."""
    cursor = await conn.execute(
        "SELECT number, secrets FROM payments.account WHERE tenant_id = %s ORDER BY number FOR NO KEY UPDATE",
        (Int4(tenant_id),),
    )
    return {row[0]: bytes(row[1]) for row in await cursor.fetchall()}


async def save_secrets(conn: Connection, *, tenant_id: int, sealed: Mapping[int, bytes]) -> None:
    """Write secrets of locked accounts that were sealed anew: they are the same, and so is the revision."""
    await conn.execute(
        "UPDATE payments.account AS a SET secrets = v.secrets"
        " FROM unnest(%s::bigint[], %s::bytea[]) AS v (number, secrets)"
        " WHERE a.tenant_id = %s AND a.number = v.number",
        (list(sealed), list(sealed.values()), Int4(tenant_id)),
    )


async def load_merchants(
    conn: Connection, tenant_id: int, keys: Sequence[str]
) -> Mapping[str, SealedMerchant]:
    """Return accounts by their number as text."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM payments.account WHERE tenant_id = %s AND number = ANY(%s)",
        (Int4(tenant_id), packing.int8s([int(key) for key in keys])),
    )
    return {str(row[1]): _account(*row) for row in await cursor.fetchall()}


async def load_all_merchants(
    conn: Connection, tenant_id: int, keys: Sequence[str]
) -> Mapping[str, tuple[SealedMerchant, ...]]:
    """Return all accounts of a tenant by priority, then number, under its one key."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM payments.account WHERE tenant_id = %s ORDER BY priority, number",
        (Int4(tenant_id),),
    )
    return dict.fromkeys(keys, tuple(_account(*row) for row in await cursor.fetchall()))


async def select_accounts(
    conn: Connection, *, tenant_id: int, after: int, limit: int
) -> list[SealedMerchant]:
    """Return accounts by number, those after a number."""
    cursor = await conn.execute(
        f"SELECT {_ROW} FROM payments.account WHERE tenant_id = %s AND number > %s ORDER BY number LIMIT %s",
        (Int4(tenant_id), Int8(after), limit),
    )
    return [_account(*row) for row in await cursor.fetchall()]


async def save_policy(conn: Connection, *, tenant_id: int, policy: PaymentPolicy) -> int:
    """Insert or replace the policy of a currency and return its new revision."""
    cursor = await conn.execute(
        "INSERT INTO payments.policy AS p (tenant_id, asset, review_above, revision) VALUES (%s, %s, %s, 1)"
        " ON CONFLICT (tenant_id, asset) DO UPDATE SET review_above = excluded.review_above,"
        " revision = p.revision + 1 RETURNING revision",
        (Int4(tenant_id), policy.asset, policy.review_above_minor),
    )
    row = await cursor.fetchone()
    assert row is not None, "a saved row has a revision"
    return int(row[0])


async def load_policies(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, PaymentPolicy]:
    """Return those of the currencies' policies that were saved."""
    cursor = await conn.execute(
        "SELECT asset, review_above, revision FROM payments.policy WHERE tenant_id = %s AND asset = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {
        row[0]: PaymentPolicy(asset=row[0], review_above_minor=row[1], revision=row[2])
        for row in await cursor.fetchall()
    }


def _terms(terms: AccountTerms) -> tuple[Any, ...]:
    return (
        terms.name,
        terms.enabled,
        terms.priority,
        packing.texts(terms.assets),
        packing.texts(terms.methods),
        packing.texts(terms.devices),
        Int8(terms.min_minor),
        Int8(terms.max_minor),
    )


def _account(*row: Any) -> SealedMerchant:  # noqa: ANN401 - the columns of _ROW
    (
        tenant_id,
        number,
        channel,
        name,
        settings,
        sealed,
        secret_names,
        secrets_at,
        enabled,
        priority,
        assets,
        methods,
        devices,
        minimum,
        maximum,
        revision,
        saved_at,
    ) = row
    return SealedMerchant(
        tenant_id=tenant_id,
        number=number,
        channel=channel,
        name=name,
        settings=settings,
        sealed=bytes(sealed),
        secret_names=tuple(secret_names),
        secrets_at=secrets_at,
        enabled=enabled,
        priority=priority,
        assets=tuple(assets),
        methods=tuple(methods),
        devices=tuple(devices),
        min_minor=minimum,
        max_minor=maximum,
        revision=revision,
        saved_at=saved_at,
    )
