"""Bills of Alipay: fetched, read to the fen, refused whole when a line or a sum is wrong."""

from __future__ import annotations

import tracemalloc
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillLine, BillNotReady
from plaudit.features.payments.providers.alipay import bills
from plaudit.platform.failures import Final as Refused
from plaudit.platform.failures import Retryable
from tests.features.payments.providers.alipay.stage import SELLER_ID, Fields, Side, channel_at, done, refused

DAY: Final = date(2026, 11, 21)
ASKED: Final = "alipay.data.dataservice.bill.downloadurl.query"
BILLS: Final = Path(__file__).parent / "bills"
FILE: Final = "https://alipay.test/bill.zip?token=1"

TRADE: Final = (BILLS / "trade.csv").read_text()
SUMS: Final = (BILLS / "sums.csv").read_text()
FUNDS: Final = (BILLS / "funds.csv").read_text()


def packed(
    lines: str, *, sums: str | None = None, name: str = "20880000000000010156_20261121_业务明细"
) -> bytes:
    """Return a bill as it comes: names of files in GBK without a mark that says so, texts in GBK and CRLF."""
    made = BytesIO()
    names: list[tuple[bytes, bytes]] = []
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for title, text in ((f"{name}.csv", lines), (f"{name}(汇总).csv", sums)):
            if text is not None:
                # zipfile would mark such a name as UTF-8: one of the same length stands in for it.
                real = title.encode("gbk")
                names.append((bytes([ord("a") + len(names)]) * len(real), real))
                archive.writestr(names[-1][0].decode(), text.replace("\n", "\r\n").encode("gbk"))
    whole = made.getvalue()
    for placed, real in names:
        whole = whole.replace(placed, real)
    return whole


def read(content: bytes, *, kind: BillKind = "trade") -> list[BillLine]:
    return list(channel_at(Side()).read_bill(content, kind=kind))


def test_a_trade_bill_is_read_to_the_fen() -> None:
    assert read(packed(TRADE, sums=SUMS)) == [
        BillLine(
            line=6,
            kind="payment",
            asset="CNY",
            amount_minor=123_456,
            number="P000000000001A01",
            transaction="2026112122001400000000000001",
            fee_minor=741,
            happened_at=datetime(2026, 11, 21, 1, 0, 30, tzinfo=UTC),
        ),
        BillLine(
            line=7,
            kind="payment",
            asset="CNY",
            amount_minor=1,
            number="P000000000002A01",
            transaction="2026112122001400000000000002",
            happened_at=datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC),
        ),
        BillLine(
            line=8,
            kind="refund",
            asset="CNY",
            amount_minor=-23_456,
            number="P000000000001A01",
            transaction="2026112122001400000000000001",
            refund_number="R000000000000B",
            fee_minor=-141,
            happened_at=datetime(2026, 11, 21, 2, 0, 0, tzinfo=UTC),
        ),
    ]


def test_a_bill_of_funds_is_read_with_its_balances() -> None:
    lines = read(packed(FUNDS, name="账务明细"), kind="funds")
    assert [(line.kind, line.amount_minor, line.balance_minor) for line in lines] == [
        ("payment", 123_450, 223_450),
        ("fee", -741, 222_709),
        ("refund", -23_456, 199_253),
        ("withdrawal", -100_000, 99_253),
        ("other", 500, 99_753),
    ]
    assert (lines[0].number, lines[0].transaction, lines[0].line, lines[0].state) == (
        "P000000000001A01",
        "2026112122001400000000000001",
        5,
        "在线支付",
    )


def test_columns_are_found_by_name_wherever_they_stand() -> None:
    rows = [line.split(",") for line in TRADE.splitlines() if not line.startswith("#")]
    turned = iter([unicodedata.normalize("NFKC", ",".join(reversed(row))) for row in rows])
    lines = [line if line.startswith("#") else next(turned) for line in TRADE.splitlines()]
    assert read(packed("\n".join(lines) + "\n")) == read(packed(TRADE))


def test_a_day_without_payments_is_a_bill_without_lines() -> None:
    head, rest = TRADE.split("\n2026112122", 1)
    tail = rest[rest.index("#---") :].replace("2笔", "0笔").replace("1234.51", "0.00")
    assert read(packed(f"{head}\n{tail.replace('1笔', '0笔').replace('-234.56', '0.00')}")) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("1234.50,", "1234.51,", 10),
        ("-234.56,-234.56", "-234.56,-234.55", 11),
        ("0.01,0.01,", "0.01,,", 10),
        ("2笔", "3笔", 10),
        ("1笔", "2笔", 11),
        ("1234.51元", "1234.52元", 10),
        (",1234.56,", ",1234.567,", 6),
        (",1234.56,", ",x,", 6),
        (",1234.56,", ",-1234.56,", 6),
        (",-234.56,", ",234.56,", 8),
        ("2026-11-21 23:59:59", "2026-13-21 23:59:59", 7),
        ("100 枚金币,2026-11-21 23", "100,枚金币,2026-11-21 23", 7),
        ("商户订单号", "订单号", 5),
        ("退款批次号/请求号", "商户订单号", 5),
        ("[2088000000000001", "[2088000000000002", 2),
    ],
)
def test_a_damaged_line_is_named(old: str, new: str, line: int) -> None:
    assert old in TRADE
    with pytest.raises(BillDamaged) as damage:
        read(packed(TRADE.replace(old, new, 1)))
    assert damage.value.line == line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("合计\t,\t,2", "合计\t,\t,3"),
        ("合计\t,\t,2,1", "合计\t,\t,2,0"),
        ("合计\t,\t,2,1,1000.01", "合计\t,\t,2,1,1000.02"),
        ("999.95,0.00,0.06,0.00,-6.00,0.00,993.95\n#", "999.95,0.00,0.06,0.00,-6.01,0.00,993.95\n#"),
        ("交易订单总笔数", "笔数"),
        ("合计\t,\t,2,1", "合计\t,\t,2"),
    ],
)
def test_a_file_of_sums_that_says_otherwise_damages_the_bill(old: str, new: str) -> None:
    assert old in SUMS
    with pytest.raises(BillDamaged):
        read(packed(TRADE, sums=SUMS.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1234.50,", "1234.49,"),
        ("-1000.00", "-1000.01"),
        ("3笔", "4笔"),
        ("1239.50元", "1239.51元"),
        ("0.00,-7.41", "0.01,-7.41"),
    ],
)
def test_a_bill_of_funds_that_does_not_add_up_is_damaged(old: str, new: str) -> None:
    assert old in FUNDS
    with pytest.raises(BillDamaged):
        read(packed(FUNDS.replace(old, new, 1)), kind="funds")


