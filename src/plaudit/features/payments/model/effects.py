"""One intent with its attempts and refunds as they are locked, and what may follow for them."""

from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from plaudit.features.payments.model.channel import ChannelName, Method
from plaudit.features.payments.model.intents import AttemptState, IntentState
from plaudit.features.payments.model.states import RefundState
from plaudit.vocabulary.facts.payments import RefundCause, SurplusCause


class Claim(Struct):
    """A locked intent: what is to be paid, and how far it is."""

    number: int
    due: int
    due_kind: str
    payer: str
    asset: str
    amount_minor: int
    state: IntentState
    paid_attempt: int | None
    refunding_minor: int
    refunded_minor: int
    expires_at: datetime

    @property
    def left_minor(self) -> int:
        """What of the payment was neither refunded nor is on its way back."""
        return self.amount_minor - self.refunding_minor - self.refunded_minor


class Try(Struct):
    """A locked attempt. `settled_at` is when it ended here and now, None where it did not."""

    attempt: int
    account: int
    channel: ChannelName
    method: Method
    number: str
    asset: str
    amount_minor: int
    state: AttemptState
    transaction: str | None
    code: str | None
    settled_at: datetime | None = None


class Return(Struct):
    """A locked refund, or a new one, which has no number until it is written."""

    number: int
    attempt: int
    transaction: str | None
    asset: str
    amount_minor: int
    cause: RefundCause
    state: RefundState
    code: str | None = None
    at: datetime | None = None


class Succeeded(Struct, frozen=True, kw_only=True):
    """The intent was paid by this attempt."""

    attempt: Try


class Surplus(Struct, frozen=True, kw_only=True):
    """Money came in that goes back."""

    attempt: Try
    cause: SurplusCause
    refund: Return


class Failed(Struct, frozen=True, kw_only=True):
    """An attempt came to nothing."""

    attempt: Try
    code: str


class Exhausted(Struct, frozen=True, kw_only=True):
    """No attempt of the intent can be paid any more; until its deadline another may be made."""

    code: str


class Rejected(Struct, frozen=True, kw_only=True):
    """A refund ended without effect; with `counted` its amount had been counted by the ledger."""

    refund: Return
    code: str
    counted: bool


class Restored(Struct, frozen=True, kw_only=True):
    """All that is left of a payment goes back, for what was paid for cannot be given."""

    refund: Return


class Revoked(Struct, frozen=True, kw_only=True):
    """A feature takes back what was paid for: a refund of it is made."""

    refund: Return


class Approved(Struct, frozen=True, kw_only=True):
    """A refund may go on: the feature whose due it was answers."""

    refund: Return


class Refunded(Struct, frozen=True, kw_only=True):
    """Money went back."""

    refund: Return
    paid_minor: int
    refunded_minor: int


class RefundFailed(Struct, frozen=True, kw_only=True):
    """A channel said finally that it cannot refund."""

    refund: Return
    code: str


class RefundUndone(Struct, frozen=True, kw_only=True):
    """Money that had gone back came back from the channel."""

    refund: Return
    code: str
    refunded_minor: int


Effect: TypeAlias = (
    Succeeded
    | Surplus
    | Failed
    | Exhausted
    | Rejected
    | Restored
    | Revoked
    | Approved
    | Refunded
    | RefundFailed
    | RefundUndone
)
