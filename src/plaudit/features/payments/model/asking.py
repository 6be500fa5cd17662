"""Asking channels about what they have not told: when, and what their answers mean."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from plaudit.features.payments.model.channel import OrderReport
from plaudit.features.payments.model.intents import OPEN_ATTEMPTS, OPEN_INTENTS, Attempt, IntentState
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.assets import asset_of

OrderTold: TypeAlias = Literal["paid", "failed", "closed"]

PAUSE: Final = timedelta(minutes=5)
"""Between two questions about an order that may be paid yet, or about a refund."""
CLOSING_PAUSE: Final = timedelta(seconds=60)
"""Between two tries to close an order."""
LONG_PAUSE: Final = timedelta(hours=1)
PATIENCE: Final = 100
"""After so many questions without an answer there is one an hour."""
GIVE_UP: Final = timedelta(hours=1)
"""So long after its deadline an intent is closed here although its channel does not answer. What was paid
comes back to the payer then."""
ASKED_MIN: Final = 10
"""So often a channel has been asked about an order before it is given up: when nobody was there to ask, what
was paid in time is still found and kept."""

LAST_LOOK: Final = timedelta(hours=1)
"""So long after its deadline a channel is asked once more about an attempt that came to nothing: what was
paid all the same, and whose callback never came, goes back."""
LAST_LOOKS: Final = timedelta(days=1)
"""So long after the deadline that is tried again, once an hour, where there is no answer."""

NUMBER_MAX: Final = 128
"""No channel gives longer numbers."""

ABSENT: Final = "channel.absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An attempt whose channel is to be asked now, and the state of its intent."""

    attempt: Attempt
    intent_state: IntentState

    @property
    def is_last_look(self) -> bool:
        """Tell whether the attempt has come to nothing: only that it was paid all the same is news."""
        return self.attempt.state not in OPEN_ATTEMPTS

    def is_over(self, *, now: datetime) -> bool:
        """Tell whether the order is to be closed: nothing may be paid for its intent any more."""
        return self.intent_state not in OPEN_INTENTS or now >= self.attempt.expires_at


def told_of(report: OrderReport, *, attempt: Attempt, closing: bool, asked_at: datetime) -> OrderTold | None:
    """Return what an answer tells, None when the channel is to be asked again.

    An order that the channel does not know has failed when it was never shown to anybody; one that was shown
    may be made there when the payer comes, until its time to pay is over: before that, its absence closes
    nothing.
    """
    match report.state:
        case "paid":
            return "paid" if is_whole(report) else None
        case "failed" | "closed":
            return report.state
        case "absent":
            if closing:
                return "closed" if asked_at >= attempt.expires_at else None
            return "failed" if attempt.state in {"opening", "unknown"} else None
        case "pending":
            return None


def is_nothing(report: OrderReport) -> bool:
    """Tell whether an answer says that an order was not paid, and never will be."""
    return report.state in {"failed", "closed", "absent"}


def is_whole(report: OrderReport) -> bool:
    """Tell whether an answer says which payment it was, and how much."""
    return (
        bool(report.transaction)
        and is_number(report.transaction or "")
        and report.asset is not None
        and report.amount_minor is not None
        and is_payable(asset=report.asset, amount_minor=report.amount_minor)
    )


def is_number(text: str) -> bool:
    """Tell whether a text can be a number at a channel, its own or ours, and be kept and looked up."""
    return len(text) <= NUMBER_MAX and "\0" not in text


def is_payable(*, asset: str, amount_minor: int) -> bool:
    """Tell whether an amount can be money here: a currency that there is, and an amount above zero."""
    try:
        return asset_of(asset).kind == "money" and 0 < amount_minor <= MAX_MINOR
    except Refusal:
        return False
