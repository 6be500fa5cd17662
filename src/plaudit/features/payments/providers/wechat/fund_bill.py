"""The bill of the account's movements of a day (资金账单), each with the balance after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from plaudit.features.payments.model.channel import BillLine, LineKind
from plaudit.features.payments.providers.wechat.sheet import Sheet

_AT: Final = "记账时间"
_TRANSACTION: Final = "微信支付业务单号"
_NAME: Final = "业务名称"
_TYPE: Final = "业务类型"
_DIRECTION: Final = "收支类型"
_AMOUNT: Final = "收支金额(元)"
_BALANCE: Final = "账户结余(元)"
_VOUCHER: Final = "业务凭证号"
_NEEDED: Final = (_AT, _TRANSACTION, _NAME, _TYPE, _DIRECTION, _AMOUNT, _BALANCE, _VOUCHER)
_KNOWN: Final = frozenset((*_NEEDED, "资金流水单号", "资金变更提交申请人", "备注"))

_KINDS: Final[tuple[tuple[str, LineKind], ...]] = (
    ("手续费", "fee"),
    ("退款", "refund"),
    ("提现", "withdrawal"),
    ("交易", "payment"),
)
"""What a line is by a word in its names; the first that is found: a fee is named after its payment, too."""


@dataclass(slots=True)
class _Running:
    """What the rows add up to so far."""

    balance: int | None = None
    received: int = 0
    received_count: int = 0
    spent: int = 0
    spent_count: int = 0


def read_funds(sheet: Sheet) -> Iterator[BillLine]:
    """Yield the movements of the account, each balance compared with the one before. Raises BillDamaged.

    Fees given back are positive. What a line belongs to is told by our number (`number`, of a refund
    `refund_number`) and the channel's (`transaction`, of a refund `channel_refund`).
    """
    sheet.open(known=_KNOWN, needed=_NEEDED)
    at, transaction, voucher, amount, balance = (
        sheet.place(name) for name in (_AT, _TRANSACTION, _VOUCHER, _AMOUNT, _BALANCE)
    )
    name, kind_name, direction = sheet.place(_NAME), sheet.place(_TYPE), sheet.place(_DIRECTION)
    running = _Running()
    for row in sheet.rows():
        moved = _move(sheet, running, direction=row[direction], amount=row[amount], balance=row[balance])
        kind = _kind(row[kind_name], row[name], moved)
        is_refund = kind == "refund"
        yield BillLine(
            line=sheet.line,
            kind=kind,
            asset="CNY",
            amount_minor=moved,
            number="" if is_refund else row[voucher],
            transaction="" if is_refund else row[transaction],
            refund_number=row[voucher] if is_refund else "",
            channel_refund=row[transaction] if is_refund else "",
            state=row[kind_name],
            happened_at=sheet.time(row[at]),
            balance_minor=running.balance,
        )
    sheet.check_total("资金流水总笔数", found=running.received_count + running.spent_count, counted=True)
    sheet.check_total("收入笔数", found=running.received_count, counted=True)
    sheet.check_total("收入金额", found=running.received)
    sheet.check_total("支出笔数", found=running.spent_count, counted=True)
    sheet.check_total("支出金额", found=running.spent)


def _move(sheet: Sheet, running: _Running, *, direction: str, amount: str, balance: str) -> int:
    """Add a row to what is running and return by how much the account moved."""
    try:
        moved, after = sheet.amounts[amount], sheet.amounts[balance]
    except ValueError as error:
        raise sheet.damaged(str(error)) from None
    if moved < 0:
        raise sheet.damaged("a movement of less than nothing")
    if direction == "收入":
        running.received += moved
        running.received_count += 1
    elif direction == "支出":
        running.spent += moved
        running.spent_count += 1
        moved = -moved
    else:
        raise sheet.damaged(f"a movement {direction[:8]!r}, neither in nor out")
    if running.balance is not None and running.balance + moved != after:
        raise sheet.damaged("the balance is not the one before and this movement")
    running.balance = after
    return moved


def _kind(kind_name: str, name: str, moved: int) -> LineKind:
    for names in (kind_name, name):
        for word, kind in _KINDS:
            if word in names:
                # Money that goes the other way, as of a withdrawal that failed, is none of them.
                inward = kind == "payment"
                return kind if kind == "fee" or (moved > 0) is inward or moved == 0 else "other"
    return "other"
