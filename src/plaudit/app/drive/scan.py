"""A first reading of the payments: what a server must know before they come, and what their sums must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from plaudit.app.drive.report import LISTED_MAX, Broken
from plaudit.app.drive.rows import BrokenRow, Row, SourceError
from plaudit.kernel.money import MAX_MINOR

Rows = Callable[[], Iterable[Row | BrokenRow]]
"""Gives the payments from their first on; called twice, so that no more than a line is kept in memory."""


@dataclass(slots=True)
class Span:
    """The payments of one currency: smallest, largest, and sum, in minor units."""

    min_minor: int
    max_minor: int
    sum_minor: int


@dataclass(slots=True)
class Scan:
    """What the first reading found; `creators` in the order of their first payment."""

    rows: int = 0
    broken: int = 0
    broken_rows: list[Broken] = field(default_factory=list)
    creators: dict[str, None] = field(default_factory=dict)
    currencies: dict[str, Span] = field(default_factory=dict)

    @property
    def sums(self) -> dict[str, int]:
        """Sum of all payments by currency, in minor units."""
        return {currency: span.sum_minor for currency, span in self.currencies.items()}


def scan(*, rows: Rows) -> Scan:
    """Read all rows once. Raises SourceError when a currency's sum is beyond what an account can hold."""
    found = Scan()
    for row in rows():
        found.rows += 1
        if isinstance(row, BrokenRow):
            found.broken += 1
            if len(found.broken_rows) < LISTED_MAX:
                found.broken_rows.append(Broken(line=row.line, reason=row.reason))
            continue
        found.creators[row.creator] = None
        span = found.currencies.get(row.currency)
        if span is None:
            found.currencies[row.currency] = Span(row.amount_minor, row.amount_minor, row.amount_minor)
            continue
        span.min_minor = min(span.min_minor, row.amount_minor)
        span.max_minor = max(span.max_minor, row.amount_minor)
        span.sum_minor += row.amount_minor
    for currency, span in found.currencies.items():
        if span.sum_minor > MAX_MINOR:
            raise SourceError(f"the payments in {currency} add up to more than {MAX_MINOR} minor units")
    return found
