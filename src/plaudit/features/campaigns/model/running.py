"""A campaign as the journal told it: its approved revisions, where it stood still, and its end.

From these alone follows whether it judges a fact, and by which revision. They are plain rows, which can be
kept and read back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from plaudit.features.campaigns.model.terms import Terms

Absence: TypeAlias = Literal["later", "period", "paused", "dry", "ended"]
"""Why a campaign does not judge a fact: it was approved later or holds from later on, it is not its time, it
was paused by an operator or for want of budget, it had ended."""


class Revision(Struct, frozen=True):
    """A revision that was approved at `position` and holds for facts that happen from `effective_from` on."""

    revision: int
    position: int
    effective_from: datetime
    terms: Terms


class Halt(Struct, frozen=True):
    """A campaign stood still. `fact` is whose reward the budget did not reach for, None for an operator's.

    From `position` (recorded at `at`) to `resumed` (recorded at `resumed_at`), None as long as it lasts.
    """

    position: int
    at: datetime
    fact: int | None = None
    resumed: int | None = None
    resumed_at: datetime | None = None

    def holds(self, position: int, at: datetime) -> bool:
        """Tell whether a fact at this position, which happened at `at`, is not judged for it."""
        if self.fact is not None:
            return self.fact < position and (self.resumed is None or position < self.resumed)
        return (
            self.position < position and self.at <= at and (self.resumed_at is None or at < self.resumed_at)
        )


class Row(Struct, frozen=True):
    """All of one campaign that the catalogue keeps. `ended` is the position of its end."""

    campaign: str
    revisions: tuple[Revision, ...]
    halts: tuple[Halt, ...] = ()
    ended: int | None = None


def standing(row: Row, *, position: int, at: datetime) -> Revision | Absence:
    """Return the revision by which a campaign judges a fact, or why it does not."""
    for revision in reversed(row.revisions):
        if revision.position < position and revision.effective_from <= at:
            break
    else:
        return "later"
    if not revision.terms.starts_at <= at < revision.terms.ends_at:
        return "period"
    if row.ended is not None and position > row.ended:
        return "ended"
    for halt in row.halts:
        if halt.holds(position, at):
            return "paused" if halt.fact is None else "dry"
    return revision
