"""What a buyer sees of an offer now: can it be ordered, at which price, how long, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.pricing import open_step, steps_of
from plaudit.features.presale.model.shows import SELLING, Show

SaleState: TypeAlias = Literal["open", "later", "sold_out", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An offer as it is now.

    `state`: "open", it can be ordered; "later", its next price opens at `next_at`; "sold_out", no seats or no
    price steps are left; "off", it is not on sale, or its show does not sell. `step` is the price step that
    is open, counted from 0, and holds until `price_until` or until `price_left` more seats are taken, as far
    as given. Then comes `next_price_minor`, but not before `next_at`. `available` is how many seats may be
    ordered in all.
    """

    state: SaleState
    available: int
    step: int | None = None
    price_minor: int | None = None
    price_left: int | None = None
    price_until: datetime | None = None
    next_price_minor: int | None = None
    next_at: datetime | None = None


def sale_of(offer: Offer, *, show: Show, available: int, taken: Sequence[int], now: datetime) -> Sale:
    """Return how an offer stands; `taken` is what each step has had, in order."""
    steps, step = steps_of(offer), open_step(offer, taken=taken, now=now)
    after = _next_step(offer, step=step, taken=taken, now=now)
    state = _state(offer, show, available=available, is_open=step is not None, goes_on=after is not None)
    price_minor = price_left = price_until = next_price_minor = next_at = None
    if step is not None:
        terms = steps[step]
        price_minor, price_until = terms.price_minor, terms.ends_at
        price_left = None if terms.count is None else terms.count - taken[step]
    if after is not None:
        terms = steps[after]
        next_price_minor = terms.price_minor
        next_at = terms.starts_at if terms.starts_at is not None and terms.starts_at > now else None
    return Sale(
        state=state,
        available=available,
        step=step,
        price_minor=price_minor,
        price_left=price_left,
        price_until=price_until,
        next_price_minor=next_price_minor,
        next_at=next_at,
    )


def _state(offer: Offer, show: Show, *, available: int, is_open: bool, goes_on: bool) -> SaleState:
    if not offer.on_sale or show.state not in SELLING:
        return "off"
    if not available or not (is_open or goes_on):
        return "sold_out"
    return "open" if is_open else "later"


def _next_step(offer: Offer, *, step: int | None, taken: Sequence[int], now: datetime) -> int | None:
    """Return the first step that may still come after the one that is open, or where none is open."""
    steps = steps_of(offer)
    for number in range(0 if step is None else step + 1, len(steps)):
        terms = steps[number]
        is_full = terms.count is not None and taken[number] >= terms.count
        if not is_full and (terms.ends_at is None or terms.ends_at > now):
            return number
    return None
