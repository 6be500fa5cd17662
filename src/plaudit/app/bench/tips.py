"""`bench tips`: tips over HTTP, beside a POST that does nothing and beside the framework alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Final

import uvloop
from msgspec import Struct

from plaudit.app.bench import bare, loading, outfit
from plaudit.app.bench.child import Child
from plaudit.app.bench.ground import checkpoint, doctor
from plaudit.app.bench.loading import Round
from plaudit.app.bench.outfit import Outfit
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.site import Site, settings_of, site
from plaudit.app.drive.load import generator_here
from plaudit.platform.settings import SETTINGS

CONNECTIONS: Final = 128
_TIPS: Final = "/v1/tips"
_NOOP: Final = "/v1/noop"


class Size(Struct, frozen=True, kw_only=True):
    """Who takes part, and how often each variant is measured."""

    viewers: int = 20_000
    creators: int = 1_000
    connections: int = CONNECTIONS
    rounds: int = 3


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is counted for in each round.

    Three routes take turns: a tip, a POST that does nothing behind the same door in the same server, and one
    of the bare framework in a server of its own. The load comes from a process of its own. ``say`` is told of
    progress.
    """
    how = size or Size()
    about = machine()
    with site() as place:
        say(f"crediting {how.viewers:,} viewers, registering {how.creators:,} creators")
        dressed = uvloop.run(
            outfit.prepare(
                url=place.plaudit.url,
                settings=settings_of(place.data_dir),
                database_url=place.base.url,
                viewers=how.viewers,
                creators=how.creators,
            )
        )
        rounds = _rounds(place, dressed, how, seconds=seconds, say=say)
        say("the doctor examines the books")
        return Report(
            bench="tips",
            figures=_figures(rounds) | {"doctor": doctor(place.base)},
            ratios=_ratios(rounds),
            machine=about,
            versions=versions(url=place.base.url),
            settings=_settings(how, seconds=seconds) | server_settings(url=place.base.url),
        )


def _rounds(
    place: Site, dressed: Outfit, how: Size, *, seconds: float, say: Callable[[str], None]
) -> dict[str, list[Round]]:
    targets: Mapping[str, tuple[Child, str]] = {
        "tips": (place.plaudit, _TIPS),
        "noop": (place.plaudit, _NOOP),
        "bare": (place.bare, bare.PATH),
    }
    rounds: dict[str, list[Round]] = {name: [] for name in targets}
    for number in range(1, how.rounds + 1):
        for name, (server, path) in targets.items():
            checkpoint(place.base)
            one = uvloop.run(
                loading.measure(
                    name=name,
                    server=server,
                    spec=dressed.spec(path=path, key_prefix=f"{name}-{number}"),
                    connections=how.connections,
                    seconds=seconds,
                    base=place.base,
                    tenant_id=dressed.tenant_id,
                    data_dir=place.data_dir,
                )
            )
            rounds[name].append(one)
            say(f"round {number} of {how.rounds}: {name} {one.line()}")
    return rounds


def _figures(rounds: Mapping[str, list[Round]]) -> dict[str, Value]:
    tips = rounds["tips"]
    figures: dict[str, Value] = {
        "tips_per_s": middle(one.load.done / one.load.seconds for one in tips),
        "p50_ms": middle(one.load.latency_ms.p50 for one in tips),
        "p99_ms": middle(one.load.latency_ms.p99 for one in tips),
        "max_ms": round(max(one.load.latency_ms.max for one in tips), 1),
        "caught_up_s": round(max(one.caught_up_s for one in tips), 3),
        "rss_mib": round(max(one.rss_mib for some in rounds.values() for one in some), 1),
        "refused_share": round(median(one.load.refused / max(1, one.load.requests) for one in tips), 4),
        "errors": sum(one.load.errors for some in rounds.values() for one in some),
    }
    for name, some in rounds.items():
        figures[f"{name}_rps"] = middle(one.load.rps for one in some)
        figures[f"{name}_rounds_rps"] = [one.load.rps for one in some]
        figures[f"{name}_rounds_p99_ms"] = [one.load.latency_ms.p99 for one in some]
    return figures


def _ratios(rounds: Mapping[str, list[Round]]) -> dict[str, float]:
    rps = {name: median(one.load.rps for one in some) for name, some in rounds.items()}
    p99 = {name: median(one.load.latency_ms.p99 for one in some) for name, some in rounds.items()}
    return {
        "vs_noop": ratio(rps["tips"], rps["noop"]),
        "noop_vs_bare": ratio(rps["noop"], rps["bare"]),
        "p99_vs_noop": ratio(p99["tips"], p99["noop"]),
    }


def _settings(how: Size, *, seconds: float) -> dict[str, Value]:
    served = {one.field: one.default for one in SETTINGS if one.field in _TOLD}
    return {
        "seconds": seconds,
        "rounds": how.rounds,
        "connections": how.connections,
        "viewers": how.viewers,
        "creators": how.creators,
        "generator": generator_here(),
        **served,
    }


_TOLD: Final = frozenset({"processes", "writers", "batch_max", "pool_max", "log_level", "log_format"})
