"""What every strategy keeps, whatever comes in whatever order."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.strategies import PER_FACT, WORKERS
from plaudit.features.campaigns.model.strategies.base import Tally, Worker
from plaudit.features.campaigns.model.terms import (
    Cumulative,
    First,
    Fixed,
    Random,
    Ratio,
    Strategy,
    Streak,
    Tier,
    Tiered,
)
from tests.features.campaigns.model.strategies.windows import (
    AT,
    History,
    histories,
    interleaved,
    redone,
    undone,
)


def _tiers(number: int) -> tuple[Tier, ...]:
    return (
        Tier(from_minor=100, reward_minor=10 * number),
        Tier(from_minor=300, reward_minor=50 * number),
    )


STRATEGIES: dict[str, list[Strategy]] = {
    "ratio": [Ratio(ratio="1/5"), Ratio(ratio="1/3"), Ratio(ratio="0/1")],
    "fixed": [Fixed(reward_minor=7), Fixed(reward_minor=0), Fixed(reward_minor=9)],
    "tiered": [Tiered(tiers=_tiers(number)) for number in (1, 3, 2)],
    "cumulative": [
        Cumulative(tiers=_tiers(2), counted="week", per=("room",)),
        Cumulative(tiers=_tiers(1), counted="week", per=("room",), every_minor=50, every_reward_minor=3),
        Cumulative(tiers=_tiers(3), counted="week", per=("room",)),
    ],
    "first": [First(ratio="1/2"), First(reward_minor=30), First(ratio="1/10")],
    "streak": [Streak(days=2, reward_minor=9, day_minor=200, recurring=True)] * 3,
    "random": [
        Random(low_minor=1, high_minor=6),
        Random(low_minor=0, high_minor=0),
        Random(low_minor=5, high_minor=500),
    ],
}
"""Three revisions of each sort."""


def made(sort: str) -> Worker:
    numbers = STRATEGIES[sort]
    return WORKERS[type(numbers[0])](dict(enumerate(numbers, 1)))


def _worker_and_history(data: st.DataObject, sort: str) -> tuple[Worker, History]:
    history = data.draw(histories())
    worker = made(sort)
    if type(STRATEGIES[sort][0]) in PER_FACT:
        history = history[:1]
    return worker, history


@pytest.mark.parametrize("sort", STRATEGIES)
@given(data=st.data())
def test_the_order_of_facts_does_not_matter_and_nothing_is_worth_less_than_nothing(
    sort: str, data: st.DataObject
) -> None:
    worker, history = _worker_and_history(data, sort)
    tally, other = Tally(), Tally()
    for one in (portion for fact in history for portion in fact):
        worker.count(tally, one)
        assert worker.worth(tally) >= 0
    order = data.draw(st.composite(interleaved)(history))
    for one in order:
        worker.count(other, one)
    assert worker.worth(tally) == worker.worth(other)


@pytest.mark.parametrize("sort", STRATEGIES)
@given(data=st.data())
def test_all_undone_is_worth_nothing_and_done_again_as_much_as_before(sort: str, data: st.DataObject) -> None:
    worker, history = _worker_and_history(data, sort)
    tally = Tally()
    for one in (portion for fact in history for portion in fact):
        worker.count(tally, one)
    before_minor = worker.worth(tally)
    for one in undone(history):
        worker.count(tally, one)
    assert worker.worth(tally) == 0
    for one in redone(history):
        worker.count(tally, one)
    assert worker.worth(tally) == before_minor


@pytest.mark.parametrize("sort", STRATEGIES)
def test_the_window_of_a_fact(sort: str) -> None:
    window = made(sort).window(at=AT, day=date(2026, 12, 31), values={"room": "r1"}, position=12)
    if type(STRATEGIES[sort][0]) in PER_FACT:
        assert window == "fact/12"
    else:
        assert window == ("week/2026-W53/room/r1" if sort == "cumulative" else "campaign")
