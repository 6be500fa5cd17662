"""Pure values and rules of tipping: what a tip costs, who has which share, what may be written with it."""

from plaudit.features.tipping.model.creators import DUE, TIP, Creator, check_not_self, check_person
from plaudit.features.tipping.model.message import Verdict, WordList, clean_message, screen_message
from plaudit.features.tipping.model.price import (
    Gift,
    Policy,
    Price,
    Wish,
    asset_of_wish,
    check_day_limit,
    check_wish,
    open_policy,
    price_of,
)
from plaudit.features.tipping.model.terms import (
    DEFAULT_TERMS,
    Basis,
    Shares,
    Terms,
    Tier,
    kept_of,
    reversal_of,
    split_tip,
    tier_of,
)

__all__ = [
    "DEFAULT_TERMS",
    "DUE",
    "TIP",
    "Basis",
    "Creator",
    "Gift",
    "Policy",
    "Price",
    "Shares",
    "Terms",
    "Tier",
    "Verdict",
    "Wish",
    "WordList",
    "asset_of_wish",
    "check_day_limit",
    "check_not_self",
    "check_person",
    "check_wish",
    "clean_message",
    "kept_of",
    "open_policy",
    "price_of",
    "reversal_of",
    "screen_message",
    "split_tip",
    "tier_of",
]
