"""Plaudit and simulated payment channels, each a process of its own, in one time that a test drives."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from plaudit.app.assembly import House, assembled
from plaudit.app.drive.client import Client
from plaudit.features.payments.schedule import tidy
from plaudit.platform.settings import Settings
from tests.journeys.stage import Json, Opened, Process, opened_tenants, started
from tests.kit.servers import DatabaseUrls
from tests.kit.simulators import Simulator, account_of, simulator

__all__ = ["CHINA", "Desk", "Town", "town"]

CHINA: Final = ZoneInfo("Asia/Shanghai")
OPENING: Final = time(10)
CONNECTIONS: Final = 32
CAUGHT_UP_S: Final = 60.0
_LOOK_S: Final = 0.3
"""Simulators look at the time a little more often than this."""


@dataclass(slots=True)
class Desk:
    """One credential at the server. What is sent has a key, and is sent again until it is answered."""

    client: Client
    tenant: Opened

    async def send(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return status and content of the answer."""
        given = None if body is None else msgspec.json.encode(body)
        writes = method != "GET"
        answer = await self.client.send(
            method=method, path=path, body=given, key=(key or secrets.token_hex(8)) if writes else None
        )
        return answer.status, msgspec.json.decode(answer.body) if answer.body else None

    async def get(self, path: str) -> Json:
        status, content = await self.send("GET", path)
        assert status == 200, (path, status, content)
        return content

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Json:
        status, content = await self.send("POST", path, body, key=key)
        assert status in {200, 201}, (path, status, content)
        return content

    async def put(self, path: str, body: object) -> Json:
        status, content = await self.send("PUT", path, body)
        assert status in {200, 201}, (path, status, content)
        return content

    async def refused(self, path: str, body: object = None) -> str:
        """Post what must be refused, and return the code."""
        status, content = await self.send("POST", path, body)
        assert 400 <= status < 500, (path, status, content)
        return str(content["code"])

    async def balance(self, address: str) -> int:
        """Return what any account holds, 0 where it was never opened."""
        status, content = await self.send("GET", f"/v1/accounts?address={address}")
        if status == 404:
            return 0
        assert status == 200, (address, content)
        return int(content["balance_minor"])

    async def coins(self, viewer: str) -> int:
        return await self.balance(f"viewer/{viewer}/coin")

    async def facts(self, *kinds: str) -> list[Json]:
        """Return all facts of these kinds."""
        found: list[Json] = []
        after = 0
        while True:
            page = await self.get(f"/v1/facts?after={after}&kinds={','.join(kinds)}&limit=200")
            found += page["facts"]
            after = page["next_after"]
            if after >= page["head"]:
                return found

    async def pages(self, path: str) -> list[Json]:
        """Return the items of all pages."""
        mark = "&" if "?" in path else "?"
        found: list[Json] = []
        cursor = ""
        while True:
            page = await self.get(f"{path}{mark}limit=200{cursor}")
            found += page["items"]
            if not page["next_cursor"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def account(self, side: Simulator, merchant: Mapping[str, Any], **terms: object) -> str:
        """Make a merchant account for a merchant of a simulator, and return its id."""
        body = {
            "channel": side.channel,
            "name": side.channel,
            "assets": ["CNY"],
            "methods": ["native"] if side.channel == "wechat" else ["page"],
            **account_of(side, merchant),
            **terms,
        }
        made = await self.post("/v1/channel-accounts", body)
        return str(made["account"])


@dataclass(slots=True)
class Town:
    """A server, channels, and the time they share; it starts at ten in the morning of a day in China."""

    database: DatabaseUrls
    folder: Path
    tenants: list[Opened]
    stack: ExitStack
    offset_s: int
    process: Process = field(init=False)
    house: House = field(init=False)
    sides: dict[str, Simulator] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        """The settings of everything that works on this database."""
        return {
            "PLAUDIT_DATABASE_URL": self.database.url,
            "PLAUDIT_DATABASE_OWNER_URL": self.database.owner_url,
            "PLAUDIT_DATA_DIR": str(self.folder / "data"),
            "PLAUDIT_CLOCK_FILE": str(self.clock),
            "PLAUDIT_OUTBOUND_INSIDE": "127.0.0.1",
        }

    @property
    def clock(self) -> Path:
        """The file that says how far time is ahead of the machine's."""
        return self.folder / "clock"

    @property
    def now(self) -> datetime:
        """The time of the town."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(CHINA).date()

    def serve(self, port: int = 0) -> None:
        """Start the server."""
        self.process = self.stack.enter_context(started(environ=self.environ, port=port))

    def kill(self) -> None:
        """End the server as a power cut would, and start it again where it was."""
        self.process.kill()
        self.serve(int(self.process.url.rpartition(":")[2]))

    def set_clock(self) -> None:
        """Write the time down, whole or not at all."""
        aside = self.folder / "clock.new"
        aside.write_text(f"+{self.offset_s}", encoding="ascii")
        aside.replace(self.clock)

    async def passes(self, seconds: float) -> None:
        """Let time pass on all sides at once, and everybody do what is due by then."""
        self.offset_s += int(seconds)
        self.set_clock()
        await asyncio.sleep(_LOOK_S)
        await self.tidied()

    async def until(self, at: time, *, days: int = 0) -> None:
        """Let time pass until an hour in China, today or so many days on."""
        here = self.now.astimezone(CHINA)
        wanted = datetime.combine(here.date() + timedelta(days=days), at, tzinfo=CHINA)
        await self.passes((wanted - here).total_seconds())

    async def tidied(self) -> None:
        """Have the janitor look now rather than within ten seconds, and callbacks arrive."""
        await self.house.references.refresh()
        await tidy(self.house)
        for side in self.sides.values():
            await side.flush()

    def desk(self, tenant: Opened, *, credential: str | None = None, connections: int = 2) -> Desk:
        """Return a client of the server for a tenant's first key, or another credential of it."""
        headers = {"Authorization": f"Bearer {credential or tenant.key}"}
        self.clients.append(Client(url=self.process.url, connections=connections, headers=headers))
        return Desk(self.clients[-1], tenant)


async def caught_up(desk: Desk) -> None:
    """Wait until everybody who follows the journal has read all of it."""
    async with asyncio.timeout(CAUGHT_UP_S):
        while True:
            items = (await desk.get("/v1/subscriptions"))["items"]
            assert all(one["state"] == "running" for one in items), items
            if not any(one["lag"] for one in items):
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def town(
    *, database: DatabaseUrls, folder: Path, channels: tuple[str, ...], tenant_count: int = 1
) -> AsyncIterator[Town]:
    """Run a server and simulators on a fresh database, in the morning of tomorrow."""
    tomorrow = datetime.now(CHINA).date() + timedelta(days=1)
    ahead = datetime.combine(tomorrow, OPENING, tzinfo=CHINA) - datetime.now(UTC)
    tenants = await asyncio.to_thread(
        opened_tenants, database_url=database.url, data_dir=folder / "data", count=tenant_count
    )
    with ExitStack() as stack:
        made = Town(database, folder, tenants, stack, int(ahead.total_seconds()))
        made.set_clock()
        await asyncio.to_thread(made.serve)
        async with AsyncExitStack() as running:
            for channel in channels:
                made.sides[channel] = await running.enter_async_context(
                    simulator(channel, folder, "--clock-file", str(made.clock))
                )
            settings = Settings.from_environment({**made.environ, "PLAUDIT_PUBLIC_URL": made.process.url})
            made.house = await running.enter_async_context(assembled(settings, url=database.url))
            made.house.corridor.writer.start(lanes=1)
            yield made
            for client in made.clients:
                await client.__aexit__(None, None, None)
            await made.house.corridor.writer.close(timeout_s=5)
