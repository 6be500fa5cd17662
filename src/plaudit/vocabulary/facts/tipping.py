"""Facts of the feature tipping: creators, gifts, terms, policy, words, tips and their reversals."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import AmountDue

MessageState: TypeAlias = Literal["none", "shown", "held"]
TermsBasis: TypeAlias = Literal["fixed", "monthly"]
Funded: TypeAlias = Literal["gift"]


class CreatorSaved(FactData, frozen=True, kw_only=True):
    """A creator was registered or changed; `terms` is None where the tenant's default terms hold."""

    KIND: ClassVar[str] = "creator.saved"
    VERSION: ClassVar[int] = 1

    creator: str
    revision: int
    guild: str | None = None
    terms: str | None = None


class GiftSaved(FactData, frozen=True, kw_only=True):
    """A gift of the catalogue was made or changed; no `shows` or `rooms` means all of them."""

    KIND: ClassVar[str] = "gift.saved"
    VERSION: ClassVar[int] = 1

    gift: str
    revision: int
    asset: str
    price_minor: int
    on_sale: bool
    effect: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    shows: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()


class TermsTier(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The shares from a volume of `from_minor` on, as ratios ("7/10"); the platform takes what is left."""

    from_minor: int
    creator: str
    guild: str = "0/1"


class TermsSaved(FactData, frozen=True, kw_only=True):
    """Terms of a split were made or changed, in full; "monthly" tiers go by the month's volume."""

    KIND: ClassVar[str] = "terms.saved"
    VERSION: ClassVar[int] = 1

    terms: str
    revision: int
    basis: TermsBasis
    tiers: tuple[TermsTier, ...]


class TippingPolicySaved(FactData, frozen=True, kw_only=True):
    """The bounds of own amounts, the presets and the viewer's limit a day were set for one asset.

    `creator_keeps_minor` is what a refund of a paid tip leaves to the creator at least.
    """

    KIND: ClassVar[str] = "tipping.policy.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    asset: str
    min_minor: int
    max_minor: int
    presets_minor: tuple[int, ...] = ()
    day_limit_minor: int | None = None
    creator_keeps_minor: int = 0


class WordsSaved(FactData, frozen=True, kw_only=True):
    """The word list that messages are screened by was replaced: its size and hash, not its words."""

    KIND: ClassVar[str] = "words.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    count: int
    words_hash: str


class TipSent(FactData, frozen=True, kw_only=True, gc=False):
    """A viewer tipped a creator; the three shares sum to `amount_minor`, by the named revisions.

    `volume_before_minor` is what the creator's month held before, where the terms go by the month;
    `day_before_minor` what the viewer had given that day, where the policy limits the day. None where no such
    counter was moved. `funded` is "gift" where `count` units of the gift that the viewer had in hand paid for
    it: its value came out of `issuance/{asset}`.
    """

    KIND: ClassVar[str] = "tip.sent"
    VERSION: ClassVar[int] = 1

    viewer: str
    creator: str
    asset: str
    amount_minor: int
    creator_minor: int
    guild_minor: int
    platform_minor: int
    terms: str
    terms_revision: int
    guild: str | None = None
    gift: str | None = None
    gift_revision: int | None = None
    count: int = 1
    show: str | None = None
    room: str | None = None
    anonymous: bool = False
    message_state: MessageState = "none"
    message_hash: str | None = None
    policy_revision: int = 0
    volume_before_minor: int | None = None
    day_before_minor: int | None = None
    due: int | None = None
    payment: str | None = None
    funded: Funded | None = None


class TipOrdered(AmountDue, frozen=True, kw_only=True):
    """A viewer wants to pay a tip straight through a channel: its amount is due, and it is sent when paid.

    The gift's price is the one of `gift_revision`; the split is by the terms that hold when the money comes.
    """

    KIND: ClassVar[str] = "tip.ordered"
    VERSION: ClassVar[int] = 1

    creator: str
    gift: str | None = None
    gift_revision: int | None = None
    count: int = 1
    show: str | None = None
    room: str | None = None
    anonymous: bool = False
    message_hash: str | None = None


class TipReversed(FactData, frozen=True, kw_only=True, gc=False):
    """A tip was taken back in whole or part, by its own split; `reversed_minor` sums its reversals so far.

    `tip` is the position of the fact `tip.sent`. With `refund`, a paid tip was taken back for its payment's
    refund: the money stands in clearing, and `lost_minor` of it came out of `losses/{asset}` because the
    creator had less left. The three shares are what each gave back; with `lost_minor` they sum to
    `amount_minor`. `units` is how many units of a gift went back to the viewer, who had paid with them.
    """

    KIND: ClassVar[str] = "tip.reversed"
    VERSION: ClassVar[int] = 1

    tip: int
    viewer: str
    creator: str
    asset: str
    amount_minor: int
    creator_minor: int
    guild_minor: int
    platform_minor: int
    reversed_minor: int
    guild: str | None = None
    show: str | None = None
    reason_hash: str | None = None
    anonymous: bool = False
    refund: str | None = None
    lost_minor: int = 0
    units: int = 0
