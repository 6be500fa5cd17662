"""What terms say in words, in Chinese and English: the lines of the page that everybody may read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from plaudit.features.campaigns.model.attributes import WORDS
from plaudit.features.campaigns.model.happenings import TIMES
from plaudit.features.campaigns.model.sentences import Language
from plaudit.features.campaigns.model.terms import (
    All,
    Condition,
    Cumulative,
    First,
    Fixed,
    Leaf,
    Not,
    Operator,
    Random,
    Ratio,
    Reward,
    Streak,
    Terms,
    Tier,
    Tiered,
)
from plaudit.features.campaigns.model.triggers import TRIGGERS
from plaudit.kernel.money import format_minor
from plaudit.vocabulary.assets import ASSETS

Line: TypeAlias = tuple[str, str]

_UNITS: Final[dict[str, tuple[str, str]]] = {
    "coin": ("{n} coins", "{n} 金币"),
    "points": ("{n} points", "{n} 积分"),
    "chance": ("{n} chances", "{n} 次抽奖机会"),
    "coupon": ("{n} coupons", "{n} 张优惠券"),
    TIMES: ("{n} times", "{n} 次"),
}
_COUNTED: Final[dict[str, tuple[str, str]]] = {
    "fact": ("each time", "每次"),
    "day": ("a day", "每日"),
    "week": ("a week (from Monday)", "每周（周一起）"),
    "month": ("a month", "每月"),
    "campaign": ("the whole campaign", "整个活动期间"),
}
_WEEKDAYS: Final = (
    ("Monday", "周一"),
    ("Tuesday", "周二"),
    ("Wednesday", "周三"),
    ("Thursday", "周四"),
    ("Friday", "周五"),
    ("Saturday", "周六"),
    ("Sunday", "周日"),
)
_BESIDE: Final[dict[str, tuple[str, str]]] = {
    "trigger": ("The campaign goes by other facts.", "活动不以此类行为为依据。"),
    "base": ("It has nothing of what the campaign counts.", "其中没有活动所计的金额或对象。"),
}
_PER: Final[dict[str, tuple[str, str]]] = {
    "creator": ("creator", "主播"),
    "room": ("room", "直播间"),
    "show": ("show", "演出"),
}
_CAPS: Final[dict[str, tuple[str, str]]] = {
    "viewer_day_minor": ("for each person a day", "每人每日"),
    "viewer_minor": ("for each person", "每人累计"),
    "day_minor": ("for everybody a day", "全体每日"),
    "total_minor": ("for everybody", "全体累计"),
    "viewer_day_count": ("times for each person a day", "次（每人每日）"),
    "viewer_count": ("times for each person", "次（每人累计）"),
    "total_count": ("times for everybody", "次（全体累计）"),
}

PAGE: Final[dict[str, tuple[str, str]]] = {
    "revision": ("Revision {n}", "第 {n} 版"),
    "from": ("Holds for what happens from", "适用于此时起发生的行为"),
    "hash": ("SHA-256 of these terms", "本版条款的 SHA-256"),
    "text": ("The text that it is of", "对应的条款原文"),
    "check": (
        "To check it, fetch the text and hash it as it is, byte for byte: curl -s {url} | sha256sum",
        "验证方法：下载原文并逐字节计算哈希：curl -s {url} | sha256sum",
    ),
    "seed_hash": ("SHA-256 of the secret that rewards are drawn by", "随机奖励所用密值的 SHA-256"),
    "seed": ("That secret, told now that it has ended (hex)", "活动已结束，公开该密值（十六进制）"),
    "draft": ("Scheduled", "未开始"),
    "scheduled": ("Scheduled", "未开始"),
    "running": ("Running", "进行中"),
    "paused": ("Paused", "已暂停"),
    "ended": ("Ended", "已结束"),
    "other": ("中文", "English"),
    "intro": (
        "All approved revisions are here. What happens is judged by the one that holds when it happens.",
        "本页列出所有已批准的版本。行为按其发生时有效的版本判定。",
    ),
}
"""What the page says around them."""


def lines_of(terms: Terms, *, language: Language) -> list[Line]:
    """Return (what, words) of everything that terms promise, in the order in which they are read."""
    say = _speaker(language)
    trigger = TRIGGERS[terms.trigger]
    amount = trigger.amounts[terms.base.amount]
    lines = [
        (say("Period", "活动时间"), _period(terms, say)),
        (say("For", "触发行为"), say(trigger.en, trigger.zh)),
        (say("Counted", "计算依据"), f"{say(*amount)} ({_asset(terms.base.asset, say)})"),
        (
            say("Conditions", "参与条件"),
            condition_text(terms.conditions, terms=terms, language=language),
        ),
        (say("Reward", "奖励规则"), _strategy(terms, say)),
        *_matures(terms, say),
        (say("Limits", "奖励上限"), _caps(terms, say)),
        (say("When it is undone", "退款处理"), _clawback(terms, say)),
        *_beside(terms, say),
    ]
    if terms.calendars:
        days = "; ".join(f"{name}: {', '.join(some)}" for name, some in sorted(terms.calendars.items()))
        lines.append((say("Calendars", "日历"), days))
    return lines


def amount_text(amount_minor: int, asset: str, *, language: Language) -> str:
    """Return an amount as people read it: "12.00 CNY", "30 coins"."""
    say = _speaker(language)
    words = _UNITS.get(asset)
    if words is not None:
        return say(*words).format(n=f"{amount_minor:,}")
    return f"{format_minor(amount_minor=amount_minor, scale=ASSETS[asset].scale)} {asset}"


def moment_text(at: datetime, *, zone: str) -> str:
    """Return a moment to the second in a zone, with the zone: what is announced is in one, for everybody."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"


