"""Exact ratios: shares and fees without floating point."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

_PERCENT = re.compile(r"(\d{1,6})(?:\.(\d{1,9}))?%", re.ASCII)
_RATIO = re.compile(r"(\d{1,15})/(\d{1,15})", re.ASCII)
_DECIMAL = re.compile(r"(\d{1,6})(?:\.(\d{1,12}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """A non-negative ratio `numerator / denominator`, kept as given; `parse` and `reduced` reduce it.

    Constructing does not check (it happens in hot paths): the denominator must be positive.
    """

    numerator: int
    denominator: int

    @classmethod
    def basis_points(cls, points: int) -> Self:
        """Return `points` / 10,000 in lowest terms; 7000 is seventy per cent."""
        return cls.reduced(numerator=points, denominator=10_000)

    @classmethod
    def reduced(cls, *, numerator: int, denominator: int) -> Self:
        """Return the ratio in lowest terms.

        Raises ValueError when the numerator is negative or the denominator is not positive.
        """
        if denominator <= 0 or numerator < 0:
            message = f"{numerator}/{denominator} is no rate: negative, or its denominator is not positive"
            raise ValueError(message)
        exact = Fraction(numerator, denominator)
        return cls(exact.numerator, exact.denominator)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rate written as "0.7", "70%" or "7/10", in lowest terms. Raises ValueError otherwise."""
        if match := _RATIO.fullmatch(text):
            return cls.reduced(numerator=int(match[1]), denominator=int(match[2]))
        match = _PERCENT.fullmatch(text)
        percent = match is not None
        match = match or _DECIMAL.fullmatch(text)
        if match is None:
            message = f'{text!r} is not a rate; write it like "70%", "0.7" or "7/10"'
            raise ValueError(message)
        decimals = match[2] or ""
        scale = 10 ** (len(decimals) + (2 if percent else 0))
        return cls.reduced(numerator=int(match[1] + decimals), denominator=scale)

    def of(self, amount_minor: int) -> int:
        """Return this share of `amount_minor`, rounded down (towards minus infinity)."""
        return amount_minor * self.numerator // self.denominator

    def of_ceil(self, amount_minor: int) -> int:
        """Return this share of `amount_minor`, rounded up (towards plus infinity)."""
        return -(-amount_minor * self.numerator // self.denominator)

    @property
    def fraction(self) -> Fraction:
        """The same ratio as a `Fraction`, for sums and comparisons outside hot paths."""
        return Fraction(self.numerator, self.denominator)

    def __str__(self) -> str:
        """Return "7/10", which `parse` reads back."""
        return f"{self.numerator}/{self.denominator}"


ZERO = Rate(0, 1)
WHOLE = Rate(1, 1)
