"""Why a campaign did or did not reward a fact, worked out by what judges facts; how far one has come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

import msgspec

from plaudit.core.handles import Connection, Database
from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.catalogue import Catalogue, Life
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.features.campaigns.model.conditions import Known, Traced, traced
from plaudit.features.campaigns.model.engine.purse import Purse, caps_of
from plaudit.features.campaigns.model.engine.state import Key, Standing
from plaudit.features.campaigns.model.happenings import Happening, Value
from plaudit.features.campaigns.model.life import Campaign, in_force, terms_in, unknown_campaign
from plaudit.features.campaigns.model.resolution import Ruling, resolved
from plaudit.features.campaigns.model.running import Absence, Revision
from plaudit.features.campaigns.model.strategies import worker_of
from plaudit.features.campaigns.model.terms import Cumulative, Terms
from plaudit.features.campaigns.queries.life import known, revision_in
from plaudit.features.campaigns.queries.rewards import Told, decisions
from plaudit.features.campaigns.store import caps, courses, facts, figures, standings, viewers
from plaudit.features.campaigns.store import life as store
from plaudit.features.campaigns.store.facts import Said
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import invalid, not_found
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)

Opener: TypeAlias = Callable[[str, bytes], bytes]
"""Opens the sealed seed of a campaign."""
Verdict: TypeAlias = Literal["absent", "trigger", "base", "unmet", "counts", "outranked", "less", "excluded"]
"""What became of a fact before a campaign.

