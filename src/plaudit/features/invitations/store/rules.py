"""Rules and pictures: saved by table commands; rules are loaded as reference rows."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from plaudit.features.invitations.model.rules import Rule
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8
from plaudit.vocabulary.facts.invitations import Reward

_RULE = (
    "show, revision, enabled, inviter, friend, per_day_max, per_show_max, landing_url, shortfall, debt_limit,"
    " valid_from, valid_until"
)


async def save_rule(conn: Connection, *, tenant_id: int, rule: Rule) -> int:
    """Insert or replace a rule and return its new revision."""
    cursor = await conn.execute(
        f"INSERT INTO invitations.rule AS r (tenant_id, {_RULE})"
        " VALUES (%s, %s, 1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (tenant_id, show) DO UPDATE SET revision = r.revision + 1, enabled = excluded.enabled,"
        " inviter = excluded.inviter, friend = excluded.friend, per_day_max = excluded.per_day_max,"
        " per_show_max = excluded.per_show_max, landing_url = excluded.landing_url, shortfall ="
        " excluded.shortfall, debt_limit = excluded.debt_limit, valid_from = excluded.valid_from, valid_until"
        " = excluded.valid_until RETURNING revision",
        (
            Int4(tenant_id),
            rule.show,
            rule.enabled,
            msgspec.json.encode(rule.inviter).decode(),
            msgspec.json.encode(rule.friend).decode(),
            Int4(rule.per_day_max),
            Int4(rule.per_show_max),
            rule.landing_url,
            rule.shortfall,
            Int8(rule.debt_limit_minor),
            rule.valid_from,
            rule.valid_until,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


async def load_rules(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Rule]:
    """Return those of the rules that were saved, by show."""
    cursor = await conn.execute(
        f"SELECT {_RULE} FROM invitations.rule WHERE tenant_id = %s AND show = ANY(%s)",
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _rule(row) for row in await cursor.fetchall()}


async def save_picture(
    conn: Connection, *, tenant_id: int, show: str, picture: bytes | None, digest: str | None
) -> int:
    """Set or remove the picture of a show and return its new revision."""
    cursor = await conn.execute(
        "INSERT INTO invitations.picture AS p (tenant_id, show, revision, picture, digest)"
        " VALUES (%s, %s, 1, %s, %s)"
        " ON CONFLICT (tenant_id, show) DO UPDATE SET revision = p.revision + 1, picture = excluded.picture,"
        " digest = excluded.digest RETURNING revision",
        (Int4(tenant_id), show, picture, digest),
    )
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


async def select_picture(
    conn: Connection, *, tenant_id: int, show: str
) -> tuple[int, bytes | None, str | None] | None:
    """Return the revision, the picture and its digest, None where a show never had one."""
    cursor = await conn.execute(
        "SELECT revision, picture, digest FROM invitations.picture WHERE tenant_id = %s AND show = %s",
        (Int4(tenant_id), show),
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], row[1], row[2])


def _rule(row: tuple[Any, ...]) -> Rule:
    (
        show,
        revision,
        enabled,
        inviter,
        friend,
        per_day_max,
        per_show_max,
        landing_url,
        shortfall,
        debt_limit,
        valid_from,
        valid_until,
    ) = row
    return Rule(
        show=show,
        revision=revision,
        enabled=enabled,
        inviter=msgspec.convert(inviter, tuple[Reward, ...]),
        friend=msgspec.convert(friend, tuple[Reward, ...]),
        per_day_max=per_day_max,
        per_show_max=per_show_max,
        landing_url=landing_url,
        shortfall=shortfall,
        debt_limit_minor=debt_limit,
        valid_from=valid_from,
        valid_until=valid_until,
    )
