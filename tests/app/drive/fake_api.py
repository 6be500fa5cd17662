"""A small API server for the client side: what a replay needs of the HTTP contract, and faults on demand."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.kit.listener import listening

REASONS = {200: "OK", 201: "Created", 404: "Not Found", 409: "Conflict", 422: "Unprocessable", 503: "Busy"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers.get("idempotency-key", "")


@dataclass(frozen=True, slots=True)
class Told:
    """One answer to give; `headers` beside the framing."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def whole(*, told: Told) -> bytes:
    body = msgspec.json.encode(told.body)
    lines = [f"HTTP/1.1 {told.status} {REASONS.get(told.status, 'Status')}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in told.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Fault = Callable[[Seen, asyncio.StreamWriter], Awaitable[bool]]
"""Called after the request was done and before it is answered; True when it has dealt with the connection."""


class FakeApi:
    """Wallets, tips, keys in memory; `before` may answer in place of the API, `fault` may spoil an answer."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.creators: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.wallets: Counter[tuple[str, str]] = Counter()
        self.tips: list[dict[str, Any]] = []
        self.answers: dict[str, tuple[bytes, Told]] = {}
        self.before: Callable[[Seen], Told | None] = lambda _: None
        self.fault: Fault | None = None
        self.platform: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                seen = await self._read(reader)
                self.seen.append(seen)
                told = self.before(seen) or self._keyed(seen)
                if self.fault is not None and await self.fault(seen, writer):
                    continue
                writer.write(whole(told=told))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Seen(method=method, target=target, headers=headers, body=body)

    def _keyed(self, seen: Seen) -> Told:
        """Answer a write once a key, as the contract says."""
        if seen.method == "GET":
            return self._get(seen)
        before = self.answers.get(seen.key)
        if before is not None:
            content, told = before
            if content != seen.body:
                return Told(409, {"code": "key.conflict", "detail": "Use another key for other content."})
            return Told(told.status, told.body, {"Idempotency-Replayed": "true"})
        told = self._write(seen)
        if told.status < 300:
            self.answers[seen.key] = (seen.body, told)
        return told

    def _write(self, seen: Seen) -> Told:
        body = msgspec.json.decode(seen.body)
        if creator := re.fullmatch(r"/v1/creators/(.+)", seen.target):
            self.creators[creator[1]] = body
            return Told(200, {"creator": creator[1]})
        if seen.target == "/v1/tipping/policy":
            self.policies[body["asset"]] = body
            return Told(200, body)
        if wallet := re.fullmatch(r"/v1/wallets/(.+)/credits", seen.target):
            self.wallets[wallet[1], body["asset"]] += body["amount_minor"]
            return Told(201, {"amount_minor": body["amount_minor"]})
        return self._tip(body)

    def _tip(self, body: dict[str, Any]) -> Told:
        policy = self.policies.get(body["asset"])
        if body["creator"] not in self.creators or policy is None:
            return Told(422, {"code": "creator.unknown", "detail": "Register the creator."})
        if not policy["min_minor"] <= body["amount_minor"] <= policy["max_minor"]:
            return Told(422, {"code": "tip.amount", "detail": "Send another amount."})
        if self.wallets[body["viewer"], body["asset"]] < body["amount_minor"]:
            return Told(422, {"code": "wallet.insufficient", "detail": "Buy coins."})
        self.wallets[body["viewer"], body["asset"]] -= body["amount_minor"]
        share = body["amount_minor"] * 3 // 10
        self.platform[body["asset"]] += share
        self.tips.append(body)
        shares = {"creator_minor": body["amount_minor"] - share, "guild_minor": 0, "platform_minor": share}
        return Told(201, {"amount_minor": body["amount_minor"], "shares": shares})

    def _get(self, seen: Seen) -> Told:
        parts = urlsplit(seen.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/v1/creators":
            names = sorted(self.creators)
            start = int(query.get("cursor", "0"))
            end = start + 2
            items = [{"creator": name, **self.creators[name]} for name in names[start:end]]
            return Told(200, {"items": items, "next_cursor": str(end) if end < len(names) else None})
        if parts.path == "/v1/accounts":
            asset = query["address"].rsplit("/", 1)[1]
            if asset not in self.platform:
                return Told(404, {"code": "account.unknown", "detail": "Not opened yet."})
            return Told(200, {"address": query["address"], "balance_minor": self.platform[asset]})
        lists: dict[str, Callable[[], list[dict[str, Any]]]] = {
            "/v1/tipping/policy": lambda: list(self.policies.values()),
            "/v1/subscriptions": lambda: [{"name": "totals", "lag": 0}],
            "/v1/tipping/totals": lambda: self._totals(by=query["by"], asset=query["asset"]),
        }
        return Told(200, {"items": lists[parts.path]()})

    def _totals(self, *, by: str, asset: str) -> list[dict[str, Any]]:
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for tip in self.tips:
            if tip["asset"] == asset:
                sums[tip[by]][0] += tip["amount_minor"]
                sums[tip[by]][1] += 1
        ordered = sorted(sums.items(), key=lambda entry: (-entry[1][0], entry[0]))
        return [
            {"id": name, "asset": asset, "amount_minor": amount, "tips": n} for name, (amount, n) in ordered
        ]


@asynccontextmanager
async def serving(api: FakeApi, *, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback; gives the url."""
    async with listening(api.serve, port=port) as found:
        yield f"http://127.0.0.1:{found}"
