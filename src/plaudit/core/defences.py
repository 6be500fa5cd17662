"""Audits of the database itself: it must write to disk what it says it wrote, and refuse to forget."""

from collections.abc import AsyncIterator
from typing import Final

from plaudit.core.findings import Audit, Finding
from plaudit.platform import inspection
from plaudit.platform.db import Connection
from plaudit.platform.inspection import Guard

_WANTED: Final = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    "session_replication_role": ("origin",),
}
_HISTORY: Final = ("journal.fact", "ledger.entry")
_SCHEMAS: Final = ("journal", "ledger", "commands")
_GUARDS: Final = (
    *(Guard(table, "keep_rows", "journal.refuse_change", partitions=True) for table in _HISTORY),
    *(Guard(table, "keep_all", "journal.refuse_change", partitions=True) for table in _HISTORY),
    *(Guard(table, "keep_all", "journal.refuse_change", partitions=False) for table in _HISTORY),
    Guard("ledger.entry", "sum_zero", "ledger.check_sum_zero", partitions=False),
)


async def _examine_durability(conn: Connection) -> AsyncIterator[Finding]:
    for name, setting in (await inspection.durability(conn)).items():
        if setting not in _WANTED[name]:
            yield Finding(
                "database.durable",
                None,
                f"{name} is {setting}; set it to {_WANTED[name][0]}.",
                {"setting": name, "value": setting},
            )


async def _examine_guards(conn: Connection) -> AsyncIterator[Finding]:
    for guard in _GUARDS:
        for table in await inspection.unguarded(conn, guard=guard):
            yield Finding(
                "database.guards",
                None,
                f"{table} lacks its trigger {guard.trigger}, or it is disabled.",
                {"table": table, "trigger": guard.trigger},
            )


async def _examine_rights(conn: Connection) -> AsyncIterator[Finding]:
    allowed = ("SELECT", "INSERT")
    for table, privilege in await inspection.excess_rights(conn, tables=_HISTORY, allowed=allowed):
        yield Finding(
            "database.rights",
            None,
            f"The running role may {privilege} {table}; it may only read and add.",
            {"table": table, "privilege": privilege},
        )
    for thing in await inspection.owned_by_runtime(conn, schemas=_SCHEMAS):
        yield Finding(
            "database.rights", None, f"The running role owns {thing}; it may own nothing.", {"owned": thing}
        )


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("database.durable", "A commit is on disk when it is answered.", _examine_durability),
    Audit("database.guards", "Triggers on every partition refuse to change history.", _examine_guards),
    Audit(
        "database.rights", "The running role owns nothing and can only read and add history.", _examine_rights
    ),
)
"""All audits of the database's setup."""
