"""What `bench access` needs in a server before it loads it: a live show, viewers with rights, tokens.

Rights are moved on the ledger as presale moves them; tokens are asked for over HTTP, one for each viewer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from msgspec import Struct

from plaudit.app.assembly import House, assembled, open_tenant
from plaudit.app.bench import venue, workload
from plaudit.app.bench.outfit import LANES, Sender, each
from plaudit.app.drive.client import Client
from plaudit.core.commands import tenants
from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.journal.facts import Fact
from plaudit.core.journal.subscriptions import catch_up
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.kernel.actor import Actor
from plaudit.platform.settings import Settings
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.admission import AccessRevoked
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.shows import ShowSaved, StreamRights

SHOW: Final = "gala"
_SLUG: Final = "bench"
_RIGHT: Final = "main"
_RATE_PER_S: Final = 1_000_000
_BUYERS: Final = 500
_LONG_S: Final = 86_400
_SHORT_S: Final = 30
_SERVER: Final[dict[str, Any]] = {
    "name": "SRS",
    "settings": {"urls": ["rtmp://edge.example/live/{name}"]},
}


class Audience(Struct, frozen=True, kw_only=True):
    """A tenant whose show is live: where SRS asks, the tokens, and who buys meanwhile.

    `valid` tokens are of viewers who hold the right, `revoked` of viewers who gave it back, `expired` are
    good from `expired_from` on.
    """

    tenant_id: int
    hook_path: str
    sale_key: str
    valid: tuple[str, ...]
    revoked: tuple[str, ...]
    expired: tuple[str, ...]
    expired_from: datetime


async def gather(*, url: str, settings: Settings, database_url: str, viewers: int, others: int) -> Audience:
    """Open a tenant, announce a show, and get tokens: `viewers` valid ones, `others` of each other sort.

    Raises outfit.OutfitError.
    """
    async with assembled(settings, url=database_url) as house:
        first = await open_tenant(house, slug=_SLUG, name="Bench")
        async with house.database.connection() as conn:
            tenant_id = next(one.tenant_id for one in await tenants.tenants(conn) if one.slug == _SLUG)
        house.corridor.writer.start(lanes=settings.writers)
        try:
            await _record(house, tenant_id, _announced(), key="announce")
            every = [_watcher(number) for number in range(viewers + 2 * others)]
            await _each_at_once(house, tenant_id, every, back=False)
            await catch_up(database=house.database, subscriptions=house.subscriptions, clock=house.clock)
            headers = {"Authorization": f"Bearer {first}"}
            async with Client(url=url, connections=LANES, headers=headers) as client:
                desk = _Desk(Sender(client))
                path = await desk.open()
                expired = await desk.tokens(every[:others], ttl_s=_SHORT_S)
                expired_from = datetime.now(UTC) + timedelta(seconds=_SHORT_S)
                rest = await desk.tokens(every[others:], ttl_s=_LONG_S)
                sale_key = await desk.seller()
            await _each_at_once(house, tenant_id, every[others : 2 * others], back=True)
        finally:
            await house.corridor.writer.close()
    return Audience(
        tenant_id=tenant_id,
        hook_path=path,
        sale_key=sale_key,
        valid=tuple(rest[others:]),
        revoked=tuple(rest[:others]),
        expired=tuple(expired),
        expired_from=expired_from,
    )


class _Desk:
    """What is asked for over HTTP."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._server = ""

    async def open(self) -> str:
        """Add the media server and return where it asks."""
        made = await self._sender.send("POST", "/v1/media-servers", body=_SERVER | {"kind": "srs"})
        self._server = made["server"]
        path: str = made["hook_path"]
        return path

    async def tokens(self, viewers: Sequence[str], *, ttl_s: int) -> list[str]:
        """Return a token for each viewer, good for a time."""
        path = f"/v1/media-servers/{self._server}"
        await self._sender.send("PUT", path, body=_SERVER | {"token_ttl_s": ttl_s})
        found: dict[str, str] = {}

        async def ask(viewer: str) -> None:
            body = {"stream": "main", "viewer": viewer, "device": "tv"}
            given = await self._sender.send("POST", f"/v1/shows/{SHOW}/playback", body=body)
            found[viewer] = given["token"]

        await each(ask, viewers)
        return [found[viewer] for viewer in viewers]

    async def seller(self) -> str:
        """Put another show on sale, and return the key by which seats of it are reserved."""
        await venue.put_on_sale(self._sender)
        body = {"name": "sale", "scopes": ["ticket.order"], "rate_per_second": _RATE_PER_S}
        made = await self._sender.send("POST", "/v1/api-keys", body=body)
        key: str = made["key"]
        return key


class Sale(Struct, frozen=True, kw_only=True):
    """What was sold beside a measurement, and how often that failed."""

    sold: int
    failed: int
    seconds: float


