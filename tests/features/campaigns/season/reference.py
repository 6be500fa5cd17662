"""What the six campaigns of `six` have to give for the payments of `payments`: plain loops, one a campaign.

Written from the words of the terms alone. It knows nothing of trees, windows, engines and books.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tests.features.campaigns.season.payments import Payment
from tests.features.campaigns.season.six import AMPLE

_NEW_YORK: Final = ZoneInfo("America/New_York")
_SATURDAY: Final = 6
_FROM: Final = datetime(2012, 5, 20, tzinfo=UTC)
_BEFORE: Final = datetime(2017, 5, 24, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """So many coins for a viewer, by a campaign, when it heard of the payment of this number."""

    campaign: str
    payment: int
    viewer: str
    coins: int


@dataclass(frozen=True, slots=True)
class Given:
    """All grants, and the payment that the ladder's budget did not reach for, if there was one."""

    grants: frozenset[Grant]
    dry_at: int | None


def given(paid: Sequence[Payment], *, capped: bool = True, ladder_budget: int = AMPLE) -> Given:
    """Return what the six campaigns give, each payment heard of when it happens.

    Without `capped` there are no caps.
    """
    dollars = [one for one in paid if one.currency == "USD" and _FROM <= one.at < _BEFORE]
    ladder, dry_at = _ladder(dollars, budget=ladder_budget)
    grants = [
        *_evening(dollars, capped=capped),
        *_weekend(dollars, capped=capped),
        *ladder,
        *_faithful(dollars),
        *_welcome(paid),
        *_streak(dollars),
    ]
    return Given(frozenset(grants), dry_at)


def _local(one: Payment) -> datetime:
    return one.at.astimezone(_NEW_YORK)


def _is_evening(one: Payment) -> bool:
    clock = _local(one).time()
    return one.minor >= 500 and time(18) <= clock < time(23) and one.show != "sgdq2013"


def _evening(paid: Sequence[Payment], *, capped: bool) -> list[Grant]:
    """Give a twentieth from 5.00 on, from six to eleven, not at sgdq2013; at most 150 a person and day."""
    found = []
    had: defaultdict[tuple[str, date], int] = defaultdict(int)
    for one in paid:
        if not _is_evening(one):
            continue
        coins = one.minor // 20
        if capped:
            today = (one.viewer, _local(one).date())
            coins = min(coins, 150 - had[today])
            had[today] += coins
        if coins > 0:
            found.append(Grant("evening", one.number, one.viewer, coins))
    return found


def _weekend(paid: Sequence[Payment], *, capped: bool) -> list[Grant]:
    """Give fifty on weekends from noon to eight, unless `evening` counts it; twice a person and day."""
    found = []
    had: defaultdict[tuple[str, date], int] = defaultdict(int)
    for one in paid:
        local = _local(one)
        if local.isoweekday() < _SATURDAY or not time(12) <= local.time() < time(20) or _is_evening(one):
            continue
        today = (one.viewer, local.date())
        if capped and had[today] == 2:
            continue
        had[today] += 1
        found.append(Grant("weekend", one.number, one.viewer, 50))
    return found


def _ladder(paid: Sequence[Payment], *, budget: int) -> tuple[list[Grant], int | None]:
    """Give 20 from 10.00, nothing from 25.00, 150 from 50.00, 450 from 100.00.

    It is over at the first that the budget does not reach for.
    """
    found: list[Grant] = []
    left = budget
    for one in paid:
        if 1_000 <= one.minor < 2_500:
            coins = 20
        elif 5_000 <= one.minor < 10_000:
            coins = 150
        elif one.minor >= 10_000:
            coins = 450
        else:
            continue
        if coins > left:
            return found, one.number
        left -= coins
        found.append(Grant("ladder", one.number, one.viewer, coins))
    return found, None


def _faithful(paid: Sequence[Payment]) -> list[Grant]:
    """Give for a week with one creator 100 at 20.00, 600 in all at 100.00, 500 for each 100.00 more."""
    found = []
    sums: defaultdict[tuple[str, str, int, int], int] = defaultdict(int)
    for one in paid:
        year, week, _ = _local(one).isocalendar()
        key = (one.viewer, one.creator, year, week)
        before = sums[key]
        sums[key] += one.minor
        coins = _week_worth(sums[key]) - _week_worth(before)
        if coins:
            found.append(Grant("faithful", one.number, one.viewer, coins))
    return found


def _week_worth(cents: int) -> int:
    if cents < 2_000:
        return 0
    if cents < 10_000:
        return 100
    return 600 + (cents - 10_000) // 10_000 * 500


def _welcome(paid: Sequence[Payment]) -> list[Grant]:
    """Give a fifth of the first tip that somebody ever gave, if that was in dollars and at least 10.00."""
    found = []
    known: set[str] = set()
    for one in paid:
        if one.viewer in known:
            continue
        known.add(one.viewer)
        if one.currency == "USD" and one.minor >= 1_000 and _FROM <= one.at < _BEFORE:
            found.append(Grant("welcome", one.number, one.viewer, one.minor // 5))
    return found


def _streak(paid: Sequence[Payment]) -> list[Grant]:
    """Give 200 for every third day in a row with at least 5.00 on each."""
    found = []
    sums: defaultdict[tuple[str, date], int] = defaultdict(int)
    rows: defaultdict[tuple[str, date], int] = defaultdict(int)
    for one in paid:
        today = _local(one).date()
        before = sums[one.viewer, today]
        sums[one.viewer, today] += one.minor
        if before < 500 <= sums[one.viewer, today]:
            rows[one.viewer, today] = rows[one.viewer, today - timedelta(days=1)] + 1
            if rows[one.viewer, today] % 3 == 0:
                found.append(Grant("streak", one.number, one.viewer, 200))
    return found
