"""Roles and database of a fresh server.

`plaudit_owner` owns the database and migrates it. `plaudit_app` is what Plaudit runs as: it owns nothing and
has the rights of the group `plaudit_runtime` alone, which migrations grant table by table.
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import sql

from plaudit.platform.postgres.cluster import Passwords

__all__ = ["APP", "DATABASE", "OWNER", "RUNTIME", "bootstrap", "create_database"]

DATABASE: Final = "plaudit"
OWNER: Final = "plaudit_owner"
APP: Final = "plaudit_app"
RUNTIME: Final = "plaudit_runtime"


def bootstrap(*, superuser_url: str, passwords: Passwords) -> None:
    """Create what is missing of roles and database. Safe to repeat, also after it was cut off half-way."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        present = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        if RUNTIME not in present:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(RUNTIME)))
        for role, password in ((OWNER, passwords.owner), (APP, passwords.app)):
            if role not in present:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                        sql.Identifier(role), sql.Literal(password), sql.Identifier(RUNTIME)
                    )
                )
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
            create_database(connection, name=DATABASE)
        _grant_connect(connection, name=DATABASE)


def create_database(connection: psycopg.Connection, *, name: str, template: str | None = None) -> None:
    """Create a database owned by `plaudit_owner` that only Plaudit's roles may enter.

    Needs a superuser's connection. With `template`, copy that database file by file, which is quick for a
    small one.
    """
    command = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
    if template is not None:
        command += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    connection.execute(command)
    _grant_connect(connection, name=name)


def _grant_connect(connection: psycopg.Connection, *, name: str) -> None:
    database = sql.Identifier(name)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(RUNTIME))
    )
