"""The bill of payments: read by the names of its columns, believed when it adds up."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.features.payments.model.channel import BillDamaged, BillLine
from plaudit.features.payments.providers.wechat import sheet as wechat_sheet
from tests.features.payments.providers.wechat.bills import (
    ALL,
    OLD,
    REFUND,
    SUCCESS,
    payment,
    refund,
    sheet,
    trade_bill,
    yuan,
)
from tests.features.payments.providers.wechat.stage import channel_at

CHANNEL, _ = channel_at()
BILL = trade_bill([payment(), refund(), payment(商户订单号="P000000000002A01")])


def read(content: bytes) -> list[BillLine]:
    return list(CHANNEL.read_bill(content, kind="trade"))


def test_payments_and_refunds_are_told_in_fen() -> None:
    paid, given_back, other = read(BILL)
    assert (paid.line, paid.kind, paid.asset, paid.amount_minor) == (2, "payment", "CNY", 1234)
    assert (paid.number, paid.transaction, paid.refund_number) == ("P000000000001A01", "4200000001", "")
    assert (paid.fee_minor, paid.state) == (7, "SUCCESS")
    assert paid.happened_at == datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC)
    assert (given_back.line, given_back.kind, given_back.amount_minor) == (3, "refund", -234)
    assert (given_back.number, given_back.refund_number) == ("P000000000001A01", "R0000000000001")
    assert (given_back.channel_refund, given_back.fee_minor) == ("5030000001", -1)
    assert given_back.state == "PROCESSING"
    assert other.number == "P000000000002A01"


def test_a_zipped_bill_reads_the_same() -> None:
    assert read(gzip.compress(BILL)) == read(BILL)


def test_a_bill_without_mark_and_with_plain_newlines_reads_the_same() -> None:
    assert read(BILL.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")) == read(BILL)


@pytest.mark.parametrize("row", [1, 2], ids=["header", "row"])
def test_an_endless_line_damages_the_bill_and_is_not_read_to_its_end(row: int) -> None:
    endless = b"1" * 16 * 1024 * 1024
    lines = BILL.split(b"\r\n")
    content = gzip.compress(b"\r\n".join([*lines[: row - 1], lines[row - 1] + endless, *lines[row:]]))
    tracemalloc.start()
    try:
        with pytest.raises(BillDamaged, match="characters") as damage:
            read(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert damage.value.line == row
    assert most < len(endless) // 8


def test_a_zipped_bill_that_is_too_large_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wechat_sheet, "UNPACKED_MAX_BYTES", len(BILL) - 1)
    with pytest.raises(BillDamaged, match="too much"):
        read(gzip.compress(BILL))
    monkeypatch.setattr(wechat_sheet, "UNPACKED_MAX_BYTES", len(BILL))
    assert len(read(gzip.compress(BILL))) == 3


def test_a_day_without_payments_is_a_bill() -> None:
    assert read(trade_bill([])) == []


def test_bills_of_other_types_and_years_are_read_by_name() -> None:
    (line,) = read(trade_bill([payment()], columns=SUCCESS))
    assert (line.kind, line.amount_minor) == ("payment", 1234)
    row = refund(退款申请时间="2026-11-21 11:00:00", 退款成功时间="2026-11-21 11:00:09")
    (line,) = read(trade_bill([row], columns=REFUND))
    assert (line.kind, line.amount_minor) == ("refund", -234)
    assert line.happened_at == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    rows = [
        payment(总金额="12.34", 代金券或立减优惠退款金额="0"),
        refund(总金额="0", 代金券或立减优惠退款金额="0"),
    ]
    paid, given_back = read(trade_bill(rows, columns=OLD))
    assert (paid.amount_minor, given_back.amount_minor) == (1234, -234)


def test_columns_in_another_order_and_new_ones_at_the_end_change_nothing() -> None:
    assert read(trade_bill([payment(), refund()], columns=ALL[::-1])) == read(
        trade_bill([payment(), refund()])
    )
    assert read(trade_bill([payment()], columns=[*ALL, "新列"])) == read(trade_bill([payment()]))


def test_what_the_payer_owed_counts_though_the_channel_paid_a_part() -> None:
    (line,) = read(trade_bill([payment(应结订单金额="10.00", 代金券金额="2.34")]))
    assert line.amount_minor == 1234


def damage(content: bytes) -> BillDamaged:
    with pytest.raises(BillDamaged) as refused:
        read(content)
    return refused.value


@pytest.mark.parametrize("column", [name for name in ALL if name != "费率备注"])
def test_a_bill_with_a_column_altered_is_refused(column: str) -> None:
    columns = [f"{name}x" if name == column else name for name in ALL]
    assert damage(trade_bill([payment(), refund()], columns=columns)).line == 1


@pytest.mark.parametrize("column", ["交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费"])
def test_a_bill_without_a_column_is_refused(column: str) -> None:
    assert damage(trade_bill([payment()], columns=[name for name in ALL if name != column])).line == 1


def test_a_bill_with_a_column_twice_is_refused() -> None:
    assert damage(trade_bill([payment()], columns=[*ALL, "手续费"])).line == 1


@pytest.mark.parametrize(
    "column", ["应结订单金额", "退款金额", "充值券退款金额", "手续费", "订单金额", "申请退款金额"]
)
def test_a_bill_with_an_amount_altered_is_refused_at_its_totals(column: str) -> None:
    right = trade_bill([payment(), refund()])
    totals = dict(zip(*(line.split(",") for line in right.decode().splitlines()[-2:]), strict=True))
    altered = sheet(
        ALL,
        [payment(), refund(**{column: "0.02"})],
        {name: value.removeprefix("`") for name, value in totals.items()},
    )
    assert damage(altered).line == 5


@pytest.mark.parametrize(
    "total",
    [
        "总交易单数",
        "应结订单总金额",
        "退款总金额",
        "充值券退款总金额",
        "手续费总金额",
        "订单总金额",
        "申请退款总金额",
    ],
)
@pytest.mark.parametrize("value", ["3", "1.5", "", "x"])
def test_a_bill_with_a_total_altered_is_refused_at_its_totals(total: str, value: str) -> None:
    assert damage(trade_bill([payment(), refund()], **{total: value})).line == 5


@pytest.mark.parametrize("total", ["总交易单数", "手续费总金额", "申请退款总金额"])
def test_a_bill_without_a_total_is_refused(total: str) -> None:
    lines = trade_bill([payment()]).decode().splitlines()
    place = lines[-2].split(",").index(total)
    for number in (-2, -1):
        fields = lines[number].split(",")
        lines[number] = ",".join(fields[:place] + fields[place + 1 :])
    refused = damage("\r\n".join(lines).encode())
    assert refused.line == 4
    assert "missing" in str(refused)


def test_a_bill_that_ends_before_its_totals_is_refused() -> None:
    assert "ends before its totals" in str(damage(b"\r\n".join(BILL.split(b"\r\n")[:4])))


def test_a_bill_with_a_row_lost_or_doubled_is_refused() -> None:
    lines = BILL.split(b"\r\n")
    assert damage(b"\r\n".join([*lines[:2], *lines[3:]])).line == 5
    assert damage(b"\r\n".join([*lines[:2], lines[1], *lines[2:]])).line == 7


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"订单金额": "12.345"}, "whole fen"),
        ({"订单金额": "1e3"}, "not an amount"),
        ({"订单金额": "١٢"}, "not an amount"),
        ({"订单金额": "-1.00"}, "less than nothing"),
        ({"手续费": ""}, "not an amount"),
        ({"货币种类": "USD"}, "currency"),
        ({"交易状态": "PAID"}, "state"),
        ({"交易时间": "yesterday"}, "not a time"),
        ({"商品名称": "a,`b"}, "fields"),
        ({"商品名称": "a\nb"}, "fields"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_by_its_line(changed: dict[str, str], message: str) -> None:
    refused = damage(trade_bill([payment(), payment(**changed)]))
    assert refused.line == 3
    assert message in str(refused)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf",
        BILL[: len(BILL) // 2],
        BILL.rsplit(b"\r\n", 2)[0],
        BILL.rsplit(b"\r\n", 3)[0],
        BILL + b"`more\r\n",
        BILL.replace("订单总金额".encode(), "订单合计".encode()),
        BILL.replace(b"`4200000001", b"4200000001", 1),
        BILL.replace(b"P000000000001A01", b"\xff\xfe", 1),
        gzip.compress(BILL)[:-20],
        gzip.compress(BILL)[:100] + b"\0" * 100,
    ],
)
def test_a_bill_that_is_cut_off_or_garbled_is_refused(content: bytes) -> None:
    damage(content)


amounts = st.integers(0, 10**10)
texts = st.text(st.characters(codec="utf-8", exclude_characters="`\r\n"), max_size=20)
numbers = st.text("ABCDEFGHJKMNPQRSTVWXYZ0123456789_", min_size=6, max_size=32)


@st.composite
def paid_rows(draw: st.DrawFn) -> dict[str, str]:
    amount = yuan(draw(amounts), decimals=draw(st.integers(2, 5)))
    return payment(
        商户订单号=draw(numbers),
        订单金额=amount,
        应结订单金额=amount,
        手续费=yuan(draw(amounts), decimals=5),
        商品名称=draw(texts),
        交易时间=draw(st.datetimes(datetime(2014, 1, 1), datetime(2999, 1, 1))).strftime("%Y-%m-%d %H:%M:%S"),  # noqa: DTZ001
    )


@st.composite
def refunded_rows(draw: st.DrawFn) -> dict[str, str]:
    amount = yuan(draw(amounts))
    return refund(
        商户订单号=draw(numbers),
        商户退款单号=draw(numbers),
        申请退款金额=amount,
        退款金额=amount,
        手续费=yuan(-draw(amounts), decimals=5),
        商品名称=draw(texts),
    )


@settings(deadline=None)
@given(st.lists(paid_rows() | refunded_rows(), max_size=12), st.permutations(ALL))
def test_what_is_written_is_read(rows: list[dict[str, str]], columns: list[str]) -> None:
    lines = read(trade_bill(rows, columns=columns))
    assert [line.number for line in lines] == [row["商户订单号"] for row in rows]
    for line, row in zip(lines, rows, strict=True):
        is_refund = row["交易状态"] == "REFUND"
        assert line.kind == ("refund" if is_refund else "payment")
        written = f"-{row['申请退款金额']}" if is_refund else row["订单金额"]
        assert yuan(line.amount_minor) == yuan(
            int(written.replace(".", "")) // 10 ** (len(written.split(".")[1]) - 2)
        )
        assert yuan(line.fee_minor, decimals=5) == row["手续费"]
        assert line.refund_number == (row["商户退款单号"] if is_refund else "")
