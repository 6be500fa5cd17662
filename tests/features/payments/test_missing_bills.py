"""Days whose bill never comes: what we settled on them is told in the end, and a late bill explains it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from plaudit.features.payments.actions import reconciliation as actions
from plaudit.features.payments.model.channel import BillLine
from plaudit.platform import jobs
from plaudit.vocabulary import chart
from tests.features.payments.billed import DAY, Desk, at

pytestmark = pytest.mark.anyio

NEXT = DAY + timedelta(days=1)
GIVEN_UP = at(8, day=DAY + timedelta(days=4))


async def turn(desk: Desk, when: datetime, *, day: date = DAY) -> None:
    """Have a day compared as the schedule does at a time."""
    now = desk.house.clock.now()
    desk.house.clock.advance(when - now)  # type: ignore[attr-defined]
    asked = actions.ReconcileDay(tenant_id=desk.tenant_id, account=desk.account, day=day)
    await actions.reconcile_day(desk.house, jobs.Attempt(arguments=asked, number=1, last=False))


async def test_a_day_whose_bill_never_comes_is_told_in_the_end(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    line = await desk.paid(1_000)
    back = await desk.refunded(line, 200)
    counted = actions.MISSING.labels("wechat")._value.get()
    await turn(desk, at(12, day=DAY + timedelta(days=3)))
    assert (await desk.exceptions(), await desk.facts("bill.missing")) == ([], [])
    await turn(desk, GIVEN_UP)
    assert {one.subject: (one.difference, one.state) for one in await desk.exceptions()} == {
        f"payment/{line.number}": ("missing_there", "open"),
        f"refund/{back.refund_number}": ("missing_there", "open"),
    }
    (fact,) = await desk.facts("bill.missing")
    assert (fact["day"], fact["alone"], fact["opened"]) == (DAY.isoformat(), 2, 2)
    assert actions.MISSING.labels("wechat")._value.get() == counted + 1
    assert "no bill of a day" in capsys.readouterr().out
    assert await desk.facts("bill.imported") == []


async def test_a_day_without_a_bill_and_without_anything_of_ours_stays_quiet(desk: Desk) -> None:
    await desk.paid(1_000, settled_at=at(12, day=NEXT))
    await desk.paid(1_000, state="failed")
    await turn(desk, GIVEN_UP)
    assert (await desk.exceptions(), await desk.facts("bill.missing")) == ([], [])


async def test_a_day_without_a_bill_is_told_once_and_a_bill_that_comes_after_all_explains_it(
    desk: Desk,
) -> None:
    line = await desk.paid(100_000)
    other = await desk.paid(200)
    await turn(desk, GIVEN_UP)
    before = await desk.exceptions()
    await turn(desk, GIVEN_UP + timedelta(hours=1))
    assert await desk.exceptions() == before
    assert [fact["opened"] for fact in await desk.facts("bill.missing")] == [2, 0]
    desk.bill(line)
    await turn(desk, GIVEN_UP + timedelta(hours=2))
    assert {one.subject: (one.state, one.resolution) for one in await desk.exceptions()} == {
        f"payment/{line.number}": ("resolved", "settled"),
        f"payment/{other.number}": ("open", None),
    }
    assert await desk.balance(chart.channel_fees(asset="CNY")) == -600
    desk.channel.bills.clear()
    found = await desk.exceptions()
    await turn(desk, GIVEN_UP + timedelta(hours=3))
    assert await desk.exceptions() == found, "a bill that was there once is believed"


async def test_without_a_bill_of_the_account_its_payments_are_compared_in_the_end(desk: Desk) -> None:
    line = await desk.paid(1_000)
    desk.bill(line)
    del desk.channel.bills[DAY, "funds"]
    await turn(desk, at(12, day=DAY + timedelta(days=3)))
    assert await desk.facts("bill.reconciled") == []
    await turn(desk, GIVEN_UP)
    (fact,) = await desk.facts("bill.reconciled")
    assert (fact["matched"], await desk.facts("bill.missing")) == (1, [])


async def test_a_day_with_withdrawals_alone_is_taken_in(desk: Desk) -> None:
    desk.channel.bills[DAY, "funds"] = [
        BillLine(line=1, kind="withdrawal", asset="CNY", amount_minor=-5_000, balance_minor=0)
    ]
    await turn(desk, GIVEN_UP)
    assert await desk.balance(chart.bank(asset="CNY")) == -5_000
    assert (len(await desk.facts("bill.reconciled")), await desk.facts("bill.missing")) == (1, [])
