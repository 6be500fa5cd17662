"""`bench access`: hooks of SRS over HTTP beside a sale, and a POST of the same body that does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import cycle
from statistics import median
from time import sleep
from typing import Any, Final

import uvloop
from msgspec import Struct

from plaudit.app.bench import loading, watching
from plaudit.app.bench.ground import checkpoint, doctor, tidy
from plaudit.app.bench.loading import Round
from plaudit.app.bench.report import Report, Value, machine, middle, ratio, server_settings, versions
from plaudit.app.bench.site import Site, settings_of, site
from plaudit.app.bench.watching import Audience, Sale
from plaudit.app.drive.load import Spec

_NOOP: Final = "/v1/hooks/noop"
_WHOLE: Final = 1.25
"""Hooks are sent during the warm-up, too."""
_SPARE: Final = 0.95
_PARTS: Final = 10
"""Of ten hooks eight carry a valid token, one an expired one, one that of a right given back."""
_VALID_PARTS: Final = 8
_REVOKED_AT_ONCE: Final = 20


class Size(Struct, frozen=True, kw_only=True):
    """How often it is measured, how many hooks there are for each second, and what is sold beside."""

    connections: int = 128
    rounds: int = 3
    hooks_per_s: int = 12_000
    sold_per_s: int = 200


class ShortError(Exception):
    """More hooks were sent than had been prepared: the figure would be of repetitions."""


class _Both(Struct, frozen=True):
    """A round, and what was sold beside it."""

    round: Round
    sale: Sale


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is what each variant is counted for in each round.

    In each round every viewer with a right begins to watch once, by a client of its own, between others
    whose token is over or whose right is gone; then the same bodies are sent to a route that does nothing.
    Raises ShortError, loading.LoadError, outfit.OutfitError.
    """
    how = size or Size()
    about = machine()
    count = int(how.hooks_per_s * seconds * _WHOLE)
    with site() as place:
        viewers, others = count * _VALID_PARTS // _PARTS + _REVOKED_AT_ONCE, max(10, count // 100)
        say(f"giving {viewers + 2 * others:,} viewers a right and a token")
        audience = uvloop.run(
            watching.gather(
                url=place.plaudit.url,
                settings=settings_of(place.data_dir),
                database_url=place.base.url,
                viewers=viewers,
                others=others,
            )
        )
        # What was written in bulk just now is as it is after a while: the first round is like the others.
        tidy(place.base)
        sleep(max(0.0, (audience.expired_from - datetime.now(UTC)).total_seconds()))
        rounds: dict[str, list[_Both]] = {"access": [], "noop": []}
        let_in: list[int] = []
        for number in range(1, how.rounds + 1):
            bodies = _bodies(audience, count=count, number=number)
            for name, one in _round(place, audience, how, bodies, seconds=seconds).items():
                rounds[name].append(one)
                say(f"round {number} of {how.rounds}: {name} {one.round.line()}, {one.sale.sold:,} sold")
            let_in.append(watching.clear(database_url=place.base.superuser_url, tenant_id=audience.tenant_id))
            if let_in[-1] >= count * _VALID_PARTS // _PARTS * _SPARE:
                raise ShortError(f"{count:,} hooks were not enough; prepare more for each second")
        revoked_s = uvloop.run(_revoked(place, audience, how, bodies, seconds=seconds))
        say("the doctor examines the books")
        return Report(
            bench="access",
            figures=_figures(rounds)
            | {
                "let_in_per_round": [float(one) for one in let_in],
                "revoke_s": round(max(revoked_s), 3),
                "doctor": doctor(place.base),
            },
            ratios=_ratios(rounds),
            machine=about,
            versions=versions(url=place.base.url),
            settings={
                "seconds": seconds,
                "rounds": how.rounds,
                "connections": how.connections,
                "sold_per_s_asked": how.sold_per_s,
                **server_settings(url=place.base.url),
            },
        )


