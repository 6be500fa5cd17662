"""Facts of the feature payments: intents, attempts, what channels told, refunds, accounts at channels."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData

Told: TypeAlias = Literal["paid", "failed", "closed", "refunded", "refund_failed", "refund_undone"]
SurplusCause: TypeAlias = Literal["late", "double", "amount"]
RefundCause: TypeAlias = Literal["asked", "rejected", "revoked", "late", "double", "amount"]


class ChannelAccountSaved(FactData, frozen=True, kw_only=True):
    """A merchant account at a channel was made or changed; its secrets are nowhere in the journal."""

    KIND: ClassVar[str] = "payment.account.saved"
    VERSION: ClassVar[int] = 1

    account: str
    channel: str
    revision: int
    enabled: bool
    priority: int
    secrets_changed: bool = False


class PaymentPolicySaved(FactData, frozen=True, kw_only=True):
    """From which amount on a refund needs a second person, for one currency."""

    KIND: ClassVar[str] = "payment.policy.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    asset: str
    review_above_minor: int | None = None


class PaymentData(FactData, frozen=True, kw_only=True):
    """What facts about a payment say: its id, who pays what, and for which due.

    `due` is the position of the fact that opened the amount due, `due_kind` that fact's kind.
    """

    payment: str
    due: int
    due_kind: str
    payer: str
    asset: str
    amount_minor: int


class PaymentOpened(PaymentData, frozen=True, kw_only=True):
    """An intent to pay an amount due was opened; it is pending until a channel is asked."""

    KIND: ClassVar[str] = "payment.opened"
    VERSION: ClassVar[int] = 1

    expires_at: datetime


class PaymentAttempted(PaymentData, frozen=True, kw_only=True):
    """A channel was chosen for an intent, which is now processing. `number` is our order number there."""

    KIND: ClassVar[str] = "payment.attempted"
    VERSION: ClassVar[int] = 1

    attempt: int
    channel: str
    account: str
    method: str
    number: str


class AttemptFailed(PaymentData, frozen=True, kw_only=True):
    """A channel said finally that an attempt came to nothing; another channel may be tried."""

    KIND: ClassVar[str] = "payment.attempt.failed"
    VERSION: ClassVar[int] = 1

    attempt: int
    channel: str
    account: str
    method: str
    code: str


class PaymentNotified(FactData, frozen=True, kw_only=True, gc=False):
    """What a channel told, by callback or when asked, verified and about an attempt of ours.

    Amounts and currency are as told, checked against what was asked. `instrument_hash` stands for what was
    paid with, keyed so that it can be compared within this installation and read nowhere.
    """

    KIND: ClassVar[str] = "payment.notified"
    VERSION: ClassVar[int] = 1

    source: Literal["callback", "query"]
    told: Told
    channel: str
    account: str
    number: str
    payment: str
    attempt: int
    transaction: str
    asset: str
    amount_minor: int
    happened_at: datetime | None = None
    refund: str | None = None
    code: str | None = None
    instrument_hash: str | None = None


class PaymentSucceeded(PaymentData, frozen=True, kw_only=True, gc=False):
    """A payment's money came in, once, and stands in clearing for the feature whose due it was."""

    KIND: ClassVar[str] = "payment.succeeded"
    VERSION: ClassVar[int] = 1

    attempt: int
    channel: str
    account: str
    method: str
    transaction: str
    instrument_hash: str | None = None


class PaymentSurplus(PaymentData, frozen=True, kw_only=True):
    """Money came in that is not ours to keep (too late, twice, another amount): it goes back by itself.

    `amount_minor` is what came in.
    """

    KIND: ClassVar[str] = "payment.surplus"
    VERSION: ClassVar[int] = 1

    attempt: int
    channel: str
    account: str
    transaction: str
    cause: SurplusCause
    refund: str


class PaymentFailed(PaymentData, frozen=True, kw_only=True):
    """No attempt of an intent can succeed as things are; until its deadline another may be made."""

    KIND: ClassVar[str] = "payment.failed"
    VERSION: ClassVar[int] = 1

    code: str


class PaymentClosed(PaymentData, frozen=True, kw_only=True):
    """An intent ended unpaid: at its deadline, or because somebody closed it."""

    KIND: ClassVar[str] = "payment.closed"
    VERSION: ClassVar[int] = 1

    cause: Literal["deadline", "asked"]


class RefundData(PaymentData, frozen=True, kw_only=True):
    """What facts about a refund say; `amount_minor` is what is refunded."""

    refund: str
    cause: RefundCause


class RefundRequested(RefundData, frozen=True, kw_only=True):
    """A refund was asked for. With `review` it waits for a second person, else it goes on by itself."""

    KIND: ClassVar[str] = "payment.refund.requested"
    VERSION: ClassVar[int] = 1

    maker: str
    review: bool = False
    reason_hash: str | None = None


class RefundApproved(RefundData, frozen=True, kw_only=True):
    """A refund may go on: the feature whose due it was says now whether it takes back what was earned.

    `refunded_before_minor` is what of the payment was refunded or on its way before, `paid_minor` what was
    paid.
    """

    KIND: ClassVar[str] = "payment.refund.approved"
    VERSION: ClassVar[int] = 1

    paid_minor: int
    refunded_before_minor: int
    checker: str | None = None


class RefundRejected(RefundData, frozen=True, kw_only=True):
    """A refund ends without effect: a second person said no, or the feature kept what was earned (`code`).

    `reason_hash` is of the second person's reason.
    """

    KIND: ClassVar[str] = "payment.refund.rejected"
    VERSION: ClassVar[int] = 1

    code: str
    checker: str | None = None
    reason_hash: str | None = None


class RefundFailed(RefundData, frozen=True, kw_only=True):
    """A channel said finally that it cannot refund; the money stands in clearing and a person must look."""

    KIND: ClassVar[str] = "payment.refund.failed"
    VERSION: ClassVar[int] = 1

    code: str


class RefundRetried(RefundData, frozen=True, kw_only=True):
    """A refund that a channel had refused is sent again, for the `retry`th time."""

    KIND: ClassVar[str] = "payment.refund.retried"
    VERSION: ClassVar[int] = 1

    maker: str
    retry: int


class PaymentRefunded(RefundData, frozen=True, kw_only=True):
    """Money went back to the payer. `refunded_minor` sums the payment's refunds, this one with them."""

    KIND: ClassVar[str] = "payment.refunded"
    VERSION: ClassVar[int] = 1

    channel: str
    account: str
    paid_minor: int
    refunded_minor: int


class RefundUndone(RefundData, frozen=True, kw_only=True):
    """A refund that had succeeded did not reach the payer, as the channel said when asked once more.

    The money came back from the channel and stands in clearing, and a person must look. `refunded_minor` sums
    what of the payment has gone back all the same.
    """

    KIND: ClassVar[str] = "payment.refund.undone"
    VERSION: ClassVar[int] = 1

    channel: str
    account: str
    code: str
    refunded_minor: int


class PaymentAlerted(FactData, frozen=True, kw_only=True):
    """Payments of a channel's method succeed much less often than in the same hour before.

    Rates are of 10,000 attempts; None where there were too few to compare.
    """

    KIND: ClassVar[str] = "payment.alerted"
    VERSION: ClassVar[int] = 1

    channel: str
    method: str
    starts_at: datetime
    ends_at: datetime
    attempted: int
    succeeded: int
    rate_basis_points: int
    day_before_basis_points: int | None = None
    week_before_basis_points: int | None = None
