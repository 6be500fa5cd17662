"""Room ahead: the partition after the current one always exists before anybody writes into it."""

from typing import Final

from plaudit.core.journal import store
from plaudit.platform.db import Connection

SPAN: Final = 1 << 24
"""Positions in one partition of facts and of entries, as the migration's `journal.add_partition` has it."""


async def ensure_partitions(conn: Connection, head: int) -> None:
    """Make sure that the partition of position ``head`` exists, and the one after it."""
    for number in (head // SPAN, head // SPAN + 1):
        await store.add_partition(conn, number=number)


class Keeper:
    """Looks after the partitions of a process: at the start, and when a head passes half of its partition."""

    def __init__(self) -> None:
        self._upto = -1

    async def look(self, conn: Connection) -> None:
        """Add partitions where the newest head comes near the end of those this process has seen."""
        head = await store.select_highest(conn)
        if self._upto < 0 or head + SPAN // 2 > (self._upto + 1) * SPAN:
            await ensure_partitions(conn, head)
            self._upto = head // SPAN + 1
