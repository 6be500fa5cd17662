"""The bill of the account: every movement, every balance, believed when it adds up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.features.payments.model.channel import BillDamaged, BillLine
from tests.features.payments.providers.wechat.bills import FUNDS, fund_bill, movement, sheet, yuan
from tests.features.payments.providers.wechat.stage import channel_at

CHANNEL, _ = channel_at()
FEE = {"业务名称": "交易", "业务类型": "扣除交易手续费"}
ROWS = [
    movement("12.34", "112.34"),
    movement("-0.07", "112.27", **FEE),
    movement("-2.34", "109.93", 微信支付业务单号="5030000001", 业务凭证号="R0000000000001"),
    movement("0.01", "109.94", **FEE),
    movement("-100.00", "9.94", 业务名称="提现", 业务类型="提现", 业务凭证号="W1"),
    movement("100.00", "109.94", 业务名称="提现失败退回", 业务类型="提现", 业务凭证号="W1"),
    movement("-1.00", "108.94", 业务名称="分账", 业务类型="分账"),
    movement("0.00", "108.94"),
]


def read(content: bytes) -> list[BillLine]:
    return list(CHANNEL.read_bill(content, kind="funds"))


def test_every_movement_is_told_with_the_balance_after_it() -> None:
    lines = read(fund_bill(ROWS))
    assert [(line.kind, line.amount_minor, line.balance_minor) for line in lines] == [
        ("payment", 1234, 11234),
        ("fee", -7, 11227),
        ("refund", -234, 10993),
        ("fee", 1, 10994),
        ("withdrawal", -10000, 994),
        ("other", 10000, 10994),
        ("other", -100, 10894),
        ("payment", 0, 10894),
    ]
    assert [line.line for line in lines] == list(range(2, 10))
    paid, fee, refund = lines[:3]
    assert (paid.number, paid.transaction) == ("P000000000001A01", "4200000001")
    assert (fee.number, fee.transaction) == ("P000000000001A01", "4200000001")
    assert (refund.refund_number, refund.channel_refund) == ("R0000000000001", "5030000001")
    assert (refund.number, refund.transaction) == ("", "")
    assert paid.happened_at == datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def damage(content: bytes) -> BillDamaged:
    with pytest.raises(BillDamaged) as refused:
        read(content)
    return refused.value


@pytest.mark.parametrize("place", range(1, len(ROWS)))
@pytest.mark.parametrize("column", ["收支金额(元)", "账户结余(元)"])
def test_an_amount_or_balance_altered_is_refused_at_its_line(place: int, column: str) -> None:
    rows = [dict(row) for row in ROWS]
    rows[place][column] = "77.77"
    assert damage(fund_bill(rows)).line == place + 2


def test_a_first_amount_altered_is_refused_at_the_totals() -> None:
    assert damage(fund_bill([movement("12.35", "112.34"), *ROWS[1:]], 收入金额="112.35")).line == 11


def test_a_row_lost_from_the_middle_is_refused() -> None:
    assert damage(fund_bill([*ROWS[:2], *ROWS[3:]])).line == 4


@pytest.mark.parametrize("total", ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"])
def test_a_total_altered_or_missing_is_refused(total: str) -> None:
    bill = fund_bill(ROWS, **{total: "1"})
    assert damage(bill).line == len(ROWS) + 3
    assert damage(bill.replace(total.encode(), b"x")).line == len(ROWS) + 3


@pytest.mark.parametrize("column", FUNDS[:-1])
def test_a_column_altered_is_refused(column: str) -> None:
    assert damage(fund_bill(ROWS).replace(column.encode(), column.encode() + b"x", 1)).line == 1


@pytest.mark.parametrize(
    "changed",
    [{"收支类型": "转移"}, {"收支金额(元)": "-1.00"}, {"收支金额(元)": "1.001"}, {"记账时间": "2026"}],
)
def test_a_row_that_cannot_be_meant_is_refused_by_its_line(changed: dict[str, str]) -> None:
    totals = {"资金流水总笔数": "2", "收入笔数": "2", "收入金额": "0", "支出笔数": "0", "支出金额": "0"}
    bill = sheet(FUNDS, [movement("1.00", "1.00"), movement("1.00", "2.00", **changed)], totals)
    assert damage(bill).line == 3


@settings(deadline=None)
@given(st.lists(st.integers(-(10**9), 10**9), max_size=20), st.integers(10**11, 10**12))
def test_what_is_written_is_read(moved: list[int], opening: int) -> None:
    rows, balance = [], opening
    for amount in moved:
        balance += amount
        rows.append(movement(yuan(amount), yuan(balance)))
    lines = read(fund_bill(rows))
    assert [line.amount_minor for line in lines] == moved
    assert not lines or lines[-1].balance_minor == balance
