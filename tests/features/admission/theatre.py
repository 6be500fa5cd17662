"""A theatre: a tenant with shows, viewers who hold rights, and media servers that the test plays.

The test plays the feature that grants rights, too: it records its facts and moves rights on the ledger.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt

from plaudit.app.assembly import House
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up, differences
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.admission.feature import FEATURE as ADMISSION
from plaudit.features.admission.reactions import SHOWS
from plaudit.features.identity.feature import FEATURE as IDENTITY
from plaudit.features.risk.feature import FEATURE as RISK
from plaudit.kernel.actor import Actor
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.shows import ShowSaved, ShowState, ShowStateChanged, StreamRights
from plaudit.vocabulary.facts.tickets import TicketRefunded
from tests.app.edge import Caller, UnderTest, settled, under_test
from tests.kit.clock import StageClock

EVENING = datetime(2026, 11, 22, 20, tzinfo=UTC)
SECRET = "0123456789abcdef" * 4
STREAMS = (
    StreamRights(stream="main", rights=("main", "vip")),
    StreamRights(stream="backstage", rights=("vip",)),
)
SRS_SETTINGS: dict[str, Any] = {
    "urls": ["rtmp://edge.example/live/{name}", "https://edge.example/live/{name}.flv"],
    "api_url": "http://srs.test:1985",
}
MEDIAMTX_SETTINGS: dict[str, Any] = {
    "urls": ["rtsp://edge.example:8554/{name}", "https://edge.example/{name}/index.m3u8"],
    "api_url": "http://mediamtx.test:9997",
}


@dataclass(slots=True)
class Doorway:
    """What the house sends to the world outside arrives here; `answers` are by method and path."""

    sent: list[httpx.Request] = field(default_factory=list)
    answers: dict[tuple[str, str], Callable[[httpx.Request], httpx.Response]] = field(default_factory=dict)

    def take(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        given = self.answers.get((request.method, request.url.path))
        return given(request) if given is not None else httpx.Response(200, json={"code": 0})

    def paths(self) -> list[tuple[str, str]]:
        return [(one.method, one.url.path) for one in self.sent]


@dataclass(slots=True)
class Theatre:
    """A tenant behind the edge."""

    edge: UnderTest
    acme: Caller
    tenant_id: int
    clock: StageClock
    outside: Doorway
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def house(self) -> House:
        return self.edge.house

    async def record(self, data: FactData, *transfers: Transfer) -> int:
        """Record a fact as another feature would, with what it moves; return its position."""
        decision = Decision(Fact("test", data), transfers)
        accounts = tuple(address for one in transfers for address in (one.source, one.destination))
        key = f"{data.KIND}/{next(self.numbers)}"
        command = Command(
            action="test.record",
            permission="test",
            grant=Grant(self.tenant_id, Actor("system", "test"), frozenset({"test"})),
            key=key,
            content=key.encode(),
            plan=lambda _: Plan(lambda _book: decision, accounts),
        )
        return (await self.house.corridor.submit(command)).position

    async def announce(self, show: str = "winter", **fields: Any) -> None:  # noqa: ANN401 - the fields of the fact
        """Announce a show, or save it again."""
        said: dict[str, Any] = {
            "show": show,
            "revision": 1,
            "state": "live",
            "organiser": "aurora",
            "starts_at": EVENING,
            "ends_at": EVENING + timedelta(hours=2),
            "title_en": "Winter concert",
            "title_zh": "冬日演唱会",
            "streams": STREAMS,
            "commission": "1/10",
        }
        await self.record(ShowSaved(**said | fields))
        await self.caught_up()

    async def becomes(self, state: ShowState, show: str = "winter") -> None:
        """Have a show go on."""
        await self.record(ShowStateChanged(show=show, revision=1, before="live", state=state))
        await self.caught_up()

    async def give(self, viewer: str, right: str = "main", *, show: str = "winter", count: int = 1) -> None:
        """Give a viewer a right."""
        source = chart.show_right(show=show, right=right)
        transfer = Transfer(source, chart.viewer_right(viewer=viewer, show=show, right=right), count)
        await self.record(_refund(viewer, show), transfer)
        await self.caught_up()

    async def take(
        self, viewer: str, right: str = "main", *, show: str = "winter", tell: bool = True
    ) -> None:
        """Take a right back as a refund does; with `tell` False nobody follows the journal meanwhile."""
        source = chart.viewer_right(viewer=viewer, show=show, right=right)
        await self.record(
            _refund(viewer, show), Transfer(source, chart.show_right(show=show, right=right), 1)
        )
        if tell:
            await self.caught_up()

    async def caught_up(self) -> None:
        """Bring every follower of the journal to its head."""
        house = self.house
        await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)

    async def server(self, kind: str = "srs", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of the body
        """Add a media server."""
        settings = {"srs": SRS_SETTINGS, "mediamtx": MEDIAMTX_SETTINGS}.get(kind, {})
        body = {"kind": kind, "name": kind, "settings": settings, **fields}
        made: dict[str, Any] = await self.acme.do("POST", "/v1/media-servers", body)
        return made

    async def playback(self, viewer: str | None, stream: str = "main", **fields: Any) -> Any:  # noqa: ANN401 - JSON
        """Have a viewer be given what its player needs."""
        body = {"stream": stream, "viewer": viewer, **fields}
        show = body.pop("show", "winter")
        return await self.acme.do("POST", f"/v1/shows/{show}/playback", body)

    async def token(self, viewer: str | None, stream: str = "main", **fields: Any) -> str:  # noqa: ANN401 - the fields of the body
        """Have a viewer be given a token of ours."""
        token: str = (await self.playback(viewer, stream, **fields))["token"]
        return token

    async def ask(
        self,
        server: dict[str, Any],
        token: str,
        client: str,
        **changes: Any,  # noqa: ANN401 - the fields of a hook
    ) -> tuple[int, str]:
        """Ask as SRS does when somebody plays; return the code and the reason."""
        answer = await self.post(server, srs_hook(token, client, **changes))
        assert answer.status_code == 200, answer.text
        said = answer.json()
        return said["code"], said.get("reason", "")

    async def post(self, server: dict[str, Any], body: object, *, more: str = "") -> httpx.Response:
        """Post a hook."""
        return await self.edge.client.post(server["hook_path"] + more, json=body)

    async def sessions(self, **query: Any) -> list[Any]:  # noqa: ANN401 - JSON
        """Return who watches now."""
        found: list[Any] = (await self.acme.get("/v1/viewing-sessions", **query))["items"]
        return found

    async def facts(self, kind: str) -> list[Any]:
        """Return the data of all facts of one kind."""
        found = (await self.acme.get("/v1/facts", limit=1000))["facts"]
        return [one["data"] for one in found if one["kind"] == kind]

    async def viewer(self, name: str) -> Caller:
        """Return a caller with a viewer's token."""
        made = await self.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": SECRET})
        now = int(self.clock.now().timestamp())
        said = {"iss": "acme", "sub": name, "role": "viewer", "iat": now, "exp": now + 600}
        return self.edge.caller(jwt.encode(said, SECRET, algorithm="HS256", headers={"kid": made["id"]}))

    async def until_sent(self, method: str, path: str) -> httpx.Request:
        """Wait until a request has left the house, and return it."""

        async def has_left() -> bool:
            return (method, path) in self.outside.paths()

        await settled(has_left)
        return next(one for one in self.outside.sent if (one.method, one.url.path) == (method, path))


