"""The campaigns' life as far as it was read: which run, what they match, and which budgets ran dry.

It is a fold over the facts of that life and nothing else, so that it is the same wherever it begins. What ran
dry is kept here and not in the catalogue: what comes between the fact that a budget did not reach for and the
fact that says so is matched, and told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from plaudit.features.campaigns.model.attributes import VIEWERS
from plaudit.features.campaigns.model.catalogue import Catalogue, Match
from plaudit.features.campaigns.model.catalogue import Life as LifeData
from plaudit.features.campaigns.model.conditions import Known
from plaudit.features.campaigns.model.engine.state import Dry
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)


class Life:
    """What campaigns are, fact by fact. `awake` have not ended; `dry` is by campaign, in order.

    `triggers` are what any of them goes by, `asks_viewers` tells whether one asks what viewers are, and
    `assets` are their rewards'.
    """

    def __init__(self, *, seeds: Mapping[str, bytes] | None = None) -> None:
        self.awake: set[str] = set()
        self.dry: dict[str, list[Dry]] = {}
        self.triggers: set[str] = set()
        self.asks_viewers = False
        self.assets: dict[str, str] = {}
        self._resumed: dict[str, list[int]] = {}
        self._catalogue = Catalogue(seeds=seeds)

    @property
    def evaluated(self) -> int:
        """How many trees of conditions were evaluated so far."""
        return self._catalogue.evaluated

    def hear(self, said: LifeData, *, position: int, at: datetime) -> None:
        """Let a fact have its effect: where it stands, and when it was recorded."""
        if isinstance(said, CampaignPaused) and said.cause == "budget":
            self._run_dry(said, position)
            return
        self._catalogue.hear(said, position=position, at=at)
        if isinstance(said, CampaignApproved):
            self._approve(said)
        elif isinstance(said, CampaignResumed):
            self._resume(said.campaign, position)
        elif isinstance(said, CampaignEnded):
            self.awake.discard(said.campaign)

    def keep_seed(self, campaign: str, seed: bytes) -> None:
        """Let the random rewards of a campaign be drawn by a secret."""
        self._catalogue.seeds[campaign] = seed

    def listens(self, trigger: str) -> bool:
        """Tell whether a campaign, ended or not, goes by a trigger."""
        return trigger in self.triggers

    def asks_first(self, trigger: str) -> bool:
        """Tell whether a campaign asks of this trigger's facts whether they are the first."""
        return self._catalogue.asks_first(trigger)

    def matches(self, happening: Happening, known: Known) -> Sequence[Match]:
        """Return who matches a happening, whether or not the budget reaches."""
        return self._catalogue.matches(happening, known)

    def _approve(self, said: CampaignApproved) -> None:
        running = self._catalogue.running[said.campaign]
        terms = running.row.revisions[-1].terms
        if running.row.ended is None:
            self.awake.add(said.campaign)
        self.triggers.add(terms.trigger)
        self.assets[said.campaign] = terms.reward.asset
        self.asks_viewers = self.asks_viewers or not VIEWERS.isdisjoint(running.asks)

    def _run_dry(self, said: CampaignPaused, position: int) -> None:
        assert said.fact is not None, said
        spells = self.dry.setdefault(said.campaign, [])
        for spell in spells:
            if spell.fact == said.fact:
                spell.told = position
                return
        later = [resumed for resumed in self._resumed.get(said.campaign, ()) if resumed > said.fact]
        spells.append(Dry(said.fact, position, min(later, default=None)))

    def _resume(self, campaign: str, position: int) -> None:
        self._resumed.setdefault(campaign, []).append(position)
        for spell in self.dry.get(campaign, ()):
            if spell.resumed is None and spell.fact < position:
                spell.resumed = position
