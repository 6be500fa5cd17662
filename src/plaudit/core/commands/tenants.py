"""What commands may know of their tenant, as reference rows."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from plaudit.core.commands import store
from plaudit.core.commands.references import Loader
from plaudit.platform.db import Connection

ZONE: Final = "zone"
"""The topic of the tenant's time zone, whose one key is ``*``."""


async def load_zone(conn: Connection, tenant_id: int, keys: Sequence[str]) -> Mapping[str, ZoneInfo]:
    """Return the tenant's time zone under every key asked for: days and months are counted in it."""
    zone = ZoneInfo(await store.select_time_zone(conn, tenant_id=tenant_id))
    return dict.fromkeys(keys, zone)


LOADERS: Final[Mapping[str, Loader]] = {ZONE: load_zone}
"""What assembly adds to the loaders of the features."""
