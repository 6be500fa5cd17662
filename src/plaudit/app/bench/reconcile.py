"""`bench reconcile`: a bill of a million rows, from its bytes to the report."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from msgspec import Struct

from plaudit.app.assembly import assembled, reconcile
from plaudit.app.bench.billing import CLASSES, DAY, PLANTED, Shop, furnish, open_shop
from plaudit.app.bench.ground import Base, Ground, checkpoint, ground, tidy
from plaudit.app.bench.report import Report, Value, machine, ratio, server_settings, versions
from plaudit.platform.settings import Settings

ROWS: Final = 1_000_000
_SMALLER: Final = 10
_KIB: Final = 1_024


class Measured(Struct, frozen=True, kw_only=True):
    """One bill: how long it took, the most memory its process had, and the lines of each class."""

    seconds: float
    rss_mib: float
    classes: Mapping[str, int]


def run(*, rows: int, say: Callable[[str], None]) -> Report:
    """Compare a bill of a tenth of `rows`, and one of all, each on a base and in a process of its own."""
    about = machine()
    with ground() as site, tempfile.TemporaryDirectory(prefix="plaudit-bench-") as folder:
        small, _ = _round(site, rows // _SMALLER, Path(folder), say)
        large, base = _round(site, rows, Path(folder), say)
        return Report(
            bench="reconcile",
            figures={
                "rows": rows,
                "seconds": round(large.seconds, 2),
                "seconds_of_a_tenth": round(small.seconds, 2),
                "rows_per_s": round(rows / large.seconds),
                "rss_mib": round(large.rss_mib, 1),
                "planted": PLANTED * len(CLASSES),
                "found": "exactly" if _exact(large, rows) and _exact(small, rows // _SMALLER) else "not",
                **_classes(large),
            },
            ratios={"growth": ratio(large.seconds, _SMALLER * small.seconds)},
            machine=about,
            versions=versions(url=base.url),
            settings={"day": DAY.isoformat(), **server_settings(url=base.url)},
        )


def _round(site: Ground, rows: int, folder: Path, say: Callable[[str], None]) -> tuple[Measured, Base]:
    base = site.create(f"rows_{rows}")
    say(f"writing {rows:,} rows and their bill")
    shop = asyncio.run(_opened(base, folder))
    bill = folder / f"{rows}.csv"
    furnish(url=base.url, shop=shop, rows=rows, bill=bill)
    tidy(base)
    checkpoint(base)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        measured = process.submit(_measure, base.url, shop, bill, folder).result()
    bill.unlink()
    say(f"{rows:,} rows in {measured.seconds:.1f} s, {measured.rss_mib:,.0f} MiB: {measured.classes}")
    return measured, base


def _settings(folder: Path) -> Settings:
    return Settings.from_environment({"PLAUDIT_DATA_DIR": str(folder / "data")})


async def _opened(base: Base, folder: Path) -> Shop:
    async with assembled(_settings(folder), url=base.url) as house:
        return await open_shop(house)


def _measure(url: str, shop: Shop, bill: Path, folder: Path) -> Measured:
    return asyncio.run(_measured(url, shop, bill, folder))


async def _measured(url: str, shop: Shop, bill: Path, folder: Path) -> Measured:
    content = await asyncio.to_thread(bill.read_bytes)
    async with assembled(_settings(folder), url=url) as house:
        began = time.perf_counter()
        (told,) = await reconcile(
            house, channel="wechat", account=shop.account, day=DAY, contents={"trade": content}
        )
        seconds = time.perf_counter() - began
    found: dict[str, int] = {}
    for one in told.document["classes"]:
        found[one["difference"]] = found.get(one["difference"], 0) + one["lines"]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB
    return Measured(seconds=seconds, rss_mib=most, classes=found)


def _exact(measured: Measured, rows: int) -> bool:
    """Tell whether all planted differences were found, each in its class, and nothing else."""
    planted = dict.fromkeys(CLASSES, PLANTED)
    return measured.classes == {**planted, "matched": rows - len(CLASSES) * PLANTED}


def _classes(measured: Measured) -> dict[str, Value]:
    return {f"{name}_lines": lines for name, lines in sorted(measured.classes.items())}
