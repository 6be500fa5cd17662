"""The classes of differences, judged on two sides without any database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from plaudit.features.payments.model.bills import due_days, period_of
from plaudit.features.payments.model.reconciliation import Ours, Rules, Theirs, fee_fits, judge
from plaudit.kernel.rate import Rate
from tests.features.examples import table

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = period_of(date(2026, 5, 1), SHANGHAI)
NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
RULES = Rules(day=DAY, fee_rate=Rate.parse("0.6%"))
LINE = Theirs(
    line=2,
    subject="payment",
    asset="CNY",
    amount_minor=1_000,
    fee_minor=6,
    number="P1",
    transaction="42",
    refund_number="",
    channel_refund="",
    told="SUCCESS",
    state="done",
    happened_at=NOON,
)
PAID = Ours(
    subject="payment",
    asset="CNY",
    amount_minor=1_000,
    state="paid",
    number="P1",
    transaction="42",
    intent=1,
    attempt=1,
    settled_at=NOON,
    owner="viewer/v1",
)
BACK = replace(
    LINE, subject="refund", amount_minor=-400, fee_minor=0, refund_number="R1", channel_refund="50"
)
GONE = replace(PAID, subject="refund", amount_minor=-400, state="succeeded", number="R1", refund=1)


def found(theirs: Theirs | None, ours: Ours | None) -> str | None:
    finding = judge(theirs=theirs, ours=ours, rules=RULES)
    return finding.difference if finding else None


@pytest.mark.parametrize(
    ("theirs", "ours", "difference"),
    [
        ({}, {}, None),
        ({}, {"state": "surplus"}, None),
        ({}, {"state": "failed"}, "missing_here"),
        ({}, {"state": "open", "settled_at": None}, "missing_here"),
        ({"transaction": "43"}, {}, "missing_here"),
        ({"transaction": ""}, {}, None),
        ({"amount_minor": 1_001}, {}, "amount_differs"),
        ({"asset": "USD"}, {}, "amount_differs"),
        ({"fee_minor": 7}, {}, None),
        ({"fee_minor": 8}, {}, "fee_differs"),
        ({"fee_minor": -1}, {}, "fee_differs"),
        ({}, {"settled_at": DAY.end}, "timing"),
        ({}, {"settled_at": DAY.start}, None),
    ],
)
def test_payments(theirs: dict[str, Any], ours: dict[str, Any], difference: str | None) -> None:
    assert found(replace(LINE, **theirs), replace(PAID, **ours)) == difference


@pytest.mark.parametrize(
    ("theirs", "ours", "difference"),
    [
        ({}, {}, None),
        ({"amount_minor": -401}, {}, "amount_differs"),
        ({"state": "processing"}, {}, None),
        ({"state": "processing"}, {"state": "sending", "settled_at": None}, "timing"),
        ({}, {"state": "sending", "settled_at": None}, "refund_state_differs"),
        ({}, {"state": "failed"}, "refund_state_differs"),
        ({}, {"state": "review", "settled_at": None}, "refund_state_differs"),
        ({"state": "failed"}, {}, "refund_state_differs"),
        ({"state": "failed"}, {"state": "failed"}, None),
        ({}, {"settled_at": DAY.end + timedelta(days=2)}, "timing"),
    ],
)
def test_refunds(theirs: dict[str, Any], ours: dict[str, Any], difference: str | None) -> None:
    assert found(replace(BACK, **theirs), replace(GONE, **ours)) == difference


def test_one_side_alone() -> None:
    assert found(LINE, None) == "missing_here"
    assert found(None, PAID) == "missing_there"
    assert found(None, replace(PAID, settled_at=DAY.end - timedelta(minutes=15))) == "timing"
    assert found(None, replace(PAID, settled_at=DAY.end - timedelta(minutes=16))) == "missing_there"


def test_a_line_that_came_a_day_later_agrees() -> None:
    finding = judge(theirs=LINE, ours=replace(PAID, settled_at=DAY.start - timedelta(minutes=1)), rules=RULES)
    assert finding is not None
    assert finding.carried


@pytest.mark.parametrize("row", table("reconciliation.md", "what a fee may be"))
def test_a_fee_is_judged_as_the_page_says(row: dict[str, str]) -> None:
    fits = fee_fits(amount_minor=int(row["amount"]), fee_minor=int(row["fee"]), rate=Rate.parse("0.6%"))
    assert fits == (row["is"] == "agreed")


def test_a_day_is_the_channels() -> None:
    assert (DAY.start, DAY.end) == (
        datetime(2026, 4, 30, 16, tzinfo=UTC),
        datetime(2026, 5, 1, 16, tzinfo=UTC),
    )
    before_ten = datetime(2026, 5, 2, 1, 59, tzinfo=UTC)
    assert due_days(now=before_ten, zone=SHANGHAI)[-1] == date(2026, 4, 30)
    assert due_days(now=before_ten + timedelta(minutes=1), zone=SHANGHAI) == (
        date(2026, 4, 29),
        date(2026, 4, 30),
        date(2026, 5, 1),
    )
