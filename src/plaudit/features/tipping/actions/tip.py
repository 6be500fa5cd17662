"""Send a tip: the hottest path of the house.

What does not depend on locked values is worked out when the command is made and planned; under lock a tip
costs a few comparisons. A refusal that comes from reference rows is raised under lock all the same, after
the key was looked up: a repeated request gets its first answer even when the gift has ended meanwhile.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from plaudit.core.commands.command import Command, Grant, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.commands.tenants import ZONE
from plaudit.core.journal.facts import Fact, PrivatePart, canonical
from plaudit.core.ledger.book import FREEZE_ALL, Book, Decision, Transfer, Use, Window
from plaudit.features.tipping.actions import windows
from plaudit.features.tipping.actions.funding import WALLET, Funding, check_funds, fund
from plaudit.features.tipping.model import (
    DEFAULT_TERMS,
    Creator,
    Gift,
    Policy,
    Price,
    Shares,
    Terms,
    Wish,
    asset_of_wish,
    check_day_limit,
    check_not_self,
    check_wish,
    clean_message,
    open_policy,
    price_of,
    screen_message,
    split_tip,
)
from plaudit.features.tipping.store.catalogue import WORDS_KEY
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import invalid, refused
from plaudit.vocabulary import chart, switches
from plaudit.vocabulary.assets import asset_of
from plaudit.vocabulary.facts.tipping import MessageState, TipSent

_FEATURE = switches.feature("tipping")


class Tip(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `funding` names the kinds of what pays: the wallet, or units of the gift in hand."""

    viewer: str
    creator: str
    wish: Wish
    message: str | None = None
    funding: tuple[str, ...] = WALLET
    anonymous: bool = False


class Paid(NamedTuple):
    """That a tip was paid through a channel: for which amount due, and at the price that was ordered."""

    due: int
    payment: str
    price: Price


class Asked(NamedTuple):
    """A request whose form has been checked: `now` is when it came, `at` its own time if it has one."""

    tip: Tip
    message: PrivatePart | None
    at: datetime | None
    now: datetime
    paid: Paid | None = None


class Ground(NamedTuple):
    """Everything a tip is decided by that cannot change under its locks."""

    asked: Asked
    creator: Creator
    gift: Gift | None
    policy: Policy
    price: Price
    terms: Terms
    message_state: MessageState
    funding: Funding
    earnings: str
    guild: str | None
    revenue: str


def send_tip(*, grant: Grant, key: str, tip: Tip, at: datetime | None, now: datetime, salt: bytes) -> Command:
    """Return the journal command of a tip.

    `at` is None for "when it is decided"; `now` is read from the clock; `salt` are 16 random bytes for the
    hash of the message. Raises Refusal (INVALID) on what can never be a tip: `tip.amount`, `tip.count`,
    `tip.message`, `body.invalid`; and (REFUSED) `tip.self`, `creator.unknown` and `gift.unknown` for ids that
    nothing can have.
    """
    asked = asked_of(tip=tip, at=at, now=now, salt=salt)
    return Command(
        action="tipping.send_tip",
        permission="tip.send",
        grant=grant,
        key=key,
        content=canonical((tip, asked.message.body if asked.message else "", at)),
        plan=lambda lookup: plan_of(ground_of(lookup, asked), lookup),
        at=at,
        targets=targets_of(tip),
    )


def asked_of(*, tip: Tip, at: datetime | None, now: datetime, salt: bytes) -> Asked:
    """Return a request whose form is right. Raises Refusal as `send_tip`."""
    check_wish(tip.wish)
    _check_names(tip)
    if at is not None and at > now:
        raise invalid("body.invalid", "Let at be a time that has passed.", field="at")
    check_not_self(viewer=tip.viewer, creator=tip.creator)
    text = clean_message(tip.message) if tip.message else ""
    message = PrivatePart("message", f"viewer/{tip.viewer}", text, salt) if text else None
    return Asked(tip, message, at, now)


def targets_of(tip: Tip) -> tuple[str, ...]:
    """Return the switches that stop a tip."""
    targets = (_FEATURE, switches.creator(tip.creator))
    return targets if tip.wish.gift is None else (*targets, switches.gift(tip.wish.gift))


