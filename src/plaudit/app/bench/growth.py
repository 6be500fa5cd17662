"""`bench growth`: posting and reading on a base that has grown to millions of entries, and on a fresh one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from statistics import median
from typing import Final

import uvloop
from msgspec import Struct

from plaudit.app.bench import poster, workload
from plaudit.app.bench.crew import Order, crew
from plaudit.app.bench.ground import SERVED, Base, checkpoint, examined, ground, tidy
from plaudit.app.bench.house import GRANT, TENANT, found, house
from plaudit.app.bench.poster import today
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.core.ledger import balances, statements
from plaudit.platform.db import Database
from plaudit.vocabulary import chart

_WARMUP: Final = 0.25
_PER_S_MAX: Final = 35_000
_STEP: Final = 50_000
_LOADED_AT_ONCE: Final = 2_000
_LOADERS: Final = 2
_ENTRIES_A_TIP: Final = 3
_ENTRIES_A_CREDIT: Final = 2
_PAGE: Final = 25
_KNOWN_VIEWERS: Final = 1_000
_KNOWN_CREATORS: Final = 100


class Size(Struct, frozen=True, kw_only=True):
    """How large the grown base is, and what is measured on both."""

    entries: int = 5_000_000
    viewers: int = workload.VIEWERS
    known_viewers: int = _KNOWN_VIEWERS
    rounds: int = 3
    reads: int = 1_000


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what posting is counted for on each base in each round.

    Both begin as copies of one: a tenant whose viewers have coins, some of them a first page of tips too.
    One grows by way of the writer; the other is copied anew each round. ``say`` is told of progress.
    """
    how = size or Size()
    about = machine()
    with ground() as site:
        first = site.create("first")
        say(f"crediting {how.viewers:,} viewers")
        asyncio.run(found(base=first, viewers=how.viewers))
        uvloop.run(_seed(first, how))
        tidy(first)
        grown = site.copy(first, name="grown")
        _grow(grown, how, say)
        tidy(grown)
        rates: dict[str, list[float]] = {"fresh": [], "grown": []}
        reads: dict[str, list[_Reads]] = {"fresh": [], "grown": []}
        for number in range(1, how.rounds + 1):
            fresh = site.copy(first, name=f"fresh_{number}")
            tidy(fresh)
            for name, base in (("fresh", fresh), ("grown", grown)):
                checkpoint(base)
                reads[name].append(uvloop.run(_read(base, how, seed=f"read-{number}")))
                rates[name].append(_posted(base, how, seconds=seconds, seed=f"{name}-{number}"))
                say(
                    f"round {number} of {how.rounds}: {name} {rates[name][-1]:,.0f} tips/s, {reads[name][-1]}"
                )
            site.drop(fresh)
        say("the doctor examines the grown base")
        audit = examined(grown)
        return Report(
            bench="growth",
            figures=_figures(rates, reads)
            | {"entries": audit.entries, "facts": audit.facts, "doctor": "green" if audit.green else "red"},
            ratios=_ratios(rates, reads),
            machine=about,
            versions=versions(url=grown.url),
            settings=_settings(how, seconds=seconds) | server_settings(url=grown.url),
        )


class _Reads(Struct, frozen=True):
    """How long one read took at the median, in milliseconds; `first_` of accounts not read before."""

    statement_ms: float
    balance_ms: float
    first_statement_ms: float
    first_balance_ms: float

    def __str__(self) -> str:
        return f"statement {self.statement_ms:.3f} ms, balance {self.balance_ms:.3f} ms"


async def _seed(base: Base, how: Size) -> None:
    """Give those whose statements are read a whole page of tips, so that a page is as long on both bases."""
    day = today()
    async with house(url=base.url, lanes=2, batch_max=_LOADED_AT_ONCE) as here:
        for turn in range(_PAGE):
            tips = [
                workload.Tip(workload.rich(n), workload.creator((n + turn) % _KNOWN_CREATORS), 100)
                for n in range(how.known_viewers)
            ]
            await here.post(
                [
                    workload.tip_command(grant=GRANT, tip=tip, key=f"seed-{turn}-{n}", day=day)
                    for n, tip in enumerate(tips)
                ]
            )


