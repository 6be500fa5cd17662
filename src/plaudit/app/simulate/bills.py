"""The lines of a day's bill before a channel writes them its own way, with the planted differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from plaudit.app.simulate.books import Books, Entry, Merchant, Order, Payment, Planting, Refund, RefundState
from plaudit.app.simulate.timepiece import china_day, end_of

_BOOKED = frozenset({"payment", "refund"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeLine:
    """A payment, or with `refund` a refund, on the bill of its day. All amounts are positive.

    `refund_state` is what was known of it when the day ended, or the planted word.
    """

    order: Order
    payment: Payment
    happened_at: datetime
    amount_minor: int
    fee_minor: int
    refund: Refund | None = None
    refund_state: str = ""


def fund_lines(books: Books, merchant: str, *, day: date) -> list[Entry]:
    """Return the movements of a day, each with the balance after it."""
    return [entry for entry in books.entries.get(merchant, ()) if china_day(entry.at) == day]


def trade_lines(books: Books, merchant: Merchant, *, day: date) -> list[TradeLine]:
    """Return the payments and refunds of a day, differences planted."""
    planted: dict[tuple[str, str], Planting] = {
        (one.number, one.kind): one
        for one in books.plantings
        if (one.merchant, one.day) == (merchant.id, day)
    }
    lines = [
        changed
        for entry in fund_lines(books, merchant.id, day=day)
        if entry.kind in _BOOKED
        for changed in _planted(_line(books, merchant.id, entry, day), planted)
    ]
    extras = [one for one in planted.values() if one.kind == "extra_row"]
    return lines + [_extra(one, merchant, end_of(day), place) for place, one in enumerate(extras)]


def _line(books: Books, merchant: str, entry: Entry, day: date) -> TradeLine:
    order = books.orders[merchant, entry.order]
    payment = next(one for one in order.payments if one.transaction == entry.transaction)
    if entry.kind == "payment":
        return TradeLine(
            order=order,
            payment=payment,
            happened_at=entry.at,
            amount_minor=payment.amount_minor,
            fee_minor=payment.fee_minor,
        )
    refund = books.refunds[merchant, entry.refund]
    known = refund.settled_at is not None and refund.settled_at < end_of(day)
    state: RefundState = refund.state if known else "processing"
    return TradeLine(
        order=order,
        payment=payment,
        happened_at=entry.at,
        amount_minor=refund.amount_minor,
        fee_minor=refund.fee_minor,
        refund=refund,
        refund_state=state,
    )


def _planted(line: TradeLine, planted: dict[tuple[str, str], Planting]) -> Iterator[TradeLine]:
    number = line.order.number if line.refund is None else line.refund.number
    if (number, "missing_row") in planted:
        return
    if found := planted.get((number, "other_amount")):
        line = replace(line, amount_minor=found.amount_minor)
    if found := planted.get((number, "other_fee")):
        line = replace(line, fee_minor=found.fee_minor)
    if found := planted.get((number, "other_refund_state")):
        line = replace(line, refund_state=found.state)
    yield line


def _extra(planting: Planting, merchant: Merchant, end: datetime, place: int) -> TradeLine:
    """Return a line that nothing stands behind, at noon of the day."""
    at = end.replace(hour=4, minute=0, second=0)
    payment = Payment(
        transaction=f"4299{end:%Y%m%d}{place:016d}",
        amount_minor=planting.amount_minor,
        fee_minor=planting.fee_minor,
        payer="nobody",
        paid_at=at,
    )
    order = Order(
        merchant=merchant.id,
        number=planting.number,
        method="native",
        amount_minor=planting.amount_minor,
        title="planted",
        opened_at=at,
        expires_at=None,
        notify_url="",
        state="paid",
    )
    return TradeLine(
        order=order,
        payment=payment,
        happened_at=at,
        amount_minor=planting.amount_minor,
        fee_minor=planting.fee_minor,
    )
