"""Facts of the feature wallets: credits, adjustments, top-ups."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import AmountDue

Clawback: TypeAlias = Literal["refuse", "debt", "available"]


class WalletCredited(FactData, frozen=True, kw_only=True):
    """A viewer's wallet was credited from issuance; `reference` is the host platform's id of the cause.

    `repaid_minor` of it paid off what the wallet owed.
    """

    KIND: ClassVar[str] = "wallet.credited"
    VERSION: ClassVar[int] = 1

    viewer: str
    asset: str
    amount_minor: int
    reference: str | None = None
    repaid_minor: int = 0


class AdjustmentRequested(FactData, frozen=True, kw_only=True):
    """One person asked for an account to be corrected by `amount_minor` (signed); nothing has moved yet."""

    KIND: ClassVar[str] = "wallet.adjustment.requested"
    VERSION: ClassVar[int] = 1

    adjustment: str
    address: str
    amount_minor: int
    maker: str
    reason_hash: str


class AdjustmentApproved(FactData, frozen=True, kw_only=True):
    """Another person approved a correction, and it was posted against the adjustment account."""

    KIND: ClassVar[str] = "wallet.adjustment.approved"
    VERSION: ClassVar[int] = 1

    adjustment: str
    address: str
    amount_minor: int
    maker: str
    checker: str
    reason_hash: str


class AdjustmentRejected(FactData, frozen=True, kw_only=True):
    """Another person rejected a correction; nothing moves. `reason_hash` is of the checker's reason."""

    KIND: ClassVar[str] = "wallet.adjustment.rejected"
    VERSION: ClassVar[int] = 1

    adjustment: str
    address: str
    amount_minor: int
    maker: str
    checker: str
    reason_hash: str


class PackSaved(FactData, frozen=True, kw_only=True):
    """A top-up pack was made or changed: what it costs, and what it puts into the wallet.

    `pay_within_s` is how long an order of it may be paid, None for the usual time.
    """

    KIND: ClassVar[str] = "pack.saved"
    VERSION: ClassVar[int] = 1

    pack: str
    revision: int
    price_asset: str
    price_minor: int
    asset: str
    amount_minor: int
    on_sale: bool
    bonus_minor: int = 0
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    pay_within_s: int | None = None


class TopupPolicySaved(FactData, frozen=True, kw_only=True):
    """What happens when a top-up is refunded whose coins were spent, for one asset.

    "refuse": no refund; "debt": the wallet owes the rest, up to `debt_limit_minor`; "available": what is
    there is taken and the rest written off.
    """

    KIND: ClassVar[str] = "topup.policy.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    asset: str
    clawback: Clawback
    debt_limit_minor: int = 0


class TopupOrdered(AmountDue, frozen=True, kw_only=True):
    """A viewer wants a pack, as it stood at `pack_revision`: its price is due."""

    KIND: ClassVar[str] = "topup.ordered"
    VERSION: ClassVar[int] = 1

    pack: str
    pack_revision: int
    topup_asset: str
    topup_minor: int
    bonus_minor: int = 0


class TopupCredited(FactData, frozen=True, kw_only=True):
    """A pack was paid for and put into the wallet; `repaid_minor` of it paid off what the wallet owed."""

    KIND: ClassVar[str] = "topup.credited"
    VERSION: ClassVar[int] = 1

    viewer: str
    due: int
    payment: str
    pack: str
    pack_revision: int
    asset: str
    amount_minor: int
    bonus_minor: int
    paid_asset: str
    paid_minor: int
    repaid_minor: int = 0


class TopupClawedBack(FactData, frozen=True, kw_only=True):
    """A refund took back what a top-up had put into the wallet.

    `amount_minor` left the wallet, `debt_minor` it owes now, `lost_minor` was written off.
    """

    KIND: ClassVar[str] = "topup.clawed_back"
    VERSION: ClassVar[int] = 1

    viewer: str
    due: int
    payment: str
    refund: str
    asset: str
    amount_minor: int
    debt_minor: int = 0
    lost_minor: int = 0
