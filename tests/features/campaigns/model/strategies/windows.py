"""Windows that portions are counted in, by hand and at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from plaudit.features.campaigns.model.strategies.base import Portion, Tally, Worker

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""A Monday."""


def portion(
    after_minor: int,
    *,
    day: int = 0,
    number: int = 0,
    revision: int = 1,
    before_minor: int = 0,
    chance: int = 0,
) -> Portion:
    """Return a fact's part of `after_minor`, `day` days after AT; `number` tells facts of a day apart."""
    at = AT + timedelta(days=day)
    return Portion(
        at=at,
        day=at.date(),
        tie=number.to_bytes(16, "big"),
        before_minor=before_minor,
        after_minor=after_minor,
        revision=revision,
        chance=chance,
    )


def worth(worker: Worker, *portions: Portion) -> int:
    """Return what a window is worth that has counted these."""
    tally = Tally()
    for one in portions:
        worker.count(tally, one)
    return worker.worth(tally)


History = list[list[Portion]]
"""Facts, each with its portions: first seen, then undone or seen anew, always from what was counted last."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw up to six facts on a few days, by up to three revisions, each judged up to four times."""
    facts: History = []
    for number in range(draw(st.integers(1, 6))):
        day, revision = draw(st.integers(0, 5)), draw(st.integers(1, 3))
        sums = draw(st.lists(st.integers(0, 400), min_size=1, max_size=4))
        befores = [0, *sums[:-1]]
        facts.append(
            [
                portion(
                    after, day=day, number=number, revision=revision, before_minor=before, chance=number << 61
                )
                for before, after in zip(befores, sums, strict=True)
            ]
        )
    return facts


def interleaved(draw: st.DrawFn, history: History) -> list[Portion]:
    """Draw an order of all portions that leaves those of each fact in theirs."""
    turns = draw(st.permutations([number for number, one in enumerate(history) for _ in one]))
    waiting = [iter(one) for one in history]
    return [next(waiting[number]) for number in turns]


def undone(history: History) -> list[Portion]:
    """Return what undoes every fact from where it stands."""
    return [
        Portion(last.at, last.day, last.tie, last.after_minor, 0, last.revision, last.chance)
        for last in (one[-1] for one in history)
    ]


def redone(history: History) -> list[Portion]:
    """Return what brings every undone fact back to where it stood."""
    return [
        Portion(last.at, last.day, last.tie, 0, last.after_minor, last.revision, last.chance)
        for last in (one[-1] for one in history)
    ]
