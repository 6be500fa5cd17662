"""Why a campaign rewarded a fact or not, and how far a viewer has come: as it was judged, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from plaudit.core.ledger.book import Transfer
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.tipping import TipSent
from plaudit.vocabulary.facts.wallets import WalletCredited
from tests.app.edge import problem
from tests.features.campaigns.stage import NOON, PATH, TERMS, Stage

pytestmark = pytest.mark.anyio

TIPS: Final[dict[str, Any]] = TERMS | {
    "trigger": "tip",
    "base": {"amount": "paid", "asset": "coin"},
    "conditions": {
        "all": [
            {"attribute": "amount", "operator": "at_least", "value": 100},
            {"not": {"attribute": "tags", "operator": "contains", "value": "staff"}},
        ]
    },
    "strategy": {"kind": "ratio", "ratio": "1/10"},
}
WEEKLY: Final[dict[str, Any]] = TIPS | {
    "conditions": None,
    "strategy": {
        "kind": "cumulative",
        "counted": "week",
        "tiers": [{"from_minor": 500, "reward_minor": 30}, {"from_minor": 1_000, "reward_minor": 80}],
    },
}


async def _tip(stage: Stage, amount_minor: int, viewer: str = "ann") -> int:
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
    position = await stage.say(f"viewer/{viewer}", sent)
    await stage.caught_up()
    return position


async def _explain(stage: Stage, fact: int, path: str = PATH, lang: str = "en") -> Any:  # noqa: ANN401 - JSON
    return await stage.ada.get(f"{path}/explain", fact=fact, lang=lang)


async def _running(stage: Stage, terms: dict[str, Any] = TIPS, path: str = PATH) -> None:
    await stage.approved(terms, path)
    stage.clock.time = NOON + timedelta(days=1)
    await stage.caught_up()


async def test_a_fact_that_was_rewarded_shows_its_tree_and_its_grant(stage: Stage) -> None:
    await _running(stage)
    fact = await _tip(stage, 250)
    shown = await _explain(stage, fact)
    assert (shown["verdict"], shown["revision"], shown["absence"]) == ("counts", 1, None)
    amount, tags = shown["tree"]["of"]
    assert (amount["verdict"], amount["wanted"], amount["actual"]) == (True, 100, 250)
    assert (tags["node"], tags["verdict"]) == ("not", True)
    assert shown["sentences"] == ["It counts."]
    (grant,) = shown["decisions"]
    assert (grant["state"], grant["amount_minor"], grant["viewer"]) == ("granted", 25, "ann")


async def test_a_condition_that_is_not_met_is_named_in_both_languages(stage: Stage) -> None:
    await _running(stage)
    await stage.ada.do("PUT", "/v1/viewers/ann/attributes", {"tags": ["staff"]})
    await stage.caught_up()
    fact = await _tip(stage, 99)
    shown = await _explain(stage, fact)
    assert (shown["verdict"], shown["decisions"], shown["resolution"]) == ("unmet", [], [])
    assert len(shown["sentences"]) == 2
    assert "at least 100" in shown["sentences"][0]
    assert "99" in shown["sentences"][0]
    assert "金额" in (await _explain(stage, fact, lang="zh"))["sentences"][0]


async def test_a_fact_is_explained_by_what_the_viewer_was_when_it_happened(stage: Stage) -> None:
    await _running(stage)
    before = await _tip(stage, 200)
    await stage.ada.do("PUT", "/v1/viewers/ann/attributes", {"tags": ["staff"]})
    await stage.caught_up()
    after = await _tip(stage, 200)
    assert [(await _explain(stage, fact))["verdict"] for fact in (before, after)] == ["counts", "unmet"]


async def test_of_several_campaigns_the_reasons_are_told(stage: Stage) -> None:
    path = "/v1/campaigns/second"
    await _running(stage, TIPS | {"group": "g", "priority": 1})
    await stage.approved(TIPS | {"group": "g"}, path)
    fact = await _tip(stage, 200)
    shown = await _explain(stage, fact, path)
    assert (shown["verdict"], shown["decisions"]) == ("outranked", [])
    assert [(one["campaign"], one["reason"], one["by"]) for one in shown["resolution"]] == [
        ("first", "counts", None),
        ("second", "outranked", "first"),
    ]
    assert "first" in shown["sentences"][0]


async def test_why_a_campaign_was_not_there_is_told(stage: Stage) -> None:
    await stage.submitted(TIPS)
    draft = await _tip(stage, 200)
    shown = await _explain(stage, draft)
    assert (shown["verdict"], shown["absence"], shown["revision"]) == ("absent", "later", None)
    await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    await stage.caught_up()
    early = await _tip(stage, 200)
    stage.clock.time = NOON + timedelta(days=1)
    await stage.ada.do("POST", f"{PATH}/pause")
    await stage.caught_up()
    paused = await _tip(stage, 200)
    await stage.ada.do("POST", f"{PATH}/end")
    await stage.caught_up()
    ended = await _tip(stage, 200)
    told = [(await _explain(stage, fact))["absence"] for fact in (early, paused, ended)]
    assert told == ["period", "paused", "ended"]


async def test_a_reward_that_was_withheld_says_why(stage: Stage) -> None:
    await _running(stage, TIPS | {"caps": {"viewer_minor": 10}})
    await _tip(stage, 200)
    fact = await _tip(stage, 200)
    shown = await _explain(stage, fact)
    (withheld,) = shown["decisions"]
    assert (withheld["state"], withheld["code"]) == ("withheld", "campaign.cap")
    assert shown["sentences"] == ["It counts.", "A limit of the campaign leaves nothing of it."]


async def test_a_budget_that_does_not_reach_pauses_the_campaign_and_says_so(stage: Stage) -> None:
    await _running(stage)
    fact = await _tip(stage, 20_000)
    (withheld,) = (await _explain(stage, fact))["decisions"]
    assert withheld["code"] == "campaign.budget"
    shown = await stage.ada.get(PATH)
    assert (shown["state"], shown["paused"]) == ("paused", "budget")
    progress = await stage.ada.get(f"{PATH}/progress", viewer="ann", lang="en")
    assert (progress["state"], "given out" in progress["sentence"]) == ("dry", True)


async def test_what_a_campaign_does_not_go_by_is_told(stage: Stage) -> None:
    await _running(stage)
    wallet = chart.viewer_wallet(viewer="ann", asset="coin")
    credited = WalletCredited(viewer="ann", asset="coin", amount_minor=5)
    fact = await stage.say("viewer/ann", credited, Transfer(chart.issuance(asset="coin"), wallet, 5))
    assert (await _explain(stage, fact))["verdict"] == "trigger"
    for position in (1, 0, -1, 10**12, 2**63 - 1, 2**70):
        answer = await stage.ada.send("GET", f"{PATH}/explain?fact={position}")
        problem(answer, 404, "explain.fact")
    problem(await stage.ada.send("GET", f"/v1/campaigns/none/explain?fact={fact}"), 404, "campaign.unknown")
    problem(await stage.ada.send("GET", f"{PATH}/explain?fact={fact}&lang=fr"), 400, "body.invalid")


async def test_a_viewer_is_told_how_far_he_has_come(stage: Stage) -> None:
    await _running(stage, WEEKLY)
    secret = "a shared secret of 32 bytes or more"
    pinned = await stage.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": secret})
    viewer = stage.edge.caller(stage.edge.token(kid=pinned["id"], secret=secret))
    nothing = await viewer.get(f"{PATH}/progress", lang="en")
    assert nothing["sentence"] == "500 more this week for the next 30 coins"
    await _tip(stage, 620, viewer="v1")
    shown = await viewer.get(f"{PATH}/progress", lang="en")
    assert (shown["window"], shown["counted_minor"], shown["granted_minor"]) == ("week/2026-W48", 620, 30)
    assert shown["sentence"] == "380 more this week for the next 50 coins"
    assert "本周" in (await viewer.get(f"{PATH}/progress"))["sentence"]
    problem(await viewer.send("GET", f"{PATH}/progress?viewer=ann"), 403, "scope.missing")
    stage.clock.advance(days=7)
    assert (await stage.ada.get(f"{PATH}/progress", viewer="v1"))["counted_minor"] == 0
    problem(await stage.ada.send("GET", f"{PATH}/progress"), 400, "body.invalid")


async def test_progress_is_by_the_revision_in_force(stage: Stage) -> None:
    await _running(stage, WEEKLY)
    tiers = [{"from_minor": 700, "reward_minor": 40}]
    await stage.approved(
        WEEKLY | {"strategy": WEEKLY["strategy"] | {"tiers": tiers}}, effective_from="2026-11-25T00:00:00Z"
    )
    path = f"{PATH}/progress"
    shown = await stage.ada.get(path, viewer="ann", lang="en")
    assert (shown["state"], shown["sentence"]) == ("running", "500 more this week for the next 30 coins")
    stage.clock.advance(days=2)
    shown = await stage.ada.get(path, viewer="ann", lang="en")
    assert (shown["state"], shown["sentence"]) == ("running", "700 more this week for the next 40 coins")


@pytest.mark.parametrize("cap", ["viewer_minor", "viewer_day_minor", "day_minor", "total_minor"])
async def test_progress_promises_no_more_than_a_cap_leaves(stage: Stage, cap: str) -> None:
    await _running(stage, WEEKLY | {"caps": {cap: 50}})
    path = f"{PATH}/progress"
    await _tip(stage, 500)
    shown = await stage.ada.get(path, viewer="ann", lang="en")
    assert shown["sentence"] == "500 more this week for the next 20 coins"
    await _tip(stage, 500)
    shown = await stage.ada.get(path, viewer="ann", lang="en")
    assert (shown["granted_minor"], "limit" in shown["sentence"]) == (50, True)
    assert "上限" in (await stage.ada.get(path, viewer="ann"))["sentence"]


async def test_progress_knows_how_often_a_reward_may_be_had(stage: Stage) -> None:
    await _running(stage, WEEKLY | {"caps": {"viewer_count": 1}})
    await _tip(stage, 500)
    ann, bob = [
        (await stage.ada.get(f"{PATH}/progress", viewer=viewer, lang="en"))["sentence"]
        for viewer in ("ann", "bob")
    ]
    assert "limit" in ann
    assert bob == "500 more this week for the next 30 coins"


async def test_what_is_counted_for_each_creator_is_asked_for_each(stage: Stage) -> None:
    await _running(stage, WEEKLY | {"strategy": WEEKLY["strategy"] | {"per": ["creator"]}})
    await _tip(stage, 620)
    path = f"{PATH}/progress?viewer=ann&lang=en"
    assert problem(await stage.ada.send("GET", path), 400, "progress.which")["field"] == "creator"
    shown = await stage.ada.get(f"{PATH}/progress", viewer="ann", creator="aurora")
    assert (shown["window"], shown["counted_minor"]) == ("week/2026-W48/creator/aurora", 620)
    other = await stage.ada.get(f"{PATH}/progress", viewer="ann", creator="other")
    assert other["counted_minor"] == 0


async def test_progress_is_told_of_what_is_approved_only(stage: Stage) -> None:
    await stage.submitted(TIPS)
    answer = await stage.ada.send("GET", f"{PATH}/progress?viewer=ann")
    problem(answer, 404, "campaign.unknown")
