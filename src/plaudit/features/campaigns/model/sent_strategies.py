"""Strategies as screens send them: their numbers read and checked, and written back.

`kind` says which: "ratio", "fixed", "tiered", "cumulative", "first", "streak", "random".
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, get_args

import msgspec

from plaudit.features.campaigns.model.reading import Given
from plaudit.features.campaigns.model.terms import (
    Counted,
    Cumulative,
    Dimension,
    First,
    Fixed,
    Random,
    Ratio,
    Strategy,
    Streak,
    Tier,
    Tiered,
)
from plaudit.features.campaigns.model.triggers import Trigger
from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import invalid

TIERS_MAX: Final = 50
DAYS_MAX: Final = 366

_TIER: Final = frozenset({"from_minor", "reward_minor", "ratio"})


def strategy_of(raw: object, place: str, *, trigger: Trigger) -> Strategy:
    """Return the strategy that was sent.

    Raises Refusal (INVALID) with the place: `campaign.strategy` for an unknown kind, `campaign.tiers` for
    tiers that are mixed, overlap, or of which a higher one is worth no more, `campaign.impossible` for bounds
    that cross, and those of `reading`.
    """
    kind = raw.get("kind") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(kind, str) or kind not in _READERS:
        allowed = ", ".join(f'"{one}"' for one in _READERS)
        raise invalid(
            "campaign.strategy", f"Send a strategy with one of these kinds: {allowed}.", place=place
        )
    fields, read = _READERS[kind]
    return read(Given(raw, place, fields | {"kind"}), trigger)


def shown_strategy(strategy: Strategy) -> dict[str, Any]:
    """Return a strategy as it is sent."""
    shown: dict[str, Any] = msgspec.to_builtins(strategy)
    return shown


def _ratio(given: Given, _trigger: Trigger) -> Strategy:
    return Ratio(ratio=given.rate("ratio"))


def _fixed(given: Given, _trigger: Trigger) -> Strategy:
    return Fixed(reward_minor=given.whole("reward_minor"))


def _tiered(given: Given, _trigger: Trigger) -> Strategy:
    tiers = _tiers(given)
    if not tiers:
        raise invalid("campaign.tiers", "Send at least one tier.", place=given.at("tiers"))
    return Tiered(tiers=tiers)


def _cumulative(given: Given, trigger: Trigger) -> Strategy:
    counted = given.choice("counted", Counted)
    if counted == "fact":
        raise invalid(
            "campaign.strategy", 'For single facts use the kind "tiered".', place=given.at("counted")
        )
    tiers = _tiers(given)
    every_minor, every_reward_minor = (
        given.maybe_whole("every_minor"),
        given.maybe_whole("every_reward_minor"),
    )
    if (every_minor is None) != (every_reward_minor is None):
        missing = "every_minor" if every_minor is None else "every_reward_minor"
        raise invalid("campaign.missing", "Send both of these or none.", place=given.at(missing))
    if not tiers and every_minor is None:
        raise invalid(
            "campaign.tiers", 'Send tiers, or "every_minor" with its reward.', place=given.at("tiers")
        )
    if every_minor is not None and any(one.ratio is not None for one in tiers):
        raise invalid(
            "campaign.tiers",
            "Tiers that are ratios go on by themselves; leave this out.",
            place=given.at("every_minor"),
        )
    return Cumulative(
        tiers=tiers,
        counted=counted,
        per=_per(given, trigger),
        every_minor=every_minor,
        every_reward_minor=every_reward_minor,
    )


def _first(given: Given, _trigger: Trigger) -> Strategy:
    if given.has("reward_minor") == given.has("ratio"):
        raise invalid("campaign.reward", 'Send one of "reward_minor" and "ratio".', place=given.place)
    return First(reward_minor=given.maybe_whole("reward_minor"), ratio=given.maybe_rate("ratio"))


def _streak(given: Given, _trigger: Trigger) -> Strategy:
    return Streak(
        days=given.whole("days", low=2, high=DAYS_MAX),
        reward_minor=given.whole("reward_minor"),
        day_minor=given.maybe_whole("day_minor") or 1,
        recurring=given.flag("recurring"),
    )


def _random(given: Given, _trigger: Trigger) -> Strategy:
    low_minor, high_minor = given.whole("low_minor", low=0), given.whole("high_minor")
    if low_minor > high_minor:
        raise invalid(
            "campaign.impossible", "Let this be at least the lower bound.", place=given.at("high_minor")
        )
    return Random(low_minor=low_minor, high_minor=high_minor)


_READERS: Final[dict[str, tuple[frozenset[str], Callable[[Given, Trigger], Strategy]]]] = {
    "ratio": (frozenset({"ratio"}), _ratio),
    "fixed": (frozenset({"reward_minor"}), _fixed),
    "tiered": (frozenset({"tiers"}), _tiered),
    "cumulative": (
        frozenset({"tiers", "counted", "per", "every_minor", "every_reward_minor"}),
        _cumulative,
    ),
    "first": (frozenset({"reward_minor", "ratio"}), _first),
    "streak": (frozenset({"days", "reward_minor", "day_minor", "recurring"}), _streak),
    "random": (frozenset({"low_minor", "high_minor"}), _random),
}
"""By kind: its fields, and what reads them."""


def _per(given: Given, trigger: Trigger) -> tuple[Dimension, ...]:
    found: list[Dimension] = []
    for place, raw in given.parts("per", most=len(get_args(Dimension))):
        if raw not in get_args(Dimension) or raw not in trigger.attributes:
            allowed = ", ".join(one for one in get_args(Dimension) if one in trigger.attributes) or "nothing"
            raise invalid("campaign.attribute", f"This trigger can be counted per {allowed}.", place=place)
        if raw in found:
            raise invalid("campaign.value", "Name each once.", place=place)
        found.append(raw)  # type: ignore[arg-type]  # checked above
    return tuple(found)


def _tiers(given: Given) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    for place, raw in given.parts("tiers", most=TIERS_MAX):
        tier = _tier(Given(raw, place, _TIER))
        if tiers:
            _check_next(tiers[-1], tier, place)
        tiers.append(tier)
    return tuple(tiers)


def _tier(given: Given) -> Tier:
    if given.has("reward_minor") == given.has("ratio"):
        raise invalid("campaign.tiers", 'Send one of "reward_minor" and "ratio".', place=given.place)
    return Tier(
        from_minor=given.whole("from_minor"),
        reward_minor=given.maybe_whole("reward_minor"),
        ratio=given.maybe_rate("ratio"),
    )


def _check_next(former: Tier, tier: Tier, place: str) -> None:
    if (former.ratio is None) != (tier.ratio is None):
        raise invalid("campaign.tiers", "Let all tiers be sums, or all ratios.", place=place)
    if tier.from_minor == former.from_minor:
        raise invalid("campaign.tiers", "Two tiers begin at the same amount.", place=f"{place}.from_minor")
    if tier.from_minor < former.from_minor:
        raise invalid("campaign.tiers", "Let tiers ascend.", place=f"{place}.from_minor")
    if _worth(tier) <= _worth(former):
        name = "reward_minor" if tier.ratio is None else "ratio"
        raise invalid("campaign.tiers", "Let a higher tier be worth more.", place=f"{place}.{name}")


def _worth(tier: Tier) -> Fraction:
    return Fraction(tier.reward_minor or 0) if tier.ratio is None else Rate.parse(tier.ratio).fraction
