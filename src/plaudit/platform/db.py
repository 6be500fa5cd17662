"""Connections to PostgreSQL: a pool, transactions, retries, notifications.

Every connection runs in autocommit, in UTC, with the rights of the role `plaudit_runtime` alone, prepares
statements that come again, and asks for binary results. A statement that holds several commands therefore
needs a cursor of its own with `format` set to text; stores send one command at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format
from psycopg.rows import AsyncRowFactory, TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from plaudit.platform import packing
from plaudit.platform.failures import Retryable, Unknown, classify, is_connection_lost

__all__ = ["RUNTIME_ROLE", "Connection", "Cursor", "Database", "connect", "connect_async", "connection_text"]

RUNTIME_ROLE: Final = "plaudit_runtime"
SEARCH_PATH: Final = "public,jobs"

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]
Cursor: TypeAlias = psycopg.AsyncCursor[TupleRow]
T = TypeVar("T")

_PREPARE_AFTER: Final = 2
_PREPARED_MAX: Final = 500
_CONNECT_TIMEOUT_S: Final = 10
_POOL_WAIT_S: Final = 30.0
_BACKOFF_S: Final = 0.01
_BY_INDEX: Final = {
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    # All rows of a tenant, read once and compared with each that is wanted, are a loop as well.
    "enable_material": "off",
}
"""For statements that touch few rows of large tables by their keys, and come again and again.

Where statistics are young the planner may think otherwise and read a table whole.
"""
_ONE_PLAN: Final = {"plan_cache_mode": "force_generic_plan"}
"""For connections on which nothing else runs: the planner would plan anew, with the values, what has one plan
only. Elsewhere a plan made while a table was empty would be kept as well."""
_PLAN_BY_INDEX: Final = sql.SQL("SELECT {}").format(
    sql.SQL(", ").join(sql.SQL("set_config({}, {}, true)").format(*one) for one in _BY_INDEX.items())
)
_BACKOFF_MAX_S: Final = 1.0


class _BinaryCursor(psycopg.AsyncCursor[TupleRow]):
    """A cursor whose results come in binary form, which is quicker to read than text."""

    def __init__(
        self, connection: Connection, *, row_factory: AsyncRowFactory[TupleRow] | None = None
    ) -> None:
        if row_factory is None:
            super().__init__(connection)
        else:
            super().__init__(connection, row_factory=row_factory)
        self.format = Format.BINARY


def connection_text(
    *,
    url: str,
    role: str | None = RUNTIME_ROLE,
    application_name: str = "plaudit",
    by_index: bool = False,
) -> str:
    """Return the libpq text for `url`: session in UTC, rights of `role` only (None: those of the login).

    With `by_index` its statements find rows by index only.
    """
    given = conninfo_to_dict(url)
    options = [str(given.get("options") or ""), "-c timezone=UTC", f"-c search_path={SEARCH_PATH}"]
    if role is not None:
        options.append(f"-c role={role}")
    if by_index:
        options.extend(f"-c {name}={value}" for name, value in (_BY_INDEX | _ONE_PLAN).items())
    settings: dict[str, Any] = {
        "application_name": application_name,
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        **given,
        "options": " ".join(option for option in options if option),
    }
    return make_conninfo("", **settings)


def connect(
    url: str, *, role: str | None = RUNTIME_ROLE, autocommit: bool = True
) -> psycopg.Connection[TupleRow]:
    """Open one blocking connection, for commands and tests; `role=None` keeps the rights of the login."""
    return psycopg.connect(connection_text(url=url, role=role), autocommit=autocommit)


async def plan_by_index(conn: Connection) -> None:
    """Have this transaction's statements find rows by index only, as those of a pool opened `by_index` do."""
    await conn.execute(_PLAN_BY_INDEX)


async def connect_async(url: str, *, role: str | None = RUNTIME_ROLE) -> Connection:
    """Open one connection outside any pool, in autocommit, set up like those of a pool."""
    connection = await psycopg.AsyncConnection.connect(
        connection_text(url=url, role=role),
        autocommit=True,
        prepare_threshold=_PREPARE_AFTER,
        cursor_factory=_BinaryCursor,
    )
    await _configure(connection)
    return connection


async def _configure(connection: Connection) -> None:
    connection.prepared_max = _PREPARED_MAX
    packing.register(connection)
    set_json_dumps(msgspec.json.encode, context=connection)
    set_json_loads(msgspec.json.decode, context=connection)


