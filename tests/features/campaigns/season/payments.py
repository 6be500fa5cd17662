"""The recorded payments, in the order in which they happened."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

SAMPLES: Final = Path(os.environ.get("PLAUDIT_SAMPLES", Path(__file__).parents[5] / "shared" / "data"))
DONATIONS: Final = SAMPLES / "donations.csv.gz"
SMALL_SHOW: Final = "sgdq2012"
"""2,207 payments by 1,007 people to 46 creators, in one week of 2012."""

needs_samples = pytest.mark.skipif(
    not DONATIONS.exists(), reason=f"the recorded broadcasts are not at {SAMPLES} (PLAUDIT_SAMPLES)"
)

_NO_DECIMALS: Final = frozenset({"JPY", "KRW", "CLP"})
_STARTS: Final = datetime(2020, 11, 1, tzinfo=UTC)
"""Where a show starts whose rows count seconds."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One row. `number` is its place in time, from 0; `at` differs from that of every other row."""

    number: int
    at: datetime
    viewer: str
    creator: str
    show: str
    currency: str
    minor: int


def payments(show: str | None = None) -> list[Payment]:
    """Return the payments of one show or of all, by time.

    Rows of one second come in the order of the file and are made a microsecond apart, so that none of them
    happens at the moment of another. Who did not give a name is one person a show.
    """
    with gzip.open(DONATIONS, "rt", encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if show in {None, row["show_id"]}]
    rows.sort(key=_time)
    seen: Counter[datetime] = Counter()
    found = []
    for number, row in enumerate(rows):
        second = _time(row)
        found.append(
            Payment(
                number=number,
                at=second + timedelta(microseconds=seen[second]),
                viewer=row["viewer_id"] or f"anon.{row['show_id']}",
                creator=row["creator_id"],
                show=row["show_id"],
                currency=row["currency"],
                minor=_minor(row["amount"], row["currency"]),
            )
        )
        seen[second] += 1
    return found


def _time(row: dict[str, str]) -> datetime:
    text = row["at"]
    if text.lstrip("-").isdigit():
        return _STARTS + timedelta(seconds=int(text))
    return datetime.fromisoformat(text)


def _minor(amount: str, currency: str) -> int:
    minor = Decimal(amount) * (1 if currency in _NO_DECIMALS else 100)
    assert minor == int(minor), amount
    return int(minor)
