"""The states of intents, attempts and refunds, and what may happen in which of them.

Three tables, one for each: state and event give the next state; what is not in a table does not happen.
Channels tell things late, twice and out of order, so most of what is absent is not a fault but has no effect
any more: whoever asks gets None and says nothing.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from plaudit.features.payments.model.intents import AttemptState, IntentState

RefundState: TypeAlias = Literal["review", "approved", "sending", "succeeded", "failed", "rejected"]

IntentEvent: TypeAlias = Literal[
    "attempt", "pay", "exhaust", "close", "refund_part", "refund_whole", "undo_part", "undo_whole"
]
"""`exhaust`: the last attempt that could still be paid came to nothing. `undo_part`, `undo_whole`: a refund
did not reach the payer after all; others did, or none."""

AttemptEvent: TypeAlias = Literal["show", "doubt", "pay", "exceed", "fail", "close"]
"""`show`: the channel took the order; `doubt`: it is not known whether it did; `exceed`: what came in for it
is not ours to keep."""

RefundEvent: TypeAlias = Literal["approve", "reject", "send", "succeed", "fail", "undo"]
"""`send`: the money stands in clearing and the channel is asked, for the first time or again.
`undo`: it had succeeded, and the channel says when asked that it has not."""

INTENT: Final[Mapping[tuple[IntentState, IntentEvent], IntentState]] = {
    ("pending", "attempt"): "processing",
    ("pending", "close"): "closed",
    ("processing", "attempt"): "processing",
    ("processing", "pay"): "succeeded",
    ("processing", "exhaust"): "failed",
    ("processing", "close"): "closed",
    ("failed", "attempt"): "processing",
    ("failed", "pay"): "succeeded",
    ("failed", "close"): "closed",
    ("succeeded", "refund_part"): "partly_refunded",
    ("succeeded", "refund_whole"): "refunded",
    ("partly_refunded", "refund_part"): "partly_refunded",
    ("partly_refunded", "refund_whole"): "refunded",
    ("partly_refunded", "undo_part"): "partly_refunded",
    ("partly_refunded", "undo_whole"): "succeeded",
    ("refunded", "undo_part"): "partly_refunded",
    ("refunded", "undo_whole"): "succeeded",
}

# An attempt that failed or was closed may be paid all the same: the channel has the last word. One whose
# money goes back may still be paid rightly, by another transaction.
ATTEMPT: Final[Mapping[tuple[AttemptState, AttemptEvent], AttemptState]] = {
    ("opening", "show"): "open",
    ("opening", "doubt"): "unknown",
    ("opening", "pay"): "paid",
    ("opening", "exceed"): "surplus",
    ("opening", "fail"): "failed",
    ("opening", "close"): "closed",
    ("open", "pay"): "paid",
    ("open", "exceed"): "surplus",
    ("open", "fail"): "failed",
    ("open", "close"): "closed",
    ("unknown", "show"): "open",
    ("unknown", "doubt"): "unknown",
    ("unknown", "pay"): "paid",
    ("unknown", "exceed"): "surplus",
    ("unknown", "fail"): "failed",
    ("unknown", "close"): "closed",
    ("failed", "pay"): "paid",
    ("failed", "exceed"): "surplus",
    ("closed", "pay"): "paid",
    ("closed", "exceed"): "surplus",
    ("surplus", "pay"): "paid",
    ("surplus", "exceed"): "surplus",
}

# A refund that failed may succeed all the same: some channels go on by hand.
REFUND: Final[Mapping[tuple[RefundState, RefundEvent], RefundState]] = {
    ("review", "approve"): "approved",
    ("review", "reject"): "rejected",
    ("approved", "reject"): "rejected",
    ("approved", "send"): "sending",
    ("sending", "succeed"): "succeeded",
    ("sending", "fail"): "failed",
    ("failed", "send"): "sending",
    ("failed", "succeed"): "succeeded",
    ("succeeded", "undo"): "failed",
}


def after_intent(state: IntentState, event: IntentEvent) -> IntentState | None:
    """Return the state of an intent after an event, None where the event has no effect."""
    return INTENT.get((state, event))


def after_attempt(state: AttemptState, event: AttemptEvent) -> AttemptState | None:
    """Return the state of an attempt after an event, None where the event has no effect."""
    return ATTEMPT.get((state, event))


def after_refund(state: RefundState, event: RefundEvent) -> RefundState | None:
    """Return the state of a refund after an event, None where the event has no effect."""
    return REFUND.get((state, event))
