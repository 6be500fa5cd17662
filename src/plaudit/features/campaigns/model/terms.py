"""What a revision of a campaign promises: the types that the rest of the feature is about.

`model.checking` makes them from what was sent and refuses what is wrong with its place; from then on they are
right. `terms_hash` is of their one JSON text.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.campaigns import RewardKind

Counted: TypeAlias = Literal["fact", "day", "week", "month", "campaign"]
"""What is counted together: one fact, or all of a day, an ISO week, a month, the campaign in its zone."""
Dimension: TypeAlias = Literal["creator", "room", "show"]
Pick: TypeAlias = Literal["priority", "best"]
Operator: TypeAlias = Literal[
    "equals", "one_of", "at_least", "at_most", "above", "below", "between", "contains", "in_calendar", "is"
]

_canonical: Final = msgspec.json.Encoder(order="sorted").encode


class _Struct(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Fields by name, defaults left out, nothing unknown."""


class Leaf(_Struct, frozen=True, kw_only=True, tag_field="node", tag="leaf"):
    """One comparison. `value` is of the attribute's type; two of them for "between" (from, before)."""

    attribute: str
    operator: Operator
    value: Any


class All(_Struct, frozen=True, kw_only=True, tag_field="node", tag="all"):
    """True when all of its parts are; with none, always."""

    of: tuple[Condition, ...]


class Any_(_Struct, frozen=True, kw_only=True, tag_field="node", tag="any"):  # noqa: N801 - Any is of typing
    """True when one of its parts is."""

    of: tuple[Condition, ...]


class Not(_Struct, frozen=True, kw_only=True, tag_field="node", tag="not"):
    """True when its part is not."""

    of: Condition


Condition: TypeAlias = Leaf | All | Any_ | Not


class Base(_Struct, frozen=True, kw_only=True):
    """What a reward is worked out from: a named amount of the trigger, in this asset only.

    "paid" is money really paid (or what really left a wallet), never a bonus; what else there is, the trigger
    says.
    """

    amount: str
    asset: str


class Tier(_Struct, frozen=True, kw_only=True):
    """From `from_minor` on: a fixed `reward_minor`, or a ratio ("1/20") of the amount. One of both."""

    from_minor: int
    reward_minor: int | None = None
    ratio: str | None = None


class Ratio(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="ratio"):
    """A ratio of the base, in minor units of the reward for each minor unit of the base, rounded down."""

    ratio: str


class Fixed(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="fixed"):
    """The same for each fact whose base is above zero."""

    reward_minor: int


class Tiered(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="tiered"):
    """By the base of one fact: the highest tier that it reaches."""

    tiers: tuple[Tier, ...]


class Cumulative(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="cumulative"):
    """By the sum of a window: what its highest tier is worth, less what was given in it before.

    `every_minor` and `every_reward_minor` go on after the last tier: so much more for each so much more.
    """

    tiers: tuple[Tier, ...]
    counted: Counted
    per: tuple[Dimension, ...] = ()
    every_minor: int | None = None
    every_reward_minor: int | None = None


class First(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="first"):
    """Once for a viewer: for the earliest fact of the campaign that matches, a ratio of it or a fixed sum."""

    reward_minor: int | None = None
    ratio: str | None = None


class Streak(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="streak"):
    """For each `days` days in a row with at least `day_minor` of base in each; `recurring`, or once."""

    days: int
    reward_minor: int
    day_minor: int = 1
    recurring: bool = False


class Random(_Struct, frozen=True, kw_only=True, tag_field="kind", tag="random"):
    """Between both bounds, both included, by a secret that was committed to beforehand."""

    low_minor: int
    high_minor: int


Strategy: TypeAlias = Ratio | Fixed | Tiered | Cumulative | First | Streak | Random


class Reward(_Struct, frozen=True, kw_only=True):
    """What is given. `asset` is the budget's: a voucher's currency, else the kind's own.

    `item` is which coupon, or which pool of chances. Coins and points may mature after `matures_s` seconds.
    """

    kind: RewardKind
    asset: str
    item: str | None = None
    matures_s: int = 0


class Caps(_Struct, frozen=True, kw_only=True):
    """At most so much; amounts are cut to what is left of them, counts refuse. None: no such cap.

    Days are of the campaign's zone and the fact's time.
    """

    viewer_day_minor: int | None = None
    viewer_minor: int | None = None
    day_minor: int | None = None
    total_minor: int | None = None
    viewer_day_count: int | None = None
    viewer_count: int | None = None
    total_count: int | None = None


class Clawback(_Struct, frozen=True, kw_only=True):
    """When what had earned a reward is undone.

    "take": what is pending first, then what the wallet holds, then debt up to `debt_limit_minor`; the rest is
    lost. "forgive": nothing is taken.
    """

    policy: Literal["take", "forgive"] = "take"
    debt_limit_minor: int = 0


class Texts(_Struct, frozen=True, kw_only=True):
    """What people read."""

    title_en: str
    title_zh: str
    text_en: str = ""
    text_zh: str = ""


class Terms(_Struct, frozen=True, kw_only=True):
    """A revision in full. `starts_at` is included and `ends_at` is not.

    Of those with one `group` only one counts a fact: of the highest priority, or by `pick` "best" what is
    worth most to the viewer. One that is `exclusive` keeps out all of lower priority. `calendars` are the
    days that `in_calendar` goes by, as they stood when it was submitted.
    """

    trigger: str
    base: Base
    conditions: Condition
    strategy: Strategy
    reward: Reward
    starts_at: datetime
    ends_at: datetime
    zone: str
    texts: Texts
    caps: Caps = Caps()
    clawback: Clawback = Clawback()
    priority: int = 0
    group: str | None = None
    pick: Pick = "priority"
    exclusive: bool = False
    calendars: dict[str, tuple[str, ...]] = {}


def terms_text(terms: Terms) -> bytes:
    """Return the one JSON text of terms, which is hashed and published."""
    return _canonical(terms)


def terms_hash(terms: Terms) -> str:
    """Return the hex SHA-256 of the terms' text."""
    return sha256(terms_text(terms)).hexdigest()