def test_a_bill_that_is_cut_off_is_damaged() -> None:
    cut = TRADE[: TRADE.index("#交易合计")]
    with pytest.raises(BillDamaged, match="neither counts"):
        read(packed(cut))
    assert len(read(packed(cut, sums=SUMS))) == 3
    half = TRADE[: TRADE.index("#退款合计")]
    with pytest.raises(BillDamaged, match="neither counts"):
        read(packed(half))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: whole[:-40],
        lambda whole: b"no zip" + whole[:0],
        lambda whole: whole.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda whole: packed("", name=f"汇总{len(whole)}"),
    ],
    ids=["cut", "other", "directory", "sums-only"],
)
def test_what_is_no_whole_zip_is_damaged(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BillDamaged):
        read(spoil(packed(TRADE)))


def test_a_byte_altered_within_the_zip_is_found() -> None:
    whole = bytearray(packed(TRADE))
    whole[len(whole) // 3] ^= 0x01
    with pytest.raises(BillDamaged):
        read(bytes(whole))


async def test_a_bill_is_asked_for_and_fetched() -> None:
    whole = packed(TRADE, sums=SUMS)
    side = Side({ASKED: done(bill_download_url=FILE)}, files={FILE: whole})
    assert await channel_at(side).fetch_bill(day=DAY, kind="trade") == whole
    assert await channel_at(side).fetch_bill(day=DAY, kind="funds") == whole
    assert side.asked == [
        (ASKED, {"bill_type": "trade", "bill_date": "2026-11-21"}),
        (ASKED, {"bill_type": "signcustomer", "bill_date": "2026-11-21"}),
    ]


async def test_a_fetched_bill_that_is_not_whole_is_damaged() -> None:
    side = Side({ASKED: done(bill_download_url=FILE)}, files={FILE: packed(TRADE)[:-30]})
    with pytest.raises(BillDamaged):
        await channel_at(side).fetch_bill(day=DAY, kind="trade")


async def test_a_fetched_bill_that_would_unpack_to_too_much_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bills, "UNPACKED_MAX_BYTES", 100)
    side = Side({ASKED: done(bill_download_url=FILE)}, files={FILE: packed(TRADE)})
    with pytest.raises(BillDamaged, match="too large"):
        await channel_at(side).fetch_bill(day=DAY, kind="trade")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refused("isp.bill_not_exist"), BillNotReady),
        (refused("BILL_NOT_EXIST"), BillNotReady),
        (refused("isv.invalid-arguments"), Refused),
        (refused("isv.app-call-limited", code="40005"), Retryable),
    ],
)
async def test_a_bill_that_is_not_there_yet_is_waited_for(answer: Fields, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        await channel_at(Side({ASKED: answer})).fetch_bill(day=DAY, kind="trade")


ENDLESS: Final = "1" * 16 * 1024 * 1024


@pytest.mark.parametrize("before", ["", '"', "#"], ids=["row", "quoted", "frame"])
def test_an_endless_line_damages_the_bill_and_is_not_read_to_its_end(before: str) -> None:
    content = packed(TRADE.replace("100 枚金币", before + ENDLESS, 1))
    tracemalloc.start()
    try:
        with pytest.raises(BillDamaged, match="characters") as damage:
            read(content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert damage.value.line == TRADE[: TRADE.index("100 枚金币")].count("\n") + 1
    assert most < len(ENDLESS) // 4


def test_a_row_that_goes_on_over_lines_for_ever_damages_the_bill() -> None:
    content = packed(TRADE.replace("100 枚金币", '"' + "1\n" * 100_000, 1))
    with pytest.raises(BillDamaged, match="characters"):
        read(content)


def test_an_endless_line_among_the_sums_damages_the_bill() -> None:
    with pytest.raises(BillDamaged, match="of its sums"):
        read(packed(TRADE, sums=SUMS.replace("1000.01", ENDLESS[: 1024 * 1024])))


def test_counts_and_sums_that_are_told_without_end_damage_the_bill() -> None:
    tally = next(line for line in TRADE.splitlines() if line.startswith("#交易合计"))
    with pytest.raises(BillDamaged, match="more counts"):
        read(packed(TRADE + f"{tally}\n" * 100))


def test_another_sellers_bill_is_not_read() -> None:
    assert SELLER_ID in TRADE.replace("[20880000000000010156]", f"[{SELLER_ID}0156]")
    with pytest.raises(BillDamaged, match="another account") as damage:
        read(packed(TRADE.replace("[2088", "[2089")))
    assert damage.value.line == 2
