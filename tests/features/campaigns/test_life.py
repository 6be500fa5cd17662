"""A campaign from the first draft to its end: who may move it on, and what everybody is told."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from plaudit.features.campaigns.schedule import end_over
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
    CampaignSaved,
    CampaignSubmitted,
)
from tests.app.edge import problem
from tests.features.campaigns.stage import CAMPAIGN, NOON, PATH, RANDOM, TERMS, Stage

pytestmark = pytest.mark.anyio


async def test_a_campaign_goes_from_draft_to_its_end(stage: Stage) -> None:
    await stage.draft()
    assert await stage.state() == "draft"
    await stage.fund()
    await stage.ada.do("POST", f"{PATH}/submit", {"revision": 1})
    assert await stage.state() == "submitted"
    approved = await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    assert approved["effective_from"] == "2026-11-22T12:00:00.000000Z"
    assert await stage.state() == "scheduled"
    stage.clock.advance(days=1)
    assert await stage.state() == "running"
    await stage.ada.do("POST", f"{PATH}/pause")
    assert await stage.state() == "paused"
    await stage.ada.do("POST", f"{PATH}/resume")
    assert await stage.state() == "running"
    ended = await stage.ada.do("POST", f"{PATH}/end")
    assert (ended["done"], ended["seed"]) == ("ended", None)
    assert await stage.state() == "ended"
    for verb in ("pause", "resume", "end"):
        problem(await stage.ada.send("POST", f"{PATH}/{verb}"), 422, "campaign.ended")
    problem(await stage.ada.send("PUT", PATH, {"terms": TERMS}), 422, "campaign.ended")


async def test_what_was_approved_stands_in_its_fact_word_for_word(stage: Stage) -> None:
    await stage.approved()
    (fact,) = await stage.said(CampaignApproved)
    text = json.dumps(fact.terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == fact.terms_hash
    (saved,), (submitted,) = await stage.said(CampaignSaved), await stage.said(CampaignSubmitted)
    assert saved.terms_hash == submitted.terms_hash == fact.terms_hash
    assert fact.terms["texts"]["title_zh"] == "返五分之一"
    assert fact.seed_hash is None


async def test_nobody_decides_about_what_he_wrote_or_handed_in(stage: Stage) -> None:
    revision = {"revision": await stage.submitted()}
    problem(await stage.ada.send("POST", f"{PATH}/approve", revision), 403, "checker.invalid")
    problem(await stage.acme.send("POST", f"{PATH}/approve", revision), 403, "checker.invalid")
    await stage.bob.do("POST", f"{PATH}/reject", revision | {"reason": "too dear"})
    # Bob writes the next one and Ada hands it in: neither of them may decide.
    await stage.bob.do("PUT", PATH, {"terms": TERMS})
    await stage.ada.do("POST", f"{PATH}/submit", {"revision": 2})
    for one in (stage.ada, stage.bob):
        answer = await one.send("POST", f"{PATH}/approve", {"revision": 2})
        problem(answer, 403, "checker.invalid")


async def test_two_approvals_at_once_are_one(stage: Stage) -> None:
    revision = {"revision": await stage.submitted()}
    scopes = {"name": "Cy", "scopes": ["campaign.check"]}
    cy = stage.edge.caller((await stage.acme.do("POST", "/v1/staff", scopes))["key"])
    answers = await asyncio.gather(
        *(one.send("POST", f"{PATH}/approve", revision) for one in (stage.bob, cy, stage.bob, cy))
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    assert len(await stage.said(CampaignApproved)) == 1


async def test_the_same_key_does_it_once(stage: Stage) -> None:
    revision = {"revision": await stage.submitted()}
    first = await stage.bob.send("POST", f"{PATH}/approve", revision, key="k1")
    again = await stage.bob.send("POST", f"{PATH}/approve", revision, key="k1")
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await stage.bob.send("POST", f"{PATH}/approve", {"revision": 2}, key="k1")
    problem(other, 409, "key.conflict")


async def test_two_who_write_the_first_draft_at_once_leave_one_campaign(stage: Stage) -> None:
    answers = await asyncio.gather(
        *(one.send("PUT", PATH, {"terms": TERMS}) for one in (stage.ada, stage.bob))
    )
    assert [one.status_code for one in answers] == [200, 200]
    assert [one.json()["revision"] for one in answers] == [1, 1]
    assert len((await stage.ada.get("/v1/campaigns"))["items"]) == 1


async def test_a_writer_who_has_read_an_older_revision_is_told(stage: Stage) -> None:
    await stage.approved()
    await stage.draft(revises=1)
    answer = await stage.bob.send("PUT", PATH, {"terms": TERMS, "revises": 1})
    assert problem(answer, 409, "campaign.stale")["revision"] == 2


async def test_what_is_under_review_is_not_written_over(stage: Stage) -> None:
    await stage.submitted()
    problem(await stage.ada.send("PUT", PATH, {"terms": TERMS}), 409, "campaign.submitted")
    await stage.ada.do("POST", f"{PATH}/discard", {"revision": 1})
    assert await stage.state() == "discarded"
    assert await stage.draft() == 2


@pytest.mark.parametrize("verb", ["approve", "reject", "submit", "discard"])
async def test_only_the_newest_revision_is_decided_about(stage: Stage, verb: str) -> None:
    await stage.approved()
    await stage.draft()
    body: dict[str, Any] = {"revision": 1} | ({"reason": "no"} if verb == "reject" else {})
    problem(await stage.bob.send("POST", f"{PATH}/{verb}", body), 409, "campaign.stale")


async def test_a_step_out_of_turn_is_refused(stage: Stage) -> None:
    problem(await stage.ada.send("POST", f"{PATH}/pause"), 404, "campaign.unknown")
    await stage.draft()
    problem(await stage.bob.send("POST", f"{PATH}/approve", {"revision": 1}), 409, "revision.state")
    for verb in ("pause", "resume", "end"):
        problem(await stage.ada.send("POST", f"{PATH}/{verb}"), 409, "campaign.state")
    await stage.fund()
    await stage.ada.do("POST", f"{PATH}/submit", {"revision": 1})
    problem(await stage.ada.send("POST", f"{PATH}/submit", {"revision": 1}), 409, "revision.state")
    await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    problem(await stage.ada.send("POST", f"{PATH}/resume"), 409, "campaign.state")
    await stage.ada.do("POST", f"{PATH}/pause")
    problem(await stage.ada.send("POST", f"{PATH}/pause"), 409, "campaign.paused")


async def test_revisions_are_shown_with_who_and_what_changed(stage: Stage) -> None:
    await stage.approved()
    await stage.draft(TERMS | {"strategy": {"kind": "ratio", "ratio": "1/4"}})
    second, first = (await stage.ada.get(f"{PATH}/revisions"))["items"]
    assert first["state"] == "approved"
    assert first["author"] == first["maker"] != first["checker"]
    assert first["changes"] == []
    (change,) = second["changes"]
    assert change["place"].startswith("strategy")
    assert "1/4" in str(change["after"])
    assert second == await stage.ada.get(f"{PATH}/revisions/2")
    problem(await stage.ada.send("GET", f"{PATH}/revisions/3"), 404, "revision.unknown")


async def test_what_is_fixed_cannot_be_changed_once_approved(stage: Stage) -> None:
    await stage.approved()
    other = TERMS | {"reward": {"kind": "points"}}
    answer = await stage.ada.send("PUT", PATH, {"terms": other})
    assert "reward" in problem(answer, 409, "campaign.fixed")["place"]


async def test_terms_never_hold_from_the_past(stage: Stage) -> None:
    late = {"terms": TERMS, "effective_from": "2026-11-22T11:59:59Z"}
    assert problem(await stage.ada.send("PUT", PATH, late), 400, "body.invalid")["field"] == "effective_from"
    after = {"terms": TERMS, "effective_from": TERMS["ends_at"]}
    problem(await stage.ada.send("PUT", PATH, after), 400, "body.invalid")
    await stage.submitted(effective_from="2026-11-25T00:00:00Z")
    stage.clock.advance(days=5)
    approved = await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    assert approved["effective_from"] == "2026-11-27T12:00:00.000000Z"


async def test_a_later_time_is_kept(stage: Stage) -> None:
    approved = await stage.approved(effective_from="2026-11-25T00:00:00Z")
    assert approved["effective_from"] == "2026-11-25T00:00:00.000000Z"


async def test_what_is_over_before_it_is_approved_is_refused(stage: Stage) -> None:
    past = TERMS | {"starts_at": "2026-11-01T00:00:00Z", "ends_at": "2026-11-22T12:00:00Z"}
    answer = await stage.ada.send("PUT", PATH, {"terms": past})
    assert problem(answer, 400, "body.invalid")["place"] == "ends_at"
    await stage.submitted()
    stage.clock.advance(days=30)
    problem(await stage.bob.send("POST", f"{PATH}/approve", {"revision": 1}), 400, "body.invalid")


async def test_a_reward_needs_a_budget(stage: Stage) -> None:
    await stage.draft()
    answer = await stage.ada.send("POST", f"{PATH}/submit", {"revision": 1})
    assert problem(answer, 422, "campaign.unfunded")["place"] == "reward"
    asked = await stage.ada.do("POST", f"{PATH}/budget-transfers", {"amount_minor": 500})
    await stage.ada.do("POST", f"{PATH}/submit", {"revision": 1})
    problem(await stage.bob.send("POST", f"{PATH}/approve", {"revision": 1}), 422, "campaign.unfunded")
    await stage.bob.do("POST", f"{PATH}/budget-transfers/{asked['transfer']}/approve")
    await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})


async def test_the_secret_of_random_rewards_is_committed_to_and_told_in_the_end(stage: Stage) -> None:
    approved = await stage.approved(RANDOM)
    async with stage.house.database.connection() as conn:
        cursor = await conn.execute("SELECT seed FROM campaigns.campaign")
        (sealed,) = await cursor.fetchone() or (b"",)
    again = await stage.approved(RANDOM | {"priority": 3})
    assert again["seed_hash"] is None
    ended = await stage.ada.do("POST", f"{PATH}/end")
    seed = bytes.fromhex(ended["seed"])
    assert hashlib.sha256(seed).hexdigest() == approved["seed_hash"]
    assert seed not in bytes(sealed)


async def test_its_time_ends_a_campaign_once_and_tells_everybody(stage: Stage) -> None:
    await stage.approved(RANDOM)
    stage.clock.time = NOON + timedelta(days=8, hours=11)
    assert await end_over(stage.house, tenant_id=stage.tenant_id) == 0
    stage.clock.advance(hours=1)
    assert await stage.state() == "ended"
    counts = await asyncio.gather(*(end_over(stage.house, tenant_id=stage.tenant_id) for _ in range(3)))
    assert sum(counts) >= 1
    (ended,) = await stage.said(CampaignEnded)
    (approved,) = await stage.said(CampaignApproved)
    assert ended.maker is None
    assert hashlib.sha256(bytes.fromhex(ended.seed or "")).hexdigest() == approved.seed_hash
    assert await end_over(stage.house, tenant_id=stage.tenant_id) == 0


async def test_a_prolonged_campaign_goes_on(stage: Stage) -> None:
    await stage.approved()
    await stage.approved(TERMS | {"ends_at": "2026-12-31T00:00:00Z"})
    stage.clock.advance(days=20)
    assert await end_over(stage.house, tenant_id=stage.tenant_id) == 0
    assert await stage.state() == "running"


async def test_a_pause_for_want_of_budget_is_seen_and_ended_by_whoever_funds_it(stage: Stage) -> None:
    await stage.approved()
    stage.clock.advance(days=1)
    await stage.say(f"campaign/{CAMPAIGN}", CampaignPaused(campaign=CAMPAIGN, cause="budget", fact=1))
    await stage.caught_up()
    shown = await stage.ada.get(PATH)
    assert (shown["state"], shown["paused"]) == ("paused", "budget")
    await stage.fund(-1_000)
    problem(await stage.ada.send("POST", f"{PATH}/resume"), 422, "campaign.unfunded")
    await stage.fund(10)
    await stage.ada.do("POST", f"{PATH}/resume")
    assert await stage.state() == "running"
    await stage.caught_up()
    assert await stage.state() == "running"
    assert len(await stage.said(CampaignResumed)) == 1


async def test_a_pause_told_late_does_not_undo_the_resuming_after_it(stage: Stage) -> None:
    await stage.approved()
    stage.clock.advance(days=1)
    await stage.say(f"campaign/{CAMPAIGN}", CampaignPaused(campaign=CAMPAIGN, cause="budget", fact=1))
    await stage.ada.do("POST", f"{PATH}/pause")
    await stage.ada.do("POST", f"{PATH}/resume")
    await stage.caught_up()
    assert await stage.state() == "running"


async def test_no_switch_keeps_a_campaign_from_being_stopped(stage: Stage) -> None:
    await stage.approved()
    await stage.acme.do("PUT", f"/v1/switches/campaign/{CAMPAIGN}", {"off": True, "reason": "x"})
    await stage.acme.do("PUT", "/v1/switches/feature/campaigns", {"off": True, "reason": "x"})
    await stage.ada.do("POST", f"{PATH}/pause")
    await stage.ada.do("POST", f"{PATH}/end")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "body.invalid"),
        ({"terms": []}, "body.invalid"),
        ({"terms": TERMS, "more": 1}, "body.unknown_field"),
        ({"terms": TERMS, "effective_from": "soon"}, "body.invalid"),
        ({"terms": TERMS, "revises": "1"}, "body.invalid"),
    ],
)
async def test_a_draft_that_cannot_be_read_is_refused(stage: Stage, body: Any, code: str) -> None:  # noqa: ANN401 - JSON
    problem(await stage.ada.send("PUT", PATH, body), 400, code)
    problem(await stage.ada.send("GET", PATH), 404, "campaign.unknown")


async def test_an_id_follows_the_rule_of_names(stage: Stage) -> None:
    problem(await stage.ada.send("PUT", "/v1/campaigns/a b", {"terms": TERMS}), 400, "body.invalid")


async def test_a_campaign_goes_with_the_others_of_its_group(stage: Stage) -> None:
    together = TERMS | {"group": "g", "pick": "best"}
    await stage.approved(together)
    path = "/v1/campaigns/second"
    await stage.draft(together | {"reward": {"kind": "points"}}, path)
    await stage.fund(path=path)
    answer = await stage.ada.send("POST", f"{path}/submit", {"revision": 1})
    assert problem(answer, 400, "campaign.group")["campaign"] == CAMPAIGN
    await stage.ada.do("POST", f"{PATH}/end")
    await stage.ada.do("POST", f"{path}/submit", {"revision": 1})


async def test_terms_of_any_depth_are_answered(stage: Stage) -> None:
    deep = '{"terms":{"trigger":"tip","conditions":' + '{"not":' * 3_000 + "1" + "}" * 3_002
    answer = await stage.ada.send(
        "PUT", PATH, content=deep.encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400, answer.text


async def test_two_that_do_not_go_together_are_not_approved_at_one_moment(stage: Stage) -> None:
    together = TERMS | {"group": "g", "pick": "best"}
    paths = [PATH, "/v1/campaigns/second"]
    for path, reward in zip(paths, ("coin", "points"), strict=True):
        await stage.submitted(together | {"reward": {"kind": reward}}, path)
    async with stage.house.database.transaction() as tx:
        # Both are under way now, and neither has looked beside it.
        await tx.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"campaigns.group/{stage.tenant_id}/g",)
        )
        approvals = [
            asyncio.create_task(stage.bob.send("POST", f"{path}/approve", {"revision": 1})) for path in paths
        ]
        done, _ = await asyncio.wait(approvals, timeout=0.5)
        assert not done
    answers = await asyncio.gather(*approvals)
    assert sorted(one.status_code for one in answers) == [200, 400]
    assert sorted([await stage.state(path) for path in paths]) == ["scheduled", "submitted"]


async def test_what_begins_later_does_not_hide_what_runs(stage: Stage) -> None:
    await stage.approved()
    second = TERMS | {"ends_at": "2026-12-31T00:00:00Z"}
    late = second | {"starts_at": "2026-11-26T00:00:00Z"}
    body = {"terms": late, "effective_from": "2026-11-26T00:00:00Z"}
    assert problem(await stage.ada.send("PUT", PATH, body), 409, "campaign.fixed")["place"] == "starts_at"
    # It may begin later as long as nothing has begun by the time these terms hold.
    await stage.submitted(late)
    stage.clock.advance(days=1)
    answer = await stage.bob.send("POST", f"{PATH}/approve", {"revision": 2})
    assert problem(answer, 409, "campaign.fixed")["place"] == "starts_at"
    await stage.bob.do("POST", f"{PATH}/reject", {"revision": 2, "reason": "it has begun"})
    await stage.approved(second, effective_from="2026-11-26T00:00:00Z")
    shown = await stage.ada.get(PATH)
    assert (shown["state"], shown["starts_at"]) == ("running", "2026-11-23T00:00:00.000000Z")


async def test_a_campaign_may_begin_later_before_it_has_begun(stage: Stage) -> None:
    await stage.approved()
    await stage.approved(TERMS | {"starts_at": "2026-11-26T00:00:00Z"})
    stage.clock.advance(days=1)
    assert await stage.state() == "scheduled"
