"""The evening at a media server: SRS asks who may watch, and is told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tests.features.admission.theatre import srs_hook
from tests.journeys.season import SHOW, Buyer, Season
from tests.journeys.stage import Json
from tests.journeys.town import Desk

__all__ = ["Doors"]

_SRS: Final = {
    "kind": "srs",
    "name": "SRS",
    "settings": {"urls": ["rtmp://edge.example/live/{name}"], "app": "live"},
}


@dataclass(slots=True)
class Doors:
    """Two servers of the organiser's and one of somebody else's, and the tokens of those who watch."""

    season: Season
    other: Desk
    hook: str = ""
    elsewhere: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    async def open(self) -> None:
        """Add the servers."""
        desk = self.season.desk
        self.hook = (await desk.post("/v1/media-servers", _SRS, key="srs"))["hook_path"]
        second = await desk.post("/v1/media-servers", {**_SRS, "priority": 200}, key="srs-2")
        foreign = await self.other.post("/v1/media-servers", _SRS, key="srs")
        self.elsewhere = [second["hook_path"], foreign["hook_path"]]

    async def admit(self) -> None:
        """Let in everybody who has a ticket."""

        async def watch(one: Buyer) -> None:
            given = await self._playback(one)
            self.tokens[one.name] = given["token"]
            assert await self.ask(one.name) == (0, "")

        await self.season.each(watch, self.season.holders())
        assert await self._watching() == sorted(self.tokens)

    async def turn_away(self, *, outside: Buyer) -> None:
        """Refuse who has no ticket, a second device, and tokens that are forged or for another server."""
        body = {"stream": "main", "viewer": outside.name}
        assert await self.season.desk.refused(f"/v1/shows/{SHOW}/playback", body) == "right.missing"
        name = next(iter(self.tokens))
        token = self.tokens[name]
        second = (await self._playback(next(one for one in self.season.holders() if one.name == name)))[
            "token"
        ]
        assert await self.ask(name, token=second, client="tv") == (403, "device.limit")
        forged = token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8)
        assert await self.ask(name, token=forged, client="thief") == (401, "token.invalid")
        for hook in self.elsewhere:
            assert await self.ask(name, client="thief", hook=hook) == (401, "token.invalid")
        assert await self._watching() == sorted(self.tokens)

    async def revoke(self, buyer: Buyer) -> None:
        """Refund somebody who watches: his token is worth nothing at once, and his session ends."""
        assert await self.ask(buyer.name) == (0, "")
        await self.season.refunds(buyer)
        await self.season.settled()
        assert await self.ask(buyer.name) == (403, "right.missing")
        del self.tokens[buyer.name]
        await self.season.settled()
        assert await self._watching() == sorted(self.tokens)

    async def expire(self) -> None:
        """Refuse a token that nobody began with in time, and let its viewer in with a new one."""
        viewer = next(one for one in self.season.holders() if one.name in self.tokens)
        await self.ask(viewer.name, action="on_stop")
        assert await self.ask(viewer.name, client="again") == (401, "token.expired")
        self.tokens[viewer.name] = (await self._playback(viewer))["token"]
        assert await self.ask(viewer.name) == (0, "")

    async def end(self) -> None:
        """End the show: nobody watches any more, whoever has a good token."""
        viewer = next(one for one in self.season.holders() if one.name in self.tokens)
        token = (await self._playback(viewer))["token"]
        await self.season.desk.post(f"/v1/shows/{SHOW}/state", {"state": "ended"}, key="ended")
        await self.season.settled()
        assert await self.ask(viewer.name, token=token) == (403, "show.over")
        assert await self._watching() == []

    async def ask(
        self, name: str, *, token: str = "", client: str = "", hook: str = "", action: str = "on_play"
    ) -> tuple[int, str]:
        """Ask as SRS does, and return the code and the reason."""
        body = srs_hook(token or self.tokens[name], client or f"{name}-phone", action=action)
        sent: dict[str, Any] = {"method": "POST", "path": hook or self.hook}
        answer = await self.season.desk.client.send(**sent, body=msgspec.json.encode(body))
        assert answer.status == 200, answer
        said = msgspec.json.decode(answer.body)
        self.asked += 1
        return said["code"], said.get("reason", "")

    async def _playback(self, one: Buyer) -> Json:
        body = {"stream": "main", "viewer": one.name}
        return await self.season.desk.post(f"/v1/shows/{SHOW}/playback", body)

    async def _watching(self) -> list[str]:
        return sorted(one["viewer"] for one in await self.season.desk.pages("/v1/viewing-sessions"))
