"""`bench track`: views and clicks over HTTP beside a POST that does nothing, and what reading them takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Final
from urllib.parse import quote

import uvloop
from msgspec import Struct

from plaudit.app.bench import audience, loading
from plaudit.app.bench.audience import EVENTS_A_CALL, SHOW, Seated
from plaudit.app.bench.ground import checkpoint
from plaudit.app.bench.loading import Round
from plaudit.app.bench.outfit import OutfitError
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.site import Site, settings_of, site
from plaudit.app.drive.client import Client
from plaudit.app.drive.load import Spec
from plaudit.kernel.time import format_time

EVENTS: Final = 1_000_000

_READS: Final = 30
_OK: Final = 200


class Size(Struct, frozen=True, kw_only=True):
    """How many events were told of before, and how much is sent."""

    events: int = EVENTS
    connections: int = 128
    rounds: int = 3
    calls: int = 20_000


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is counted for in each round.

    First board and funnel are read, one request at a time, over as many events as were told of before. Then
    calls of ten events and a route that reads the same bodies and does nothing take turns. Raises
    loading.LoadError, outfit.OutfitError.
    """
    how = size or Size()
    about = machine()
    with site() as place:
        say(f"telling of {how.events:,} events, and counting them")
        seated = uvloop.run(
            audience.seat(settings=settings_of(place.data_dir), base=place.base, events=how.events)
        )
        reads = uvloop.run(_reads(place, seated))
        rounds = _rounds(place, seated, how, seconds=seconds, say=say)
        return Report(
            bench="track",
            figures={"events": how.events, "rebuild_s": seated.rebuild_s, **reads, **_figures(rounds)},
            ratios={"vs_noop": ratio(_rps(rounds["track"]), _rps(rounds["noop"]))},
            machine=about,
            versions=versions(url=place.base.url),
            settings={
                "seconds": seconds,
                "rounds": how.rounds,
                "connections": how.connections,
                "events_a_call": EVENTS_A_CALL,
                **server_settings(url=place.base.url),
            },
        )


async def _reads(place: Site, seated: Seated) -> dict[str, Value]:
    """Return the median time of each read, in milliseconds, over HTTP and one at a time."""
    week = quote(format_time(datetime.now(UTC) - timedelta(days=7)))
    paths = {
        "board": f"/v1/shows/{SHOW}/board",
        "funnel_by_campaign": f"/v1/shows/{SHOW}/funnel?by=campaign",
        "funnel_by_inviter": f"/v1/shows/{SHOW}/funnel?by=inviter",
        "funnel_by_hour": f"/v1/shows/{SHOW}/funnel?by=hour&limit=1000",
        "funnel_of_a_week": f"/v1/shows/{SHOW}/funnel?by=campaign&from={week}",
    }
    found: dict[str, Value] = {}
    headers = {"Authorization": f"Bearer {seated.key}"}
    async with Client(url=place.plaudit.url, connections=1, headers=headers) as client:
        for name, path in paths.items():
            times: list[float] = []
            for _ in range(_READS):
                started = perf_counter()
                answer = await client.send(method="GET", path=path)
                times.append((perf_counter() - started) * 1_000)
                if answer.status != _OK:
                    raise OutfitError(f"GET {path}: {answer.status} {answer.body.decode(errors='replace')}")
            found[f"{name}_ms"] = round(median(times), 2)
    return found


def _rounds(
    place: Site, seated: Seated, how: Size, *, seconds: float, say: Callable[[str], None]
) -> dict[str, list[tuple[Round, int]]]:
    paths: Mapping[str, str] = {"track": "/v1/track", "noop": "/v1/noop/events"}
    rounds: dict[str, list[tuple[Round, int]]] = {name: [] for name in paths}
    for number in range(1, how.rounds + 1):
        for name, path in paths.items():
            checkpoint(place.base)
            before = audience.kept(base=place.base, tenant_id=seated.tenant_id)
            spec = Spec(
                path=path,
                bodies=tuple(audience.calls(how.calls, mark=f"{name}-{number}")),
                headers={"Authorization": f"Bearer {seated.key}"},
            )
            one = uvloop.run(
                loading.measure(
                    name=name,
                    server=place.plaudit,
                    spec=spec,
                    connections=how.connections,
                    seconds=seconds,
                    base=place.base,
                    tenant_id=seated.tenant_id,
                    data_dir=place.data_dir,
                )
            )
            kept = audience.kept(base=place.base, tenant_id=seated.tenant_id) - before
            rounds[name].append((one, kept))
            say(f"round {number} of {how.rounds}: {name} {one.line()}, {kept:,} events kept")
    return rounds


def _rps(rounds: list[tuple[Round, int]]) -> float:
    return median(one.load.rps for one, _ in rounds)


def _figures(rounds: Mapping[str, list[tuple[Round, int]]]) -> dict[str, Value]:
    track = [one for one, _ in rounds["track"]]
    return {
        "calls_per_s": middle(one.load.rps for one in track),
        "calls_rounds_per_s": [one.load.rps for one in track],
        "noop_per_s": middle(one.load.rps for one, _ in rounds["noop"]),
        "noop_rounds_per_s": [one.load.rps for one, _ in rounds["noop"]],
        "p50_ms": middle(one.load.latency_ms.p50 for one in track),
        "p99_ms": middle(one.load.latency_ms.p99 for one in track),
        "noop_p99_ms": middle(one.load.latency_ms.p99 for one, _ in rounds["noop"]),
        "kept": [float(kept) for _, kept in rounds["track"]],
        "rss_mib": round(max(one.rss_mib for one in track), 1),
        "errors": sum(one.load.errors for some in rounds.values() for one, _ in some),
    }
