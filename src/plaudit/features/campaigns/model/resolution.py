"""Resolution: of several campaigns that match one fact, which count it, and why the others do not.

Of a group one counts: the first by priority, or what is worth most to the viewer where the group picks the
best. One that is exclusive and counts keeps out all of lower priority; those of the same stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.catalogue import Match, chance_of
from plaudit.features.campaigns.model.clocks import clock_of
from plaudit.features.campaigns.model.happenings import Happening, rank_of
from plaudit.features.campaigns.model.strategies.base import Portion, Tally
from plaudit.features.campaigns.model.terms import Random

Reason: TypeAlias = Literal["counts", "outranked", "less", "excluded"]
"""It counts the fact; another of its group has priority, or is worth more; an exclusive one keeps it out."""


class Ruling(Struct, frozen=True):
    """What became of one match; `by` is the campaign that stands before it."""

    match: Match
    reason: Reason
    by: str | None = None


def counting(matches: Sequence[Match], happening: Happening) -> list[Match]:
    """Return the matches that count a happening, by priority."""
    if len(matches) == 1:
        return list(matches)
    if not any(one.terms.group is not None or one.terms.exclusive for one in matches):
        return sorted(matches, key=_rank)
    return [one.match for one in resolved(matches, happening) if one.reason == "counts"]


def resolved(matches: Sequence[Match], happening: Happening) -> list[Ruling]:
    """Return what becomes of each match, by priority, with the reason; the order given does not matter."""
    ordered = sorted(matches, key=_rank)
    alive = ordered
    while True:
        winners = _winners(alive, happening)
        bars = [one for one in winners.values() if one.terms.exclusive]
        bar = min(bars, key=_rank, default=None)
        if bar is None or all(one.terms.priority >= bar.terms.priority for one in alive):
            break
        # Without those that are kept out, a group may have another winner.
        alive = [one for one in alive if one.terms.priority >= bar.terms.priority]
    by = None if bar is None else bar.campaign
    living = {one.campaign for one in alive}
    return [
        _ruled(one, winners[_side(one)]) if one.campaign in living else Ruling(one, "excluded", by)
        for one in ordered
    ]


def alone_minor(match: Match, happening: Happening) -> int:
    """Return what a happening is worth to a campaign that counts nothing else."""
    chance = chance_of(match, happening) if isinstance(match.terms.strategy, Random) else 0
    tally = Tally()
    portion = Portion(
        at=happening.at,
        day=clock_of(match.terms.zone).day(happening.at),
        tie=rank_of(happening),
        before_minor=0,
        after_minor=match.base_minor,
        revision=match.revision,
        chance=chance,
    )
    match.worker.count(tally, portion)
    return match.worker.worth(tally)


def _winners(alive: Sequence[Match], happening: Happening) -> dict[str, Match]:
    """Return who counts of each group; one without a group is a group of its own. `alive` is by priority."""
    sides: dict[str, list[Match]] = {}
    for one in alive:
        sides.setdefault(_side(one), []).append(one)
    return {side: _winner(members, happening) for side, members in sides.items()}


def _winner(members: Sequence[Match], happening: Happening) -> Match:
    if len(members) == 1 or any(one.terms.pick == "priority" for one in members):
        return members[0]
    # The first of equals is the one of higher priority.
    return max(members, key=lambda one: alone_minor(one, happening))


def _ruled(match: Match, winner: Match) -> Ruling:
    if match.campaign == winner.campaign:
        return Ruling(match, "counts")
    return Ruling(match, "less" if winner.terms.pick == "best" else "outranked", winner.campaign)


def _side(match: Match) -> str:
    # No id and no group has a blank in it.
    return f"group {match.terms.group}" if match.terms.group is not None else match.campaign


def _rank(match: Match) -> tuple[int, str]:
    return -match.terms.priority, match.campaign
