"""Bills as the channel writes them, from rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final


def _columns(text: str) -> list[str]:
    return text.split(",")


_AMOUNT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
ALL: Final = _columns(
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_REFUND_ONLY: Final = frozenset(
    ("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "申请退款金额")
)
SUCCESS: Final = [name for name in ALL if name not in _REFUND_ONLY]
REFUND: Final = ["交易时间", "退款申请时间", "退款成功时间", *ALL[1:]]
OLD: Final = _columns(
    "交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "总金额,代金券或立减优惠金额,微信退款单号,商户退款单号,退款金额,代金券或立减优惠退款金额,退款类型,退款状态,"
    "商品名称,商户数据包,手续费,费率"
)

_TOTALS: Final = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
_OLD_TOTALS: Final = {
    "总交易额": "总金额",
    "总退款金额": "退款金额",
    "总代金券或立减优惠退款金额": "代金券或立减优惠退款金额",
    "手续费总金额": "手续费",
}
FUNDS: Final = _columns(
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)


def yuan(fen: int, *, decimals: int = 2) -> str:
    return f"{Decimal(fen).scaleb(-2):.{decimals}f}"


def sheet(columns: Sequence[str], rows: Sequence[Mapping[str, str]], totals: Mapping[str, str]) -> bytes:
    lines = [
        ",".join(columns),
        *(",".join("`" + row.get(name, "") for name in columns) for row in rows),
        ",".join(totals),
        ",".join("`" + value for value in totals.values()),
    ]
    return ("\ufeff" + "".join(line + "\r\n" for line in lines)).encode()


def payment(**changed: str) -> dict[str, str]:
    return {
        "交易时间": "2026-11-21 23:59:59",
        "公众账号ID": "wxd678efh567hg6787",
        "商户号": "1900000001",
        "微信订单号": "4200000001",
        "商户订单号": "P000000000001A01",
        "交易类型": "NATIVE",
        "交易状态": "SUCCESS",
        "货币种类": "CNY",
        "应结订单金额": "12.34",
        "代金券金额": "0.00",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "商品名称": "100 金币, 特惠",
        "手续费": "0.07000",
        "费率": "0.60%",
        "订单金额": "12.34",
        "申请退款金额": "0.00",
        **changed,
    }


def refund(**changed: str) -> dict[str, str]:
    given_back = {
        "交易时间": "2026-11-21 10:00:00",
        "交易状态": "REFUND",
        "应结订单金额": "0.00",
        "订单金额": "0.00",
        "微信退款单号": "5030000001",
        "商户退款单号": "R0000000000001",
        "退款金额": "2.34",
        "申请退款金额": "2.34",
        "退款类型": "ORIGINAL",
        "退款状态": "PROCESSING",
        "手续费": "-0.01000",
    }
    return payment() | given_back | changed


def summed(rows: Sequence[Mapping[str, str]], column: str) -> str:
    """Add up a column, what is no amount as nothing."""
    values = [row.get(column, "") for row in rows]
    return f"{sum((Decimal(value) for value in values if _AMOUNT.fullmatch(value)), Decimal(0)):.2f}"


def trade_bill(rows: Sequence[Mapping[str, str]], *, columns: Sequence[str] = ALL, **changed: str) -> bytes:
    """Return a bill of payments with right totals, except `changed` ones."""
    names = _OLD_TOTALS if "总金额" in columns else _TOTALS
    totals = {"总交易单数": str(len(rows))}
    for total, column in names.items():
        totals[total] = summed(rows, column) if column in columns else "0.00"
    return sheet(columns, rows, {**totals, **changed})


def movement(yuan_moved: str, balance: str, **changed: str) -> dict[str, str]:
    """Return a row of the account: a payment where the amount is positive."""
    spent = yuan_moved.startswith("-")
    return {
        "记账时间": "2026-11-21 12:00:00",
        "微信支付业务单号": "4200000001",
        "资金流水单号": "1900000001202611210001",
        "业务名称": "退款" if spent else "交易",
        "业务类型": "退款" if spent else "交易",
        "收支类型": "支出" if spent else "收入",
        "收支金额(元)": yuan_moved.removeprefix("-"),
        "账户结余(元)": balance,
        "资金变更提交申请人": "system",
        "备注": "",
        "业务凭证号": "P000000000001A01",
        **changed,
    }


def fund_bill(rows: Sequence[Mapping[str, str]], **changed: str) -> bytes:
    """Return a bill of the account with right totals, except `changed` ones."""
    totals = {"资金流水总笔数": str(len(rows))}
    for word in ("收入", "支出"):
        moved = [row for row in rows if row["收支类型"] == word]
        totals[f"{word}笔数"] = str(len(moved))
        totals[f"{word}金额"] = summed(moved, "收支金额(元)")
    return sheet(FUNDS, rows, {**totals, **changed})
