"""The second pass: what facts are worth, in the order of the journal, and what is given or taken for it.

Every fact, earlier or later, counted or undone, is the same to it: a portion of a window is counted anew, and
what the window is worth then, against what it was worth and was given before, is the reward or what comes
back.
"""

from collections.abc import Iterable, Sequence

from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.engine.foreseeing import Again, Foreseen, Step
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.purse import Purse
from plaudit.features.campaigns.model.engine.settling import Obstacles, Settling
from plaudit.features.campaigns.model.engine.state import State
from plaudit.features.campaigns.model.engine.verdicts import Verdict
from plaudit.features.campaigns.model.happenings import Happening, left_of
from plaudit.features.campaigns.model.resolution import counting
from plaudit.vocabulary.facts.campaigns import BudgetApproved, CampaignResumed


class Judging:
    """The second pass over the items of a batch. `verdicts` fills in order."""

    def __init__(self, life: Life, state: State, purse: Purse, *, obstacles: Obstacles) -> None:
        self._dry = life.dry
        self._purse = purse
        self._settling = Settling(state, purse, dry=life.dry, obstacles=obstacles)
        self.verdicts: list[Verdict] = self._settling.verdicts

    def judge(self, foreseen: Iterable[Foreseen]) -> None:
        """Judge items in order. Raises NotLoaded when a viewer's accounts must be known and are not."""
        for one in foreseen:
            item = one.item
            for again in one.again:
                self._judge_again(again, cause=item.position)
            if one.matches:
                assert isinstance(item, Happening), item
                self._judge(item, one.matches)
            elif isinstance(item, Step):
                self._step(item)

    def _step(self, step: Step) -> None:
        said = step.data
        if isinstance(said, BudgetApproved):
            budgets = self._purse.budgets
            budgets[said.campaign] = budgets.get(said.campaign, 0) + said.amount_minor
        elif isinstance(said, CampaignResumed):
            # The first pass did so for what had run dry before this batch.
            for dry in self._dry.get(said.campaign, ()):
                if dry.resumed is None and dry.fact < step.position:
                    dry.resumed = step.position

    def _judge(self, happening: Happening, matches: Sequence[Match]) -> None:
        awake = self._awake(matches, happening)
        for match in counting(awake, happening):
            self._settling.settle(
                match, happening, cause=happening.position, before=0, after=match.base_minor
            )
        if len(awake) < len(matches):
            self._tell_dry(happening, matches)

    def _judge_again(self, again: Again, *, cause: int) -> None:
        happening = again.happening
        before = {one.campaign: one for one in counting(self._awake(again.before, happening), happening)}
        after = {one.campaign: one for one in counting(self._awake(again.after, happening), happening)}
        for campaign, match in (before | after).items():
            amount = match.terms.base.amount
            before_minor = after_minor = 0
            if campaign in before:
                before_minor = left_of(happening, again.undone_before, amount=amount)
            if campaign in after:
                after_minor = left_of(happening, again.undone_after, amount=amount)
            if before_minor != after_minor:
                self._settling.settle(match, happening, cause=cause, before=before_minor, after=after_minor)

    def _awake(self, matches: Sequence[Match], happening: Happening) -> Sequence[Match]:
        if self._dry.keys().isdisjoint([match.campaign for match in matches]):
            return matches
        return [match for match in matches if not self._is_dry(match.campaign, happening.position)]

    def _is_dry(self, campaign: str, position: int) -> bool:
        return any(dry.holds(position) for dry in self._dry.get(campaign, ()))

    def _tell_dry(self, happening: Happening, matches: Sequence[Match]) -> None:
        """Tell of those that ran dry before this fact, were that not known yet, and would have counted it."""
        for match in counting(matches, happening):
            if self._is_untold(match.campaign, happening.position):
                self._settling.tell_paused(match, happening, after=match.base_minor)

    def _is_untold(self, campaign: str, position: int) -> bool:
        return any(
            dry.holds(position) and (dry.told is None or position < dry.told)
            for dry in self._dry.get(campaign, ())
        )
