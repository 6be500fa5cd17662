"""What must be known of windows, caps and accounts to judge what was foreseen."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.features.campaigns.model.engine.foreseeing import Foreseen, Step
from plaudit.features.campaigns.model.engine.purse import caps_of, places_of
from plaudit.features.campaigns.model.engine.settling import key_of
from plaudit.features.campaigns.model.engine.state import Key
from plaudit.features.campaigns.model.engine.verdicts import Counter
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.strategies import PER_FACT
from plaudit.features.campaigns.model.terms import Caps
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.campaigns import BudgetApproved

_NO_CAPS: Final = Caps()


class Needs(Struct):
    """By whom a batch is matched, and so what it is about.

    `windows` are those that may have counted something before, `keys` all of them. `accounts` are what may
    move, `debts` those accounts of debts that move if they are open, and `owing` those that a taking back may
    open. With `reaches_back` something earlier is judged again.
    """

    campaigns: set[str] = field(default_factory=set)
    windows: set[Key] = field(default_factory=set)
    counters: set[Counter] = field(default_factory=set)
    reaches_back: bool = False
    matched: list[tuple[Match, Happening]] = field(default_factory=list)

    @property
    def keys(self) -> set[Key]:
        """All windows."""
        return {key_of(match, happening) for match, happening in self.matched}

    @property
    def accounts(self) -> set[str]:
        """All accounts but those of debts."""
        found: set[str] = set()
        for match, happening in self.matched:
            reward = match.terms.reward
            places = places_of(reward, campaign=match.campaign, viewer=happening.viewer)
            found |= {chart.campaign_budget(campaign=match.campaign, asset=reward.asset), places.wallet}
            if places.pending is not None and reward.matures_s:
                found.add(places.pending)
        return found

    @property
    def debts(self) -> set[str]:
        """The accounts of debts, open or not."""
        return {debt for match, happening in self.matched if (debt := _debt(match, happening)) is not None}

    @property
    def owing(self) -> set[str]:
        """The accounts of debts of those whose terms let them owe something."""
        return {
            debt
            for match, happening in self.matched
            if match.terms.clawback.debt_limit_minor and (debt := _debt(match, happening)) is not None
        }


def _debt(match: Match, happening: Happening) -> str | None:
    return places_of(match.terms.reward, campaign=match.campaign, viewer=happening.viewer).debt


def needs_of(foreseen: Iterable[Foreseen]) -> Needs:
    """Return what foreseen facts need."""
    needs = Needs()
    for one in foreseen:
        item = one.item
        for again in one.again:
            needs.reaches_back = True
            for match in (*again.before, *again.after):
                _add(needs, match, again.happening, fresh=False)
        if one.matches:
            assert isinstance(item, Happening), item
            for match in one.matches:
                _add(needs, match, item, fresh=True)
        elif isinstance(item, Step) and isinstance(item.data, BudgetApproved):
            needs.campaigns.add(item.data.campaign)
    return needs


def _add(needs: Needs, match: Match, happening: Happening, *, fresh: bool) -> None:
    terms = match.terms
    needs.campaigns.add(match.campaign)
    needs.matched.append((match, happening))
    # The window of one fact has counted nothing before that fact.
    if not fresh or type(terms.strategy) not in PER_FACT:
        needs.windows.add(key_of(match, happening))
    if terms.caps != _NO_CAPS:
        day = clock_of(terms.zone).day(happening.at)
        for counter, _, _ in caps_of(terms, campaign=match.campaign, viewer=happening.viewer, day=day):
            needs.counters.add(counter)
