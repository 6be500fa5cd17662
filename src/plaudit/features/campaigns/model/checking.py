"""Terms as screens send them: read strictly, checked for sense, written back, and compared.

Every refusal carries the place ("conditions.all[1].value") beside its code. A calendar that the conditions
name is copied into the terms, so that its days stay those that were reviewed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from unicodedata import category

import msgspec

from plaudit.features.campaigns.model.conditions import Calendars, leaves
from plaudit.features.campaigns.model.contradictions import impossible
from plaudit.features.campaigns.model.happenings import TIMES
from plaudit.features.campaigns.model.reading import Given
from plaudit.features.campaigns.model.sent_conditions import condition_of, shown_condition
from plaudit.features.campaigns.model.sent_strategies import shown_strategy, strategy_of
from plaudit.features.campaigns.model.strategies import PER_FACT
from plaudit.features.campaigns.model.terms import (
    Base,
    Caps,
    Clawback,
    Condition,
    Pick,
    Reward,
    Streak,
    Terms,
    Texts,
)
from plaudit.features.campaigns.model.triggers import TRIGGERS, Trigger
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import invalid
from plaudit.kernel.time import format_time, is_zone
from plaudit.vocabulary.assets import ASSETS, CHANCE, COUPON
from plaudit.vocabulary.facts.campaigns import RewardKind

PRIORITY_MAX: Final = 1_000_000
PERIOD_MAX: Final = timedelta(days=5 * 366)
MATURES_MAX_S: Final = 366 * 86_400
TITLE_MAX: Final = 80
TEXT_MAX: Final = 2_000

_FIELDS: Final = frozenset(Terms.__struct_fields__) - {"calendars"}
_CAPS: Final = frozenset(Caps.__struct_fields__)
_WITHIN: Final = (
    ("viewer_day_minor", "viewer_minor"),
    ("viewer_day_minor", "day_minor"),
    ("viewer_minor", "total_minor"),
    ("day_minor", "total_minor"),
    ("viewer_day_minor", "total_minor"),
    ("viewer_day_count", "viewer_count"),
    ("viewer_count", "total_count"),
    ("viewer_day_count", "total_count"),
)
"""Which cap is part of which other."""
_FIXED: Final = (
    "trigger",
    "base.amount",
    "base.asset",
    "reward.kind",
    "reward.asset",
    "reward.item",
    "strategy.kind",
    "strategy.counted",
    "strategy.per",
    "zone",
    "group",
    "pick",
)
"""What windows, counters and budgets rest on."""
_FIXED_OF_STREAKS: Final = (
    "strategy.days",
    "strategy.day_minor",
    "strategy.reward_minor",
    "strategy.recurring",
)
"""What weighs days that are long over: a row has no revision of its own."""
_OF_ITEMS: Final = {"chance": CHANCE.code, "coupon": COUPON.code}
_OF_WALLET: Final = frozenset({"coin", "points"})


def terms_of(raw: object, *, zone: str, calendars: Calendars) -> Terms:
    """Return the terms that were sent. `zone` holds where none is sent, `calendars` are all that there are.

    Raises Refusal (INVALID) with the place, and one of the codes `campaign.trigger`, `campaign.base`,
    `campaign.reward`, `campaign.period`, `campaign.zone`, `campaign.group`, `campaign.caps`,
    `campaign.clawback`, `campaign.text`, `campaign.impossible`, or of those of conditions and strategies.
    """
    given = Given(raw, "", _FIELDS)
    trigger = TRIGGERS.get(given.text("trigger"))
    if trigger is None:
        raise invalid("campaign.trigger", "There is no such trigger; ask for the catalogue.", place="trigger")
    base = _base(given.need("base"), trigger)
    conditions = condition_of(given.raw("conditions"), trigger=trigger, calendars=calendars)
    used = {leaf.value for _, leaf in leaves(conditions) if leaf.operator == "in_calendar"}
    days = {name: tuple(calendars[name]) for name in sorted(used)}
    _check_possible(conditions, trigger=trigger, base=base, calendars=days)
    reward = _reward(given.need("reward"))
    starts_at, ends_at = _period(given)
    terms = Terms(
        trigger=trigger.name,
        base=base,
        conditions=conditions,
        strategy=strategy_of(given.need("strategy"), "strategy", trigger=trigger),
        reward=reward,
        starts_at=starts_at,
        ends_at=ends_at,
        zone=_zone(given, zone),
        texts=_texts(given.need("texts")),
        caps=_caps(given.raw("caps")),
        clawback=_clawback(given.raw("clawback"), reward),
        priority=given.maybe_whole("priority", low=-PRIORITY_MAX, high=PRIORITY_MAX) or 0,
        group=given.name("group") if given.has("group") else None,
        pick=given.choice("pick", Pick) if given.has("pick") else "priority",
        exclusive=given.flag("exclusive"),
        calendars=days,
    )
    _check_group(terms)
    return terms


def shown(terms: Terms) -> dict[str, Any]:
    """Return terms as they are sent, without the days of their calendars: the inverse of `terms_of`."""
    texts: dict[str, Any] = msgspec.to_builtins(terms)
    texts.pop("calendars", None)
    texts["conditions"] = shown_condition(terms.conditions)
    texts["strategy"] = shown_strategy(terms.strategy)
    texts["starts_at"] = format_time(terms.starts_at)
    texts["ends_at"] = format_time(terms.ends_at)
    return texts


def changes(old: Terms, new: Terms) -> list[tuple[str, Any, Any]]:
    """Return what differs: (place, before, after), by place, None for what is not there."""
    before, after = dict(_flat(_all(old), "")), dict(_flat(_all(new), ""))
    places = [*before, *(place for place in after if place not in before)]
    return [
        (place, before.get(place), after.get(place))
        for place in places
        if before.get(place) != after.get(place)
    ]


def fixed_change(old: Terms, new: Terms) -> str | None:
    """Return the place of the first change that a revision may not make, None if there is none."""
    changed = [place for place, _, _ in changes(old, new)]
    of_streaks: tuple[str, ...] = _FIXED_OF_STREAKS if isinstance(old.strategy, Streak) else ()
    for fixed in (*_FIXED, *of_streaks):
        for place in changed:
            if place == fixed or place.startswith(f"{fixed}["):
                return fixed
    return None


def check_together(terms: Terms, others: Mapping[str, Terms]) -> None:
    """Check terms beside those of other campaigns, by id, that go on.

    Raises Refusal `campaign.group` (INVALID) when one of its group picks otherwise, or when a group that
    picks the best has rewards that cannot be compared.
    """
    for campaign, other in others.items():
        if terms.group is None or other.group != terms.group:
            continue
        if other.pick != terms.pick:
            raise invalid(
                "campaign.group",
                f'Let all of a group pick alike; "{campaign}" picks by "{other.pick}".',
                place="pick",
                campaign=campaign,
            )
        if terms.pick == "best" and other.reward.asset != terms.reward.asset:
            raise invalid(
                "campaign.group",
                f'Only rewards of one asset can be compared; "{campaign}" gives {other.reward.asset}.',
                place="reward.asset",
                campaign=campaign,
            )


def _base(raw: object, trigger: Trigger) -> Base:
    given = Given(raw, "base", frozenset({"amount", "asset"}))
    amount = given.text("amount")
    if amount not in trigger.amounts:
        known = ", ".join(trigger.amounts)
        raise invalid(
            "campaign.base", f'The trigger "{trigger.name}" has these amounts: {known}.', place="base.amount"
        )
    if amount == TIMES:
        asset = given.text("asset") if given.has("asset") else TIMES
        known_assets = frozenset({TIMES})
    else:
        asset, known_assets = given.text("asset"), frozenset(ASSETS)
    if asset not in known_assets:
        raise invalid(
            "campaign.base", 'Use "coin", "points" or the code of a currency in capitals.', place="base.asset"
        )
    return Base(amount=amount, asset=asset)


def _check_possible(conditions: Condition, *, trigger: Trigger, base: Base, calendars: Calendars) -> None:
    place = impossible(conditions, trigger=trigger, currency=base.asset, calendars=calendars)
    if place is not None:
        raise invalid(
            "campaign.impossible",
            "This can never be true beside what else must be; change one of them.",
            place=place,
        )


def _reward(raw: object) -> Reward:
    given = Given(raw, "reward", frozenset(Reward.__struct_fields__))
    kind: RewardKind = given.choice("kind", RewardKind)
    return Reward(
        kind=kind,
        asset=_reward_asset(given, kind),
        item=_item(given, kind),
        matures_s=_matures(given, kind),
    )


def _reward_asset(given: Given, kind: RewardKind) -> str:
    if kind == "voucher":
        asset = given.text("asset") if given.has("asset") else ""
        if asset not in ASSETS or ASSETS[asset].kind != "money":
            raise invalid(
                "campaign.reward",
                "Give a voucher the code of its currency in capitals.",
                place="reward.asset",
            )
        return asset
    own = _OF_ITEMS.get(kind, kind)
    if given.has("asset") and given.text("asset") != own:
        raise invalid("campaign.reward", f'Leave this out, or send "{own}".', place="reward.asset")
    return own


def _item(given: Given, kind: RewardKind) -> str | None:
    if kind not in _OF_ITEMS:
        if given.has("item"):
            raise invalid("campaign.reward", "Only chances and coupons have an item.", place="reward.item")
        return None
    if not given.has("item"):
        raise invalid("campaign.reward", "Say which: send the id of an item.", place="reward.item")
    return given.name("item")


def _matures(given: Given, kind: RewardKind) -> int:
    matures_s = given.maybe_whole("matures_s", low=0, high=MATURES_MAX_S) or 0
    if matures_s and kind not in _OF_WALLET:
        raise invalid("campaign.reward", "Only coins and points mature.", place="reward.matures_s")
    return matures_s


def _period(given: Given) -> tuple[datetime, datetime]:
    starts_at, ends_at = given.moment("starts_at"), given.moment("ends_at")
    if not starts_at < ends_at <= starts_at + PERIOD_MAX:
        raise invalid(
            "campaign.period",
            f"Let it end after it starts, at most {PERIOD_MAX.days} days later.",
            place="ends_at",
        )
    return starts_at, ends_at


def _zone(given: Given, default: str) -> str:
    name = given.text("zone") if given.has("zone") else default
    if not is_zone(name):
        raise invalid("campaign.zone", 'Send the name of a time zone, like "Asia/Shanghai".', place="zone")
    return name


def _texts(raw: object) -> Texts:
    given = Given(raw, "texts", frozenset(Texts.__struct_fields__))
    return Texts(
        title_en=_text(given, "title_en", low=1, high=TITLE_MAX),
        title_zh=_text(given, "title_zh", low=1, high=TITLE_MAX),
        text_en=_text(given, "text_en", low=0, high=TEXT_MAX),
        text_zh=_text(given, "text_zh", low=0, high=TEXT_MAX),
    )


def _text(given: Given, name: str, *, low: int, high: int) -> str:
    text = given.text(name).strip() if low or given.has(name) else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(map(_is_unshown, text)):
        raise invalid(
            "campaign.text",
            "Send a text without tabs, other control characters and noncharacters; lines may break.",
            place=given.at(name),
        )
    if not low <= len(text) <= high:
        raise invalid("campaign.text", f"Send a text of {low} to {high} characters.", place=given.at(name))
    return text


def _is_unshown(one: str) -> bool:
    """Tell whether pages and pictures cannot have it: a control, half of a pair, or no character at all."""
    if one == "\n":
        return False
    return category(one) in {"Cc", "Cs"} or "\ufdd0" <= one <= "\ufdef" or ord(one) & 0xFFFE == 0xFFFE  # noqa: PLR2004


def _caps(raw: object) -> Caps:
    if raw is None:
        return Caps()
    given = Given(raw, "caps", _CAPS)
    limits = {name: given.maybe_whole(name, low=1, high=MAX_MINOR) for name in Caps.__struct_fields__}
    for part, whole in _WITHIN:
        smaller, larger = limits[part], limits[whole]
        if smaller is not None and larger is not None and smaller > larger:
            raise invalid(
                "campaign.caps", f"Let this be at most {whole}, which is {larger}.", place=given.at(part)
            )
    return Caps(**limits)


def _clawback(raw: object, reward: Reward) -> Clawback:
    if raw is None:
        return Clawback()
    given = Given(raw, "clawback", frozenset(Clawback.__struct_fields__))
    policy = "take"
    if given.has("policy"):
        policy = given.text("policy")
    if policy not in {"take", "forgive"}:
        raise invalid("campaign.clawback", 'Choose "take" or "forgive".', place="clawback.policy")
    limit_minor = given.maybe_whole("debt_limit_minor", low=0) or 0
    if limit_minor and (policy == "forgive" or reward.kind not in _OF_WALLET):
        raise invalid(
            "campaign.clawback",
            'Only coins and points that are taken back (policy "take") can be owed.',
            place="clawback.debt_limit_minor",
        )
    return Clawback(policy="take" if policy == "take" else "forgive", debt_limit_minor=limit_minor)


def _check_group(terms: Terms) -> None:
    if terms.pick != "best":
        return
    if terms.group is None:
        raise invalid("campaign.group", "Name the group that the best is picked of.", place="group")
    if type(terms.strategy) not in PER_FACT:
        raise invalid(
            "campaign.group",
            'Pick the best among strategies of single facts only: "ratio", "fixed", "tiered", "random".',
            place="pick",
        )


def _all(terms: Terms) -> dict[str, Any]:
    return {**shown(terms), "calendars": {name: list(days) for name, days in terms.calendars.items()}}


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Yield everything in a JSON value that is not made of others, with its place."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(part, f"{place}.{name}" if place else name)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _flat(part, f"{place}[{number}]")
    else:
        yield place, value
