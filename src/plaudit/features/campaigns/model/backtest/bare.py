"""The engine by itself: campaigns that run and never run dry, facts judged in memory, nothing else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.backtest.trial import AMPLE_MINOR
from plaudit.features.campaigns.model.checking import terms_of
from plaudit.features.campaigns.model.engine.batch import Batch
from plaudit.features.campaigns.model.engine.foreseeing import Foreseen, Foresight, Item
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.purse import Purse
from plaudit.features.campaigns.model.engine.state import State
from plaudit.vocabulary.facts.campaigns import CampaignApproved

_ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


class Bare:
    """Campaigns by id, given as terms are sent, and what they have judged so far. For measuring."""

    def __init__(self, campaigns: Mapping[str, Any]) -> None:
        """Let all of them run. Raises Refusal for terms that are wrong."""
        self._life = Life()
        for campaign, sent in campaigns.items():
            terms = terms_of(sent, zone="UTC", calendars={})
            approved = CampaignApproved(
                campaign=campaign,
                revision=1,
                maker="",
                checker="",
                effective_from=_ALWAYS,
                terms=msgspec.to_builtins(terms),
                terms_hash="",
            )
            self._life.hear(approved, position=0, at=_ALWAYS)
        self._state = State(kept=set(), awaited=frozenset())
        self._purse = Purse(budgets=dict.fromkeys(campaigns, AMPLE_MINOR))

    @property
    def evaluated(self) -> int:
        """How many trees of conditions were evaluated so far."""
        return self._life.evaluated

    def evaluate(self, items: Sequence[Item]) -> Sequence[Foreseen]:
        """Find who matches facts."""
        return Foresight(self._life, self._state).foresee(items)

    def judge(self, items: Sequence[Item]) -> int:
        """Judge facts, and return how many verdicts that made."""
        foreseen = self.evaluate(items)
        return len(Batch(self._life, self._state, self._purse, foreseen).judge())


def items_of(facts: Sequence[tuple[str, datetime, Mapping[str, Any]]]) -> list[Item]:
    """Return facts (kind, when it happened, data as JSON) as campaigns hear them, from position 1 on."""
    found: list[Item] = []
    for position, (kind, at, data) in enumerate(facts, 1):
        item = triggers.read(kind, position, at=at, data=data)
        if item is not None:
            found.append(item)
    return found
