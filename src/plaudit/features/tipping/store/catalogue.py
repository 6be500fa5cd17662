"""Creators, terms, gifts, policies and the word list: saved by table commands, loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from plaudit.features.tipping.model import Creator, Gift, Policy, Terms, Tier, WordList, tier_of
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

WORDS_KEY = "*"
"""A tenant has one word list, under this key."""

_GIFT = (
    "gift, revision, name_en, name_zh, price, asset, effect, valid_from, valid_until, shows, rooms, on_sale"
)
_POLICY = "asset, least, most, presets, day_limit, creator_keeps, revision"


async def save_creator(
    conn: Connection, *, tenant_id: int, creator: str, guild: str | None, terms: str | None
) -> int:
    """Insert or replace a creator and return its new revision."""
    return await _revision(
        conn,
        "INSERT INTO tipping.creator AS c (tenant_id, creator, revision, guild, terms) VALUES (%s, %s, 1,"
        " %s, %s)"
        " ON CONFLICT (tenant_id, creator) DO UPDATE SET revision = c.revision + 1, guild = excluded.guild,"
        " terms = excluded.terms RETURNING revision",
        (Int4(tenant_id), creator, guild, terms),
    )


async def load_creators(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Creator]:
    """Return those of the creators that are registered."""
    cursor = await conn.execute(
        "SELECT creator, revision, guild, terms FROM tipping.creator WHERE tenant_id = %s AND creator ="
        " ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _creator(row) for row in await cursor.fetchall()}


async def select_creators(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Creator]:
    """Return creators by name, those after a name."""
    cursor = await conn.execute(
        "SELECT creator, revision, guild, terms FROM tipping.creator"
        " WHERE tenant_id = %s AND creator > %s ORDER BY creator LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [_creator(row) for row in await cursor.fetchall()]


async def save_terms(conn: Connection, *, tenant_id: int, terms: Terms) -> int:
    """Insert or replace terms and return their new revision."""
    tiers = [
        {"from_minor": tier.from_minor, "creator": str(tier.creator), "guild": str(tier.guild)}
        for tier in terms.tiers
    ]
    return await _revision(
        conn,
        "INSERT INTO tipping.terms AS t (tenant_id, terms, revision, basis, tiers) VALUES (%s, %s, 1, %s, %s)"
        " ON CONFLICT (tenant_id, terms) DO UPDATE SET revision = t.revision + 1, basis = excluded.basis,"
        " tiers = excluded.tiers RETURNING revision",
        (Int4(tenant_id), terms.id, terms.basis, Jsonb(tiers)),
    )


async def load_terms(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Terms]:
    """Return those of the terms that were saved."""
    cursor = await conn.execute(
        "SELECT terms, revision, basis, tiers FROM tipping.terms WHERE tenant_id = %s AND terms = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _terms(row) for row in await cursor.fetchall()}


async def select_terms(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Terms]:
    """Return terms by name, those after a name."""
    cursor = await conn.execute(
        "SELECT terms, revision, basis, tiers FROM tipping.terms"
        " WHERE tenant_id = %s AND terms > %s ORDER BY terms LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [_terms(row) for row in await cursor.fetchall()]


async def save_gift(conn: Connection, *, tenant_id: int, gift: Gift) -> int:
    """Insert or replace a gift and return its new revision."""
    return await _revision(
        conn,
        f"INSERT INTO tipping.gift AS g (tenant_id, {_GIFT})"
        " VALUES (%s, %s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, gift) DO UPDATE SET revision = g.revision + 1, name_en = excluded.name_en,"
        " name_zh = excluded.name_zh, price = excluded.price, asset = excluded.asset, effect ="
        " excluded.effect,"
        " valid_from = excluded.valid_from, valid_until = excluded.valid_until, shows = excluded.shows,"
        " rooms = excluded.rooms, on_sale = excluded.on_sale RETURNING revision",
        (
            Int4(tenant_id),
            gift.id,
            gift.name_en,
            gift.name_zh,
            gift.price_minor,
            gift.asset,
            gift.effect,
            gift.valid_from,
            gift.valid_until,
            list(gift.shows),
            list(gift.rooms),
            gift.on_sale,
        ),
    )


async def load_gifts(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Gift]:
    """Return those of the gifts that are in the catalogue."""
    cursor = await conn.execute(
        f"SELECT {_GIFT} FROM tipping.gift WHERE tenant_id = %s AND gift = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _gift(row) for row in await cursor.fetchall()}


async def select_gifts(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Gift]:
    """Return gifts by name, those after a name."""
    cursor = await conn.execute(
        f"SELECT {_GIFT} FROM tipping.gift WHERE tenant_id = %s AND gift > %s ORDER BY gift LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [_gift(row) for row in await cursor.fetchall()]


async def save_policy(conn: Connection, *, tenant_id: int, policy: Policy) -> int:
    """Insert or replace the policy of an asset and return its new revision."""
    return await _revision(
        conn,
        f"INSERT INTO tipping.policy AS p (tenant_id, {_POLICY}) VALUES (%s, %s, %s, %s, %s, %s, %s, 1)"
        " ON CONFLICT (tenant_id, asset) DO UPDATE SET revision = p.revision + 1, least = excluded.least,"
        " most = excluded.most, presets = excluded.presets, day_limit = excluded.day_limit, creator_keeps ="
        " excluded.creator_keeps RETURNING revision",
        (
            Int4(tenant_id),
            policy.asset,
            policy.min_minor,
            policy.max_minor,
            packing.int8s(policy.presets_minor),
            policy.day_limit_minor,
            Int8(policy.creator_keeps_minor),
        ),
    )


async def load_policies(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Policy]:
    """Return those of the assets' policies that were saved."""
    cursor = await conn.execute(
        f"SELECT {_POLICY} FROM tipping.policy WHERE tenant_id = %s AND asset = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _policy(row) for row in await cursor.fetchall()}


async def select_policies(conn: Connection, *, tenant_id: int) -> list[Policy]:
    """Return the policies of all assets that have one, by asset; there are as many as assets at most."""
    cursor = await conn.execute(
        f"SELECT {_POLICY} FROM tipping.policy WHERE tenant_id = %s ORDER BY asset", (Int4(tenant_id),)
    )
    return [_policy(row) for row in await cursor.fetchall()]


async def save_words(conn: Connection, *, tenant_id: int, words: WordList) -> int:
    """Insert or replace the word list and return its new revision."""
    return await _revision(
        conn,
        "INSERT INTO tipping.words AS w (tenant_id, revision, words) VALUES (%s, 1, %s)"
        " ON CONFLICT (tenant_id) DO UPDATE SET revision = w.revision + 1, words = excluded.words"
        " RETURNING revision",
        (Int4(tenant_id), packing.texts(words.words)),
    )


async def load_words(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, WordList]:
    """Return the word list under its one key, when there is one."""
    cursor = await conn.execute(
        "SELECT revision, words FROM tipping.words WHERE tenant_id = %s", (Int4(tenant_id),)
    )
    row = await cursor.fetchone()
    if row is None:
        return {}
    return dict.fromkeys(keys, WordList(words=tuple(row[1]), revision=row[0]))


async def _revision(conn: Connection, statement: str, parameters: tuple[Any, ...]) -> int:
    cursor = await conn.execute(statement, parameters)
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


def _creator(row: tuple[Any, ...]) -> Creator:
    creator, revision, guild, terms = row
    return Creator(id=creator, revision=revision, guild=guild, terms=terms)


def _terms(row: tuple[Any, ...]) -> Terms:
    terms, revision, basis, tiers = row
    return Terms(id=terms, revision=revision, basis=basis, tiers=tuple(_tier(tier) for tier in tiers))


def _tier(tier: Mapping[str, Any]) -> Tier:
    return tier_of(from_minor=tier["from_minor"], creator=tier["creator"], guild=tier["guild"])


def _gift(row: tuple[Any, ...]) -> Gift:
    gift, revision, name_en, name_zh, price, asset, effect, valid_from, valid_until, shows, rooms, on_sale = (
        row
    )
    return Gift(
        id=gift,
        revision=revision,
        name_en=name_en,
        name_zh=name_zh,
        price_minor=price,
        asset=asset,
        effect=effect,
        valid_from=valid_from,
        valid_until=valid_until,
        shows=tuple(shows),
        rooms=tuple(rooms),
        on_sale=on_sale,
    )


def _policy(row: tuple[Any, ...]) -> Policy:
    asset, least, most, presets, day_limit, creator_keeps, revision = row
    return Policy(
        asset=asset,
        min_minor=least,
        max_minor=most,
        presets_minor=tuple(presets),
        day_limit_minor=day_limit,
        creator_keeps_minor=creator_keeps,
        revision=revision,
    )
