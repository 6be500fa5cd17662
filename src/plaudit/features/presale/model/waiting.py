"""Places on a waiting list, and who is next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, TypeAlias

from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.orders import Wish
from plaudit.features.presale.model.pricing import lines_of
from plaudit.kernel.refusal import Refusal, invalid, not_found, refused
from plaudit.vocabulary.facts.offers import WaitingMode
from plaudit.vocabulary.facts.tickets import WaitingJoined

PlaceState: TypeAlias = Literal["waiting", "offered", "taken", "passed", "left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place on a waiting list. `offered` is the position of the fact that holds seats for it."""

    number: int
    viewer: str
    show: str
    offer: str
    quantity: int
    state: PlaceState = "waiting"
    offered: int | None = None
    deadline: datetime | None = None


def next_places(places: Sequence[Place], *, available: int, mode: WaitingMode, seed: str) -> list[Place]:
    """Return those who are offered seats now, out of those who wait in the order in which they came.

    First come: nobody who came later is served before one who came first, so that a small place behind a
    large one waits as well. Lottery: in the order of a hash of the seed and the place, which anybody can
    compute, and who wants more seats than are left is passed over: so nobody has another draw of the same
    seats by coming or going. `seed` is the hash of the fact by which seats came back, in hexadecimal.
    """
    order: Iterable[Place] = places
    if mode == "lottery":
        order = sorted(places, key=lambda place: sha256(f"{seed}/{place.number}".encode()).digest())
    chosen = []
    for place in order:
        if place.quantity <= available:
            chosen.append(place)
            available -= place.quantity
        elif mode == "first_come":
            break
    return chosen


def check_needed(offer: Offer, *, quantity: int, free: int, taken: Sequence[int], now: datetime) -> None:
    """Raise Refusal (REFUSED) when seats need not be waited for; `free` are those in the stock.

    `waiting.not_needed` when an order would get them, `offer.not_open` when it will at the next price. Where
    no price is left for them an order is refused, and one may wait for seats that come back with theirs.
    """
    if free < quantity:
        return
    try:
        lines_of(offer, quantity=quantity, taken=taken, now=now)
    except Refusal as refusal:
        if refusal.code == "offer.not_open":
            raise
        return
    raise refused("waiting.not_needed", f"{free} seats are free: order them.", available=free)


def joined_place(joined: WaitingJoined, *, number: int) -> Place:
    """Return the place that a fact has made; `number` is the position of the fact."""
    return Place(
        number=number,
        viewer=joined.viewer,
        show=joined.show,
        offer=joined.offer,
        quantity=joined.quantity,
    )


def check_taking(place: Place, wish: Wish) -> int:
    """Return the position of the fact that holds the seats of a place which an order takes.

    Raises Refusal `waiting.unknown` (NOT_FOUND) unless seats of this offer were offered to this viewer,
    `order.quantity` (INVALID) for more or fewer of them.
    """
    if place.offered is None or (place.viewer, place.offer) != (wish.viewer, wish.offer):
        raise unknown_place()
    if wish.quantity != place.quantity:
        raise invalid(
            "order.quantity",
            f"{place.quantity} seats are offered to you: order exactly that many, or decline them.",
            field="quantity",
            offered=place.quantity,
        )
    return place.offered


def unknown_place() -> Refusal:
    """Return the refusal `waiting.unknown` (NOT_FOUND)."""
    return not_found("waiting.unknown", "There is no such place on a waiting list; check its id.")
