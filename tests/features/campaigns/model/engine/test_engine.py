"""What facts come to, case by case: windows, caps, budgets, reversals, first facts, revisions."""

from __future__ import annotations

import pytest

from plaudit.features.campaigns.model.engine.verdicts import Grant
from tests.features.campaigns.model.engine.scene import (
    FIRST_EVER,
    TIERS,
    Scene,
    asks,
    judged,
    standing,
    told,
)

CAPPED_DAY = {"viewer_day_minor": 25}
TIMES = {"amount": "times", "asset": "times"}


def test_each_tip_earns_by_itself() -> None:
    scene = Scene()
    scene.campaign()
    first, second = scene.tip(200), scene.tip(55)
    assert told(judged(scene.items).verdicts) == [f"+20 v/c fact {first}", f"+5 v/c fact {second}"]


def test_a_sum_is_paid_the_difference_when_the_next_tier_is_reached() -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS)
    _, second, third = scene.tip(60), scene.tip(60), scene.tip(400)
    judge = judged(scene.items)
    assert told(judge.verdicts) == [f"+10 v/c fact {second}", f"+50 v/c fact {third}"]
    assert standing(judge, "campaign") == (60, 60)


def test_what_is_undone_is_taken_back_and_what_is_undone_twice_is_not() -> None:
    scene = Scene()
    scene.campaign()
    tip = scene.tip(200)
    half, same, whole = scene.undo(tip, 100), scene.undo(tip, 100), scene.undo(tip, 200)
    assert told(judged(scene.items).verdicts) == [
        f"+20 v/c fact {tip}",
        f"-10 of 10 v/c fact {tip} by {half}",
        f"-10 of 10 v/c fact {tip} by {whole}",
    ]
    assert same < whole


def test_what_counts_once_does_so_until_all_of_it_is_undone() -> None:
    scene = Scene()
    scene.campaign(base=TIMES, strategy={"kind": "fixed", "reward_minor": 30})
    tip = scene.tip(1_000)
    scene.undo(tip, 1)
    whole = scene.undo(tip, 1_000)
    assert told(judged(scene.items).verdicts) == [
        f"+30 v/c fact {tip}",
        f"-30 of 30 v/c fact {tip} by {whole}",
    ]


def test_a_day_of_a_streak_that_goes_by_times_lasts_until_all_of_it_is_undone() -> None:
    scene = Scene()
    scene.campaign(base=TIMES, strategy={"kind": "streak", "days": 2, "reward_minor": 9, "day_minor": 1})
    first, second = scene.tip(100), scene.tip(100, hours=24)
    scene.undo(first, 99)
    whole = scene.undo(first, 100)
    assert told(judged(scene.items).verdicts) == [
        f"+9 v/c fact {second}",
        f"-9 of 9 v/c fact {first} by {whole}",
    ]


def test_a_payment_that_is_refunded_undoes_every_fact_of_it() -> None:
    scene = Scene()
    scene.campaign()
    tip = scene.tip(200)
    refund = scene.undo(tip, 50, paid_minor=100, by_payment=True)
    assert told(judged(scene.items).verdicts)[-1] == f"-10 of 10 v/c fact {tip} by {refund}"


def test_a_sum_that_falls_below_its_tier_gives_back_only_that_tier() -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS)
    low, high = scene.tip(150), scene.tip(400)
    undone = scene.undo(high, 400)
    again = scene.tip(350)
    judge = judged(scene.items)
    assert told(judge.verdicts) == [
        f"+10 v/c fact {low}",
        f"+50 v/c fact {high}",
        f"-50 of 50 v/c fact {high} by {undone}",
        f"+50 v/c fact {again}",
    ]


def test_what_was_forgiven_is_not_given_again() -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS, clawback={"policy": "forgive"})
    tip = scene.tip(100)
    undone = scene.undo(tip, 100)
    scene.tip(100)
    judge = judged(scene.items)
    assert told(judge.verdicts) == [f"+10 v/c fact {tip}", f"-0 of 10 v/c fact {tip} by {undone}"]
    assert judge.given() == {("c", "v"): 10}


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        ({"viewer_day_minor": 25}, {("c", "v"): 25, ("c", "w"): 20}),
        ({"viewer_minor": 30}, {("c", "v"): 30, ("c", "w"): 20}),
        ({"day_minor": 45}, {("c", "v"): 40, ("c", "w"): 5}),
        ({"total_minor": 1}, {("c", "v"): 1}),
        ({"viewer_day_count": 1}, {("c", "v"): 20, ("c", "w"): 20}),
        ({"viewer_count": 1}, {("c", "v"): 20, ("c", "w"): 20}),
        ({"total_count": 2}, {("c", "v"): 40}),
        ({"viewer_minor": 30, "total_count": 1}, {("c", "v"): 20}),
    ],
)
def test_caps_cut_amounts_and_refuse_counts(
    caps: dict[str, int], expected: dict[tuple[str, str], int]
) -> None:
    scene = Scene()
    scene.campaign(caps=caps)
    scene.tip(200)
    scene.tip(200)
    scene.tip(200, viewer="w")
    judge = judged(scene.items)
    assert judge.given() == expected
    if sum(expected.values()) < 60 and not any(name.endswith("minor") for name in caps):
        assert told(judge.verdicts)[-1].endswith("campaign.cap") or len(expected) == 2


