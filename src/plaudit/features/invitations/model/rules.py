"""Rules: what an invitation earns to both sides, how often, when, and where its link leads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, invalid
from plaudit.vocabulary.assets import ASSETS, COIN, POINTS
from plaudit.vocabulary.facts.invitations import Reward, Shortfall

WALLET_KINDS: Final = frozenset({COIN.code, POINTS.code})
"""The kinds of rewards that are credited here; all others are granted by the features that keep them."""

RULE: Final = "invitation_rule"
"""The topic of rules, by show."""

EVERY_SHOW: Final = ""
"""The show under which the tenant's own rule is kept."""

REWARDS_MAX: Final = 8
LIMIT_MAX: Final = 1_000_000
QUANTITY_MAX: Final = 1_000
URL_MAX: Final = 500

_KIND: Final = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)
# What is filled in stands after the host: no id decides where a link leads.
_LANDING: Final = re.compile(r"https?://[^\s/?#@{}\\]+([/?#][!-~]*)?", re.ASCII)
_PLACES: Final = re.compile(r"\{(show|invitation)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One revision of what invitations earn: to `show`, or to all without a rule of their own (EVERY_SHOW).

    Half-open from `valid_from` to `valid_until`. `landing_url` has the places {show} and {invitation} in it.
    "debt": what was spent of a reward that is taken back is owed, up to `debt_limit_minor` of each asset;
    "available": it is written off. Constructing raises Refusal `invitation_rule.invalid` (INVALID).
    """

    show: str
    revision: int
    enabled: bool
    inviter: tuple[Reward, ...]
    friend: tuple[Reward, ...]
    per_day_max: int
    per_show_max: int
    landing_url: str
    shortfall: Shortfall
    debt_limit_minor: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        _check(self)

    def is_open(self, at: datetime) -> bool:
        """Tell whether invitations are on at a time."""
        return (
            self.enabled
            and (self.valid_from is None or self.valid_from <= at)
            and (self.valid_until is None or at < self.valid_until)
        )

    def landing(self, *, show: str, invitation: str) -> str:
        """Return where a link leads."""
        given = {"show": show, "invitation": invitation}
        return _PLACES.sub(lambda place: given[place[1]], self.landing_url)


def assets_of(rewards: Sequence[Reward]) -> tuple[tuple[str, int], ...]:
    """Return (asset, amount_minor) of the rewards that are credited to a wallet."""
    return tuple((one.kind, one.amount_minor) for one in rewards if one.kind in WALLET_KINDS)


def others_of(rewards: Sequence[Reward]) -> tuple[tuple[int, Reward], ...]:
    """Return the rewards that other features grant, each with its place in the list."""
    return tuple((place, one) for place, one in enumerate(rewards) if one.kind not in WALLET_KINDS)


def _check(rule: Rule) -> None:
    if rule.show != EVERY_SHOW and not valid_name(rule.show):
        raise _wrong("show", "Name the show with letters, digits and _ . : @ -, at most 64.")
    for side, rewards in (("inviter", rule.inviter), ("friend", rule.friend)):
        _check_rewards(side, rewards)
    for field, limit in (("per_day_max", rule.per_day_max), ("per_show_max", rule.per_show_max)):
        if not 1 <= limit <= LIMIT_MAX:
            raise _wrong(field, f"Reward 1 to {LIMIT_MAX} friends; switch the rule off to reward none.")
    _check_landing(rule.landing_url)
    if rule.shortfall not in get_args(Shortfall):
        raise _wrong("shortfall", 'Choose the shortfall "debt" or "available".')
    if not 0 <= rule.debt_limit_minor <= MAX_MINOR:
        raise _wrong("debt_limit_minor", f"Let the limit be from 0 to {MAX_MINOR}.")
    if (rule.shortfall == "debt") != (rule.debt_limit_minor > 0):
        raise _wrong(
            "debt_limit_minor", 'Give a limit above 0 with the shortfall "debt", and none with another.'
        )
    if rule.valid_from is not None and rule.valid_until is not None and rule.valid_from >= rule.valid_until:
        raise _wrong("valid_until", "Let the rule end after it starts.")


def _check_rewards(side: str, rewards: Sequence[Reward]) -> None:
    if len(rewards) > REWARDS_MAX:
        raise _wrong(side, f"Give at most {REWARDS_MAX} rewards to one side.")
    if len({(one.kind, one.item) for one in rewards}) < len(rewards):
        raise _wrong(side, "Name each kind, or each item of a kind, once.")
    for one in rewards:
        if one.kind in WALLET_KINDS:
            if not 1 <= one.amount_minor <= MAX_MINOR or one.item is not None or one.quantity:
                raise _wrong(side, "Give coin and points an amount_minor above 0, and nothing else.")
        elif not _KIND.fullmatch(one.kind) or one.kind in ASSETS:
            raise _wrong(side, 'Name a kind such as "coin", "points", "coupon" or "chance".')
        elif one.item is None or not valid_name(one.item) or one.amount_minor:
            raise _wrong(side, "Give this kind the id of an item and a quantity, and nothing else.")
        elif not 1 <= one.quantity <= QUANTITY_MAX:
            raise _wrong(side, f"Give a quantity from 1 to {QUANTITY_MAX}.")


def _check_landing(url: str) -> None:
    if len(url) > URL_MAX or not _LANDING.fullmatch(url):
        raise _wrong(
            "landing_url",
            f"Give an address of http or https, at most {URL_MAX} characters, filled in after its host.",
        )
    if "{invitation}" not in url or re.search(r"[{}]", _PLACES.sub("", url)):
        raise _wrong("landing_url", "Let the address have {invitation} in it, and no place but {show}.")


def _wrong(field: str, message: str) -> Refusal:
    return invalid("invitation_rule.invalid", message, field=field)
