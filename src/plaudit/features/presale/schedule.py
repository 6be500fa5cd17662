"""What presale does on time: sales that were to begin by themselves begin.

Plain functions of the house's clock; running them late, twice or in several processes at once changes
nothing. One tenant that is off or in trouble keeps no other.
"""

from datetime import datetime
from typing import Any, Final, Protocol

from plaudit.core.commands import tenants as core_tenants
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Schedule
from plaudit.core.handles import Database
from plaudit.features.presale.actions.shows import NotDue, open_sale
from plaudit.features.presale.store import shows as store
from plaudit.kernel.refusal import Refusal
from plaudit.kernel.time import Clock
from plaudit.platform import log

_log = log.logger("presale")
_PAGE: Final = 200


class Means(Protocol):
    """What presale needs of the assembled house on time, which fits."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def corridor(self) -> Corridor:
        """The way for commands."""

    @property
    def clock(self) -> Clock:
        """The one clock."""


async def open_sales(house: Means) -> None:
    """Let the sales begin, in every tenant, whose time has come."""
    async with house.database.connection() as conn:
        found = await core_tenants.tenants(conn)
    for tenant in found:
        try:
            await _open_sales(house, tenant.tenant_id)
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            _log.warning("sales not begun", tenant_id=tenant.tenant_id, exc_info=error)


async def _open_sales(house: Means, tenant_id: int) -> None:
    now = house.clock.now()
    last: tuple[datetime, str] | None = None
    while True:
        async with house.database.connection() as conn:
            due = await store.select_sales_due(conn, tenant_id=tenant_id, now=now, after=last, limit=_PAGE)
        for _, show in due:
            try:
                await open_sale(corridor=house.corridor, tenant_id=tenant_id, show=show, now=now)
            except NotDue:
                continue
            except Refusal as refusal:
                _log.info("sale not begun", tenant_id=tenant_id, show=show, code=refusal.code)
        if len(due) < _PAGE:
            return
        last = due[-1]


async def _open_sales_of(house: Any) -> None:  # noqa: ANN401 - the assembled house
    await open_sales(house)


SALES: Final = Schedule(name="presale.sales", cron="* * * * * */5", work=_open_sales_of)
