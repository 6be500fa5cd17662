"""Campaigns for benchmarks: written, funded and approved over HTTP by two people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from plaudit.app.bench import workload
from plaudit.app.bench.outfit import Sender
from plaudit.app.bench.report import Value
from plaudit.app.drive.client import Client
from plaudit.kernel.time import format_time
from plaudit.platform import packing
from plaudit.platform.db import Database

Json = dict[str, Any]

RUNNING: Final = 50
"""How many campaigns run in `bench campaigns`."""
SHARING: Final = 10
"""How many of them go by tips; the others go by top-ups."""
MATCHING: Final = 5
"""How many of these match every tip."""
GRANTING: Final = 2
"""How many of these are left after resolution: the first of two groups."""

_BUDGET_MINOR: Final = 10**12
_NEVER_MINOR: Final = 10**9
_MAKER: Final = ("campaign.read", "campaign.write")
_CHECKER: Final = ("campaign.read", "campaign.check")


def leaf(attribute: str, operator: str, *, value: object) -> Json:
    """Return one comparison."""
    return {"attribute": attribute, "operator": operator, "value": value}


def terms(
    *, strategy: Json, conditions: Json, trigger: str = "tip", base: Json | None = None, **more: object
) -> Json:
    """Return the terms of a campaign in coins that began yesterday and goes on for a month."""
    now = datetime.now(UTC)
    return {
        "trigger": trigger,
        "base": base or {"amount": "paid", "asset": workload.ASSET},
        "conditions": conditions,
        "strategy": strategy,
        "reward": {"kind": "coin", "asset": "coin"},
        "starts_at": format_time(now - timedelta(days=1)),
        "ends_at": format_time(now + timedelta(days=30)),
        "zone": "Asia/Shanghai",
        "texts": {"title_en": "Bench", "title_zh": "测试"},
        **more,
    }


def fifty() -> Mapping[str, Json]:
    """Return the campaigns of `bench campaigns` by id.

    Of the ten that go by tips, five match every tip: three of one group and two of another, so that two are
    left. The other five ask for a hundred times as many coins as anybody gives.
    """
    found: dict[str, Json] = {}
    for number in range(SHARING):
        matches = number < MATCHING
        least = 1 if matches else _NEVER_MINOR
        found[f"tips-{number}"] = terms(
            strategy={"kind": "fixed", "reward_minor": 1 + number},
            conditions={
                "all": [
                    leaf("amount", "at_least", value=least),
                    leaf("weekday", "one_of", value=list(range(1, 8))),
                ],
            },
            priority=RUNNING - number,
            group=f"group-{number % GRANTING}" if matches else None,
        )
    for number in range(RUNNING - SHARING):
        found[f"topups-{number}"] = terms(
            trigger="topup",
            base={"amount": "paid", "asset": "CNY"},
            strategy={"kind": "ratio", "ratio": "1/20"},
            conditions=leaf("amount", "at_least", value=100 + number),
        )
    return {name: {key: one for key, one in raw.items() if one is not None} for name, raw in found.items()}


async def promote(*, url: str, key: str, campaigns: Mapping[str, Json]) -> None:
    """Let campaigns run, each with a budget that outlasts the measurement. Raises outfit.OutfitError.

    `key` may take people on; one who writes and one who checks are taken on with it.
    """
    async with Client(url=url, connections=1, headers={"Authorization": f"Bearer {key}"}) as client:
        sender = Sender(client, mark="promote")
        made = {
            name: (await sender.send("POST", "/v1/staff", body={"name": name, "scopes": list(scopes)}))["key"]
            for name, scopes in (("maker", _MAKER), ("checker", _CHECKER))
        }
    async with (
        Client(url=url, connections=1, headers={"Authorization": f"Bearer {made['maker']}"}) as writing,
        Client(url=url, connections=1, headers={"Authorization": f"Bearer {made['checker']}"}) as checking,
    ):
        maker, checker = Sender(writing, mark="maker"), Sender(checking, mark="checker")
        for campaign, raw in campaigns.items():
            await _run(maker, checker, campaign, raw)


async def granted(*, database_url: str, tenant_id: int) -> dict[str, Value]:
    """Return how many tips there are, and how many rewards they had."""
    async with (
        Database.open(database_url, pool_max=1, listen=False) as database,
        database.connection() as conn,
    ):
        cursor = await conn.execute(
            "SELECT count(*) FILTER (WHERE kind = 'tip.sent'),"
            " count(*) FILTER (WHERE kind = 'campaign.granted')"
            " FROM journal.fact WHERE tenant_id = %s",
            (packing.Int4(tenant_id),),
        )
        row = await cursor.fetchone()
    assert row is not None
    return {"tips": row[0], "rewards": row[1], "rewards_missing": row[0] * GRANTING - row[1]}


async def _run(maker: Sender, checker: Sender, campaign: str, raw: Json) -> None:
    path = f"/v1/campaigns/{campaign}"
    saved = await maker.send("PUT", path, body={"terms": raw})
    asked = await maker.send("POST", f"{path}/budget-transfers", body={"amount_minor": _BUDGET_MINOR})
    await checker.send("POST", f"{path}/budget-transfers/{asked['transfer']}/approve", body={})
    which = {"revision": saved["revision"]}
    await maker.send("POST", f"{path}/submit", body=which)
    await checker.send("POST", f"{path}/approve", body=which)
