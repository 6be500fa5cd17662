"""What happens to orders and money at a channel, whatever the channel speaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

from plaudit.app.simulate.books import Books, Entry, EntryKind, Merchant, Order, Payment, Refund, RefundState
from plaudit.app.simulate.timepiece import Timepiece
from plaudit.kernel.rate import Rate

Reason: TypeAlias = Literal[
    "absent", "paid", "closed", "used", "unpaid", "not_enough", "too_much", "differs", "settled"
]
Event: TypeAlias = Literal["paid", "refund", "closed", "finished"]

_SETTLED: Final = frozenset({"succeeded", "abnormal", "closed"})


class TillError(Exception):
    """What was asked cannot be done; each channel says `reason` in its own words."""

    def __init__(self, reason: Reason) -> None:
        """Take the reason."""
        super().__init__(reason)
        self.reason: Reason = reason


class Announce(Protocol):
    """Called when something happened that a merchant is told by callback."""

    def __call__(self, event: Event, order: Order, *, payment: Payment | None, refund: Refund | None) -> None:
        """Tell it."""


class Till:
    """Opens, pays, closes and refunds. Everything is done at once, in one thread."""

    def __init__(
        self,
        *,
        books: Books,
        time: Timepiece,
        new_transaction: Callable[[datetime, int], str],
        new_refund: Callable[[datetime, int], str],
        announce: Announce,
    ) -> None:
        """Take where things are kept, the time, the channel's way to number things, and whom to tell."""
        self._books = books
        self._time = time
        self._new_transaction = new_transaction
        self._new_refund = new_refund
        self._announce = announce

    def open(self, order: Order) -> Order:
        """Return the order, the one already open where the same was asked before.

        Raises TillError: paid, closed, or used for another order.
        """
        known = self._books.orders.get((order.merchant, order.number))
        if known is None:
            self._books.orders[order.merchant, order.number] = order
            return order
        self._expire(known)
        if known.state in {"paid", "finished"}:
            raise TillError("paid")
        if known.state == "closed":
            raise TillError("closed")
        if (known.amount_minor, known.method) != (order.amount_minor, order.method):
            raise TillError("used")
        return known

    def find(self, merchant: str, number: str) -> Order:
        """Return an order as it is now, closed if its time is over. Raises TillError absent."""
        order = self._books.orders.get((merchant, number))
        if order is None:
            raise TillError("absent")
        self._expire(order)
        return order

    def find_payment(self, merchant: str, transaction: str) -> tuple[Order, Payment]:
        """Return a payment by the channel's number. Raises TillError absent."""
        order = self._books.payments.get((merchant, transaction))
        if order is None:
            raise TillError("absent")
        return order, next(one for one in order.payments if one.transaction == transaction)

    def pay(
        self,
        order: Order,
        *,
        amount_minor: int | None = None,
        payer: str | None = None,
        late: bool = False,
        again: bool = False,
    ) -> Payment:
        """Let somebody pay. `late` pays a closed order, `again` one that is paid: real channels refuse both.

        Raises TillError.
        """
        self._expire(order)
        if order.state == "closed" and not late:
            raise TillError("closed")
        if order.payments and not again:
            raise TillError("paid")
        now = self._time.now()
        amount = order.amount_minor if amount_minor is None else amount_minor
        merchant = self._books.merchants[order.merchant]
        first = order.reference if order.reference.isdigit() and not order.payments else ""
        payment = Payment(
            transaction=first or self._new_transaction(now, self._books.next_number()),
            amount_minor=amount,
            fee_minor=fee_of(merchant, amount),
            payer=payer or order.payer or f"payer-{order.number[-8:]}",
            paid_at=now,
        )
        self._books.add_payment(order, payment)
        order.state = "paid"
        self._book(order, payment, "payment", payment.amount_minor)
        self._book(order, payment, "fee", -payment.fee_minor)
        self._announce("paid", order, payment=payment, refund=None)
        return payment

    def fail(self, order: Order) -> None:
        """Let an attempt to pay fail; the order stays unpaid. Raises TillError paid, closed."""
        self._unpaid(order)
        order.state = "failed"

    def close(self, order: Order) -> None:
        """Close an order. Raises TillError paid, closed."""
        self._unpaid(order)
        order.state = "closed"
        order.closed_at = self._time.now()
        self._announce("closed", order, payment=None, refund=None)

    def finish(self, order: Order) -> None:
        """Make a paid order final, so that it cannot be refunded any more. Raises TillError unpaid."""
        if not order.payments:
            raise TillError("unpaid")
        order.state = "finished"
        self._announce("finished", order, payment=order.payments[0], refund=None)

    def refund(
        self, order: Order, payment: Payment, *, number: str, amount_minor: int, reason: str, notify_url: str
    ) -> Refund:
        """Take money back from a merchant; the same number again gives the same refund.

        Raises TillError: differs, too_much, not_enough.
        """
        known = self._books.refunds.get((order.merchant, number))
        if known is not None:
            if (known.transaction, known.amount_minor) != (payment.transaction, amount_minor):
                raise TillError("differs")
            return known
        if not 0 < amount_minor <= payment.amount_minor - payment.refunded_minor:
            raise TillError("too_much")
        refunded = payment.refunded_minor + amount_minor
        back = _half_up(payment.fee_minor * refunded, payment.amount_minor) - payment.fee_back_minor
        if amount_minor - back > self._books.balance_minor(order.merchant):
            raise TillError("not_enough")
        now = self._time.now()
        refund = Refund(
            merchant=order.merchant,
            number=number,
            id=self._new_refund(now, self._books.next_number()),
            order=order.number,
            transaction=payment.transaction,
            amount_minor=amount_minor,
            fee_minor=back,
            reason=reason,
            notify_url=notify_url,
            asked_at=now,
        )
        payment.refunded_minor = refunded
        payment.fee_back_minor += back
        self._books.add_refund(refund)
        self._book(order, payment, "fee_back", back, refund=number)
        self._book(order, payment, "refund", -amount_minor, refund=number)
        return refund

    def settle(self, refund: Refund, state: RefundState) -> None:
        """Say what became of a refund; one that is closed brings the money back.

        Raises TillError settled.
        """
        if refund.state in _SETTLED:
            raise TillError("settled")
        order, payment = self.find_payment(refund.merchant, refund.transaction)
        refund.state = state
        refund.settled_at = self._time.now()
        if state == "closed":
            payment.refunded_minor -= refund.amount_minor
            payment.fee_back_minor -= refund.fee_minor
            self._book(order, payment, "refund_back", refund.amount_minor, refund=refund.number)
            self._book(order, payment, "fee", -refund.fee_minor, refund=refund.number)
        self._announce("refund", order, payment=payment, refund=refund)

    def withdraw(self, merchant: str, amount_minor: int) -> Entry:
        """Pay a merchant's money out to the bank. Raises TillError not_enough."""
        if amount_minor > self._books.balance_minor(merchant):
            raise TillError("not_enough")
        entry = self._entry("withdrawal", -amount_minor)
        self._books.enter(merchant, entry)
        return entry

    def _unpaid(self, order: Order) -> None:
        self._expire(order)
        if order.payments:
            raise TillError("paid")
        if order.state == "closed":
            raise TillError("closed")

    def _expire(self, order: Order) -> None:
        over = order.expires_at is not None and order.expires_at <= self._time.now()
        if over and order.state in {"pending", "failed"}:
            order.state = "closed"
            order.closed_at = order.expires_at
            self._announce("closed", order, payment=None, refund=None)

    def _entry(self, kind: EntryKind, amount_minor: int) -> Entry:
        return Entry(
            number=self._books.next_number(),
            at=self._time.now(),
            kind=kind,
            amount_minor=amount_minor,
            balance_minor=0,
        )

    def _book(
        self, order: Order, payment: Payment, kind: EntryKind, amount_minor: int, *, refund: str = ""
    ) -> None:
        """Book a movement of money; nothing moves where the amount is none."""
        if amount_minor:
            entry = self._entry(kind, amount_minor)
            entry.order, entry.transaction, entry.refund = order.number, payment.transaction, refund
            self._books.enter(order.merchant, entry)


def fee_of(merchant: Merchant, amount_minor: int) -> int:
    """Return the channel's fee for a payment, rounded half up to the cent."""
    rate = Rate.parse(merchant.fee_rate)
    return _half_up(amount_minor * rate.numerator, rate.denominator)


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
