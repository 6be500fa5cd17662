"""The bill of payments and refunds of a day (交易账单), of all its types and of the years since 2014."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from plaudit.features.payments.model.channel import BillLine
from plaudit.features.payments.providers.wechat.sheet import Sheet

_TOTALS: Final = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
    "总交易额": "总金额",
    "总退款金额": "退款金额",
    "总代金券或立减优惠退款金额": "代金券或立减优惠退款金额",
    "总企业红包退款金额": "企业红包退款金额",
}
"""The totals and the columns they are of; the last four are of older bills."""
_COUNT: Final = "总交易单数"
_NEEDED: Final = ("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "手续费")
_KNOWN: Final = frozenset(
    (
        *_NEEDED,
        *_TOTALS.values(),
        "公众账号ID",
        "商户号",
        "特约商户号",
        "子商户号",
        "设备号",
        "用户标识",
        "交易类型",
        "付款银行",
        "代金券金额",
        "代金券或立减优惠金额",
        "企业红包金额",
        "微信退款单号",
        "商户退款单号",
        "退款类型",
        "退款状态",
        "商品名称",
        "商户数据包",
        "费率",
        "费率备注",
        "退款申请时间",
        "退款成功时间",
    )
)
_CURRENCY: Final = "CNY"


def read_trades(sheet: Sheet) -> Iterator[BillLine]:
    """Yield payments and refunds, then compare count and sums with the totals. Raises BillDamaged.

    A refund stands on the bill of the day it was asked for, in the state that it had then.
    """
    sheet.open(known=_KNOWN, needed=_NEEDED)
    line_of = _payments(sheet), _refunds(sheet)
    state, currency = sheet.place("交易状态"), sheet.place("货币种类")
    sums = {place: 0 for name in _TOTALS.values() if (place := sheet.place(name)) >= 0}
    amounts, count = sheet.amounts, 0
    for row in sheet.rows():
        count += 1
        try:
            for place in sums:
                sums[place] += amounts[row[place]]
        except ValueError as error:
            raise sheet.damaged(str(error)) from None
        if row[currency] != _CURRENCY:
            raise sheet.damaged(f"currency {row[currency][:8]!r}, not {_CURRENCY}")
        if row[state] == "SUCCESS":
            yield line_of[0](row)
        elif row[state] in {"REFUND", "REVOKED"}:
            yield line_of[1](row)
        else:
            raise sheet.damaged(f"state {row[state][:16]!r} is not known")
    sheet.check_total(_COUNT, found=count, counted=True)
    _check_sums(sheet, sums)


def _check_sums(sheet: Sheet, sums: dict[int, int]) -> None:
    stated: set[int] = set()
    for name in sheet.totals:
        if name == _COUNT:
            continue
        if name not in _TOTALS:
            raise sheet.damaged(f"the total {name[:16]!r} is not known")
        place = sheet.place(_TOTALS[name])
        sheet.check_total(name, found=sums.get(place, 0))
        stated.add(place)
    missing = [sheet.columns[place] for place in sums if place not in stated]
    if missing:
        raise sheet.damaged(f"totals of {missing} are missing")


def _payments(sheet: Sheet) -> Callable[[list[str]], BillLine]:
    at, transaction, number = sheet.place("交易时间"), sheet.place("微信订单号"), sheet.place("商户订单号")
    state, fee = sheet.place("交易状态"), sheet.place("手续费")
    # What the payer owed; the sum that is settled lacks the channel's own vouchers.
    amount = sheet.first("订单金额", "总金额", "应结订单金额")
    amounts = sheet.amounts

    def payment(row: list[str]) -> BillLine:
        if amount < 0 or amounts[row[amount]] < 0:
            raise sheet.damaged("a payment without an amount, or of less than nothing")
        return BillLine(
            line=sheet.line,
            kind="payment",
            asset=_CURRENCY,
            amount_minor=amounts[row[amount]],
            number=row[number],
            transaction=row[transaction],
            fee_minor=amounts[row[fee]],
            state=row[state],
            happened_at=sheet.time(row[at]),
        )

    return payment


def _refunds(sheet: Sheet) -> Callable[[list[str]], BillLine]:
    transaction, number, fee = sheet.place("微信订单号"), sheet.place("商户订单号"), sheet.place("手续费")
    at = sheet.first("退款申请时间", "交易时间")
    channel_refund, refund_number = sheet.place("微信退款单号"), sheet.place("商户退款单号")
    state = sheet.first("退款状态", "交易状态")
    amount = sheet.first("申请退款金额", "退款金额")
    amounts = sheet.amounts

    def refund(row: list[str]) -> BillLine:
        if amount < 0 or channel_refund < 0 or refund_number < 0:
            raise sheet.damaged("a refund in a bill without columns for it")
        if amounts[row[amount]] < 0:
            raise sheet.damaged("a refund of less than nothing")
        return BillLine(
            line=sheet.line,
            kind="refund",
            asset=_CURRENCY,
            amount_minor=-amounts[row[amount]],
            number=row[number],
            transaction=row[transaction],
            refund_number=row[refund_number],
            channel_refund=row[channel_refund],
            fee_minor=amounts[row[fee]],
            state=row[state],
            happened_at=sheet.time(row[at]),
        )

    return refund
