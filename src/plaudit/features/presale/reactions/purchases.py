"""The list of orders, as a projection."""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.presale.store import purchases
from plaudit.vocabulary.facts.tickets import (
    OrderEnded,
    TicketDeposited,
    TicketForfeited,
    TicketIssued,
    TicketOrdered,
    TicketPledged,
    TicketRefunded,
)


async def _project(conn: Connection, span: Span) -> None:
    """Bring the projection over a span."""
    await purchases.apply_facts(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


PURCHASES: Final = Subscription(
    name=purchases.PROJECTION,
    kinds=(
        TicketOrdered.KIND,
        OrderEnded.KIND,
        TicketDeposited.KIND,
        TicketPledged.KIND,
        TicketIssued.KIND,
        TicketForfeited.KIND,
        TicketRefunded.KIND,
    ),
    apply=_project,
    kind="projection",
    tables=("presale.purchase",),
)
