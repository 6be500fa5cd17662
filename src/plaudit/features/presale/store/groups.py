"""Groups: opened by a command, ended by the reaction that fills them or by time."""

# ruff: noqa: S608 - only constants of this file are put into statements

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plaudit.features.presale.model.groups import Group
from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_GROUP: Final = '"group", show, offer, viewer, size, price, until, opened_at'


async def insert_group(conn: Connection, *, tenant_id: int, group: Group) -> None:
    """Insert a group that is opened."""
    await conn.execute(
        f"INSERT INTO presale.buyer_group (tenant_id, {_GROUP}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            Int4(tenant_id),
            group.id,
            group.show,
            group.offer,
            group.viewer,
            Int4(group.size),
            Int8(group.price_minor),
            group.until,
            group.opened_at,
        ),
    )


async def load_groups(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, Group]:
    """Return those of the groups that were opened; nothing of a group ever changes here."""
    cursor = await conn.execute(
        f'SELECT {_GROUP} FROM presale.buyer_group WHERE tenant_id = %s AND "group" = ANY(%s)',
        (Int4(tenant_id), packing.texts(keys)),
    )
    return {row[0]: _group(*row) for row in await cursor.fetchall()}


async def lock_groups(conn: Connection, *, tenant_id: int, groups: Sequence[str]) -> list[Group]:
    """Return those of the groups that have not ended, by id, and keep them locked."""
    cursor = await conn.execute(
        f'SELECT {_GROUP} FROM presale.buyer_group WHERE tenant_id = %s AND "group" = ANY(%s)'
        ' AND filled IS NULL ORDER BY "group" FOR NO KEY UPDATE',
        (Int4(tenant_id), packing.texts(groups)),
    )
    return [_group(*row) for row in await cursor.fetchall()]


async def select_overdue(
    conn: Connection, *, tenant_id: int, before: datetime, after: tuple[datetime, str], limit: int
) -> list[Group]:
    """Return groups that should have been full before a time and have not ended, after a time and group."""
    cursor = await conn.execute(
        f"SELECT {_GROUP} FROM presale.buyer_group WHERE tenant_id = %s AND until <= %s AND filled IS NULL"
        ' AND (until, "group") > (%s, %s) ORDER BY until, "group" LIMIT %s',
        (Int4(tenant_id), before, *after, limit),
    )
    return [_group(*row) for row in await cursor.fetchall()]


async def end_groups(conn: Connection, *, tenant_id: int, groups: Sequence[str], filled: bool) -> None:
    """Write that groups are full, or over."""
    await conn.execute(
        'UPDATE presale.buyer_group SET filled = %s WHERE tenant_id = %s AND "group" = ANY(%s)',
        (filled, Int4(tenant_id), packing.texts(groups)),
    )


async def select_group(conn: Connection, *, tenant_id: int, group: str) -> tuple[Group, bool | None] | None:
    """Return a group and whether it was filled (None: it is open), None where there is none."""
    cursor = await conn.execute(
        f'SELECT {_GROUP}, filled FROM presale.buyer_group WHERE tenant_id = %s AND "group" = %s',
        (Int4(tenant_id), group),
    )
    row = await cursor.fetchone()
    return None if row is None else (_group(*row[:-1]), row[-1])


async def select_open(
    conn: Connection, *, tenant_id: int, offer: str, now: datetime, limit: int
) -> list[Group]:
    """Return the groups of an offer that can be joined at a time, those that end first at the front."""
    cursor = await conn.execute(
        f"SELECT {_GROUP} FROM presale.buyer_group WHERE tenant_id = %s AND offer = %s AND until > %s"
        ' AND filled IS NULL ORDER BY until, "group" LIMIT %s',
        (Int4(tenant_id), offer, now, limit),
    )
    return [_group(*row) for row in await cursor.fetchall()]


def _group(*row: Any) -> Group:  # noqa: ANN401 - the columns of _GROUP
    group, show, offer, viewer, size, price, until, opened_at = row
    return Group(
        id=group,
        show=show,
        offer=offer,
        viewer=viewer,
        size=size,
        price_minor=price,
        until=until,
        opened_at=opened_at,
    )
