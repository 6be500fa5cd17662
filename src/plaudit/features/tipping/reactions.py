"""What tipping keeps of its own facts: one row a tip, and what everybody gave and got."""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.tipping.store import tips
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent


async def project(conn: Connection, span: Span) -> None:
    """Bring the projections over a span."""
    await tips.apply_facts(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


TIPS: Final = Subscription(
    name=tips.PROJECTION,
    kinds=(TipSent.KIND, TipReversed.KIND),
    apply=project,
    kind="projection",
    tables=("tipping.tip", "tipping.total"),
)
