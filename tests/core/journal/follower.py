"""A process that follows the journal until its input ends.

`python -m tests.core.journal.follower URL NAME`
"""

from __future__ import annotations

import asyncio
import sys

from plaudit.core.journal.subscriptions import Runner
from plaudit.platform.db import Database
from tests.core.journal.support import TALLY, Clock, Deeds


async def _follow(url: str, worker: str) -> None:
    async with Database.open(url, pool_max=4) as db:
        acts = Deeds(worker=worker)
        runner = Runner(database=db, subscriptions=[TALLY, acts.subscription], clock=Clock(), batch_max=50)
        running = asyncio.create_task(runner.run())
        sys.stdout.write("following\n")
        sys.stdout.flush()
        async with db.listen("plaudit_journal") as notes:
            ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
            pump = asyncio.create_task(_pump(runner, notes))
            await ended
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        runner.stop()
        await running


async def _pump(runner: Runner, notes: object) -> None:
    async for _ in notes:  # type: ignore[attr-defined]
        runner.wake()


if __name__ == "__main__":
    asyncio.run(_follow(sys.argv[1], sys.argv[2]))
