"""A campaign's budget: asked for by one, moved by another, and never more than there is."""

from __future__ import annotations

import asyncio

import pytest

from plaudit.features.campaigns.store import courses
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import BudgetApproved, BudgetRejected
from tests.app.edge import problem
from tests.features.campaigns.stage import CAMPAIGN, PATH, TERMS, Stage

pytestmark = pytest.mark.anyio

ASKED = f"{PATH}/budget-transfers"
BUDGET = chart.campaign_budget(campaign=CAMPAIGN, asset="coin")
ISSUANCE = chart.issuance(asset="coin")


async def _ask(stage: Stage, amount_minor: int) -> str:
    asked = await stage.ada.do("POST", ASKED, {"amount_minor": amount_minor})
    transfer: str = asked["transfer"]
    return transfer


async def test_a_budget_is_moved_when_another_person_approves_it(stage: Stage) -> None:
    await stage.draft()
    transfer = await _ask(stage, 700)
    assert await stage.balance(BUDGET) == 0
    moved = await stage.bob.do("POST", f"{ASKED}/{transfer}/approve")
    assert (moved["balance_minor"], moved["asset"], moved["state"]) == (700, "coin", "approved")
    assert await stage.balance(BUDGET) == 700
    assert await stage.balance(ISSUANCE) == -700
    assert await stage.ada.get(f"{PATH}/budget") == {
        "campaign": CAMPAIGN,
        "asset": "coin",
        "account": BUDGET,
        "balance_minor": 700,
    }


async def test_what_was_not_granted_goes_back_the_same_way(stage: Stage) -> None:
    await stage.approved()
    await stage.ada.do("POST", f"{PATH}/end")
    problem(await stage.ada.send("POST", ASKED, {"amount_minor": 1}), 422, "campaign.ended")
    transfer = await _ask(stage, -1_001)
    problem(await stage.bob.send("POST", f"{ASKED}/{transfer}/approve"), 422, "ledger.insufficient")
    await stage.bob.do("POST", f"{ASKED}/{transfer}/reject", {"reason": "more than there is"})
    await stage.fund(-1_000)
    assert await stage.balance(BUDGET) == 0
    assert await stage.balance(ISSUANCE) == 0


async def test_nobody_approves_his_own_and_nothing_moves_twice(stage: Stage) -> None:
    await stage.draft()
    path = f"{ASKED}/{await _ask(stage, 5)}"
    problem(await stage.ada.send("POST", f"{path}/approve"), 403, "checker.invalid")
    problem(await stage.acme.send("POST", f"{path}/approve"), 403, "checker.invalid")
    answers = await asyncio.gather(*(stage.bob.send("POST", f"{path}/approve") for _ in range(3)))
    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    problem(await stage.bob.send("POST", f"{path}/reject", {"reason": "no"}), 409, "budget.settled")
    assert await stage.balance(BUDGET) == 5
    assert len(await stage.said(BudgetApproved)) == 1


async def test_a_rejected_budget_moves_nothing_and_says_why(stage: Stage) -> None:
    await stage.draft()
    path = f"{ASKED}/{await _ask(stage, 5)}"
    problem(await stage.bob.send("POST", f"{path}/reject", {"reason": " "}), 400, "body.invalid")
    await stage.bob.do("POST", f"{path}/reject", {"reason": "not this month"})
    assert await stage.balance(BUDGET) == 0
    (fact,) = await stage.said(BudgetRejected)
    assert "not this month" not in str(fact)
    (line,) = (await stage.ada.get(ASKED))["items"]
    assert (line["state"], line["reason"]) == ("rejected", "not this month")


@pytest.mark.parametrize(
    ("reward", "address", "source"),
    [
        ({"kind": "points"}, "campaign/first/budget/points", "issuance/points"),
        ({"kind": "voucher", "asset": "CNY"}, "campaign/first/budget/CNY", "issuance/CNY"),
        ({"kind": "chance", "item": "wheel"}, "campaign/first/budget/chance", "units/issued/chance"),
        ({"kind": "coupon", "item": "ten-off"}, "campaign/first/budget/coupon", "units/issued/coupon"),
    ],
)
async def test_each_kind_of_reward_has_its_budget(
    stage: Stage, reward: dict[str, str], address: str, source: str
) -> None:
    await stage.draft(TERMS | {"reward": reward})
    await stage.fund(9)
    assert await stage.balance(address) == 9
    assert await stage.balance(source) == -9
    assert (await stage.ada.get(f"{PATH}/budget"))["balance_minor"] == 9


async def test_a_budget_of_another_asset_than_the_reward_is_not_moved(stage: Stage) -> None:
    await stage.draft()
    transfer = await _ask(stage, 5)
    await stage.draft(TERMS | {"reward": {"kind": "points"}})
    problem(await stage.bob.send("POST", f"{ASKED}/{transfer}/approve"), 422, "budget.asset")


async def test_a_reward_does_not_leave_a_budget_of_its_former_asset_behind(stage: Stage) -> None:
    points = TERMS | {"reward": {"kind": "points"}}
    await stage.draft()
    await stage.fund(1_000)
    answer = problem(await stage.ada.send("PUT", PATH, {"terms": points}), 409, "campaign.fixed")
    assert (answer["place"], answer["asset"]) == ("reward.asset", "coin")
    await stage.fund(-1_000)
    assert await stage.balance(ISSUANCE) == 0
    assert await stage.draft(points) == 1
    await stage.fund(500)
    await stage.ada.do("POST", f"{PATH}/submit", {"revision": 1})
    await stage.bob.do("POST", f"{PATH}/approve", {"revision": 1})
    await stage.caught_up()
    # What the engine goes by is what there is.
    async with stage.house.database.connection() as conn:
        counted = await courses.select_budgets(conn, tenant_id=stage.tenant_id, campaigns=[CAMPAIGN])
    assert counted == {CAMPAIGN: 500}


@pytest.mark.parametrize("amount", [0, 2**53, -(2**53)])
async def test_an_amount_that_makes_no_sense_is_refused(stage: Stage, amount: int) -> None:
    await stage.draft()
    answer = await stage.ada.send("POST", ASKED, {"amount_minor": amount})
    assert problem(answer, 400, "budget.amount")["field"] == "amount_minor"


async def test_a_transfer_belongs_to_its_campaign(stage: Stage) -> None:
    await stage.draft()
    await stage.draft(path="/v1/campaigns/other")
    transfer = await _ask(stage, 5)
    other = f"/v1/campaigns/other/budget-transfers/{transfer}/approve"
    problem(await stage.bob.send("POST", other), 404, "budget.unknown")
    problem(await stage.bob.send("POST", f"{ASKED}/cbt_1/approve"), 400, "invalid.id")
    problem(
        await stage.bob.send("POST", "/v1/campaigns/none/budget-transfers", {"amount_minor": 1}),
        404,
        "campaign.unknown",
    )


async def test_transfers_come_in_pages(stage: Stage) -> None:
    await stage.draft()
    asked = [await _ask(stage, amount) for amount in (1, 2, 3)]
    page = await stage.ada.get(ASKED, limit=2)
    assert [one["transfer"] for one in page["items"]] == [asked[2], asked[1]]
    rest = await stage.ada.get(ASKED, limit=2, cursor=page["next_cursor"])
    assert ([one["transfer"] for one in rest["items"]], rest["next_cursor"]) == ([asked[0]], None)
