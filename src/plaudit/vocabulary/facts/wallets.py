"""Facts of the feature wallets: credits and adjustments."""

from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class WalletCredited(FactData, frozen=True, kw_only=True):
    """A viewer's wallet was credited from issuance; `reference` is the host platform's id of the cause."""

    KIND: ClassVar[str] = "wallet.credited"
    VERSION: ClassVar[int] = 1

    viewer: str
    asset: str
    amount_minor: int
    reference: str | None = None


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
