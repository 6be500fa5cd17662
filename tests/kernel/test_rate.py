"""Exact ratios."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.rate import Rate

NUMERATORS = st.integers(0, 10**15 - 1)
DENOMINATORS = st.integers(1, 10**15 - 1)
AMOUNTS = st.integers(-MAX_MINOR, MAX_MINOR)


@pytest.mark.parametrize("text", ["0.7", "70%", "7/10", "70.0%", "0.70", "14/20"])
def test_three_ways_to_write_one_rate(text: str) -> None:
    assert Rate.parse(text) == Rate(7, 10) == Rate.basis_points(7000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%",
        "7/0",
        "-7/10",
        "0.7.1",
        "70 %",
        " 70%",
        "1e1",
        ".5",
        "5.",
        "70%%",
        "\N{FULLWIDTH DIGIT SEVEN}%",
    ],
)
def test_parse_refuses_other_text(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        Rate.parse(text)


@given(numerator=NUMERATORS, denominator=DENOMINATORS)
def test_what_is_written_parses_back(numerator: int, denominator: int) -> None:
    rate = Rate.reduced(numerator=numerator, denominator=denominator)
    assert Rate.parse(str(rate)) == rate
    assert rate.fraction == Fraction(numerator, denominator)


@given(amount_minor=AMOUNTS, numerator=NUMERATORS, denominator=DENOMINATORS)
def test_floor_and_ceiling_are_exact(amount_minor: int, numerator: int, denominator: int) -> None:
    rate = Rate(numerator, denominator)
    assert rate.of(amount_minor) == math.floor(amount_minor * rate.fraction)
    assert rate.of_ceil(amount_minor) == math.ceil(amount_minor * rate.fraction)


@pytest.mark.parametrize(("numerator", "denominator"), [(-1, 2), (1, 0), (1, -2)])
def test_reduced_refuses_what_is_no_rate(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="no rate"):
        Rate.reduced(numerator=numerator, denominator=denominator)