def _grow(base: Base, how: Size, say: Callable[[str], None]) -> None:
    """Post tips through the writer until the base has its entries."""
    entries = how.viewers * _ENTRIES_A_CREDIT + how.known_viewers * _PAGE * _ENTRIES_A_TIP
    began, step = time.perf_counter(), 0
    with crew(
        work=poster.work,
        count=_LOADERS,
        url=base.url,
        lanes=1,
        batch_max=_LOADED_AT_ONCE,
        viewers=how.viewers,
    ) as loaders:
        while entries < how.entries:
            wanted = -(-(how.entries - entries) // _ENTRIES_A_TIP)
            # One in a hundred is refused: the last step is a little longer than what is missing.
            loaders.prepare(
                Order(seed=f"grow-{step}", tips=min(_STEP, wanted + wanted // 50 + 10), seconds=float("inf"))
            )
            entries += sum(tally.done for tally in loaders.run()) * _ENTRIES_A_TIP
            step += 1
            say(f"grown to {entries:,} entries in {time.perf_counter() - began:,.0f} s")


def _posted(base: Base, how: Size, *, seconds: float, seed: str) -> float:
    """Return the tips a second that a server's writer posts on a base."""
    with crew(
        work=poster.work,
        count=SERVED.processes,
        url=base.url,
        lanes=SERVED.writers,
        batch_max=SERVED.batch_max,
        viewers=how.viewers,
    ) as posters:
        tips = int(_PER_S_MAX * seconds * (1 + _WARMUP))
        posters.prepare(Order(seed=seed, tips=tips, seconds=seconds, warmup_s=seconds * _WARMUP))
        checkpoint(base)
        return sum(tally.per_s for tally in posters.run())


async def _read(base: Base, how: Size, *, seed: str) -> _Reads:
    """Read balances and first pages of statements of viewers, creators and the platform, one at a time.

    Each is read twice, and the second time counts: how much of a base lies in memory is a matter of the
    machine, not of growth.
    """
    draw = Random(seed)  # noqa: S311 - a draw
    wallets = [_wallet(draw.randrange(how.viewers)) for _ in range(how.reads)]
    accounts = [_account(draw, how) for _ in range(how.reads)]
    async with Database.open(base.url, pool_max=1, listen=False) as database, database.connection() as conn:

        async def statement(address: str) -> None:
            found = await statements.page(conn, tenant_id=TENANT, address=address, limit=_PAGE)
            assert len(found.items) == _PAGE, address

        async def balance(address: str) -> None:
            assert await balances.balances(conn, tenant_id=TENANT, addresses=[address])

        first = await _timed(statement, accounts), await _timed(balance, wallets)
        return _Reads(await _timed(statement, accounts), await _timed(balance, wallets), *first)


async def _timed(read: Callable[[str], Awaitable[None]], addresses: Sequence[str]) -> float:
    took = []
    for address in addresses:
        began = time.perf_counter()
        await read(address)
        took.append((time.perf_counter() - began) * 1_000)
    return median(took) if took else 0.0


def _account(draw: Random, how: Size) -> str:
    """Draw whose statement is read: half viewers, four in ten creators, one in ten the platform."""
    kind = draw.random()
    if kind < 0.1:  # noqa: PLR2004 - a share
        return chart.platform_revenue(asset=workload.ASSET)
    if kind < 0.5:  # noqa: PLR2004 - a share
        number = draw.randrange(min(_KNOWN_CREATORS, how.known_viewers))
        return chart.creator_earnings(creator=workload.creator(number), asset=workload.ASSET)
    return _wallet(draw.randrange(how.known_viewers))


def _wallet(number: int) -> str:
    return chart.viewer_wallet(viewer=workload.rich(number), asset=workload.ASSET)


def _figures(rates: dict[str, list[float]], reads: dict[str, list[_Reads]]) -> dict[str, Value]:
    figures: dict[str, Value] = {f"{name}_per_s": middle(values) for name, values in rates.items()}
    figures |= {f"{name}_rounds_per_s": [round(one, 1) for one in values] for name, values in rates.items()}
    for name, values in reads.items():
        for kind in ("statement_ms", "balance_ms", "first_statement_ms", "first_balance_ms"):
            figures[f"{name}_{kind}"] = round(median(getattr(one, kind) for one in values), 3)
    return figures


def _ratios(rates: dict[str, list[float]], reads: dict[str, list[_Reads]]) -> dict[str, float]:
    """Return `speed`, and `reads`: the worse of the two kinds."""

    def slower(kind: Callable[[_Reads], float]) -> float:
        return ratio(median(map(kind, reads["grown"])), median(map(kind, reads["fresh"])))

    return {
        "speed": ratio(median(rates["grown"]), median(rates["fresh"])),
        "reads": max(slower(lambda one: one.statement_ms), slower(lambda one: one.balance_ms)),
    }


def _settings(how: Size, *, seconds: float) -> dict[str, Value]:
    return {
        "seconds": seconds,
        "rounds": how.rounds,
        "entries": how.entries,
        "viewers": how.viewers,
        "creators": workload.CREATORS,
        "reads": how.reads,
        "page": _PAGE,
        "writers": SERVED.writers,
        "batch_max": SERVED.batch_max,
    }
