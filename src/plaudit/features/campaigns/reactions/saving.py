"""What a batch leaves behind, written in the transaction of its cursor; nothing if nothing changed."""

from collections.abc import Sequence

from plaudit.core.commands.command import Outcome
from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span
from plaudit.features.campaigns.model.engine.batch import Batch
from plaudit.features.campaigns.model.engine.state import Key, Lot
from plaudit.features.campaigns.model.engine.verdicts import Grant, Pause, Verdict
from plaudit.features.campaigns.store import courses, standings, viewers
from plaudit.features.campaigns.store.facts import Said
from plaudit.vocabulary.facts.campaigns import (
    BudgetApproved,
    CampaignApproved,
    CampaignEnded,
    CampaignGranted,
)


async def save(
    conn: Connection,
    *,
    span: Span,
    batch: Batch,
    steps: Sequence[Said],
    outcomes: Sequence[tuple[Verdict, Outcome]],
) -> None:
    """Write what has changed. `steps` are the facts of campaigns' lives, `outcomes` what was recorded."""
    tenant_id, state = span.tenant_id, batch.state
    touched = state.touched
    if touched.standings:
        rows = [(key, state.standings[key]) for key in sorted(touched.standings)]
        await standings.save_standings(conn, tenant_id=tenant_id, standings=rows)
    if touched.lots:
        lots = _placed({key: state.lots[key] for key in touched.lots}, outcomes)
        await standings.save_lots(conn, tenant_id=tenant_id, lots=lots, assets=batch.life.assets)
    if touched.firsts:
        firsts = {place: state.firsts[place] for place in sorted(touched.firsts)}
        await viewers.save_firsts(conn, tenant_id=tenant_id, firsts=firsts)
    if touched.undone:
        undone = {position: state.undone[position] for position in sorted(touched.undone)}
        await viewers.save_undone(conn, tenant_id=tenant_id, undone=undone)
    if touched.origins:
        await viewers.save_origins(conn, tenant_id=tenant_id, origins=touched.origins)
    if touched.described:
        await viewers.save_described(conn, tenant_id=tenant_id, described=touched.described)
    budgets = {
        campaign: minor
        for campaign, minor in sorted(batch.purse.budgets.items())
        if batch.budgets.get(campaign) != minor
    }
    if budgets:
        await courses.save_budgets(conn, tenant_id=tenant_id, budgets=budgets)
    await _save_steps(conn, tenant_id, steps, outcomes)


async def _save_steps(
    conn: Connection, tenant_id: int, steps: Sequence[Said], outcomes: Sequence[tuple[Verdict, Outcome]]
) -> None:
    """Write what has happened to campaigns: what was told, and what ran dry by this batch."""
    placed = [(str(one.data["campaign"]), one.position) for one in steps if one.kind != BudgetApproved.KIND]
    approved: dict[str, int] = {}
    ended: dict[str, int] = {}
    for one in steps:
        if one.kind == CampaignApproved.KIND:
            approved.setdefault(one.data["campaign"], one.position)
        elif one.kind == CampaignEnded.KIND:
            ended.setdefault(one.data["campaign"], one.position)
    placed += [
        (verdict.campaign, outcome.position) for verdict, outcome in outcomes if isinstance(verdict, Pause)
    ]
    if placed:
        await courses.save_steps(conn, tenant_id=tenant_id, steps=placed, approved=approved, ended=ended)


def _placed(lots: dict[Key, list[Lot]], outcomes: Sequence[tuple[Verdict, Outcome]]) -> dict[Key, list[Lot]]:
    """Return lots with the positions of the grants of this batch."""
    positions = {
        (verdict.campaign, verdict.fact, verdict.cause): outcome.position
        for verdict, outcome in outcomes
        if isinstance(verdict, Grant) and isinstance(outcome.data, CampaignGranted)
    }
    for key, some in lots.items():
        for lot in some:
            if not lot.position:
                lot.position = positions[key.campaign, lot.fact, lot.cause]
    return lots
