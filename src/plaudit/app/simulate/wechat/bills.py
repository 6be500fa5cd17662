"""The bills of WeChat Pay: trade and fund flow, as CSV with a backtick before each field.

Source: pay.weixin.qq.com/doc/v3, "download bills". Columns of the type ALL; amounts in yuan.
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from plaudit.app.simulate.bills import TradeLine, fund_lines, trade_lines
from plaudit.app.simulate.books import Books, Entry, Merchant
from plaudit.app.simulate.desk import Desk
from plaudit.app.simulate.timepiece import china_day, ready_at, written
from plaudit.app.simulate.wechat.notices import REFUND_STATES, TRADE_TYPES
from plaudit.app.simulate.wire import Reply, Request
from plaudit.kernel.rate import Rate

DOWNLOAD_PATH: Final = "/v3/billdownload/file"

_READY_HOUR: Final = 9
_KEPT: Final = timedelta(days=92)
_LINK_VALID: Final = timedelta(minutes=5)
_TYPES: Final = frozenset({"ALL", "SUCCESS", "REFUND"})

_TRADE_HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,"
    "货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
_TRADE_SUMS: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
_FUND_HEADER: Final = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
_FUND_SUMS: Final = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
_BUSINESS: Final = {
    "payment": ("交易", "交易"),
    "fee": ("交易", "扣除交易手续费"),
    "refund": ("退款", "退款"),
    "fee_back": ("退款", "退还交易手续费"),
    "refund_back": ("退款", "退款失败退回"),
    "withdrawal": ("提现", "提现"),
}
_REFUND_ONLY: Final = range(14, 20)
"""The columns of refunds, which the bill of the type SUCCESS leaves out with the last but one."""
_ASKED_COLUMN: Final = 25


class NoBillError(Exception):
    """There is no such bill: WeChat's code and message."""

    def __init__(self, code: str, message: str) -> None:
        """Take both."""
        super().__init__(message)
        self.code, self.message = code, message


