"""Offers: what is sold of a show, at which prices, to whom, by which terms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from plaudit.features.presale.model.shows import NAME_MAX, Show, are_rights
from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.rate import WHOLE, Rate
from plaudit.kernel.refusal import Refusal, invalid, not_found, refused
from plaudit.vocabulary.assets import asset_of
from plaudit.vocabulary.facts.offers import BundleItem, DepositTerms, GroupTerms, PriceStep, WaitingMode

STOCK_MAX: Final = 10_000_000
STEPS_MAX: Final = 12
BUNDLE_MAX: Final = 8
PER_ORDER_MAX: Final = 50
"""A ticket's number is its order's with six bits for the seat."""
HOLD_S_MIN: Final = 30
HOLD_S_MAX: Final = 86_400
GROUP_SIZE_MIN: Final = 2
GROUP_SIZE_MAX: Final = 1_000
GROUP_S_MAX: Final = 30 * 86_400
GRACE_S_MAX: Final = 30 * 86_400
WAITING_S_MIN: Final = 60
WAITING_S_MAX: Final = 7 * 86_400
BUNDLED_MAX: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One revision of an offer.

    `steps` follow each other: the first that is open gives the price. `rights` come with each ticket, and so
    does `bundle`. `hold_s` is how long seats are kept while the buyer pays, `waiting_s` how long they are
    offered to somebody who waits. Amounts are in minor units of `asset`, which is money. Constructing raises
    Refusal `offer.invalid` (INVALID) or `asset.unknown`.
    """

    id: str
    show: str
    revision: int
    zone: str
    asset: str
    stock: int
    steps: tuple[PriceStep, ...]
    rights: tuple[str, ...]
    on_sale: bool = True
    hidden: bool = False
    transferable: bool = False
    hold_s: int = 900
    per_order_max: int = 10
    per_person_max: int = 10
    deposit: DepositTerms | None = None
    group: GroupTerms | None = None
    bundle: tuple[BundleItem, ...] = ()
    waiting: WaitingMode = "first_come"
    waiting_s: int = 86_400

    def __post_init__(self) -> None:
        """Check every field."""
        _check_offer(self)

    @property
    def hold(self) -> timedelta:
        """How long seats are kept while the buyer pays."""
        return timedelta(seconds=self.hold_s)

    @property
    def wish_max(self) -> int:
        """How many seats anybody can have at once: by order, by person, and by how many there are."""
        return min(self.per_order_max, self.per_person_max, self.stock)

    @property
    def lowest_minor(self) -> int:
        """The lowest price of a seat."""
        prices = [step.price_minor for step in self.steps]
        return min(prices if self.group is None else [*prices, self.group.price_minor])


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One revision of a code: it opens a hidden offer; `reserved` seats are kept for it.

    `uses_max` is how many seats may be ordered with it in all, None for any number. Constructing raises
    Refusal `code.invalid` (INVALID).
    """

    offer: str
    code: str
    revision: int
    enabled: bool = True
    reserved: int = 0
    uses_max: int | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        if not valid_name(self.code, NAME_MAX):
            raise _wrong_code("code", f"Use letters, digits and _ . : @ -, at most {NAME_MAX}.")
        if not 0 <= self.reserved <= STOCK_MAX:
            raise _wrong_code("reserved", f"Keep 0 to {STOCK_MAX} seats for a code.")
        if self.uses_max is not None and not 1 <= self.uses_max <= STOCK_MAX:
            raise _wrong_code("uses_max", f"Let a code be good for 1 to {STOCK_MAX} seats, or leave it out.")


def check_on_sale(offer: Offer) -> None:
    """Raise Refusal `offer.off` (REFUSED) while an offer is not on sale."""
    if not offer.on_sale:
        raise refused("offer.off", "This offer is not on sale; choose another one.", offer=offer.id)


def unknown_offer(offer: str) -> Refusal:
    """Return the refusal `offer.unknown` (NOT_FOUND)."""
    return not_found("offer.unknown", "There is no such offer; load the show again.", offer=offer[:64])


def unknown_code() -> Refusal:
    """Return the refusal `code.unknown` (NOT_FOUND): the same for codes that there are and that are off."""
    return not_found("code.unknown", "This code is not valid here; check its spelling.")


def code_key(*, offer: str, code: str) -> str:
    """Return the key of a code among reference rows; a slash is in no name."""
    return f"{offer}/{code}"


def _check_offer(offer: Offer) -> None:
    for field, name in (("offer", offer.id), ("show", offer.show), ("zone", offer.zone)):
        if not valid_name(name, NAME_MAX):
            raise _wrong(field, f"Use letters, digits and _ . : @ -, at most {NAME_MAX}.")
    if asset_of(offer.asset).kind != "money":
        raise _wrong("asset", "Price the offer in the code of an ISO 4217 currency.")
    if not 0 <= offer.stock <= STOCK_MAX:
        raise _wrong("stock", f"Give an offer 0 to {STOCK_MAX} seats.")
    if not offer.rights or not are_rights(offer.rights):
        raise _wrong("rights", "Give the names of the rights that come with a ticket, each once.")
    for field, value, least, most in (
        ("hold_s", offer.hold_s, HOLD_S_MIN, HOLD_S_MAX),
        ("waiting_s", offer.waiting_s, WAITING_S_MIN, WAITING_S_MAX),
        ("per_order_max", offer.per_order_max, 1, PER_ORDER_MAX),
        ("per_person_max", offer.per_person_max, 1, STOCK_MAX),
    ):
        if not least <= value <= most:
            raise _wrong(field, f"Let it be from {least} to {most}.")
    _check_steps(offer.steps)
    _check_bundle(offer.bundle)
    if offer.deposit is not None:
        _check_deposit(offer, offer.deposit)
    if offer.group is not None:
        _check_group(offer, offer.group)


def _check_steps(steps: tuple[PriceStep, ...]) -> None:
    if not 1 <= len(steps) <= STEPS_MAX:
        raise _wrong("steps", f"Give 1 to {STEPS_MAX} price steps.")
    for step in steps:
        _check_price("steps", step.price_minor)
        if step.count is not None and not 1 <= step.count <= STOCK_MAX:
            raise _wrong("steps", f"Let a step hold for 1 to {STOCK_MAX} seats, or leave count out.")
        if step.starts_at is not None and step.ends_at is not None and step.starts_at >= step.ends_at:
            raise _wrong("steps", "Let a step end after it starts.")
    starts = [step.starts_at for step in steps if step.starts_at is not None]
    if starts != sorted(starts):
        raise _wrong("steps", "Put the steps in the order of their times.")
    ends = [step.ends_at for step in steps if step.ends_at is not None]
    if any(later <= earlier for earlier, later in pairwise(ends)):
        raise _wrong("steps", "Let each step end later than those before it, or it never comes.")
    for before, after in pairwise(steps):
        if before.count is None and before.ends_at is None:
            raise _wrong("steps", "Give each step but the last a count or an end, or the next never comes.")
        if _overlap(before, after):
            raise _wrong("steps", "Let a step start when the one before it has ended: these overlap.")


def _overlap(before: PriceStep, after: PriceStep) -> bool:
    """Tell whether two steps would hold at one time; a step with a count gives way when it is sold."""
    if before.ends_at is None or after.starts_at is None or before.count is not None:
        return False
    return after.starts_at < before.ends_at


def _check_bundle(bundle: tuple[BundleItem, ...]) -> None:
    if len(bundle) > BUNDLE_MAX or len({(one.kind, one.id) for one in bundle}) != len(bundle):
        raise _wrong("bundle", f"Bundle up to {BUNDLE_MAX} different things with a ticket.")
    for one in bundle:
        if not 1 <= one.amount_minor <= BUNDLED_MAX:
            raise _wrong("bundle", f"Give 1 to {BUNDLED_MAX} of each thing.")
        if (one.kind == "gift") != (one.id is not None) or (one.id is not None and not valid_name(one.id)):
            raise _wrong("bundle", "Name the gift by its id; coins and points have none.")


def _check_deposit(offer: Offer, terms: DepositTerms) -> None:
    _check_price("deposit", terms.deposit_minor)
    if terms.deposit_minor >= offer.lowest_minor:
        raise _wrong("deposit", "Let the deposit be below every price, or ask for the price at once.")
    if terms.balance_from >= terms.balance_until:
        raise _wrong("deposit", "Let the balance be payable until later than from when.")
    if not 0 <= terms.grace_s <= GRACE_S_MAX:
        raise _wrong("deposit", f"Let the grace be 0 to {GRACE_S_MAX} seconds.")
    try:
        forfeited = Rate.parse(terms.forfeited)
    except ValueError as wrong:
        raise _wrong("deposit", "Write what is forfeited as a ratio such as 50% or 1/2.") from wrong
    if forfeited.fraction > WHOLE.fraction:
        raise _wrong("deposit", "Let at most the whole deposit be forfeited.")
    if not are_rights(terms.rights) or not set(terms.rights) <= set(offer.rights):
        raise _wrong("deposit", "Let a deposit give some of the rights that the ticket gives, or none.")


def _check_group(offer: Offer, terms: GroupTerms) -> None:
    _check_price("group", terms.price_minor)
    if not GROUP_SIZE_MIN <= terms.size <= GROUP_SIZE_MAX:
        raise _wrong("group", f"Let a group be {GROUP_SIZE_MIN} to {GROUP_SIZE_MAX} buyers.")
    if terms.size > offer.stock:
        raise _wrong("group", "Let a group be no larger than the stock, or it can never be full.")
    if not offer.hold_s <= terms.within_s <= GROUP_S_MAX:
        raise _wrong("group", f"Give a group at least the time to pay, and at most {GROUP_S_MAX} seconds.")


def _check_price(field: str, minor: int) -> None:
    if not 1 <= minor <= MAX_MINOR // PER_ORDER_MAX:
        raise _wrong(field, f"Give a price from 1 to {MAX_MINOR // PER_ORDER_MAX} minor units.")


def check_deposit_of(offer: Offer, show: Show) -> None:
    """Raise Refusal `offer.invalid` (INVALID) unless balances can be paid as long as the terms promise.

    After its end a show takes no money any more, and a deposit would be forfeited whose buyer had no chance.
    """
    if offer.deposit is not None and balance_over(offer.deposit) > show.ends_at:
        raise _wrong("deposit", "Let balance and grace be over by the end of the show.")


def check_steps_come(offer: Offer) -> None:
    """Raise Refusal `offer.invalid` (INVALID) unless each step ends after those before it have begun.

    A step waits for those before it, and one that is over by then never sells. This is asked when an offer is
    saved, so that one which was saved without it can still be read.
    """
    begun: datetime | None = None
    for step in offer.steps:
        if begun is not None and step.ends_at is not None and step.ends_at <= begun:
            raise _wrong("steps", "Let each step end after those before it have begun, or it never comes.")
        begun = step.starts_at or begun


def balance_over(terms: DepositTerms) -> datetime:
    """Return when a deposit is forfeited: after the time for the balance and the grace."""
    return terms.balance_until + timedelta(seconds=terms.grace_s)


def _wrong(field: str, message: str) -> Refusal:
    return invalid("offer.invalid", message, field=field)


def _wrong_code(field: str, message: str) -> Refusal:
    return invalid("code.invalid", message, field=field)
