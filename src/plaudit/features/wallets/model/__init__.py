"""Pure values and rules of wallets: what may be credited, who may correct what, what packs give and cost."""

from plaudit.features.wallets.model.adjustments import (
    ADJUSTMENT,
    Adjustment,
    Credit,
    State,
    check_adjustment,
    check_checker,
    check_corrected,
    check_credit,
    check_pending,
    check_reason,
    check_viewer,
    summary_of,
)
from plaudit.features.wallets.model.packs import (
    DUE,
    Pack,
    TopupPolicy,
    check_on_sale,
    default_policy,
    part_of,
    titles_of,
    unknown_pack,
)

__all__ = [
    "ADJUSTMENT",
    "DUE",
    "Adjustment",
    "Credit",
    "Pack",
    "State",
    "TopupPolicy",
    "check_adjustment",
    "check_checker",
    "check_corrected",
    "check_credit",
    "check_on_sale",
    "check_pending",
    "check_reason",
    "check_viewer",
    "default_policy",
    "part_of",
    "summary_of",
    "titles_of",
    "unknown_pack",
]
