"""A tenant that sells a show before the stream exists, behind the edge and on a clock to drive."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from plaudit.app.assembly import FEATURES
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.feature import Feature
from plaudit.core.journal.facts import Fact, canonical
from plaudit.core.ledger import balances
from plaudit.core.ledger.book import Decision, Transfer, Use
from plaudit.features.presale.actions.counters import code_window, step_window
from plaudit.kernel.actor import Actor
from plaudit.kernel.time import format_time
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tickets import WaitingJoined
from tests.app.edge import Caller, UnderTest, under_test
from tests.features.payments.shop import NOON, SECRET
from tests.kit.clock import StageClock

__all__ = ["ENDS", "NOON", "STARTS", "Stage", "offer_body", "open_stage", "show_body"]

STARTS = NOON + timedelta(days=30)
ENDS = STARTS + timedelta(hours=3)


@dataclass(slots=True)
class Stage:
    """A tenant with a show, when one is announced, and what is sold of it."""

    edge: UnderTest
    acme: Caller
    tenant_id: int
    clock: StageClock
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def announce(self, show: str = "winter", *, state: str = "presale", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Announce a show and move it on to a state; return it as it was saved."""
        saved = await self.acme.do("PUT", f"/v1/shows/{show}", show_body(**fields))
        for step in _way_to(state):
            await self.move(show, step)
        return saved

    async def move(self, show: str, state: str) -> Any:  # noqa: ANN401 - JSON
        """Move a show on."""
        return await self.acme.do("POST", f"/v1/shows/{show}/state", {"state": state})

    async def offer(self, offer: str = "vip", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Make an offer of the show, or change it."""
        return await self.acme.do("PUT", f"/v1/offers/{offer}", offer_body(**fields))

    async def code(self, code: str = "EARLY", *, offer: str = "vip", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Make a code of an offer, or change it."""
        return await self.acme.do("PUT", f"/v1/offers/{offer}/codes/{code}", fields)

    async def seats(self, offer: str = "vip", *, code: str = "EARLY") -> tuple[int, int, int]:
        """Return an offer's seats as the ledger has them: issued (below zero), in stock, kept for a code."""
        places = (
            chart.offer_issued(offer=offer),
            chart.offer_stock(offer=offer),
            chart.offer_code(offer=offer, code=code),
        )
        async with self.edge.house.database.connection() as conn:
            found = await balances.balances(conn, tenant_id=self.tenant_id, addresses=places)
        issued, stock, kept = (found.get(place, 0) for place in places)
        return issued, stock, kept

    async def sell(
        self, offer: str = "vip", *, steps: Mapping[int, int], code: str | None = None, kept: bool = False
    ) -> None:
        """Play orders that were paid: seats of an offer are sold, so many of each price step."""
        count = sum(steps.values())
        source = (
            chart.offer_code(offer=offer, code=code)
            if code is not None and kept
            else chart.offer_stock(offer=offer)
        )
        sold = chart.offer_sold(offer=offer)
        uses = [Use(step_window(offer=offer, step=step), number) for step, number in steps.items()]
        if code is not None:
            uses.append(Use(code_window(offer=offer, code=code), count))
        fact = Fact("show/winter", WaitingJoined(viewer="v1", show="winter", offer=offer, quantity=count))
        decision = Decision(fact, (Transfer(source, sold, count),), tuple(uses))
        plan = Plan(
            lambda _book: decision, accounts=(source, sold), windows=tuple(use.window for use in uses)
        )
        key = f"sell-{next(self.numbers)}"
        command = Command(
            action="test.sell",
            permission="ticket.order",
            grant=Grant(self.tenant_id, Actor("app", "stage"), frozenset({"ticket.order"})),
            key=key,
            content=canonical(key),
            plan=lambda _lookup: plan,
        )
        await self.edge.house.corridor.submit(command)

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of all facts of a kind, in order."""
        found = (await self.acme.get("/v1/facts", limit=1000, kinds=kind))["facts"]
        return [one["data"] for one in found]

    async def viewer(self, name: str = "v1") -> Caller:
        """Return a caller with a viewer's token."""
        pinned = await self.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
        token = self.edge.token(kid=pinned["id"], secret=SECRET, sub=name)
        return self.edge.caller(token)


def show_body(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of the body
    """Return the body of a show a month ahead; None leaves a field out."""
    body: dict[str, Any] = {
        "organiser": "aurora",
        "starts_at": _text(STARTS),
        "ends_at": _text(ENDS),
        "texts": {
            "en": {"title": "Winter concert", "body": "Two hours.", "terms": "No refunds."},
            "zh": {"title": "冬日演唱会", "body": "两小时。", "terms": "不支持退款。"},
        },
        "streams": [
            {"stream": "main", "rights": ["main", "vip"]},
            {"stream": "backstage", "rights": ["vip"]},
        ],
        "commission": "10%",
    }
    return _filled(body, fields)


def offer_body(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of the body
    """Return the body of an offer of ten seats at one price; None leaves a field out."""
    body: dict[str, Any] = {
        "show": "winter",
        "zone": "vip",
        "asset": "CNY",
        "stock": 10,
        "steps": [{"price_minor": 9_900}],
        "rights": ["vip", "chat"],
    }
    return _filled(body, fields)


def _filled(body: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: _text(value) if isinstance(value, datetime) else value for name, value in fields.items()}
    return {name: value for name, value in (body | written).items() if value is not None}


def _text(at: datetime) -> str:
    return format_time(at)


def _way_to(state: str) -> list[str]:
    way = ["draft", "presale", "on_sale", "live", "ended"]
    return way[1 : way.index(state) + 1]


@asynccontextmanager
async def open_stage(
    database_url: str, folder: Path, *, features: tuple[Feature, ...] = FEATURES
) -> AsyncIterator[Stage]:
    """Open a tenant on a clock to drive."""
    clock = StageClock(NOON)
    async with under_test(database_url, folder, clock=clock, features=features) as edge:
        acme = await edge.tenant("acme")
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        yield Stage(edge, acme, tenant.tenant_id, clock)
