"""Bookings: orders that money was paid for, and what of it goes back when it is refunded.

Pure: a booking is locked as a row, what happens to it is decided here, and it is written again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from plaudit.kernel.rate import Rate
from plaudit.kernel.refusal import refused
from plaudit.vocabulary.facts.offers import BundleItem
from plaudit.vocabulary.facts.tickets import Attribution, OrderLine, OrderMode

BookingState: TypeAlias = Literal["pledged", "issued", "ended", "forfeited", "returned"]
"""`pledged`: a deposit or a group's price is paid; `ended`: without a ticket; `returned`: no seat is left."""


@dataclass(slots=True, kw_only=True)
class Booking:
    """A paid order as it is locked.

    `deposits_minor` is what of its money stands in the show's deposits, the rest that was not refunded went
    to the takings. `seats` are those that have not gone back. `payments` are its payments in order with what
    each paid. `balance` is the position of the fact that made the balance due, `balance_due` until when.
    `revoked` says that a cancelled show has asked for its refund.
    """

    order: int
    viewer: str
    show: str
    offer: str
    mode: OrderMode
    quantity: int
    lines: tuple[OrderLine, ...]
    asset: str
    total_minor: int
    state: BookingState
    payments: tuple[tuple[int, str, int], ...]
    refunded_minor: int = 0
    deposits_minor: int = 0
    seats: int = 0
    rights: tuple[str, ...] = ()
    bundle: tuple[BundleItem, ...] = ()
    group: str | None = None
    balance_due: datetime | None = None
    balance: int | None = None
    forfeited: str = "1"
    returned_if_cancelled: bool = True
    revoked: bool = False
    instrument_hash: str | None = None
    attribution: Attribution | None = None
    holders: list[str] = field(default_factory=list)

    @property
    def paid_minor(self) -> int:
        """What was paid in all."""
        return sum(minor for _, _, minor in self.payments)


class Back(NamedTuple):
    """What a refund takes back: seats, their holders, and where the money stands."""

    seats: int
    holders: tuple[str, ...]
    from_deposits_minor: int
    from_takings_minor: int
    refunded_minor: int


def back_of(booking: Booking, *, amount_minor: int) -> Back:
    """Return what goes back when `amount_minor` of a booking is refunded.

    Seats go back from the last on, each when its whole price has been refunded; those of a deposit or a group
    that is not full all at once, when all that was paid has been. Raises Refusal `booking.refunded` (REFUSED)
    when more goes back than was paid.
    """
    after_minor = booking.refunded_minor + amount_minor
    if after_minor > booking.paid_minor:
        left_minor = booking.paid_minor - booking.refunded_minor
        raise refused(
            "booking.refunded",
            f"Only {left_minor} of this order has not gone back; refund that much or less.",
            left_minor=left_minor,
        )
    seats = 0
    if booking.state == "issued":
        seats = min(booking.seats, _worth(booking.lines, after_minor) - (booking.quantity - booking.seats))
    elif booking.state == "pledged" and after_minor == booking.paid_minor:
        seats = booking.seats
    from_deposits_minor = min(amount_minor, booking.deposits_minor)
    holders = tuple(reversed(booking.holders))[:seats]
    return Back(seats, holders, from_deposits_minor, amount_minor - from_deposits_minor, after_minor)


def take_back(booking: Booking, back: Back) -> None:
    """Let a refund have its effect on its booking."""
    booking.refunded_minor = back.refunded_minor
    booking.deposits_minor -= back.from_deposits_minor
    if not back.seats:
        return
    booking.seats -= back.seats
    del booking.holders[len(booking.holders) - len(back.holders) :]
    if not booking.seats:
        booking.state = "returned"


def kept_ratio(booking: Booking, *, over_at: datetime) -> str:
    """Return which part of a deposit is forfeited when its balance did not come.

    None where the show was over before the time that was promised for the balance, moved or ended early.
    """
    promised = booking.balance_due is None or booking.balance_due <= over_at
    return booking.forfeited if promised else "0"


def excuse(booking: Booking, *, paid_at: datetime) -> bool:
    """Let a balance count that came and could not be taken; tell whether it did.

    Who has paid it before it was due forfeits nothing, whyever it went back.
    """
    in_time = booking.state == "pledged" and booking.balance_due is not None and paid_at < booking.balance_due
    if in_time:
        booking.forfeited = "0"
    return in_time


def split_deposit(*, deposit_minor: int, forfeited: str) -> tuple[int, int]:
    """Return what of a deposit is kept and what goes back; the odd unit goes back."""
    kept_minor = Rate.parse(forfeited).of(deposit_minor)
    return kept_minor, deposit_minor - kept_minor


def seat_prices(lines: Sequence[OrderLine]) -> list[int]:
    """Return the price of each seat of an order, in their order."""
    return [line.price_minor for line in lines for _ in range(line.quantity)]


def _worth(lines: Sequence[OrderLine], minor: int) -> int:
    """Return how many of the last seats an amount pays for."""
    seats = 0
    for price_minor in reversed(seat_prices(lines)):
        minor -= price_minor
        if minor < 0:
            break
        seats += 1
    return seats
