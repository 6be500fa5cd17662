"""`bench campaigns`: tips posted, judged and rewarded with fifty campaigns, beside the same with none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from typing import Final

import uvloop
from msgspec import Struct

from plaudit.app.bench import judging, loading, outfit, promoting
from plaudit.app.bench.ground import checkpoint, doctor
from plaudit.app.bench.loading import Round
from plaudit.app.bench.outfit import Outfit
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.site import Site, settings_of, site

_TIPS: Final = "/v1/tips"
_CATCH_UP_MAX_S: Final = 600.0


class Size(Struct, frozen=True, kw_only=True):
    """Who takes part, how often each variant is measured, and how many facts are judged by themselves."""

    viewers: int = 20_000
    creators: int = 1_000
    connections: int = 128
    rounds: int = 3
    facts: int = 20_000


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is loaded for in each round.

    Two tenants of one server take turns: one with fifty running campaigns, one with none. What counts are the
    tips of a round and the time until all of them were judged and rewarded. Then judging is measured by
    itself, in memory. Raises loading.LoadError, outfit.OutfitError.
    """
    how = size or Size()
    about = machine()
    with site() as place:
        say(f"two tenants with {how.viewers:,} viewers; {promoting.RUNNING} campaigns for one of them")
        tenants = {name: _dressed(place, how, name) for name in ("fifty", "none")}
        uvloop.run(
            promoting.promote(url=place.plaudit.url, key=tenants["fifty"].first, campaigns=promoting.fifty())
        )
        rounds = _rounds(place, tenants, how, seconds=seconds, say=say)
        granted = uvloop.run(
            promoting.granted(database_url=place.base.url, tenant_id=tenants["fifty"].tenant_id)
        )
        say("the doctor examines the books")
        found = doctor(place.base)
        say("judging by itself")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            alone = process.submit(judging.measure, facts=how.facts, rounds=how.rounds).result()
        return Report(
            bench="campaigns",
            figures=_figures(rounds) | alone.figures() | granted | {"doctor": found},
            ratios={"vs_none": ratio(_speed(rounds["fifty"]), _speed(rounds["none"])), **alone.ratios()},
            machine=about,
            versions=versions(url=place.base.url),
            settings={
                "seconds": seconds,
                "rounds": how.rounds,
                "connections": how.connections,
                "viewers": how.viewers,
                "creators": how.creators,
                "running": promoting.RUNNING,
                "sharing_the_trigger": promoting.SHARING,
                "matching": promoting.MATCHING,
                "granting": promoting.GRANTING,
                **server_settings(url=place.base.url),
            },
        )


def _dressed(place: Site, how: Size, name: str) -> Outfit:
    return uvloop.run(
        outfit.prepare(
            url=place.plaudit.url,
            settings=settings_of(place.data_dir),
            database_url=place.base.url,
            viewers=how.viewers,
            creators=how.creators,
            slug=f"bench-{name}",
        )
    )


def _rounds(
    place: Site, tenants: Mapping[str, Outfit], how: Size, *, seconds: float, say: Callable[[str], None]
) -> dict[str, list[Round]]:
    rounds: dict[str, list[Round]] = {name: [] for name in tenants}
    for number in range(1, how.rounds + 1):
        for name, dressed in tenants.items():
            checkpoint(place.base)
            one = uvloop.run(
                loading.measure(
                    name="tips",
                    server=place.plaudit,
                    spec=dressed.spec(path=_TIPS, key_prefix=f"{name}-{number}"),
                    connections=how.connections,
                    seconds=seconds,
                    base=place.base,
                    tenant_id=dressed.tenant_id,
                    data_dir=place.data_dir,
                    warmup=0.0,
                    catch_up_max_s=_CATCH_UP_MAX_S,
                )
            )
            rounds[name].append(one)
            say(f"round {number} of {how.rounds}: {name} {one.line()}, {_per_s(one):,.0f} tips/s in all")
    return rounds


def _per_s(one: Round) -> float:
    """Return tips a second, until the last was judged and rewarded."""
    return one.load.done / (one.load.seconds + one.caught_up_s)


def _speed(rounds: list[Round]) -> float:
    return median(_per_s(one) for one in rounds)


def _figures(rounds: Mapping[str, list[Round]]) -> dict[str, Value]:
    figures: dict[str, Value] = {}
    for name, some in rounds.items():
        figures[f"{name}_per_s"] = middle(_per_s(one) for one in some)
        figures[f"{name}_rounds_per_s"] = [round(_per_s(one), 1) for one in some]
        figures[f"{name}_posted_per_s"] = middle(one.load.done / one.load.seconds for one in some)
        figures[f"{name}_p99_ms"] = middle(one.load.latency_ms.p99 for one in some)
        figures[f"{name}_caught_up_s"] = round(max(one.caught_up_s for one in some), 3)
    every = [one for some in rounds.values() for one in some]
    figures["rss_mib"] = round(max(one.rss_mib for one in every), 1)
    figures["errors"] = sum(one.load.errors for one in every)
    return figures
