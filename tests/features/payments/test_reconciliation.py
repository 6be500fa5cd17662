"""A channel's bill against the books: every class of difference is found, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from plaudit.core import audit
from plaudit.core.commands.command import Command, Outcome, Plan
from plaudit.core.commands.references import Lookup
from plaudit.core.journal.facts import Fact
from plaudit.core.ledger.book import Decision, Transfer
from plaudit.features.payments.actions.base import system_grant
from plaudit.features.payments.model.bills import BillException
from plaudit.features.payments.model.channel import BillLine, BillNotReady
from plaudit.vocabulary import chart
from plaudit.vocabulary.facts.bills import BillRequested
from tests.features.payments.billed import DAY, Desk, at, summary

pytestmark = pytest.mark.anyio

NEXT = DAY + timedelta(days=1)


def told(found: list[BillException]) -> dict[str, tuple[str, str]]:
    return {one.subject: (one.difference, one.state) for one in found}


async def test_a_day_that_agrees_has_no_exceptions(desk: Desk) -> None:
    first, second = await desk.paid(1_000), await desk.paid(2_500)
    back = await desk.refunded(second, 500)
    desk.bill(first, second, back)
    ended = await desk.reconcile()
    assert summary(ended) == {"matched": 3}
    (matched,) = ended.classes
    assert (matched.ours_minor, matched.theirs_minor) == (3_000, 3_000)
    assert await desk.exceptions() == []
    (sums,) = ended.sums
    assert (sums.our_payments, sums.our_payments_minor) == (2, 3_500)
    assert (sums.bill.payments_minor, sums.bill.refunds_minor) == (3_500, -500)
    assert (sums.our_refunds, sums.our_refunds_minor) == (1, -500)


async def test_the_channel_is_asked_about_what_its_bill_has_and_we_took_for_unpaid(desk: Desk) -> None:
    on_bill, unpaid = await desk.paid(800, state="closed"), await desk.paid(900, state="closed")
    kept = await desk.paid(1_000)
    desk.bill(on_bill, kept)
    await desk.reconcile()
    asked = await desk.execute(
        "SELECT number FROM payments.attempt WHERE tenant_id = %s AND ask_at IS NOT NULL", (desk.tenant_id,)
    )
    assert (asked, on_bill.number != unpaid.number) == ([(on_bill.number,)], True)


async def test_each_class_is_found_and_nothing_else(desk: Desk) -> None:
    agreed = [await desk.paid(100 + n) for n in range(5)]
    unknown = BillLine(
        line=90,
        kind="payment",
        asset="CNY",
        amount_minor=700,
        number="P00000000000ZZA01",
        transaction="4299",
        fee_minor=4,
    )
    unpaid = await desk.paid(800, state="failed")
    unbilled = await desk.paid(900)
    late = await desk.paid(1_100, settled_at=at(23, 55))
    after = await desk.paid(1_200, settled_at=at(0, 1, day=NEXT))
    other_amount = await desk.paid(1_300)
    other_fee = await desk.paid(100_000)
    failed = await desk.refunded(agreed[0], 10, state="failed")
    unseen = await desk.refunded(agreed[1], 20)
    running = await desk.refunded(agreed[2], 30, state="sending", told="PROCESSING")
    desk.bill(
        *agreed,
        unknown,
        unpaid,
        after,
        replace(other_amount, amount_minor=1_301, fee_minor=8),
        replace(other_fee, fee_minor=602),
        failed,
        running,
    )
    ended = await desk.reconcile()
    assert summary(ended) == {
        "matched": 5,
        "timing": 3,
        "missing_here": 2,
        "missing_there": 2,
        "amount_differs": 1,
        "fee_differs": 1,
        "refund_state_differs": 1,
    }
    assert told(await desk.exceptions()) == {
        f"payment/{unknown.number}": ("missing_here", "open"),
        f"payment/{unpaid.number}": ("missing_here", "open"),
        f"payment/{unbilled.number}": ("missing_there", "open"),
        f"payment/{late.number}": ("timing", "expected"),
        f"payment/{after.number}": ("timing", "expected"),
        f"payment/{other_amount.number}": ("amount_differs", "open"),
        f"payment/{other_fee.number}": ("fee_differs", "open"),
        f"refund/{failed.refund_number}": ("refund_state_differs", "open"),
        f"refund/{unseen.refund_number}": ("missing_there", "open"),
        f"refund/{running.refund_number}": ("timing", "expected"),
    }
    assert ended.opened == 7
    (fact,) = await desk.facts("bill.reconciled")
    assert (fact["matched"], fact["timing"], fact["missing_here"], fact["opened"]) == (5, 3, 2, 7)


async def test_a_fee_may_be_rounded_either_way(desk: Desk) -> None:
    lines = [replace(await desk.paid(100_000), fee_minor=fee) for fee in (599, 600, 601, 598, 602)]
    desk.bill(*lines)
    ended = await desk.reconcile()
    assert summary(ended) == {"matched": 3, "fee_differs": 2}
    assert {one.fee_due_minor for one in await desk.exceptions()} == {600}


async def test_a_line_is_found_by_the_channels_number(desk: Desk) -> None:
    line = await desk.paid(1_000)
    desk.bill(replace(line, number=""))
    assert summary(await desk.reconcile()) == {"matched": 1}


async def test_an_order_paid_twice_is_two_lines(desk: Desk) -> None:
    first = await desk.paid(1_000)
    second = await desk.surplus(first, 1_000, "42009")
    desk.bill(second, first)
    assert summary(await desk.reconcile()) == {"matched": 2}


async def test_a_line_that_stands_twice_is_missing_here_once(desk: Desk) -> None:
    line = await desk.paid(1_000)
    desk.bill(line, replace(line, line=7, transaction="42001"))
    assert summary(await desk.reconcile()) == {"matched": 1, "missing_here": 1}
    (found,) = await desk.exceptions()
    assert (found.line, found.transaction) == (7, "42001")


async def test_a_payment_of_another_transaction_is_missing_on_both_sides(desk: Desk) -> None:
    line = await desk.paid(1_000)
    desk.bill(replace(line, transaction="42001"))
    assert summary(await desk.reconcile()) == {"missing_here": 1, "missing_there": 1}


async def test_a_damaged_bill_is_refused_whole(desk: Desk) -> None:
    line = await desk.paid(1_000)
    desk.bill(line, replace(line, line=2, number="P9", transaction="4"))
    desk.channel.damaged["trade"] = 3
    ended = await desk.reconcile()
    assert (ended.state, ended.problem_line) == ("refused", 3)
    assert ended.problem == "trade bill: line 3: the count is wrong"
    assert await desk.exceptions() == []
    assert await desk.balance(chart.channel_fees(asset="CNY")) == 0
    assert [fact["line"] for fact in await desk.facts("bill.refused")] == [3]
    assert await desk.facts("bill.imported") == []
    desk.channel.damaged.clear()
    assert summary(await desk.reconcile()) == {"matched": 1, "missing_here": 1}


async def test_the_same_bill_again_changes_nothing(desk: Desk) -> None:
    line, other = await desk.paid(1_000), await desk.paid(2_000)
    desk.bill(replace(line, amount_minor=999), other)
    first = await desk.reconcile()
    before = await desk.exceptions()
    again = await desk.reconcile()
    assert (again.classes, again.opened, again.settled) == (first.classes, 0, 0)
    assert await desk.exceptions() == before
    assert len(await desk.facts("bill.imported")) == 2
    assert await desk.balance(chart.channel_fees(asset="CNY")) == -18


async def test_a_corrected_bill_posts_the_difference_of_the_fees(desk: Desk) -> None:
    line = await desk.paid(100_000)
    address = chart.channel_account(account=(await desk.merchant()).id, asset="CNY")
    desk.bill(line)
    await desk.reconcile()
    assert (await desk.balance(chart.channel_fees(asset="CNY")), await desk.balance(address)) == (-600, 600)
    desk.bill(replace(line, fee_minor=599))
    await desk.reconcile()
    assert (await desk.balance(chart.channel_fees(asset="CNY")), await desk.balance(address)) == (-599, 599)
    posted = [one["fees_posted_minor"] for fact in await desk.facts("bill.imported") for one in fact["sums"]]
    assert posted == [600, -1]


async def test_what_is_expected_comes_on_the_next_days_bill(desk: Desk) -> None:
    late = await desk.paid(1_000, settled_at=at(23, 55))
    after = await desk.paid(2_000, settled_at=at(0, 1, day=NEXT))
    sending = await desk.refunded(late, 100, state="sending", told="PROCESSING")
    desk.bill(after, sending)
    await desk.reconcile()
    await desk.execute(
        "UPDATE payments.refund SET state = 'succeeded', settled_at = %s WHERE tenant_id = %s",
        (at(15, day=NEXT), desk.tenant_id),
    )
    desk.bill(late, day=NEXT)
    ended = await desk.reconcile(NEXT)
    assert summary(ended) == {"matched": 1}
    assert (ended.opened, ended.settled) == (0, 3)
    assert {one.state for one in await desk.exceptions()} == {"resolved"}
    assert {one.resolution for one in await desk.exceptions()} == {"settled"}
    again = await desk.reconcile()
    assert (again.opened, again.settled) == (0, 0)
    assert {one.state for one in await desk.exceptions()} == {"resolved"}


async def test_the_no_to_a_try_before_is_no_difference(desk: Desk) -> None:
    paid = await desk.paid(1_000)
    done = await desk.refunded(paid, 400, retries=1)
    before = replace(
        done, refund_number=done.refund_number.removesuffix("_1"), channel_refund="5000001", state="CLOSED"
    )
    desk.bill(paid, before, done)
    ended = await desk.reconcile()
    assert (ended.opened, await desk.exceptions()) == (0, [])
    desk.bill(paid, before, replace(done, state="CLOSED"))
    await desk.reconcile()
    assert told(await desk.exceptions()) == {
        f"refund/{done.refund_number}": ("refund_state_differs", "open")
    }, "a no to the last try is one"


async def test_what_does_not_come_then_is_missing(desk: Desk) -> None:
    late = await desk.paid(1_000, settled_at=at(23, 55))
    sending = await desk.refunded(late, 100, state="sending", told="PROCESSING")
    desk.bill(sending)
    await desk.reconcile()
    await desk.execute("UPDATE payments.refund SET state = 'failed' WHERE tenant_id = %s", (desk.tenant_id,))
    desk.bill(day=NEXT)
    ended = await desk.reconcile(NEXT)
    assert ended.opened == 2
    assert told(await desk.exceptions()) == {
        f"payment/{late.number}": ("missing_there", "open"),
        f"refund/{sending.refund_number}": ("refund_state_differs", "open"),
    }


async def test_what_was_recorded_late_explains_itself(desk: Desk) -> None:
    line = await desk.paid(1_000, state="unknown")
    desk.bill(line)
    assert summary(await desk.reconcile()) == {"missing_here": 1}
    await desk.execute(
        "UPDATE payments.attempt SET state = 'paid', settled_at = %s WHERE tenant_id = %s",
        (at(11, day=NEXT), desk.tenant_id),
    )
    desk.bill(day=NEXT)
    ended = await desk.reconcile(NEXT)
    assert (summary(ended), ended.settled) == ({}, 1)


async def test_the_channels_account_is_compared_with_the_bills_balance(desk: Desk) -> None:
    line = await desk.paid(100_000)
    here = chart.channel_account(account=(await desk.merchant()).id, asset="CNY")
    await _receive(desk, 100_000)
    desk.house.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    funds = [
        BillLine(line=1, kind="payment", asset="CNY", amount_minor=100_000, balance_minor=100_000),
        BillLine(line=2, kind="fee", asset="CNY", amount_minor=-600, balance_minor=99_400),
        BillLine(line=3, kind="withdrawal", asset="CNY", amount_minor=-90_000, balance_minor=9_400),
    ]
    desk.bill(replace(line, happened_at=at(12, day=NEXT)), day=NEXT, funds=funds)
    await desk.execute(
        "UPDATE payments.attempt SET settled_at = %s WHERE tenant_id = %s",
        (at(12, day=NEXT), desk.tenant_id),
    )
    (sums,) = (await desk.reconcile(NEXT)).sums
    assert sums.balance is not None
    assert (sums.balance.bill_minor, sums.balance.ledger_minor, sums.balance.difference_minor) == (
        9_400,
        9_400,
        0,
    )
    assert (sums.fees_posted_minor, sums.withdrawals_posted_minor) == (600, 90_000)
    assert await desk.balance(chart.bank(asset="CNY")) == -90_000
    assert await desk.balance(here) == -9_400
    desk.bill(line, day=NEXT, funds=[*funds[:2], replace(funds[2], balance_minor=9_300)])
    (sums,) = (await desk.reconcile(NEXT)).sums
    assert sums.balance is not None
    assert sums.balance.difference_minor == -100
    report = await audit.examine(desk.house.database)
    assert report.green, report.findings


async def _receive(desk: Desk, amount_minor: int) -> None:
    """Let what was paid stand in the ledger, as the payment's fact would have it."""
    here = chart.channel_account(account=(await desk.merchant()).id, asset="CNY")
    clearing = chart.clearing(asset="CNY")
    fact = BillRequested(account="acc_0000000000001", day=DAY)
    decision = Decision(Fact("channel/test", fact), (Transfer(here, clearing, amount_minor),))

    def plan(_lookup: Lookup) -> Plan:
        return Plan(lambda _book: decision, (here, clearing))

    command = Command("test.paid", "test", system_grant(desk.tenant_id), "paid", b"paid", plan)
    async with desk.house.database.transaction() as tx:
        (result,) = await desk.house.corridor.record(tx, [command])
    assert isinstance(result, Outcome)


async def test_a_bill_that_is_not_there_is_asked_for_again(desk: Desk) -> None:
    with pytest.raises(BillNotReady):
        await desk.reconcile()
    assert await desk.facts("bill.reconciled") == []
