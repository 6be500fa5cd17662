"""The verbs of tipping: save what tips are decided by, send a tip, order one to be paid, take one back."""

from plaudit.features.tipping.actions.catalogue import (
    save_creator,
    save_gift,
    save_policy,
    save_terms,
    save_words,
)
from plaudit.features.tipping.actions.orders import order_tip, send_paid_tip
from plaudit.features.tipping.actions.reversal import return_tip, reverse_tip
from plaudit.features.tipping.actions.tip import Tip, send_tip

__all__ = [
    "Tip",
    "order_tip",
    "return_tip",
    "reverse_tip",
    "save_creator",
    "save_gift",
    "save_policy",
    "save_terms",
    "save_words",
    "send_paid_tip",
    "send_tip",
]
