"""The core as a server runs it, without HTTP and features: database, directory, references, corridor."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from plaudit.app.bench import workload
from plaudit.app.bench.ground import Base
from plaudit.core.commands import tenants
from plaudit.core.commands.batch import Prepared
from plaudit.core.commands.command import Command, Grant, Outcome
from plaudit.core.commands.corridor import Corridor, Slots
from plaudit.core.commands.references import Lookup, References
from plaudit.core.ledger.accounts import Directory
from plaudit.kernel.actor import Actor
from plaudit.kernel.rate import Rate
from plaudit.kernel.time import SystemClock
from plaudit.platform.db import Connection, Database
from plaudit.vocabulary import chart

TENANT: Final = 1
GRANT: Final = Grant(TENANT, Actor("app", "bench"), frozenset({"tip.send", "wallet.credit"}))
_OPENED_AT_ONCE: Final = 10_000
_SEVEN_TENTHS: Final = Rate.basis_points(7_000)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """One process's way into the ledger."""

    database: Database
    directory: Directory
    references: References
    corridor: Corridor

    async def post(self, commands: Sequence[Command]) -> list[Outcome]:
        """Do commands all at once; raises the first Refusal."""
        prepared = [await self.corridor.prepare(command) for command in commands]
        return await asyncio.gather(*(self.corridor.writer.hand_in(one) for one in prepared))

    async def prepare(self, commands: Sequence[Command]) -> list[Prepared]:
        """Plan commands and make their accounts known, so that nothing but the posting is left to do."""
        prepared = [await self.corridor.prepare(command) for command in commands]
        addresses = sorted({address for one in prepared for address in one.plan.accounts})
        for start in range(0, len(addresses), _OPENED_AT_ONCE):
            await self.directory.ensure(
                tenant_id=TENANT, addresses=addresses[start : start + _OPENED_AT_ONCE], now=datetime.now(UTC)
            )
        return prepared


@asynccontextmanager
async def house(*, url: str, lanes: int, batch_max: int) -> AsyncIterator[House]:
    """Open the core with its writer started; close both in the end."""
    async with (
        Database.open(url, pool_max=2, listen=False) as database,
        Database.open(url, pool_max=lanes, listen=False, by_index=True) as writing,
    ):
        directory = Directory(database)
        references = References(database=database, loaders={"creator": _terms})
        corridor = Corridor(
            database=database,
            directory=directory,
            references=references,
            clock=SystemClock(),
            slots=Slots(_authorize, _screen),
            batch_max=batch_max,
            on_broken=_broken,
        )
        corridor.writer.write_on(writing)
        corridor.writer.start(lanes=lanes)
        try:
            yield House(database, directory, references, corridor)
        finally:
            await corridor.writer.close()


async def found(*, base: Base, viewers: int) -> None:
    """Open the tenant and its accounts, and credit every viewer by way of the writer."""
    async with house(url=base.url, lanes=2, batch_max=1_000) as here:
        async with here.database.transaction() as tx:
            tenant_id = await tenants.open_tenant(
                tx, slug="bench", name="Bench", time_zone="UTC", now=datetime.now(UTC)
            )
            assert tenant_id == TENANT, tenant_id
        idle = [
            chart.viewer_wallet(viewer=workload.poor(n), asset=workload.ASSET) for n in range(workload.POOR)
        ]
        await here.directory.ensure(tenant_id=TENANT, addresses=idle, now=datetime.now(UTC))
        for start in range(0, viewers, _OPENED_AT_ONCE // 2):
            numbers = range(start, min(viewers, start + _OPENED_AT_ONCE // 2))
            await here.post(
                [
                    workload.credit_command(
                        grant=GRANT, viewer=workload.rich(n), amount_minor=workload.CREDIT_MINOR
                    )
                    for n in numbers
                ]
            )


async def _terms(_conn: Connection, _tenant_id: int, keys: Sequence[str]) -> Mapping[str, Rate]:
    return dict.fromkeys(keys, _SEVEN_TENTHS)


def _authorize(_command: Command) -> None:
    """Everybody here may do everything."""


def _screen(_command: Command, _lookup: Lookup) -> None:
    """Nothing is switched off here."""


def _broken(error: AssertionError) -> None:
    _log.error("broken invariant", exc_info=error)
