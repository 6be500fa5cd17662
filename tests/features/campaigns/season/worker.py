"""A process that judges the season and nothing else: `python -m …season.worker URL BATCH`."""

from __future__ import annotations

import asyncio
import sys

from plaudit.core.journal.subscriptions import catch_up
from tests.features.campaigns.season.journal import evaluation, house_on


async def main(url: str, *, batch_max: int) -> None:
    """Judge all there is, so many positions at a time."""
    async with house_on(url) as house:
        await catch_up(
            database=house.database,
            subscriptions=[evaluation(house)],
            clock=house.clock,
            batch_max=batch_max,
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], batch_max=int(sys.argv[2])))
