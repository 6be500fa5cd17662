"""`bench backtest`: a million facts of the journal judged by one draft, from the question to the figures."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from plaudit.app.assembly import Period, assembled, backtest_journal
from plaudit.app.bench import poster, promoting, workload
from plaudit.app.bench.crew import Order, crew
from plaudit.app.bench.ground import Base, checkpoint, ground, tidy
from plaudit.app.bench.house import found
from plaudit.app.bench.report import Report, Value, machine, ratio, server_settings, versions
from plaudit.platform.settings import Settings

FACTS: Final = 1_000_000
_VIEWERS: Final = 50_000
_STEP: Final = 50_000
_LOADERS: Final = 2
_LOADED_AT_ONCE: Final = 2_000
_SMALLER: Final = 10
_KIB: Final = 1_024
_SLUG: Final = "bench"


class Measured(Struct, frozen=True, kw_only=True):
    """One backtest: how long it took, the most memory its process had, and what it found."""

    seconds: float
    rss_mib: float
    facts: int
    rewards: int
    viewers: int


def run(*, facts: int, say: Callable[[str], None]) -> Report:
    """Judge a tenth of `facts` tips, and all of them, each in a process of its own.

    The tips are posted through the writer, as live ones are.
    """
    about = machine()
    with ground() as site, tempfile.TemporaryDirectory(prefix="plaudit-bench-") as folder:
        base = site.create("backtest")
        say(f"crediting {_VIEWERS:,} viewers")
        asyncio.run(found(base=base, viewers=_VIEWERS))
        _post(base, facts // _SMALLER, 0, say)
        small = _round(base, Path(folder), say)
        _post(base, facts, facts // _SMALLER, say)
        large = _round(base, Path(folder), say)
        return Report(
            bench="backtest",
            figures={
                "facts": large.facts,
                "seconds": round(large.seconds, 2),
                "seconds_of_a_tenth": round(small.seconds, 2),
                "facts_per_s": round(large.facts / large.seconds),
                "rss_mib": round(large.rss_mib, 1),
                "rewards": large.rewards,
                "viewers": large.viewers,
            },
            ratios={
                "growth": ratio(large.seconds / large.facts, small.seconds / small.facts),
            },
            machine=about,
            versions=versions(url=base.url),
            settings=_settings_told(facts) | server_settings(url=base.url),
        )


def _settings_told(facts: int) -> dict[str, Value]:
    return {"facts": facts, "viewers": _VIEWERS, "creators": workload.CREATORS}


def _post(base: Base, facts: int, there: int, say: Callable[[str], None]) -> None:
    """Post tips through the writer until so many are there."""
    began = time.perf_counter()
    with crew(
        work=poster.work,
        count=_LOADERS,
        url=base.url,
        lanes=1,
        batch_max=_LOADED_AT_ONCE,
        viewers=_VIEWERS,
    ) as loaders:
        while there < facts:
            wanted = facts - there
            # One in a hundred is refused: the last step is a little longer than what is missing.
            tips = min(_STEP, wanted + wanted // 50 + 10)
            loaders.prepare(Order(seed=f"post-{there}", tips=tips, seconds=float("inf")))
            there += sum(tally.done for tally in loaders.run())
            say(f"{there:,} tips posted in {time.perf_counter() - began:,.0f} s")
    tidy(base)


def _round(base: Base, folder: Path, say: Callable[[str], None]) -> Measured:
    checkpoint(base)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        measured = process.submit(_measure, base.url, folder).result()
    say(
        f"{measured.facts:,} facts judged in {measured.seconds:.1f} s, {measured.rss_mib:,.0f} MiB:"
        f" {measured.rewards:,} rewards for {measured.viewers:,} viewers"
    )
    return measured


def _measure(url: str, folder: Path) -> Measured:
    return asyncio.run(_measured(url, folder))


async def _measured(url: str, folder: Path) -> Measured:
    settings = Settings.from_environment({"PLAUDIT_DATA_DIR": str(folder / "data")})
    now = datetime.now(UTC)
    async with assembled(settings, url=url) as house:
        began = time.perf_counter()
        tried = await backtest_journal(
            house,
            slug=_SLUG,
            campaign="draft",
            period=Period(since=now - timedelta(days=1), until=now + timedelta(days=1)),
            sent=_draft(),
        )
        seconds = time.perf_counter() - began
    document = tried.document
    return Measured(
        seconds=seconds,
        rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB,
        facts=document["facts"],
        rewards=document["rewards"],
        viewers=document["viewers"],
    )


def _draft() -> dict[str, Any]:
    """Return terms that keep a sum for each viewer and week, and that four tips in five meet."""
    return promoting.terms(
        strategy={
            "kind": "cumulative",
            "counted": "week",
            "tiers": [{"from_minor": 500, "reward_minor": 30}, {"from_minor": 2_000, "reward_minor": 150}],
            "every_minor": 2_000,
            "every_reward_minor": 100,
        },
        conditions={
            "all": [
                promoting.leaf("amount", "at_least", value=100),
                promoting.leaf("currency", "equals", value=workload.ASSET),
                {
                    "any": [
                        promoting.leaf("weekday", "one_of", value=list(range(1, 8))),
                        promoting.leaf("gift", "equals", value="rocket"),
                    ]
                },
            ]
        },
        caps={"viewer_day_minor": 5_000},
    )
