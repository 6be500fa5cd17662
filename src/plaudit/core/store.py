"""The SQL of the doctor: one snapshot for several connections."""

from typing import Final

from plaudit.platform.db import Connection

# Sorts and hashes of an audit spill to disk beyond this; a few of them run at a time.
_WORK_MEM: Final = "64MB"


async def export_snapshot(conn: Connection) -> str:
    """Make the transaction just begun read-only on one snapshot and return the snapshot's name.

    The name is good for ``open_snapshot`` until this transaction ends.
    """
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    cursor = await conn.execute("SELECT pg_export_snapshot(), set_config('work_mem', %s, true)", (_WORK_MEM,))
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def open_snapshot(conn: Connection, *, snapshot: str) -> None:
    """Make the transaction just begun read-only on the snapshot of another connection."""
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    assert snapshot.replace("-", "").isalnum(), snapshot
    await conn.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
    await conn.execute("SELECT set_config('work_mem', %s, true)", (_WORK_MEM,))


async def count_history(conn: Connection) -> tuple[int, int]:
    """Return how many facts and entries there are, of all tenants."""
    cursor = await conn.execute(
        "SELECT (SELECT count(*) FROM journal.fact), (SELECT count(*) FROM ledger.entry)"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
