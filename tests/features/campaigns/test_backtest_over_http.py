"""A backtest over HTTP: of a draft that nobody has approved, of other terms, and of what makes no sense."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from plaudit.features.campaigns.queries import backtest
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from tests.app.edge import problem
from tests.features.campaigns.stage import NOON, PATH, TERMS, Stage

pytestmark = pytest.mark.anyio

TIPS: Final[dict[str, Any]] = TERMS | {
    "trigger": "tip",
    "base": {"amount": "paid", "asset": "coin"},
    "strategy": {"kind": "ratio", "ratio": "1/10"},
    "starts_at": "2026-11-01T00:00:00Z",
}
BACKTEST: Final = f"{PATH}/backtest"
NOVEMBER: Final = {"from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}


async def tip(stage: Stage, amount_minor: int, viewer: str = "ann") -> int:
    """Play tipping, and return where the tip stands."""
    sent = TipSent(
        viewer=viewer,
        creator="aurora",
        asset="coin",
        amount_minor=amount_minor,
        creator_minor=amount_minor,
        guild_minor=0,
        platform_minor=0,
        terms="t",
        terms_revision=1,
    )
    return await stage.say(f"viewer/{viewer}", sent)


async def take_back(stage: Stage, position: int, amount_minor: int, viewer: str = "ann") -> None:
    """Play tipping, which takes a tip back in part or whole."""
    back = TipReversed(
        tip=position,
        viewer=viewer,
        creator="aurora",
        asset="coin",
        amount_minor=amount_minor,
        creator_minor=amount_minor,
        guild_minor=0,
        platform_minor=0,
        reversed_minor=amount_minor,
    )
    await stage.say(f"viewer/{viewer}", back)


async def head_of(stage: Stage) -> int:
    found: int = (await stage.acme.get("/v1/facts", after=0, limit=1))["head"]
    return found


async def test_a_draft_is_tested_before_anybody_has_approved_it_and_nothing_is_written(stage: Stage) -> None:
    await stage.draft(TIPS)
    first = await tip(stage, 500)
    await tip(stage, 95, "bob")
    await take_back(stage, first, 200)
    await stage.caught_up()
    head = await head_of(stage)
    found = await stage.ada.do("POST", BACKTEST, NOVEMBER)
    assert (found["revision"], found["facts"], found["rewards"], found["viewers"]) == (1, 2, 2, 2)
    assert (found["granted_minor"], found["taken_back_minor"], found["cost_minor"]) == (59, 20, 39)
    assert [(one["day"], one["cost_minor"]) for one in found["days"]] == [("2026-11-22", 39)]
    assert [(one["viewer"], one["amount_minor"]) for one in found["winners"]] == [("ann", 30), ("bob", 9)]
    assert ET.fromstring(found["chart_svg"]).tag.endswith("svg")  # noqa: S314 - our own
    assert await head_of(stage) == head
    assert await stage.balance("campaign/first/budget/coin") == 0


@pytest.mark.parametrize(
    ("strategy", "cost_minor"),
    [
        ({"kind": "ratio", "ratio": "1/10"}, 70),
        (
            {
                "kind": "cumulative",
                "counted": "campaign",
                "tiers": [{"from_minor": 600, "reward_minor": 25}],
            },
            25,
        ),
        ({"kind": "first", "reward_minor": 9}, 9),
    ],
)
async def test_a_draft_for_later_is_tested_as_if_it_ran_then(
    stage: Stage, strategy: dict[str, Any], cost_minor: int
) -> None:
    later = {"starts_at": "2036-11-22T00:00:00Z", "ends_at": "2036-12-01T00:00:00Z"}
    await stage.draft(TIPS | later | {"strategy": strategy})
    await tip(stage, 500)
    await tip(stage, 200)
    await stage.caught_up()
    found = await stage.ada.do("POST", BACKTEST, NOVEMBER)
    assert (found["as_if_running"], found["heard"], found["cost_minor"]) == (True, 2, cost_minor)


async def test_terms_that_ran_for_a_part_of_the_period_keep_their_own(stage: Stage) -> None:
    await stage.draft(TIPS | {"starts_at": "2026-11-22T13:00:00Z"})
    await tip(stage, 500)
    stage.clock.time = NOON + timedelta(hours=2)
    await tip(stage, 200)
    await stage.caught_up()
    found = await stage.ada.do("POST", BACKTEST, NOVEMBER)
    assert (found["as_if_running"], found["heard"], found["cost_minor"]) == (False, 1, 20)


async def test_other_terms_and_another_budget_may_be_tried(stage: Stage) -> None:
    await stage.draft(TIPS)
    for _ in range(3):
        await tip(stage, 100)
    await stage.caught_up()
    doubled = TIPS | {"strategy": {"kind": "ratio", "ratio": "1/5"}}
    found = await stage.ada.do("POST", BACKTEST, {**NOVEMBER, "terms": doubled, "budget_minor": 50})
    assert (found["revision"], found["cost_minor"], found["budget_minor"]) == (None, 40, 50)
    assert (found["dry"]["left_minor"], found["withheld"]) == (10, {"campaign.budget": 1})
    revision = await stage.ada.do("POST", BACKTEST, {**NOVEMBER, "revision": 1})
    assert revision["cost_minor"] == 30


async def test_what_runs_takes_part_unless_it_is_left_out(stage: Stage) -> None:
    exclusive = TIPS | {"exclusive": True, "priority": 9}
    await stage.approved(exclusive, "/v1/campaigns/running")
    stage.clock.time = NOON + timedelta(days=1)
    await tip(stage, 100)
    await stage.caught_up()
    await stage.draft(TIPS)
    found = await stage.ada.do("POST", BACKTEST, NOVEMBER)
    assert (found["matched"], found["counted"], found["kept_out"]) == (1, 0, {"excluded": 1})
    assert found["beside"] == [
        {
            "campaign": "running",
            "revision": 1,
            "asset": "coin",
            "cost_minor": 10,
            "cost_without_minor": 10,
            "rewards": 1,
            "rewards_without": 1,
        }
    ]
    alone = await stage.ada.do("POST", BACKTEST, {**NOVEMBER, "alone": True})
    assert (alone["counted"], alone["beside"]) == (1, [])


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"from": None}, 400, "body.invalid"),
        ({"from": "yesterday"}, 400, "body.invalid"),
        ({"from": "2026-12-01T00:00:00Z"}, 400, "period.invalid"),
        ({"until": "2026-10-01T00:00:00Z"}, 400, "period.invalid"),
        ({"budget_minor": -1}, 400, "body.invalid"),
        ({"budget_minor": 2**60}, 400, "body.invalid"),
        ({"budget_minor": "much"}, 400, "body.invalid"),
        ({"revision": 9}, 404, "revision.unknown"),
        ({"revision": 0}, 404, "revision.unknown"),
        ({"revision": 2**32 + 1}, 404, "revision.unknown"),
        ({"revision": 10**30}, 404, "revision.unknown"),
        ({"revision": 1, "terms": TIPS}, 400, "body.invalid"),
        ({"terms": {}}, 400, "campaign.missing"),
        ({"terms": TIPS | {"conditions": {"all": [{"attribute": "mood"}]}}}, 400, "campaign.attribute"),
        ({"alone": 1}, 400, "body.invalid"),
        ({"limit": 1}, 400, "body.unknown_field"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_so(
    stage: Stage, change: dict[str, Any], status: int, code: str
) -> None:
    await stage.draft(TIPS)
    answer = await stage.ada.send("POST", BACKTEST, {**NOVEMBER, **change}, key=None)
    problem(answer, status, code)


async def test_an_unknown_campaign_is_not_tested(stage: Stage) -> None:
    answer = await stage.ada.send("POST", "/v1/campaigns/none/backtest", NOVEMBER)
    problem(answer, 404, "campaign.unknown")


async def test_one_at_a_time_and_no_more_than_a_request_may_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.draft(TIPS)
    for _ in range(6):
        await tip(stage, 100)
    both = await asyncio.gather(*(stage.ada.send("POST", BACKTEST, NOVEMBER) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 503]
    monkeypatch.setattr(backtest, "POSITIONS_MAX", 5)
    told = problem(await stage.ada.send("POST", BACKTEST, NOVEMBER), 422, "backtest.too_long")
    assert "plaudit backtest" in told["detail"]


async def test_a_day_of_long_ago_is_tested_however_much_came_after(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.draft(TIPS)
    await tip(stage, 100)
    stage.clock.time = NOON + timedelta(hours=20)
    await tip(stage, 300)
    monkeypatch.setattr(backtest, "POSITIONS_MAX", await head_of(stage))
    day = {"from": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"}
    found = await stage.ada.do("POST", BACKTEST, day)
    assert (found["cost_minor"], found["recorded_until"]) == (10, None)
    stage.clock.time = NOON + timedelta(days=5)
    await tip(stage, 500)
    found = await stage.ada.do("POST", BACKTEST, day)
    assert (found["cost_minor"], found["recorded_until"]) == (10, "2026-11-24T00:00:00.000000Z")
    answer = await stage.ada.send("POST", BACKTEST, {**day, "until": "2026-11-28T00:00:00Z"})
    problem(answer, 422, "backtest.too_long")


async def test_it_takes_the_right_to_read_campaigns(stage: Stage) -> None:
    await stage.draft(TIPS)
    person = await stage.acme.do("POST", "/v1/staff", {"name": "Eve", "scopes": ["ledger.read"]})
    answer = await stage.edge.caller(person["key"]).send("POST", BACKTEST, NOVEMBER)
    problem(answer, 403, "scope.missing")
