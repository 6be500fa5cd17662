"""What a batch needs, read in a few statements, and what it leaves behind, written in a few."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span
from plaudit.core.ledger import balances
from plaudit.features.campaigns.actions import rewards
from plaudit.features.campaigns.actions.base import open_seed
from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.catalogue import Life as LifeData
from plaudit.features.campaigns.model.engine.batch import Batch
from plaudit.features.campaigns.model.engine.foreseeing import (
    Foresight,
    Item,
    Step,
    StepData,
    Wants,
    reaches,
    wants,
)
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.needs import Needs
from plaudit.features.campaigns.model.engine.purse import OWING, Purse
from plaudit.features.campaigns.model.engine.state import State
from plaudit.features.campaigns.model.engine.verdicts import Grant, Verdict
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.reactions.memory import Memory
from plaudit.features.campaigns.store import caps, courses, facts, standings, viewers
from plaudit.features.campaigns.store import life as operators
from plaudit.features.campaigns.store.courses import Watch
from plaudit.features.campaigns.store.facts import Said
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import (
    BudgetApproved,
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)

_LIFE: Final[dict[str, type[LifeData]]] = {
    one.KIND: one for one in (CampaignApproved, CampaignPaused, CampaignResumed, CampaignEnded)
}
STEPS: Final[dict[str, type[StepData]]] = {**_LIFE, BudgetApproved.KIND: BudgetApproved}
"""The kinds of facts about the life of campaigns."""

_FIRSTS: Final = {triggers.TRIGGERS[name].kind: name for name in sorted(triggers.FIRSTS)}
_UNDOING: Final = frozenset(kind for one in triggers.TRIGGERS.values() for kind in one.undone_by)
_ALWAYS: Final = frozenset({*STEPS, triggers.DESCRIBED, *_UNDOING})


class Loading:
    """One attempt at a batch: where it is read and written, and what is known of it beforehand.

    With `careful` the wallets of everybody that the batch is about are locked and looked at; accounts that
    are `frozen` give and take nothing.
    """

    def __init__(
        self,
        corridor: Corridor,
        conn: Connection,
        span: Span,
        *,
        memory: Memory,
        frozen: Collection[str],
        careful: bool,
    ) -> None:
        self.corridor = corridor
        self.conn = conn
        self.span = span
        self._tenant_id = span.tenant_id
        self._memory = memory
        self._frozen = frozen
        self._careful = careful
        self._watch = Watch()
        self.steps: list[Said] = []

    async def load(self) -> Batch | None:
        """Return what a span brings with all that is needed to judge it, None where there is nothing."""
        conn, span = self.conn, self.span
        self._watch = await courses.select_watch(conn, tenant_id=self._tenant_id)
        said = await self._read(_ALWAYS)
        self.steps = [one for one in said if one.kind in STEPS]
        approved = {one.data["terms"]["trigger"] for one in said if one.kind == CampaignApproved.KIND}
        if not self._watch.awake and not approved and not await self._reopens():
            await viewers.note_firsts(
                conn, tenant_id=self._tenant_id, after=span.after, upto=span.upto, triggers=_FIRSTS
            )
            if not said:
                return None
            life = await self._life()
        else:
            life = await self._life()
            kinds = {triggers.TRIGGERS[name].kind for name in life.triggers | approved}
            said += await self._read((kinds | _FIRSTS.keys()) - _ALWAYS)
            said.sort(key=lambda one: one.position)
        return await self._batch(life, [_item(one) for one in said])

    async def _reopens(self) -> bool:
        """Tell whether something makes a fact be judged again by campaigns that have all ended."""
        since, span = self._watch.since, self.span
        return bool(since) and await viewers.displaces(
            self.conn,
            tenant_id=self._tenant_id,
            after=span.after,
            upto=span.upto,
            since=since,
            triggers=_FIRSTS,
        )

    async def _batch(self, life: Life, items: Sequence[Item]) -> Batch:
        """Return items with what is known of their viewers, and of what they reach back to."""
        if self.steps:
            # What this batch makes of them must not be found by others before it is committed.
            self._memory.forget(self._tenant_id)
        wanted = wants(items)
        state = State()
        await self._look_up(life, state, wanted)
        reached = reaches(items, state=state)
        back = [position for position in reached if position > self._watch.since]
        if back:
            if min(back) < self._watch.ended:
                life = await self._life(ended_after=min(back))
            await self._look_back(life, state, back, wanted)
        if self.steps:
            # Only now is it known which life they become part of.
            await self._seed(life, {str(one.data["campaign"]) for one in self.steps})
        foreseen = Foresight(life, state).foresee(items)
        return await self._filled(Batch(life, state, Purse(), foreseen))

    async def _life(self, *, ended_after: int | None = None) -> Life:
        """Return the campaigns that have not ended; with a position, also those that ended after it."""
        kept = self._memory.life(self._tenant_id, version=self._watch.version)
        if kept is not None and ended_after is None:
            return kept
        life = Life()
        if self._watch.version:
            await self._fold(life, ended_after)
        if ended_after is None:
            self._memory.keep(self._tenant_id, version=self._watch.version, life=life)
        return life

    async def _fold(self, life: Life, ended_after: int | None) -> None:
        conn, tenant_id = self.conn, self._tenant_id
        positions = await courses.select_steps(conn, tenant_id=tenant_id, ended_after=ended_after)
        steps = await facts.select_at(conn, tenant_id=tenant_id, positions=positions, kinds=_LIFE)
        for one in steps:
            life.hear(msgspec.convert(one.data, _LIFE[one.kind]), position=one.position, at=one.recorded_at)
        await self._seed(life, life.assets)

    async def _seed(self, life: Life, campaigns: Collection[str]) -> None:
        """Hand out the secrets of random rewards. They are written in the transaction of the approval."""
        sealed = await operators.select_seeds(self.conn, tenant_id=self._tenant_id, campaigns=list(campaigns))
        for campaign, seed in sealed.items():
            opened = open_seed(self._memory.vault, tenant_id=self._tenant_id, campaign=campaign, sealed=seed)
            life.keep_seed(campaign, opened)

    async def _read(self, kinds: Collection[str]) -> list[Said]:
        span = self.span
        return await facts.select_span(
            self.conn, tenant_id=self._tenant_id, after=span.after, upto=span.upto, kinds=kinds
        )

    async def _look_up(self, life: Life, state: State, wanted: Wants) -> None:
        """Read what is known of viewers and references. One round trip."""
        conn, tenant_id = self.conn, self._tenant_id
        # One that is approved in this very batch may be the first to ask.
        asked = (life.asks_viewers or self.steps) and wanted.viewers
        async with conn.pipeline():
            firsts = (
                await viewers.ask_firsts(conn, tenant_id=tenant_id, wanted=wanted.firsts)
                if wanted.firsts
                else None
            )
            origins = (
                await viewers.ask_origins(conn, tenant_id=tenant_id, references=wanted.references)
                if wanted.references
                else None
            )
            described = (
                await viewers.ask_described_since(
                    conn, tenant_id=tenant_id, since=wanted.viewers, upto=self.span.after
                )
                if asked
                else None
            )
        if firsts is not None:
            state.firsts |= await viewers.firsts_in(firsts)
        if origins is not None:
            state.origins |= await viewers.origins_in(origins)
        if described is not None:
            state.described |= await viewers.described_in(described)

    async def _look_back(self, life: Life, state: State, back: Collection[int], known: Wants) -> None:
        """Read the earlier facts that a batch reaches back to, and what is known of their viewers."""
        conn, tenant_id = self.conn, self._tenant_id
        kinds = [one.kind for one in triggers.TRIGGERS.values()]
        found = await facts.select_at(conn, tenant_id=tenant_id, positions=back, kinds=kinds)
        originals = [one for one in map(_item, found) if isinstance(one, Happening)]
        state.originals = {one.position: one for one in originals}
        state.undone |= await viewers.select_undone(conn, tenant_id=tenant_id, positions=back)
        more = wants(originals)
        await self._look_up(life, state, Wants({}, more.firsts - known.firsts, set()))
        if more.viewers and (life.asks_viewers or self.steps):
            # What was recorded after an original was not known then, however early it happened.
            asked = await viewers.ask_described(conn, tenant_id=tenant_id, viewers=more.viewers)
            state.described |= await viewers.described_in(asked)

    async def _filled(self, batch: Batch) -> Batch:
        """Return a batch with its windows, budgets and caps, and where it must be careful with wallets."""
        conn, tenant_id = self.conn, self._tenant_id
        needs = batch.needs()
        if not needs.campaigns:
            return batch
        careful = self._careful or needs.reaches_back
        state, purse = batch.state, batch.purse
        if careful:
            state.lots = await standings.lock_lots(conn, tenant_id=tenant_id, wanted=needs.keys)
        if needs.windows:
            state.standings = await standings.select_standings(
                conn, tenant_id=tenant_id, wanted=needs.windows
            )
        batch.budgets = await courses.select_budgets(conn, tenant_id=tenant_id, campaigns=needs.campaigns)
        purse.budgets = dict(batch.budgets)
        if needs.counters:
            purse.counters = await caps.select_used(conn, tenant_id=tenant_id, counters=needs.counters)
        purse.frozen, purse.looked, purse.balances = self._frozen, careful, {}
        if careful:
            purse.balances = await self._wallets(needs)
        return batch

    async def _wallets(self, needs: Needs) -> dict[str, int]:
        """Lock everything that a batch may move, in the order of all, and return what is there."""
        conn, tenant_id = self.conn, self._tenant_id
        debts = await balances.balances(conn, tenant_id=tenant_id, addresses=sorted(needs.debts))
        addresses = tuple(sorted(needs.accounts | debts.keys() | needs.owing))
        await self.corridor.lock(conn, [rewards.hold_still(tenant_id=tenant_id, accounts=addresses)])
        return await balances.balances(conn, tenant_id=tenant_id, addresses=addresses)

    async def debts(self, batch: Batch, verdicts: Sequence[Verdict]) -> Collection[str]:
        """Return the debt accounts that are open of those who are granted something. One query, or none."""
        if batch.purse.looked and batch.purse.balances is not None:
            return batch.purse.balances.keys()
        credited = {
            (one.viewer, one.reward.asset)
            for one in verdicts
            if isinstance(one, Grant) and one.matures_at is None and one.reward.kind in OWING
        }
        owing = [chart.viewer_debt(viewer=viewer, asset=asset) for viewer, asset in sorted(credited)]
        if not owing:
            return ()
        return await balances.balances(self.conn, tenant_id=self._tenant_id, addresses=owing)

    def forget(self) -> None:
        """Forget what this process keeps of the campaigns, which a batch has changed or failed to."""
        self._memory.forget(self._tenant_id)


def _item(said: Said) -> Item:
    """Return what a fact is to campaigns."""
    kind = STEPS.get(said.kind)
    if kind is not None:
        return Step(said.position, said.recorded_at, msgspec.convert(said.data, kind))
    if said.kind == triggers.DESCRIBED:
        return triggers.described(position=said.position, at=said.at, data=said.data)
    item = triggers.read(said.kind, said.position, at=said.at, data=said.data)
    assert item is not None, said.kind
    return item
