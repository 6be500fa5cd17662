"""The catalogue: which campaigns there are, when each is in force, and which of them a happening matches.

It hears the campaigns' own facts in the order of the journal. Campaigns are found by their trigger, by the
amount and asset that they count, and by one thing that they ask for by name (a room, a gift), so that those
that cannot match cost nothing, and those whose time is over are passed by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hmac import digest
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from plaudit.features.campaigns.model.attributes import FIRST_EVER, VIEWERS
from plaudit.features.campaigns.model.conditions import Judge, Known, judge_of, leaves
from plaudit.features.campaigns.model.happenings import Happening, tie_of
from plaudit.features.campaigns.model.index import Index
from plaudit.features.campaigns.model.running import Absence, Halt, Revision, Row, standing
from plaudit.features.campaigns.model.strategies import worker_of
from plaudit.features.campaigns.model.strategies.base import Worker
from plaudit.features.campaigns.model.terms import Cumulative, Terms
from plaudit.vocabulary.facts.campaigns import (
    CampaignApproved,
    CampaignEnded,
    CampaignPaused,
    CampaignResumed,
)

Life: TypeAlias = CampaignApproved | CampaignPaused | CampaignResumed | CampaignEnded
"""The facts by which the catalogue changes."""

NOWHERE: Final = 2**63 - 1
"""A position that no fact reaches."""

_ASKED: Final = VIEWERS | {FIRST_EVER.name}
_CHANCE_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Match(Struct, frozen=True, gc=False):
    """A campaign that a happening matches, by the revision in force then.

    `base_minor` is what of the happening counts for it, above 0. `seed` is what random rewards are drawn by.
    """

    campaign: str
    revision: int
    terms: Terms
    worker: Worker
    base_minor: int
    seed: bytes = b""


class Running:
    """One campaign at work: its row, its conditions compiled, its strategy over all revisions."""

    __slots__ = ("asks", "judges", "per", "row", "worker")

    def __init__(self, row: Row) -> None:
        self.row = row
        terms = {one.revision: one.terms for one in row.revisions}
        self.judges: dict[int, Judge] = {number: judge_of(one) for number, one in terms.items()}
        self.worker = worker_of(terms)
        strategy = row.revisions[0].terms.strategy
        self.per = strategy.per if isinstance(strategy, Cumulative) else ()
        self.asks = frozenset(leaf.attribute for one in terms.values() for _, leaf in leaves(one.conditions))


class _Arranged(Struct, frozen=True):
    """By trigger: where its campaigns are found, and what of viewers and history any of them asks for."""

    indexes: dict[str, Index[Running]]
    needs: dict[str, frozenset[str]]


class Catalogue:
    """All campaigns that were ever approved, ready to judge.

    `running` has them by id. `evaluated` counts trees of conditions that were really evaluated. `seeds` are
    the secrets of random rewards by campaign, which no fact tells before the end.
    """

    def __init__(self, rows: Iterable[Row] = (), *, seeds: Mapping[str, bytes] | None = None) -> None:
        self.running: dict[str, Running] = {row.campaign: Running(row) for row in rows}
        self.seeds: dict[str, bytes] = dict(seeds or {})
        self.evaluated = 0
        self._arranged: _Arranged | None = None

    @property
    def since(self) -> int:
        """The position of the first approval: nothing at or before it is judged by anything."""
        return min((one.row.revisions[0].position for one in self.running.values()), default=NOWHERE)

    def rows(self) -> list[Row]:
        """Return everything as plain rows, of which `Catalogue` makes the same again."""
        return [one.row for one in self.running.values()]

    def hear(self, said: Life, *, position: int, at: datetime) -> None:
        """Take in a fact about a campaign, recorded at `at`. What is heard again changes nothing."""
        former = self.running.get(said.campaign)
        row = None if former is None else former.row
        if isinstance(said, CampaignApproved):
            row = _approved(row, said, position)
        elif row is None:
            return
        elif isinstance(said, CampaignPaused):
            row = _paused(row, said, position=position, at=at)
        elif isinstance(said, CampaignResumed):
            row = _resumed(row, position=position, at=at)
        elif row.ended is None:
            row = msgspec.structs.replace(row, ended=position)
        if former is not None and row.revisions == former.row.revisions:
            former.row = row
        else:
            self.running[said.campaign] = Running(row)
            self._arranged = None

    def listens(self, trigger: str) -> bool:
        """Tell whether any campaign goes by a trigger."""
        return trigger in self._arrangement().indexes

    def needs(self, trigger: str) -> frozenset[str]:
        """Return which of "level", "tags" and "first_ever" any campaign of a trigger asks for."""
        return self._arrangement().needs.get(trigger, frozenset())

    def asks_first(self, trigger: str) -> bool:
        """Tell whether any campaign of a trigger asks whether a fact is the viewer's first."""
        return FIRST_EVER.name in self.needs(trigger)

    def matches(self, happening: Happening, known: Known) -> list[Match]:
        """Return the campaigns that are in force for a happening, count it, and whose conditions it meets."""
        index = (self._arranged or self._arrangement()).indexes.get(happening.trigger)
        found: list[Match] = []
        if index is None:
            return found
        position, at, amounts, values = happening.position, happening.at, happening.amounts, happening.values
        for running in index.candidates(happening):
            revision = standing(running.row, position=position, at=at)
            if isinstance(revision, str):
                continue
            terms = revision.terms
            base = amounts.get(terms.base.amount)
            if base is None or base[1] <= 0 or base[0] != terms.base.asset:
                continue
            if running.per and not all(one in values for one in running.per):
                continue
            self.evaluated += 1
            number = revision.revision
            if running.judges[number](happening, known):
                campaign = running.row.campaign
                seed = self.seeds.get(campaign, b"")
                found.append(Match(campaign, number, terms, running.worker, base[1], seed))
        return found

    def standing(self, campaign: str, happening: Happening) -> Revision | Absence:
        """Return by which revision a campaign judges a happening, or why it does not."""
        running = self.running.get(campaign)
        if running is None:
            return "later"
        return standing(running.row, position=happening.position, at=happening.at)

    def _arrangement(self) -> _Arranged:
        """Return campaigns sorted by trigger; that is done once after the last approval."""
        if self._arranged is None:
            indexes: dict[str, Index[Running]] = {}
            needs: dict[str, frozenset[str]] = {}
            for running in sorted(self.running.values(), key=lambda one: one.row.campaign):
                revisions = [one.terms for one in running.row.revisions]
                trigger = revisions[0].trigger
                indexes.setdefault(trigger, Index()).add(running, revisions)
                needs[trigger] = needs.get(trigger, frozenset()) | (running.asks & _ASKED)
            self._arranged = _Arranged(indexes, needs)
        return self._arranged


