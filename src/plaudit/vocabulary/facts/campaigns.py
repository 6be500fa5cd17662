"""Facts of the feature campaigns: terms and their life, budgets, what was granted, taken back, matured.

The terms of a revision stand in its facts in full (`terms`, the JSON that was reviewed): whoever reads the
journal can judge any fact by the revision that was in force.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal, TypeAlias

from plaudit.vocabulary.facts.base import FactData

RewardKind: TypeAlias = Literal["coin", "points", "voucher", "chance", "coupon"]
PauseCause: TypeAlias = Literal["operator", "budget"]


class ViewerAttributesSaved(FactData, frozen=True, kw_only=True):
    """The host platform said what a viewer is from now on; it replaces what was said before."""

    KIND: ClassVar[str] = "viewer.attributes.saved"
    VERSION: ClassVar[int] = 1

    viewer: str
    revision: int
    level: int | None = None
    tags: tuple[str, ...] = ()


class CalendarSaved(FactData, frozen=True, kw_only=True):
    """A calendar of holidays was made or replaced. Revisions that were submitted before keep its old days."""

    KIND: ClassVar[str] = "calendar.saved"
    VERSION: ClassVar[int] = 1

    calendar: str
    revision: int
    count: int
    days_hash: str


class CampaignData(FactData, frozen=True, kw_only=True):
    """What all facts about one campaign say."""

    campaign: str


class CampaignSaved(CampaignData, frozen=True, kw_only=True):
    """A draft of a revision was written; nothing is promised. `terms_hash` is the SHA-256 of its terms."""

    KIND: ClassVar[str] = "campaign.saved"
    VERSION: ClassVar[int] = 1

    revision: int
    author: str
    terms_hash: str


class CampaignSubmitted(CampaignData, frozen=True, kw_only=True):
    """A draft was handed in for review by another person."""

    KIND: ClassVar[str] = "campaign.submitted"
    VERSION: ClassVar[int] = 1

    revision: int
    maker: str
    terms_hash: str


class CampaignRejected(CampaignData, frozen=True, kw_only=True):
    """A reviewer sent a draft back; `reason_hash` is of the reason."""

    KIND: ClassVar[str] = "campaign.rejected"
    VERSION: ClassVar[int] = 1

    revision: int
    maker: str
    checker: str
    terms_hash: str
    reason_hash: str


class CampaignDiscarded(CampaignData, frozen=True, kw_only=True):
    """A draft was given up, under review or not; it promises nothing and never will."""

    KIND: ClassVar[str] = "campaign.discarded"
    VERSION: ClassVar[int] = 1

    revision: int
    maker: str


class CampaignApproved(CampaignData, frozen=True, kw_only=True):
    """A revision is what holds for facts that happen from `effective_from` on and are recorded after this.

    `seed_hash` is the SHA-256 of the secret that random rewards are drawn by; the secret is told by
    `campaign.ended`.
    """

    KIND: ClassVar[str] = "campaign.approved"
    VERSION: ClassVar[int] = 1

    revision: int
    maker: str
    checker: str
    effective_from: datetime
    terms: dict[str, Any]
    terms_hash: str
    seed_hash: str | None = None


class CampaignPaused(CampaignData, frozen=True, kw_only=True):
    """A campaign stands still: an operator said so, or its budget did not reach for a reward.

    With "budget", `fact` is the position of the fact whose reward it did not reach for: everything after that
    fact is not judged by the campaign until it is resumed.
    """

    KIND: ClassVar[str] = "campaign.paused"
    VERSION: ClassVar[int] = 1

    cause: PauseCause
    maker: str | None = None
    fact: int | None = None


class CampaignResumed(CampaignData, frozen=True, kw_only=True):
    """A paused campaign goes on, for what is recorded after this."""

    KIND: ClassVar[str] = "campaign.resumed"
    VERSION: ClassVar[int] = 1

    maker: str


class CampaignEnded(CampaignData, frozen=True, kw_only=True):
    """A campaign is over for good, before its time or by it; nothing recorded after this is judged by it.

    `seed` (hex) is the secret of its random rewards, which anybody can now check.
    """

    KIND: ClassVar[str] = "campaign.ended"
    VERSION: ClassVar[int] = 1

    maker: str | None = None
    seed: str | None = None


class BudgetData(CampaignData, frozen=True, kw_only=True):
    """What facts about one transfer to (or, negative, from) a campaign's budget say."""

    transfer: str
    asset: str
    amount_minor: int
    maker: str


