"""What a tip costs: the gift catalogue, the tipping policy, and the price of what a viewer asks for."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec

from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, invalid, refused
from plaudit.kernel.time import format_time
from plaudit.vocabulary.assets import asset_of

COUNT_MAX: Final = 9_999
GIFT_NAME_MAX: Final = 100
PLACES_MAX: Final = 1_000
PRESETS_MAX: Final = 20
DEFAULT_ASSET: Final = "coin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """One revision of a gift: its names, price, effect, when (half-open) and where it may be given.

    `price_minor` is for one, in minor units of `asset`. `effect` names what the player shows, if anything.
    No shows means in any show, no rooms in any room; with both, show and room must each be listed.
    Constructing raises Refusal `gift.invalid` (INVALID) or `asset.unknown`.
    """

    id: str
    revision: int
    name_en: str
    name_zh: str
    price_minor: int
    asset: str
    effect: str | None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    shows: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    on_sale: bool = True

    def __post_init__(self) -> None:
        """Check every field."""
        _check_gift(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One revision of how much may be tipped in one asset, all in minor units.

    `min_minor` binds amounts of the viewer's own choice, `max_minor` binds every tip however it is priced.
    `presets_minor` are the amounts on the buttons. `day_limit_minor` is what one viewer may tip a day, None
    for no limit. `creator_keeps_minor` is what the refund of a paid tip leaves to the creator at least; the
    rest of it is a loss. Constructing raises Refusal `policy.invalid` (INVALID) or `asset.unknown`.
    """

    asset: str
    min_minor: int
    max_minor: int
    presets_minor: tuple[int, ...]
    day_limit_minor: int | None
    revision: int
    creator_keeps_minor: int = 0

    def __post_init__(self) -> None:
        """Check every field."""
        _check_policy(self)


@lru_cache(maxsize=256)
def open_policy(*, asset: str) -> Policy:
    """Return what holds in an asset until a policy is saved for it: any amount, no presets, no limit."""
    return Policy(
        asset=asset, min_minor=1, max_minor=MAX_MINOR, presets_minor=(), day_limit_minor=None, revision=0
    )


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a viewer asks to give: one of `gift` (an id), `preset` (an index from 0) and `amount_minor`.

    `asset` None means the gift's, and coins where there is no gift. `show` and `room` are where the tip is
    given.
    """

    gift: str | None = None
    preset: int | None = None
    amount_minor: int | None = None
    count: int = 1
    asset: str | None = None
    show: str | None = None
    room: str | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a tip costs and by which revisions: `amount_minor` is for all `count` of them."""

    asset: str
    amount_minor: int
    count: int
    gift: str | None
    gift_revision: int | None
    policy_revision: int


def check_wish(wish: Wish) -> None:
    """Raise Refusal unless the wish makes sense by itself, before anything is looked up.

    `tip.amount` (INVALID): not exactly one of gift, preset and amount, or an amount outside 1..2**53-1.
    `tip.count` (INVALID): a count outside 1..9999, or one other than 1 without a gift.
    """
    if (wish.gift is not None) + (wish.preset is not None) + (wish.amount_minor is not None) != 1:
        raise invalid("tip.amount", "Send exactly one of gift, preset and amount_minor.")
    if not 1 <= wish.count <= COUNT_MAX:
        raise invalid("tip.count", f"Send a count from 1 to {COUNT_MAX}.", max_count=COUNT_MAX)
    if wish.gift is None and wish.count != 1:
        raise invalid("tip.count", "Send a count with a gift only; for more, send a larger amount.")
    if wish.amount_minor is not None and not 1 <= wish.amount_minor <= MAX_MINOR:
        raise invalid("tip.amount", f"Send an amount from 1 to {MAX_MINOR} minor units.")


def asset_of_wish(*, wish: Wish, gift: Gift | None) -> str:
    """Return the code of the asset that is asked for, whose policy prices the wish."""
    if wish.asset is not None:
        return wish.asset
    return gift.asset if gift else DEFAULT_ASSET


def price_of(*, wish: Wish, gift: Gift | None, policy: Policy, at: datetime) -> Price:
    """Return the price of a wish given at `at`, with the `gift` of its id and the `policy` of its asset.

    Raises what `check_wish` raises, and Refusal (REFUSED) `gift.unknown`, `gift.ended` (not on sale, not yet
    or no longer valid), `gift.not_here` (another show or room), `tip.amount` (another asset, no such preset,
    outside the policy, or too much at once).
    """
    check_wish(wish)
    if wish.gift is not None:
        return _gift_price(wish, gift, policy, at)
    amount_minor = wish.amount_minor
    if wish.preset is not None:
        if not 0 <= wish.preset < len(policy.presets_minor):
            raise refused(
                "tip.amount",
                "There is no such preset; load the presets again and choose one of them.",
                presets_minor=list(policy.presets_minor),
            )
        amount_minor = policy.presets_minor[wish.preset]
    assert amount_minor is not None, "exactly one of gift, preset and amount is there"
    if amount_minor < policy.min_minor:
        raise refused(
            "tip.amount", f"The smallest tip is {policy.min_minor}; choose more.", min_minor=policy.min_minor
        )
    _check_max(amount_minor, policy)
    return Price(
        asset=policy.asset,
        amount_minor=amount_minor,
        count=1,
        gift=None,
        gift_revision=None,
        policy_revision=policy.revision,
    )