def ground_of(lookup: Lookup, asked: Asked) -> Ground:
    """Look up what the tip is decided by, and refuse what that already rules out.

    A paid tip costs what was ordered, whatever has become of its gift.
    """
    tip, wish, paid = asked.tip, asked.tip.wish, asked.paid
    creator: Creator | None = lookup.one("creator", tip.creator)
    if creator is None:
        raise refused("creator.unknown", "There is no such creator; register it first.", creator=tip.creator)
    gift: Gift | None = lookup.one("gift", wish.gift) if wish.gift is not None and paid is None else None
    asset = asset_of_wish(wish=wish, gift=gift) if paid is None else paid.price.asset
    asset_of(asset)
    policy: Policy = lookup.one("policy", asset) or open_policy(asset=asset)
    terms_id = creator.terms or DEFAULT_TERMS.id
    terms: Terms = lookup.one("terms", terms_id) or DEFAULT_TERMS
    assert terms.id == terms_id, f"terms {terms_id} of creator {creator.id} are gone"
    state: MessageState = "none"
    if asked.message is not None:
        words = lookup.one("words", WORDS_KEY)
        state = screen_message(message=asked.message.body, words=words) if words else "shown"
    if paid is None:
        price = price_of(wish=wish, gift=gift, policy=policy, at=asked.at or asked.now)
    else:
        price = msgspec.structs.replace(paid.price, policy_revision=policy.revision)
    return Ground(
        asked=asked,
        creator=creator,
        gift=gift,
        policy=policy,
        price=price,
        terms=terms,
        message_state=state,
        funding=fund(
            kinds=tip.funding, viewer=tip.viewer, asset=asset, gift=wish.gift, paid=paid is not None
        ),
        earnings=chart.creator_earnings(creator=creator.id, asset=asset),
        guild=None if creator.guild is None else chart.guild_earnings(guild=creator.guild, asset=asset),
        revenue=chart.platform_revenue(asset=asset),
    )


def plan_of(ground: Ground, lookup: Lookup) -> Plan:
    """Name the accounts, and the counters where terms go by the month or the policy limits the day.

    The day's limit is about what a viewer spends now; units of a gift were paid for before.
    """
    shared = (ground.earnings, ground.revenue)
    accounts = (*ground.funding.accounts, *shared, *(() if ground.guild is None else (ground.guild,)))
    at, now, asset = ground.asked.at, ground.asked.now, ground.price.asset
    months: tuple[Window, ...] = ()
    days: tuple[Window, ...] = ()
    if ground.terms.basis == "monthly":
        zone: ZoneInfo = lookup.one(ZONE, "*")
        name = windows.month_volume(creator=ground.creator.id, asset=asset)
        months = windows.months(name=name, zone=zone, at=at, now=now)
    if ground.policy.day_limit_minor is not None and ground.funding.units is None:
        zone = lookup.one(ZONE, "*")
        name = windows.day_given(viewer=ground.asked.tip.viewer, asset=asset)
        days = windows.days(name=name, zone=zone, at=at, now=now)
    if months or days:
        return Plan(_counting(ground, months, days), accounts, months + days, ground.funding.holds)
    return Plan(_plain(ground), accounts, (), ground.funding.holds)


def _plain(ground: Ground) -> Callable[[Book], Decision]:
    """Return the decision of a tip that moves no counter: it is made beforehand, and checked under lock."""
    shares = _shares(ground, 0)
    decision = Decision(_fact(ground, shares), _transfers(ground, shares))

    def decide(book: Book) -> Decision:
        _check_now(ground, book)
        return decision

    return decide


