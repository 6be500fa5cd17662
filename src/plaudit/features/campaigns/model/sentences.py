"""Sentences for viewers, in English and Chinese: what a campaign gives, and how far one has come.

Amounts are as people read them ("12.00"). Of what is still to be paid the number alone is said, of a reward
its unit, too.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from plaudit.features.campaigns.model.happenings import TIMES
from plaudit.features.campaigns.model.strategies.base import Tally, rate_of
from plaudit.features.campaigns.model.strategies.cumulative import sum_worth
from plaudit.features.campaigns.model.strategies.streak import good_days, rows_of
from plaudit.features.campaigns.model.terms import (
    Cumulative,
    First,
    Fixed,
    Random,
    Ratio,
    Reward,
    Streak,
    Terms,
    Tiered,
)
from plaudit.kernel.money import format_minor
from plaudit.vocabulary.assets import ASSETS

Language: TypeAlias = Literal["en", "zh"]
State: TypeAlias = Literal["scheduled", "running", "paused", "dry", "ended"]

_THINGS: Final = {
    "topup": ("top-up", "充值"),
    "payment": ("payment", "支付"),
    "tip": ("tip", "打赏"),
    "ticket": ("ticket order", "购票"),
    "invitation": ("invited friend", "邀请好友"),
}
"""What a fact of a trigger is called, and in Chinese what one does."""
_OTHER_THING: Final = ("time", "参与")

_SPANS: Final = {
    "day": ("today", "今天"),
    "week": ("this week", "本周"),
    "month": ("this month", "本月"),
    "campaign": ("", ""),
    "fact": ("", ""),
}
_EACH: Final = {"creator": ("creator", "主播"), "room": ("room", "直播间"), "show": ("show", "演出")}

_STATES: Final[dict[State, tuple[str, str]]] = {
    "scheduled": ("This campaign has not begun yet.", "活动尚未开始。"),
    "paused": ("This campaign is paused.", "活动已暂停。"),
    "dry": ("All rewards of this campaign have been given out.", "活动奖励已发完。"),
    "ended": ("This campaign is over.", "活动已结束。"),
}

_LIMIT: Final = (
    "The limit of this campaign is reached; there is nothing more for now.",
    "已达活动奖励上限，暂无更多奖励。",
)

_HUNDRED: Final = 100


def offer_of(terms: Terms, language: Language) -> str:
    """Return what a campaign gives, in one sentence: "20 % back on each top-up"."""
    strategy, zh = terms.strategy, language == "zh"
    thing = _thing(terms, language)
    match strategy:
        case Ratio():
            share = _share(terms, strategy.ratio, language)
            return f"每次{thing}{share}" if zh else f"{share} on each {thing}"
        case Fixed():
            reward = reward_text(terms.reward, strategy.reward_minor, language=language)
            return f"每次{thing}得 {reward}" if zh else f"{reward} for each {thing}"
        case Random():
            high = reward_text(terms.reward, strategy.high_minor, language=language)
            low = _number(strategy.low_minor, terms.reward.asset)
            return f"每次{thing}随机得 {low} 至 {high}" if zh else f"{low} to {high} for each {thing}"
        case First():
            return _first_offer(terms, strategy, language)
        case Streak():
            reward = reward_text(terms.reward, strategy.reward_minor, language=language)
            days = strategy.days
            return f"连续 {days} 天{thing}得 {reward}" if zh else f"{reward} for {days} days in a row"
        case Tiered() | Cumulative():
            return _tiers_offer(terms, strategy, language)


def progress_of(
    terms: Terms,
    tally: Tally | None,
    *,
    entitled_minor: int,
    left_minor: int | None,
    today: date,
    state: State,
    language: Language,
) -> str:
    """Return how far a viewer has come in the present window: "12.00 more this week for the next 30 coins".

    `tally` is what the window has counted, None for nothing yet, `entitled_minor` what it is worth, and
    `left_minor` what caps leave to give, None without any; `today` is the day in the campaign's zone.
    """
    if state != "running":
        en, zh = _STATES[state]
        return zh if language == "zh" else en
    counted = tally or Tally()
    done = _done(terms, counted, language)
    if done is not None or left_minor == 0:
        return done or _LIMIT[language == "zh"]
    match terms.strategy:
        case Cumulative() as strategy:
            return _sum_progress(
                terms,
                strategy,
                total_minor=sum(counted.totals.values()),
                entitled_minor=entitled_minor,
                left_minor=left_minor,
                language=language,
            )
        case Streak() as strategy:
            reward = reward_text(terms.reward, _cut(strategy.reward_minor, left_minor), language=language)
            return _streak_progress(strategy, counted, reward=reward, today=today, language=language)
        case _:
            return offer_of(terms, language)


def reward_text(reward: Reward, amount_minor: int, *, language: Language) -> str:
    """Return a reward as people read it: "30 coins", "5.00 CNY in vouchers", "2 次抽奖机会"."""
    number = _number(amount_minor, reward.asset)
    one = amount_minor == 1
    if reward.kind == "voucher":
        asset = ASSETS[reward.asset]
        return f"{number} {asset.name_zh}代金券" if language == "zh" else f"{number} {asset.code} in vouchers"
    if language == "zh":
        unit = {"coin": "金币", "points": "积分", "chance": "次抽奖机会", "coupon": "张优惠券"}[reward.kind]
    else:
        unit = {"coin": "coin", "points": "point", "chance": "draw", "coupon": "coupon"}[reward.kind]
        unit += "" if one else "s"
    return f"{number} {unit}"


def _done(terms: Terms, tally: Tally, language: Language) -> str | None:
    """Return what is told of what is had once when it was had, None else."""
    strategy, zh = terms.strategy, language == "zh"
    if isinstance(strategy, First) and tally.first is not None:
        thing = _thing(terms, language)
        return f"首次{thing}已计入。" if zh else f"Your first {thing} has counted."
    if not isinstance(strategy, Streak) or strategy.recurring:
        return None
    days = strategy.days
    if all(length < days for _, length in rows_of(good_days(tally, strategy))):
        return None
    reward = reward_text(terms.reward, strategy.reward_minor, language=language)
    return f"已连续 {days} 天，获得 {reward}" if zh else f"{days} days in a row are done: {reward}"


def _cut(amount_minor: int, left_minor: int | None) -> int:
    return amount_minor if left_minor is None else min(amount_minor, left_minor)


def _sum_progress(
    terms: Terms,
    strategy: Cumulative,
    *,
    total_minor: int,
    entitled_minor: int,
    left_minor: int | None,
    language: Language,
) -> str:
    en_span, zh_span = _SPANS[strategy.counted]
    goal_minor = _next_goal(strategy, total_minor=total_minor, entitled_minor=entitled_minor)
    if goal_minor is None:
        reward = reward_text(terms.reward, entitled_minor, language=language)
        if language == "zh":
            return f"{zh_span}奖励已全部获得：{reward}"
        return " ".join(part for part in ("You have all of it", en_span) if part) + f": {reward}"
    missing = _number(goal_minor - total_minor, terms.base.asset)
    gain_minor = _cut(sum_worth(strategy, goal_minor) - entitled_minor, left_minor)
    gain = reward_text(terms.reward, gain_minor, language=language)
    if language == "zh":
        goal = f"{missing} 次" if terms.base.amount == TIMES else f"{missing} "
        return f"{zh_span}再{_thing(terms, 'zh')} {goal}即可再得 {gain}{_per_each(strategy, 'zh')}"
    more = f"{missing} more times" if terms.base.amount == TIMES else f"{missing} more"
    parts = (more, en_span, f"for the next {gain}")
    return " ".join(part for part in parts if part) + _per_each(strategy, language)


def _next_goal(strategy: Cumulative, *, total_minor: int, entitled_minor: int) -> int | None:
    """Return the smallest sum above the total that is worth more than there is, None if there is none."""
    for tier in strategy.tiers:
        if tier.from_minor > total_minor and sum_worth(strategy, tier.from_minor) > entitled_minor:
            return tier.from_minor
    if not strategy.every_minor or not strategy.every_reward_minor:
        return None
    last_minor = strategy.tiers[-1].from_minor if strategy.tiers else 0
    before_minor = max(total_minor - last_minor, 0)
    goal_minor = last_minor + (before_minor // strategy.every_minor + 1) * strategy.every_minor
    short_minor = entitled_minor + 1 - sum_worth(strategy, goal_minor)
    if short_minor > 0:
        goal_minor += -(-short_minor // strategy.every_reward_minor) * strategy.every_minor
    return goal_minor


def _streak_progress(strategy: Streak, tally: Tally, *, reward: str, today: date, language: Language) -> str:
    rows = list(rows_of(good_days(tally, strategy)))
    last, length = rows[-1] if rows else (today, 0)
    gap = today.toordinal() - last.toordinal()
    done = length % strategy.days if gap <= 1 else 0
    come_back = gap == 0 and length > 0
    if language == "zh":
        when = "明天再来" if come_back else "今天记得来"
        return f"已连续 {done} 天，满 {strategy.days} 天得 {reward}；{when}"
    when = "come back tomorrow" if come_back else "today is the next"
    return f"{done} of {strategy.days} days; {when}"


def _first_offer(terms: Terms, strategy: First, language: Language) -> str:
    thing = _thing(terms, language)
    if strategy.ratio is not None:
        share = _share(terms, strategy.ratio, language)
        return f"首次{thing}{share}" if language == "zh" else f"{share} on your first {thing}"
    reward = reward_text(terms.reward, strategy.reward_minor or 0, language=language)
    return f"首次{thing}得 {reward}" if language == "zh" else f"{reward} for your first {thing}"


def _tiers_offer(terms: Terms, strategy: Tiered | Cumulative, language: Language) -> str:
    zh = language == "zh"
    parts: list[str] = []
    for tier in strategy.tiers:
        start = _number(tier.from_minor, terms.base.asset)
        if tier.ratio is not None:
            gain = _share(terms, tier.ratio, language)
            parts.append(f"满 {start} {gain}" if zh else f"{gain} from {start} on")
        else:
            gain = reward_text(terms.reward, tier.reward_minor or 0, language=language)
            parts.append(f"满 {start} 得 {gain}" if zh else f"{gain} from {start} on")
    if isinstance(strategy, Tiered):
        thing = _thing(terms, language)
        return f"单次{thing}" + "，".join(parts) if zh else f"For each {thing} " + ", ".join(parts)
    if strategy.every_minor and strategy.every_reward_minor:
        every = _number(strategy.every_minor, terms.base.asset)
        gain = reward_text(terms.reward, strategy.every_reward_minor, language=language)
        beyond = bool(strategy.tiers)
        if zh:
            parts.append(f"{'之后' if beyond else ''}每满 {every} {'再' if beyond else ''}得 {gain}")
        else:
            parts.append(
                f"{gain} {'more ' if beyond else ''}for each {every}{' after that' if beyond else ''}"
            )
    en_span, zh_span = _SPANS[strategy.counted]
    if zh:
        return f"{zh_span}累计{_thing(terms, language)}" + "，".join(parts) + _per_each(strategy, language)
    return ", ".join(parts) + (f" {en_span}" if en_span else "") + _per_each(strategy, language)


def _per_each(strategy: Cumulative, language: Language) -> str:
    if not strategy.per:
        return ""
    if language == "zh":
        return f"（按{'、'.join(_EACH[one][1] for one in strategy.per)}分别累计）"
    return f" (each {' and '.join(_EACH[one][0] for one in strategy.per)} by itself)"


def _share(terms: Terms, ratio: str, language: Language) -> str:
    """Return what a ratio gives: "20 % back", or so many of a reward for so much of another asset."""
    exact = rate_of(ratio).fraction
    if terms.base.asset == terms.reward.asset:
        return f"返 {_percent(exact)}%" if language == "zh" else f"{_percent(exact)} % back"
    # The smallest amount without a fraction that earns something whole.
    unit_minor = 10 ** _scale(terms.base.asset)
    base_minor = unit_minor * (exact * unit_minor).denominator
    reward = reward_text(terms.reward, int(exact * base_minor), language=language)
    base = _number(base_minor, terms.base.asset)
    return f"每 {base} 得 {reward}" if language == "zh" else f"{reward} for each {base}"


def _percent(exact: Fraction) -> str:
    """Return a ratio in hundredths, "20" or "12.5", as a fraction where two decimals are too few."""
    hundredths = exact * _HUNDRED * _HUNDRED
    if hundredths.denominator != 1:
        return str(exact * _HUNDRED)
    whole, rest = divmod(hundredths.numerator, _HUNDRED)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)


def _thing(terms: Terms, language: Language) -> str:
    return _THINGS.get(terms.trigger, _OTHER_THING)[language == "zh"]


def _scale(asset: str) -> int:
    return ASSETS[asset].scale if asset in ASSETS else 0


def _number(amount_minor: int, asset: str) -> str:
    return format_minor(amount_minor=amount_minor, scale=_scale(asset))
