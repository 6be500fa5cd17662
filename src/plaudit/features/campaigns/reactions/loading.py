"""What a batch needs, read in a few statements, and what it leaves behind, written in a few."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from plaudit.core.commands.command import Outcome
from plaudit.core.commands.corridor import Corridor
from plaudit.core.handles import Connection
from plaudit.core.journal.subscriptions import Span
from plaudit.core.ledger import balances, counters
from plaudit.features.campaigns.actions import rewards
from plaudit.features.campaigns.actions.base import open_seed
from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.engine.batch import Batch
from plaudit.features.campaigns.model.engine.foreseeing import Item, Step, StepData, reaches, wants
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.purse import Purse, places_of
from plaudit.features.campaigns.model.engine.state import State
from plaudit.features.campaigns.model.engine.verdicts import Grant, Pause, Verdict
from plaudit.features.campaigns.model.happenings import Happening, Reversal
from plaudit.features.campaigns.reactions.memory import Memory
from plaudit.features.campaigns.store import courses, facts, standings, viewers
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

STEPS: Final[dict[str, type[StepData]]] = {
    one.KIND: one for one in (CampaignApproved, CampaignPaused, CampaignResumed, CampaignEnded, BudgetApproved)
}
"""The kinds of facts about the life of campaigns."""

_FIRSTS: Final = {triggers.TRIGGERS[name].kind: name for name in sorted(triggers.FIRSTS)}
_UNDOING: Final = frozenset(kind for one in triggers.TRIGGERS.values() for kind in one.undone_by)
_ALWAYS: Final = frozenset({*STEPS, triggers.DESCRIBED, *_UNDOING})


class Loading:
    """One attempt at a batch: where it is read and written, and what is known of it beforehand."""

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
        self._memory = memory
        self._frozen = frozen
        self._careful = careful
        self._watch = Watch(0, 0)
        self._steps: list[Said] = []

    async def load(self) -> Batch | None:
        """Return what a span brings with all that is needed to judge it, None where there is nothing."""
        conn, tenant_id = self.conn, self.span.tenant_id
        await facts.plan_by_index(conn)
        self._watch = await courses.select_watch(conn, tenant_id=tenant_id)
        always = await self._read(_ALWAYS)
        self._steps = [one for one in always if one.kind in STEPS]
        approvals = [one for one in self._steps if one.kind == CampaignApproved.KIND]
        if not self._watch.running and not approvals:
            await viewers.note_firsts(
                conn, tenant_id=tenant_id, after=self.span.after, upto=self.span.upto, triggers=_FIRSTS
            )
            if not always:
                return None
            items = _items(always)
            life = await self._life(items)
        else:
            life = await self._life(_items(always))
            names = life.triggers | {one.data["terms"]["trigger"] for one in approvals}
            kinds = {triggers.TRIGGERS[name].kind for name in names} | _FIRSTS.keys()
            items = _items(sorted([*always, *await self._read(kinds - _ALWAYS)]))
        state = await self._state(life, items)
        foreseen = Foresight(life, state).foresee(items)
        return await self._filled(Batch(life, state, Purse(), foreseen))

    async def _read(self, kinds: Collection[str]) -> list[Said]:
        span = self.span
        return await facts.select_span(
            self.conn, tenant_id=span.tenant_id, after=span.after, upto=span.upto, kinds=kinds
        )
