"""How the database is set up, as far as the truth of its rows depends on it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from plaudit.platform.db import RUNTIME_ROLE, Connection

__all__ = ["Guard", "Right", "durability", "excess_rights", "owned_by_runtime", "unguarded"]

_DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit", "session_replication_role")


class Guard(NamedTuple):
    """A trigger that a table must have, or with ``partitions`` each of its partitions."""

    table: str
    trigger: str
    function: str
    partitions: bool


class Right(NamedTuple):
    """What the running role may do with a table, beyond what it needs."""

    table: str
    privilege: str


async def durability(conn: Connection) -> dict[str, str]:
    """Return the settings, as they hold on this connection, that decide whether a commit is on disk."""
    cursor = await conn.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(_DURABILITY),)
    )
    return {name: setting for name, setting in await cursor.fetchall()}  # noqa: C416 - rows, not pairs


async def unguarded(conn: Connection, *, guard: Guard) -> list[str]:
    """Return which of a table and its partitions lack an enabled trigger that they must have.

    A table that must be guarded in its partitions is not asked for the trigger itself.
    """
    cursor = await conn.execute(
        "SELECT c.oid::regclass::text FROM pg_class c"
        " WHERE (CASE WHEN %(partitions)s THEN c.oid IN (SELECT inhrelid FROM pg_inherits"
        " WHERE inhparent = to_regclass(%(table)s)) ELSE c.oid = to_regclass(%(table)s) END)"
        " AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = %(trigger)s"
        " AND t.tgenabled IN ('O', 'A') AND t.tgfoid = to_regproc(%(function)s)) ORDER BY 1",
        guard._asdict(),
    )
    return [name for (name,) in await cursor.fetchall()]


async def excess_rights(conn: Connection, *, tables: Sequence[str], allowed: Sequence[str]) -> list[Right]:
    """Return what the running role may do with tables and their partitions beyond ``allowed``."""
    cursor = await conn.execute(
        "SELECT c.oid::regclass::text, p.privilege"
        " FROM pg_class c CROSS JOIN unnest(%s::text[]) AS p (privilege)"
        " WHERE (c.oid = ANY(%s::regclass[]) OR c.oid IN (SELECT inhrelid FROM pg_inherits"
        " WHERE inhparent = ANY(%s::regclass[])))"
        " AND (has_table_privilege(%s, c.oid, p.privilege) OR (p.privilege IN ('SELECT', 'INSERT', 'UPDATE')"
        " AND has_any_column_privilege(%s, c.oid, p.privilege))) ORDER BY 1, 2",
        (
            [p for p in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER") if p not in allowed],
            list(tables),
            list(tables),
            RUNTIME_ROLE,
            RUNTIME_ROLE,
        ),
    )
    return [Right(*row) for row in await cursor.fetchall()]


async def owned_by_runtime(conn: Connection, *, schemas: Sequence[str]) -> list[str]:
    """Return the tables, functions and schemas that the running role owns, itself or through another role."""
    cursor = await conn.execute(
        "SELECT c.oid::regclass::text AS thing FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(%(schemas)s) AND pg_has_role(%(role)s, c.relowner, 'USAGE')"
        " UNION ALL SELECT p.oid::regprocedure::text"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = ANY(%(schemas)s) AND pg_has_role(%(role)s, p.proowner, 'USAGE')"
        " UNION ALL SELECT n.nspname FROM pg_namespace n"
        " WHERE n.nspname = ANY(%(schemas)s) AND pg_has_role(%(role)s, n.nspowner, 'USAGE') ORDER BY thing",
        {"schemas": list(schemas), "role": RUNTIME_ROLE},
    )
    return [thing for (thing,) in await cursor.fetchall()]
