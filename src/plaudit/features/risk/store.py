"""The only SQL of risk: switches, and the list of who froze what."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from plaudit.features.risk.model import Frozen, Switch
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4
from plaudit.vocabulary.facts.risk import Freeze


async def flip(
    conn: Connection, *, tenant_id: int, target: str, off: bool, flipped_by: str, now: datetime
) -> int:
    """Set a target's switch and return its new revision."""
    cursor = await conn.execute(
        "INSERT INTO risk.switch AS s (tenant_id, target, off, revision, flipped_by, flipped_at)"
        " VALUES (%s, %s, %s, 1, %s, %s) ON CONFLICT (tenant_id, target) DO UPDATE SET off = excluded.off,"
        " revision = s.revision + 1, flipped_by = excluded.flipped_by, flipped_at = excluded.flipped_at"
        " RETURNING revision",
        (Int4(tenant_id), target, off, flipped_by, now),
    )
    row = await cursor.fetchone()
    assert row is not None, "an upsert returns its row"
    return int(row[0])


async def load_off(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Return, under every key asked for, the targets of a tenant that are switched off."""
    cursor = await conn.execute(
        "SELECT target FROM risk.switch WHERE tenant_id = %s AND off", (Int4(tenant_id),)
    )
    off = frozenset(target for (target,) in await cursor.fetchall())
    return dict.fromkeys(keys, off)


async def select_switches(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Switch]:
    """Return switches by target, those after a target; once flipped, a switch stays in the list."""
    cursor = await conn.execute(
        "SELECT target, off, revision, flipped_by, flipped_at FROM risk.switch"
        " WHERE tenant_id = %s AND target > %s ORDER BY target LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [
        Switch(target=target, off=off, revision=revision, flipped_by=flipped_by, flipped_at=flipped_at)
        for target, off, revision, flipped_by, flipped_at in await cursor.fetchall()
    ]


async def save_freeze(
    conn: Connection, *, tenant_id: int, address: str, freeze: Freeze, frozen_by: str, now: datetime
) -> None:
    """Note who froze or released an account."""
    await conn.execute(
        "INSERT INTO risk.freeze (tenant_id, address, state, frozen_by, frozen_at) VALUES (%s, %s, %s, %s,"
        " %s)"
        " ON CONFLICT (tenant_id, address) DO UPDATE SET state = excluded.state, frozen_by ="
        " excluded.frozen_by,"
        " frozen_at = excluded.frozen_at",
        (Int4(tenant_id), address, freeze, frozen_by, now),
    )


async def select_freezes(conn: Connection, *, tenant_id: int, after: str, limit: int) -> list[Frozen]:
    """Return freezes by address, those after an address; released accounts stay in the list."""
    cursor = await conn.execute(
        "SELECT address, state, frozen_by, frozen_at FROM risk.freeze"
        " WHERE tenant_id = %s AND address > %s ORDER BY address LIMIT %s",
        (Int4(tenant_id), after, limit),
    )
    return [
        Frozen(address=address, freeze=state, frozen_by=frozen_by, frozen_at=frozen_at)
        for address, state, frozen_by, frozen_at in await cursor.fetchall()
    ]