It was not in force; it goes by other facts; the fact has nothing of what it counts; a condition is not met;
or what came of it beside others.
"""

_DECISIONS_MAX: Final = 100
_REVISIONS_MAX: Final = 200
_NEWEST: Final = 2**31 - 1
_LARGEST: Final = 2**63 - 1
_STEPS: Final[Mapping[str, type[Life]]] = {
    one.KIND: one for one in (CampaignApproved, CampaignPaused, CampaignResumed, CampaignEnded)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A fact before a campaign.

    `revision` is the one that judges it, with `absence` the newest, 0 for a draft. `rulings` are of all
    campaigns that match it, by priority; `decided` is what was granted, withheld and taken back for it.
    """

    happening: Happening
    kind: str
    terms: Terms
    revision: int
    absence: Absence | None
    verdict: Verdict
    tree: Traced
    rulings: Sequence[Ruling]
    ruling: Ruling | None
    decided: Sequence[Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a viewer has come in the present window of a campaign, by the revision that holds now.

    `left_minor` is what its caps leave to give the viewer today, None where there are none.
    """

    campaign: Campaign
    terms: Terms
    window: str
    standing: Standing
    left_minor: int | None


async def explained(
    *, database: Database, tenant_id: int, campaign: str, fact: int, opened: Opener
) -> Explained:
    """Return why a campaign rewarded a fact, or why not.

    Raises Refusal `campaign.unknown`, `explain.fact` (NOT_FOUND) for a position where nothing is that
    campaigns could go by.
    """
    async with database.connection() as conn:
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        said = await _said(conn, tenant_id=tenant_id, fact=fact)
        happening = triggers.read(said.kind, said.position, at=said.at, data=said.data)
        assert isinstance(happening, Happening), said
        catalogue = await _catalogue(conn, tenant_id=tenant_id, opened=opened)
        beside = await _known(conn, tenant_id=tenant_id, happening=happening)
        draft = await revision_in(conn, tenant_id=tenant_id, campaign=campaign, number=found.newest)
        told = await figures.select_told_of(
            conn, tenant_id=tenant_id, campaign=campaign, fact=fact, limit=_DECISIONS_MAX
        )
        found_out = await decisions(conn, tenant_id=tenant_id, positions=[one.position for one in told])
    standing = catalogue.standing(campaign, happening)
    held = standing if isinstance(standing, Revision) else _newest(catalogue, campaign)
    terms = terms_in(draft) if held is None else held.terms
    tree = traced(terms, happening=happening, known=beside)
    rulings = resolved(catalogue.matches(happening, beside), happening)
    ruling = next((one for one in rulings if one.match.campaign == campaign), None)
    absence = None if isinstance(standing, Revision) else standing
    return Explained(
        happening=happening,
        kind=said.kind,
        terms=terms,
        revision=0 if held is None else held.revision,
        absence=absence,
        verdict=_verdict(terms, happening, absence=absence, tree=tree, ruling=ruling),
        tree=tree,
        rulings=rulings,
        ruling=ruling,
        decided=[
            Told(decision=found_out[one.position], matured=one.matured is not None, texts=terms.texts)
            for one in told
        ],
    )


async def progress(
    *,
    database: Database,
    tenant_id: int,
    campaign: str,
    viewer: str,
    values: Mapping[str, Value],
    now: datetime,
) -> Progress:
    """Return how far a viewer has come. `values` are the creator, room and show that are asked about.

    Raises Refusal `campaign.unknown` (NOT_FOUND), also for what is not approved, and `progress.which`
    (INVALID) when the campaign counts by something that is not among the values.
    """
    async with database.connection() as conn:
        found = await known(conn, tenant_id=tenant_id, campaign=campaign)
        rows = await store.select_revisions(
            conn,
            tenant_id=tenant_id,
            campaign=campaign,
            before=_NEWEST,
            limit=_REVISIONS_MAX,
            state="approved",
        )
        if not rows:
            raise unknown_campaign()
        held = in_force(rows, now=now)
        terms = terms_in(held)
        _check_which(terms, values)
        worker = worker_of({held.revision: terms})
        day = clock_of(terms.zone).day(now)
        window = worker.window(at=now, day=day, values=values, position=0)
        key = Key(campaign, viewer, window)
        kept = await standings.select_standings(conn, tenant_id=tenant_id, wanted=[key])
        standing = kept.get(key) or Standing()
        left_minor = await _left(
            conn, tenant_id=tenant_id, terms=terms, campaign=campaign, viewer=viewer, day=day
        )
    return Progress(campaign=found, terms=terms, window=window, standing=standing, left_minor=left_minor)


async def _left(
    conn: Connection, *, tenant_id: int, terms: Terms, campaign: str, viewer: str, day: date
) -> int | None:
    """Return what caps leave to give a viewer on a day, as they are now; None where there are none."""
    counters = [one for one, _, _ in caps_of(terms, campaign=campaign, viewer=viewer, day=day)]
    if not counters:
        return None
    purse = Purse(counters=await caps.select_used(conn, tenant_id=tenant_id, counters=counters))
    room = purse.room(terms=terms, campaign=campaign, viewer=viewer, day=day, amount_minor=MAX_MINOR)
    return room.amount_minor


async def _said(conn: Connection, *, tenant_id: int, fact: int) -> Said:
    kinds = [one.kind for one in triggers.TRIGGERS.values()]
    found = (
        await facts.select_at(conn, tenant_id=tenant_id, positions=[fact], kinds=kinds)
        if 0 < fact <= _LARGEST
        else []
    )
    if not found:
        raise not_found(
            "explain.fact",
            "No campaign could go by what stands there; send the position of a fact of a trigger's kind.",
        )
    return found[0]


async def _catalogue(conn: Connection, *, tenant_id: int, opened: Opener) -> Catalogue:
    """Return all campaigns that were ever approved, as far as the reaction has read."""
    positions = await courses.select_steps(conn, tenant_id=tenant_id, ended_after=0)
    steps = await facts.select_at(conn, tenant_id=tenant_id, positions=positions, kinds=_STEPS)
    names = sorted({str(one.data["campaign"]) for one in steps})
    sealed = await store.select_seeds(conn, tenant_id=tenant_id, campaigns=names)
    catalogue = Catalogue(seeds={campaign: opened(campaign, seed) for campaign, seed in sealed.items()})
    for one in steps:
        said = msgspec.convert(one.data, _STEPS[one.kind])
        catalogue.hear(said, position=one.position, at=one.recorded_at)
    return catalogue


async def _known(conn: Connection, *, tenant_id: int, happening: Happening) -> Known:
    """Return what was known of a happening's viewer when it was recorded, as of when it happened."""
    place = (happening.trigger, happening.viewer)
    asked = await viewers.ask_firsts(conn, tenant_id=tenant_id, wanted=[place])
    first = (await viewers.firsts_in(asked)).get(place)
    is_first = None if first is None else first.position == happening.position
    asked = await viewers.ask_described(conn, tenant_id=tenant_id, viewers=[happening.viewer])
    described = (await viewers.described_in(asked)).get(happening.viewer, [])
    for said in reversed(described):
        if said.at <= happening.at and said.position < happening.position:
            return Known(level=said.level, tags=said.tags, first_ever=is_first)
    return Known(first_ever=is_first)


def _newest(catalogue: Catalogue, campaign: str) -> Revision | None:
    running = catalogue.running.get(campaign)
    return None if running is None else running.row.revisions[-1]


def _verdict(
    terms: Terms, happening: Happening, *, absence: Absence | None, tree: Traced, ruling: Ruling | None
) -> Verdict:
    if terms.trigger != happening.trigger:
        return "trigger"
    if absence is not None:
        return "absent"
    if ruling is not None:
        return ruling.reason
    return "unmet" if not tree.verdict else "base"


def _check_which(terms: Terms, values: Mapping[str, Value]) -> None:
    per = terms.strategy.per if isinstance(terms.strategy, Cumulative) else ()
    for one in per:
        if one not in values:
            raise invalid("progress.which", f"This campaign counts for each {one}; say which.", field=one)
