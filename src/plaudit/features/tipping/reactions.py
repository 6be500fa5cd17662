"""What tipping makes of facts.

Of its own: one row a tip, and what everybody gave and got. Of those of payments: a tip that was ordered is
sent when it was paid, and taken back for a refund.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from plaudit.core import dues
from plaudit.core.commands.command import Command, Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.dues import Asked, Questions
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal import private, read
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.tipping import actions
from plaudit.features.tipping.store import paid, tips
from plaudit.vocabulary.facts.payments import PaymentSucceeded, RefundApproved
from plaudit.vocabulary.facts.tipping import TipOrdered, TipReversed, TipSent

_FEATURE: Final = "tipping"
_Sending: TypeAlias = tuple[Asked[PaymentSucceeded, TipOrdered], Command]
_Returning: TypeAlias = tuple[Asked[RefundApproved, TipOrdered], Command]


async def project(conn: Connection, span: Span) -> None:
    """Bring the projections over a span."""
    await tips.apply_facts(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _answer(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Send the tips that were paid in a span, then take back those that are refunded in it."""
    asked, tenant_id = await dues.questions(conn, span, due=TipOrdered), span.tenant_id
    sending = await _sending(conn, tenant_id, asked) if asked.paid else []
    if sending and asked.refunds:
        returning = await _returning(conn, tenant_id, asked)
        await corridor.lock(conn, [command for _, command in (*sending, *returning)])
    if sending:
        await _send(corridor, conn, tenant_id, sending)
    if asked.refunds:
        # Anew: what was sent just now may be refunded in the same span.
        returning = await _returning(conn, tenant_id, asked)
        await dues.give_back(corridor, conn, feature=_FEATURE, wanted=returning, lost_minor=_lost)


async def _sending(conn: Connection, tenant_id: int, asked: Questions[TipOrdered]) -> list[_Sending]:
    texts = await private.read(conn, tenant_id=tenant_id, positions=[one.said.due for one in asked.paid])
    messages = {text.position: text.part for text in texts if text.part.name == "message"}
    return [(one, actions.send_paid_tip(one, message=messages.get(one.said.due))) for one in asked.paid]


async def _send(corridor: Corridor, conn: Connection, tenant_id: int, wanted: Sequence[_Sending]) -> None:
    outcomes = await dues.fulfil(corridor, conn, feature=_FEATURE, wanted=wanted)
    sent = {
        one.said.due: outcome.position
        for (one, _), outcome in zip(wanted, outcomes, strict=True)
        if outcome is not None
    }
    if sent:
        await paid.insert_paid(conn, tenant_id=tenant_id, tips=sent)


async def _returning(conn: Connection, tenant_id: int, asked: Questions[TipOrdered]) -> list[_Returning]:
    dues_ = sorted({one.said.due for one in asked.refunds})
    positions = await paid.select_paid(conn, tenant_id=tenant_id, dues=dues_)
    found = await read.facts_at(conn, tenant_id=tenant_id, positions=list(positions.values()))
    facts = {fact.position: fact for fact in found}
    wanted: list[_Returning] = []
    for one in asked.refunds:
        position = positions.get(one.said.due)
        tip = None if position is None else facts[position]
        wanted.append((one, actions.return_tip(one, tip=tip)))
    return wanted


def _lost(outcome: Outcome) -> int:
    assert isinstance(outcome.data, TipReversed), outcome
    return outcome.data.lost_minor


TIPS: Final = Subscription(
    name=tips.PROJECTION,
    kinds=(TipSent.KIND, TipReversed.KIND),
    apply=project,
    kind="projection",
    tables=("tipping.tip", "tipping.total"),
)
PAID: Final = Reaction(name="tipping.paid", kinds=dues.KINDS, react=_answer)
