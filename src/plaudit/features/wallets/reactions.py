"""What wallets does when something happened elsewhere.

A viewer's erasure reaches the reasons about them; a paid top-up is put into the wallet, and taken back for a
refund.
"""

from typing import Final

from plaudit.core import dues
from plaudit.core.commands.corridor import Corridor
from plaudit.core.feature import Reaction
from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.wallets import actions
from plaudit.features.wallets.store import adjustments as store
from plaudit.vocabulary.facts.identity import ViewerErased
from plaudit.vocabulary.facts.wallets import TopupOrdered


async def forget(conn: Connection, span: Span) -> None:
    """Erase the reasons of adjustments about the viewers that were erased."""
    facts = await span.facts(conn)
    owners = [f"viewer/{fact.data['viewer']}" for fact in facts]
    await store.erase_reasons(conn, tenant_id=span.tenant_id, owners=owners)


async def _answer(corridor: Corridor, conn: Connection, span: Span) -> None:
    """Fulfil the top-ups that were paid in a span, then take back those that are refunded in it."""
    asked = await dues.questions(conn, span, due=TopupOrdered)
    credits_ = [(one, actions.credit_topup(one)) for one in asked.paid]
    clawbacks = [(one, actions.claw_back_topup(one)) for one in asked.refunds]
    if credits_ and clawbacks:
        await corridor.lock(conn, [command for _, command in (*credits_, *clawbacks)])
    if credits_:
        await dues.fulfil(corridor, conn, feature="wallets", wanted=credits_)
    if clawbacks:
        await dues.give_back(corridor, conn, feature="wallets", wanted=clawbacks, lost_minor=_no_money_lost)


# What a wallet does not give back is lost in its own asset; all of the money stands in the users' funds.
def _no_money_lost(_: object) -> int:
    return 0


ERASURE: Final = Subscription(
    name="wallets.erasure", kinds=(ViewerErased.KIND,), apply=forget, kind="reaction"
)
TOPUPS: Final = Reaction(name="wallets.topups", kinds=dues.KINDS, react=_answer)
