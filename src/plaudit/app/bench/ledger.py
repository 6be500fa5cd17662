"""`bench ledger`: from prepared commands to delivered outcomes, and other ways of writing the same rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from msgspec import Struct

from plaudit.app.bench import baselines, poster, store
from plaudit.app.bench.crew import Crew, Order, Tally, crew
from plaudit.app.bench.ground import SERVED, Base, Ground, checkpoint, doctor, ground, tidy
from plaudit.app.bench.house import found
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.workload import CREATORS, VIEWERS

_WARMUP: Final = 0.25
_PER_S_MAX: Final = {
    "even": 35_000,
    "hot": 35_000,
    "row_locks": 12_000,
    "bare_insert": 60_000,
    "inserts_only": 90_000,
}


class Arrangement(Struct, frozen=True, kw_only=True):
    """How much of what runs where.

    Ours is arranged as a server is by default. The row-lock baseline has its 8 connections in two processes,
    one thread each: the fastest arrangement found for it.
    """

    processes: int = SERVED.processes
    lanes: int = SERVED.writers
    batch_max: int = SERVED.batch_max
    row_lock_processes: int = 2
    row_lock_connections: int = 4
    bare_connections: int = 2
    viewers: int = VIEWERS
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class _Variant:
    """One way of posting: who does it, where, and whether one creator takes most."""

    name: str
    workers: Crew
    base: Base
    hot: bool = False


def run(*, seconds: float, say: Callable[[str], None], arrangement: Arrangement | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is counted for in each round.

    ``say`` is told of progress. Ours and the baselines have a database each, of the same content at first;
    in the end the doctor examines ours. A checkpoint is written before each round of each variant.
    """
    how = arrangement or Arrangement()
    about = machine()
    with ground() as site:
        ours, theirs = _found(site, how, say)
        with _variants(ours, theirs, how) as variants:
            tallies = _rounds(variants, how, seconds=seconds, say=say)
        say("the doctor examines the books")
        figures = _figures(tallies) | {"doctor": doctor(ours)}
        return Report(
            bench="ledger",
            figures=figures,
            ratios=_ratios(tallies),
            machine=about,
            versions=versions(url=ours.url),
            settings=_settings(how, seconds=seconds) | server_settings(url=ours.url),
        )


def _found(site: Ground, how: Arrangement, say: Callable[[str], None]) -> tuple[Base, Base]:
    say(f"crediting {how.viewers:,} viewers")
    ours = site.create("ours")
    asyncio.run(found(base=ours, viewers=how.viewers))
    tidy(ours)
    theirs = site.copy(ours, name="theirs")
    store.create_row_locks(theirs.owner_url)
    tidy(theirs)
    return ours, theirs


@contextmanager
def _variants(ours: Base, theirs: Base, how: Arrangement) -> Iterator[Sequence[_Variant]]:
    with ExitStack() as stack:

        def bare(*, balances: bool) -> Crew:
            return stack.enter_context(
                crew(
                    work=baselines.bare_insert,
                    count=1,
                    url=theirs.url,
                    viewers=how.viewers,
                    connections=how.bare_connections,
                    batch_max=how.batch_max,
                    balances=balances,
                )
            )

        own = stack.enter_context(
            crew(
                work=poster.work,
                count=how.processes,
                url=ours.url,
                lanes=how.lanes,
                batch_max=how.batch_max,
                viewers=how.viewers,
            )
        )
        locks = stack.enter_context(
            crew(
                work=baselines.row_locks,
                count=how.row_lock_processes,
                url=theirs.url,
                viewers=how.viewers,
                connections=how.row_lock_connections,
            )
        )
        yield (
            _Variant("even", own, ours),
            _Variant("row_locks", locks, theirs),
            _Variant("hot", own, ours, hot=True),
            _Variant("bare_insert", bare(balances=True), theirs),
            _Variant("inserts_only", bare(balances=False), theirs),
        )


def _rounds(
    variants: Sequence[_Variant], how: Arrangement, *, seconds: float, say: Callable[[str], None]
) -> Mapping[str, list[list[Tally]]]:
    tallies: dict[str, list[list[Tally]]] = {variant.name: [] for variant in variants}
    for number in range(how.rounds):
        for one in variants:
            one.workers.prepare(
                Order(
                    seed=f"{one.name}-{number}",
                    tips=int(_PER_S_MAX[one.name] * seconds * (1 + _WARMUP)),
                    seconds=seconds,
                    warmup_s=seconds * _WARMUP,
                    hot=one.hot,
                )
            )
            checkpoint(one.base)
            tallies[one.name].append(one.workers.run())
            say(f"round {number + 1} of {how.rounds}: {one.name} {_per_s(tallies[one.name][-1]):,.0f} tips/s")
    return tallies


def _per_s(tallies: Sequence[Tally]) -> float:
    return sum(tally.per_s for tally in tallies)


def _figures(tallies: Mapping[str, list[list[Tally]]]) -> dict[str, Value]:
    rates = {name: [_per_s(one) for one in rounds] for name, rounds in tallies.items()}
    figures: dict[str, Value] = {"tips_per_s": middle(rates["even"])}
    figures |= {f"{name}_per_s": middle(values) for name, values in rates.items()}
    figures |= {f"{name}_rounds_per_s": [round(one, 1) for one in values] for name, values in rates.items()}
    figures["refused"] = sum(tally.refused for one in tallies["even"] for tally in one)
    figures["cpu_us_per_tip"] = middle(
        sum(tally.cpu_s for tally in one) / max(1, sum(tally.done for tally in one)) * 1e6
        for one in tallies["even"]
    )
    return figures


def _ratios(tallies: Mapping[str, list[list[Tally]]]) -> dict[str, float]:
    rate = {name: median([_per_s(one) for one in rounds]) for name, rounds in tallies.items()}
    return {
        "vs_row_locks": ratio(rate["even"], rate["row_locks"]),
        "vs_bare_insert": ratio(rate["even"], rate["bare_insert"]),
        "hot_vs_even": ratio(rate["hot"], rate["even"]),
    }


def _settings(how: Arrangement, *, seconds: float) -> dict[str, Value]:
    return {
        "seconds": seconds,
        "rounds": how.rounds,
        "viewers": how.viewers,
        "creators": CREATORS,
        "processes": how.processes,
        "writers": how.lanes,
        "batch_max": how.batch_max,
        "row_locks_connections": how.row_lock_processes * how.row_lock_connections,
        "bare_insert_connections": how.bare_connections,
    }
