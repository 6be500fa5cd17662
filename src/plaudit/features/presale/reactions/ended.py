"""Orders whose payment came to nothing give their seats back; what ended paid is refunded."""

from typing import Final

import msgspec

from plaudit.core import dues
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal import read
from plaudit.core.journal.facts import Recorded
from plaudit.core.journal.subscriptions import Span
from plaudit.features.presale.actions.endings import end_unpaid
from plaudit.features.presale.actions.revoking import Revoked, revoke
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.payments import PaymentClosed, PaymentFailed
from plaudit.vocabulary.facts.tickets import EndCause, OrderEnded, TicketForfeited, TicketOrdered


async def _end(corridor: Corridor, conn: Connection, span: Span) -> None:
    """End the orders whose payments failed or were closed; those that have ended are left as they are."""
    facts = await span.facts(conn, saying=("due_kind", TicketOrdered.KIND))
    if not facts:
        return
    positions = sorted({int(fact.data["due"]) for fact in facts})
    opened = await read.facts_at(conn, tenant_id=span.tenant_id, positions=positions)
    await dues.recorded(corridor, conn, [end_unpaid(opened=one) for one in opened])


async def _revoke(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Have what was paid for orders that ended without tickets refunded."""
    revoked = [found for fact in await span.facts(conn) if (found := _owed(fact)) is not None]
    commands = [revoke(tenant_id=span.tenant_id, revoked=one) for one in revoked]
    for result in await dues.recorded(corridor, conn, commands):
        if isinstance(result, Refusal):
            raise result


def _owed(fact: Recorded) -> Revoked | None:
    if fact.kind == TicketForfeited.KIND:
        forfeited = msgspec.convert(fact.data, TicketForfeited)
        payment, minor, code = forfeited.payment, forfeited.returned_minor, "deposit.forfeited"
        order, asset = forfeited.order, forfeited.asset
    else:
        ended = msgspec.convert(fact.data, OrderEnded)
        if ended.payment is None or ended.asset is None:
            return None
        payment, minor, code = ended.payment, ended.paid_minor, _CODES[ended.cause]
        order, asset = ended.order, ended.asset
    if not minor:
        return None
    return Revoked(
        due=order,
        due_kind=TicketOrdered.KIND,
        payment=payment,
        asset=asset,
        amount_minor=minor,
        code=code,
        cause=f"ended/{fact.position}",
    )


_CODES: Final[dict[EndCause, str]] = {"left": "group.left", "group": "group.failed"}
"""Why the money of an order that ended paid goes back."""

UNPAID: Final = Reaction(name="presale.unpaid", kinds=(PaymentFailed.KIND, PaymentClosed.KIND), react=_end)
REVOKED: Final = Reaction(
    name="presale.revoked", kinds=(OrderEnded.KIND, TicketForfeited.KIND), react=_revoke
)
