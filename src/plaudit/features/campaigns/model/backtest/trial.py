"""A trial: a revision put among the campaigns that ran, and facts judged in order by the live engine.

It is fed page by page and keeps what the engine keeps of viewers and windows, in memory. Viewers keep what
they are given: what is taken back is there.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from plaudit.features.campaigns.model import triggers
from plaudit.features.campaigns.model.backtest.collecting import Collecting
from plaudit.features.campaigns.model.backtest.figures import Backtest
from plaudit.features.campaigns.model.engine.batch import Batch
from plaudit.features.campaigns.model.engine.foreseeing import (
    Foresight,
    Item,
    Step,
    StepData,
    reaches,
    wants,
)
from plaudit.features.campaigns.model.engine.life import Life
from plaudit.features.campaigns.model.engine.purse import Purse
from plaudit.features.campaigns.model.engine.state import First, State, Touched
from plaudit.features.campaigns.model.happenings import Described, Happening, Reversal
from plaudit.features.campaigns.model.terms import Terms
from plaudit.vocabulary.facts.campaigns import (
    BudgetApproved,
    CampaignApproved,
    CampaignEnded,
    CampaignGranted,
    CampaignPaused,
    CampaignResumed,
    CampaignReversed,
)

STEPS: Final[dict[str, type[StepData]]] = {
    one.KIND: one
    for one in (CampaignApproved, CampaignPaused, CampaignResumed, CampaignEnded, BudgetApproved)
}
"""The kinds of facts about the life of campaigns."""

REWARDS: Final = frozenset({CampaignGranted.KIND, CampaignReversed.KIND})
"""The kinds of facts that tell what was really given and taken back."""

AMPLE_MINOR: Final = 2**62
"""The budget of a campaign that is tested without one."""

_ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


class Candidate(Struct, frozen=True, kw_only=True):
    """What is tested: terms, as this revision of this campaign, on facts from `since` on.

    `budget_minor` None is as much as it takes. With `as_if_running` the terms have the period of the facts
    instead of their own.
    """

    campaign: str
    terms: Terms
    revision: int | None = None
    since: datetime = _ALWAYS
    budget_minor: int | None = None
    as_if_running: bool = False


def running_in(tested: Candidate, *, since: datetime, until: datetime) -> Candidate:
    """Return what is tested on facts from `since` on and before `until`, as if it ran then if it never did.

    A period of its own that has any moment of these is kept: it tells which of the facts are of its time.
    """
    terms = tested.terms
    if terms.starts_at < until and since < terms.ends_at:
        return tested
    terms = msgspec.structs.replace(terms, starts_at=since, ends_at=until)
    return msgspec.structs.replace(tested, terms=terms, as_if_running=True)


class Told(NamedTuple):
    """A fact as it is fed: where, of which kind, when it happened and was recorded, and its data as JSON."""

    position: int
    kind: str
    at: datetime
    recorded_at: datetime
    data: Mapping[str, Any]


class Needed(NamedTuple):
    """What must be known of viewers before a page is judged: (trigger, viewer) of firsts, and viewers."""

    firsts: set[tuple[str, str]]
    viewers: set[str]


class Trial:
    """One trial, of a revision and others `beside` it that begin with it.

    `undone` and `awaited` are the positions and references that reversals will reach back to.
    `seeds` are what random rewards are drawn by; without one they are drawn by nothing secret, and come out
    as evenly.
    """

    def __init__(
        self,
        tested: Candidate,
        *,
        beside: Sequence[Candidate] = (),
        after: int = 0,
        undone: Collection[int] = (),
        awaited: Collection[str] = (),
        seeds: Mapping[str, bytes] | None = None,
    ) -> None:
        """Begin at a position, of which no fact is judged by the tested revision."""
        self._tested = tested
        self._life = Life(seeds=seeds)
        for one in (tested, *beside):
            self._life.hear(_approval(one), position=after, at=_ALWAYS)
        self._state = State(kept=set(undone), awaited=frozenset(awaited))
        self._purse = Purse(budgets={one.campaign: _budget_minor(one) for one in (tested, *beside)})
        self._collecting = Collecting(
            tested.campaign,
            tested.terms,
            revision=tested.revision,
            since=tested.since,
            budget_minor=tested.budget_minor,
        )
        self._asked: set[tuple[str, str]] = set()
        self._seen: set[str] = set()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of facts that matter, as far as campaigns are known."""
        goes_by = [triggers.TRIGGERS[name] for name in sorted(self._life.triggers)]
        return frozenset(
            {
                *STEPS,
                *REWARDS,
                triggers.DESCRIBED,
                *(one.kind for one in goes_by),
                *(kind for one in goes_by for kind in one.undone_by),
            }
        )

    @property
    def evaluated(self) -> int:
        """How many trees of conditions were evaluated so far."""
        return self._life.evaluated

    def needs(self, items: Iterable[Item]) -> Needed:
        """Return what of viewers is to be known for a page and was not asked for before."""
        wanted = wants(items)
        firsts = wanted.firsts - self._asked
        viewers = wanted.viewers.keys() - self._seen
        self._asked |= firsts
        self._seen |= viewers
        return Needed(firsts, viewers if self._life.asks_viewers else set())

    def know(
        self, *, firsts: Mapping[tuple[str, str], First], described: Mapping[str, list[Described]]
    ) -> None:
        """Take in what viewers had done and been before the trial."""
        for place, first in firsts.items():
            self._state.firsts.setdefault(place, first)
        for viewer, some in described.items():
            self._state.described.setdefault(viewer, list(some))

    def reaches(self, items: Iterable[Item]) -> set[int]:
        """Return the positions of facts of earlier pages that a page may make be judged again."""
        return reaches(items, state=self._state)

    def hear(self, items: Sequence[Item], *, originals: Mapping[int, Happening]) -> None:
        """Judge a page. `originals` has what it reaches back to."""
        state, collecting = self._state, self._collecting
        state.originals = originals
        foresight = Foresight(self._life, state)
        foreseen = []
        for item in items:
            one = foresight.foresee((item,))[0]
            foreseen.append(one)
            if isinstance(item, Happening):
                collecting.hear(item, matches=one.matches, known=foresight.known)
        self._keep()
        for verdict in Batch(self._life, state, self._purse, foreseen).judge():
            collecting.take(verdict)

    def really(self, told: Told) -> None:
        """Take in what was really given for a fact of the period, or taken back."""
        granted = told.kind == CampaignGranted.KIND
        if told.data["campaign"] != self._tested.campaign:
            self._collecting.really(told.data, granted=granted)

    def result(self) -> Backtest:
        """Return what came of it so far."""
        tested = self._tested
        found = self._collecting.result(left_minor=self._purse.budgets[tested.campaign])
        return msgspec.structs.replace(found, as_if_running=tested.as_if_running)

    def _keep(self) -> None:
        """Keep the windows of first facts, which a late one may make be judged again, and forget the rest."""
        state = self._state
        assert state.kept is not None, "a trial knows what is undone"
        for trigger, viewer in state.touched.firsts:
            if self._life.asks_first(trigger):
                state.kept.add(state.firsts[trigger, viewer].position)
        state.touched = Touched()


