"""The published language: every kind of fact that the journal may hold, by kind."""

from typing import Final

from plaudit.vocabulary.facts import identity, ledger, risk, tipping, wallets
from plaudit.vocabulary.facts.base import FactData

_TYPES: Final[tuple[type[FactData], ...]] = (
    identity.TenantCreated,
    identity.KeyCreated,
    identity.KeyRevoked,
    identity.StaffCreated,
    identity.StaffRevoked,
    identity.TokenKeyCreated,
    identity.TokenKeyRevoked,
    identity.ViewerErased,
    risk.SwitchFlipped,
    risk.AccountFrozen,
    wallets.WalletCredited,
    wallets.AdjustmentRequested,
    wallets.AdjustmentApproved,
    wallets.AdjustmentRejected,
    ledger.HoldOpened,
    ledger.HoldCaptured,
    ledger.HoldReleased,
    ledger.HoldExpired,
    tipping.CreatorSaved,
    tipping.GiftSaved,
    tipping.TermsSaved,
    tipping.TippingPolicySaved,
    tipping.WordsSaved,
    tipping.TipSent,
    tipping.TipReversed,
)

FACTS: Final[dict[str, type[FactData]]] = {fact.KIND: fact for fact in _TYPES}
"""The newest version of every kind."""
