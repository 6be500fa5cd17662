"""What `bench tips` needs in a server before it loads it: a tenant, keys, creators, viewers with coins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from random import Random
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.bench import workload
from plaudit.app.drive.client import Client
from plaudit.app.drive.load import Spec
from plaudit.core.commands import tenants
from plaudit.platform.settings import Settings

_SLUG: Final = "bench"
_RATE_PER_S: Final = 1_000_000
LANES: Final = 64
_BODIES: Final = 20_000
_REFUSED_SHARE: Final = 0.02
_TOO_LITTLE_MINOR: Final = 1
_DONE: Final = range(200, 300)

_T = TypeVar("_T")


class OutfitError(Exception):
    """The server refused what the benchmark needs; the message is its answer."""


class Outfit(Struct, frozen=True, kw_only=True):
    """A tenant ready to be loaded: its key, with a rate limit that is not met, and the tips to send.

    `first` is the key that may do everything.
    """

    tenant_id: int
    first: str
    key: str
    bodies: tuple[Any, ...]

    def spec(self, *, path: str, key_prefix: str) -> Spec:
        """Return what the load generator sends to a path."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return Spec(path=path, bodies=self.bodies, headers=headers, key_prefix=key_prefix)


async def prepare(
    *, url: str, settings: Settings, database_url: str, viewers: int, creators: int, slug: str = _SLUG
) -> Outfit:
    """Open a tenant and fill it over HTTP. Raises OutfitError."""
    async with assembled(settings, url=database_url) as house:
        first = await open_tenant(house, slug=slug, name="Bench")
        async with house.database.connection() as conn:
            tenant_id = next(one.tenant_id for one in await tenants.tenants(conn) if one.slug == slug)
    async with Client(url=url, connections=LANES, headers={"Authorization": f"Bearer {first}"}) as client:
        sender = Sender(client)
        made = await sender.send(
            "POST",
            "/v1/api-keys",
            body={"name": "load", "scopes": ["tip.send"], "rate_per_second": _RATE_PER_S},
        )
        policy = {"asset": workload.ASSET, "min_minor": 1, "max_minor": 1_000_000}
        await sender.send("PUT", "/v1/tipping/policy", body={**policy, "day_limit_minor": None})
        await each(
            lambda creator: sender.send("PUT", f"/v1/creators/{creator}", body={}),
            [workload.creator(number) for number in range(creators)],
        )
        rich = [(workload.rich(number), workload.CREDIT_MINOR) for number in range(viewers)]
        poor = [(workload.poor(number), _TOO_LITTLE_MINOR) for number in range(workload.POOR)]
        await each(lambda one: sender.credit(*one), rich + poor)
    return Outfit(tenant_id=tenant_id, first=first, key=made["key"], bodies=tuple(_bodies(viewers, creators)))


def _bodies(viewers: int, creators: int) -> Sequence[Any]:
    audience = workload.Audience(
        randomness=Random("tips"),  # noqa: S311 - a draw
        viewers=viewers,
        creators=creators,
        refused_share=_REFUSED_SHARE,
    )
    return [
        {
            "viewer": tip.viewer,
            "creator": tip.creator,
            "asset": workload.ASSET,
            "amount_minor": tip.amount_minor,
        }
        for tip in audience.tips(_BODIES)
    ]


class Sender:
    """Sends what must be done, each under a key of its own that begins with `mark`."""

    def __init__(self, client: Client, *, mark: str = "outfit") -> None:
        self._client = client
        self._mark = mark
        self._number = 0

    async def send(self, method: str, path: str, *, body: object) -> Any:  # noqa: ANN401 - JSON as it comes
        """Send a request and return the answer's JSON. Raises OutfitError unless it was done."""
        self._number += 1
        answer = await self._client.send(
            method=method, path=path, body=msgspec.json.encode(body), key=f"{self._mark}-{self._number}"
        )
        if answer.status not in _DONE:
            raise OutfitError(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')}")
        return msgspec.json.decode(answer.body)

    async def credit(self, viewer: str, amount_minor: int) -> None:
        """Credit a viewer's wallet."""
        body = {"asset": workload.ASSET, "amount_minor": amount_minor}
        await self.send("POST", f"/v1/wallets/{viewer}/credits", body=body)


async def each(work: Callable[[_T], Awaitable[Any]], items: Iterable[_T]) -> None:
    """Do something for every item, `LANES` of them at a time."""
    waiting = iter(items)

    async def lane() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(lane())
