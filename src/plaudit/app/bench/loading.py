"""One round of load on one route: the generator in a process of its own, and what is watched meanwhile."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from plaudit.app.assembly import FEATURES
from plaudit.app.bench.child import Child, Memory, processes_of
from plaudit.app.bench.ground import Base
from plaudit.app.drive.load import Outcome, Spec, generator_here, load_command
from plaudit.app.drive.wrk import run_wrk
from plaudit.core.journal.subscriptions import lag
from plaudit.kernel.time import parse_time
from plaudit.platform.db import Database

_WARMUP: Final = 0.25
_POLL_S: Final = 0.01
_CATCH_UP_MAX_S: Final = 60.0
_FOLLOWERS: Final = tuple(
    name
    for feature in FEATURES
    for name in (
        *(one.name for one in feature.subscriptions),
        *(one.name for one in feature.reactions),
    )
)


class LoadError(Exception):
    """The load generator failed; the message is what it said."""


class Round(Struct, frozen=True, kw_only=True):
    """What came of a round: the load's outcome, the subscriptions' time after it, memory at its most."""

    load: Outcome
    caught_up_s: float
    rss_mib: float

    def line(self) -> str:
        """Return the round in one line."""
        load = self.load
        return (
            f"{load.rps:,.0f} requests/s, p99 {load.latency_ms.p99:.1f} ms, refused {load.refused:,},"
            f" errors {load.errors:,}, caught up in {self.caught_up_s:.2f} s, {self.rss_mib:.0f} MiB"
        )


async def measure(  # noqa: PLR0913 - what a measurement is made of
    *,
    name: str,
    server: Child,
    spec: Spec,
    connections: int,
    seconds: float,
    base: Base,
    tenant_id: int,
    data_dir: Path,
    loaded: Callable[[], None] | None = None,
    warmup: float = _WARMUP,
    catch_up_max_s: float = _CATCH_UP_MAX_S,
) -> Round:
    """Load a route, after a warm-up, and wait until every subscription has read what was recorded.

    `loaded` is called when the load is over: who records something beside it stops then, or there is
    always somebody behind. The warm-up is that part of `seconds`, none with wrk; who counts the time of
    catching up, too, has none. Raises LoadError, or drive.wrk.WrkError.
    """
    memory = Memory(processes_of(server=server, data_dir=data_dir))
    async with Database.open(base.url, pool_max=1, listen=False) as database:
        follower = _Follower(database, tenant_id)
        beside = [
            asyncio.create_task(memory.watch()),
            asyncio.create_task(follower.watch(after_s=seconds * (1 + warmup))),
        ]
        try:
            load = await _loaded(
                name, server, spec, connections=connections, seconds=seconds, warmup_s=seconds * warmup
            )
            if loaded is not None:
                loaded()
            caught_up_s = await follower.caught_up_s(parse_time(load.ended_at), most_s=catch_up_max_s)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
    return Round(load=load, caught_up_s=caught_up_s, rss_mib=memory.most_mib)


async def _loaded(
    name: str, server: Child, spec: Spec, *, connections: int, seconds: float, warmup_s: float
) -> Outcome:
    if generator_here() == "wrk":
        whole = max(1, round(seconds))
        if warmup_s:
            await run_wrk(url=server.url, spec=spec, connections=connections, seconds=1, target=name)
        again = replace(spec, key_prefix=f"{spec.key_prefix}-counted")
        return await run_wrk(url=server.url, spec=again, connections=connections, seconds=whole, target=name)
    with tempfile.NamedTemporaryFile(prefix="plaudit-load-", suffix=".json") as file:
        file.write(msgspec.json.encode(spec))
        file.flush()
        command = load_command(
            url=server.url,
            spec=Path(file.name),
            connections=connections,
            seconds=seconds,
            warmup_s=warmup_s,
            target=name,
        )
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaint = await process.communicate()
    if process.returncode != 0:
        raise LoadError(f"the load generator ended with {process.returncode}: {complaint.decode()[-1000:]}")
    return msgspec.json.decode(output, type=Outcome)


class _Follower:
    """Looks how far the subscriptions are, from shortly before the load ends."""

    def __init__(self, database: Database, tenant_id: int) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._level: list[datetime] = []
        self._looked = asyncio.Event()

    async def watch(self, *, after_s: float) -> None:
        """Note each moment at which nobody was behind."""
        await asyncio.sleep(after_s)
        async with self._database.connection() as conn:
            while True:
                asked = datetime.now(UTC)
                found = await lag(conn, names=_FOLLOWERS, tenant_id=self._tenant_id)
                if all(one.position >= one.head for one in found):
                    self._level.append(asked)
                self._looked.set()
                self._looked.clear()
                await asyncio.sleep(_POLL_S)

    async def caught_up_s(self, ended: datetime, *, most_s: float) -> float:
        """Return how long after a moment nobody was behind any more. Raises LoadError after `most_s`."""
        try:
            async with asyncio.timeout(most_s):
                while not self._level or self._level[-1] < ended:
                    await self._looked.wait()
        except TimeoutError as error:
            raise LoadError(f"subscriptions were still behind after {most_s:.0f} s") from error
        return (next(one for one in self._level if one >= ended) - ended).total_seconds()
