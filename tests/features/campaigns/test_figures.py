"""What campaigns gave and came to, from the facts that say so; the test plays those who give and pay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plaudit.core.ledger.book import Transfer
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignMatured,
    CampaignReversed,
    CampaignWithheld,
)
from plaudit.vocabulary.facts.payments import PaymentSucceeded
from tests.app.edge import problem
from tests.features.campaigns.stage import CAMPAIGN, NOON, PATH, TERMS, Stage

pytestmark = pytest.mark.anyio

BUDGET = chart.campaign_budget(campaign=CAMPAIGN, asset="coin")


def _said(viewer: str, fact: int, amount_minor: int) -> dict[str, Any]:
    return {
        "campaign": CAMPAIGN,
        "revision": 1,
        "fact": fact,
        "cause": fact,
        "viewer": viewer,
        "kind": "coin",
        "asset": "coin",
        "amount_minor": amount_minor,
        "window": f"fact/{fact}",
    }


async def _grant(stage: Stage, viewer: str, amount_minor: int, fact: int = 1, **more: Any) -> int:  # noqa: ANN401 - fields
    given = CampaignGranted(
        **_said(viewer, fact, amount_minor),
        entitled_minor=amount_minor,
        granted_minor=amount_minor,
        **more,
    )
    pending = "matures_at" in more
    to = (chart.viewer_pending if pending else chart.viewer_wallet)(viewer=viewer, asset="coin")
    return await stage.say(f"viewer/{viewer}", given, Transfer(BUDGET, to, amount_minor))


async def _withhold(stage: Stage, viewer: str, amount_minor: int) -> None:
    told = CampaignWithheld(**_said(viewer, 2, amount_minor), code="campaign.cap")
    await stage.say(f"viewer/{viewer}", told)


async def _take(stage: Stage, viewer: str, amount_minor: int) -> None:
    taken = CampaignReversed(
        **_said(viewer, 1, amount_minor),
        entitled_minor=0,
        granted_minor=1,
        taken_minor=amount_minor - 1,
        lost_minor=1,
    )
    wallet = chart.viewer_wallet(viewer=viewer, asset="coin")
    await stage.say(f"viewer/{viewer}", taken, Transfer(wallet, BUDGET, amount_minor - 1))


async def _pay(stage: Stage, amount_minor: int, asset: str = "CNY") -> None:
    paid = PaymentSucceeded(
        payment="pay_0000000000001",
        attempt=1,
        due=1,
        due_kind="ticket.ordered",
        payer="v1",
        asset=asset,
        amount_minor=amount_minor,
        channel="sandbox",
        account="acc_0000004000001",
        method="sandbox",
        transaction="T1",
    )
    await stage.say("payment/pay_0000000000001", paid)


async def _day(stage: Stage) -> None:
    """Play a day of the campaign and one before it."""
    await stage.approved()
    await _pay(stage, 500)
    stage.clock.time = NOON + timedelta(days=1)
    await _pay(stage, 1_000)
    await _pay(stage, 30, "USD")
    await _grant(stage, "ann", 40)
    await _grant(stage, "ann", 10)
    await _grant(stage, "bob", 7)
    await _withhold(stage, "cat", 9)
    await stage.caught_up()
    stage.clock.advance(days=1)
    await _take(stage, "ann", 20)
    await stage.caught_up()


async def test_figures_tell_reach_cost_and_payments_against_those_before(stage: Stage) -> None:
    await _day(stage)
    shown = await stage.ada.get(f"{PATH}/figures")
    assert {name: shown[name] for name in ("reached", "participants", "grants", "withheld")} == {
        "reached": 3,
        "participants": 2,
        "grants": 3,
        "withheld": 1,
    }
    assert (shown["granted_minor"], shown["taken_back_minor"], shown["cost_minor"]) == (57, 19, 38)
    assert shown["budget_left_minor"] == 1_000 - 38
    assert shown["during"] == {
        "since": "2026-11-23T00:00:00.000000Z",
        "until": "2026-11-24T12:00:00.000000Z",
        "payments": [
            {"asset": "CNY", "count": 1, "amount_minor": 1_000},
            {"asset": "USD", "count": 1, "amount_minor": 30},
        ],
    }
    assert shown["before"]["since"] == "2026-11-21T12:00:00.000000Z"
    assert shown["before"]["payments"] == [{"asset": "CNY", "count": 1, "amount_minor": 500}]
    assert [(one["day"], one["participants"], one["cost_minor"]) for one in shown["days"]] == [
        ("2026-11-23", 2, 57),
        ("2026-11-24", 0, -19),
    ]
    assert [one["day"] for one in shown["days_before"]] == ["2026-11-22"]


async def test_figures_begin_with_the_campaign_whatever_holds_later(stage: Stage) -> None:
    await _day(stage)
    later = {"effective_from": "2026-11-28T00:00:00Z"}
    body = {"terms": TERMS | {"starts_at": "2026-11-28T00:00:00Z"}, **later}
    problem(await stage.ada.send("PUT", PATH, body), 409, "campaign.fixed")
    await stage.approved(TERMS | {"priority": 3}, **later)
    shown = await stage.ada.get(f"{PATH}/figures")
    assert shown["during"]["since"] == "2026-11-23T00:00:00.000000Z"
    assert [one["cost_minor"] for one in shown["days"]] == [57, -19]


async def test_figures_are_there_before_anything_happened(stage: Stage) -> None:
    await stage.draft()
    shown = await stage.ada.get(f"{PATH}/figures")
    assert (shown["reached"], shown["cost_minor"], shown["days"]) == (0, 0, [])
    problem(await stage.ada.send("GET", "/v1/campaigns/none/figures"), 404, "campaign.unknown")


async def test_a_campaign_tells_what_it_gave_withheld_and_took_back(stage: Stage) -> None:
    await _day(stage)
    page = await stage.ada.get(f"{PATH}/grants", limit=2)
    assert [(one["state"], one["viewer"], one["amount_minor"], one["code"]) for one in page["items"]] == [
        ("taken_back", "ann", 19, None),
        ("withheld", "cat", 9, "campaign.cap"),
    ]
    assert page["items"][0]["lost_minor"] == 1
    rest = await stage.ada.get(f"{PATH}/grants", cursor=page["next_cursor"])
    assert [(one["state"], one["viewer"]) for one in rest["items"]] == [
        ("granted", "bob"),
        ("granted", "ann"),
        ("granted", "ann"),
    ]
    assert rest["next_cursor"] is None


async def test_a_viewer_reads_what_he_was_given_and_nobody_elses(stage: Stage) -> None:
    await stage.approved()
    stage.clock.advance(days=1)
    grant = await _grant(stage, "v1", 40, matures_at=NOON + timedelta(days=9))
    await _grant(stage, "v1", 5)
    await _withhold(stage, "v1", 9)
    await stage.caught_up()
    secret = "a shared secret of 32 bytes or more"
    pinned = await stage.acme.do("POST", "/v1/token-keys", {"algorithm": "HS256", "secret": secret})
    viewer = stage.edge.caller(stage.edge.token(kid=pinned["id"], secret=secret))
    shown = await viewer.get("/v1/viewers/v1/rewards")
    assert shown["pending"] == [{"asset": "coin", "amount_minor": 40}]
    assert [(one["state"], one["amount_minor"], one["title_zh"]) for one in shown["items"]] == [
        ("granted", 5, "返五分之一"),
        ("pending", 40, "返五分之一"),
    ]
    problem(await viewer.send("GET", "/v1/viewers/ann/rewards"), 403, "scope.missing")
    problem(await viewer.send("GET", PATH), 403, "scope.missing")
    matured = CampaignMatured(campaign=CAMPAIGN, grant=grant, viewer="v1", asset="coin", amount_minor=40)
    ends = (chart.viewer_pending(viewer="v1", asset="coin"), chart.viewer_wallet(viewer="v1", asset="coin"))
    await stage.say("viewer/v1", matured, Transfer(*ends, 40))
    await stage.caught_up()
    shown = await viewer.get("/v1/viewers/v1/rewards", limit=1)
    assert shown["pending"] == []
    rest = await viewer.get("/v1/viewers/v1/rewards", cursor=shown["next_cursor"])
    assert [one["state"] for one in rest["items"]] == ["granted"]
