"""What a trial adds up while it goes: verdicts about the tested campaign, and about those beside it."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from heapq import nsmallest
from typing import Any, Final

from msgspec import Struct

from plaudit.features.campaigns.model.backtest.figures import Backtest, Beside, Day, Dry, Failed, Winner
from plaudit.features.campaigns.model.backtest.spread import spread_of
from plaudit.features.campaigns.model.catalogue import Match
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.features.campaigns.model.conditions import Known, failing, leaves
from plaudit.features.campaigns.model.engine.settling import BUDGET
from plaudit.features.campaigns.model.engine.verdicts import Grant, Pause, TakeBack, Verdict, Withheld
from plaudit.features.campaigns.model.happenings import Happening
from plaudit.features.campaigns.model.resolution import resolved
from plaudit.features.campaigns.model.terms import Cumulative, Terms

WINNERS_MAX: Final = 20
_BASE: Final = "base"
_RECOVERED: Final = ("pending_minor", "taken_minor", "debt_minor")


class _Day(Struct):
    granted_minor: int = 0
    taken_back_minor: int = 0
    rewards: int = 0


class _Other(Struct):
    revision: int = 0
    asset: str = ""
    cost_minor: int = 0
    rewards: int = 0
    really_minor: int = 0
    really_rewards: int = 0


class Collecting:
    """Everything that is told in the end, as it is so far."""

    def __init__(
        self, campaign: str, terms: Terms, *, revision: int | None, since: datetime, budget_minor: int | None
    ) -> None:
        self._campaign = campaign
        self._terms = terms
        self._revision = revision
        self._since = since
        self._budget_minor = budget_minor
        self._clock = clock_of(terms.zone)
        self._failing = failing(terms)
        self._per = terms.strategy.per if isinstance(terms.strategy, Cumulative) else ()
        self._facts = self._heard = self._matched = self._counted = 0
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None
        self._failed: Counter[str] = Counter()
        self._kept_out: Counter[str] = Counter()
        self._withheld: Counter[str] = Counter()
        self._days: defaultdict[date, _Day] = defaultdict(_Day)
        self._amounts = array("q")
        self._viewers: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._waived_minor = 0
        self._dry: tuple[int, datetime] | None = None
        self._others: defaultdict[str, _Other] = defaultdict(_Other)

    def hear(
        self, happening: Happening, *, matches: Sequence[Match], known: Callable[[Happening], Known]
    ) -> None:
        """Note a fact, who matches it, and, if the tested campaign does not, what it fails at."""
        at = happening.at
        if at < self._since:
            return
        self._facts += 1
        self._first_at = at if self._first_at is None else min(at, self._first_at)
        self._last_at = at if self._last_at is None else max(at, self._last_at)
        terms = self._terms
        if happening.trigger != terms.trigger or not terms.starts_at <= at < terms.ends_at:
            return
        self._heard += 1
        if not any(one.campaign == self._campaign for one in matches):
            self._fail(happening, known(happening))
            return
        self._matched += 1
        if len(matches) > 1:
            ruling = next(one for one in resolved(matches, happening) if one.match.campaign == self._campaign)
            if ruling.reason != "counts":
                self._kept_out[ruling.reason] += 1
                return
        self._counted += 1

    def _fail(self, happening: Happening, known: Known) -> None:
        base = self._terms.base
        asset, amount_minor = happening.amounts.get(base.amount, ("", 0))
        if asset != base.asset or amount_minor <= 0 or not all(one in happening.values for one in self._per):
            self._failed[_BASE] += 1
        else:
            self._failed.update(self._failing(happening, known))

    def take(self, verdict: Verdict) -> None:
        """Take in a verdict."""
        if isinstance(verdict, Pause):
            return
        if verdict.campaign != self._campaign:
            self._other(verdict)
        elif isinstance(verdict, Grant):
            day = self._days[self._clock.day(verdict.at)]
            day.granted_minor += verdict.amount_minor
            day.rewards += 1
            self._amounts.append(verdict.amount_minor)
            had = self._viewers[verdict.viewer]
            had[0] += verdict.amount_minor
            had[1] += 1
        elif isinstance(verdict, TakeBack):
            self._days[self._clock.day(verdict.at)].taken_back_minor += verdict.recovered_minor
            self._viewers[verdict.viewer][0] -= verdict.recovered_minor
            self._waived_minor += verdict.forgiven_minor + verdict.lost_minor
        else:
            self._withheld[verdict.code] += 1
            if verdict.code == BUDGET and self._dry is None:
                self._dry = (verdict.fact, verdict.at)

    def _other(self, verdict: Grant | TakeBack | Withheld) -> None:
        """Take in a verdict about a running campaign, if its fact is of the period."""
        if verdict.at < self._since or isinstance(verdict, Withheld):
            return
        other = self._others[verdict.campaign]
        other.revision = max(other.revision, verdict.revision)
        other.asset = verdict.reward.asset
        if isinstance(verdict, Grant):
            other.cost_minor += verdict.amount_minor
            other.rewards += 1
        else:
            other.cost_minor -= verdict.recovered_minor

    def really(self, data: Mapping[str, Any], *, granted: bool) -> None:
        """Take in a reward that a running campaign really gave for a fact of the period, or took back."""
        other = self._others[data["campaign"]]
        other.revision = max(other.revision, data["revision"])
        other.asset = data["asset"]
        if granted:
            other.really_minor += data["amount_minor"]
            other.really_rewards += 1
        else:
            other.really_minor -= sum(data.get(name, 0) for name in _RECOVERED)

    def result(self, *, left_minor: int) -> Backtest:
        """Return all of it. `left_minor` is what is left of the budget."""
        granted = sum(one.granted_minor for one in self._days.values())
        back = sum(one.taken_back_minor for one in self._days.values())
        reached = [(viewer, minor, count) for viewer, (minor, count) in self._viewers.items() if minor > 0]
        return Backtest(
            campaign=self._campaign,
            revision=self._revision,
            asset=self._terms.reward.asset,
            zone=self._terms.zone,
            first_at=self._first_at,
            last_at=self._last_at,
            facts=self._facts,
            heard=self._heard,
            matched=self._matched,
            counted=self._counted,
            rewards=len(self._amounts),
            viewers=len(reached),
            budget_minor=self._budget_minor,
            cost_minor=granted - back,
            granted_minor=granted,
            taken_back_minor=back,
            waived_minor=self._waived_minor,
            dry=self._run_dry(left_minor),
            days=tuple(
                Day(
                    day=day,
                    granted_minor=one.granted_minor,
                    taken_back_minor=one.taken_back_minor,
                    rewards=one.rewards,
                )
                for day, one in sorted(self._days.items())
            ),
            by_reward=spread_of(self._amounts),
            by_viewer=spread_of(minor for _, minor, _ in reached),
            winners=tuple(
                Winner(viewer=viewer, amount_minor=minor, rewards=count)
                for viewer, minor, count in nsmallest(WINNERS_MAX, reached, key=lambda one: (-one[1], one[0]))
            ),
            failed=self._failures(),
            withheld=dict(sorted(self._withheld.items())),
            kept_out=dict(sorted(self._kept_out.items())),
            beside=tuple(_beside(name, one) for name, one in sorted(self._others.items())),
        )

    def _run_dry(self, left_minor: int) -> Dry | None:
        if self._dry is None:
            return None
        fact, at = self._dry
        return Dry(at=at, day=self._clock.day(at), fact=fact, left_minor=left_minor)

    def _failures(self) -> tuple[Failed, ...]:
        """Return every comparison with how often it was not met, in the order of the tree."""
        base = self._terms.base
        asked = [Failed(place=_BASE, attribute=base.amount, operator="equals", count=self._failed[_BASE])]
        asked += [
            Failed(place=place, attribute=leaf.attribute, operator=leaf.operator, count=self._failed[place])
            for place, leaf in leaves(self._terms.conditions)
        ]
        return tuple(asked)


def _beside(campaign: str, one: _Other) -> Beside:
    return Beside(
        campaign=campaign,
        revision=one.revision,
        asset=one.asset,
        cost_minor=one.cost_minor,
        cost_without_minor=one.really_minor,
        rewards=one.rewards,
        rewards_without=one.really_rewards,
    )
