"""Orders whose payment came to nothing give their seats back; what ended paid is refunded."""

from typing import Final

from plaudit.core import dues
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal import read
from plaudit.core.journal.subscriptions import Span
from plaudit.features.presale.actions.endings import end_unpaid
from plaudit.features.presale.actions.revoking import Revoked, revoke
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.payments import PaymentClosed, PaymentData, PaymentFailed
from plaudit.vocabulary.facts.tickets import EndCause, OrderEnded, TicketForfeited, TicketOrdered


async def _end(corridor: Corridor, conn: Connection, span: Span) -> None:
    """End the orders whose payments failed or were closed; those that have ended are left as they are."""
    heard = await span.heard(conn, _UNPAID, saying=("due_kind", TicketOrdered.KIND))
    if not heard:
        return
    positions = sorted({fact.data.due for fact in heard})
    opened = await read.facts_at(conn, tenant_id=span.tenant_id, positions=positions)
    await dues.recorded(corridor, conn, commands=[end_unpaid(opened=one) for one in opened])


async def _revoke(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Have what was paid for orders that ended without tickets refunded."""
    heard = await span.heard(conn, _ENDED)
    revoked = [found for fact in heard if (found := _owed(fact.position, fact.data)) is not None]
    commands = [revoke(tenant_id=span.tenant_id, revoked=one) for one in revoked]
    for result in await dues.recorded(corridor, conn, commands=commands):
        if isinstance(result, Refusal):
            raise result


def _owed(position: int, ended: OrderEnded | TicketForfeited) -> Revoked | None:
    if isinstance(ended, TicketForfeited):
        payment, asset, minor = ended.payment, ended.asset, ended.returned_minor
        code = "deposit.forfeited"
    elif ended.payment is None or ended.asset is None:
        return None
    else:
        payment, asset, minor, code = ended.payment, ended.asset, ended.paid_minor, _CODES[ended.cause]
    if not minor:
        return None
    return Revoked(
        due=ended.order,
        due_kind=TicketOrdered.KIND,
        payment=payment,
        asset=asset,
        amount_minor=minor,
        code=code,
        cause=f"ended/{position}",
    )


_ENDED: Final[dict[str, type[OrderEnded] | type[TicketForfeited]]] = {
    OrderEnded.KIND: OrderEnded,
    TicketForfeited.KIND: TicketForfeited,
}
_CODES: Final[dict[EndCause, str]] = {
    "left": "group.left",
    "group": "group.failed",
    "refused": "group.refused",
}
"""Why the money of an order that ended paid goes back."""

_UNPAID: Final[dict[str, type[PaymentData]]] = {kind.KIND: kind for kind in (PaymentFailed, PaymentClosed)}

UNPAID: Final = Reaction(name="presale.unpaid", kinds=tuple(_UNPAID), react=_end)
REVOKED: Final = Reaction(name="presale.revoked", kinds=tuple(_ENDED), react=_revoke)
