"""Budgets: transfers of what a campaign may grant, asked for by one person and checked by another."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, conflict, invalid, not_found
from plaudit.vocabulary import chart
from plaudit.vocabulary.assets import UNITS

TRANSFER: Final = "cbt"
"""The prefix of the ids of budget transfers."""

TransferState: TypeAlias = Literal["pending", "approved", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetTransfer:
    """`amount_minor` (below zero: out) to go into a campaign's budget; `reason` is why it was rejected."""

    number: int
    campaign: str
    asset: str
    amount_minor: int
    state: TransferState
    maker: str
    checker: str | None
    reason: str | None
    requested_at: datetime
    checked_at: datetime | None


def check_amount(amount_minor: int) -> int:
    """Return the amount of a transfer. Raises Refusal `budget.amount` (INVALID) for 0 and too much."""
    if not 1 <= abs(amount_minor) <= MAX_MINOR:
        raise invalid(
            "budget.amount",
            f"Send an amount from 1 to {MAX_MINOR} minor units, or less than 0 to take back.",
            field="amount_minor",
        )
    return amount_minor


def check_pending(transfer: BudgetTransfer) -> None:
    """Raise Refusal `budget.settled` (CONFLICT) when a transfer was approved or rejected before."""
    if transfer.state != "pending":
        raise conflict("budget.settled", f"This transfer was {transfer.state} before.", state=transfer.state)


def check_asset(asset: str, *, budgets: Collection[str]) -> None:
    """Raise Refusal `campaign.fixed` (CONFLICT) when there is a budget of another asset than a reward's.

    Nobody could take it out, or grant from it, once the reward is of the other asset.
    """
    for standing in budgets:
        if standing != asset:
            raise conflict(
                "campaign.fixed",
                f"There is a budget of {standing}; have it taken out before the reward is of another asset.",
                place="reward.asset",
                asset=standing,
            )


def source_of(asset: str) -> str:
    """Return the account that budgets in an asset come from: its issuance, or where units are issued."""
    return chart.units_issued(asset=asset) if asset in UNITS else chart.issuance(asset=asset)


def unknown_transfer() -> Refusal:
    """Return the refusal of a budget transfer that there is not."""
    return not_found("budget.unknown", "There is no such transfer of this campaign's budget; check its id.")
