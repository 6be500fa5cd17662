"""What notifications does when something happened: shows and tickets, facts for webhooks, erasures."""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.notifications.actions import reminding, sending
from plaudit.features.notifications.store import contacts as contact_store
from plaudit.features.notifications.store import deliveries as delivery_store
from plaudit.features.notifications.store import messages as message_store
from plaudit.vocabulary.facts.identity import ViewerErased


async def hear(conn: Connection, span: Span) -> None:
    """Take what happened to shows and tickets; what follows at once is told by a job."""
    facts = await span.facts(conn)
    if not facts:
        return
    now = facts[-1].recorded_at
    if await reminding.hear(conn, tenant_id=span.tenant_id, facts=facts, now=now):
        await reminding.enqueue(conn, tenant_id=span.tenant_id)


async def forward(conn: Connection, span: Span) -> None:
    """Put facts on their way to the webhooks that name their kinds."""
    webhooks = await delivery_store.insert_of_facts(
        conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto
    )
    for number in sorted(webhooks):
        await sending.enqueue(conn, tenant_id=span.tenant_id, channel="webhook", endpoint=number)


async def forget(conn: Connection, span: Span) -> None:
    """Erase how viewers who were erased are reached, what they were told, and what is on its way to them."""
    facts = await span.facts(conn)
    if not facts:
        return
    viewers = sorted({fact.data["viewer"] for fact in facts})
    now = facts[-1].recorded_at
    await contact_store.delete_contacts(conn, tenant_id=span.tenant_id, viewers=viewers)
    await message_store.erase_texts(conn, tenant_id=span.tenant_id, viewers=viewers)
    await delivery_store.drop_of_viewers(conn, tenant_id=span.tenant_id, viewers=viewers, now=now)


SHOWS: Final = Subscription(name=reminding.SUBSCRIPTION, kinds=reminding.KINDS, apply=hear, kind="reaction")
FACTS: Final = Subscription(name="notifications.facts", kinds=None, apply=forward, kind="reaction")
ERASURE: Final = Subscription(
    name="notifications.erasure", kinds=(ViewerErased.KIND,), apply=forget, kind="reaction"
)