def condition_text(condition: Condition, *, terms: Terms, language: Language) -> str:
    """Return a condition of terms in words, parts of parts in brackets."""
    say = _speaker(language)
    if isinstance(condition, Leaf):
        return comparison_text(
            attribute=condition.attribute,
            operator=condition.operator,
            value=condition.value,
            terms=terms,
            language=language,
        )
    if isinstance(condition, Not):
        inner = condition_text(condition.of, terms=terms, language=language)
        return say(f"not ({inner})", f"非（{inner}）")
    parts = [condition_text(one, terms=terms, language=language) for one in condition.of]
    if not parts:
        return say("none", "无")
    grouped = [
        part if isinstance(one, Leaf | Not) or len(parts) == 1 else say(f"({part})", f"（{part}）")
        for part, one in zip(parts, condition.of, strict=True)
    ]
    together = say(" and ", "，且") if isinstance(condition, All) else say(" or ", "，或")
    return together.join(grouped)


def comparison_text(
    *,
    attribute: str,
    operator: Operator,
    value: Any,  # noqa: ANN401 - of the attribute's sort
    terms: Terms,
    language: Language,
    units: bool = True,
) -> str:
    """Return a comparison in words; amounts without their asset where `units` is false."""

    def shown(one: object) -> str:
        return value_text(one, attribute=attribute, terms=terms, language=language, units=units)

    say = _speaker(language)
    known = TRIGGERS[terms.trigger].attributes[attribute]
    low, high = map(shown, value) if operator == "between" else ("", "")
    return say(*WORDS[operator]).format(name=say(known.en, known.zh), wanted=shown(value), low=low, high=high)


def value_text(
    value: Any,  # noqa: ANN401 - of the attribute's sort
    *,
    attribute: str,
    terms: Terms,
    language: Language,
    units: bool = True,
) -> str:
    """Return the value of an attribute, or several, as people read it; `units` as in `comparison_text`."""
    say = _speaker(language)
    if isinstance(value, list | tuple):
        parts = [
            value_text(one, attribute=attribute, terms=terms, language=language, units=units) for one in value
        ]
        return say(", ", "、").join(parts)
    if isinstance(value, bool):
        return say("yes", "是") if value else say("no", "否")
    sort = TRIGGERS[terms.trigger].attributes[attribute].sort
    if sort == "amount" and units:
        return amount_text(value, terms.base.asset, language=language)
    if sort == "amount":
        asset = ASSETS.get(terms.base.asset)
        return format_minor(amount_minor=value, scale=0 if asset is None else asset.scale)
    if sort == "weekday":
        return say(*_WEEKDAYS[value - 1])
    return str(value)


def beside_text(verdict: str, *, language: Language) -> str:
    """Return why a fact is nothing to a campaign at all: "trigger" or "base"."""
    return _speaker(language)(*_BESIDE[verdict])


_Speaker: TypeAlias = Callable[[str, str], str]


def _speaker(language: Language) -> _Speaker:
    return lambda en, zh: zh if language == "zh" else en


def _language(say: _Speaker) -> Language:
    return "zh" if say("en", "zh") == "zh" else "en"


def _period(terms: Terms, say: _Speaker) -> str:
    starts, ends = (moment_text(at, zone=terms.zone) for at in (terms.starts_at, terms.ends_at))
    return say(f"from {starts} to before {ends}", f"{starts} 起，至 {ends} 前")


def _asset(asset: str, say: _Speaker) -> str:
    if asset == TIMES:
        return say("how often", "次数")
    known = ASSETS[asset]
    return say(known.name_en, known.name_zh)


def _reward(amount_minor: int, reward: Reward, say: _Speaker) -> str:
    text = amount_text(amount_minor, reward.asset, language=_language(say))
    if reward.kind == "voucher":
        return say(f"a voucher of {text}", f"{text} 代金券")
    return text if reward.item is None else say(f"{text} ({reward.item})", f"{text}（{reward.item}）")


