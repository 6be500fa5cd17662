"""Facts of the journal as campaigns read them: the data of some kinds, and nothing of their entries."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4, Int8

_decode: Final = msgspec.json.Decoder().decode
_SELECT: Final = (
    "SELECT position, kind, at, recorded_at, data::text FROM journal.fact"
    " WHERE tenant_id = %s AND kind = ANY(%s)"
)


class Said(NamedTuple):
    """A fact: where, of which kind, when it happened and was recorded, and its data as JSON has them."""

    position: int
    kind: str
    at: datetime
    recorded_at: datetime
    data: dict[str, Any]


def attempt(conn: Connection) -> AbstractAsyncContextManager[Any]:
    """Return a part of a transaction that is undone alone when it is left by an exception."""
    return conn.transaction()


async def select_span(
    conn: Connection, *, tenant_id: int, after: int, upto: int, kinds: Collection[str]
) -> list[Said]:
    """Return the facts of these kinds with `after < position <= upto`, in order."""
    cursor = await conn.execute(
        f"{_SELECT} AND position > %s AND position <= %s ORDER BY position",
        (Int4(tenant_id), packing.texts(sorted(kinds)), Int8(after), Int8(upto)),
    )
    return _read(await cursor.fetchall())


async def select_at(
    conn: Connection, *, tenant_id: int, positions: Collection[int], kinds: Collection[str]
) -> list[Said]:
    """Return the facts of these kinds at positions, in order."""
    cursor = await conn.execute(
        f"{_SELECT} AND position = ANY(%s) ORDER BY position",
        (Int4(tenant_id), packing.texts(sorted(kinds)), packing.int8s(sorted(positions))),
    )
    return _read(await cursor.fetchall())


def _read(rows: list[tuple[Any, ...]]) -> list[Said]:
    return [Said(position, kind, at, recorded, _decode(data)) for position, kind, at, recorded, data in rows]
