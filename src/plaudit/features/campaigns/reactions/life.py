"""What operators and viewers read of campaigns, as the journal tells it, and what is forgotten of viewers."""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.campaigns.store import figures, life, people
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignMatured,
    CampaignPaused,
    CampaignResumed,
    CampaignReversed,
    CampaignWithheld,
)
from plaudit.vocabulary.facts.identity import ViewerErased
from plaudit.vocabulary.facts.payments import PaymentSucceeded


async def _note_pauses(conn: Connection, span: Span) -> None:
    await life.apply_pauses(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _tell(conn: Connection, span: Span) -> None:
    await figures.apply_told(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _count(conn: Connection, span: Span) -> None:
    await figures.apply_figures(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _forget(conn: Connection, span: Span) -> None:
    """Erase what was said last of viewers who were erased.

    What they were when a reward was judged stays beside the facts that say so: a refund that comes later must
    take back what belongs to it and no more.
    """
    viewers = sorted({fact.data["viewer"] for fact in await span.facts(conn)})
    if viewers:
        await people.erase_attributes(conn, tenant_id=span.tenant_id, viewers=viewers)


PAUSES: Final = Subscription(
    name="campaigns.pauses",
    kinds=(CampaignPaused.KIND, CampaignResumed.KIND),
    apply=_note_pauses,
    kind="reaction",
)
ERASURE: Final = Subscription(
    name="campaigns.erasure", kinds=(ViewerErased.KIND,), apply=_forget, kind="reaction"
)
REWARDS: Final = Subscription(
    name=figures.TOLD,
    kinds=(CampaignGranted.KIND, CampaignWithheld.KIND, CampaignReversed.KIND, CampaignMatured.KIND),
    apply=_tell,
    kind="projection",
    tables=figures.TOLD_TABLES,
)
FIGURES: Final = Subscription(
    name=figures.FIGURES,
    kinds=(CampaignGranted.KIND, CampaignWithheld.KIND, CampaignReversed.KIND, PaymentSucceeded.KIND),
    apply=_count,
    kind="projection",
    tables=figures.FIGURE_TABLES,
)