def _strategy(terms: Terms, say: _Speaker) -> str:
    strategy, reward = terms.strategy, terms.reward
    match strategy:
        case Ratio():
            said = _of_amount(strategy.ratio, say)
        case Fixed():
            given = _reward(strategy.reward_minor, reward, say)
            said = say(f"{given} each time", f"每次 {given}")
        case Tiered():
            said = _tiers(strategy.tiers, terms, say)
        case Cumulative():
            said = _cumulative(strategy, terms, say)
        case First():
            given = (
                _of_amount(strategy.ratio, say)
                if strategy.ratio is not None
                else _reward(strategy.reward_minor or 0, reward, say)
            )
            said = say(f"once for each person: {given}", f"每人一次：{given}")
        case Streak():
            said = _streak(strategy, terms, say)
        case Random():
            low, high = (_reward(one, reward, say) for one in (strategy.low_minor, strategy.high_minor))
            said = say(f"by chance from {low} to {high}, all alike", f"{low} 至 {high} 随机，机会均等")
    return said


def _of_amount(ratio: str, say: _Speaker) -> str:
    return say(
        f"{ratio} of the amount, in smallest units, rounded down",
        f"按金额的 {ratio}（以最小单位计，向下取整）",
    )


def _tiers(tiers: tuple[Tier, ...], terms: Terms, say: _Speaker) -> str:
    said = []
    for tier in tiers:
        from_text = amount_text(tier.from_minor, terms.base.asset, language=_language(say))
        given = (
            _of_amount(tier.ratio, say)
            if tier.ratio is not None
            else _reward(tier.reward_minor or 0, terms.reward, say)
        )
        said.append(say(f"from {from_text}: {given}", f"满 {from_text}：{given}"))
    return say("; ", "；").join(said)


def _cumulative(strategy: Cumulative, terms: Terms, say: _Speaker) -> str:
    said = [_tiers(strategy.tiers, terms, say)] if strategy.tiers else []
    if strategy.every_minor is not None:
        step = amount_text(strategy.every_minor, terms.base.asset, language=_language(say))
        given = _reward(strategy.every_reward_minor or 0, terms.reward, say)
        said.append(say(f"{given} more for each {step} after that", f"此后每满 {step} 再得 {given}"))
    per = "".join(say(f", for each {en}", f"，按{zh}") for en, zh in (_PER[one] for one in strategy.per))
    counted = say(*_COUNTED[strategy.counted])
    tiers = say("; ", "；").join(said)
    return say(
        f"by the sum of {counted}{per}: {tiers}; what was given before counts",
        f"按{counted}累计{per}：{tiers}；已发放部分计入",
    )


def _streak(strategy: Streak, terms: Terms, say: _Speaker) -> str:
    least = amount_text(strategy.day_minor, terms.base.asset, language=_language(say))
    given = _reward(strategy.reward_minor, terms.reward, say)
    often_en, often_zh = ("each time", "每次达成") if strategy.recurring else ("once", "仅一次")
    return say(
        f"{given} for {strategy.days} days in a row with at least {least} each, {often_en}",
        f"连续 {strategy.days} 天、每天不低于 {least}：{given}（{often_zh}）",
    )


def _matures(terms: Terms, say: _Speaker) -> list[Line]:
    if not terms.reward.matures_s:
        return []
    seconds = f"{terms.reward.matures_s:,}"
    return [(say("Paid out", "到账时间"), say(f"{seconds} seconds later", f"{seconds} 秒后"))]


def _caps(terms: Terms, say: _Speaker) -> str:
    said = []
    for name, words in _CAPS.items():
        limit = getattr(terms.caps, name)
        if limit is None:
            continue
        if name.endswith("_count"):
            said.append(f"{limit:,} {say(*words)}")
        else:
            amount = amount_text(limit, terms.reward.asset, language=_language(say))
            said.append(say(f"{amount} {words[0]}", f"{words[1]} {amount}"))
    budget = say("as long as the budget lasts", "以预算为限，发完即止")
    return say("; ", "；").join([*said, budget])


def _clawback(terms: Terms, say: _Speaker) -> str:
    if terms.clawback.policy == "forgive":
        return say("what was given stays", "已发放的奖励不收回")
    taken = say("what it had earned is taken back", "由此获得的奖励将被收回")
    limit_minor = terms.clawback.debt_limit_minor
    if not limit_minor:
        return taken
    owed = amount_text(limit_minor, terms.reward.asset, language=_language(say))
    return say(
        f"{taken}; what is not there any more is owed, up to {owed}", f"{taken}；不足部分记欠，至多 {owed}"
    )


def _beside(terms: Terms, say: _Speaker) -> list[Line]:
    said = []
    if terms.group is not None:
        picked = (
            say("what is worth most", "奖励最高者") if terms.pick == "best" else say("the first", "优先者")
        )
        said.append(
            say(f"of the group “{terms.group}” {picked} counts", f"“{terms.group}”组内仅{picked}生效")
        )
    if terms.exclusive:
        said.append(say("nothing of lower priority counts beside it", "不与更低优先级的活动同享"))
    if not said:
        return []
    said.append(say(f"priority {terms.priority}", f"优先级 {terms.priority}"))
    return [(say("Beside others", "与其他活动"), say("; ", "；").join(said))]
