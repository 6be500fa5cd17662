"""Facts of the feature presale about tickets: ordered, paid for in whole or in part, issued, given back.

An order is known by the position of its `ticket.ordered`, which is the amount due for it and the hold on its
seats, all in one.
"""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import msgspec

from plaudit.vocabulary.facts.base import FactData
from plaudit.vocabulary.facts.dues import AmountDue
from plaudit.vocabulary.facts.offers import BundleItem

OrderMode: TypeAlias = Literal["full", "deposit", "group"]
Source: TypeAlias = Literal["stock", "code", "waiting"]
EndCause: TypeAlias = Literal["expired", "cancelled", "payment", "left", "group", "refused"]
LeftCause: TypeAlias = Literal["asked", "too_many"]


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """Seats of an order at one price; `step` is the price step, counted from 0; -1 is the group's price."""

    step: int
    quantity: int
    price_minor: int


class Attribution(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How a buyer came here: by whose invitation, and by which campaign, as the page was told."""

    invitation: str | None = None
    campaign: str | None = None


class TicketOrdered(AmountDue, frozen=True, kw_only=True):
    """Seats are held for a buyer until `held_until`; who pays after that, by `due_until`, gets what is free.

    `amount_minor` is what is due now: the price, or in the mode "deposit" the deposit. `total_minor` is the
    price of all seats. `group` is the id of the group that it joins; with `opens_group` it is the first of
    it, and `group_until` is when that must be full. `source` tells from which account the seats came: the
    `code`'s, those of the waiting list, whose offer was made at position `waiting`, or the stock.
    """

    KIND: ClassVar[str] = "ticket.ordered"
    VERSION: ClassVar[int] = 1

    show: str
    offer: str
    offer_revision: int
    mode: OrderMode
    quantity: int
    lines: tuple[OrderLine, ...]
    total_minor: int
    held_until: datetime
    source: Source = "stock"
    code: str | None = None
    waiting: int | None = None
    group: str | None = None
    opens_group: bool = False
    group_until: datetime | None = None
    attribution: Attribution | None = None


class OrderData(FactData, frozen=True, kw_only=True):
    """What facts about an order say: its position, whose it is, for which offer, and how many seats."""

    order: int
    viewer: str
    show: str
    offer: str
    quantity: int


class OrderEnded(OrderData, frozen=True, kw_only=True):
    """An order ended without a ticket, and its seats went back.

    Unpaid: its time was over, somebody gave it up, or its payment came to nothing. Paid: the buyer left the
    group, the group did not fill, or the ticket could not be given ("refused") because an account is frozen;
    then `payment` and `paid_minor` say what goes back.
    """

    KIND: ClassVar[str] = "ticket.order.ended"
    VERSION: ClassVar[int] = 1

    cause: EndCause
    payment: str | None = None
    asset: str | None = None
    paid_minor: int = 0
    group: str | None = None


class TicketDeposited(AmountDue, frozen=True, kw_only=True):
    """The deposit of an order was paid, and its balance is due: `amount_minor`, until the grace is over.

    `balance_until` is when the balance should be there, `due_until` when the deposit is forfeited, as far as
    the ratio `forfeited` says.
    """

    KIND: ClassVar[str] = "ticket.deposited"
    VERSION: ClassVar[int] = 1

    order: int
    show: str
    offer: str
    quantity: int
    payment: str
    deposit_minor: int
    balance_from: datetime
    balance_until: datetime
    forfeited: str
    returned_if_cancelled: bool = True
    rights: tuple[str, ...] = ()


class TicketPledged(OrderData, frozen=True, kw_only=True):
    """A member of a group has paid; the ticket comes when the group is full. `paid` counts those who have."""

    KIND: ClassVar[str] = "ticket.pledged"
    VERSION: ClassVar[int] = 1

    group: str
    payment: str
    asset: str
    paid_minor: int
    paid: int
    size: int


class TicketIssued(OrderData, frozen=True, kw_only=True):
    """An order is paid for: its tickets, the rights that go with them and what comes in the bundle are given.

    `asset` and `paid_minor` are all that was paid, deposit and balance. `payment` is the last payment of it,
    `instrument_hash` what that was paid with, `deposit_instrument_hash` what the deposit was, if there was
    one. `late` says that the order's time was over and seats were still free at its price.
    """

    KIND: ClassVar[str] = "ticket.issued"
    VERSION: ClassVar[int] = 1

    mode: OrderMode
    lines: tuple[OrderLine, ...]
    rights: tuple[str, ...]
    asset: str
    paid_minor: int
    payment: str
    bundle: tuple[BundleItem, ...] = ()
    instrument_hash: str | None = None
    attribution: Attribution | None = None
    late: bool = False
    deposit_instrument_hash: str | None = None


class TicketForfeited(OrderData, frozen=True, kw_only=True):
    """The balance did not come: the seats went back, and the deposit is kept as far as the terms say.

    `returned_minor` goes back to the buyer.
    """

    KIND: ClassVar[str] = "ticket.forfeited"
    VERSION: ClassVar[int] = 1

    payment: str
    asset: str
    deposit_minor: int
    forfeited_minor: int
    returned_minor: int
    rights: tuple[str, ...] = ()


class TicketRefunded(OrderData, frozen=True, kw_only=True):
    """Money for an order goes back; `quantity` seats went back to the offer with it, and so did their rights.

    `refunded_minor` sums what of this order has gone back, this refund with it. `lost_minor` of it could not
    be had from the show any more.
    """

    KIND: ClassVar[str] = "ticket.refunded"
    VERSION: ClassVar[int] = 1

    payment: str
    refund: str
    asset: str
    amount_minor: int
    refunded_minor: int
    rights: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    lost_minor: int = 0


class TicketTransferred(FactData, frozen=True, kw_only=True):
    """A ticket changed hands, once, and its rights with it."""

    KIND: ClassVar[str] = "ticket.transferred"
    VERSION: ClassVar[int] = 1

    ticket: str
    order: int
    show: str
    offer: str
    holder: str
    recipient: str
    rights: tuple[str, ...]


class GroupEnded(FactData, frozen=True, kw_only=True):
    """A group is full and everybody gets a ticket, or its time is over and everybody is refunded."""

    KIND: ClassVar[str] = "group.ended"
    VERSION: ClassVar[int] = 1

    group: str
    show: str
    offer: str
    filled: bool
    paid: int
    size: int


class WaitingJoined(FactData, frozen=True, kw_only=True):
    """A viewer waits for seats of an offer that has none. Known by the position of this fact."""

    KIND: ClassVar[str] = "waiting.joined"
    VERSION: ClassVar[int] = 1

    viewer: str
    show: str
    offer: str
    quantity: int


class WaitingLeft(FactData, frozen=True, kw_only=True):
    """A viewer does not wait any more: as he asked, or because so many seats can be ordered no more."""

    KIND: ClassVar[str] = "waiting.left"
    VERSION: ClassVar[int] = 1

    waiting: int
    viewer: str
    show: str
    offer: str
    quantity: int
    cause: LeftCause = "asked"


class WaitingOffered(FactData, frozen=True, kw_only=True):
    """Seats that came back are held for a viewer who waits, until `deadline`.

    The hold is known by the position of this fact. `drawn_by` is the position of the fact whose hash was the
    seed, where they were drawn by lot.
    """

    KIND: ClassVar[str] = "waiting.offered"
    VERSION: ClassVar[int] = 1

    waiting: int
    viewer: str
    show: str
    offer: str
    quantity: int
    deadline: datetime
    drawn_by: int | None = None


class WaitingPassed(FactData, frozen=True, kw_only=True):
    """Seats that were held for a viewer who waited go to the next: they were not taken in time, or declined.

    `offered` is the position of the fact that held them.
    """

    KIND: ClassVar[str] = "waiting.passed"
    VERSION: ClassVar[int] = 1

    offered: int
    waiting: int
    viewer: str
    show: str
    offer: str
    quantity: int
