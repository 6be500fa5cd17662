"""What may be credited, and who may correct what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import valid_name
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal, conflict, forbidden, invalid, refused
from plaudit.vocabulary import chart
from plaudit.vocabulary.assets import asset_of

REFERENCE_MAX: Final = 128
REASON_MAX: Final = 500

ADJUSTMENT: Final = "adj"
"""The prefix of the ids of adjustments."""

State: TypeAlias = Literal["pending", "approved", "rejected"]

_SUMMARY: Final = (
    "viewer",
    "creator",
    "amount_minor",
    "gift",
    "count",
    "show",
    "room",
    "anonymous",
    "reference",
    "tip",
    "adjustment",
    "pack",
    "payment",
    "bonus_minor",
    "repaid_minor",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A correction of `amount_minor` (signed) on an account; `reason` is None once it was erased."""

    number: int
    address: str
    amount_minor: int
    state: State
    maker: str
    checker: str | None
    reason: str | None
    reason_hash: str
    owner: str
    requested_at: datetime
    checked_at: datetime | None


class Credit(msgspec.Struct, frozen=True, kw_only=True):
    """What is credited to whom; `reference` is the host platform's id of the cause."""

    viewer: str
    asset: str
    amount_minor: int
    reference: str | None = None


def check_credit(credit: Credit, *, at: datetime | None, now: datetime) -> None:
    """Raise Refusal `body.invalid`, `credit.amount` (INVALID) `asset.unknown` unless it can be credited."""
    if not valid_name(credit.viewer):
        raise _wrong("viewer", "Write ids with letters, digits and _ . : @ -, at most 64.")
    asset_of(credit.asset)
    if not 1 <= credit.amount_minor <= MAX_MINOR:
        raise invalid(
            "credit.amount", f"Send an amount from 1 to {MAX_MINOR} minor units.", field="amount_minor"
        )
    if credit.reference is not None and not valid_name(credit.reference, REFERENCE_MAX):
        raise _wrong(
            "reference", f"Write the reference with letters, digits and _ . : @ -, at most {REFERENCE_MAX}."
        )
    if at is not None and at > now:
        raise _wrong("at", "Let at be a time that has passed.")


def check_viewer(*, actor: Actor, viewer: str) -> None:
    """Raise Refusal `scope.missing` (FORBIDDEN) when a token asks for a wallet that is not its own.

    Raises Refusal `body.invalid` (INVALID) when the id breaks the rule of names.
    """
    if actor.kind in {"viewer", "creator"} and actor.text != f"viewer/{viewer}":
        raise forbidden("scope.missing", f"This token speaks for {actor.text} alone; ask for its own wallet.")
    if not valid_name(viewer):
        raise _wrong("viewer", "Write ids with letters, digits and _ . : @ -, at most 64.")


def check_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises Refusal `body.invalid` (INVALID) without one."""
    text = reason.strip()
    if not 1 <= len(text) <= REASON_MAX or "\0" in text:
        raise _wrong("reason", f"Give a reason of 1 to {REASON_MAX} characters.")
    return text


def check_adjustment(*, address: str, amount_minor: int) -> str:
    """Return whose account it is, as the owner of the reason ("viewer/v1"), or "" where it is nobody's.

    Raises Refusal `account.unknown`, `asset.unknown` (NOT_FOUND), `adjustment.account` (INVALID) on escrows
    and on the accounts that corrections and credits come from, and `adjustment.amount` (INVALID), also where
    it would make a debt: a person may only forgive one.
    """
    account = chart.account_of(address)
    no_money = account.asset.kind == "unit"
    if no_money or address.startswith("held/") or account.template.name in {"adjustment", "issuance"}:
        raise invalid(
            "adjustment.account", "Correct the account of a viewer, creator, guild or the platform."
        )
    if not 1 <= abs(amount_minor) <= MAX_MINOR:
        raise invalid(
            "adjustment.amount", f"Send an amount from 1 to {MAX_MINOR} minor units, or less than 0."
        )
    if account.template.name == "viewer.debt" and amount_minor < 0:
        raise invalid("adjustment.amount", "Send an amount above zero: a debt can only be forgiven.")
    for kind in ("viewer", "creator", "guild"):
        if kind in account.variables:
            return f"{kind}/{account.variables[kind]}"
    return ""


def check_corrected(*, address: str, balance_minor: int) -> None:
    """Raise Refusal `adjustment.debt` (REFUSED) when more of a debt would be forgiven than is owed.

    `balance_minor` is what the account would hold after the correction.
    """
    if balance_minor > 0 and chart.account_of(address).template.name == "viewer.debt":
        raise refused("adjustment.debt", "Less is owed than that; forgive at most what is owed.")


def check_checker(*, maker: str, checker: Actor) -> None:
    """Raise Refusal `checker.invalid` (FORBIDDEN) unless the checker is a staff person and not the maker."""
    if checker.kind != "staff":
        raise forbidden(
            "checker.invalid", "Only a person of the staff can approve or reject; use a staff key."
        )
    if checker.text == maker:
        raise forbidden("checker.invalid", "You asked for this yourself; let another person decide.")


def check_pending(state: State) -> None:
    """Raise Refusal `adjustment.settled` (CONFLICT) when it was approved or rejected before."""
    if state != "pending":
        raise conflict("adjustment.settled", f"This adjustment was {state} before.", state=state)


def summary_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a statement tells of a fact: who, what and where; not how others shared it, nor hashes."""
    return {name: data[name] for name in _SUMMARY if name in data}


def _wrong(field: str, message: str) -> Refusal:
    return invalid("body.invalid", message, field=field)