def _counting(
    ground: Ground, months: tuple[Window, ...], days: tuple[Window, ...]
) -> Callable[[Book], Decision]:
    """Return the decision of a tip that is split by the month's volume, counted against the day, or both."""
    policy, amount_minor = ground.policy, ground.price.amount_minor

    def decide(book: Book) -> Decision:
        at = ground.asked.at or book.now
        _check_now(ground, book)
        uses: list[Use] = []
        volume_minor = day_minor = None
        if months:
            month = windows.running(months, at)
            volume_minor = book.used(month)
            uses.append(Use(month, amount_minor))
        if days:
            day = windows.running(days, at)
            day_minor = book.used(day)
            check_day_limit(policy=policy, given_today_minor=day_minor, amount_minor=amount_minor)
            uses.append(Use(day, amount_minor, policy.day_limit_minor))
        shares = _shares(ground, volume_minor or 0)
        fact = _fact(ground, shares, volume_minor=volume_minor, day_minor=day_minor)
        return Decision(fact, _transfers(ground, shares), tuple(uses))

    return decide


def check_open(ground: Ground, book: Book) -> None:
    """Refuse a gift that is not on sale at the time of the batch, and a creator who is frozen.

    Raises Refusal (REFUSED) `gift.ended` and `creator.frozen`.
    """
    asked, gift = ground.asked, ground.gift
    if gift is not None and (gift.valid_from or gift.valid_until) and asked.at is None:
        price_of(wish=asked.tip.wish, gift=gift, policy=ground.policy, at=book.now)
    if book.freeze(ground.earnings) == FREEZE_ALL:
        raise refused(
            "creator.frozen",
            "This creator cannot be tipped at the moment; choose another one.",
            creator=ground.creator.id,
        )


def _check_now(ground: Ground, book: Book) -> None:
    """Refuse what only the locked values and the time of the batch can tell."""
    check_open(ground, book)
    if ground.asked.paid is not None:
        return
    check_funds(book, funding=ground.funding, price=ground.price)


def _shares(ground: Ground, volume_minor: int) -> Shares:
    return split_tip(
        terms=ground.terms,
        amount_minor=ground.price.amount_minor,
        volume_before_minor=volume_minor,
        in_guild=ground.guild is not None,
    )


def _fact(
    ground: Ground, shares: Shares, *, volume_minor: int | None = None, day_minor: int | None = None
) -> Fact:
    price, creator, message = ground.price, ground.creator, ground.asked.message
    tip, paid = ground.asked.tip, ground.asked.paid
    sent = TipSent(
        viewer=tip.viewer,
        creator=creator.id,
        asset=price.asset,
        amount_minor=price.amount_minor,
        creator_minor=shares.creator_minor,
        guild_minor=shares.guild_minor,
        platform_minor=shares.platform_minor,
        terms=ground.terms.id,
        terms_revision=ground.terms.revision,
        guild=creator.guild,
        gift=price.gift,
        gift_revision=price.gift_revision,
        count=price.count,
        show=tip.wish.show,
        room=tip.wish.room,
        anonymous=tip.anonymous,
        message_state=ground.message_state,
        message_hash=message.digest if message else None,
        policy_revision=price.policy_revision,
        volume_before_minor=volume_minor,
        day_before_minor=day_minor,
        due=None if paid is None else paid.due,
        payment=None if paid is None else paid.payment,
        funded=None if ground.funding.units is None else "gift",
    )
    return Fact(f"creator/{creator.id}", sent, (message,) if message else ())


def _transfers(ground: Ground, shares: Shares) -> tuple[Transfer, ...]:
    source, units = ground.funding.source, ground.funding.units
    transfers = []
    if shares.creator_minor:
        transfers.append(Transfer(source, ground.earnings, shares.creator_minor))
    if shares.guild_minor:
        assert ground.guild is not None, shares
        transfers.append(Transfer(source, ground.guild, shares.guild_minor))
    if shares.platform_minor:
        transfers.append(Transfer(source, ground.revenue, shares.platform_minor))
    if units is not None:
        transfers.append(Transfer(units.in_hand, units.issued, ground.price.count))
    return tuple(transfers)


def _check_names(tip: Tip) -> None:
    wish = tip.wish
    if not valid_name(tip.creator):
        raise refused("creator.unknown", "There is no such creator; check its id.")
    if wish.gift is not None and not valid_name(wish.gift):
        raise refused("gift.unknown", "There is no such gift; load the gifts again and choose one of them.")
    for field, name in (("viewer", tip.viewer), ("show", wish.show), ("room", wish.room)):
        if name is not None and not valid_name(name):
            raise invalid(
                "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field=field
            )
