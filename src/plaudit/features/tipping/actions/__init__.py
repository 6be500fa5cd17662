"""The verbs of tipping: save what tips are decided by, send a tip, reverse one."""

from plaudit.features.tipping.actions.catalogue import (
    save_creator,
    save_gift,
    save_policy,
    save_terms,
    save_words,
)
from plaudit.features.tipping.actions.reversal import reverse_tip
from plaudit.features.tipping.actions.tip import Tip, send_tip

__all__ = [
    "Tip",
    "reverse_tip",
    "save_creator",
    "save_gift",
    "save_policy",
    "save_terms",
    "save_words",
    "send_tip",
]
