"""The verbs of wallets: credit, correct, save packs and policies, order a top-up, fulfil it, take it back."""

from plaudit.features.wallets.actions.adjustments import (
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
)
from plaudit.features.wallets.actions.base import POLICY
from plaudit.features.wallets.actions.credits import credit
from plaudit.features.wallets.actions.packs import PACK, save_pack, save_topup_policy
from plaudit.features.wallets.actions.topups import claw_back_topup, credit_topup, order_topup

__all__ = [
    "PACK",
    "POLICY",
    "approve_adjustment",
    "claw_back_topup",
    "credit",
    "credit_topup",
    "order_topup",
    "reject_adjustment",
    "request_adjustment",
    "save_pack",
    "save_topup_policy",
]
