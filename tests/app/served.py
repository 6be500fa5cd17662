"""`plaudit serve` as a process, on a database of the test."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from tests.kit.servers import DatabaseUrls

__all__ = ["Served", "served"]

PLAUDIT: Final = Path(sys.executable).with_name("plaudit")
_ADDRESS: Final = re.compile(rb"http://[^ ]+")


@dataclass(slots=True)
class Served:
    """A running server: where it answers, and its process."""

    url: str
    process: asyncio.subprocess.Process
    log: Path

    def children(self) -> list[int]:
        """Return the process ids of the serving children, where there are several."""
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return await self.process.wait()


@asynccontextmanager
async def served(
    database: DatabaseUrls, folder: Path, *arguments: str, **environ: str
) -> AsyncIterator[Served]:
    """Run a server for the time of the block, and kill it if it is still there at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLAUDIT_")}
    log = folder / "serve.log"
    with log.open("wb") as lines:
        process = await asyncio.create_subprocess_exec(
            str(PLAUDIT),
            "serve",
            "--port",
            "0",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=lines,
            env={
                **kept,
                "PLAUDIT_DATABASE_URL": database.url,
                "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
                "PLAUDIT_DATA_DIR": str(folder),
                **environ,
            },
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            told = await process.stdout.readline()
        found = _ADDRESS.search(told)
        assert found is not None, (told, log.read_text())
        yield Served(found[0].decode(), process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
