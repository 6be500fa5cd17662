"""Bills of Alipay: a zip of two CSV files in GBK, one with the lines, one with sums.

Lines that begin with "#" frame the table: whose account, and after it counts and sums. Columns are found by
their names, for they differ by contract and year; texts end in a TAB. Amounts are in yuan, what leaves the
account is negative. Counts and sums are checked against the frame and against the file of sums, of which
there must be one at least.
"""

import asyncio
import csv
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from io import BytesIO, TextIOWrapper
from typing import IO, Final
from zipfile import BadZipFile, ZipFile, ZipInfo

from plaudit.features.payments.model.channel import (
    LINE_MAX,
    UNPACKED_MAX_BYTES,
    BillDamaged,
    BillKind,
    BillLine,
    BillNotReady,
    LineKind,
)
from plaudit.features.payments.providers.alipay.gateway import Gateway
from plaudit.features.payments.providers.alipay.words import ASSET, fen, instant
from plaudit.platform.failures import Final as Refused
from plaudit.platform.failures import Unknown
from plaudit.platform.outbound import Outbound

_TYPES: Final[Mapping[BillKind, str]] = {"trade": "trade", "funds": "signcustomer"}
_DOWNLOAD_MAX_BYTES: Final = 512 * 1024 * 1024
_DOWNLOAD_TIMEOUT_MS: Final = 30_000
_HTTP_OK: Final = 200
_NONE_YET: Final = "BILL_NOT_EXIST"
_ENCODING: Final = "gb18030"
_NOTHING: Final = frozenset({"", "0.00"})
_TOLD_MAX: Final = 16
_SUMS: Final = "汇总"
_TOTAL: Final = "合计"

_PAYMENT: Final = "交易"
_REFUND: Final = "退款"
_TRADE_COLUMNS: Final = (
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "完成时间",
    "订单金额(元)",
    "商家实收(元)",
    "退款批次号/请求号",
    "服务费(元)",
)
_FUNDS_COLUMNS: Final = (
    "账务流水号",
    "业务流水号",
    "商户订单号",
    "发生时间",
    "收入金额(+元)",
    "支出金额(-元)",
    "账户余额(元)",
    "业务类型",
)
# A kind of business is told by a word within its name; the first that fits holds.
_FUNDS_KINDS: Final[tuple[tuple[str, LineKind], ...]] = (
    ("收费", "fee"),
    ("服务费", "fee"),
    ("手续费", "fee"),
    ("退款", "refund"),
    ("提现", "withdrawal"),
    ("转账到银行卡", "withdrawal"),
    ("在线支付", "payment"),
    ("交易", "payment"),
)
_ACCOUNT: Final = re.compile(r"#账号:\[(\d+)\]")
_TALLY: Final = re.compile(r"#+(交易|退款|收入|支出)合计:(\d+)笔,([^\d-]*)(-?[\d,]+\.\d{2})元")
_RECEIVED: Final = "商家实收(元)"
_ORDERED: Final = "订单金额(元)"
_FEE: Final = "服务费(元)"
_IN: Final = "收入"
_OUT: Final = "支出"
_MOVED: Final = "发生金额"


async def fetch(*, gateway: Gateway, outbound: Outbound, day: date, kind: BillKind) -> bytes:
    """Return a day's bill, a zip that was seen to be whole. Raises BillNotReady, BillDamaged, Failure."""
    said = await gateway.call(
        "alipay.data.dataservice.bill.downloadurl.query",
        {"bill_type": _TYPES[kind], "bill_date": day.isoformat()},
    )
    if said.code is not None:
        if _NONE_YET in said.code.upper():
            raise BillNotReady(f"Alipay has no bill of {day} yet")
        raise Refused(f"Alipay gives no bill of {day}: {said.code} {said.text('sub_msg')}")
    # The address holds for thirty seconds; its file is not signed, so that its own checksums must do.
    answer = await outbound.send(
        method="GET",
        url=said.text("bill_download_url"),
        timeout_ms=_DOWNLOAD_TIMEOUT_MS,
        answer_max_bytes=_DOWNLOAD_MAX_BYTES,
    )
    if answer.status != _HTTP_OK:
        raise Unknown(f"the bill of {day} was answered with HTTP {answer.status}")
    await asyncio.to_thread(_check_zip, answer.body)
    return answer.body


def _check_zip(content: bytes) -> None:
    """Check that a zip is whole, in time that is bounded. Raises BillDamaged."""
    try:
        with ZipFile(BytesIO(content)) as archive:
            # No file is unpacked further than it says here.
            if sum(one.file_size for one in archive.infolist()) > UNPACKED_MAX_BYTES:
                raise BillDamaged("its files are too large")
            broken = archive.testzip()
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise BillDamaged(f"it is no whole zip: {error}") from error
    if broken is not None:
        raise BillDamaged("a file in its zip has another checksum")


