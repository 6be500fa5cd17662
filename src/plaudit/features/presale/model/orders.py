"""Orders: what a buyer asks for, and the ids of what comes of it."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from plaudit.features.presale.model.offers import Code, Offer, check_on_sale, unknown_code
from plaudit.features.presale.model.shows import NAME_MAX
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import decode_id, encode_id, valid_name
from plaudit.kernel.refusal import Refusal, forbidden, invalid, not_found, refused
from plaudit.vocabulary.facts.tickets import Attribution, OrderMode

DUE: Final = "due"
ORDER: Final = "ord"
"""The prefix of orders: the number is the position of the fact that ordered."""
TICKET: Final = "tkt"
GROUP: Final = "grp"
WAITING: Final = "wtg"
"""The prefix of places on a waiting list: the number is the position of the fact that joined it."""
LATE: Final = timedelta(minutes=2)
"""How long after the time of an order, a balance or a group money is still taken, if it can be used."""
CAMPAIGN_MAX: Final = 200
_SEAT_BITS: Final = 6


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer asks for.

    `group` is the group to join in the mode "group"; without one a group is opened. `waiting` is the place on
    the waiting list whose offered seats are taken, `offered` the position of the fact that held them.
    """

    viewer: str
    offer: str
    quantity: int
    mode: OrderMode = "full"
    group: str | None = None
    code: str | None = None
    waiting: int | None = None
    attribution: Attribution | None = None


def check_wish(wish: Wish) -> None:
    """Raise Refusal unless this can be an order.

    `order.quantity`, `body.invalid` (INVALID); `offer.unknown`, `code.unknown`, `group.unknown` (NOT_FOUND)
    for ids that nothing can have.
    """
    if wish.quantity < 1:
        raise invalid("order.quantity", "Order at least one seat.", field="quantity")
    if wish.mode == "group" and wish.quantity != 1:
        raise invalid(
            "order.quantity", "Order one seat with a group; each buyer joins alone.", field="quantity"
        )
    if not valid_name(wish.viewer):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="viewer"
        )
    if not valid_name(wish.offer, NAME_MAX):
        raise not_found("offer.unknown", "There is no such offer; load the show again.")
    if wish.code is not None and not valid_name(wish.code, NAME_MAX):
        raise unknown_code()
    if wish.group is not None:
        if wish.mode != "group":
            raise invalid("body.invalid", 'Join a group with the mode "group".', field="mode")
        decode_id(GROUP, wish.group)
    _check_attribution(wish.attribution)


def check_terms(wish: Wish, *, offer: Offer, code: Code | None, now: datetime) -> None:
    """Raise Refusal unless the offer sells what is asked for, whatever is left of it.

    `offer.unknown` (NOT_FOUND) for a hidden one without its code; (REFUSED) `offer.off`, `order.too_many`,
    `offer.mode` when it has no such terms, `deposit.over` when the balance's time has begun.
    """
    if wish.code is not None and (code is None or not code.enabled):
        raise unknown_code()
    if offer.hidden and code is None and wish.waiting is None:
        raise not_found("offer.unknown", "There is no such offer; load the show again.")
    check_on_sale(offer)
    if wish.quantity > offer.per_order_max:
        raise refused(
            "order.too_many",
            f"Order at most {offer.per_order_max} seats at once.",
            per_order_max=offer.per_order_max,
        )
    if wish.mode == "deposit":
        _check_deposit(offer, now)
    elif wish.mode == "group":
        _check_group(wish, offer)


def check_person(*, actor: Actor, named: str | None) -> str:
    """Return which viewer a request means: the one it names, and for a viewer's token the token's.

    Raises Refusal `scope.missing` (FORBIDDEN) to tokens of others, `body.invalid` (INVALID) without any.
    """
    if actor.kind in {"viewer", "creator"}:
        if actor.kind != "viewer" or named not in {None, actor.id}:
            raise forbidden(
                "scope.missing", f"This token speaks for {actor.text} alone; use that id, or leave it out."
            )
        return actor.id
    if named is None:
        raise invalid("body.invalid", "Say which viewer is meant.", field="viewer")
    return named


def check_own(*, actor: Actor, viewer: str, unknown: Refusal) -> None:
    """Raise `unknown` when a token asks about what belongs to somebody else: it is not told."""
    if actor.kind in {"viewer", "creator"} and actor.text != f"viewer/{viewer}":
        raise unknown


def unknown_order() -> Refusal:
    """Return the refusal `order.unknown` (NOT_FOUND)."""
    return not_found("order.unknown", "There is no such order; check its id.")


def unknown_group() -> Refusal:
    """Return the refusal `group.unknown` (NOT_FOUND)."""
    return not_found("group.unknown", "There is no such group; open one, or choose another.")


def unknown_ticket() -> Refusal:
    """Return the refusal `ticket.unknown` (NOT_FOUND)."""
    return not_found("ticket.unknown", "There is no such ticket; check its id.")


def ticket_id(*, order: int, seat: int) -> str:
    """Return the id of an order's ticket; seats count from 0."""
    return encode_id(TICKET, order << _SEAT_BITS | seat)


def ticket_of(ticket: str) -> tuple[int, int]:
    """Return the order and the seat of a ticket's id. Raises Refusal `invalid.id` (INVALID)."""
    number = decode_id(TICKET, ticket)
    return number >> _SEAT_BITS, number & (2**_SEAT_BITS - 1)


def _check_deposit(offer: Offer, now: datetime) -> None:
    if offer.deposit is None:
        raise refused("offer.mode", "This offer takes no deposits; pay in full.", offer=offer.id)
    if now >= offer.deposit.balance_until:
        raise refused("deposit.over", "The time for deposits is over; pay in full.", offer=offer.id)


def _check_group(wish: Wish, offer: Offer) -> None:
    # A group that was opened keeps its own terms, whatever becomes of the offer's.
    if offer.group is None and wish.group is None:
        raise refused("offer.mode", "This offer is not sold to groups; order it alone.", offer=offer.id)
    if wish.code is not None or wish.waiting is not None:
        raise refused("offer.mode", "Seats kept for a code or offered to you are not sold to groups.")


def _check_attribution(attribution: Attribution | None) -> None:
    """Check how a buyer came: a campaign is named in any language, an invitation by its id."""
    if attribution is None:
        return
    invitation, campaign = attribution.invitation, attribution.campaign
    if invitation is not None and not valid_name(invitation):
        raise invalid("body.invalid", "Send the id of an invitation, or leave it out.", field="invitation")
    if campaign is not None and not (0 < len(campaign) <= CAMPAIGN_MAX and campaign.isprintable()):
        raise invalid(
            "body.invalid",
            f"Name the campaign in 1 to {CAMPAIGN_MAX} characters of one line.",
            field="campaign",
        )
