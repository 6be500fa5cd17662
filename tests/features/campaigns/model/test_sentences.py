"""What viewers read."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.sentences import Language, State, offer_of, progress_of, reward_text
from plaudit.features.campaigns.model.strategies.base import Tally
from plaudit.features.campaigns.model.strategies.cumulative import CumulativeWorker
from plaudit.features.campaigns.model.terms import (
    Base,
    Cumulative,
    First,
    Fixed,
    Random,
    Ratio,
    Reward,
    Strategy,
    Streak,
    Terms,
    Tier,
    Tiered,
)
from tests.features.campaigns.model.rows import promised

TODAY = date(2026, 11, 26)
COINS = Base(amount="paid", asset="coin")
TIERS = (Tier(from_minor=10_000, reward_minor=30), Tier(from_minor=50_000, reward_minor=80))
WEEK = Cumulative(tiers=TIERS, counted="week")


def progress(
    terms: Terms,
    tally: Tally | None = None,
    *,
    entitled_minor: int = 0,
    left_minor: int | None = None,
    state: State = "running",
) -> tuple[str, str]:
    def said(language: Language) -> str:
        return progress_of(
            terms,
            tally,
            entitled_minor=entitled_minor,
            left_minor=left_minor,
            today=TODAY,
            state=state,
            language=language,
        )

    return said("en"), said("zh")


@pytest.mark.parametrize(
    ("strategy", "base", "trigger", "en", "zh"),
    [
        (Ratio(ratio="1/5"), COINS, "topup", "20 % back on each top-up", "每次充值返 20%"),
        (Ratio(ratio="1/8"), COINS, "tip", "12.5 % back on each tip", "每次打赏返 12.5%"),
        (Ratio(ratio="1/3"), COINS, "tip", "100/3 % back on each tip", "每次打赏返 100/3%"),
        (
            Ratio(ratio="1/5"),
            None,
            "topup",
            "20 coins for each 1.00 on each top-up",
            "每次充值每 1.00 得 20 金币",
        ),
        (
            Ratio(ratio="1/3"),
            None,
            "topup",
            "100 coins for each 3.00 on each top-up",
            "每次充值每 3.00 得 100 金币",
        ),
        (
            Ratio(ratio="1/1000"),
            None,
            "topup",
            "1 coin for each 10.00 on each top-up",
            "每次充值每 10.00 得 1 金币",
        ),
        (Fixed(reward_minor=1), None, "ticket", "1 coin for each ticket order", "每次购票得 1 金币"),
        (First(ratio="1/5"), COINS, "topup", "20 % back on your first top-up", "首次充值返 20%"),
        (First(reward_minor=9), None, "tip", "9 coins for your first tip", "首次打赏得 9 金币"),
        (
            Random(low_minor=1, high_minor=6),
            None,
            "tip",
            "1 to 6 coins for each tip",
            "每次打赏随机得 1 至 6 金币",
        ),
        (
            Streak(days=3, reward_minor=10),
            None,
            "tip",
            "10 coins for 3 days in a row",
            "连续 3 天打赏得 10 金币",
        ),
        (
            Tiered(tiers=TIERS),
            None,
            "topup",
            "For each top-up 30 coins from 100.00 on, 80 coins from 500.00 on",
            "单次充值满 100.00 得 30 金币，满 500.00 得 80 金币",
        ),
        (
            Cumulative(tiers=TIERS[:1], counted="week", every_minor=5000, every_reward_minor=2),
            None,
            "tip",
            "30 coins from 100.00 on, 2 coins more for each 50.00 after that this week",
            "本周累计打赏满 100.00 得 30 金币，之后每满 50.00 再得 2 金币",
        ),
        (
            Cumulative(tiers=(), counted="campaign", every_minor=5000, every_reward_minor=2, per=("room",)),
            None,
            "fact.other",
            "2 coins for each 50.00 (each room by itself)",
            "累计参与每满 50.00 得 2 金币（按直播间分别累计）",
        ),
        (
            Tiered(tiers=(Tier(from_minor=100, ratio="1/10"),)),
            COINS,
            "tip",
            "For each tip 10 % back from 100 on",
            "单次打赏满 100 返 10%",
        ),
    ],
)
def test_what_a_campaign_gives(
    *, strategy: Strategy, base: Base | None, trigger: str, en: str, zh: str
) -> None:
    other: dict[str, Any] = {} if base is None else {"base": base}
    terms = promised(strategy=strategy, trigger=trigger, **other)
    assert (offer_of(terms, "en"), offer_of(terms, "zh")) == (en, zh)
    if not isinstance(strategy, Cumulative | Streak):
        assert progress(terms) == (en, zh)


@pytest.mark.parametrize(
    ("total_minor", "entitled_minor", "en", "zh"),
    [
        (0, 0, "100.00 more this week for the next 30 coins", "本周再打赏 100.00 即可再得 30 金币"),
        (8800, 0, "12.00 more this week for the next 30 coins", "本周再打赏 12.00 即可再得 30 金币"),
        (10_000, 30, "400.00 more this week for the next 50 coins", "本周再打赏 400.00 即可再得 50 金币"),
        # A former revision had given more already.
        (8800, 40, "412.00 more this week for the next 40 coins", "本周再打赏 412.00 即可再得 40 金币"),
        (60_000, 80, "You have all of it this week: 80 coins", "本周奖励已全部获得：80 金币"),
    ],
)
def test_how_far_a_sum_has_come(total_minor: int, entitled_minor: int, *, en: str, zh: str) -> None:
    terms = promised(strategy=WEEK)
    assert progress(terms, Tally(totals={1: total_minor}), entitled_minor=entitled_minor) == (en, zh)


LIMIT = (
    "The limit of this campaign is reached; there is nothing more for now.",
    "已达活动奖励上限，暂无更多奖励。",
)


@pytest.mark.parametrize(
    ("left_minor", "said"),
    [
        (50, ("400.00 more this week for the next 50 coins", "本周再打赏 400.00 即可再得 50 金币")),
        (20, ("400.00 more this week for the next 20 coins", "本周再打赏 400.00 即可再得 20 金币")),
        (0, LIMIT),
    ],
)
def test_no_more_is_promised_than_caps_leave(left_minor: int, *, said: tuple[str, str]) -> None:
    tally = Tally(totals={1: 10_000})
    assert progress(promised(strategy=WEEK), tally, entitled_minor=30, left_minor=left_minor) == said


@given(part=st.integers(1, 40), whole=st.integers(1, 40))
def test_a_ratio_is_said_exactly_and_in_small_numbers(part: int, whole: int) -> None:
    said = offer_of(promised(strategy=Ratio(ratio=f"{part}/{whole}")), "en").replace(",", "").split()
    reward, base = int(said[0]), Fraction(said[4])
    assert reward / (base * 100) == Fraction(part, whole)
    assert base <= whole


def test_a_limit_that_is_reached_is_told_of_every_strategy() -> None:
    streak, ratio = Streak(days=3, reward_minor=10), Ratio(ratio="1/5")
    for strategy in (ratio, streak, Fixed(reward_minor=5), First(reward_minor=5)):
        assert progress(promised(strategy=strategy), left_minor=0) == LIMIT
    assert progress(promised(strategy=ratio, base=COINS), left_minor=9)[0] == "20 % back on each tip"
    assert "满 3 天得 4 金币" in progress(promised(strategy=streak), left_minor=4)[1]
    # What is done already is told as done.
    done = Tally(totals={1: 1}, days={DAYS[day]: 1 for day in (1, 2, 3)})
    assert "are done: 10 coins" in progress(promised(strategy=streak), done, left_minor=0)[0]


def test_a_sum_that_goes_on() -> None:
    strategy = Cumulative(
        tiers=TIERS, counted="month", every_minor=10_000, every_reward_minor=5, per=("creator",)
    )
    assert progress(promised(strategy=strategy), Tally(totals={1: 65_000}), entitled_minor=85) == (
        "50.00 more this month for the next 5 coins (each creator by itself)",
        "本月再打赏 50.00 即可再得 5 金币（按主播分别累计）",
    )


def test_a_sum_of_times() -> None:
    strategy = Cumulative(tiers=(Tier(from_minor=3, reward_minor=30),), counted="day")
    terms = promised(strategy=strategy, base=Base(amount="times", asset="times"))
    assert progress(terms, Tally(totals={1: 1})) == (
        "2 more times today for the next 30 coins",
        "今天再打赏 2 次即可再得 30 金币",
    )


@given(
    tiers=st.lists(st.integers(1, 60), unique=True, max_size=3).map(sorted),
    every=st.none() | st.tuples(st.integers(1, 9), st.integers(1, 3)),
    total_minor=st.integers(0, 100),
    more_minor=st.integers(0, 6),
)
def test_what_is_promised_for_more_is_what_it_is_worth(
    *, tiers: list[int], every: tuple[int, int] | None, total_minor: int, more_minor: int
) -> None:
    strategy = Cumulative(
        tiers=tuple(Tier(from_minor=one, reward_minor=5 * place + 5) for place, one in enumerate(tiers)),
        counted="campaign",
        every_minor=None if every is None else every[0],
        every_reward_minor=None if every is None else every[1],
    )
    worker = CumulativeWorker({1: strategy})
    entitled_minor = worker.worth(Tally(totals={1: total_minor})) + more_minor
    said, _ = progress(
        promised(strategy=strategy, base=COINS), Tally(totals={1: total_minor}), entitled_minor=entitled_minor
    )
    if "more" not in said:
        assert all(worker.worth(Tally(totals={1: far})) <= entitled_minor for far in range(total_minor, 300))
        return
    words = said.split()
    missing_minor, gain_minor = int(words[0]), int(words[-2])
    assert worker.worth(Tally(totals={1: total_minor + missing_minor})) == entitled_minor + gain_minor
    assert worker.worth(Tally(totals={1: total_minor + missing_minor - 1})) <= entitled_minor


DAYS = [f"2026-11-{day}" for day in range(20, 30)]


@pytest.mark.parametrize(
    ("days", "recurring", "en", "zh"),
    [
        ([], False, "0 of 3 days; today is the next", "已连续 0 天，满 3 天得 10 金币；今天记得来"),
        ([5, 6], False, "2 of 3 days; come back tomorrow", "已连续 2 天，满 3 天得 10 金币；明天再来"),
        ([4, 5], False, "2 of 3 days; today is the next", "已连续 2 天，满 3 天得 10 金币；今天记得来"),
        ([3, 4], False, "0 of 3 days; today is the next", "已连续 0 天，满 3 天得 10 金币；今天记得来"),
        ([1, 2, 3], False, "3 days in a row are done: 10 coins", "已连续 3 天，获得 10 金币"),
        ([4, 5, 6], True, "0 of 3 days; come back tomorrow", "已连续 0 天，满 3 天得 10 金币；明天再来"),
        ([3, 4, 5, 6], True, "1 of 3 days; come back tomorrow", "已连续 1 天，满 3 天得 10 金币；明天再来"),
    ],
)
def test_how_many_days_in_a_row(days: list[int], *, recurring: bool, en: str, zh: str) -> None:
    strategy = Streak(days=3, reward_minor=10, recurring=recurring)
    tally = Tally(totals={1: 1}, days={DAYS[day]: 1 for day in days})
    assert progress(promised(strategy=strategy), tally) == (en, zh)


def test_a_first_time_that_was() -> None:
    terms = promised(strategy=First(reward_minor=5), trigger="topup")
    assert progress(terms, Tally(first=(1, b"", 5, 1))) == (
        "Your first top-up has counted.",
        "首次充值已计入。",
    )


@pytest.mark.parametrize(
    ("state", "en", "zh"),
    [
        ("scheduled", "This campaign has not begun yet.", "活动尚未开始。"),
        ("paused", "This campaign is paused.", "活动已暂停。"),
        ("dry", "All rewards of this campaign have been given out.", "活动奖励已发完。"),
        ("ended", "This campaign is over.", "活动已结束。"),
    ],
)
def test_a_campaign_that_gives_nothing_now(state: State, en: str, zh: str) -> None:
    assert progress(promised(), state=state) == (en, zh)


@pytest.mark.parametrize(
    ("reward", "amount_minor", "en", "zh"),
    [
        (Reward(kind="points", asset="points"), 1, "1 point", "1 积分"),
        (Reward(kind="voucher", asset="CNY"), 500, "5.00 CNY in vouchers", "5.00 人民币代金券"),
        (Reward(kind="chance", asset="chance", item="w"), 2, "2 draws", "2 次抽奖机会"),
        (Reward(kind="coupon", asset="coupon", item="c"), 1, "1 coupon", "1 张优惠券"),
        (Reward(kind="coin", asset="coin"), 12_000, "12,000 coins", "12,000 金币"),
    ],
)
def test_rewards_as_people_read_them(reward: Reward, amount_minor: int, *, en: str, zh: str) -> None:
    assert reward_text(reward, amount_minor, language="en") == en
    assert reward_text(reward, amount_minor, language="zh") == zh
