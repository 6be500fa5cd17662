"""Packs and topup policies: saved by table commands, loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from typing import Any

from plaudit.features.wallets.model import Pack, TopupPolicy
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_PACK = (
    "pack, revision, price_asset, price, asset, amount, bonus, valid_from, valid_until, on_sale, pay_within_s"
)
_POLICY = "asset, revision, clawback, debt_limit, debts"


async def save_pack(conn: Connection, *, tenant_id: int, pack: Pack) -> int:
    """Insert or replace a pack and return its new revision."""
    return await _revision(
        conn,
        f"INSERT INTO wallets.pack AS p (tenant_id, {_PACK})"
        " VALUES (%s, %s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, pack) DO UPDATE SET revision = p.revision + 1, price_asset ="
        " excluded.price_asset, price = excluded.price, asset = excluded.asset, amount = excluded.amount,"
        " bonus = excluded.bonus, valid_from = excluded.valid_from, valid_until = excluded.valid_until,"
        " on_sale = excluded.on_sale, pay_within_s = excluded.pay_within_s RETURNING revision",
        (
            Int4(tenant_id),
            pack.id,
            pack.price_asset,
            Int8(pack.price_minor),
            pack.asset,
            Int8(pack.amount_minor),
            Int8(pack.bonus_minor),
            pack.valid_from,
            pack.valid_until,
            pack.on_sale,
            pack.pay_within_s,
        ),
    )


async def load_packs(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Pack]:
    """Return those of the packs that were saved."""
    cursor = await conn.execute(
        f"SELECT {_PACK} FROM wallets.pack WHERE tenant_id = %s AND pack = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _pack(row) for row in await cursor.fetchall()}


async def select_packs(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Pack]:
    """Return packs by name, those after a name."""
    cursor = await conn.execute(
        f"SELECT {_PACK} FROM wallets.pack WHERE tenant_id = %s AND pack > %s ORDER BY pack LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [_pack(row) for row in await cursor.fetchall()]


async def save_policy(conn: Connection, *, tenant_id: int, policy: TopupPolicy) -> int:
    """Insert or replace the policy of an asset and return its new revision.

    That wallets may owe something is never forgotten.
    """
    return await _revision(
        conn,
        "INSERT INTO wallets.topup_policy AS p (tenant_id, asset, revision, clawback, debt_limit, debts)"
        " VALUES (%s, %s, 1, %s, %s, %s)"
        " ON CONFLICT (tenant_id, asset) DO UPDATE SET revision = p.revision + 1, clawback ="
        " excluded.clawback, debt_limit = excluded.debt_limit, debts = p.debts OR excluded.debts"
        " RETURNING revision",
        (
            Int4(tenant_id),
            policy.asset,
            policy.clawback,
            Int8(policy.debt_limit_minor),
            policy.clawback == "debt",
        ),
    )


async def load_policies(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, TopupPolicy]:
    """Return those of the assets' policies that were saved."""
    cursor = await conn.execute(
        f"SELECT {_POLICY} FROM wallets.topup_policy WHERE tenant_id = %s AND asset = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _policy(row) for row in await cursor.fetchall()}


async def _revision(conn: Connection, statement: str, parameters: tuple[Any, ...]) -> int:
    cursor = await conn.execute(statement, parameters)
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


def _pack(row: tuple[Any, ...]) -> Pack:
    pack, revision, price_asset, price, asset, amount, bonus, valid_from, valid_until, on_sale, within = row
    return Pack(
        id=pack,
        revision=revision,
        price_asset=price_asset,
        price_minor=price,
        asset=asset,
        amount_minor=amount,
        bonus_minor=bonus,
        valid_from=valid_from,
        valid_until=valid_until,
        on_sale=on_sale,
        pay_within_s=within,
    )


def _policy(row: tuple[Any, ...]) -> TopupPolicy:
    asset, revision, clawback, debt_limit, debts = row
    return TopupPolicy(
        asset=asset, revision=revision, clawback=clawback, debt_limit_minor=debt_limit, debts=debts
    )
