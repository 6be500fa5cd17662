"""A tenant that sells a show: announced, looked at, sold to a viewer, a group, and one who waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.app.edge import Caller, settled


async def announce(a: Caller, ids: Mapping[str, str], *, mark: str) -> None:
    """Have A announce a show with an offer, alone and to groups, and a code."""
    page = {"title": f"Winter {mark}"}
    show = {
        "organiser": ids["creator"],
        "starts_at": "2999-12-24T12:00:00Z",
        "ends_at": "2999-12-24T15:00:00Z",
        "texts": {"en": page, "zh": page},
        "streams": [{"stream": "main", "rights": ["main"]}],
    }
    await a.do("PUT", f"/v1/shows/{ids['show']}", show)
    await a.do("POST", f"/v1/shows/{ids['show']}/state", {"state": "presale"})
    offer = {
        "show": ids["show"],
        "zone": "main",
        "asset": "CNY",
        "stock": 4,
        "steps": [{"price_minor": 9_900}],
        "rights": ["main"],
        "group": {"size": 2, "within_s": 86_400, "price_minor": 7_900},
    }
    await a.do("PUT", f"/v1/offers/{ids['offer']}", offer)
    await a.do("PUT", f"/v1/offers/{ids['offer']}/codes/{ids['code']}", {"reserved": 2})


async def look(a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have somebody look at A's show by a campaign."""
    made = await a.do("POST", "/v1/site-keys", {"name": f"Site {mark}"})
    ids["site_key"] = made["site_key"]
    seen = {"id": f"e-{mark}", "kind": "view", "show": ids["show"], "campaign": {"source": mark}}
    await a.send("POST", "/v1/track", {"events": [seen]})


async def take_orders(a: Caller, ids: dict[str, str], *, mark: str) -> None:
    """Have A sell the offer out: a ticket that is paid for, a place in a group, and somebody who waits."""
    wish = {"viewer": ids["viewer"], "offer": ids["offer"], "campaign": f"campaign-{mark}"}
    order = await a.do("POST", "/v1/ticket-orders", wish)
    payment = (await a.do("POST", "/v1/payments", {"due": order["due"]}))["payment"]
    await a.do("POST", f"/v1/payments/{payment}/attempts", {})
    await a.do("POST", f"/v1/payments/{payment}/sandbox", {"act": "pay"})
    group = await a.do("POST", "/v1/ticket-orders", {**wish, "mode": "group"})
    waiting = await a.do("POST", "/v1/waiting", {"viewer": ids["viewer"], "offer": ids["offer"]})
    ids |= {"order": order["order"], "group": group["group"], "waiting": waiting["waiting"]}
    tickets: list[Any] = []

    async def issued() -> bool:
        tickets[:] = (await a.get("/v1/tickets", viewer=ids["viewer"]))["items"]
        return bool(tickets)

    await settled(issued)
    ids["ticket"] = tickets[0]["ticket"]
