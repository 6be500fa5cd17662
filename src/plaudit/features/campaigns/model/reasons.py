"""Why a campaign did not reward a fact, in English and Chinese, for who asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from plaudit.features.campaigns.model.conditions import Traced
from plaudit.features.campaigns.model.resolution import Ruling
from plaudit.features.campaigns.model.running import Absence
from plaudit.features.campaigns.model.sentences import Language
from plaudit.features.campaigns.model.terms import Terms
from plaudit.features.campaigns.model.wording import comparison_text, value_text

_ABSENT: Final[dict[Absence, tuple[str, str]]] = {
    "later": (
        "No revision of the campaign held for it: it came before.",
        "活动当时尚未生效。",
    ),
    "period": ("It happened out of the campaign's time.", "发生时间不在活动期内。"),
    "paused": ("The campaign was paused.", "活动当时已暂停。"),
    "dry": ("The campaign's budget was used up.", "活动预算当时已用完。"),
    "ended": ("The campaign had ended.", "活动当时已结束。"),
}

_CODES: Final = {
    "campaign.budget": (
        "The campaign's budget did not reach for it; the campaign is paused.",
        "活动预算不足，活动已暂停。",
    ),
    "campaign.paused": ("The campaign's budget had run out just before.", "活动预算刚好已用完。"),
    "campaign.cap": ("A limit of the campaign leaves nothing of it.", "已达到活动的奖励上限。"),
    "account.frozen": ("The viewer's account is frozen.", "用户账户已被冻结。"),
    "switch.off": ("The campaign was switched off.", "活动已被关闭。"),
    "ledger.range": ("The wallet cannot hold more.", "钱包余额已达上限。"),
}

_RULED: Final = {
    "counts": ("It counts.", "计入。"),
    "outranked": ("The campaign {by} of the same group has priority.", "同组活动 {by} 优先。"),
    "less": ("The campaign {by} of the same group gives more.", "同组活动 {by} 奖励更多。"),
    "excluded": ("The campaign {by} keeps out those of lower priority.", "活动 {by} 排斥优先级更低的活动。"),
}


def absent_text(absence: Absence, language: Language) -> str:
    """Return why a campaign does not judge a fact."""
    return _said(_ABSENT[absence], language)


def withheld_text(code: str, language: Language) -> str:
    """Return why a reward was not paid; a code that is not known here is its own meaning."""
    return _said(_CODES.get(code, (code, code)), language)


def ruled_text(ruling: Ruling, language: Language) -> str:
    """Return what became of a match beside others."""
    return _said(_RULED[ruling.reason], language).format(by=ruling.by)


def unmet_of(said: Traced, terms: Terms, *, language: Language) -> list[str]:
    """Return why a fact did not meet a revision's conditions, a sentence for each comparison that decides.

    Empty where it did.
    """
    return (
        []
        if said.verdict
        else [_sentence(one, terms, language, wanted=wanted) for one, wanted in _deciding(said, wanted=True)]
    )


def _deciding(said: Traced, *, wanted: bool) -> Iterator[tuple[Traced, bool]]:
    """Yield the comparisons by which a node is not what was wanted, and what they should have been."""
    if said.verdict is wanted:
        return
    if said.node == "leaf":
        yield said, wanted
        return
    for part in said.of:
        yield from _deciding(part, wanted=not wanted if said.node == "not" else wanted)


def _sentence(said: Traced, terms: Terms, language: Language, *, wanted: bool) -> str:
    assert said.attribute is not None, said
    assert said.operator is not None, said
    asked = comparison_text(
        attribute=said.attribute,
        operator=said.operator,
        value=said.wanted,
        terms=terms,
        language=language,
        units=False,
    )
    actual = said.actual
    if actual is None or (isinstance(actual, list | tuple) and not actual):
        found = "无" if language == "zh" else "nothing"
    else:
        found = value_text(actual, attribute=said.attribute, terms=terms, language=language, units=False)
    if language == "zh":
        return f"{'要求' if wanted else '要求不满足'}“{asked}”，实际为{found}。"
    return f"Asked: {'' if wanted else 'not '}{asked}. It was {found}."


def _said(words: tuple[str, str], language: Language) -> str:
    return words[1] if language == "zh" else words[0]
