"""`bench rebate`: how long after a payment's answer its rebate is on the balance, at a steady rate."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
import uvloop
from msgspec import Struct

from plaudit.app.bench import orders, outfit, promoting, signed, workload
from plaudit.app.bench.ground import checkpoint, doctor
from plaudit.app.bench.report import Report, Value, machine, middle, server_settings, versions
from plaudit.app.bench.site import Site, settings_of, site
from plaudit.app.drive.load import Spec
from plaudit.app.drive.steady import Steady, steady_command
from plaudit.platform import packing
from plaudit.platform.db import Connection, Database

PER_S: Final = 1_000.0
_POLL_S: Final = 0.002
_PATIENCE_S: Final = 30.0
_BACK: Final = "back"


class Size(Struct, frozen=True, kw_only=True):
    """The rate that is offered, how often it is measured, and over how many connections."""

    per_s: float = PER_S
    rounds: int = 3
    connections: int = 128


class LoadError(Exception):
    """The generator failed; the message is what it said."""


class Waited(Struct, frozen=True, kw_only=True):
    """One round: how long each viewer waited for the rebate, in seconds; None for ever."""

    steady: Steady
    waited_s: tuple[float | None, ...]

    def quantile_ms(self, share: float) -> float:
        """Return the wait that so many had at most; who waits for ever waits longest."""
        ordered = sorted(math.inf if one is None else one for one in self.waited_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1_000 if ordered else math.inf


def run(*, seconds: float, say: Callable[[str], None], size: Size | None = None) -> Report:
    """Measure and report; ``seconds`` is how long payments are made in each round.

    Tips over HTTP, each of another viewer, then callbacks of WeChat Pay that pay for top-ups, at the same
    rate. Raises LoadError, outfit.OutfitError.
    """
    how = size or Size()
    about = machine()
    count = max(1, round(how.per_s * seconds))
    with site() as place:
        waited = {
            "tips": _tips(place, how, count=count, say=say),
            "callbacks": _callbacks(place, how, count=count, say=say),
        }
        say("the doctor examines the books")
        return Report(
            bench="rebate",
            figures=_figures(waited) | {"doctor": doctor(place.base)},
            ratios={},
            machine=about,
            versions=versions(url=place.base.url),
            settings={
                "seconds": seconds,
                "rounds": how.rounds,
                "per_s_asked": how.per_s,
                "connections": how.connections,
                **server_settings(url=place.base.url),
            },
        )


def _tips(place: Site, how: Size, *, count: int, say: Callable[[str], None]) -> list[Waited]:
    viewers = count * how.rounds
    say(f"tips: {viewers:,} viewers with coins")
    dressed = uvloop.run(
        outfit.prepare(
            url=place.plaudit.url,
            settings=settings_of(place.data_dir),
            database_url=place.base.url,
            viewers=viewers,
            creators=100,
            slug="bench-tips",
        )
    )
    _let_run(place, dressed.first, trigger="tip", asset=workload.ASSET)
    found = []
    for number in range(how.rounds):
        viewing = [workload.rich(number * count + one) for one in range(count)]
        bodies = tuple(
            {"viewer": one, "creator": workload.creator(place_ % 100), "asset": "coin", "amount_minor": 100}
            for place_, one in enumerate(viewing)
        )
        spec = Spec(
            path="/v1/tips",
            bodies=bodies,
            headers={"Authorization": f"Bearer {dressed.key}"},
            key_prefix=f"tips-{number}",
        )
        found.append(_round(place, how, spec, viewing, tenant_id=dressed.tenant_id))
        say(f"tips, round {number + 1} of {how.rounds}: {_line(found[-1])}")
    return found


def _callbacks(place: Site, how: Size, *, count: int, say: Callable[[str], None]) -> list[Waited]:
    shop = uvloop.run(
        orders.open_shop(
            url=place.plaudit.url,
            settings=settings_of(place.data_dir),
            database_url=place.base.url,
            slug="bench-shop",
        )
    )
    _let_run(place, shop.first, trigger="topup", asset="CNY")
    found = []
    for number in range(how.rounds):
        say(f"callbacks, round {number + 1} of {how.rounds}: ordering {count:,} packs, signing as many")
        numbers = uvloop.run(
            orders.open_orders(
                url=place.plaudit.url,
                database_url=place.base.url,
                shop=shop,
                count=count,
                mark=f"orders-{number}",
                viewer=f"r{number}-",
            )
        )
        made = signed.callbacks_for(
            merchant=shop.merchant, numbers=list(numbers), amount_minor=orders.PRICE_MINOR
        )
        spec = Spec(
            path=shop.path,
            bodies=tuple(one.body for one in made),
            own_headers=tuple(one.headers for one in made),
            key_prefix=f"callbacks-{number}",
        )
        found.append(_round(place, how, spec, list(numbers.values()), tenant_id=shop.tenant_id))
        say(f"callbacks, round {number + 1} of {how.rounds}: {_line(found[-1])}")
    return found


def _let_run(place: Site, key: str, *, trigger: str, asset: str) -> None:
    """Let a campaign give a tenth back of what is paid."""
    terms = promoting.terms(
        trigger=trigger,
        base={"amount": "paid", "asset": asset},
        strategy={"kind": "ratio", "ratio": "1/10"},
        conditions=promoting.leaf("amount", "at_least", value=1),
    )
    uvloop.run(promoting.promote(url=place.plaudit.url, key=key, campaigns={_BACK: terms}))


def _round(place: Site, how: Size, spec: Spec, viewers: Sequence[str], *, tenant_id: int) -> Waited:
    checkpoint(place.base)
    return uvloop.run(_measured(place, how, spec, viewers, tenant_id=tenant_id))


async def _measured(place: Site, how: Size, spec: Spec, viewers: Sequence[str], *, tenant_id: int) -> Waited:
    async with (
        Database.open(place.base.url, pool_max=1, listen=False) as database,
        database.connection() as conn,
    ):
        watch = _Watch(conn, tenant_id=tenant_id, wanted=set(viewers))
        await watch.begin()
        watching = asyncio.create_task(watch.run())
        try:
            steady = await _sent(place, how, spec)
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.shield(watching)
        except TimeoutError:
            pass
        finally:
            watching.cancel()
    waited = [
        _waited(answered_at, watch.seen_at.get(viewer))
        for viewer, answered_at in zip(viewers, steady.answered_at, strict=True)
        if answered_at is not None
    ]
    return Waited(steady=steady, waited_s=tuple(waited))


def _waited(answered_at: float, seen_at: float | None) -> float | None:
    """Return how long a viewer waited; a rebate that was there before the answer was not waited for."""
    return None if seen_at is None else max(0.0, seen_at - answered_at)


class _Watch:
    """Looks all the time which rewards are there: they are on the balance in the commit that records them."""

    def __init__(self, conn: Connection, *, tenant_id: int, wanted: set[str]) -> None:
        self._conn = conn
        self._tenant = packing.Int4(tenant_id)
        self._wanted = wanted
        self._after = 0
        self.seen_at: dict[str, float] = {}

    async def begin(self) -> None:
        """Start at the head of the journal."""
        cursor = await self._conn.execute(
            "SELECT position FROM journal.head WHERE tenant_id = %s", (self._tenant,)
        )
        row = await cursor.fetchone()
        assert row is not None
        self._after = row[0]

    async def run(self) -> None:
        """Look until every viewer has had a reward."""
        while len(self.seen_at) < len(self._wanted):
            cursor = await self._conn.execute(
                "SELECT position, kind, data ->> 'viewer' FROM journal.fact"
                " WHERE tenant_id = %s AND position > %s ORDER BY position",
                (self._tenant, packing.Int8(self._after)),
            )
            now = time.time()
            for position, kind, viewer in await cursor.fetchall():
                self._after = position
                if kind == "campaign.granted" and viewer in self._wanted:
                    self.seen_at.setdefault(viewer, now)
            await asyncio.sleep(_POLL_S)


async def _sent(place: Site, how: Size, spec: Spec) -> Steady:
    with tempfile.NamedTemporaryFile(prefix="plaudit-load-", suffix=".json") as file:
        file.write(msgspec.json.encode(spec))
        file.flush()
        process = await asyncio.create_subprocess_exec(
            *steady_command(
                url=place.plaudit.url, spec=Path(file.name), per_s=how.per_s, connections=how.connections
            ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaint = await process.communicate()
    if process.returncode != 0:
        raise LoadError(f"the generator ended with {process.returncode}: {complaint.decode()[-1000:]}")
    return msgspec.json.decode(output, type=Steady)


def _figures(waited: Mapping[str, list[Waited]]) -> dict[str, Value]:
    figures: dict[str, Value] = {}
    for name, rounds in waited.items():
        figures[f"{name}_median_ms"] = middle(one.quantile_ms(0.5) for one in rounds)
        figures[f"{name}_p99_ms"] = middle(one.quantile_ms(0.99) for one in rounds)
        figures[f"{name}_rounds_median_ms"] = [round(one.quantile_ms(0.5), 1) for one in rounds]
        figures[f"{name}_per_s"] = middle(one.steady.per_s for one in rounds)
        figures[f"{name}_late_ms"] = round(median(one.steady.late_s for one in rounds) * 1_000, 1)
        figures[f"{name}_not_answered"] = sum(len(one.steady.answered_at) - one.steady.done for one in rounds)
        figures[f"{name}_not_rewarded"] = sum(one.waited_s.count(None) for one in rounds)
    return figures


def _line(one: Waited) -> str:
    return (
        f"{one.steady.per_s:,.0f}/s, rebate after {one.quantile_ms(0.5):,.0f} ms,"
        f" p99 {one.quantile_ms(0.99):,.0f} ms, without {one.waited_s.count(None):,}"
    )
