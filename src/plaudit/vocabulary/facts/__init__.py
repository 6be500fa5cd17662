"""The published language: every kind of fact that the journal may hold, by kind."""

from typing import Final

from plaudit.vocabulary.facts import bills, dues, identity, ledger, payments, risk, tipping, wallets
from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import AmountDue

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
    wallets.PackSaved,
    wallets.TopupPolicySaved,
    wallets.TopupOrdered,
    wallets.TopupCredited,
    wallets.TopupClawedBack,
    dues.DueRejected,
    dues.DueReturned,
    dues.DueKept,
    payments.ChannelAccountSaved,
    payments.PaymentPolicySaved,
    payments.PaymentOpened,
    payments.PaymentAttempted,
    payments.AttemptFailed,
    payments.PaymentNotified,
    payments.PaymentSucceeded,
    payments.PaymentSurplus,
    payments.PaymentFailed,
    payments.PaymentClosed,
    payments.RefundRequested,
    payments.RefundApproved,
    payments.RefundRejected,
    payments.RefundFailed,
    payments.RefundRetried,
    payments.PaymentRefunded,
    bills.BillRequested,
    bills.BillImported,
    bills.BillRefused,
    bills.BillReconciled,
    bills.ExceptionChanged,
    bills.ExceptionResolved,
    payments.PaymentAlerted,
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
    tipping.TipOrdered,
    tipping.TipReversed,
)

FACTS: Final[dict[str, type[FactData]]] = {fact.KIND: fact for fact in _TYPES}
"""The newest version of every kind."""

DUES: Final[dict[str, type[AmountDue]]] = {
    kind: fact for kind, fact in FACTS.items() if issubclass(fact, AmountDue)
}
"""The kinds of facts that open an amount due."""
