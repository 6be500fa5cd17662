"""Amounts read and written exactly, and split without loss."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.kernel.money import MAX_MINOR, format_minor, parse_minor, split
from plaudit.kernel.rate import WHOLE, ZERO, Rate

SCALES = st.integers(0, 4)
AMOUNTS = st.integers(0, MAX_MINOR)


@st.composite
def shares(draw: st.DrawFn) -> list[Rate]:
    """Rates that together are at most the whole."""
    parts = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
    rest = draw(st.integers(0, 10**6))
    whole = max(sum(parts) + rest, 1)
    return [Rate(part, whole) for part in parts]


@given(amount_minor=st.integers(-MAX_MINOR, MAX_MINOR), scale=SCALES)
def test_what_is_formatted_parses_back(amount_minor: int, scale: int) -> None:
    text = format_minor(amount_minor=amount_minor, scale=scale)
    assert parse_minor(text=text, scale=scale) == amount_minor
    assert parse_minor(text=text.replace(",", ""), scale=scale) == amount_minor


@pytest.mark.parametrize(
    ("text", "scale", "amount_minor"),
    [
        ("12.34", 2, 1234),
        ("12.3", 2, 1230),
        ("12", 2, 1200),
        ("12", 0, 12),
        ("0.005", 3, 5),
        ("1.2345", 4, 12345),
        ("200,556.24", 2, 20055624),
        ("-3.50", 2, -350),
        ("+7", 0, 7),
        ("007", 0, 7),
        ("90071992547409.91", 2, MAX_MINOR),
    ],
)
def test_parse(text: str, scale: int, amount_minor: int) -> None:
    assert parse_minor(text=text, scale=scale) == amount_minor


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("", 2),
        (".", 2),
        (".5", 2),
        ("5.", 2),
        ("12.345", 2),
        ("12.340", 2),
        ("1.0", 0),
        ("1,23.45", 2),
        ("1,2345", 0),
        (",123", 0),
        ("1e3", 2),
        ("NaN", 2),
        ("Infinity", 2),
        (" 1", 0),
        ("1\n", 0),
        ("--1", 0),
        ("1_000", 0),
        ("\u0661\u0662", 0),
        ("0x10", 0),
        ("90071992547409.92", 2),
        ("9" * 5000, 0),
    ],
)
def test_parse_refuses_what_is_not_exact(text: str, scale: int) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals|larger"):
        parse_minor(text=text, scale=scale)


@pytest.mark.parametrize(
    ("amount_minor", "scale", "text"),
    [
        (123456, 2, "1,234.56"),
        (-5, 2, "-0.05"),
        (0, 0, "0"),
        (1234567, 0, "1,234,567"),
        (10001, 4, "1.0001"),
    ],
)
def test_format(amount_minor: int, scale: int, text: str) -> None:
    assert format_minor(amount_minor=amount_minor, scale=scale) == text


@given(amount_minor=AMOUNTS, weights=shares())
def test_split_creates_and_loses_nothing(amount_minor: int, weights: list[Rate]) -> None:
    parts = split(amount_minor=amount_minor, weights=weights)
    remainder = amount_minor - sum(parts)
    exact = [amount_minor * weight.fraction for weight in weights]
    assert len(parts) == len(weights)
    assert all(0 <= share - part < 1 for part, share in zip(parts, exact, strict=True))
    assert remainder >= 0
    assert 0 <= remainder - (amount_minor - sum(exact, Fraction(0))) < len(weights)


@given(amount_minor=AMOUNTS)
def test_split_of_the_whole_and_of_nothing(amount_minor: int) -> None:
    assert split(amount_minor=amount_minor, weights=[WHOLE]) == [amount_minor]
    assert split(amount_minor=amount_minor, weights=[ZERO, WHOLE]) == [0, amount_minor]
    assert split(amount_minor=amount_minor, weights=[]) == []


def test_split_leaves_the_remainder_to_the_caller() -> None:
    assert split(amount_minor=10, weights=[Rate(1, 3), Rate(1, 3), Rate(1, 3)]) == [3, 3, 3]
