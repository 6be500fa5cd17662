"""The campaigns' life as far as it was read: which run, what they ask for, and which budgets ran dry.

It is a fold over the facts of that life and nothing else, so that it is the same wherever it begins.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from plaudit.features.campaigns.model.attributes import FIRST_EVER, VIEWERS
from plaudit.features.campaigns.model.catalogue import Catalogue, Match
from plaudit.features.campaigns.model.conditions import Known, leaves
from plaudit.features.campaigns.model.engine.state import Dry
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.terms import Terms
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)

LifeData: TypeAlias = CampaignApproved | CampaignPaused | CampaignResumed | CampaignEnded
Seeds: TypeAlias = Callable[[str], bytes | None]
"""Returns the secret that a campaign's random rewards are drawn by, None where it has none."""


class Life:
    """What campaigns are, fact by fact. `running` have not ended; `dry` by campaign in order."""

    def __init__(self, *, seeds: Seeds) -> None:
        self.running: set[str] = set()
        self.assets: dict[str, str] = {}
        self.dry: dict[str, list[Dry]] = {}
        self._seeds = seeds
        self._catalogue = Catalogue()
        self._resumed: dict[str, list[int]] = {}
        self._triggers: set[str] = set()
        self._asking_first: set[str] = set()
        self.asks_viewers = False

    @property
    def triggers(self) -> frozenset[str]:
        """The triggers that campaigns go by, ended ones included."""
        return frozenset(self._triggers)

    def hear(self, position: int, at: datetime, *, said: LifeData) -> None:
        """Let a fact have its effect: where it stands, and when it was recorded."""
        match said:
            case CampaignApproved():
                self._approve(position, said)
            case CampaignPaused(cause="budget"):
                self._run_dry(position, said)
            case CampaignPaused():
                self._catalogue.pause(said.campaign, position, at)
            case CampaignResumed():
                self._resume(position, at, said.campaign)
            case CampaignEnded():
                self.running.discard(said.campaign)
                self._catalogue.end(said.campaign, position, at)

    def listens(self, trigger: str) -> bool:
        """Tell whether a campaign, running or not, goes by a trigger."""
        return trigger in self._triggers

    def asks_first(self, trigger: str) -> bool:
        """Tell whether a campaign asks of this trigger's facts whether they are the first."""
        return trigger in self._asking_first

    def matches(self, happening: Happening, known: Known) -> Sequence[Match]:
        """Return who matches a happening."""
        return self._catalogue.matches(happening, known)

    def _approve(self, position: int, said: CampaignApproved) -> None:
        terms = msgspec.convert(said.terms, Terms)
        self._catalogue.approve(
            campaign=said.campaign,
            revision=said.revision,
            position=position,
            effective_from=said.effective_from,
            terms=terms,
            seed=self._seeds(said.campaign),
        )
        self.running.add(said.campaign)
        self.assets[said.campaign] = terms.reward.asset
        self._triggers.add(terms.trigger)
        asked = {leaf.attribute for _, leaf in leaves(terms.conditions)}
        if FIRST_EVER.name in asked:
            self._asking_first.add(terms.trigger)
        self.asks_viewers = self.asks_viewers or not VIEWERS.isdisjoint(asked)

    def _run_dry(self, position: int, said: CampaignPaused) -> None:
        assert said.fact is not None, said
        spells = self.dry.setdefault(said.campaign, [])
        for spell in spells:
            if spell.fact == said.fact:
                spell.told = position
                return
        later = (resumed for resumed in self._resumed.get(said.campaign, ()) if resumed > (said.fact or 0))
        spells.append(Dry(said.fact, position, next(later, None)))

    def _resume(self, position: int, at: datetime, campaign: str) -> None:
        self._resumed.setdefault(campaign, []).append(position)
        self._catalogue.resume(campaign, position, at)
