"""Prices: each step sells exactly its number, whatever the order of taking and giving back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.features.presale.model.offers import Offer
from plaudit.features.presale.model.pricing import given_back, has_price, lines_of, open_step
from plaudit.features.presale.model.sale import sale_of
from plaudit.features.presale.model.shows import Show, Text
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.offers import PriceStep
from plaudit.vocabulary.facts.shows import StreamRights
from plaudit.vocabulary.facts.tickets import OrderLine
from tests.features.examples import table

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)
TICK: Final = timedelta(microseconds=1)
TEXT: Final = Text(title="Winter concert")
SHOW: Final = Show(
    id="winter",
    revision=1,
    state="presale",
    organiser="aurora",
    starts_at=NOON + 30 * DAY,
    ends_at=NOON + 31 * DAY,
    texts={"en": TEXT, "zh": TEXT},
    streams=(StreamRights(stream="main", rights=("vip",)),),
)
PAGE: Final = (
    PriceStep(price_minor=5_000, count=3),
    PriceStep(price_minor=8_000, ends_at=NOON + 2 * DAY),
    PriceStep(price_minor=10_000, starts_at=NOON + 3 * DAY),
)

counts = st.lists(st.integers(1, 7), min_size=1, max_size=6)
"""The counts of steps that follow each other; a last one without a count takes the rest."""
turns = st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(0, 30)), max_size=40)
"""Taken or given back, how many seats, and of which order."""


def _offer(*steps: PriceStep) -> Offer:
    return Offer(
        id="vip",
        show="winter",
        revision=1,
        zone="vip",
        asset="CNY",
        stock=1_000,
        steps=steps,
        rights=("vip",),
    )


def _by_count(numbers: Sequence[int], *, then: bool = True) -> Offer:
    steps = [PriceStep(price_minor=100 * (n + 1), count=count) for n, count in enumerate(numbers)]
    last = [PriceStep(price_minor=100 * (len(numbers) + 1))] if then else []
    return _offer(*steps, *last)


def test_prices_as_the_page_of_presale_shows_them() -> None:
    offer = _offer(*PAGE)
    for row in table("presale.md", "the price by count and by time"):
        taken = [int(one) for one in row["had"].split(",")]
        now = NOON.replace(day=int(row["on the"][:2]))
        quantity = int(row["seats"])
        wanted = {step: int(row[f"at {terms.price_minor}"]) for step, terms in enumerate(PAGE)}
        if row["answer"].isdigit():
            lines = lines_of(offer, quantity=quantity, taken=taken, now=now)
            assert {line.step: line.quantity for line in lines} == {k: v for k, v in wanted.items() if v}, row
            assert sum(line.quantity * line.price_minor for line in lines) == int(row["answer"]), row
            continue
        with pytest.raises(Refusal) as refusal:
            lines_of(offer, quantity=quantity, taken=taken, now=now)
        assert refusal.value.code == row["answer"], row
        assert refusal.value.details.get("available", 0) == sum(wanted.values()), row


@given(counts, st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_each_step_sells_exactly_its_number_and_in_order(numbers: list[int], orders: list[int]) -> None:
    offer = _by_count(numbers)
    taken = [0] * len(offer.steps)
    prices: list[int] = []
    for quantity in orders:
        lines = lines_of(offer, quantity=quantity, taken=taken, now=NOON)
        assert sum(line.quantity for line in lines) == quantity
        for line in lines:
            taken[line.step] += line.quantity
            prices += [line.price_minor] * line.quantity
    expected = [100 * (n + 1) for n, count in enumerate(numbers) for _ in range(count)]
    expected += [100 * len(offer.steps)] * max(0, len(prices) - len(expected))
    assert prices == expected[: len(prices)]


@given(counts, turns)
def test_seats_taken_and_given_back_in_any_order_never_pass_a_step_and_never_open_a_closed_one(
    numbers: list[int], does: list[tuple[bool, int, int]]
) -> None:
    offer = _by_count(numbers)
    taken = [0] * len(offer.steps)
    closed: set[int] = set()
    standing: list[tuple[tuple[OrderLine, ...], int]] = []
    sold_of_closed: Counter[int] = Counter()
    for is_order, quantity, which in does:
        if is_order or not standing:
            lines = lines_of(offer, quantity=quantity, taken=taken, now=NOON)
            for line in lines:
                assert line.step not in closed
                taken[line.step] += line.quantity
                sold_of_closed[line.step] += line.quantity
            standing.append((lines, quantity))
        else:
            lines, whole = standing.pop(which % len(standing))
            back = given_back(offer, lines=lines, quantity=whole, taken=taken)
            assert sum(back.values()) <= whole
            for step, part in back.items():
                assert step not in closed
                taken[step] -= part
                sold_of_closed[step] -= part
        for step, count in enumerate(numbers):
            assert 0 <= taken[step] <= count
            if taken[step] == count:
                closed.add(step)
    for step in closed:
        assert sold_of_closed[step] == numbers[step]


@given(counts, st.integers(1, 12), st.integers(0, 11))
def test_the_last_seats_of_an_order_come_back_first(numbers: list[int], quantity: int, less: int) -> None:
    offer = _by_count(numbers)
    taken = [0] * len(offer.steps)
    lines = lines_of(offer, quantity=quantity, taken=taken, now=NOON)
    for line in lines:
        taken[line.step] += line.quantity
    part = min(less, quantity)
    back = given_back(offer, lines=lines, quantity=part, taken=taken)
    seats = [line.step for line in lines for _ in range(line.quantity)]
    gone = Counter(seats[quantity - part :])
    still_open = {step for step, count in enumerate(numbers) if taken[step] < count}
    assert back == {step: count for step, count in gone.items() if step in still_open}


def test_a_step_that_was_full_stays_closed() -> None:
    offer = _by_count([2])
    lines = lines_of(offer, quantity=2, taken=[0, 0], now=NOON)
    assert given_back(offer, lines=lines, quantity=1, taken=[2, 0]) == {}
    assert given_back(offer, lines=lines, quantity=1, taken=[1, 0]) == {0: 1}


def test_seats_of_a_group_or_of_a_step_that_is_gone_are_no_steps() -> None:
    offer = _by_count([5])
    lines = (OrderLine(step=-1, quantity=1, price_minor=50), OrderLine(step=7, quantity=1, price_minor=50))
    assert given_back(offer, lines=lines, quantity=2, taken=[1, 0]) == {}


def test_all_steps_sold() -> None:
    offer = _by_count([2, 3], then=False)
    with pytest.raises(Refusal) as refusal:
        lines_of(offer, quantity=1, taken=[2, 3], now=NOON)
    assert refusal.value.code == "offer.sold_out"
    assert open_step(offer, taken=[2, 3], now=NOON) is None
    with pytest.raises(Refusal) as refusal:
        lines_of(offer, quantity=3, taken=[2, 1], now=NOON)
    assert (refusal.value.code, refusal.value.details) == ("offer.steps_over", {"available": 2})


def test_a_step_opens_with_its_start_and_is_over_at_its_end() -> None:
    offer = _offer(PriceStep(price_minor=100, starts_at=NOON, ends_at=NOON + DAY))
    taken = [0]
    assert open_step(offer, taken=taken, now=NOON) == 0
    assert open_step(offer, taken=taken, now=NOON + DAY - TICK) == 0
    assert open_step(offer, taken=taken, now=NOON + DAY) is None
    with pytest.raises(Refusal) as refusal:
        lines_of(offer, quantity=1, taken=taken, now=NOON - TICK)
    assert refusal.value.code == "offer.not_open"
    assert refusal.value.details == {"opens_at": "2026-11-22T12:00:00.000000Z"}


@pytest.mark.parametrize(
    ("had", "quantity", "now", "has"),
    [
        ((0, 0), 5, NOON, True),
        ((1, 2), 3, NOON, False),
        ((3, 0), 2, NOON, True),
        ((3, 2), 1, NOON, False),
        ((0, 0), 3, NOON + DAY, False),
        ((0, 0), 2, NOON + DAY, True),
        ((0, 0), 1, NOON + 3 * DAY, False),
    ],
)
def test_seats_have_a_price_now_or_when_a_later_step_opens(
    had: tuple[int, int], quantity: int, now: datetime, has: bool
) -> None:
    offer = _offer(
        PriceStep(price_minor=1, count=3, ends_at=NOON + DAY),
        PriceStep(price_minor=2, count=2, starts_at=NOON + 2 * DAY, ends_at=NOON + 3 * DAY),
    )
    assert has_price(offer, quantity=quantity, taken=had, now=now) is has


def test_a_step_without_a_count_has_a_price_for_any_number() -> None:
    assert has_price(_offer(*PAGE), quantity=1_000, taken=(3, 9, 9), now=NOON)


def test_nobody_waits_for_a_step_that_is_full_already() -> None:
    offer = _offer(PriceStep(price_minor=100, count=2, starts_at=NOON + DAY), PriceStep(price_minor=200))
    assert open_step(offer, taken=[0, 0], now=NOON) is None
    assert open_step(offer, taken=[2, 0], now=NOON) == 1
    (line,) = lines_of(offer, quantity=1, taken=[2, 0], now=NOON)
    assert line.price_minor == 200


@given(
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.integers(-1, 4),
    st.integers(0, 3),
)
def test_what_a_buyer_sees_is_what_one_seat_costs(had: list[int], days: int, available: int) -> None:
    offer = _offer(*PAGE)
    taken = [min(3, had[0]), had[1], had[2]]
    now = NOON + days * DAY
    sale = sale_of(offer, show=SHOW, available=available, taken=taken, now=now)
    if sale.step is None:
        with pytest.raises(Refusal) as refusal:
            lines_of(offer, quantity=1, taken=taken, now=now)
        assert refusal.value.code == "offer.not_open"
        assert sale.state == ("later" if available else "sold_out")
        assert (sale.price_minor, sale.next_at) == (None, NOON + 3 * DAY)
        return
    (line,) = lines_of(offer, quantity=1, taken=taken, now=now)
    assert (sale.step, sale.price_minor) == (line.step, line.price_minor)
    assert sale.state == ("open" if available else "sold_out")
    if sale.price_left is not None:
        after = [*taken]
        after[line.step] += sale.price_left
        assert open_step(offer, taken=after, now=now) != line.step
    if sale.price_until is not None:
        assert open_step(offer, taken=taken, now=sale.price_until) != line.step


def test_an_offer_that_is_off_or_whose_show_does_not_sell_is_off() -> None:
    offer = _by_count([2])
    for one, show in (
        (replace(offer, on_sale=False), SHOW),
        (offer, replace(SHOW, state="draft")),
        (offer, replace(SHOW, state="ended")),
        (offer, replace(SHOW, state="cancelled")),
    ):
        assert sale_of(one, show=show, available=5, taken=[0, 0], now=NOON).state == "off"


def test_the_next_price_is_told_with_when_it_begins_at_the_earliest() -> None:
    offer = _offer(*PAGE)
    first = sale_of(offer, show=SHOW, available=9, taken=[1, 0, 0], now=NOON)
    assert (first.price_left, first.price_until, first.next_price_minor, first.next_at) == (
        2,
        None,
        8_000,
        None,
    )
    late = sale_of(offer, show=SHOW, available=9, taken=[1, 0, 0], now=NOON + 2 * DAY)
    assert (late.step, late.next_price_minor, late.next_at) == (0, 10_000, NOON + 3 * DAY)
    last = sale_of(offer, show=SHOW, available=9, taken=[3, 0, 0], now=NOON + 3 * DAY)
    assert (last.step, last.price_left, last.next_price_minor) == (2, None, None)
    over = sale_of(_by_count([2], then=False), show=SHOW, available=9, taken=[2], now=NOON)
    assert (over.state, over.next_price_minor) == ("sold_out", None)
