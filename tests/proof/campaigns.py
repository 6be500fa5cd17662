"""What is claimed of campaigns: by benchmarks, by journeys, and by the other tests."""

from __future__ import annotations

from typing import Final

from tests.proof.claim import Claim, Passing
from tests.proof.making import figure, ratio, told

BENCHMARKS: Final[tuple[Claim, ...]] = (
    ratio(
        "campaigns",
        "vs_none",
        "at least",
        0.2,
        sentence="Tips posted, judged and rewarded with 50 running campaigns, two of which reward, to none.",
    ),
    figure(
        "campaigns",
        "checks_per_s",
        "at least",
        50_000,
        sentence="Trees of conditions evaluated a second, one core, only those that were.",
    ),
    ratio(
        "campaigns",
        "matching_growth",
        "at most",
        1,
        sentence="Cost of a fact with four times as many campaigns that match to four times the cost.",
    ),
    ratio(
        "campaigns",
        "others_growth",
        "at most",
        1.25,
        sentence="Cost of a fact beside 500 campaigns that cannot match to that without them.",
    ),
    figure("campaigns", "rewards_missing", "equal", 0, sentence="Rewards that tips earned and did not get."),
    figure("campaigns", "errors", "equal", 0, sentence="Tips without an answer, or with a fault."),
    figure("campaigns", "doctor", "equal", "green", sentence="The doctor on the books after the rewards."),
    figure("backtest", "seconds", "at most", 60, sentence="Seconds for a backtest of one draft."),
    figure("backtest", "facts", "at least", 1_000_000, sentence="Facts that it judged."),
    figure("backtest", "rss_mib", "at most", 1_024, sentence="MiB of the process that judged them."),
    ratio("backtest", "growth", "at most", 1.3, sentence="Time of one of 1,000,000 facts to one of a tenth."),
    figure(
        "rebate",
        "tips_median_ms",
        "at most",
        300,
        sentence="Milliseconds from a tip's answer to its rebate on the balance, median.",
    ),
    figure(
        "rebate",
        "callbacks_median_ms",
        "at most",
        300,
        sentence="Milliseconds from the answer to a channel's callback to the rebate of the payment, median.",
    ),
    figure(
        "rebate", "tips_per_s", "at least", 990, sentence="Payments a second meanwhile (1,000 asked for)."
    ),
    figure(
        "rebate",
        "callbacks_per_s",
        "at least",
        990,
        sentence="Callbacks a second meanwhile (1,000 asked for).",
    ),
    figure("rebate", "tips_not_answered", "equal", 0, sentence="Of them without an answer."),
    figure("rebate", "tips_not_rewarded", "equal", 0, sentence="Of them without a rebate."),
    figure("rebate", "callbacks_not_rewarded", "equal", 0, sentence="Callbacks without a rebate."),
    figure("rebate", "doctor", "equal", "green", sentence="The doctor on the books after the rebates."),
)

JOURNEYS: Final[tuple[Claim, ...]] = (
    Passing(
        name="campaigns.journey",
        sentence="A rebate over HTTP: draft, backtest, review, budget, payment, refund, explanation, terms.",
        part="tests.journeys",
        tests=("test_campaigns.py::test_a_rebate_from_its_draft_to_a_refund",),
    ),
    Passing(
        name="campaigns.race",
        sentence="A thousand race for the last ten rewards, four processes: ten paid, the rest told.",
        part="tests.journeys",
        tests=("test_campaigns.py::test_a_thousand_race_for_the_last_ten_rewards",),
    ),
    told("campaigns.race_asked", "last_rewards.racers", "at least", 1_000, sentence="Viewers in that race."),
    told("campaigns.race_paid", "last_rewards.paid", "equal", 10, sentence="Rewards paid in it."),
    told(
        "campaigns.race_budget",
        "last_rewards.budget_minor",
        "equal",
        0,
        sentence="What the budget's account holds after it.",
    ),
    told("campaigns.race_untold", "last_rewards.untold", "equal", 0, sentence="Losers not told why."),
)

OTHERS: Final[tuple[Claim, ...]] = (
    Passing(
        name="campaigns.season",
        sentence="Six campaigns over 183,725 real payments, any batches: each reward is the reference's.",
        part="tests.others",
        tests=("campaigns/test_season.py::test_every_reward_is_that_of_the_reference",),
    ),
    Passing(
        name="campaigns.killed",
        sentence="The same with the worker killed at ten random moments.",
        part="tests.others",
        tests=("campaigns/test_season.py::test_a_worker_that_is_killed_at_any_moment_changes_nothing",),
    ),
    told(
        "campaigns.kills",
        "season_kills.kills",
        "at least",
        10,
        sentence="Times that it was killed.",
        part="tests.others",
    ),
    told(
        "campaigns.payments",
        "season_kills.payments",
        "equal",
        183_725,
        sentence="Payments judged then.",
        part="tests.others",
    ),
    Passing(
        name="campaigns.late",
        sentence="The same delivered hours late, where no budget or cap binds.",
        part="tests.others",
        tests=("campaigns/test_season.py::test_facts_delivered_late_earn_the_same_where_nothing_binds",),
    ),
    Passing(
        name="campaigns.backtest",
        sentence="Live is a backtest over the same period, to the coin.",
        part="tests.others",
        tests=("campaigns/test_backtest.py::test_live_is_backtest",),
    ),
    Passing(
        name="campaigns.properties",
        sentence="Never more than budget and caps; refund and payment mint nothing; order as it must.",
        part="tests.others",
        tests=("campaigns/model/engine/test_properties.py",),
    ),
)
