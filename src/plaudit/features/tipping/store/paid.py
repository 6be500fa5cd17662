"""Which tip was sent for which amount due: written when it is sent, read when its payment is refunded."""

from collections.abc import Mapping, Sequence

from plaudit.platform import packing
from plaudit.platform.db import Connection
from plaudit.platform.packing import Int4


async def insert_paid(conn: Connection, *, tenant_id: int, tips: Mapping[int, int]) -> None:
    """Write the positions of tips by those of the amounts due that they were sent for."""
    await conn.execute(
        "INSERT INTO tipping.paid (tenant_id, due, tip) SELECT %s, v.due, v.tip FROM unnest(%s, %s) AS v"
        " (due, tip)",
        (Int4(tenant_id), packing.int8s(list(tips)), packing.int8s(list(tips.values()))),
    )


async def select_paid(conn: Connection, *, tenant_id: int, dues: Sequence[int]) -> dict[int, int]:
    """Return the positions of the tips that were sent for amounts due, by their positions."""
    cursor = await conn.execute(
        "SELECT due, tip FROM tipping.paid WHERE tenant_id = %s AND due = ANY(%s)",
        (Int4(tenant_id), packing.int8s(dues)),
    )
    return {int(due): int(tip) for due, tip in await cursor.fetchall()}