class Database:
    """The database as one process uses it. Open it with `async with Database.open(url, ...) as db`."""

    def __init__(
        self, *, url: str, role: str | None, pool: AsyncConnectionPool[Connection], listens: bool
    ) -> None:
        """Wrap an open pool; use `open` instead."""
        self.url = url
        self._role = role
        self._pool = pool
        self._listens = listens

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        pool_max: int = 8,
        role: str | None = RUNTIME_ROLE,
        listen: bool = True,
        wait_s: float = _POOL_WAIT_S,
        by_index: bool = False,
    ) -> AsyncIterator[Database]:
        """Open a pool of up to `pool_max` connections, waited for up to `wait_s`, and close it.

        `listen=False` never listens to notifications, so that only polls remain; with `by_index` statements
        find rows by index only, for a pool whose statements touch few rows of large tables. Raises
        psycopg.OperationalError with the server's reason when it cannot be reached.
        """
        await (await connect_async(url, role=role)).close()
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            connection_text(url=url, role=role, by_index=by_index),
            kwargs={"autocommit": True, "prepare_threshold": _PREPARE_AFTER, "cursor_factory": _BinaryCursor},
            configure=_configure,
            min_size=1,
            max_size=pool_max,
            timeout=wait_s,
            open=False,
        )
        async with pool:
            yield cls(url=url, role=role, pool=pool, listens=listen)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit: each statement is its own transaction."""
        async with self._pool.connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction.

        It is committed at the end of the block and rolled back on any exception. Raises Unknown when the
        connection was lost during the commit; an error within the block keeps its type, and nothing was done.
        """
        committing = False
        async with self._pool.connection() as connection:
            try:
                async with connection.transaction():
                    yield connection
                    committing = True
            except psycopg.Error as error:
                if committing and is_connection_lost(error):
                    message = "the connection was lost while committing"
                    raise Unknown(message) from error
                raise

    async def run(self, work: Callable[[Connection], Awaitable[T]], *, attempts: int = 5) -> T:
        """Do `work` in a transaction, and again when it failed without a trace (deadlock, lost connection …).

        Raises Retryable from the last error when all attempts failed so; any other error passes through.
        """
        for attempt in range(attempts):
            try:
                async with self.transaction() as connection:
                    return await work(connection)
            except Exception as error:
                if classify(error, committing=False) is not Retryable:
                    raise
                if attempt == attempts - 1:
                    message = f"failed {attempts} times without effect"
                    raise Retryable(message) from error
                if is_connection_lost(error):
                    await self.drop_dead()
            pause_s = min(_BACKOFF_S * 2**attempt, _BACKOFF_MAX_S)
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, guards nothing
        message = "attempts must be at least 1"
        raise ValueError(message)

    async def drop_dead(self) -> None:
        """Look at the idle connections and replace those that are dead.

        After a restart of the server all of them are, and each would cost somebody an attempt.
        """
        await self._pool.check()

    @asynccontextmanager
    async def listen(self, channel: str, *, poll_ms: int = 1000) -> AsyncIterator[AsyncIterator[str | None]]:
        """Lend an endless iterator over the payloads notified on `channel`.

        It yields None where something may have been missed: at first, after each reconnection, and whenever
        `poll_ms` passed without a notification. The connection is one of its own; losing it costs a poll and
        nothing else.
        """
        async with aclosing(self._notifications(channel, poll_s=poll_ms / 1000)) as payloads:
            yield payloads

    async def _notifications(self, channel: str, *, poll_s: float) -> AsyncGenerator[str | None, None]:
        connection: Connection | None = None
        try:
            while True:
                if connection is None:
                    until = time.monotonic() + poll_s
                    connection = await self._try_listen(channel)
                    yield None
                    if connection is None:
                        await asyncio.sleep(max(0.0, until - time.monotonic()))
                    continue
                try:
                    received = [
                        note.payload async for note in connection.notifies(timeout=poll_s, stop_after=1)
                    ]
                except psycopg.Error:
                    await connection.close()
                    connection = None
                    continue
                if not received:
                    yield None
                for payload in received:
                    yield payload
        finally:
            if connection is not None:
                await connection.close()

    async def _try_listen(self, channel: str) -> Connection | None:
        if not self._listens:
            return None
        connection: Connection | None = None
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                connection = await connect_async(self.url, role=self._role)
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except BaseException as error:
            if connection is not None:
                await connection.close()
            if isinstance(error, psycopg.Error | TimeoutError):
                return None
            raise
        return connection
