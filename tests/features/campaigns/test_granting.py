"""What viewers are granted, live: on PostgreSQL, through the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from plaudit.core.journal.subscriptions import Span
from plaudit.features.campaigns import schedule
from plaudit.features.campaigns.model import triggers
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignMatured,
    CampaignReversed,
    CampaignWithheld,
)
from plaudit.vocabulary.facts.rewards import RewardDue, RewardRevoked
from tests.features.campaigns.live import PLENTY, Live
from tests.features.campaigns.model.engine.scene import FIRST_EVER, MONDAY, TIERS, Scene, asks, judged, told

FOUR: Final[dict[str, dict[str, Any]]] = {
    "capped": {"budget_minor": 150, "caps": {"viewer_day_minor": 40}},
    "first": {"conditions": FIRST_EVER, "strategy": {"kind": "fixed", "reward_minor": 7}},
    "tiers": {"strategy": TIERS, "group": "g", "priority": 2},
    "week": {"strategy": TIERS | {"counted": "week"}, "group": "h"},
}
TIPS: Final = [
    (200, "v", 5, 0),
    (300, "w", 6, 300),
    (120, "v", 2, 60),
    (90, "x", 9, 0),
    (400, "v", 10, 400),
    (250, "x", 1, 0),
    (500, "w", 170, 0),
    (700, "x", 3, 700),
    (333, "y", 8, 0),
    (444, "y", 7, 100),
    (100, "v", 200, 0),
]
"""So many coins, by whom, so many hours after Monday began, and how much is undone at once."""


async def test_a_day_gets_back_what_it_had_given_whatever_day_is_undone(live: Live) -> None:
    tuesday = MONDAY + timedelta(days=1)
    await live.campaign(strategy=TIERS | {"counted": "week"}, caps={"day_minor": 10})
    first, second = await live.tip(100, at=MONDAY), await live.tip(90, at=tuesday)
    await live.tip(100, viewer="w", at=tuesday)
    await live.evaluate(1)
    await live.undo(first, 90)
    await live.undo(second, 90)
    await live.evaluate(1)
    late = await live.tip(100, viewer="x", at=tuesday)
    again = await live.tip(100, viewer="y", at=MONDAY)
    await live.evaluate(1)
    assert (await live.told())[-2:] == [f"no 10 x/c fact {late} campaign.cap", f"+10 y/c fact {again}"]


async def test_a_tip_earns_a_tenth_back_at_once_and_once(live: Live) -> None:
    await live.campaign()
    tip = await live.tip(200)
    await live.evaluate()
    assert await live.told() == [f"+20 v/c fact {tip}"]
    assert (await live.coins(), await live.budget()) == (20, 999_980)
    (granted,) = await live.stage.said(CampaignGranted)
    assert (granted.entitled_minor, granted.granted_minor, granted.revision) == (20, 20, 1)
    await live.undo(tip, 50)
    await live.undo(tip, 200)
    await live.evaluate(batch_max=1)
    assert (await live.coins(), await live.budget()) == (0, 1_000_000)


def _moved(text: str, shift: dict[int, int]) -> str:
    """Return a text of the scene with the positions that the journal gave."""
    return re.sub(r"(fact|by) (\d+)", lambda found: f"{found[1]} {shift[int(found[2])]}", text)


async def test_batches_of_any_size_come_to_what_the_engine_says_in_memory(live: Live) -> None:
    scene = Scene()
    for name, fields in FOUR.items():
        scene.campaign(name, **fields)
        await live.campaign(name, **(fields | {"budget_minor": fields.get("budget_minor", PLENTY)}))
    shift = {}
    for number, (minor, viewer, hours, undone) in enumerate(TIPS):
        at = MONDAY + timedelta(hours=hours)
        there = scene.tip(minor, viewer=viewer, hours=hours, creator="aurora")
        here = await live.tip(minor, viewer=viewer, at=at)
        shift[there] = here
        if undone:
            shift[scene.undo(there, undone)] = await live.undo(here, undone, viewer=viewer)
        if number % 5 == 4:
            await live.evaluate(batch_max=1 + number)
            live.forget()
    await live.evaluate()
    expected = [_moved(text, shift) for text in told(judged(scene.items).verdicts)]
    paused = "campaign.paused"
    assert [text for text in await live.told() if paused not in text] == [
        text for text in expected if paused not in text
    ]
    assert await live.budget("capped") >= 0


async def test_a_killed_batch_leaves_nothing_and_is_done_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live.campaign(strategy=TIERS)
    await live.tip(150)
    second = await live.tip(400)

    async def dies(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr("plaudit.features.campaigns.reactions.evaluation.save", dies)
        house = live.stage.house
        with pytest.raises(ConnectionError):
            async with house.database.transaction() as tx:
                await live.subscription().apply(tx, Span(live.stage.tenant_id, 0, second))
    assert (await live.told(), await live.coins()) == ([], 0)
    await live.evaluate()
    assert await live.coins() == 60
    assert await live.budget() == PLENTY - 60


async def test_the_last_of_a_budget_is_raced_for_and_never_overspent(live: Live) -> None:
    await live.campaign(budget_minor=100, strategy={"kind": "fixed", "reward_minor": 10})
    tips = [await live.tip(50, viewer=f"v{number}") for number in range(14)]
    await live.evaluate(batch_max=5)
    assert await live.told() == [
        *(f"+10 v{number}/c fact {tips[number]}" for number in range(10)),
        f"no 10 v10/c fact {tips[10]} campaign.budget",
        f"dry c fact {tips[10]}",
        *(f"no 10 v{number}/c fact {tips[number]} campaign.paused" for number in range(11, 14)),
    ]
    assert await live.budget() == 0
    await live.fund("c", 100)
    late = await live.tip(50, viewer="v99")
    await live.evaluate()
    assert len(await live.stage.said(CampaignGranted)) == 10
    await live.resume()
    again = await live.tip(50, viewer="v99")
    await live.evaluate()
    assert (await live.told())[-1] == f"+10 v99/c fact {again}"
    assert late < again


async def test_what_was_spent_is_owed_up_to_the_limit_and_the_rest_is_lost(live: Live) -> None:
    await live.campaign(clawback={"policy": "take", "debt_limit_minor": 5})
    tip = await live.tip(200)
    await live.evaluate()
    await live.spend("v", 12)
    await live.undo(tip, 200)
    await live.evaluate()
    (back,) = await live.stage.said(CampaignReversed)
    assert (back.amount_minor, back.taken_minor, back.debt_minor, back.lost_minor) == (20, 8, 5, 7)
    assert (await live.coins(), await live.coins(sort="debt/")) == (0, -5)
    assert await live.budget() == PLENTY - 7
    more = await live.tip(300)
    await live.evaluate()
    assert (await live.told())[-1] == f"+30 v/c fact {more}"
    assert (await live.coins(), await live.coins(sort="debt/")) == (25, 0)


async def test_a_pending_reward_matures_once_and_is_taken_back_first(live: Live) -> None:
    await live.campaign(reward={"kind": "coin", "asset": "coin", "matures_s": 3600})
    kept, undone = await live.tip(200), await live.tip(100)
    await live.evaluate()
    assert (await live.coins(), await live.coins(sort="pending/")) == (0, 30)
    await live.undo(undone, 50)
    await live.evaluate()
    (back,) = await live.stage.said(CampaignReversed)
    assert (back.pending_minor, back.taken_minor) == (5, 0)
    house, tenant_id = live.stage.house, live.stage.tenant_id
    assert await schedule.mature(house, tenant_id=tenant_id) == 0
    live.stage.clock.advance(hours=1)
    assert await schedule.mature(house, tenant_id=tenant_id) == 2
    assert await schedule.mature(house, tenant_id=tenant_id) == 0
    assert (await live.coins(), await live.coins(sort="pending/")) == (25, 0)
    assert [one.amount_minor for one in await live.stage.said(CampaignMatured)] == [20, 5]
    await live.undo(kept, 200)
    await live.evaluate()
    assert (await live.coins(), await live.budget()) == (5, PLENTY - 5)


async def test_coupons_are_announced_and_revoked_by_reference(live: Live) -> None:
    reward = {"kind": "coupon", "asset": "coupon", "item": "ten-off"}
    await live.campaign(reward=reward, strategy={"kind": "fixed", "reward_minor": 2})
    tip = await live.tip(200)
    await live.evaluate()
    await live.undo(tip, 200)
    await live.evaluate()
    (due,), (revoked,) = await live.stage.said(RewardDue), await live.stage.said(RewardRevoked)
    assert (due.item, due.quantity, due.reference) == ("ten-off", 2, f"campaign/c/{tip}/{tip}")
    assert (revoked.quantity, revoked.reference) == (2, due.reference)
    assert await live.budget() == PLENTY
    assert await live.stage.balance("campaign/c/granted/coupon") == 0


@pytest.mark.parametrize(
    ("reward", "address"),
    [
        ({"kind": "points", "asset": "points"}, "viewer/v/points"),
        ({"kind": "voucher", "asset": "CNY"}, "viewer/v/voucher/CNY"),
        ({"kind": "chance", "asset": "chance", "item": "wheel"}, "viewer/v/chance/wheel/chance"),
    ],
)
async def test_each_kind_of_reward_has_its_place_and_comes_back(
    live: Live, reward: dict[str, Any], address: str
) -> None:
    await live.campaign(reward=reward)
    tip = await live.tip(200)
    await live.evaluate()
    assert await live.stage.balance(address) == 20
    await live.undo(tip, 100)
    await live.evaluate()
    assert (await live.stage.balance(address), await live.budget()) == (10, PLENTY - 10)


async def test_switches_stop_what_is_granted_and_never_the_taking_back(live: Live) -> None:
    await live.campaign()
    before = await live.tip(200)
    await live.evaluate()
    await live.stage.acme.do("PUT", "/v1/switches/campaign/c", {"off": True})
    await live.undo(before, 200)
    stopped = await live.tip(300)
    await live.evaluate()
    (withheld,) = await live.stage.said(CampaignWithheld)
    assert (withheld.code, withheld.fact, withheld.amount_minor) == ("switch.off", stopped, 30)
    assert (await live.coins(), await live.budget()) == (0, PLENTY)
    await live.stage.acme.do("PUT", "/v1/switches/campaign/c", {"off": False})
    await live.undo(stopped, 300)
    after = await live.tip(100)
    await live.evaluate()
    assert (await live.told())[-1] == f"+10 v/c fact {after}"


async def test_a_frozen_wallet_is_told_and_neither_gets_nor_gives(live: Live) -> None:
    await live.campaign()
    before = await live.tip(200)
    await live.evaluate()
    await live.freeze("viewer/v/coin")
    frozen = await live.tip(300)
    other = await live.tip(100, viewer="w")
    await live.undo(before, 200)
    await live.evaluate()
    assert await live.told() == [
        f"+20 v/c fact {before}",
        f"no 30 v/c fact {frozen} account.frozen",
        f"+10 w/c fact {other}",
        f"-0 of 20 v/c fact {before} by {other + 1}",
    ]
    assert (await live.coins(), await live.budget()) == (20, PLENTY - 30)


async def test_what_a_campaign_that_ended_had_granted_is_taken_back(live: Live) -> None:
    await live.campaign()
    tip = await live.tip(200)
    await live.evaluate()
    await live.end()
    await live.evaluate()
    await live.undo(tip, 200)
    await live.tip(100)
    await live.evaluate()
    assert await live.coins() == 0


async def test_first_facts_are_known_from_before_any_campaign(live: Live) -> None:
    await live.tip(100)
    await live.evaluate()
    await live.campaign(conditions=FIRST_EVER)
    await live.tip(100)
    new = await live.tip(100, viewer="w")
    await live.evaluate()
    assert await live.told() == [f"+10 w/c fact {new}"]


async def test_facts_delivered_late_come_to_the_same(live: Live) -> None:
    await live.campaign("first", conditions=FIRST_EVER)
    await live.campaign("once", strategy={"kind": "first", "ratio": "1/5"})
    later = await live.tip(300, at=MONDAY + timedelta(hours=5))
    await live.evaluate()
    earlier = await live.tip(100, at=MONDAY + timedelta(hours=1))
    await live.evaluate()
    assert await live.coins() == 30
    assert later < earlier


async def test_a_refund_takes_back_what_the_payment_and_the_top_up_had_earned(live: Live) -> None:
    base = {"amount": "paid", "asset": "CNY"}
    await live.campaign("top", trigger="topup", base=base)
    await live.campaign("pay", trigger="payment", base=base, strategy={"kind": "fixed", "reward_minor": 3})
    payment = await live.top_up(1_000)
    await live.evaluate()
    assert await live.coins() == 103
    await live.refund(payment, 400, paid_minor=1_000)
    await live.evaluate()
    assert await live.coins() == 63
    await live.refund(payment, 1_000, paid_minor=1_000)
    await live.evaluate(batch_max=1)
    assert await live.coins() == 0
    assert [await live.budget(name) for name in ("top", "pay")] == [PLENTY, PLENTY]


async def test_what_viewers_are_is_known_to_a_campaign_approved_in_the_same_batch(live: Live) -> None:
    await live.describe(level=5)
    await live.evaluate()
    await live.campaign(conditions=asks("level", "at_least", 5))
    tip = await live.tip(100)
    await live.tip(100, viewer="w")
    await live.evaluate()
    assert await live.told() == [f"+10 v/c fact {tip}"]


async def test_a_viewer_counts_as_what_he_was_then_as_far_as_was_known(live: Live) -> None:
    await live.campaign(conditions=asks("level", "at_least", 5))
    hour = timedelta(hours=1)
    for since, level in ((1, 1), (2, 5), (3, 1), (4, 5), (5, 1)):
        await live.describe(level=level, at=MONDAY + since * hour)
    await live.evaluate()
    earned: dict[float, int] = {}
    for hours in (0.5, 2.5, 3.5, 4, 6):
        earned[hours] = await live.tip(100, at=MONDAY + hours * hour)
        await live.evaluate()
    await live.describe("w", level=5, at=MONDAY)
    earned[7] = await live.tip(100, viewer="w", at=MONDAY + 7 * hour)
    await live.evaluate()
    granted = [f"+10 v/c fact {earned[2.5]}", f"+10 v/c fact {earned[4]}", f"+10 w/c fact {earned[7]}"]
    assert await live.told() == granted
    # What is said too late does not change what a tip has earned, whenever it is looked at again.
    await live.describe(level=1, at=MONDAY + 2.4 * hour)
    undone = await live.undo(earned[2.5], 50)
    await live.tip(100, at=MONDAY + 2.6 * hour)
    await live.evaluate()
    assert await live.told() == [*granted, f"-5 of 5 v/c fact {earned[2.5]} by {undone}"]


async def test_a_fact_that_cannot_be_read_is_put_aside_and_the_rest_is_as_ever(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live.campaign(strategy=TIERS)
    tips = [await live.tip(60) for _ in range(4)]
    read = triggers.read

    def unread(kind: str, position: int, *, at: datetime, data: Mapping[str, Any]) -> object:
        if position == tips[1]:
            raise KeyError(position)
        return read(kind, position, at=at, data=data)

    with monkeypatch.context() as patched:
        patched.setattr(triggers, "read", unread)
        with pytest.raises(AssertionError, match="KeyError"):
            await live.evaluate()
    assert await live.told() == [f"+10 v/c fact {tips[2]}"]
    await live.retry(tips[1])
    assert await live.told() == [f"+10 v/c fact {tips[2]}"]
    await live.tip(300)
    await live.evaluate()
    assert await live.coins() == 60


async def test_a_budget_that_was_withdrawn_meanwhile_is_not_overspent(live: Live) -> None:
    await live.campaign(budget_minor=100)
    tip = await live.tip(500)
    await live.withdraw("c", 70)
    later = await live.tip(10)
    await live.evaluate()
    assert await live.told() == [
        f"no 50 v/c fact {tip} campaign.budget",
        f"dry c fact {tip}",
        f"no 1 v/c fact {later} campaign.paused",
    ]
    assert await live.budget() == 30