def test_a_cap_of_a_day_is_of_the_day_in_the_campaigns_zone() -> None:
    scene = Scene()
    scene.campaign(caps=CAPPED_DAY, zone="Asia/Shanghai")
    scene.tip(200, hours=15)
    scene.tip(200, hours=15.9)
    scene.tip(200, hours=16)
    assert judged(scene.items).given() == {("c", "v"): 45}


def test_what_is_taken_back_may_be_earned_again_under_the_same_cap() -> None:
    scene = Scene()
    scene.campaign(caps={"viewer_count": 1})
    tip = scene.tip(200)
    scene.undo(tip, 200)
    scene.tip(50)
    assert judged(scene.items).given() == {("c", "v"): 5}


def test_what_a_cap_kept_back_is_not_paid_later() -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS, caps=CAPPED_DAY)
    scene.tip(600)
    scene.tip(1, hours=24)
    assert judged(scene.items).given() == {("c", "v"): 25}


WEEK = {"kind": "cumulative", "counted": "week", "tiers": [{"from_minor": 500, "reward_minor": 30}]}


def test_a_day_gets_back_only_what_it_had_given() -> None:
    scene = Scene()
    scene.campaign(strategy=WEEK, caps={"day_minor": 30})
    monday, tuesday = scene.tip(500, viewer="x"), scene.tip(400, viewer="x", hours=24)
    full = scene.tip(500, viewer="y", hours=25)
    scene.undo(monday, 400)
    undone = scene.undo(tuesday, 400)
    late, again = scene.tip(500, viewer="z", hours=26), scene.tip(500, viewer="w", hours=2)
    assert told(judged(scene.items).verdicts) == [
        f"+30 x/c fact {monday}",
        f"+30 y/c fact {full}",
        f"-30 of 30 x/c fact {tuesday} by {undone}",
        f"no 30 z/c fact {late} campaign.cap",
        f"+30 w/c fact {again}",
    ]


@pytest.mark.parametrize(("cap", "limit"), [("viewer_day_minor", 30), ("viewer_day_count", 1)])
def test_a_day_of_a_viewer_gets_back_only_what_it_had_given(cap: str, limit: int) -> None:
    scene = Scene()
    scene.campaign(strategy=WEEK | {"per": ["creator"]}, caps={cap: limit})
    monday, tuesday = scene.tip(500, creator="x"), scene.tip(400, creator="x", hours=24)
    scene.tip(500, creator="y", hours=25)
    scene.undo(monday, 400)
    scene.undo(tuesday, 400)
    late, again = scene.tip(500, creator="z", hours=26), scene.tip(500, creator="w", hours=2)
    assert told(judged(scene.items).verdicts)[3:] == [
        f"no 30 v/c fact {late} campaign.cap",
        f"+30 v/c fact {again}",
    ]


def test_every_reward_that_is_undone_counts_no_more() -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS, caps={"viewer_count": 2})
    first, second = scene.tip(100), scene.tip(400)
    scene.undo(second, 400)
    scene.undo(first, 100)
    low, high = scene.tip(100), scene.tip(400)
    assert told(judged(scene.items).verdicts)[4:] == [f"+10 v/c fact {low}", f"+50 v/c fact {high}"]


def test_a_cap_gets_back_only_what_it_had_counted() -> None:
    scene = Scene()
    by_creator = WEEK | {"per": ["creator"]}
    scene.campaign(strategy=by_creator)
    old = scene.tip(500, creator="x")
    scene.campaign(revision=2, strategy=by_creator, caps={"viewer_day_minor": 30})
    new = scene.tip(400, creator="x")
    scene.tip(500, creator="y")
    scene.undo(old, 400)
    undone = scene.undo(new, 400)
    last = scene.tip(500, creator="z")
    assert told(judged(scene.items).verdicts)[2:] == [
        f"-30 of 30 v/c fact {new} by {undone}",
        f"no 30 v/c fact {last} campaign.cap",
    ]


def test_the_first_reward_that_the_budget_does_not_reach_for_pauses_the_campaign() -> None:
    scene = Scene()
    scene.campaign(budget_minor=25)
    first, second, third = scene.tip(200), scene.tip(100), scene.tip(10)
    judge = judged(scene.items)
    assert told(judge.verdicts) == [
        f"+20 v/c fact {first}",
        f"no 10 v/c fact {second} campaign.budget",
        f"dry c fact {second}",
        f"no 1 v/c fact {third} campaign.paused",
    ]
    assert judge.purse.budgets == {"c": 5}


def test_a_campaign_that_ran_dry_goes_on_when_it_is_resumed() -> None:
    scene = Scene()
    scene.campaign(budget_minor=5)
    scene.tip(200)
    scene.fund("c", 100)
    scene.tip(200)
    scene.resume()
    last = scene.tip(300)
    assert told(judged(scene.items).verdicts)[-1] == f"+30 v/c fact {last}"


