"""What insight makes of facts: which shows there are, and what they sell.

The roll-up of views and clicks is a projection as well, of rows instead of facts: a rebuild counts the rows
again, and its cursor is what those who write to it hold.
"""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.insight.store import sales, traffic
from plaudit.vocabulary.facts.shows import ShowSaved


async def learn(conn: Connection, span: Span) -> None:
    """Learn the shows of a span; before its first fact, count all events again."""
    await traffic.learn_shows(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)
    if span.after == 0:
        await traffic.roll_up(conn, tenant_id=span.tenant_id)


async def project(conn: Connection, span: Span) -> None:
    """Bring what shows sell over a span."""
    await sales.apply_facts(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


TRAFFIC: Final = Subscription(
    name=traffic.PROJECTION,
    kinds=(ShowSaved.KIND,),
    apply=learn,
    kind="projection",
    tables=traffic.TABLES,
)
SALES: Final = Subscription(
    name=sales.PROJECTION, kinds=sales.KINDS, apply=project, kind="projection", tables=sales.TABLES
)