def check_day_limit(*, policy: Policy, given_today_minor: int, amount_minor: int) -> None:
    """Raise Refusal `tip.limit` (REFUSED) when a tip would take a viewer's day above the policy's limit."""
    limit_minor = policy.day_limit_minor
    if limit_minor is not None and given_today_minor + amount_minor > limit_minor:
        rest_minor = max(limit_minor - given_today_minor, 0)
        raise refused(
            "tip.limit",
            f"You can still tip {rest_minor} today; choose less, or come back tomorrow.",
            rest_minor=rest_minor,
            day_limit_minor=limit_minor,
        )


def _gift_price(wish: Wish, gift: Gift | None, policy: Policy, at: datetime) -> Price:
    if gift is None or gift.id != wish.gift:
        raise refused("gift.unknown", "There is no such gift; load the gifts again and choose one of them.")
    _check_gift_now(gift, at)
    if (gift.shows and wish.show not in gift.shows) or (gift.rooms and wish.room not in gift.rooms):
        raise refused("gift.not_here", "This gift cannot be given here; choose another gift.", gift=gift.id)
    if gift.asset != policy.asset:
        raise refused(
            "tip.amount", f"This gift is paid in {gift.asset}; send that asset, or none.", asset=gift.asset
        )
    amount_minor = gift.price_minor * wish.count
    _check_max(amount_minor, policy)
    return Price(
        asset=gift.asset,
        amount_minor=amount_minor,
        count=wish.count,
        gift=gift.id,
        gift_revision=gift.revision,
        policy_revision=policy.revision,
    )


def _check_gift_now(gift: Gift, at: datetime) -> None:
    if gift.valid_from is not None and at < gift.valid_from:
        opens = format_time(gift.valid_from)
        raise refused(
            "gift.ended",
            f"This gift is not on sale before {opens}; choose another gift until then.",
            gift=gift.id,
            valid_from=opens,
        )
    if not gift.on_sale or (gift.valid_until is not None and at >= gift.valid_until):
        raise refused("gift.ended", "This gift is no longer on sale; choose another gift.", gift=gift.id)


def _check_max(amount_minor: int, policy: Policy) -> None:
    if amount_minor > policy.max_minor:
        raise refused(
            "tip.amount", f"The largest tip is {policy.max_minor}; choose less.", max_minor=policy.max_minor
        )


def _check_gift(gift: Gift) -> None:
    if not valid_name(gift.id):
        raise _wrong_gift("gift", "Name the gift with letters, digits and _ . : @ -, at most 64.")
    for name in (gift.name_en, gift.name_zh):
        if not 1 <= len(name.strip()) <= len(name) <= GIFT_NAME_MAX or not _one_line(name):
            raise _wrong_gift(
                "name", f"Give the gift a name in en and zh of 1 to {GIFT_NAME_MAX} characters."
            )
    if gift.effect is not None and not valid_name(gift.effect):
        raise _wrong_gift("effect", "Name the effect with letters, digits and _ . : @ -, at most 64.")
    if not 1 <= gift.price_minor <= MAX_MINOR:
        raise _wrong_gift("price_minor", f"Give a price from 1 to {MAX_MINOR} minor units.")
    asset_of(gift.asset)
    if gift.valid_from is not None and gift.valid_until is not None and gift.valid_from >= gift.valid_until:
        raise _wrong_gift("valid_until", "Let the gift end after it starts.")
    for field, places in (("shows", gift.shows), ("rooms", gift.rooms)):
        if len(places) > PLACES_MAX or len(set(places)) != len(places) or not all(map(valid_name, places)):
            raise _wrong_gift(
                field, f"Name each place once, with letters, digits and _ . : @ -, at most {PLACES_MAX}."
            )


def _check_policy(policy: Policy) -> None:
    asset_of(policy.asset)
    if not 1 <= policy.min_minor <= policy.max_minor <= MAX_MINOR:
        raise _wrong_policy("min_minor", f"Let the bounds be 1 <= min_minor <= max_minor <= {MAX_MINOR}.")
    presets = policy.presets_minor
    if len(presets) > PRESETS_MAX or len(set(presets)) != len(presets):
        raise _wrong_policy("presets_minor", f"Give at most {PRESETS_MAX} presets, each once.")
    if any(not policy.min_minor <= preset <= policy.max_minor for preset in presets):
        raise _wrong_policy("presets_minor", "Let every preset be within min_minor and max_minor.")
    limit_minor = policy.day_limit_minor
    if limit_minor is not None and not policy.min_minor <= limit_minor <= MAX_MINOR:
        raise _wrong_policy("day_limit_minor", "Let the day's limit be min_minor or more, or leave it out.")
    if not 0 <= policy.creator_keeps_minor <= MAX_MINOR:
        raise _wrong_policy("creator_keeps_minor", f"Let the creator keep from 0 to {MAX_MINOR}.")


def _one_line(name: str) -> bool:
    return all(unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} for character in name)


def _wrong_gift(field: str, message: str) -> Refusal:
    return invalid("gift.invalid", message, field=field)


def _wrong_policy(field: str, message: str) -> Refusal:
    return invalid("policy.invalid", message, field=field)