def read(content: bytes, *, kind: BillKind, seller_id: str) -> Iterator[BillLine]:
    """Yield the lines of a bill of this seller. Raises BillDamaged, at the end for counts and sums."""
    try:
        with ZipFile(BytesIO(content), metadata_encoding="gbk") as archive:
            details = [one for one in archive.infolist() if _is_table(one) and _SUMS not in one.filename]
            sums = [one for one in archive.infolist() if _is_table(one) and _SUMS in one.filename]
            if len(details) != 1 or len(sums) > 1:
                raise BillDamaged("its zip must hold one file of lines and one of sums at most")
            if sum(one.file_size for one in (*details, *sums)) > UNPACKED_MAX_BYTES:
                raise BillDamaged("its files are too large")
            table = _Table(kind=kind, seller_id=seller_id)
            with archive.open(details[0]) as file:
                yield from table.lines(file)
            complete = table.check_frame()
            if sums and kind == "trade":
                with archive.open(sums[0]) as file:
                    _check_sums(file, table=table)
            elif not complete:
                raise BillDamaged("it has neither counts after its lines nor a file of sums")
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise BillDamaged(f"it is no whole zip of texts: {error}") from error


def _is_table(info: ZipInfo) -> bool:
    return info.filename.lower().endswith(".csv")


class _Table:
    """A file of lines: its columns, its frame, and what its lines come to.

    Lines are counted and summed by a word ("交易" payments, "退款" refunds, "收入" in, "支出" out), sums by
    column too.
    """

    def __init__(self, *, kind: BillKind, seller_id: str) -> None:
        self._kind = kind
        self._seller_id = seller_id
        self._line = 0
        self._pending = 0
        self._columns: dict[str, int] = {}
        self._width = 0
        self._told: list[tuple[int, str, int, str, int]] = []
        self.counts: Counter[str] = Counter()
        self.sums: Counter[tuple[str, str]] = Counter()

    def lines(self, file: IO[bytes]) -> Iterator[BillLine]:
        """Yield the lines. Raises BillDamaged at the first that is wrong."""
        rows = csv.reader(self._unframed(file), strict=True)
        read = self._trade if self._kind == "trade" else self._funds
        try:
            self._read_header(next(rows, []))
            for row in rows:
                self._pending = 0
                yield read(row)
        except (ValueError, csv.Error) as error:
            if isinstance(error, BillDamaged | UnicodeDecodeError):
                raise
            raise BillDamaged(str(error), line=self._line) from error

    def _unframed(self, file: IO[bytes]) -> Iterator[str]:
        for text in _texts(file):
            self._line += 1
            # A text in quotation marks may go on over lines, but not for ever.
            length = self._pending + len(text)
            if length > LINE_MAX:
                raise BillDamaged(f"a row has more than {LINE_MAX} characters", line=self._line)
            if text.startswith("#"):
                self._read_frame(text)
            elif not text.isspace():
                self._pending = length
                yield text

    def _read_frame(self, text: str) -> None:
        text = unicodedata.normalize("NFKC", text)
        account = _ACCOUNT.match(text)
        if account and not account[1].startswith(self._seller_id):
            raise BillDamaged("it is the bill of another account", line=self._line)
        tally = _TALLY.match(text)
        if tally:
            if len(self._told) == _TOLD_MAX:
                raise BillDamaged("it has more counts and sums than a bill has", line=self._line)
            column = _MOVED if self._kind == "funds" else _RECEIVED if "实收" in tally[3] else _ORDERED
            self._told.append((self._line, tally[1], int(tally[2]), column, fen(tally[4])))

    def _read_header(self, header: list[str]) -> None:
        names = [_named(name) for name in header]
        self._columns = {name: place for place, name in enumerate(names)}
        self._width = len(names)
        needed = _TRADE_COLUMNS if self._kind == "trade" else _FUNDS_COLUMNS
        missing = [name for name in needed if names.count(name) != 1]
        if missing:
            raise BillDamaged(f"its table needs each of these columns once: {missing}", line=self._line)

    def _check_width(self, row: list[str]) -> None:
        if len(row) != self._width:
            raise ValueError(f"it has {len(row)} columns, not {self._width}")

    def _text(self, row: list[str], column: str) -> str:
        return _bare(row[self._columns[column]])

    def _fen(self, row: list[str], column: str) -> int:
        text = self._text(row, column)
        # Most columns of most lines are empty in this way.
        return 0 if text in _NOTHING else fen(text)

    def _trade(self, row: list[str]) -> BillLine:
        self._check_width(row)
        word, at = self._text(row, "业务类型"), self._text(row, "完成时间")
        amount_minor, fee_minor = self._fen(row, _ORDERED), self._fen(row, _FEE)
        if (word == _PAYMENT and amount_minor < 0) or (word == _REFUND and amount_minor > 0):
            raise ValueError(f"{word} of {amount_minor} fen has the wrong sign")
        self.counts[word] += 1
        self.sums[word, _ORDERED] += amount_minor
        self.sums[word, _RECEIVED] += self._fen(row, _RECEIVED)
        self.sums[word, _FEE] += fee_minor
        return BillLine(
            line=self._line,
            kind="payment" if word == _PAYMENT else "refund" if word == _REFUND else "other",
            asset=ASSET,
            amount_minor=amount_minor,
            number=self._text(row, "商户订单号"),
            transaction=self._text(row, "支付宝交易号"),
            refund_number=self._text(row, "退款批次号/请求号"),
            fee_minor=-fee_minor,
            happened_at=instant(at) if at else None,
        )

    def _funds(self, row: list[str]) -> BillLine:
        self._check_width(row)
        word, at = self._text(row, "业务类型"), self._text(row, "发生时间")
        came_minor, left_minor = self._fen(row, "收入金额(+元)"), -abs(self._fen(row, "支出金额(-元)"))
        if came_minor < 0 or (came_minor and left_minor):
            raise ValueError("a line moves money in or out, not both")
        way = _IN if came_minor else _OUT
        self.counts[way] += 1
        self.sums[way, _MOVED] += came_minor + left_minor
        return BillLine(
            line=self._line,
            kind=next((kind for part, kind in _FUNDS_KINDS if part in word), "other"),
            asset=ASSET,
            amount_minor=came_minor + left_minor,
            number=self._text(row, "商户订单号"),
            transaction=self._text(row, "业务流水号"),
            state=word,
            happened_at=instant(at) if at else None,
            balance_minor=self._fen(row, "账户余额(元)"),
        )

    def check_frame(self) -> bool:
        """Check the lines against the counts and sums around them; tell whether those cover every line.

        Raises BillDamaged.
        """
        for line, word, count, column, sum_minor in self._told:
            if self.counts[word] != count:
                raise BillDamaged(f"{word} are {self.counts[word]}, not {count}", line=line)
            found_minor = self.sums[word, column]
            told_minor = -abs(sum_minor) if word == _OUT else sum_minor
            if found_minor != told_minor:
                raise BillDamaged(f"{word} come to {found_minor} fen, not {told_minor}", line=line)
        words = {word for _, word, *_ in self._told}
        return bool(words) and words >= {word for word, count in self.counts.items() if count}


