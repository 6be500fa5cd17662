"""Refunds: what is given back of a payment, why, and who said so."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plaudit.features.payments.model.channel import ChannelName
from plaudit.features.payments.model.intents import IntentState, chance_in
from plaudit.features.payments.model.states import RefundState
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import DIGITS, decode_id, encode_id
from plaudit.kernel.refusal import Refusal, conflict, forbidden, invalid, not_found, refused
from plaudit.vocabulary.facts.payments import RefundCause

REFUND: Final = "ref"
"""The prefix of the ids of refunds."""

REASON_MAX: Final = 500
_RETRY: Final = re.compile(r"[1-9][0-9]{0,3}")

COUNTED: Final[frozenset[RefundCause]] = frozenset({"asked", "rejected", "revoked"})
"""Causes of refunds of the money that a payment kept; the others give back what came in beside it."""

_PAID: Final = frozenset({"succeeded", "partly_refunded", "refunded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A refund as its row has it; `reason` is None once it was erased, and where the system gives back.

    `transaction` is the channel's number of the payment that is refunded. `retries` counts how often it was
    tried again after the channel had said no. `order_minor` is what was paid for the order in all.
    """

    number: int
    intent: int
    attempt: int
    account: int
    channel: ChannelName
    order_number: str
    transaction: str | None
    asset: str
    amount_minor: int
    order_minor: int
    cause: RefundCause
    state: RefundState
    maker: str
    checker: str | None
    reason: str | None
    reason_hash: str | None
    owner: str
    channel_refund: str | None
    code: str | None
    requested_at: datetime
    asked: int
    retries: int
    settled_at: datetime | None

    @property
    def id(self) -> str:
        """The refund's id."""
        return encode_id(REFUND, self.number)


def refund_number(number: int, *, order: str, retry: int = 0) -> str:
    """Return our number of a refund at the channel: "R000000000001AQGTSSK7H", and "…_1" for its first retry.

    It says which refund, and has what is chance in the number of its order, so that one made after a restore
    is not taken for one that the channel knows from before. Each try has a number: a channel keeps its no
    under the number that it said no to, and would say it again.
    """
    suffix = f"_{retry}" if retry else ""
    return f"R{encode_id('R', number)[-DIGITS:]}{chance_in(order)}{suffix}"


def refund_of(text: str, *, order: str) -> int | None:
    """Return the refund that a number at a channel means, None when it is none of ours.

    `order` is the order's number beside it, "" where the channel does not say it.
    """
    name, _, suffix = text.partition("_")
    counted, chance = name[: 1 + DIGITS], name[1 + DIGITS :]
    if not text.startswith("R") or (order and chance != chance_in(order)):
        return None
    if name != text and not _RETRY.fullmatch(suffix):
        return None
    try:
        return decode_id("R", f"R_{counted[1:]}")
    except Refusal:
        return None


def retry_in(text: str) -> int:
    """Return which retry a number at a channel means that `refund_of` knows; 0 is the first try."""
    return int(text.partition("_")[2] or 0)


def check_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises Refusal `body.invalid` (INVALID) without one."""
    text = reason.strip()
    if not 1 <= len(text) <= REASON_MAX or "\0" in text:
        raise invalid("body.invalid", f"Give a reason of 1 to {REASON_MAX} characters.", field="reason")
    return text


def check_amount(*, state: IntentState, left_minor: int, amount_minor: int | None) -> int:
    """Return what is to be refunded: the amount asked for, or all that is left.

    Raises Refusal (REFUSED) `refund.unpaid` and `refund.exceeded` with what is left, and `refund.amount`
    (INVALID).
    """
    if amount_minor is not None and amount_minor < 1:
        raise invalid(
            "refund.amount", "Send an amount of at least 1 minor unit, or none for all that is left."
        )
    if state not in _PAID:
        raise refused(
            "refund.unpaid", "Nothing was paid that could go back; refund a payment that succeeded."
        )
    wanted = left_minor if amount_minor is None else amount_minor
    if wanted > left_minor or left_minor == 0:
        raise refused(
            "refund.exceeded",
            "There is less left to refund than that; refund at most what is left.",
            left_minor=left_minor,
            asked_minor=wanted,
        )
    return wanted


def check_checker(*, maker: str, checker: Actor) -> None:
    """Raise Refusal `checker.invalid` (FORBIDDEN) unless the checker is a staff person and not the maker."""
    if checker.kind != "staff":
        raise forbidden(
            "checker.invalid", "Only a person of the staff can approve or reject; use a staff key."
        )
    if checker.text == maker:
        raise forbidden("checker.invalid", "You asked for this yourself; let another person decide.")


def check_state(refund: Refund, *, wanted: RefundState, event: str) -> None:
    """Raise Refusal `refund.settled` (CONFLICT) unless a refund is in the state in which a person may act."""
    if refund.state != wanted:
        raise conflict(
            "refund.settled", f"This refund is {refund.state}, too late for {event}.", state=refund.state
        )


def unknown_refund() -> Refusal:
    """Return the refusal of a refund that there is not."""
    return not_found("refund.unknown", "There is no such refund; check its id.")
