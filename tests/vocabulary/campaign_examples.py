"""An example of each fact of campaigns."""

from datetime import UTC, datetime
from typing import Any

from plaudit.vocabulary.facts import campaigns
from plaudit.vocabulary.facts.base import FactData

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
AT = datetime(2026, 11, 22, 2, 3, 4, 123456, tzinfo=UTC)
MAKER, CHECKER = "staff_0000000000001", "staff_0000000000002"
TRANSFER: dict[str, Any] = {
    "campaign": "weekends",
    "transfer": "bt_0000000000001",
    "asset": "coin",
    "amount_minor": 10_000,
    "maker": MAKER,
}
VERDICT: dict[str, Any] = {
    "campaign": "weekends",
    "revision": 2,
    "fact": 812,
    "viewer": "v1",
    "kind": "coin",
    "asset": "coin",
    "amount_minor": 30,
    "window": "week/2026-W47",
}

CAMPAIGN_EXAMPLES: tuple[FactData, ...] = (
    campaigns.ViewerAttributesSaved(viewer="v1", revision=3, level=12, tags=("vip", "staff")),
    campaigns.CalendarSaved(calendar="cn2026", revision=1, count=28, days_hash=HASH),
    campaigns.CampaignSaved(campaign="weekends", revision=2, author=MAKER, terms_hash=HASH),
    campaigns.CampaignSubmitted(campaign="weekends", revision=2, maker=MAKER, terms_hash=HASH),
    campaigns.CampaignRejected(
        campaign="weekends", revision=2, maker=MAKER, checker=CHECKER, terms_hash=HASH, reason_hash=HASH
    ),
    campaigns.CampaignDiscarded(campaign="weekends", revision=2, maker=MAKER),
    campaigns.CampaignApproved(
        campaign="weekends",
        revision=2,
        maker=MAKER,
        checker=CHECKER,
        effective_from=AT,
        terms={"trigger": "tip", "conditions": {"node": "all", "of": []}},
        terms_hash=HASH,
        seed_hash=HASH,
    ),
    campaigns.CampaignPaused(campaign="weekends", cause="budget", fact=812),
    campaigns.CampaignResumed(campaign="weekends", maker=MAKER),
    campaigns.CampaignEnded(campaign="weekends", maker=MAKER, seed="00" * 32),
    campaigns.BudgetRequested(**TRANSFER),
    campaigns.BudgetApproved(**TRANSFER, checker=CHECKER),
    campaigns.BudgetRejected(**TRANSFER, checker=CHECKER, reason_hash=HASH),
    campaigns.CampaignGranted(
        **VERDICT, cause=812, entitled_minor=80, granted_minor=80, repaid_minor=5, matures_at=AT
    ),
    campaigns.CampaignWithheld(**VERDICT, cause=812, code="campaign.budget"),
    campaigns.CampaignReversed(
        **VERDICT,
        cause=900,
        entitled_minor=50,
        granted_minor=60,
        pending_minor=10,
        taken_minor=5,
        debt_minor=5,
        forgiven_minor=0,
        lost_minor=10,
    ),
    campaigns.CampaignMatured(campaign="weekends", grant=820, viewer="v1", asset="coin", amount_minor=30),
)