def items_of(told: Iterable[Told], tested: Candidate) -> Iterator[Item]:
    """Yield what facts are to campaigns; what the tested campaign itself did is left out.

    So is what ran dry: that is what the trial finds out.
    """
    for position, kind, at, recorded_at, data in told:
        step = STEPS.get(kind)
        if step is not None:
            said = msgspec.convert(data, step)
            if said.campaign == tested.campaign or (
                isinstance(said, CampaignPaused) and said.cause == "budget"
            ):
                continue
            yield Step(position, recorded_at, said)
        elif kind == triggers.DESCRIBED:
            yield triggers.described(position=position, at=at, data=data)
        elif kind not in REWARDS:
            item = triggers.read(kind, position, at=at, data=data)
            if item is not None:
                yield item


def happenings_of(told: Iterable[Told]) -> dict[int, Happening]:
    """Return what happened, by position, of facts that are of a trigger."""
    found = {}
    for position, kind, at, _, data in told:
        item = triggers.read(kind, position, at=at, data=data)
        if isinstance(item, Happening):
            found[position] = item
    return found


def undone_by(told: Iterable[Told]) -> tuple[set[int], set[str]]:
    """Return the positions and references that facts undo."""
    positions: set[int] = set()
    references: set[str] = set()
    for position, kind, at, _, data in told:
        item = triggers.read(kind, position, at=at, data=data)
        if isinstance(item, Reversal):
            if item.target is not None:
                positions.add(item.target)
            elif item.reference is not None:
                references.add(item.reference)
    return positions, references


def _budget_minor(tested: Candidate) -> int:
    return AMPLE_MINOR if tested.budget_minor is None else tested.budget_minor


def _approval(tested: Candidate) -> CampaignApproved:
    return CampaignApproved(
        campaign=tested.campaign,
        revision=tested.revision or 1,
        maker="",
        checker="",
        effective_from=tested.since,
        terms=msgspec.to_builtins(tested.terms),
        terms_hash="",
    )
