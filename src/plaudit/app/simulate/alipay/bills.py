"""The bills of Alipay: a zip of two GBK files, comments marked by #, amounts in yuan.

Source: opendocs.alipay.com, "download of bills": type `trade` is the business, `signcustomer` the account.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from plaudit.app.simulate.alipay.notices import yuan
from plaudit.app.simulate.bills import TradeLine
from plaudit.app.simulate.books import Books, Entry, Merchant
from plaudit.app.simulate.timepiece import CHINA, written

_TRADE_HEADER: Final = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"  # noqa: RUF001 - as on the bill
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"  # noqa: RUF001
)
_SUM_HEADER: Final = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,"  # noqa: RUF001
    "卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"  # noqa: RUF001
)
_FUND_HEADER: Final = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"  # noqa: RUF001
    "交易渠道,业务类型,备注"
)
_FUND_SUM_HEADER: Final = "业务类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）"  # noqa: RUF001
_BUSINESS: Final = {
    "payment": "在线支付",
    "fee": "收费",
    "refund": "交易退款",
    "fee_back": "收费",
    "refund_back": "退款退回",
    "withdrawal": "提现",
}
_RULE: Final = "-" * 41


def trade(merchant: Merchant, lines: Sequence[TradeLine], *, day: date, now: datetime) -> bytes:
    """Return the business bill as a zip: every line, and the sums."""
    payments = [line for line in lines if line.refund is None]
    refunds = [line for line in lines if line.refund is not None]
    came, went = (sum(line.amount_minor for line in some) for some in (payments, refunds))
    fees = sum(-line.fee_minor if line.refund is None else line.fee_minor for line in lines)
    closing = [
        f"#交易合计：{len(payments)}笔，商家实收共{yuan(came)}元，商家优惠共0.00元",  # noqa: RUF001 - as on the bill
        f"#退款合计：{len(refunds)}笔，商家实收退款共{yuan(-went)}元，商家优惠退款共0.00元",  # noqa: RUF001
    ]
    total = ["合计", "", str(len(payments)), str(len(refunds)), yuan(came - went), yuan(came - went)]
    total += ["0.00", "0.00", "0.00", yuan(fees), "0.00", yuan(came - went + fees)]
    name = f"{merchant.facts['seller_id']}0156_{day:%Y%m%d}_业务明细"
    rows = (_trade_row(line) for line in lines)
    frame = _Frame(merchant=merchant, day=day, now=now)
    return _zipped(
        (f"{name}.csv", frame.file("业务明细", _TRADE_HEADER, rows, closing=closing)),
        (f"{name}(汇总).csv", frame.file("业务汇总", _SUM_HEADER, [total])),
    )


def account(merchant: Merchant, entries: Sequence[Entry], *, books: Books, day: date, now: datetime) -> bytes:
    """Return the account bill as a zip: every movement with the balance after it, and the sums."""
    came = [entry.amount_minor for entry in entries if entry.amount_minor > 0]
    went = [entry.amount_minor for entry in entries if entry.amount_minor < 0]
    closing = [
        f"#支出合计：{len(went)}笔，共{yuan(sum(went))}元",  # noqa: RUF001 - as on the bill
        f"#收入合计：{len(came)}笔，共{yuan(sum(came))}元",  # noqa: RUF001
    ]
    total = [
        "合计",
        str(len(came)),
        yuan(sum(came)),
        str(len(went)),
        yuan(sum(went)),
        yuan(sum(came) + sum(went)),
    ]
    name = f"{merchant.facts['seller_id']}0156_{day:%Y%m%d}_账务明细"
    rows = (_fund_row(books, merchant, entry) for entry in entries)
    frame = _Frame(merchant=merchant, day=day, now=now)
    return _zipped(
        (f"{name}.csv", frame.file("账务明细", _FUND_HEADER, rows, closing=closing)),
        (f"{name}(汇总).csv", frame.file("账务汇总", _FUND_SUM_HEADER, [total])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What stands around the rows of each file."""

    merchant: Merchant
    day: date
    now: datetime

    def file(
        self, what: str, header: str, rows: Iterable[Sequence[str]], *, closing: Sequence[str] = ()
    ) -> bytes:
        """Return a whole file, in GBK."""
        start, end = (_spelled(one) for one in (self.day, self.day + timedelta(days=1)))
        made = self.now.astimezone(CHINA)
        lines = [
            f"#支付宝{what}查询",
            f"#账号：[{self.merchant.facts['seller_id']}0156]",  # noqa: RUF001 - as on the bill
            f"#起始日期：[{start} 00:00:00]   终止日期：[{end} 00:00:00]",  # noqa: RUF001
            f"#{_RULE}{what}列表{_RULE}",
            header,
            *(",".join(row) for row in rows),
            f"#{_RULE}{what}列表结束{_RULE}",
            *closing,
            f"#导出时间：[{_spelled(made)} {made:%H:%M:%S}]",  # noqa: RUF001
        ]
        return ("\r\n".join(lines) + "\r\n").encode("gbk", "replace")


def _trade_row(line: TradeLine) -> list[str]:
    """Return one line; those of refunds have negative amounts, and the fee the other sign."""
    sign = 1 if line.refund is None else -1
    amount = yuan(sign * line.amount_minor)
    return [
        f"{line.payment.transaction}\t",
        f"{line.order.number}\t",
        "交易" if line.refund is None else "退款",
        _free(line.order.title),
        written(line.order.opened_at),
        written(line.happened_at),
        "",
        "",
        "",
        "",
        "*买家(buy***@example.com)",
        amount,
        amount,
        *("0.00",) * 5,
        "",
        "0.00",
        "0.00",
        "" if line.refund is None else f"{line.refund.number}\t",
        yuan(-sign * line.fee_minor),
        "0.00",
        "" if line.refund is None else _free(line.refund.reason),
    ]


def _fund_row(books: Books, merchant: Merchant, entry: Entry) -> list[str]:
    order = books.orders.get((merchant.id, entry.order))
    came = entry.amount_minor > 0
    return [
        f"{entry.at:%Y%m%d}{entry.number:020d}\t",
        f"{entry.transaction or entry.number}\t",
        f"{entry.order}\t",
        _free(order.title) if order else "",
        written(entry.at),
        "buy***@example.com" if entry.kind in {"payment", "refund"} else "",
        yuan(entry.amount_minor) if came else "",
        "" if came else yuan(entry.amount_minor),
        yuan(entry.balance_minor),
        "支付宝",
        _BUSINESS[entry.kind],
        entry.refund or ("退还服务费" if entry.kind == "fee_back" else ""),
    ]


def _zipped(*files: tuple[str, bytes]) -> bytes:
    """Return a zip whose file names are in GBK, as Alipay's are.

    The library writes UTF-8 names only, so that each file gets a stand-in of the same length first.
    """
    held = io.BytesIO()
    names: dict[bytes, bytes] = {}
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for place, (name, content) in enumerate(files):
            wanted = name.encode("gbk")
            stand_in = f"~{place}~".ljust(len(wanted), "~")
            names[stand_in.encode()] = wanted
            packed.writestr(zipfile.ZipInfo(stand_in, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    whole = held.getvalue()
    for stand_in_bytes, wanted in names.items():
        whole = whole.replace(stand_in_bytes, wanted)
    return whole


def _spelled(day: date) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


def _free(text: str) -> str:
    return text.replace(",", " ").replace("\r", " ").replace("\n", " ")
