"""A day of a merchant account at WeChat Pay: attempts and refunds as rows, the channel's bill as a file.

They agree but for a few planted differences of every class.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import psycopg
from msgspec import Struct

from plaudit.app.assembly import House, open_channel_account, open_tenant
from plaudit.app.simulate.wechat.merchants import new_facts
from plaudit.core.commands import tenants
from plaudit.kernel.ids import DIGITS, encode_id

DAY: Final = date(2026, 5, 1)
PLANTED: Final = 3
"""How many differences of each class there are."""
CLASSES: Final = (
    "missing_here",
    "missing_there",
    "amount_differs",
    "fee_differs",
    "refund_state_differs",
    "timing",
)
RATE: Final = "0.6%"

_REFUND_EVERY: Final = 50
_CHANCE: Final = "QGTSSK7H"
_BEGINS: Final = datetime(2026, 4, 30, 16, tzinfo=UTC)
_DAY_S: Final = 86_400
_HEADER: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,"
    "商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
_TOTALS: Final = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
_PAYMENT: Final = (
    "`{at},`wx0123456789abcdef,`1900000001,`0,`,`{transaction},`{number},`o0123456789abcdefghijklmnop,"
    "`NATIVE,`SUCCESS,`OTHERS,`CNY,`{amount},`0.00,`0,`0,`0.00,`0.00,`,`,`120 金币,`,`{fee},`0.60%,"
    "`{amount},`0.00,`\r\n"
)
_REFUND: Final = (
    "`{at},`wx0123456789abcdef,`1900000001,`0,`,`{transaction},`{number},`o0123456789abcdefghijklmnop,"
    "`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`{theirs},`{refund},`{amount},`0.00,`ORIGINAL,`SUCCESS,"
    "`120 金币,`,`0.00000,`0.60%,`0.00,`{amount},`\r\n"
)
_ATTEMPT_COPY: Final = (
    "COPY payments.attempt (tenant_id, intent, attempt, account, channel, method, number, asset, amount,"
    " state, transaction, opened_at, settled_at) FROM STDIN"
)
_REFUND_COPY: Final = (
    "COPY payments.refund (tenant_id, number, intent, attempt, account, channel, order_number, asset,"
    " amount, cause, state, maker, owner, requested_at, settled_at) FROM STDIN"
)


class Shop(Struct, frozen=True, kw_only=True):
    """Whose bill it is."""

    tenant_id: int
    number: int
    account: str


class _Sums:
    """What the trailer of the bill says."""

    def __init__(self) -> None:
        self.lines = 0
        self.paid = 0
        self.refunded = 0
        self.fees = 0


async def open_shop(house: House) -> Shop:
    """Open a tenant with a merchant account at WeChat Pay."""
    await open_tenant(house, slug="bench", name="Bench", time_zone="Asia/Shanghai")
    async with house.database.connection() as conn:
        tenant_id = (await tenants.tenants(conn))[0].tenant_id
    facts = new_facts({"mchid": "1900000001"}, number=1, now=datetime.now(UTC))
    account, number = await open_channel_account(
        house,
        tenant_id=tenant_id,
        channel="wechat",
        assets=("CNY",),
        methods=("native",),
        settings={name: facts[name] for name in ("mchid", "appid", "serial_no", "public_key_id")}
        | {"fee_rate": RATE},
        secrets={
            "private_key_pem": facts["private_key"],
            "apiv3_key": facts["apiv3_key"],
            "public_key_pem": facts["public_key"],
        },
    )
    return Shop(tenant_id=tenant_id, number=number, account=account)


def furnish(*, url: str, shop: Shop, rows: int, bill: Path) -> None:
    """Put `rows` payments and refunds into an empty base, and write the bill of them.

    A refund every 50 rows; the differences are the first of their kind.
    """
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        with cursor.copy(_ATTEMPT_COPY) as copy:
            for intent in range(1, rows + 1):
                if intent % _REFUND_EVERY:
                    copy.write_row(_attempt(shop, intent, rows))
        with cursor.copy(_REFUND_COPY) as copy:
            for intent in range(_REFUND_EVERY, rows + 1, _REFUND_EVERY):
                copy.write_row(_refund(shop, intent, rows))
    with bill.open("w", encoding="utf-8", newline="") as file:
        _write(file, rows)


def _write(file: TextIO, rows: int) -> None:
    sums = _Sums()
    file.write(f"\ufeff{_HEADER}\r\n")
    for intent in range(1, rows + 1):
        for line in _lines(intent, rows, sums):
            sums.lines += 1
            file.write(line)
    paid, refunded = _yuan(sums.paid), _yuan(sums.refunded)
    file.write(f"{_TOTALS}\r\n")
    file.write(f"`{sums.lines},`{paid},`{refunded},`0.00,`{_yuan(sums.fees)},`{paid},`{refunded}\r\n")


def _lines(intent: int, rows: int, sums: _Sums) -> Iterator[str]:
    """Yield the lines about a row of ours: one, or none where it is not on the bill."""
    at = (_BEGINS + timedelta(hours=8, seconds=_second(intent, rows))).strftime("%Y-%m-%d %H:%M:%S")
    planted = _planted(intent)
    if intent % _REFUND_EVERY == 0:
        amount = _amount(intent - 1)
        sums.refunded += amount
        number, transaction = _number(intent - 1), _transaction(intent - 1)
        refund, theirs = _refund_number(intent), f"5030000{intent:021}"
        yield _REFUND.format(
            at=at, transaction=transaction, number=number, amount=_yuan(amount), refund=refund, theirs=theirs
        )
        return
    if planted in {"missing_there", "timing"}:
        return
    amount = _amount(intent) + (planted == "amount_differs")
    fee = (amount * 6 + 500) // 1_000 + (2 if planted == "fee_differs" else 0)
    sums.paid += amount
    sums.fees += fee
    number = f"X{intent}" if planted == "missing_here" else _number(intent)
    transaction = f"9{intent}" if planted == "missing_here" else _transaction(intent)
    yield _PAYMENT.format(
        at=at, transaction=transaction, number=number, amount=_yuan(amount), fee=f"{_yuan(fee)}000"
    )


def _attempt(shop: Shop, intent: int, rows: int) -> tuple[Any, ...]:
    planted = _planted(intent)
    settled_at = _BEGINS + timedelta(seconds=_second(intent, rows))
    if planted == "timing":
        settled_at = _BEGINS + timedelta(seconds=_DAY_S - 60)
    unpaid = planted == "missing_here"
    return (
        shop.tenant_id,
        intent,
        1,
        shop.number,
        "wechat",
        "native",
        _number(intent),
        "CNY",
        _amount(intent),
        "closed" if unpaid else "paid",
        None if unpaid else _transaction(intent),
        settled_at - timedelta(minutes=1),
        settled_at,
    )


def _refund(shop: Shop, intent: int, rows: int) -> tuple[Any, ...]:
    settled_at = _BEGINS + timedelta(seconds=_second(intent, rows))
    return (
        shop.tenant_id,
        intent,
        intent - 1,
        1,
        shop.number,
        "wechat",
        _number(intent - 1),
        "CNY",
        _amount(intent - 1),
        "asked",
        "failed" if intent <= PLANTED * _REFUND_EVERY else "succeeded",
        "staff/bench",
        "viewer/v1",
        settled_at - timedelta(minutes=1),
        settled_at,
    )


def _planted(intent: int) -> str | None:
    """Return the difference that is planted at a payment, None at nearly all."""
    place, nth = divmod(intent - 1, PLANTED)
    payments = [name for name in CLASSES if name != "refund_state_differs"]
    return payments[place] if place < len(payments) and nth < PLANTED else None


def _number(intent: int) -> str:
    return f"P{encode_id('P', intent)[-DIGITS:]}01{_CHANCE}"


def _refund_number(number: int) -> str:
    return f"R{encode_id('R', number)[-DIGITS:]}{_CHANCE}"


def _transaction(intent: int) -> str:
    return f"4200{intent:024}"


def _amount(intent: int) -> int:
    return 100 + intent % 50_000


def _second(intent: int, rows: int) -> int:
    return 1 + intent * (_DAY_S - 2_000) // rows


def _yuan(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02}"
