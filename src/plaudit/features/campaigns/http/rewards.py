"""What campaigns gave, over HTTP: to a viewer, and by a campaign."""

from typing import Any, Final, Literal

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.core.handles import Database
from plaudit.features.campaigns.http.fields import READ, TAGS, Cursor, Limit, text_of
from plaudit.features.campaigns.model.life import check_person
from plaudit.features.campaigns.queries import rewards as queries
from plaudit.features.campaigns.queries.rewards import Told
from plaudit.kernel.time import format_time
from plaudit.platform.web import get
from plaudit.vocabulary.facts.campaigns import (
    CampaignGranted,
    CampaignReversed,
    CampaignWithheld,
    RewardKind,
)

State = Literal["granted", "pending", "withheld", "taken_back"]


class RewardView(msgspec.Struct, kw_only=True):
    """A reward: granted, "pending" until it matures, or taken back.

    `fact` is the position of what it was for. `amount_minor` is what was granted, or what was had back.
    """

    position: int
    campaign: str
    title_en: str
    title_zh: str
    state: State
    kind: RewardKind
    asset: str
    item: str | None
    amount_minor: int
    fact: int
    at: str
    matures_at: str | None


class PendingView(msgspec.Struct, kw_only=True):
    """What has not matured yet, in one asset."""

    asset: str
    amount_minor: int


class RewardPage(msgspec.Struct, kw_only=True):
    """Some of a viewer's rewards, newest first, and what of all of them is still pending."""

    viewer: str
    pending: list[PendingView]
    items: list[RewardView]
    next_cursor: str | None


class GrantView(RewardView, kw_only=True):
    """A decision about a viewer's reward.

    `code` says why one was withheld, and `amount_minor` is then what the terms would have given. Of what was
    taken back, `forgiven_minor` was left by policy and `lost_minor` could not be had. `window` is what is
    counted together, worth `entitled_minor` and given `granted_minor` in all; null where it is withheld.
    """

    viewer: str
    revision: int
    window: str
    cause: int
    code: str | None
    entitled_minor: int | None
    granted_minor: int | None
    forgiven_minor: int
    lost_minor: int


class GrantPage(msgspec.Struct, kw_only=True):
    """Some decisions of a campaign, newest first."""

    campaign: str
    items: list[GrantView]
    next_cursor: str | None


@get(
    "/v1/viewers/{viewer:str}/rewards",
    opt={"permission": "reward.read"},
    summary="What campaigns gave a viewer",
    tags=TAGS,
)
async def list_rewards(
    *, viewer: str, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> RewardPage:
    """Return what a viewer was granted and what was taken back; a viewer's token reads its own."""
    check_person(actor=grant.actor, viewer=viewer)
    found = await queries.rewards(
        database=database, tenant_id=grant.tenant_id, viewer=viewer, limit=limit, cursor=cursor
    )
    return RewardPage(
        viewer=viewer,
        pending=[
            PendingView(asset=asset, amount_minor=amount) for asset, amount in sorted(found.pending.items())
        ],
        items=[RewardView(**_reward(one)) for one in found.page.items],
        next_cursor=found.page.next_cursor,
    )


@get("/v1/campaigns/{campaign:str}/grants", opt=READ, summary="What a campaign gave", tags=TAGS)
async def list_grants(
    *, campaign: str, grant: Grant, database: Database, limit: Limit = None, cursor: Cursor = None
) -> GrantPage:
    """Return what a campaign granted, withheld and took back."""
    page = await queries.grants(
        database=database, tenant_id=grant.tenant_id, campaign=campaign, limit=limit, cursor=cursor
    )
    return GrantPage(
        campaign=campaign, items=[grant_view(one) for one in page.items], next_cursor=page.next_cursor
    )


ROUTES: Final[tuple[Any, ...]] = (list_rewards, list_grants)


def grant_view(told: Told) -> GrantView:
    """Return a decision as operators read it."""
    said = told.decision.data
    counted = said if isinstance(said, CampaignGranted | CampaignReversed) else None
    undone = said if isinstance(said, CampaignReversed) else None
    return GrantView(
        **_reward(told),
        viewer=said.viewer,
        revision=said.revision,
        window=said.window,
        cause=said.cause,
        code=said.code if isinstance(said, CampaignWithheld) else None,
        entitled_minor=None if counted is None else counted.entitled_minor,
        granted_minor=None if counted is None else counted.granted_minor,
        forgiven_minor=0 if undone is None else undone.forgiven_minor,
        lost_minor=0 if undone is None else undone.lost_minor,
    )


def _reward(told: Told) -> dict[str, Any]:
    said = told.decision.data
    state: State = "withheld"
    amount_minor, matures_at = said.amount_minor, None
    if isinstance(said, CampaignReversed):
        state, amount_minor = "taken_back", said.pending_minor + said.taken_minor + said.debt_minor
    elif isinstance(said, CampaignGranted):
        matures_at = said.matures_at
        state = "granted" if matures_at is None or told.matured else "pending"
    return {
        "position": told.decision.position,
        "campaign": said.campaign,
        "title_en": told.texts.title_en,
        "title_zh": told.texts.title_zh,
        "state": state,
        "kind": said.kind,
        "asset": said.asset,
        "item": said.item,
        "amount_minor": amount_minor,
        "fact": said.fact,
        "at": format_time(told.decision.at),
        "matures_at": text_of(matures_at),
    }