def chance_of(match: Match, happening: Happening) -> int:
    """Return the number below 2**64 that a happening's random reward is drawn by.

    Whoever knows the seed can work it out again; before, it is as good as chance.
    """
    moment_us = (happening.at - _EPOCH) // _MICROSECOND
    said = f"{match.campaign}/{happening.viewer}/{moment_us}/".encode() + tie_of(happening)
    return int.from_bytes(digest(match.seed, said, "sha256")[:_CHANCE_BYTES], "big")


def _approved(row: Row | None, said: CampaignApproved, position: int) -> Row:
    terms = msgspec.convert(said.terms, Terms)
    revision = Revision(said.revision, position, said.effective_from, terms)
    if row is None:
        return Row(said.campaign, (revision,))
    if any(one.revision == said.revision for one in row.revisions):
        return row
    revisions = sorted((*row.revisions, revision), key=lambda one: one.revision)
    return msgspec.structs.replace(row, revisions=tuple(revisions))


def _paused(row: Row, said: CampaignPaused, *, position: int, at: datetime) -> Row:
    if any(one.position == position for one in row.halts):
        return row
    halt = Halt(position, at, said.fact if said.cause == "budget" else None)
    return msgspec.structs.replace(row, halts=(*row.halts, halt))


def _resumed(row: Row, *, position: int, at: datetime) -> Row:
    halts = tuple(
        msgspec.structs.replace(one, resumed=position, resumed_at=at)
        if one.resumed is None and one.position < position
        else one
        for one in row.halts
    )
    return msgspec.structs.replace(row, halts=halts)
