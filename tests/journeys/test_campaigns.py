"""A rebate from its draft to a refund, over HTTP; and a thousand people who want the last ten rewards."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest

from plaudit.app.drive.client import Client
from plaudit.kernel.time import format_time
from tests.journeys.stage import Api, Opened, examined, opened_tenants, started
from tests.kit.figures import tell
from tests.kit.servers import FOLDER, DatabaseUrls

PATIENCE_S: Final = 30.0
PROCESSES: Final = 4
LAST: Final = 10
RACERS: Final = 1_000
LANES: Final = 32
MAKER: Final = ["campaign.read", "campaign.write"]
CHECKER: Final = ["campaign.read", "campaign.check"]
PACK: Final = {
    "price_asset": "CNY",
    "price_minor": 1_200,
    "asset": "coin",
    "amount_minor": 120,
    "on_sale": True,
}
SANDBOX: Final = {
    "channel": "sandbox",
    "name": "Sandbox",
    "secrets": {"signing_key": "s" * 32},
    "assets": ["CNY"],
    "methods": ["sandbox"],
}


def terms(**more: object) -> dict[str, Any]:
    """Return the terms of a fifth of the first top-up, in points, for a month from yesterday."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "trigger": "topup",
        "base": {"amount": "paid", "asset": "CNY"},
        "conditions": {"attribute": "first_ever", "operator": "is", "value": True},
        "strategy": {"kind": "ratio", "ratio": "1/5"},
        "reward": {"kind": "points"},
        "starts_at": format_time(now - timedelta(days=1)),
        "ends_at": format_time(now + timedelta(days=30)),
        "zone": "Asia/Shanghai",
        "texts": {"title_en": "A fifth back", "title_zh": "首充返两成"},
        **more,
    }


@dataclass(frozen=True, slots=True)
class Office:
    """Who writes campaigns, and who checks them."""

    maker: Api
    checker: Api

    def run(self, campaign: str, sent: dict[str, Any], *, budget_minor: int) -> None:
        """Let a campaign be written, funded and approved."""
        path = f"/v1/campaigns/{campaign}"
        revision = self.maker.put(path, {"terms": sent})["revision"]
        asked = self.maker.post(f"{path}/budget-transfers", {"amount_minor": budget_minor})
        self.checker.post(f"{path}/budget-transfers/{asked['transfer']}/approve", status=200)
        self.maker.post(f"{path}/submit", {"revision": revision}, status=200)
        self.checker.post(f"{path}/approve", {"revision": revision}, status=200)


def office_of(api: Api, somebody: Callable[[str], Api]) -> Office:
    """Take two people on."""
    keys = [
        api.post("/v1/staff", {"name": name, "scopes": scopes})["key"]
        for name, scopes in (("Ada", MAKER), ("Bob", CHECKER))
    ]
    return Office(somebody(keys[0]), somebody(keys[1]))


@pytest.fixture
def office(api: Api, somebody: Callable[[str], Api]) -> Office:
    return office_of(api, somebody)


