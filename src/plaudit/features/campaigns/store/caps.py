"""How far caps are used up, as the ledger counts them."""

from collections.abc import Collection
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from plaudit.core.ledger import counters as ledger
from plaudit.core.ledger.book import Window
from plaudit.core.ledger.reversals import unending
from plaudit.features.campaigns.model.engine.verdicts import Counter
from plaudit.kernel.time import day_of
from plaudit.platform.db import Connection

_WINDOWS_MAX: Final = 65_536


async def select_used(
    conn: Connection, *, tenant_id: int, counters: Collection[Counter]
) -> dict[Counter, int]:
    """Return how far counters of caps are. One query, or none."""
    by_window = {window_of(one): one for one in counters}
    used = await ledger.used(conn, tenant_id=tenant_id, windows=list(by_window))
    return {by_window[window]: minor for window, minor in used.items()}


@lru_cache(_WINDOWS_MAX)
def window_of(counter: Counter) -> Window:
    """Return the ledger's counter of a cap: of a day in the campaign's zone, or without an end."""
    name = f"campaign/{counter.campaign}/cap/{counter.sort}"
    if counter.viewer is not None:
        name = f"{name}/{counter.viewer}"
    if counter.day is None:
        return unending(name)
    zone = ZoneInfo(counter.zone)
    day = day_of(datetime.combine(counter.day, time(12), tzinfo=zone).astimezone(UTC), zone)
    return Window(name, day.start, day.end)
