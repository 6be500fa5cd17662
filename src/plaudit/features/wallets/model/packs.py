"""Top-ups: packs, what happens when one is refunded, and how much a refund takes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, get_args

from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR, format_minor
from plaudit.kernel.refusal import Refusal, invalid, not_found, refused
from plaudit.kernel.time import format_time
from plaudit.vocabulary.assets import asset_of
from plaudit.vocabulary.facts.wallets import Clawback

DUE: Final = "due"
"""The prefix of the ids of amounts due: the number is the position of the fact that opened it."""

PAY_WITHIN: Final = timedelta(minutes=30)
"""How long an order may be paid where its pack does not say."""

PAY_WITHIN_S_MIN: Final = 60
PAY_WITHIN_S_MAX: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One revision of a pack: what it costs, what it puts into the wallet, and when (half-open) it is sold.

    `price_minor` is in minor units of `price_asset`, which is money; `amount_minor` and `bonus_minor` are in
    those of `asset`. `pay_within_s` None means `PAY_WITHIN`. Constructing raises Refusal `pack.invalid`
    (INVALID) or `asset.unknown`.
    """

    id: str
    revision: int
    price_asset: str
    price_minor: int
    asset: str
    amount_minor: int
    bonus_minor: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    on_sale: bool = True
    pay_within_s: int | None = None

    def __post_init__(self) -> None:
        """Check every field."""
        _check_pack(self)

    @property
    def total_minor(self) -> int:
        """What the pack puts into the wallet in all."""
        return self.amount_minor + self.bonus_minor

    @property
    def pay_within(self) -> timedelta:
        """How long an order of the pack may be paid."""
        return PAY_WITHIN if self.pay_within_s is None else timedelta(seconds=self.pay_within_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopupPolicy:
    """One revision of what happens when a top-up of an asset is refunded whose coins were spent.

    "refuse": no refund; "debt": the wallet owes the rest, up to `debt_limit_minor` in all; "available": what
    is there is taken and the rest written off. `debts` says that wallets may owe something in this asset: the
    policy is "debt", or was once. Constructing raises Refusal `topup_policy.invalid` (INVALID) or
    `asset.unknown`.
    """

    asset: str
    revision: int
    clawback: Clawback
    debt_limit_minor: int = 0
    debts: bool = False

    def __post_init__(self) -> None:
        """Check every field."""
        asset_of(self.asset)
        if self.clawback not in get_args(Clawback):
            raise _wrong_policy("clawback", 'Choose the clawback "refuse", "debt" or "available".')
        if not 0 <= self.debt_limit_minor <= MAX_MINOR:
            raise _wrong_policy("debt_limit_minor", f"Let the limit be from 0 to {MAX_MINOR}.")
        if (self.clawback == "debt") != (self.debt_limit_minor > 0):
            raise _wrong_policy(
                "debt_limit_minor", 'Give a limit above 0 with the clawback "debt", and none with another.'
            )


@lru_cache(maxsize=256)
def default_policy(*, asset: str) -> TopupPolicy:
    """Return what holds in an asset until a policy is saved for it: no refund of what was spent."""
    return TopupPolicy(asset=asset, revision=0, clawback="refuse")


def check_on_sale(pack: Pack, *, at: datetime) -> None:
    """Raise Refusal `pack.ended` (REFUSED) unless the pack is sold at a time."""
    if pack.valid_from is not None and at < pack.valid_from:
        opens = format_time(pack.valid_from)
        raise refused(
            "pack.ended",
            f"This pack is not on sale before {opens}; choose another pack until then.",
            pack=pack.id,
            valid_from=opens,
        )
    if not pack.on_sale or (pack.valid_until is not None and at >= pack.valid_until):
        raise refused("pack.ended", "This pack is no longer on sale; choose another pack.", pack=pack.id)


def unknown_pack(pack: str) -> Refusal:
    """Return the refusal `pack.unknown` (NOT_FOUND)."""
    return not_found(
        "pack.unknown", "There is no such pack; load the packs again and choose one of them.", pack=pack
    )


def titles_of(pack: Pack) -> tuple[str, str]:
    """Return what the payer is told that the money is for, in English and Chinese."""
    asset = asset_of(pack.asset)
    amount = format_minor(amount_minor=pack.amount_minor, scale=asset.scale)
    if pack.bonus_minor:
        amount += f" + {format_minor(amount_minor=pack.bonus_minor, scale=asset.scale)}"
    return f"Top-up {amount} {asset.name_en}", f"充值 {amount} {asset.name_zh}"


def part_of(*, total_minor: int, paid_minor: int, returned_before_minor: int, returning_minor: int) -> int:
    """Return how much of what a top-up gave is taken back when a part of its price is refunded.

    `total_minor` was given for `paid_minor`; `returned_before_minor` of that was refunded before, and
    `returning_minor` is now. It is the whole's ratio rounded down, less what was taken before by the same
    rule, so that the parts sum to the whole exactly.
    """
    after = returned_before_minor + returning_minor
    return total_minor * after // paid_minor - total_minor * returned_before_minor // paid_minor


def _check_pack(pack: Pack) -> None:
    if not valid_name(pack.id):
        raise _wrong_pack("pack", "Name the pack with letters, digits and _ . : @ -, at most 64.")
    if asset_of(pack.price_asset).kind != "money":
        raise _wrong_pack("price_asset", "Price the pack in the code of an ISO 4217 currency.")
    asset_of(pack.asset)
    for field, minor in (("price_minor", pack.price_minor), ("amount_minor", pack.amount_minor)):
        if not 1 <= minor <= MAX_MINOR:
            raise _wrong_pack(field, f"Give an amount from 1 to {MAX_MINOR} minor units.")
    if not 0 <= pack.bonus_minor <= MAX_MINOR - pack.amount_minor:
        raise _wrong_pack("bonus_minor", f"Let amount and bonus be at most {MAX_MINOR} together.")
    if pack.valid_from is not None and pack.valid_until is not None and pack.valid_from >= pack.valid_until:
        raise _wrong_pack("valid_until", "Let the sale end after it starts.")
    if pack.pay_within_s is not None and not PAY_WITHIN_S_MIN <= pack.pay_within_s <= PAY_WITHIN_S_MAX:
        raise _wrong_pack(
            "pay_within_s", f"Give {PAY_WITHIN_S_MIN} to {PAY_WITHIN_S_MAX} seconds, or leave it out."
        )


def _wrong_pack(field: str, message: str) -> Refusal:
    return invalid("pack.invalid", message, field=field)


def _wrong_policy(field: str, message: str) -> Refusal:
    return invalid("topup_policy.invalid", message, field=field)