def _check_sums(file: IO[bytes], *, table: _Table) -> None:
    """Check the lines of a trade bill against its file of sums. Raises BillDamaged.

    Its last row sums all shops. Alipay does not say whether refunds are taken off its sums: both are right.
    """
    told = _sums_of(file)
    try:
        for word, column in ((_PAYMENT, "交易订单总笔数"), (_REFUND, "退款订单总笔数")):
            if int(told[column]) != table.counts[word]:
                raise BillDamaged(f"{word} are {table.counts[word]}, not {told[column]} as its sums say")
        for column in (_ORDERED, _RECEIVED, _FEE):
            paid_minor = table.sums[_PAYMENT, column]
            right = {paid_minor, paid_minor + table.sums[_REFUND, column]}
            if column in told and fen(told[column]) not in right:
                raise BillDamaged(
                    f"{column} comes to {max(right)} fen, not to {told[column]} as its sums say"
                )
    except (KeyError, ValueError) as error:
        if isinstance(error, BillDamaged):
            raise
        raise BillDamaged(f"its file of sums cannot be read: {error}") from error


def _sums_of(file: IO[bytes]) -> dict[str, str]:
    """Return the row of sums by its columns. Raises BillDamaged."""
    header: list[str] = []
    first: list[str] = []
    total: list[str] = []
    for number, text in enumerate(_texts(file), 1):
        if len(text) > LINE_MAX:
            raise BillDamaged(f"line {number} of its sums has more than {LINE_MAX} characters")
        row = [_named(cell) for cell in next(csv.reader([text]))]
        if text.startswith("#") or not any(row):
            continue
        if not header:
            header = row
        elif row[0] == _TOTAL:
            total = row
        elif not first:
            first = row
    total = total or first
    if not total or len(total) != len(header):
        raise BillDamaged("its file of sums has no row of them")
    return dict(zip(header, total, strict=True))


def _texts(file: IO[bytes]) -> Iterator[str]:
    """Yield the lines of a file, and of one that is too long no more than shows it."""
    return iter(partial(TextIOWrapper(file, encoding=_ENCODING, newline="").readline, LINE_MAX + 1), "")


def _named(text: str) -> str:
    """Return a column's name with narrow brackets: some bills write wide ones, some not."""
    return unicodedata.normalize("NFKC", _bare(text))


def _bare(text: str) -> str:
    return text.strip("\t ")
