"""Facts of reconciliation, within the feature payments: channels' bills, and what was found in them."""

from datetime import date
from typing import ClassVar, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.base import FactData

Bill: TypeAlias = Literal["trade", "funds"]
Difference: TypeAlias = Literal[
    "timing", "missing_here", "missing_there", "amount_differs", "fee_differs", "refund_state_differs"
]
Resolution: TypeAlias = Literal["written_off", "corrected", "waiting", "recorded", "duplicate"]


class BillRequested(FactData, frozen=True, kw_only=True):
    """Somebody asked for the reconciliation of one day of a merchant account."""

    KIND: ClassVar[str] = "bill.requested"
    VERSION: ClassVar[int] = 1

    account: str
    day: date


class BillSum(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a bill adds up to in one currency; refunds, withdrawals and fees as positive amounts.

    `fees_posted_minor` and `withdrawals_posted_minor` are what this bill moved in the ledger: all of it, or
    what it says beyond the bill of the same day before it. `balance_minor` is the account's at the end.
    """

    asset: str
    payments_minor: int = 0
    refunds_minor: int = 0
    fees_minor: int = 0
    withdrawals_minor: int = 0
    fees_posted_minor: int = 0
    withdrawals_posted_minor: int = 0
    balance_minor: int | None = None


class BillImported(FactData, frozen=True, kw_only=True):
    """A channel's bill of a day was read whole; its fees, or its withdrawals to the bank, are in the ledger.

    A bill of the same day with other content is another revision.
    """

    KIND: ClassVar[str] = "bill.imported"
    VERSION: ClassVar[int] = 1

    channel: str
    account: str
    day: date
    bill: Bill
    revision: int
    bill_hash: str
    lines: int
    sums: tuple[BillSum, ...]


class BillRefused(FactData, frozen=True, kw_only=True):
    """A channel's bill cannot be trusted, and nothing of it was used. `line` is wrong; 0 is the whole."""

    KIND: ClassVar[str] = "bill.refused"
    VERSION: ClassVar[int] = 1

    reconciliation: str
    channel: str
    account: str
    day: date
    bill: Bill
    line: int


class BillMissing(FactData, frozen=True, kw_only=True):
    """A channel has no bill of a day on which something was settled here, and is not waited for any more.

    `alone` payments and refunds are on no bill; `opened` exceptions are new or came back.
    """

    KIND: ClassVar[str] = "bill.missing"
    VERSION: ClassVar[int] = 1

    reconciliation: str
    channel: str
    account: str
    day: date
    alone: int
    opened: int


class BillReconciled(FactData, frozen=True, kw_only=True):
    """A day of a merchant account was compared with the channel's bill: how many lines of which class.

    `opened` exceptions are new or came back, `settled` ones are gone by themselves.
    """

    KIND: ClassVar[str] = "bill.reconciled"
    VERSION: ClassVar[int] = 1

    reconciliation: str
    channel: str
    account: str
    day: date
    lines: int
    matched: int
    timing: int = 0
    missing_here: int = 0
    missing_there: int = 0
    amount_differs: int = 0
    fee_differs: int = 0
    refund_state_differs: int = 0
    opened: int = 0
    settled: int = 0


class ExceptionChanged(FactData, frozen=True, kw_only=True):
    """An exception was given to somebody or noted upon; the note stands beside the fact."""

    KIND: ClassVar[str] = "bill.exception.changed"
    VERSION: ClassVar[int] = 1

    exception: str
    assignee: str | None = None
    note_hash: str | None = None


class ExceptionResolved(FactData, frozen=True, kw_only=True):
    """A person said what becomes of a difference between a bill and the books."""

    KIND: ClassVar[str] = "bill.exception.resolved"
    VERSION: ClassVar[int] = 1

    exception: str
    account: str
    day: date
    difference: Difference
    resolution: Resolution
    asset: str
    ours_minor: int | None = None
    theirs_minor: int | None = None
    assignee: str | None = None
    note_hash: str | None = None
