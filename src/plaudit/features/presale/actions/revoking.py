"""Having what was paid refunded: because an order ended without a ticket, or its show was cancelled."""

from dataclasses import dataclass

from plaudit.core.commands.command import Command, Plan
from plaudit.core.dues import ANSWER, system_grant
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Decision
from plaudit.features.presale.actions.base import NAME
from plaudit.features.presale.model.bookings import Booking
from plaudit.vocabulary.facts.dues import DueRevoked
from plaudit.vocabulary.facts.tickets import TicketDeposited, TicketOrdered


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A payment that is to be refunded; `cause` makes it happen once."""

    due: int
    due_kind: str
    payment: str
    asset: str
    amount_minor: int
    code: str
    cause: str


def revoke(*, tenant_id: int, revoked: Revoked) -> Command:
    """Return the command that says so; payments makes the refund."""
    fact = DueRevoked(
        due=revoked.due,
        due_kind=revoked.due_kind,
        payment=revoked.payment,
        asset=revoked.asset,
        amount_minor=revoked.amount_minor,
        code=revoked.code,
    )
    decision = Decision(Fact(f"payment/{revoked.payment}", fact))
    key = f"revoke/{revoked.cause}/{revoked.due}"
    return Command(
        action="presale.revoke",
        permission=ANSWER,
        grant=system_grant(tenant_id=tenant_id, feature=NAME),
        key=key,
        content=key.encode(),
        plan=lambda _lookup: Plan(lambda _book: decision),
    )


def of_cancelled(booking: Booking) -> list[Revoked]:
    """Return what of a booking is refunded because its show was cancelled: all that is left of its payments.

    A forfeited deposit only where its terms say so; payments leave out what has gone back before.
    """
    if booking.refunded_minor == booking.paid_minor:
        return []
    if booking.state == "forfeited" and not booking.returned_if_cancelled:
        return []
    kinds = (TicketOrdered.KIND, TicketDeposited.KIND)
    return [
        Revoked(
            due=due,
            due_kind=kind,
            payment=payment,
            asset=booking.asset,
            amount_minor=minor,
            code="show.cancelled",
            cause=f"cancelled/{booking.order}",
        )
        for kind, (due, payment, minor) in zip(kinds, booking.payments, strict=False)
    ]
