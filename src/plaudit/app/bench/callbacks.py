"""`bench callbacks`: callbacks of WeChat Pay over HTTP, beside a POST of the same body that does nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from typing import Final

import uvloop
from msgspec import Struct

from plaudit.app.bench import loading, orders, signed
from plaudit.app.bench.ground import checkpoint, doctor, tidy
from plaudit.app.bench.loading import Round
from plaudit.app.bench.orders import Shop
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.signed import Callback
from plaudit.app.bench.site import Site, settings_of, site
from plaudit.app.drive.load import Spec

_NOOP: Final = "/v1/callbacks/noop"
_WHOLE: Final = 1.25
"""Callbacks are sent during the warm-up, too."""
_ORDERS_MIN: Final = 1_000
_SPARE: Final = 0.95


class Size(Struct, frozen=True, kw_only=True):
    """How often it is measured, and how many payments wait for each second of a round."""

    connections: int = 128
    rounds: int = 3
    orders_per_s: int = 6_500


class ShortError(Exception):
    """More callbacks were sent than payments had been prepared: the figure would be of repetitions."""


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is counted for in each round.

    In each round callbacks of payments of their own are verified, decrypted, recorded and answered, and then
    the same bodies are sent to a route of the same server that does nothing. Nothing is counted twice: each
    callback is sent once. Raises ShortError, loading.LoadError, outfit.OutfitError.
    """
    how = size or Size()
    about = machine()
    with site() as place:
        shop = uvloop.run(
            orders.open_shop(
                url=place.plaudit.url, settings=settings_of(place.data_dir), database_url=place.base.url
            )
        )
        rounds: dict[str, list[Round]] = {"callbacks": [], "noop": []}
        bare_us: list[float] = []
        for number in range(1, how.rounds + 1):
            made = _made(place, shop, how, seconds=seconds, number=number, say=say)
            bare_us.append(signed.bare_us(merchant=shop.merchant, callback=made[0]))
            for name, one in _round(place, shop, how, made, seconds=seconds).items():
                rounds[name].append(one)
                say(f"round {number} of {how.rounds}: {name} {one.line()}")
        notified, credited = uvloop.run(
            orders.notified_and_credited(database_url=place.base.url, tenant_id=shop.tenant_id)
        )
        say("the doctor examines the books")
        return Report(
            bench="callbacks",
            figures=_figures(rounds)
            | {
                "verify_and_decrypt_us": middle(bare_us),
                "notified": notified,
                "credited": credited,
                "not_credited": notified - credited,
                "doctor": doctor(place.base),
            },
            ratios=_ratios(rounds),
            machine=about,
            versions=versions(url=place.base.url),
            settings={
                "seconds": seconds,
                "rounds": how.rounds,
                "connections": how.connections,
                **server_settings(url=place.base.url),
            },
        )


def _made(
    place: Site, shop: Shop, how: Size, *, seconds: float, number: int, say: Callable[[str], None]
) -> list[Callback]:
    count = max(_ORDERS_MIN, int(how.orders_per_s * seconds * _WHOLE))
    say(f"round {number} of {how.rounds}: ordering {count:,} packs, signing as many callbacks")
    numbers = uvloop.run(
        orders.open_orders(
            url=place.plaudit.url,
            database_url=place.base.url,
            shop=shop,
            count=count,
            mark=f"orders-{number}",
        )
    )
    # What was written in bulk just now is as it is after a while.
    tidy(place.base)
    return signed.callbacks_for(merchant=shop.merchant, numbers=numbers, amount_minor=orders.PRICE_MINOR)


def _round(place: Site, shop: Shop, how: Size, made: list[Callback], *, seconds: float) -> dict[str, Round]:
    bodies = tuple(one.body for one in made)
    headers = tuple(one.headers for one in made)
    specs = {
        "callbacks": Spec(path=shop.path, bodies=bodies, own_headers=headers, once=True),
        "noop": Spec(path=_NOOP, bodies=bodies, own_headers=headers),
    }
    rounds = {}
    for name, spec in specs.items():
        checkpoint(place.base)
        rounds[name] = uvloop.run(
            loading.measure(
                name=name,
                server=place.plaudit,
                spec=spec,
                connections=how.connections,
                seconds=seconds,
                base=place.base,
                tenant_id=shop.tenant_id,
                data_dir=place.data_dir,
            )
        )
    if rounds["callbacks"].load.requests * _WHOLE >= len(made) * _SPARE:
        message = f"{len(made):,} payments were not enough; prepare more for each second"
        raise ShortError(message)
    return rounds


def _figures(rounds: Mapping[str, list[Round]]) -> dict[str, Value]:
    callbacks, noop = rounds["callbacks"], rounds["noop"]
    return {
        "callbacks_per_s": middle(one.load.done / one.load.seconds for one in callbacks),
        "callbacks_rounds_per_s": [one.load.rps for one in callbacks],
        "noop_per_s": middle(one.load.rps for one in noop),
        "noop_rounds_per_s": [one.load.rps for one in noop],
        "p50_ms": middle(one.load.latency_ms.p50 for one in callbacks),
        "p99_ms": middle(one.load.latency_ms.p99 for one in callbacks),
        "max_ms": round(max(one.load.latency_ms.max for one in callbacks), 1),
        "credited_s": round(max(one.caught_up_s for one in callbacks), 3),
        "rss_mib": round(max(one.rss_mib for one in callbacks), 1),
        "refused": sum(one.load.refused for some in rounds.values() for one in some),
        "errors": sum(one.load.errors for some in rounds.values() for one in some),
    }


def _ratios(rounds: Mapping[str, list[Round]]) -> dict[str, float]:
    callbacks, noop = (median(one.load.rps for one in rounds[name]) for name in ("callbacks", "noop"))
    return {"vs_noop": ratio(callbacks, noop)}
