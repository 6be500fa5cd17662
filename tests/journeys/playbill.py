"""The show that is sold, its offers, and who does what about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tests.journeys.season import SHOW, Buyer, Season
from tests.kit.scale import by_scale

__all__ = ["EARLY", "Cast", "N", "announced", "cast_of", "looked"]

N: Final = by_scale(small=1, proof=10)
"""How many there are of each fate, or of a half or third of it."""
EARLY: Final = 7 * N
"""Seats at the first price; the first wave wants more."""


@dataclass(slots=True)
class Cast:
    """Who does what."""

    keep: list[Buyer]
    two: list[Buyer]
    leave: list[Buyer]
    give_up: list[Buyer]
    late: list[Buyer]
    too_late: list[Buyer]
    return_it: list[Buyer]
    hand_on: list[Buyer]
    early: list[Buyer]
    reminded: list[Buyer]
    last_hour: list[Buyer]
    grace: list[Buyer]
    forfeit: list[Buyer]
    forfeit_late: list[Buyer]
    deposit_back: list[Buyer]
    full: list[Buyer]
    failed: list[Buyer]
    leaver: list[Buyer]
    front: list[Buyer]
    waiting: list[Buyer]
    places: list[str] = field(default_factory=list)

    @property
    def deposits(self) -> list[Buyer]:
        """All who pay a deposit."""
        return [
            *(*self.early, *self.reminded, *self.last_hour, *self.grace),
            *(*self.forfeit, *self.forfeit_late, *self.deposit_back),
        ]


def cast_of(season: Season) -> Cast:
    """Return the first wave."""
    hires = season.hires
    return Cast(
        keep=hires("keep", 4 * N, "floor", campaign="weibo"),
        two=hires("two", N, "floor", quantity=2, campaign="weibo"),
        leave=hires("leave", N, "floor"),
        give_up=hires("give-up", N, "floor"),
        return_it=hires("return", 2 * N, "floor", campaign="mail"),
        hand_on=hires("hand-on", N, "floor"),
        late=hires("late", N, "circle"),
        too_late=hires("too-late", N, "circle"),
        early=hires("early", 2 * N, "vip", mode="deposit", campaign="mail"),
        reminded=hires("reminded", N, "vip", mode="deposit"),
        last_hour=hires("last-hour", 9 * N, "vip", mode="deposit"),
        grace=hires("grace", N, "vip", mode="deposit", quantity=2),
        forfeit=hires("forfeit", N, "vip", mode="deposit"),
        forfeit_late=hires("forfeit-late", N, "vip", mode="deposit"),
        deposit_back=hires("deposit-back", N, "vip", mode="deposit"),
        full=hires("full", 3 * N, "circle", mode="group"),
        failed=hires("failed", 2 * N, "circle", mode="group"),
        leaver=hires("leaver", 4 * N, "circle", mode="group"),
        front=hires("front", 2 * N, "front"),
        waiting=hires("waiting", 2 * N, "front"),
    )


async def announced(season: Season) -> None:
    """Announce a show with four offers, open the sandbox, and say what an invitation earns."""
    desk = season.desk
    show = {
        "organiser": "aurora",
        "starts_at": season.text(10, 20),
        "ends_at": season.text(10, 22),
        "sale_at": season.text(1, 10),
        "texts": {"en": {"title": "Winter concert"}, "zh": {"title": "冬日演唱会"}},
        "streams": [
            {"stream": "main", "rights": ["main", "vip"]},
            {"stream": "backstage", "rights": ["vip"]},
        ],
        "commission": "12%",
        "watch_url": "https://live.example/{show}",
    }
    await desk.put(f"/v1/shows/{SHOW}", show)
    await desk.post(f"/v1/shows/{SHOW}/state", {"state": "presale"}, key="presale")
    common: dict[str, Any] = {
        "show": SHOW,
        "zone": "main",
        "asset": "CNY",
        "rights": ["main"],
        "stock": 30 * N,
    }
    steps = [
        {"price_minor": 5_000, "count": EARLY},
        {"price_minor": 8_000, "ends_at": season.text(2, 10)},
        {"price_minor": 10_000},
    ]
    bundle = [{"kind": "coin", "amount_minor": 100}]
    await desk.put("/v1/offers/floor", {**common, "steps": steps, "transferable": True, "bundle": bundle})
    deposit = {
        "deposit_minor": 4_000,
        "balance_from": season.text(1, 10),
        "balance_until": season.text(6, 12),
        "grace_s": 21_600,
        "forfeited": "75%",
    }
    vip = {"zone": "vip", "rights": ["vip"], "steps": [{"price_minor": 20_000}], "deposit": deposit}
    await desk.put("/v1/offers/vip", {**common, **vip})
    group = {"size": 3, "within_s": 2 * 86_400, "price_minor": 6_000}
    await desk.put("/v1/offers/circle", {**common, "steps": [{"price_minor": 9_000}], "group": group})
    front = {"zone": "front", "stock": 2 * N, "steps": [{"price_minor": 15_000}], "waiting_s": 3_600}
    await desk.put("/v1/offers/front", {**common, **front})
    account = {
        "channel": "sandbox",
        "name": "Sandbox",
        "assets": ["CNY"],
        "methods": ["sandbox"],
        "secrets": {"signing_key": "0123456789abcdef0123456789abcdef"},
    }
    await desk.post("/v1/channel-accounts", account, key="sandbox")
    rule = {
        "landing_url": "https://live.example/{show}?by={invitation}",
        "inviter": [{"kind": "coin", "amount_minor": 50}],
        "friend": [{"kind": "points", "amount_minor": 20}],
    }
    await desk.put(f"/v1/invitation-rules/{SHOW}", rule)


async def looked(season: Season, buyers: Sequence[Buyer]) -> None:
    """Have these look at the show's page and click, before they order."""
    events: list[dict[str, Any]] = []
    for one in buyers:
        about: dict[str, Any] = {"show": SHOW, "visitor": one.name, "page": f"/shows/{SHOW}"}
        if "campaign" in one.wants:
            about["campaign"] = {"source": one.wants["campaign"].upper()}
        events += [{**about, "id": f"{kind}-{one.name}", "kind": kind} for kind in ("view", "click")]
    for first in range(0, len(events), 100):
        body = msgspec.json.encode({"events": events[first : first + 100]})
        answer = await season.desk.client.send(method="POST", path="/v1/track", body=body)
        assert answer.status == 202, answer