def becomes(read: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while read() != wanted:
        assert time.monotonic() < deadline, (read(), wanted)
        time.sleep(0.05)


def tops_up(api: Api, viewer: str) -> str:
    """Pay 12.00 CNY for 120 coins at the sandbox, and return the payment."""
    due = api.post("/v1/topups", {"viewer": viewer, "pack": "small"})["due"]
    payment: str = api.post("/v1/payments", {"due": due})["payment"]
    api.post(f"/v1/payments/{payment}/attempts", {"method": "sandbox"})
    api.post(f"/v1/payments/{payment}/sandbox", {"act": "pay"})
    return payment


def position_of(api: Api, kind: str, viewer: str) -> int:
    """Return where the newest fact of a kind about a viewer stands."""
    after, found = 0, 0
    while True:
        page = api.get("/v1/facts", after=after, kinds=kind, limit=200)
        own = [int(one["position"]) for one in page["facts"] if one["data"]["viewer"] == viewer]
        found = max([found, *own])
        after = page["next_after"]
        if after >= page["head"]:
            return found


def test_a_rebate_from_its_draft_to_a_refund(api: Api, office: Office) -> None:
    api.post("/v1/channel-accounts", SANDBOX)
    api.put("/v1/packs/small", PACK)
    tops_up(api, "old")
    becomes(lambda: api.balance("viewer/old/coin"), 120)

    # Ada writes it and sees what it would have cost; only then is it handed in.
    path = "/v1/campaigns/first-topup"
    office.maker.put(path, {"terms": terms()})
    asked = {"from": terms()["starts_at"], "until": terms()["ends_at"]}
    tested = office.maker.post(f"{path}/backtest", asked, status=200)
    assert (tested["heard"], tested["rewards"], tested["cost_minor"]) == (1, 1, 240)
    assert [(one["viewer"], one["amount_minor"]) for one in tested["winners"]] == [("old", 240)]
    assert "<svg" in tested["chart_svg"]
    money = office.maker.post(f"{path}/budget-transfers", {"amount_minor": 1_000})
    assert office.maker.raw("POST", f"{path}/approve", {"revision": 1}, key="self").status_code == 403
    office.checker.post(f"{path}/budget-transfers/{money['transfer']}/approve", status=200)
    office.maker.post(f"{path}/submit", {"revision": 1}, status=200)
    office.checker.post(f"{path}/approve", {"revision": 1}, status=200)
    assert office.maker.get(path)["state"] == "running"

    # The first top-up earns a fifth, the second nothing, and who was there before nothing either.
    payment = tops_up(api, "new")
    becomes(lambda: api.balance("viewer/new/points"), 240)
    tops_up(api, "new")
    tops_up(api, "old")
    becomes(lambda: api.balance("viewer/new/coin"), 240)
    becomes(lambda: api.balance("viewer/old/coin"), 240)
    assert api.balance("campaign/first-topup/budget/points") == 760
    fact = position_of(api, "topup.credited", "new")
    explained = office.maker.get(f"{path}/explain", fact=fact, lang="en")
    assert (explained["verdict"], explained["decisions"]) == ("unmet", [])
    assert explained["tree"]["attribute"] == "first_ever"

    # The money of the first goes back, and with it what it earned; a new payment is not a first one.
    api.post(f"/v1/payments/{payment}/refunds", {"reason": "a slip"})
    becomes(lambda: api.balance("viewer/new/points"), 0)
    assert api.balance("campaign/first-topup/budget/points") == 1_000
    tops_up(api, "new")
    becomes(lambda: api.balance("viewer/new/coin"), 240)
    assert api.balance("viewer/new/points") == 0
    given = office.maker.get(f"{path}/grants")["items"]
    assert sorted((one["state"], one["amount_minor"]) for one in given) == [
        ("granted", 240),
        ("taken_back", 240),
    ]

    # What was promised is for everybody to read, and its hash is of what runs.
    newest = office.maker.get(path)["newest"]
    url = f"{api.url}/campaigns/{api.tenant}/first-topup"
    page = httpx.get(url, params={"lang": "en"})
    assert (page.status_code, "A fifth back" in page.text) == (200, True)
    text = httpx.get(f"{url}/revisions/1/terms.json").content
    assert newest["terms_hash"] == hashlib.sha256(text).hexdigest()
    assert newest["terms_hash"] in page.text


@dataclass(frozen=True, slots=True)
class Four:
    """Four serving processes on one database."""

    urls: list[str]
    tenant: Opened
    database_url: str


@pytest.fixture
def four(database: DatabaseUrls) -> Iterator[Four]:
    """Run four servers on one database."""
    with (
        tempfile.TemporaryDirectory(prefix="campaigns-", dir=os.environ[FOLDER]) as folder,
        ExitStack() as stack,
    ):
        (tenant,) = opened_tenants(database_url=database.url, data_dir=Path(folder), count=1)
        environ = {
            "PLAUDIT_DATABASE_URL": database.url,
            "PLAUDIT_DATABASE_OWNER_URL": database.owner_url,
            "PLAUDIT_DATA_DIR": folder,
        }
        urls = [stack.enter_context(started(environ=environ)).url for _ in range(PROCESSES)]
        yield Four(urls, tenant, database.url)


@pytest.mark.timeout(300)
async def test_a_thousand_race_for_the_last_ten_rewards(four: Four) -> None:
    """Each tips once, at one of four processes; ten are rewarded, the others are told why they are not."""
    with ExitStack() as stack:
        api = stack.enter_context(Api(four.urls[0], four.tenant.key, four.tenant.slug, four.tenant.tenant_id))
        office = office_of(api, lambda key: stack.enter_context(api.like(key)))
        api.put("/v1/creators/aurora", {})
        ten = terms(
            trigger="tip",
            base={"amount": "paid", "asset": "coin"},
            conditions=None,
            strategy={"kind": "fixed", "reward_minor": 7},
            reward={"kind": "coin"},
        )
        office.run("last-ten", ten, budget_minor=LAST * 7)
        await each(
            four, lambda number: (f"/v1/wallets/r{number}/credits", {"asset": "coin", "amount_minor": 1})
        )
        tips = await each(
            four,
            lambda number: ("/v1/tips", {"viewer": f"r{number}", "creator": "aurora", "amount_minor": 1}),
        )
        assert tips == {201: RACERS}
        budget = "campaign/last-ten/budget/coin"
        becomes(lambda: api.balance(budget), 0)
        becomes(
            lambda: api.get("/v1/facts", after=0, kinds="campaign.paused", limit=1)["facts"] != [],
            wanted=True,
        )
        caught_up(api)
        winners = [number for number in range(RACERS) if api.balance(f"viewer/r{number}/coin")]
        given = Counter(api.balance(f"viewer/r{number}/coin") for number in winners)
        assert given == {7: LAST}
        assert api.balance(budget) == 0
        paused = office.maker.get("/v1/campaigns/last-ten")
        assert (paused["state"], paused["paused"]) == ("paused", "budget")
        told = reasons(api, office)
        assert told["untold"] == 0, told
    tell(name="last_rewards", racers=RACERS, paid=len(winners), budget_minor=0, **told)
    verdict = await asyncio.to_thread(
        examined, database_url=four.database_url, tenant_id=four.tenant.tenant_id
    )
    assert verdict.green, verdict.findings


async def each(four: Four, request: Callable[[int], tuple[str, dict[str, object]]]) -> Counter[int]:
    """Send a request for every racer, to all processes side by side, and count the answers."""
    headers = {"Authorization": f"Bearer {four.tenant.key}"}
    statuses: Counter[int] = Counter()

    async def process(place: int, url: str) -> None:
        numbers = iter(range(place, RACERS, PROCESSES))
        async with Client(url=url, connections=LANES, headers=headers) as client:

            async def lane() -> None:
                for number in numbers:
                    path, body = request(number)
                    answer = await client.send(
                        method="POST", path=path, body=msgspec.json.encode(body), key=f"{path}/{number}"
                    )
                    statuses[answer.status] += 1

            await asyncio.gather(*(lane() for _ in range(LANES)))

    await asyncio.gather(*(process(place, url) for place, url in enumerate(four.urls)))
    return statuses


def caught_up(api: Api) -> None:
    """Wait until the reaction has read all there is."""

    def behind() -> int:
        (one,) = [one for one in api.get("/v1/subscriptions")["items"] if one["name"] == "campaigns.evaluate"]
        return int(one["lag"])

    becomes(behind, 0)


def reasons(api: Api, office: Office) -> dict[str, int]:
    """Count why the racers have nothing, each told by a fact about him or by what explains his tip."""
    told: Counter[str] = Counter()
    after, withheld, tips = 0, {}, {}
    while True:
        page = api.get(
            "/v1/facts", after=after, kinds="campaign.withheld,campaign.granted,tip.sent", limit=200
        )
        for one in page["facts"]:
            viewer = one["data"]["viewer"]
            if one["kind"] == "tip.sent":
                tips[viewer] = one["position"]
            elif one["kind"] == "campaign.withheld":
                withheld[viewer] = one["data"]["code"]
            else:
                withheld[viewer] = "granted"
        after = page["next_after"]
        if after >= page["head"]:
            break
    for viewer, position in tips.items():
        code = withheld.get(viewer)
        if code is None:
            shown = office.maker.get("/v1/campaigns/last-ten/explain", fact=position, lang="en")
            code = "campaign.paused" if shown["absence"] == "dry" and shown["sentences"] else "untold"
        told[code] += 1
    assert told["granted"] == LAST
    assert sum(told.values()) == RACERS
    return {name.replace("campaign.", ""): count for name, count in told.items()} | {"untold": told["untold"]}
