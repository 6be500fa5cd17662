"""`bench presale`: reservations over HTTP beside a POST that does nothing, and a race for few seats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Final

import uvloop
from msgspec import Struct

from plaudit.app.bench import loading, race, venue
from plaudit.app.bench.ground import checkpoint, doctor
from plaudit.app.bench.loading import Round
from plaudit.app.bench.race import Race
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.site import Site, settings_of, site
from plaudit.app.bench.venue import Venue
from plaudit.app.drive.load import Spec, generator_here

_ORDERS: Final = "/v1/ticket-orders"
_NOOP: Final = "/v1/noop/ticket-orders"


class Size(Struct, frozen=True, kw_only=True):
    """Who takes part, and how often each variant is measured."""

    viewers: int = 20_000
    connections: int = 128
    race_connections: int = 256
    rounds: int = 3
    steps: tuple[int, ...] = venue.STEPS


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is counted for in each round.

    Orders of one seat of one offer, whose stock is one account, take turns with a POST of the same body that
    does nothing behind the same door. Then as many viewers, over more connections, race for few seats at
    prices that go by count. Raises loading.LoadError, outfit.OutfitError.
    """
    how = size or Size()
    about = machine()
    with site() as place:
        opened = uvloop.run(
            venue.open_venue(
                url=place.plaudit.url,
                settings=settings_of(place.data_dir),
                database_url=place.base.url,
                steps=how.steps,
            )
        )
        rounds = _rounds(place, opened, how, seconds=seconds, say=say)
        say(f"{how.viewers:,} viewers race for {sum(how.steps):,} seats")
        raced = uvloop.run(
            race.run(
                url=place.plaudit.url,
                key=opened.key,
                viewers=how.viewers,
                connections=how.race_connections,
                steps=how.steps,
            )
        )
        say("the doctor examines the books")
        return Report(
            bench="presale",
            figures=_figures(rounds) | _raced(raced) | {"doctor": doctor(place.base)},
            ratios=_ratios(rounds),
            machine=about,
            versions=versions(url=place.base.url),
            settings={
                "seconds": seconds,
                "rounds": how.rounds,
                "connections": how.connections,
                "race_connections": how.race_connections,
                "viewers": how.viewers,
                "seats": sum(how.steps),
                "generator": generator_here(),
                **server_settings(url=place.base.url),
            },
        )


def _rounds(
    place: Site, opened: Venue, how: Size, *, seconds: float, say: Callable[[str], None]
) -> dict[str, list[Round]]:
    bodies = tuple({"viewer": f"v{number}", "offer": venue.OFFER} for number in range(how.viewers))
    rounds: dict[str, list[Round]] = {"orders": [], "noop": []}
    for number in range(1, how.rounds + 1):
        for name, path in (("orders", _ORDERS), ("noop", _NOOP)):
            checkpoint(place.base)
            one = uvloop.run(
                loading.measure(
                    name=name,
                    server=place.plaudit,
                    spec=Spec(
                        path=path,
                        bodies=bodies,
                        headers={"Authorization": f"Bearer {opened.key}"},
                        key_prefix=f"{name}-{number}",
                    ),
                    connections=how.connections,
                    seconds=seconds,
                    base=place.base,
                    tenant_id=opened.tenant_id,
                    data_dir=place.data_dir,
                )
            )
            rounds[name].append(one)
            say(f"round {number} of {how.rounds}: {name} {one.line()}")
    return rounds


def _figures(rounds: Mapping[str, list[Round]]) -> dict[str, Value]:
    orders, noop = rounds["orders"], rounds["noop"]
    return {
        "orders_per_s": middle(one.load.done / one.load.seconds for one in orders),
        "orders_rounds_per_s": [one.load.rps for one in orders],
        "noop_per_s": middle(one.load.rps for one in noop),
        "noop_rounds_per_s": [one.load.rps for one in noop],
        "p50_ms": middle(one.load.latency_ms.p50 for one in orders),
        "p99_ms": middle(one.load.latency_ms.p99 for one in orders),
        "max_ms": round(max(one.load.latency_ms.max for one in orders), 1),
        "caught_up_s": round(max(one.caught_up_s for one in orders), 3),
        "rss_mib": round(max(one.rss_mib for one in orders), 1),
        "refused": sum(one.load.refused for some in rounds.values() for one in some),
        "errors": sum(one.load.errors for some in rounds.values() for one in some),
    }


def _raced(raced: Race) -> dict[str, Value]:
    figures: dict[str, Value] = {
        "race": "right" if race.is_right(raced) else "wrong",
        "race_asked": raced.asked,
        "race_sold": raced.sold,
        "race_wrong_steps": raced.wrong_steps,
        "race_over_limit": raced.over_limit,
        "race_untold": raced.untold,
        "race_seconds": raced.seconds,
    }
    for code, count in sorted(raced.told.items()):
        figures[f"race_{code.replace('.', '_')}"] = count
    return figures


def _ratios(rounds: Mapping[str, list[Round]]) -> dict[str, float]:
    orders, noop = (median(one.load.rps for one in rounds[name]) for name in ("orders", "noop"))
    return {"vs_noop": ratio(orders, noop)}