def _bodies(audience: Audience, *, count: int, number: int) -> tuple[dict[str, Any], ...]:
    """Return the hooks of a round, clients of their own; the last viewers are kept for the revocations."""
    valid, expired, revoked = iter(audience.valid), cycle(audience.expired), cycle(audience.revoked)
    turns = (*(valid,) * _VALID_PARTS, expired, revoked)
    return tuple(
        watching.hook(next(turns[one % _PARTS]), client=f"{number:04d}{one:08x}") for one in range(count)
    )


def _round(
    place: Site, audience: Audience, how: Size, bodies: tuple[dict[str, Any], ...], *, seconds: float
) -> dict[str, _Both]:
    specs = {
        "access": Spec(path=audience.hook_path, bodies=bodies, once=True),
        "noop": Spec(path=_NOOP, bodies=bodies),
    }
    found = {}
    for name, spec in specs.items():
        checkpoint(place.base)
        found[name] = uvloop.run(_measured(place, audience, how, name, spec, seconds=seconds))
    return found


async def _measured(  # noqa: PLR0917 - what a measurement is made of
    place: Site, audience: Audience, how: Size, name: str, spec: Spec, *, seconds: float
) -> _Both:
    """Load a route while something is sold beside."""
    stop = asyncio.Event()
    counter = watching.Counter(
        url=place.plaudit.url, audience=audience, per_s=how.sold_per_s, mark=f"{name}-{id(spec)}"
    )
    selling = asyncio.create_task(counter.run(stop))
    try:
        one = await loading.measure(
            name=name,
            server=place.plaudit,
            spec=spec,
            connections=how.connections,
            seconds=seconds,
            base=place.base,
            tenant_id=audience.tenant_id,
            data_dir=place.data_dir,
            loaded=stop.set,
        )
    finally:
        stop.set()
        sale = await selling
    return _Both(one, sale)


async def _revoked(
    place: Site, audience: Audience, how: Size, bodies: tuple[dict[str, Any], ...], *, seconds: float
) -> list[float]:
    """Take rights back under the same load."""
    spec = Spec(path=audience.hook_path, bodies=bodies)
    load = asyncio.create_task(_measured(place, audience, how, "access", spec, seconds=seconds))
    try:
        return await watching.seconds_to_revoke(
            url=place.plaudit.url,
            settings=settings_of(place.data_dir),
            database_url=place.base.url,
            audience=audience,
            first=len(audience.valid) - _REVOKED_AT_ONCE,
            count=_REVOKED_AT_ONCE,
        )
    finally:
        await load


def _figures(rounds: Mapping[str, list[_Both]]) -> dict[str, Value]:
    access, noop = rounds["access"], rounds["noop"]
    every = [one for some in rounds.values() for one in some]
    return {
        "hooks_per_s": middle(one.round.load.done / one.round.load.seconds for one in access),
        "hooks_rounds_per_s": [one.round.load.rps for one in access],
        "noop_per_s": middle(one.round.load.rps for one in noop),
        "noop_rounds_per_s": [one.round.load.rps for one in noop],
        "p50_ms": middle(one.round.load.latency_ms.p50 for one in access),
        "p99_ms": middle(one.round.load.latency_ms.p99 for one in access),
        "noop_p99_ms": middle(one.round.load.latency_ms.p99 for one in noop),
        "max_ms": round(max(one.round.load.latency_ms.max for one in access), 1),
        "sold_per_s": middle(one.sale.sold / one.sale.seconds for one in every),
        "not_sold": sum(one.sale.failed for one in every),
        "rss_mib": round(max(one.round.rss_mib for one in every), 1),
        "refused": sum(one.round.load.refused for one in every),
        "errors": sum(one.round.load.errors for one in every),
    }


def _ratios(rounds: Mapping[str, list[_Both]]) -> dict[str, float]:
    access, noop = (median(one.round.load.rps for one in rounds[name]) for name in ("access", "noop"))
    slow, slow_noop = (
        median(one.round.load.latency_ms.p99 for one in rounds[name]) for name in ("access", "noop")
    )
    return {"vs_noop": ratio(access, noop), "p99_vs_noop": ratio(slow, slow_noop)}