def test_another_campaign_of_the_group_counts_what_a_dry_one_does_not() -> None:
    scene = Scene()
    scene.campaign("a", budget_minor=20, group="g", priority=2)
    scene.campaign("b", group="g", priority=1, strategy={"kind": "fixed", "reward_minor": 1})
    first, second, third = scene.tip(200), scene.tip(200), scene.tip(200)
    judge = judged(scene.items)
    assert told(judge.verdicts) == [
        f"+20 v/a fact {first}",
        f"no 20 v/a fact {second} campaign.budget",
        f"dry a fact {second}",
        f"+1 v/b fact {third}",
        f"no 20 v/a fact {third} campaign.paused",
    ]


def test_while_an_operator_has_paused_it_nothing_counts() -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS)
    scene.pause()
    scene.tip(600, hours=1)
    scene.resume()
    scene.tip(100, hours=-1)
    assert judged(scene.items).given() == {("c", "v"): 10}


def test_after_its_end_a_campaign_still_takes_back() -> None:
    scene = Scene()
    scene.campaign()
    tip = scene.tip(200)
    scene.end()
    scene.tip(200, hours=1)
    scene.undo(tip, 200)
    assert judged(scene.items).given() == {}


def test_the_first_ever_is_the_earliest_whenever_it_comes() -> None:
    scene = Scene()
    scene.campaign(conditions=FIRST_EVER)
    second, first = scene.tip(200, hours=2), scene.tip(50, hours=1)
    third = scene.tip(70, hours=3)
    judge = judged(scene.items)
    assert told(judge.verdicts) == [
        f"+20 v/c fact {second}",
        f"-20 of 20 v/c fact {second} by {first}",
        f"+5 v/c fact {first}",
    ]
    assert judge.state.firsts["tip", "v"].position == first
    assert third


def test_what_became_the_second_may_be_rewarded_for_being_no_first() -> None:
    scene = Scene()
    scene.campaign(conditions={"node": "not", "of": FIRST_EVER})
    second, first = scene.tip(200, hours=2), scene.tip(50, hours=1)
    assert told(judged(scene.items).verdicts) == [f"+20 v/c fact {second} by {first}"]


def test_a_first_fact_that_was_undone_stays_the_first() -> None:
    scene = Scene()
    scene.campaign(conditions=FIRST_EVER)
    tip = scene.tip(200)
    scene.undo(tip, 200)
    scene.tip(300, hours=1)
    assert judged(scene.items).given() == {}


def test_the_first_time_of_a_campaign_goes_by_the_earliest_fact() -> None:
    scene = Scene()
    scene.campaign(strategy={"kind": "first", "ratio": "1/10"})
    scene.tip(300, hours=2)
    scene.tip(100, hours=1)
    assert judged(scene.items).given() == {("c", "v"): 10}


def test_viewers_are_what_they_were_when_the_fact_happened() -> None:
    scene = Scene()
    scene.campaign(conditions=asks("level", "at_least", 3))
    scene.describe(level=3, hours=10)
    scene.describe(level=1, hours=20)
    before, during, after = scene.tip(100, hours=9), scene.tip(100, hours=15), scene.tip(100, hours=25)
    assert told(judged(scene.items).verdicts) == [f"+10 v/c fact {during}"]
    assert before < after


def test_a_revision_holds_for_what_is_recorded_after_it() -> None:
    scene = Scene()
    scene.campaign()
    old = scene.tip(100)
    scene.campaign(budget_minor=0, revision=2, strategy={"kind": "ratio", "ratio": "1/2"})
    new = scene.tip(100)
    undone = scene.undo(old, 100)
    assert told(judged(scene.items).verdicts) == [
        f"+10 v/c fact {old}",
        f"+50 v/c fact {new}",
        f"-10 of 10 v/c fact {old} by {undone}",
    ]


def test_a_pending_reward_says_when_it_matures() -> None:
    scene = Scene()
    scene.campaign(reward={"kind": "coin", "asset": "coin", "matures_s": 3600})
    scene.tip(100, hours=2)
    (granted,) = judged(scene.items).verdicts
    assert isinstance(granted, Grant)
    assert granted.matures_at is not None
    assert granted.matures_at.isoformat() == "2026-11-23T03:00:00+00:00"


def test_a_backtest_keeps_only_the_windows_that_are_reached_back_to() -> None:
    scene = Scene()
    scene.campaign()
    tip, other = scene.tip(200), scene.tip(300)
    undone = scene.undo(tip, 200, by_payment=True)
    judge = judged([])
    judge.state.kept, judge.state.awaited = set(), {f"pay_{tip}"}
    judge.hear(scene.items)
    assert {key.window for key in judge.state.standings} == {f"fact/{tip}"}
    assert told(judge.verdicts)[-1] == f"-20 of 20 v/c fact {tip} by {undone}"
    assert other
