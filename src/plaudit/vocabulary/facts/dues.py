"""Amounts due: what any feature asks to be paid, and what it says to the payments that follow.

A feature that sells something records a fact whose type is a subclass of `AmountDue`. Payments clears it
through a channel and says `payment.succeeded` with the due's position; the feature fulfils, out of the
account `clearing/{asset}` where the money then stands, or says `due.rejected`, and it goes back to the
payer. Before a refund of what was fulfilled, the feature brings the money back to `clearing/{asset}` and
says `due.returned`, or `due.kept` when its policy forbids that. A feature that takes back by itself what it
sold (a show is cancelled, a group was not full) says `due.revoked`, and such a refund is made.
"""

from datetime import datetime
from typing import ClassVar

from plaudit.vocabulary.facts.base import FactData


class AmountDue(FactData, frozen=True, kw_only=True):
    """What every amount due says: who owes how much of which currency until when, and for what in few words.

    `title_en` and `title_zh` are shown to the payer and to the channel. No personal text.
    """

    payer: str
    asset: str
    amount_minor: int
    due_until: datetime
    title_en: str
    title_zh: str


class DueRejected(FactData, frozen=True, kw_only=True):
    """What was paid for cannot be given any more: all of it goes back to the payer.

    `code` is the refusal's.
    """

    KIND: ClassVar[str] = "due.rejected"
    VERSION: ClassVar[int] = 1

    due: int
    due_kind: str
    payment: str
    asset: str
    amount_minor: int
    code: str


class DueReturned(FactData, frozen=True, kw_only=True):
    """What a payment had earned was taken back, and `amount_minor` stands in clearing for its refund.

    `lost_minor` is the part of the money that could not be taken back from those who had it; it came out of
    `losses/{asset}`.
    """

    KIND: ClassVar[str] = "due.returned"
    VERSION: ClassVar[int] = 1

    refund: str
    due: int
    due_kind: str
    payment: str
    asset: str
    amount_minor: int
    lost_minor: int = 0


class DueKept(FactData, frozen=True, kw_only=True):
    """A feature does not take back what a payment earned; its refund is declined. `code` is the refusal's."""

    KIND: ClassVar[str] = "due.kept"
    VERSION: ClassVar[int] = 1

    refund: str
    due: int
    due_kind: str
    payment: str
    asset: str
    amount_minor: int
    code: str


class DueRevoked(FactData, frozen=True, kw_only=True):
    """A feature takes back what was paid for: `amount_minor` of it is to be refunded, or what is left.

    Nothing has moved yet. `code` says why.
    """

    KIND: ClassVar[str] = "due.revoked"
    VERSION: ClassVar[int] = 1

    due: int
    due_kind: str
    payment: str
    asset: str
    amount_minor: int
    code: str