class Downloads:
    """Bills on demand: a link that lives for five minutes, then the file."""

    def __init__(self, desk: Desk) -> None:
        """Work at a desk."""
        self._desk = desk
        self._links: dict[str, tuple[str, datetime, bytes]] = {}

    def ask(self, kind: str, merchant: Merchant, *, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return hash and link of a bill. Raises NoBillError."""
        now = self._desk.time.now()
        try:
            day = date.fromisoformat(query["bill_date"][0])
        except (KeyError, ValueError) as error:
            raise NoBillError("PARAM_ERROR", "bill_date 无效") from error
        if merchant.bills == "next_morning" and now < ready_at(day, hour=_READY_HOUR):
            raise NoBillError("STATEMENT_CREATING", "账单生成中 请稍后再试")
        if now - ready_at(day, hour=0) > _KEPT or day > china_day(now):
            raise NoBillError("NO_STATEMENT_EXIST", "账单文件不存在")
        packing = query.get("tar_type", [""])[0]
        text = self._text(kind, merchant, day, query)
        plain = text.encode("utf-8-sig")
        token = secrets.token_urlsafe(32)
        self._links = {name: link for name, link in self._links.items() if link[1] > now}
        content = gzip.compress(plain, mtime=0) if packing == "GZIP" else plain
        self._links[token] = (merchant.id, now + _LINK_VALID, content)
        link = f"{self._desk.address}{DOWNLOAD_PATH}?token={token}"
        if packing:
            link += f"&tartype={packing.lower()}"
        digest = hashlib.sha1(plain, usedforsecurity=False).hexdigest()
        return {"hash_type": "SHA1", "hash_value": digest, "download_url": link}

    def file(self, request: Request, merchant: Merchant) -> Reply:
        """Return the file behind a link; like the real one, this answer is not signed."""
        token = parse_qs(request.query).get("token", [""])[0]
        owner, until, content = self._links.get(token, ("", self._desk.time.now(), b""))
        if owner != merchant.id or until <= self._desk.time.now():
            return Reply(status=403, body='{"code":"NO_AUTH","message":"下载链接已失效"}'.encode())
        return Reply(body=content, media_type="application/octet-stream")

    def _text(self, kind: str, merchant: Merchant, day: date, query: dict[str, list[str]]) -> str:
        if kind == "fundflowbill":
            account = query.get("account_type", ["BASIC"])[0]
            entries = fund_lines(self._desk.books, merchant.id, day=day) if account == "BASIC" else []
            if not entries:
                raise NoBillError("NO_STATEMENT_EXIST", "账单文件不存在")
            return fund_flow(merchant, entries, books=self._desk.books)
        type_ = query.get("bill_type", ["ALL"])[0]
        if type_ not in _TYPES:
            raise NoBillError("PARAM_ERROR", "bill_type 无效")
        lines = [
            line
            for line in trade_lines(self._desk.books, merchant, day=day)
            if type_ == "ALL" or (line.refund is None) == (type_ == "SUCCESS")
        ]
        if not lines:
            raise NoBillError("NO_STATEMENT_EXIST", "账单文件不存在")
        return trade(merchant, lines, type_=type_)


def trade(merchant: Merchant, lines: Sequence[TradeLine], *, type_: str) -> str:
    """Return the trade bill: header, a row a line, header of the sums, the sums."""
    header = _TRADE_HEADER.split(",")
    rows = [_trade_row(merchant, line) for line in lines]
    if type_ == "SUCCESS":
        kept = [place for place in range(len(header)) if place not in {*_REFUND_ONLY, _ASKED_COLUMN}]
        header = [header[place] for place in kept]
        rows = [[row[place] for place in kept] for row in rows]
    elif type_ == "REFUND":
        header = [header[0], "退款申请时间", "退款成功时间", *header[1:]]
        rows = [
            [row[0], row[0], _success_time(line), *row[1:]] for row, line in zip(rows, lines, strict=True)
        ]
    paid = sum(line.amount_minor for line in lines if line.refund is None)
    refunded = sum(line.amount_minor for line in lines if line.refund is not None)
    fees = sum(line.fee_minor if line.refund is None else -line.fee_minor for line in lines)
    amounts = [_yuan(one) for one in (paid, refunded, 0, fees, paid, refunded)]
    return _csv([header, *rows], [_TRADE_SUMS.split(","), [str(len(lines)), *amounts]])


def fund_flow(merchant: Merchant, entries: Sequence[Entry], *, books: Books) -> str:
    """Return the fund flow bill: each movement with the balance after it, then counts and sums."""
    rows = [_fund_row(books, merchant, entry) for entry in entries]
    came = [entry.amount_minor for entry in entries if entry.amount_minor > 0]
    went = [-entry.amount_minor for entry in entries if entry.amount_minor < 0]
    sums = [str(len(entries)), str(len(came)), _yuan(sum(came)), str(len(went)), _yuan(sum(went))]
    return _csv([_FUND_HEADER.split(","), *rows], [_FUND_SUMS.split(","), sums])


def _trade_row(merchant: Merchant, line: TradeLine) -> list[str]:
    order, payment, refund = line.order, line.payment, line.refund
    amount, none = _yuan(line.amount_minor), "0.00"
    paid = refund is None
    fee = line.fee_minor if paid else -line.fee_minor
    return [
        written(line.happened_at),
        merchant.facts["appid"],
        merchant.id,
        "0",
        "",
        payment.transaction,
        order.number,
        payment.payer,
        TRADE_TYPES.get(order.method, "NATIVE"),
        "SUCCESS" if paid else "REFUND",
        "OTHERS",
        "CNY",
        amount if paid else none,
        none,
        "0" if refund is None else refund.id,
        "0" if refund is None else refund.number,
        none if paid else amount,
        none,
        "" if paid else "ORIGINAL",
        "" if paid else REFUND_STATES.get(line.refund_state, line.refund_state),
        _free(order.title),
        _free(order.attach),
        f"{_yuan(fee)}000",
        _percent(merchant.fee_rate),
        amount if paid else none,
        none if paid else amount,
        "",
    ]


def _success_time(line: TradeLine) -> str:
    settled_at = line.refund.settled_at if line.refund is not None else None
    return written(settled_at) if settled_at is not None else ""


def _fund_row(books: Books, merchant: Merchant, entry: Entry) -> list[str]:
    name, type_ = _BUSINESS[entry.kind]
    refund = books.refunds.get((merchant.id, entry.refund))
    came = entry.amount_minor > 0
    return [
        written(entry.at),
        entry.transaction or f"{entry.number:028d}",
        f"{entry.at:%Y%m%d}{entry.number:012d}",
        name,
        type_,
        "收入" if came else "支出",
        _yuan(abs(entry.amount_minor)),
        _yuan(entry.balance_minor),
        "system",
        _free(refund.reason) if refund else "",
        entry.refund or entry.order or f"W{entry.number}",
    ]


def _csv(rows: Iterable[Sequence[str]], sums: Sequence[Sequence[str]]) -> str:
    """Return header, rows, header of the sums, sums; every field but those of headers after a backtick."""
    head, *fields = rows
    lines = [",".join(head), *(",".join("`" + one for one in row) for row in fields)]
    lines += [",".join(sums[0]), ",".join("`" + one for one in sums[1])]
    return "\r\n".join(lines) + "\r\n"


def _free(text: str) -> str:
    """Return free text without what would end a field."""
    return text.replace("\r", "\\r").replace("\n", "\\n").replace(",", " ").replace("`", " ")


def _yuan(amount_minor: int) -> str:
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{abs(amount_minor) // 100}.{abs(amount_minor) % 100:02d}"


def _percent(rate: str) -> str:
    """Return a rate as the bill writes it: 0.60%."""
    known = Rate.parse(rate)
    hundredths = Rate(known.numerator * 10_000, known.denominator).of(1)
    return f"{hundredths // 100}.{hundredths % 100:02d}%"