class Counter:
    """Sells beside a measurement, so many a second whatever else the server has to do."""

    def __init__(self, *, url: str, audience: Audience, per_s: int, mark: str) -> None:
        self._url = url
        self._key = audience.sale_key
        self._per_s = per_s
        self._mark = mark
        self._done = self._failed = 0

    async def sell(self, client: Client, number: int) -> None:
        """Reserve one seat."""
        body = {"viewer": f"buyer-{number % _BUYERS}", "offer": venue.OFFER}
        answer = await client.send(
            method="POST",
            path="/v1/ticket-orders",
            body=msgspec.json.encode(body),
            key=f"{self._mark}-{number}",
        )
        self._done += answer.status == _CREATED
        self._failed += answer.status != _CREATED

    async def run(self, stop: asyncio.Event) -> Sale:
        """Sell until told to stop."""
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        headers = {"Authorization": f"Bearer {self._key}"}
        async with (
            Client(url=self._url, connections=LANES, headers=headers) as client,
            asyncio.TaskGroup() as group,
        ):
            while not stop.is_set():
                due = int((loop.time() - began) * self._per_s)
                while number < due:
                    group.create_task(self.sell(client, number))
                    number += 1
                await asyncio.sleep(_BEAT_S)
        return Sale(sold=self._done, failed=self._failed, seconds=loop.time() - began)


_CREATED: Final = 201
_BEAT_S: Final = 0.005


async def seconds_to_revoke(
    *, url: str, settings: Settings, database_url: str, audience: Audience, first: int, count: int
) -> list[float]:
    """Take the right back from watching viewers, one after the other; return how long each was still let in.

    Each asks on as a player of HLS does. Viewers are those of the valid tokens from `first` on; a second
    without an answer "no" counts as `inf`.
    """
    waited: list[float] = []
    async with (
        assembled(settings, url=database_url) as house,
        Client(url=url, connections=1, headers={}) as client,
    ):
        house.corridor.writer.start(lanes=1)
        try:
            for number in range(first, first + count):
                body = msgspec.json.encode(hook(audience.valid[number], client=f"revoked-{number}"))
                assert await _code(client, audience, body) == 0, "who holds the right is let in"
                viewer = _watcher(number + len(audience.expired) + len(audience.revoked))
                await _move(house, audience.tenant_id, viewer, back=True)
                waited.append(await _until_refused(client, audience, body))
        finally:
            await house.corridor.writer.close()
    return waited


async def _until_refused(client: Client, audience: Audience, body: bytes) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() - began < _PATIENCE_S:
        if await _code(client, audience, body) != 0:
            return loop.time() - began
    return float("inf")


_PATIENCE_S: Final = 5.0


async def _code(client: Client, audience: Audience, body: bytes) -> int:
    answer = await client.send(method="POST", path=audience.hook_path, body=body, key="none")
    code: int = msgspec.json.decode(answer.body)["code"]
    return code


def hook(token: str, *, client: str) -> dict[str, Any]:
    """Return what SRS posts when a client plays."""
    return {
        "server_id": "vid-0xk989d",
        "service_id": "382k456r",
        "action": "on_play",
        "client_id": client,
        "ip": "192.0.2.10",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": f"{SHOW}~main",
        "tcUrl": "rtmp://edge.example/live",
        "param": f"?token={token}",
        "pageUrl": "https://show.example/gala",
        "stream_url": f"__defaultVhost__/live/{SHOW}~main",
        "stream_id": "vid-124q9y3",
    }


def clear(*, database_url: str, tenant_id: int) -> int:
    """Forget who watches, and return how many did: the next round begins before an empty house."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        done = connection.execute("DELETE FROM admission.place WHERE tenant_id = %s", (tenant_id,))
        return done.rowcount


def _watcher(number: int) -> str:
    return f"w{number}"


def _announced() -> ShowSaved:
    now = datetime.now(UTC)
    return ShowSaved(
        show=SHOW,
        revision=1,
        state="live",
        organiser=workload.creator(0),
        starts_at=now,
        ends_at=now + timedelta(hours=4),
        title_en="Gala",
        title_zh="盛典",
        streams=(StreamRights(stream="main", rights=(_RIGHT, "vip")),),
        commission="1/10",
    )


async def _each_at_once(house: House, tenant_id: int, viewers: Sequence[str], *, back: bool) -> None:
    await each(lambda viewer: _move(house, tenant_id, viewer, back=back), viewers)


async def _move(house: House, tenant_id: int, viewer: str, *, back: bool) -> None:
    """Give a viewer the right, or take it back."""
    source = chart.show_right(show=SHOW, right=_RIGHT)
    own = chart.viewer_right(viewer=viewer, show=SHOW, right=_RIGHT)
    transfer = Transfer(own, source, 1) if back else Transfer(source, own, 1)
    # A fact that nobody reacts to: what follows from a ticket is not what is measured here.
    data = AccessRevoked(show=SHOW, viewer=viewer, cause="asked", sessions=0)
    await _record(house, tenant_id, data, transfer, key=f"{viewer}/{back}")


async def _record(house: House, tenant_id: int, data: FactData, *transfers: Transfer, key: str) -> None:
    decision = Decision(Fact(f"show/{SHOW}", data), transfers)
    accounts = tuple(address for one in transfers for address in (one.source, one.destination))
    command = Command(
        action="bench.record",
        permission="bench",
        grant=Grant(tenant_id, Actor("system", "bench"), frozenset({"bench"})),
        key=key,
        content=key.encode(),
        plan=lambda _: Plan(lambda _book: decision, accounts),
    )
    await house.corridor.submit(command)
