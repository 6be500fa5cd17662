"""Facts of the feature presale about offers: what is sold, at which prices, how many there are."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.base import FactData

BundleKind: TypeAlias = Literal["coin", "points", "gift"]
WaitingMode: TypeAlias = Literal["first_come", "lottery"]


class PriceStep(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A price and how long it holds: `count` seats, from `starts_at`, until `ends_at`, as far as given."""

    price_minor: int
    count: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class DepositTerms(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A deposit a seat now, the balance later; after `balance_until` and `grace_s` seconds it is forfeited.

    `forfeited` is the part of the deposit that is kept then, an exact ratio; with `returned_if_cancelled` a
    cancelled show returns even that. `rights` are those that a deposit alone gives.
    """

    deposit_minor: int
    balance_from: datetime
    balance_until: datetime
    grace_s: int
    forfeited: str
    returned_if_cancelled: bool = True
    rights: tuple[str, ...] = ()


class GroupTerms(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A price a seat that holds if `size` buyers have paid within `within_s` seconds."""

    size: int
    within_s: int
    price_minor: int


class BundleItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What comes with each ticket: coins, points, or units of a gift (`id` names it)."""

    kind: BundleKind
    amount_minor: int
    id: str | None = None


class OfferSaved(FactData, frozen=True, kw_only=True):
    """An offer was made or changed: from this revision on, orders are decided by it.

    `stock` is how many seats it has in all; those that were added or taken away were moved with this fact.
    `hold_s` is how long seats are kept while the buyer pays.
    """

    KIND: ClassVar[str] = "offer.saved"
    VERSION: ClassVar[int] = 1

    offer: str
    show: str
    revision: int
    zone: str
    asset: str
    on_sale: bool
    steps: tuple[PriceStep, ...]
    rights: tuple[str, ...]
    stock: int
    hold_s: int
    per_order_max: int
    per_person_max: int
    hidden: bool = False
    transferable: bool = False
    deposit: DepositTerms | None = None
    group: GroupTerms | None = None
    bundle: tuple[BundleItem, ...] = ()
    waiting: WaitingMode = "first_come"
    waiting_s: int = 86_400


class OfferCodeSaved(FactData, frozen=True, kw_only=True):
    """A code was made or changed: it opens a hidden offer, and may have seats kept for it.

    `reserved` is how many seats are kept for it in all; what changed was moved with this fact.
    """

    KIND: ClassVar[str] = "offer.code.saved"
    VERSION: ClassVar[int] = 1

    offer: str
    show: str
    code: str
    revision: int
    enabled: bool
    reserved: int = 0
    uses_max: int | None = None
