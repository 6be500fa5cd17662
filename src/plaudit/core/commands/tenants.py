"""Tenants: opening one, listing them, and what commands may know of theirs as reference rows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from plaudit.core.commands import store
from plaudit.core.commands.references import Loader
from plaudit.core.commands.store import Tenant
from plaudit.core.journal import store as journal_store
from plaudit.platform.db import Connection, Database

__all__ = [
    "LOADERS",
    "ZONE",
    "Tenant",
    "in_every_tenant",
    "load_zone",
    "open_tenant",
    "slug_of",
    "tenant_of",
    "tenants",
]

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 4
_TENANT_MAX_S: Final = 60.0
"""A tenant whose channels are all silent, say, has its turn again; the others do not wait for it."""

ZONE: Final = "zone"
"""The topic of the tenant's time zone, whose one key is ``*``."""


async def open_tenant(conn: Connection, *, slug: str, name: str, time_zone: str, now: datetime) -> int | None:
    """Make a tenant with an empty journal, inside the caller's transaction, and return its id.

    None when the slug is taken. `time_zone` is an IANA name, which the caller has checked.
    """
    tenant_id = await store.insert_tenant(conn, slug=slug, name=name, time_zone=time_zone, now=now)
    if tenant_id is not None:
        await journal_store.open_tenant(conn, tenant_id=tenant_id)
    return tenant_id


async def tenants(conn: Connection) -> list[Tenant]:
    """Return all tenants by id."""
    return await store.select_tenants(conn)


async def tenant_of(conn: Connection, *, slug: str) -> int | None:
    """Return the id of the tenant with a slug, None where there is none."""
    return await store.select_tenant_of(conn, slug=slug)


async def slug_of(conn: Connection, *, tenant_id: int) -> str:
    """Return the slug of a tenant, by which addresses for everybody name it."""
    return await store.select_slug(conn, tenant_id=tenant_id)


async def in_every_tenant(
    database: Database, work: Callable[[int], Awaitable[object]], *, trouble: str
) -> None:
    """Do something in every tenant, in a few at once. One that is off, in trouble or slow keeps no other."""
    async with database.connection() as conn:
        found = await tenants(conn)
    lanes = asyncio.Semaphore(_AT_ONCE)

    async def one(tenant_id: int) -> None:
        async with lanes:
            try:
                async with asyncio.timeout(_TENANT_MAX_S):
                    await work(tenant_id)
            except AssertionError:
                raise
            except Exception as error:  # noqa: BLE001 - told, and done again at the next turn
                _log.warning(trouble, tenant_id=tenant_id, exc_info=error)

    await asyncio.gather(*(one(tenant.tenant_id) for tenant in found))


async def load_zone(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, ZoneInfo]:
    """Return the tenant's time zone under every key asked for: days and months are counted in it."""
    zone = ZoneInfo(await store.select_time_zone(conn, tenant_id=tenant_id))
    return dict.fromkeys(keys, zone)


LOADERS: Final[Mapping[str, Loader]] = {ZONE: load_zone}
"""What assembly adds to the loaders of the features."""
