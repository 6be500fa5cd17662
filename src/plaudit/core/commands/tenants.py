"""Tenants: opening one, listing them, and what commands may know of theirs as reference rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from plaudit.core.commands import store
from plaudit.core.commands.references import Loader
from plaudit.core.commands.store import Tenant
from plaudit.core.journal import store as journal_store
from plaudit.platform.db import Connection

__all__ = ["LOADERS", "ZONE", "Tenant", "load_zone", "open_tenant", "tenants"]

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


async def load_zone(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, ZoneInfo]:
    """Return the tenant's time zone under every key asked for: days and months are counted in it."""
    zone = ZoneInfo(await store.select_time_zone(conn, tenant_id=tenant_id))
    return dict.fromkeys(keys, zone)


LOADERS: Final[Mapping[str, Loader]] = {ZONE: load_zone}
"""What assembly adds to the loaders of the features."""
