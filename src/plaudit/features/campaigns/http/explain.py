"""Why and how far, over HTTP: a fact before a campaign for operators, progress for viewers."""

from typing import Annotated, Any, Final

import msgspec

from plaudit.core.commands.command import Grant
from plaudit.features.campaigns.actions.base import open_seed
from plaudit.features.campaigns.http.fields import READ, TAGS, language_of
from plaudit.features.campaigns.http.rewards import GrantView, grant_view
from plaudit.features.campaigns.http.terms import Means
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.features.campaigns.model.life import check_dimensions, check_person
from plaudit.features.campaigns.model.reasons import absent_text, ruled_text, unmet_of, withheld_text
from plaudit.features.campaigns.model.resolution import Reason
from plaudit.features.campaigns.model.running import Absence
from plaudit.features.campaigns.model.sentences import Language, State, offer_of, progress_of
from plaudit.features.campaigns.model.wording import beside_text
from plaudit.features.campaigns.queries import explain as queries
from plaudit.features.campaigns.queries.explain import Explained, Verdict
from plaudit.kernel.time import format_time
from plaudit.platform.web import Parameter, get
from plaudit.vocabulary.facts.campaigns import CampaignWithheld

Fact = Annotated[int, Parameter(description="The position of the fact.")]
Viewer = Annotated[
    str | None, Parameter(description="Whose; left out by a viewer's token, which asks for its own.")
]
Lang = Annotated[str, Parameter(description='The language of sentences, "zh" (else) or "en".')]
Which = Annotated[str | None, Parameter(description="Which one, where the campaign counts for each.")]


class RulingView(msgspec.Struct, kw_only=True):
    """What became of a campaign that matches the fact, beside the others; `by` stands before it."""

    campaign: str
    revision: int
    priority: int
    group: str | None
    reason: Reason
    by: str | None
    sentence: str


class ExplainView(msgspec.Struct, kw_only=True):
    """Why a campaign did or did not reward a fact.

    `verdict`: "absent" (not in force; `absence` says why), "trigger" (it goes by other facts), "base" (the
    fact has nothing of what it counts), "unmet" (a condition is not met), or what came of it beside others.
    `revision` is what judges it, without one in force the newest that was approved, null for a draft. `tree`
    are its conditions, every node with its verdict, comparisons with what was asked and what there was.
    `decisions` are what was granted, withheld and taken back for it; there is none where a window has
    not reached anything more.
    """

    campaign: str
    fact: int
    kind: str
    viewer: str
    at: str
    verdict: Verdict
    absence: Absence | None
    revision: int | None
    tree: dict[str, Any]
    resolution: list[RulingView]
    decisions: list[GrantView]
    sentences: list[str]


class ProgressView(msgspec.Struct, kw_only=True):
    """How far a viewer has come.

    `window` is what is counted together now, in which `counted_minor` of the base was counted and
    `granted_minor` of the reward was given; `sentence` says it, and `offer` what the campaign gives.
    """

    campaign: str
    viewer: str
    state: State
    window: str
    base_asset: str
    counted_minor: int
    asset: str
    entitled_minor: int
    granted_minor: int
    sentence: str
    offer: str


@get("/v1/campaigns/{campaign:str}/explain", opt=READ, summary="Why a fact was rewarded, or not", tags=TAGS)
async def explain_fact(
    *, campaign: str, fact: Fact, grant: Grant, house: Means, lang: Lang = "zh"
) -> ExplainView:
    """Return the evaluated conditions, the verdict, the resolution with reasons, and what came of it."""

    def opened(one: str, sealed: bytes) -> bytes:
        return open_seed(house.vault, tenant_id=grant.tenant_id, campaign=one, sealed=sealed)

    found = await queries.explained(
        database=house.database,
        tenant_id=grant.tenant_id,
        campaign=campaign,
        fact=fact,
        opened=opened,
    )
    language = language_of(lang)
    return ExplainView(
        campaign=campaign,
        fact=fact,
        kind=found.kind,
        viewer=found.happening.viewer,
        at=format_time(found.happening.at),
        verdict=found.verdict,
        absence=found.absence,
        revision=found.revision or None,
        tree=msgspec.to_builtins(found.tree),
        resolution=[
            RulingView(
                campaign=one.match.campaign,
                revision=one.match.revision,
                priority=one.match.terms.priority,
                group=one.match.terms.group,
                reason=one.reason,
                by=one.by,
                sentence=ruled_text(one, language),
            )
            for one in found.rulings
        ],
        decisions=[grant_view(one) for one in found.decided],
        sentences=_sentences(found, language),
    )


@get(
    "/v1/campaigns/{campaign:str}/progress",
    opt={"permission": "reward.read"},
    summary="How far a viewer has come",
    tags=TAGS,
)
async def show_progress(
    *,
    campaign: str,
    grant: Grant,
    house: Means,
    viewer: Viewer = None,
    creator: Which = None,
    room: Which = None,
    show: Which = None,
    lang: Lang = "zh",
) -> ProgressView:
    """Return the state of the present window, and a plain sentence; a viewer's token asks for its own."""
    person = check_person(actor=grant.actor, viewer=viewer)
    now = house.clock.now()
    found = await queries.progress(
        database=house.database,
        tenant_id=grant.tenant_id,
        campaign=campaign,
        viewer=person,
        values=check_dimensions({"creator": creator, "room": room, "show": show}),
        now=now,
    )
    terms, standing, language = found.terms, found.standing, language_of(lang)
    state: State = found.campaign.stage(now)
    tally = standing.tally
    return ProgressView(
        campaign=campaign,
        viewer=person,
        state=state,
        window=found.window,
        base_asset=terms.base.asset,
        counted_minor=0 if tally is None else sum(tally.totals.values()),
        asset=terms.reward.asset,
        entitled_minor=standing.entitled_minor,
        granted_minor=standing.granted_minor,
        sentence=progress_of(
            terms,
            tally,
            entitled_minor=standing.entitled_minor,
            left_minor=found.left_minor,
            today=clock_of(terms.zone).day(now),
            state=state,
            language=language,
        ),
        offer=offer_of(terms, language),
    )


ROUTES: Final[tuple[Any, ...]] = (explain_fact, show_progress)


def _sentences(found: Explained, language: Language) -> list[str]:
    """Return why, in plain words: what kept the campaign from counting the fact, or what came of it."""
    if found.verdict in {"trigger", "base"}:
        return [beside_text(found.verdict, language=language)]
    if found.absence is not None:
        return [absent_text(found.absence, language)]
    if found.ruling is None:
        return unmet_of(found.tree, found.terms, language=language)
    withheld = [one.decision.data for one in found.decided if isinstance(one.decision.data, CampaignWithheld)]
    return [ruled_text(found.ruling, language), *(withheld_text(one.code, language) for one in withheld)]
