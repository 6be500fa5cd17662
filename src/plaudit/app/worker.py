"""A process that follows the journal and does jobs, asked for or due on time, without HTTP."""

import asyncio
import signal

import uvloop

from plaudit.app.assembly import assembled
from plaudit.app.background import running
from plaudit.app.place import migrated_place_of
from plaudit.app.server import EXIT_BROKEN
from plaudit.platform import log
from plaudit.platform.settings import Settings

_log = log.logger("worker")


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; return the exit code. Raises what `app.place` and `assembly` raise."""
    log.configure(level=settings.log_level, output="console" if settings.log_format == "console" else "json")
    with migrated_place_of(settings) as place:
        return uvloop.run(_work(settings, place.url))


async def _work(settings: Settings, url: str) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with assembled(settings, url=url) as house:
        house.corridor.writer.start(lanes=settings.writers)
        async with running(house, follow=True) as background:
            _log.info("working", subscriptions=len(house.subscriptions))
            waiting = [asyncio.create_task(one.wait()) for one in (stop, house.alarm.rung)]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await background.end_jobs()
        await house.corridor.writer.close(timeout_s=settings.shutdown_ms / 1000)
        return EXIT_BROKEN if house.alarm.cause is not None else 0
