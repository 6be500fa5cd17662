"""What `bench presale` needs in a server before it loads it: a show, and offers whose seats are raced for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from plaudit.app.assembly import assembled, open_tenant
from plaudit.app.bench.outfit import Sender
from plaudit.app.drive.client import Client
from plaudit.core.commands import tenants
from plaudit.kernel.time import format_time
from plaudit.platform.settings import Settings

SHOW: Final = "bench"
OFFER: Final = "floor"
"""The offer whose reservations are counted: more seats than can be sold in a round."""
RACE: Final = "race"
STEPS: Final = (1_000, 1_500, 2_000, 500)
"""How many seats each price of the race holds for; together they are all its seats."""
PER_PERSON: Final = 2
_SLUG: Final = "bench"
_RATE_PER_S: Final = 1_000_000
_STOCK: Final = 10_000_000
_HOLD_S: Final = 86_400


class Venue(Struct, frozen=True, kw_only=True):
    """A tenant that sells a show: its key, with a rate limit that is not met."""

    tenant_id: int
    key: str


async def open_venue(*, url: str, settings: Settings, database_url: str, steps: Sequence[int]) -> Venue:
    """Open a tenant, announce a show and put its offers on sale; `steps` are the seats of the race's prices.

    Raises outfit.OutfitError.
    """
    async with assembled(settings, url=database_url) as house:
        first = await open_tenant(house, slug=_SLUG, name="Bench")
        async with house.database.connection() as conn:
            tenant_id = next(one.tenant_id for one in await tenants.tenants(conn) if one.slug == _SLUG)
    async with Client(url=url, connections=1, headers={"Authorization": f"Bearer {first}"}) as client:
        sender = Sender(client)
        made = await sender.send(
            "POST",
            "/v1/api-keys",
            body={
                "name": "load",
                "scopes": ["ticket.order", "tip.send"],
                "rate_per_second": _RATE_PER_S,
            },
        )
        await put_on_sale(sender)
        await sender.send("PUT", f"/v1/offers/{RACE}", body=_race(steps))
    return Venue(tenant_id=tenant_id, key=made["key"])


async def put_on_sale(sender: Sender) -> None:
    """Announce a show, and sell its floor."""
    await sender.send("PUT", f"/v1/shows/{SHOW}", body=_show())
    await sender.send("POST", f"/v1/shows/{SHOW}/state", body={"state": "presale"})
    await sender.send("PUT", f"/v1/offers/{OFFER}", body=_floor())


def _show() -> dict[str, Any]:
    starts_at = datetime.now(UTC) + timedelta(days=30)
    return {
        "organiser": "aurora",
        "starts_at": format_time(starts_at),
        "ends_at": format_time(starts_at + timedelta(hours=3)),
        "texts": {"en": {"title": "Bench"}, "zh": {"title": "长椅"}},
        "streams": [{"stream": "main", "rights": ["main"]}],
        "commission": "10%",
    }


def _offer(**terms: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "show": SHOW,
        "zone": "main",
        "asset": "CNY",
        "rights": ["main", "chat"],
        "hold_s": _HOLD_S,
        **terms,
    }


def _floor() -> dict[str, Any]:
    steps = [{"price_minor": 9_900, "count": 1_000_000}, {"price_minor": 12_900}]
    return _offer(stock=_STOCK, steps=steps, per_person_max=1_000_000)


def _race(steps: Sequence[int]) -> dict[str, Any]:
    *counted, last = [
        {"price_minor": 9_900 + 1_000 * number, "count": count} for number, count in enumerate(steps)
    ]
    del last["count"]
    return _offer(
        stock=sum(steps), steps=[*counted, last], per_person_max=PER_PERSON, per_order_max=PER_PERSON
    )