class BudgetRequested(BudgetData, frozen=True, kw_only=True):
    """Somebody asked for a budget; nothing has moved yet."""

    KIND: ClassVar[str] = "campaign.budget.requested"
    VERSION: ClassVar[int] = 1


class BudgetApproved(BudgetData, frozen=True, kw_only=True):
    """Another person approved it, and it was moved between issuance and the budget."""

    KIND: ClassVar[str] = "campaign.budget.approved"
    VERSION: ClassVar[int] = 1

    checker: str


class BudgetRejected(BudgetData, frozen=True, kw_only=True):
    """Another person rejected it; nothing moves."""

    KIND: ClassVar[str] = "campaign.budget.rejected"
    VERSION: ClassVar[int] = 1

    checker: str
    reason_hash: str


class VerdictData(CampaignData, frozen=True, kw_only=True, gc=False):
    """What facts about one viewer's reward say.

    `fact` is the position of what was judged and `cause` of what made it be judged (the same fact, its
    reversal, or a late one); `window` names what is counted together ("fact/812", "week/2026-W48"). `asset`
    is the budget's, `item` which coupon or which chances.
    """

    revision: int
    fact: int
    cause: int
    viewer: str
    kind: RewardKind
    asset: str
    amount_minor: int
    window: str
    item: str | None = None


class CampaignGranted(VerdictData, frozen=True, kw_only=True, gc=False):
    """A reward was paid out of the campaign's budget.

    `amount_minor` was granted, after caps; `entitled_minor` is what the window is worth in all by the terms,
    `granted_minor` what it has been given in all, this with it. `repaid_minor` of it paid off what the wallet
    owed. With `matures_at` it stands in `viewer/…/pending/…` until then.
    """

    KIND: ClassVar[str] = "campaign.granted"
    VERSION: ClassVar[int] = 1

    entitled_minor: int
    granted_minor: int
    repaid_minor: int = 0
    matures_at: datetime | None = None


class CampaignWithheld(VerdictData, frozen=True, kw_only=True, gc=False):
    """A reward that the terms would give was not paid; `code` says why. Nothing moved."""

    KIND: ClassVar[str] = "campaign.withheld"
    VERSION: ClassVar[int] = 1

    code: str


class CampaignReversed(VerdictData, frozen=True, kw_only=True, gc=False):
    """A reward was taken back, because what had earned it was undone.

    `amount_minor` is what the terms take back. `pending_minor` of it had not matured, `taken_minor` left the
    wallet, `debt_minor` is owed from now on, `forgiven_minor` was left by policy and `lost_minor` could not
    be had. What came back is in the budget again. `granted_minor` is what the window still counts as given.
    """

    KIND: ClassVar[str] = "campaign.reversed"
    VERSION: ClassVar[int] = 1

    entitled_minor: int
    granted_minor: int
    pending_minor: int = 0
    taken_minor: int = 0
    debt_minor: int = 0
    forgiven_minor: int = 0
    lost_minor: int = 0


class CampaignMatured(CampaignData, frozen=True, kw_only=True, gc=False):
    """What is left of a pending reward went into the wallet. `grant` is the position of its grant."""

    KIND: ClassVar[str] = "campaign.matured"
    VERSION: ClassVar[int] = 1

    grant: int
    viewer: str
    asset: str
    amount_minor: int
    repaid_minor: int = 0