def srs_hook(token: str, client: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of a hook
    """Return what SRS 6 posts when a client plays the main stream of the show over RTMP."""
    return {
        "server_id": "vid-0xk989d",
        "service_id": "382k456r",
        "action": "on_play",
        "client_id": client,
        "ip": "192.168.1.10",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "winter~main",
        "tcUrl": "rtmp://edge.example/live",
        "param": f"?token={token}",
        "pageUrl": "http://show.example/live.html",
        "stream_url": "__defaultVhost__/live/winter~main",
        "stream_id": "vid-124q9y3",
        **changes,
    }


def token_in(url: str) -> str:
    """Return the token in an address."""
    (token,) = parse_qs(urlsplit(url).query)["token"]
    return token


def _refund(viewer: str, show: str) -> TicketRefunded:
    return TicketRefunded(
        order=1,
        viewer=viewer,
        show=show,
        offer="vip",
        quantity=1,
        payment="pay_0000000000001",
        refund="ref_0000000000001",
        asset="CNY",
        amount_minor=100,
        refunded_minor=100,
    )


@asynccontextmanager
async def open_theatre(database_url: str, folder: Path) -> AsyncIterator[Theatre]:
    """Open a tenant whose show is live; in the end the projection must be what a rebuild gives."""
    clock, outside = StageClock(EVENING), Doorway()
    alone = (IDENTITY, RISK, ADMISSION)
    async with under_test(database_url, folder, clock=clock, features=alone) as edge:
        acme = await edge.tenant("acme")
        async with edge.house.database.connection() as conn:
            (tenant,) = await tenants.tenants(conn)
        async with httpx.AsyncClient(transport=httpx.MockTransport(outside.take)) as way_out:
            edge.house.outbound._client = way_out
            theatre = Theatre(edge, acme, tenant.tenant_id, clock, outside)
            await theatre.announce()
            yield theatre
            await theatre.caught_up()
            assert not await differences(
                database=edge.house.database, subscription=SHOWS, tenant_id=tenant.tenant_id
            )
