"""What operators and viewers read of campaigns, kept as the journal tells it: pauses, rewards, figures."""

from typing import Final

from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span, Subscription
from plaudit.features.campaigns.store import figures, life
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignMatured,
    CampaignPaused,
    CampaignResumed,
    CampaignReversed,
    CampaignWithheld,
)
from plaudit.vocabulary.facts.payments import PaymentSucceeded


async def _note_pauses(conn: Connection, span: Span) -> None:
    await life.apply_pauses(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _tell(conn: Connection, span: Span) -> None:
    await figures.apply_told(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


async def _count(conn: Connection, span: Span) -> None:
    await figures.apply_figures(conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto)


PAUSES: Final = Subscription(
    name="campaigns.pauses",
    kinds=(CampaignPaused.KIND, CampaignResumed.KIND),
    apply=_note_pauses,
    kind="reaction",
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
