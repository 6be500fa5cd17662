"""What wallets does when something happened elsewhere: a viewer's erasure reaches the reasons about them."""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.wallets import store
from plaudit.vocabulary.facts.identity import ViewerErased


async def forget(conn: Connection, span: Span) -> None:
    """Erase the reasons of adjustments about the viewers that were erased."""
    facts = await span.facts(conn)
    owners = [f"viewer/{fact.data['viewer']}" for fact in facts]
    await store.erase_reasons(conn, tenant_id=span.tenant_id, owners=owners)


ERASURE: Final = Subscription(
    name="wallets.erasure", kinds=(ViewerErased.KIND,), apply=forget, kind="reaction"
)
