"""Which price step is open, and what seats cost: decided from how many seats each step has had.

A step is open from its start to its end and until its count is reached. One that was full stays closed, even
when seats of it come back: nobody is sold a seat at a price that was gone. Seats that come back while their
step is still open are sold at its price again. After the last price there is none: where the counts of all
steps come to the stock, the last sells whatever is left of it, and so what comes back as well.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from plaudit.features.presale.model.offers import Offer
from plaudit.kernel.refusal import refused
from plaudit.kernel.time import format_time
from plaudit.vocabulary.facts.offers import PriceStep
from plaudit.vocabulary.facts.tickets import OrderLine


def lines_of(offer: Offer, *, quantity: int, taken: Sequence[int], now: datetime) -> tuple[OrderLine, ...]:
    """Return what `quantity` seats cost now, step by step; `taken` is what each step has had, in order.

    An order that reaches over the edge of a step is split there. Raises Refusal (REFUSED) `offer.not_open`
    when no step is open now, and `offer.steps_over` when those that are have too few seats left.
    """
    lines: list[OrderLine] = []
    left = quantity
    for number, (step, had) in enumerate(zip(steps_of(offer), taken, strict=True)):
        if not left:
            break
        room = _room(step, had=had, now=now)
        if room is None:
            # What comes after waits for this one, unless its time is over.
            if _is_ahead(step, had=had, now=now):
                break
            continue
        part = min(left, room) if step.count is not None else left
        if part:
            lines.append(OrderLine(step=number, quantity=part, price_minor=step.price_minor))
            left -= part
    if not lines:
        raise _not_open(offer, now=now, taken=taken)
    if left:
        raise refused(
            "offer.steps_over",
            f"Only {quantity - left} seats can be ordered at the prices that hold now; order that many.",
            available=quantity - left,
        )
    return tuple(lines)


def open_step(offer: Offer, *, taken: Sequence[int], now: datetime) -> int | None:
    """Return the number of the step whose price the next seat has, None when no step is open."""
    for number, (step, had) in enumerate(zip(steps_of(offer), taken, strict=True)):
        room = _room(step, had=had, now=now)
        if room is None and _is_ahead(step, had=had, now=now):
            return None
        if room is not None and (step.count is None or room > 0):
            return number
    return None


def has_price(offer: Offer, *, quantity: int, taken: Sequence[int], now: datetime) -> bool:
    """Tell whether so many seats have a price now, or will have when a later step opens."""
    rooms = [
        None if step.count is None else max(0, step.count - had)
        for step, had in zip(steps_of(offer), taken, strict=True)
        if step.ends_at is None or now < step.ends_at
    ]
    return None in rooms or sum(filter(None, rooms)) >= quantity


def still_sold(
    offer: Offer, *, lines: Sequence[OrderLine], taken: Sequence[int], counted: bool, now: datetime
) -> bool:
    """Tell whether seats can still be had now at the prices at which they were ordered.

    With `counted` the steps still count them.
    """
    steps = steps_of(offer)
    for line in lines:
        if not 0 <= line.step < len(steps):
            return False
        step = steps[line.step]
        room = _room(step, had=taken[line.step], now=now)
        if room is None or step.price_minor != line.price_minor:
            return False
        if not counted and step.count is not None and room < line.quantity:
            return False
    return True


def given_back(
    offer: Offer, *, lines: Sequence[OrderLine], quantity: int, taken: Sequence[int]
) -> dict[int, int]:
    """Return by step how many of the last `quantity` seats of an order its step may sell again.

    A step that was full is closed for good, but for the last, which no other follows. `lines` are those of
    the order, `taken` what each step has had.
    """
    back: dict[int, int] = {}
    left, last = quantity, len(offer.steps) - 1
    for line in reversed(lines):
        part = min(left, line.quantity)
        left -= part
        if not part or not 0 <= line.step < len(offer.steps):
            continue
        count = offer.steps[line.step].count
        if count is not None and (taken[line.step] < count or line.step == last):
            back[line.step] = back.get(line.step, 0) + part
    return back


def steps_of(offer: Offer) -> tuple[PriceStep, ...]:
    """Return the price steps as they are sold: the last without its count where the stock ends it."""
    *before, last = offer.steps
    counts = [step.count for step in offer.steps]
    if None in counts or sum(filter(None, counts)) < offer.stock:
        return offer.steps
    return (*before, structs.replace(last, count=None))


def _room(step: PriceStep, *, had: int, now: datetime) -> int | None:
    """Return how many seats a step has left (any number where it has no count); None outside its time."""
    if (step.starts_at is not None and now < step.starts_at) or (
        step.ends_at is not None and now >= step.ends_at
    ):
        return None
    return 0 if step.count is None else max(0, step.count - had)


def _is_ahead(step: PriceStep, *, had: int, now: datetime) -> bool:
    """Tell whether a step is still to come; one that is full already is not."""
    return step.starts_at is not None and now < step.starts_at and (step.count is None or had < step.count)


def _not_open(offer: Offer, *, now: datetime, taken: Sequence[int]) -> Exception:
    later = [
        step.starts_at
        for step, had in zip(steps_of(offer), taken, strict=True)
        if step.starts_at is not None and _is_ahead(step, had=had, now=now)
    ]
    if later:
        opens = format_time(min(later))
        return refused("offer.not_open", f"The next price opens at {opens}; come back then.", opens_at=opens)
    return refused("offer.sold_out", "All seats of this offer are sold; choose another offer.")
