"""What holds whatever comes, in whatever order and batches."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.campaigns.model.engine.foreseeing import Item
from plaudit.features.campaigns.model.engine.verdicts import Grant, TakeBack
from plaudit.features.campaigns.model.happenings import Happening, Reversal, tie_of
from tests.features.campaigns.model.engine.scene import (
    FIRST_EVER,
    PLENTY,
    TIERS,
    Scene,
    asks,
    judged,
    told,
)

STRATEGIES: Final[list[dict[str, Any]]] = [
    {"kind": "ratio", "ratio": "1/7"},
    {"kind": "fixed", "reward_minor": 9},
    TIERS,
    TIERS | {"counted": "day", "every_minor": 100, "every_reward_minor": 3},
    {"kind": "first", "ratio": "1/3"},
    {"kind": "streak", "days": 2, "reward_minor": 11, "recurring": True},
    {"kind": "random", "low_minor": 3, "high_minor": 30},
]
CONDITIONS: Final = [
    {"node": "all", "of": []},
    FIRST_EVER,
    {"node": "not", "of": FIRST_EVER},
    asks("amount", "at_least", 100),
]
CAPS: Final = st.fixed_dictionaries(
    {},
    optional={
        "viewer_day_minor": st.integers(1, 60),
        "viewer_minor": st.integers(1, 90),
        "total_minor": st.integers(1, 200),
        "day_minor": st.integers(1, 120),
        "viewer_day_count": st.integers(1, 2),
        "viewer_count": st.integers(1, 3),
        "total_count": st.integers(1, 5),
    },
)
LIMITS: Final = st.tuples(CAPS, st.integers(0, 150))
"""Caps, and a budget."""
TIPS: Final = st.lists(
    st.tuples(
        st.integers(1, 600),
        st.sampled_from(["v", "w"]),
        st.integers(0, 80),
        st.sampled_from([None, None, "half", "whole"]),
    ),
    min_size=1,
    max_size=14,
)
CAPS_OF_DAYS: Final = st.sampled_from(
    [{"day_minor": 10}, {"viewer_day_minor": 10}, {"viewer_day_minor": 65}, {"viewer_day_count": 1}]
)
STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([50, 60, 400]), st.sampled_from("xyz"), st.sampled_from([1, 25])),
        st.integers(0, 5),
    ),
    min_size=8,
    max_size=16,
)
"""Tips (how much, to whom, hours after Monday began), and which of those before are undone."""
Limits = tuple[dict[str, int], int]
Tips = list[tuple[int, str, int, str | None]]


def campaigns(strategies: Sequence[int], conditions: int, **fields: Any) -> Scene:  # noqa: ANN401 - of terms
    """Return a scene with campaigns of these strategies, those after the first two in one group."""
    scene = Scene()
    for number, strategy in enumerate(strategies):
        group = "g" if number > 1 else None
        scene.campaign(
            f"c{number}",
            strategy=STRATEGIES[strategy],
            conditions=CONDITIONS[conditions],
            priority=number,
            group=group,
            **fields,
        )
    return scene


def happen(scene: Scene, tips: Tips) -> None:
    """Let tips be sent, and undone in the end where they are."""
    sent = [(scene.tip(minor, viewer=viewer, hours=hours), minor, how) for minor, viewer, hours, how in tips]
    for position, minor, how in sent:
        if how is not None:
            scene.undo(position, minor if how == "whole" else minor // 2, paid_minor=minor)


def shuffled(items: Sequence[Item], seed: int) -> list[Item]:
    """Return items recorded in another order: each reversal stays after what it undoes.

    Facts of one moment that say the same stay in their order, too: by that alone they are told apart, and
    which of them is undone may matter.
    """
    head = list(itertools.takewhile(lambda one: not isinstance(one, Happening), items))
    rest = list(items[len(head) :])
    random.Random(seed).shuffle(rest)  # noqa: S311 - an order, not a secret
    rest.sort(key=lambda one: isinstance(one, Reversal))
    alike: dict[tuple[datetime, bytes], list[Happening]] = {}
    for one in items:
        if isinstance(one, Happening):
            alike.setdefault((one.at, tie_of(one)), []).append(one)
    rest = [alike[one.at, tie_of(one)].pop(0) if isinstance(one, Happening) else one for one in rest]
    places = {one.position: len(head) + number for number, one in enumerate(rest, 1)}
    moved = list(head)
    for one in rest:
        position = places[one.position]
        if isinstance(one, Reversal):
            assert one.target is not None
            moved.append(msgspec.structs.replace(one, position=position, target=places[one.target]))
        else:
            moved.append(msgspec.structs.replace(one, position=position))
    return moved


LINEUPS: Final = st.lists(st.integers(0, len(STRATEGIES) - 1), min_size=1, max_size=4)
CONDITION: Final = st.integers(0, len(CONDITIONS) - 1)


@given(
    lineup=LINEUPS,
    condition=CONDITION,
    tips=TIPS,
    limits=LIMITS,
    sizes=st.lists(st.integers(1, 6), max_size=20),
)
def test_batches_of_any_size_come_to_the_same(
    *, lineup: list[int], condition: int, tips: Tips, limits: Limits, sizes: list[int]
) -> None:
    caps, budget = limits
    scene = campaigns(lineup, condition, caps=caps, budget_minor=budget)
    happen(scene, tips)
    whole, parts = judged(scene.items), judged(scene.items, sizes)
    assert told(parts.verdicts) == told(whole.verdicts)
    assert parts.purse == whole.purse
    assert parts.state.standings == whole.state.standings


@given(LINEUPS, CONDITION, TIPS, LIMITS)
def test_no_more_is_given_than_the_budget_the_caps_and_the_terms_allow(
    lineup: list[int], condition: int, tips: Tips, limits: Limits
) -> None:
    caps, budget = limits
    scene = campaigns(lineup, condition, caps=caps, budget_minor=budget)
    happen(scene, tips)
    judge = judged(scene.items)
    given_minor: dict[str, int] = {}
    for one in judge.verdicts:
        if isinstance(one, Grant | TakeBack):
            moved = one.amount_minor if isinstance(one, Grant) else -one.recovered_minor
            given_minor[one.campaign] = given_minor.get(one.campaign, 0) + moved
            assert 0 <= given_minor[one.campaign] <= budget
            assert given_minor[one.campaign] <= caps.get("total_minor", PLENTY)
            assert one.granted_minor <= one.entitled_minor
    for (_, viewer), minor in judge.given().items():
        assert minor <= caps.get("viewer_minor", PLENTY), viewer
    for campaign, left in judge.purse.budgets.items():
        assert left == budget - given_minor.get(campaign, 0)
    for counter, used in judge.purse.counters.items():
        assert 0 <= used <= caps[counter.sort]


@given(STEPS, CAPS_OF_DAYS)
def test_no_day_gets_more_than_its_caps_whatever_is_undone_of_other_days(
    steps: list[tuple[int, str, int] | int], caps: dict[str, int]
) -> None:
    scene = Scene()
    scene.campaign(strategy=TIERS | {"per": ["creator"]}, caps=caps)
    sent: list[tuple[int, int]] = []
    for step in steps:
        if isinstance(step, tuple):
            minor, creator, hours = step
            sent.append((scene.tip(minor, creator=creator, hours=hours), minor))
        elif step < len(sent):
            scene.undo(*sent[step])
    days = {one.position: one.at.date() for one in scene.items if isinstance(one, Happening)}
    held: dict[tuple[str, str, str], list[Held]] = {}
    for one in judged(scene.items).verdicts:
        if isinstance(one, Grant):
            grants = held.setdefault((one.campaign, one.viewer, one.window), [])
            grants.append(Held(days[one.fact], one.amount_minor))
            check_days(held, caps)
        elif isinstance(one, TakeBack):
            take_newest(held[one.campaign, one.viewer, one.window], one.recovered_minor)


class Held(NamedTuple):
    """What is left of a grant, and the day of the fact that it was for."""

    day: date
    minor: int


def take_newest(grants: list[Held], minor: int) -> None:
    """Take an amount out of the grants of a window, the newest first."""
    while minor:
        newest = grants.pop()
        if newest.minor > minor:
            grants.append(newest._replace(minor=newest.minor - minor))
        minor -= min(minor, newest.minor)


def check_days(held: dict[tuple[str, str, str], list[Held]], caps: dict[str, int]) -> None:
    """Check what campaigns gave for the facts of each day, and how often, against the caps."""
    sums: Counter[tuple[str, str, date]] = Counter()
    for (campaign, viewer, _), grants in held.items():
        for day, minor in grants:
            sums["day_minor", campaign, day] += minor
            sums["viewer_day_minor", f"{campaign}/{viewer}", day] += minor
            sums["viewer_day_count", f"{campaign}/{viewer}", day] += 1
    for (cap, whose, day), used in sums.items():
        assert used <= caps.get(cap, PLENTY), (cap, whose, day)


@given(LINEUPS, CONDITION, TIPS, st.integers(0, 10**6))
def test_where_nothing_binds_the_order_does_not_matter(
    lineup: list[int], condition: int, tips: Tips, seed: int
) -> None:
    scene = campaigns(lineup, condition)
    happen(scene, tips)
    assert judged(shuffled(scene.items, seed)).given() == judged(scene.items).given()


@given(st.integers(0, len(STRATEGIES) - 1), st.lists(st.integers(1, 600), min_size=1, max_size=6))
def test_refunds_and_new_payments_mint_nothing(strategy: int, minors: list[int]) -> None:
    scene = Scene()
    scene.campaign(strategy=STRATEGIES[strategy])
    for minor in minors:
        for _ in range(3):
            scene.undo(scene.tip(minor), minor)
    assert judged(scene.items).given() == {}


@given(st.integers(0, len(STRATEGIES) - 1), TIPS, st.integers(0, 14))
def test_when_all_is_undone_nothing_is_left_though_a_campaign_ended(
    strategy: int, tips: Tips, ended: int
) -> None:
    scene = campaigns([strategy], CONDITIONS.index(FIRST_EVER), exclusive=True)
    scene.campaign("last", strategy=TIERS, priority=-1)
    sent = []
    for number, (minor, viewer, hours, _) in enumerate(tips):
        if number == ended % len(tips):
            scene.end("c0")
        sent.append((scene.tip(minor, viewer=viewer, hours=hours), minor))
    for position, minor in sent:
        scene.undo(position, minor)
    judge = judged(scene.items)
    assert judge.given() == {}
    assert not any(one.tally and one.tally.totals for one in judge.state.standings.values())


@given(
    st.lists(st.tuples(st.integers(10, 300), st.sampled_from("vwxyz")), min_size=1, max_size=20),
    st.integers(0, 60),
)
def test_where_a_budget_binds_rewards_follow_the_journal(tips: list[tuple[int, str]], budget: int) -> None:
    scene = Scene()
    scene.campaign(budget_minor=budget)
    sent = [(scene.tip(minor, viewer=viewer), minor // 10) for minor, viewer in tips]
    reached = 0
    expected = []
    for position, minor in sent:
        reached += minor
        if reached > budget:
            break
        expected.append(position)
    assert [one.fact for one in judged(scene.items).verdicts if isinstance(one, Grant)] == expected
