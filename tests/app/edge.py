"""The whole house behind its edge, in the test's own process: real PostgreSQL, no sockets."""

from __future__ import annotations

import asyncio
import itertools
import operator
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import jwt
from litestar.types import ASGIApp

from plaudit.app.assembly import FEATURES, House, assembled, open_tenant
from plaudit.app.background import running
from plaudit.app.http.application import framework
from plaudit.app.http.edge import Edge
from plaudit.core.feature import Feature
from plaudit.kernel.time import Clock
from plaudit.platform.settings import Settings

__all__ = ["Caller", "UnderTest", "problem", "settled", "under_test"]

ADDRESS = "http://plaudit"
_KEYS = itertools.count(1)
_PATIENCE_S: Final = 60
"""How long a test waits that fails; one that passes is to pass on a busy machine, too."""
_INNER: Final[list[tuple[tuple[Feature, ...], ASGIApp]]] = []


@dataclass(slots=True)
class Caller:
    """A credential at the edge."""

    client: httpx.AsyncClient
    credential: str | None

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send a request; a write has a fresh idempotency key unless `key` says otherwise (None: no key)."""
        given: dict[str, str] = {}
        if self.credential is not None:
            given["Authorization"] = f"Bearer {self.credential}"
        if method != "GET" and key is not None:
            given["Idempotency-Key"] = key or f"test-{next(_KEYS)}"
        given.update(headers or {})
        if content is not None:
            return await self.client.request(method, path, content=content, headers=given)
        return await self.client.request(method, path, json=body, headers=given)

    async def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a GET that must be answered with 200."""
        answer = await self.client.get(
            path, params=query, headers={"Authorization": f"Bearer {self.credential}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def do(self, method: str, path: str, body: object = None, *, key: str = "") -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a write that must be done."""
        answer = await self.send(method, path, body, key=key)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


@dataclass(slots=True)
class UnderTest:
    """The house, its edge, and tenants to call from."""

    house: House
    client: httpx.AsyncClient
    keys: dict[str, str] = field(default_factory=dict)

    async def tenant(self, slug: str, *, time_zone: str = "UTC") -> Caller:
        """Open a tenant and return its first key, which may do everything."""
        self.keys[slug] = await open_tenant(self.house, slug=slug, name=slug, time_zone=time_zone)
        return Caller(self.client, self.keys[slug])

    def caller(self, credential: str | None) -> Caller:
        """Call with another credential."""
        return Caller(self.client, credential)

    def token(self, *, kid: str, secret: str | bytes, algorithm: str = "HS256", **claims: object) -> str:
        """Sign a token for viewer v1 of tenant acme, with other claims as given (None leaves one out)."""
        now = int(self.house.clock.now().timestamp())
        said = {"iss": "acme", "sub": "v1", "role": "viewer", "iat": now, "exp": now + 600} | claims
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, secret, algorithm=algorithm, headers={"kid": kid})


def _inner(features: tuple[Feature, ...]) -> ASGIApp:
    """Return the application within the edge, put together once: that takes longer than most tests."""
    for known, application in _INNER:
        if len(known) == len(features) and all(map(operator.is_, known, features)):
            return application
    application = framework(features)
    _INNER.append((features, application))
    return application


@asynccontextmanager
async def under_test(
    url: str,
    data_dir: Path,
    *,
    clock: Clock | None = None,
    features: tuple[Feature, ...] = FEATURES,
    **environ: str,
) -> AsyncIterator[UnderTest]:
    """Run the house on a migrated database, with its background loops, as one process would.

    What it sends to its own public address arrives here, as all requests do; all else goes through the guard
    of the inside (`PLAUDIT_OUTBOUND_INSIDE`). What is due on time by the
    machine's clock is not done: a test does it when it wants it done, and nothing comes in between. With
    fewer `features` a test plays the others itself.
    """
    settings = Settings.from_environment(
        {"PLAUDIT_DATA_DIR": str(data_dir), "PLAUDIT_PUBLIC_URL": ADDRESS, **environ}
    )
    async with (
        assembled(settings, url=url, clock=clock, features=features) as house,
        running(house, follow=True, keep_time=False),
    ):
        house.corridor.writer.start(lanes=settings.writers)
        edge = Edge(inner=_inner(features), house=house, access=None)
        transport = httpx.ASGITransport(app=edge)  # type: ignore[arg-type]
        async with (
            httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client,
            httpx.AsyncClient(
                transport=house.outbound._client._transport, mounts={ADDRESS: transport}, trust_env=False
            ) as way_out,
        ):
            house.outbound._client = way_out
            yield UnderTest(house, client)
        house.wake.close()
        await house.corridor.writer.close()
        assert house.alarm.cause is None, house.alarm.cause


def problem(answer: httpx.Response, status: int, code: str) -> Any:  # noqa: ANN401 - JSON
    """Return the problem document of an answer that must be this one."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= body.keys()
    return body


async def settled(check: Callable[[], Any]) -> None:
    """Wait until an async `check` returns something true."""
    async with asyncio.timeout(_PATIENCE_S):
        while not await check():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)
