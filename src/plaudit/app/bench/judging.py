"""Judging by itself, in memory, on one core: what evaluating costs, and what more campaigns cost."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from statistics import median
from typing import Any, Final

import msgspec
from msgspec import Struct

from plaudit.app.assembly import BareEngine, heard
from plaudit.app.bench import promoting, workload
from plaudit.app.bench.report import Value, ratio
from plaudit.vocabulary.facts.tipping import TipSent

FEW: Final = 10
MANY: Final = 40
OTHERS: Final = 500
"""How many campaigns that cannot match stand beside those that do."""

Json = dict[str, Any]


class Alone(Struct, frozen=True, kw_only=True):
    """Microseconds a fact, and checks a second; see `figures`."""

    checks_per_s: float
    few_us: float
    many_us: float
    matching_us: float
    beside_others_us: float

    def figures(self) -> dict[str, Value]:
        """Return what a fact costs with so many campaigns that match it, and beside others that do not."""
        return {
            "checks_per_s": round(self.checks_per_s),
            f"fact_us_{FEW}_matching": round(self.few_us, 2),
            f"fact_us_{MANY}_matching": round(self.many_us, 2),
            f"fact_us_{promoting.MATCHING}_matching": round(self.matching_us, 2),
            f"fact_us_{promoting.MATCHING}_matching_{OTHERS}_others": round(self.beside_others_us, 2),
        }

    def ratios(self) -> dict[str, float]:
        """Return four times as many matching campaigns to four times the cost, and the cost of others."""
        return {
            "matching_growth": ratio(self.many_us, self.few_us * MANY / FEW),
            "others_growth": ratio(self.beside_others_us, self.matching_us),
        }


def measure(*, facts: int, rounds: int) -> Alone:
    """Judge so many tips with each set of campaigns, in turn, and return the medians."""
    items = _items(facts)
    matching = _matching(promoting.MATCHING)
    sets: dict[str, Callable[[], float]] = {
        "checks": lambda: _checks(promoting.fifty(), items),
        "few": lambda: _judged(_matching(FEW), items),
        "many": lambda: _judged(_matching(MANY), items),
        "matching": lambda: _judged(matching, items),
        "beside": lambda: _judged(matching | _others(), items),
    }
    found: dict[str, list[float]] = {name: [] for name in sets}
    for _ in range(rounds):
        for name, one in sets.items():
            gc.collect()
            found[name].append(one())
    middle = {name: median(some) for name, some in found.items()}
    return Alone(
        checks_per_s=middle["checks"],
        few_us=middle["few"],
        many_us=middle["many"],
        matching_us=middle["matching"],
        beside_others_us=middle["beside"],
    )


def _checks(campaigns: Mapping[str, Json], items: Sequence[Any]) -> float:
    """Return the trees of conditions evaluated a second, those alone that really were."""
    engine = BareEngine(campaigns)
    began = time.perf_counter()
    engine.evaluate(items)
    return engine.evaluated / (time.perf_counter() - began)


def _judged(campaigns: Mapping[str, Json], items: Sequence[Any]) -> float:
    """Return the microseconds that a fact takes from its reading to its verdicts."""
    engine = BareEngine(campaigns)
    began = time.perf_counter()
    verdicts = engine.judge(items)
    seconds = time.perf_counter() - began
    assert verdicts, "nothing was rewarded: there is nothing to measure"
    return seconds / len(items) * 1e6


def _matching(count: int) -> dict[str, Json]:
    """Return campaigns that each reward every tip."""
    conditions = {
        "all": [
            promoting.leaf("amount", "at_least", value=1),
            promoting.leaf("weekday", "one_of", value=list(range(1, 8))),
        ]
    }
    return {
        f"every-{number}": promoting.terms(
            strategy={"kind": "fixed", "reward_minor": 1}, conditions=conditions, priority=number
        )
        for number in range(count)
    }


def _others() -> dict[str, Json]:
    """Return campaigns that no tip matches: of another trigger, or for another room or gift."""
    found = {}
    for number in range(OTHERS):
        asked = ("room", "gift", "creator")[number % 3]
        by_topup = number % 2
        found[f"other-{number}"] = promoting.terms(
            trigger="topup" if by_topup else "tip",
            base={"amount": "paid", "asset": "CNY"} if by_topup else None,
            strategy={"kind": "fixed", "reward_minor": 1},
            conditions=promoting.leaf("amount", "at_least", value=1)
            if by_topup
            else promoting.leaf(asked, "equals", value=f"elsewhere-{number}"),
        )
    return found


def _items(count: int) -> list[Any]:
    audience = workload.Audience(randomness=Random("judging"), viewers=20_000)  # noqa: S311 - a draw
    now = datetime.now(UTC)
    facts = []
    for tip in audience.tips(count):
        data: TipSent = workload.tip_fact(tip, creator_minor=0, day_before_minor=0).data  # type: ignore[assignment]
        facts.append((TipSent.KIND, now, msgspec.to_builtins(data)))
    return heard(facts)
