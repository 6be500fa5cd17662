"""WeChat Pay's bills, read by the columns' names, and the differences that can be planted in them."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.app.simulate.receiver import Receiver
from tests.app.simulate.wechat_merchant import WechatMerchant, merchant_of
from tests.kit.simulators import Simulator

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MORNING_AFTER = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SAMPLES = Path(os.environ.get("PLAUDIT_SAMPLES", "../shared/data"))


class _Clocked(WechatMerchant):
    """A merchant whose clock goes with the simulator's."""

    async def send(self, method: str, target: str, content: object = None, **more: object) -> httpx.Response:
        told = datetime.fromisoformat((await self.simulator.ask("time"))["now"])
        more.setdefault("age", datetime.now(UTC) - told)
        return await WechatMerchant.send(self, method, target, content, **more)  # type: ignore[arg-type]


@pytest.fixture
async def shop(wechat: Simulator, inbox: Receiver) -> WechatMerchant:
    made = await merchant_of(wechat, inbox.url)
    return _Clocked(made.simulator, made.facts, made.notify_url)


@pytest.fixture
async def day(shop: WechatMerchant) -> WechatMerchant:
    """Make a day of three payments, one refund in part and a withdrawal; it is the next morning."""
    await shop.simulator.drive(at=NOON)
    mchid = shop.facts["mchid"]
    for place, total in enumerate((600, 999, 100), start=1):
        await shop.order(f"BILLED{place:03d}", total=total, more={"description": 'coins, "many"'})
        await shop.simulator.pay(f"BILLED{place:03d}", merchant=mchid)
    await shop.refund("BILLED001", "REFUND01", refund=200)
    await asyncio.sleep(0.2)
    await shop.simulator.tell("withdraw", merchant=mchid, amount_minor=500)
    await shop.simulator.flush()
    await shop.simulator.drive(at=MORNING_AFTER)
    return shop


async def _bill(shop: WechatMerchant, target: str) -> list[list[str]]:
    """Ask for a bill and download it; its hash is checked."""
    asked = (await shop.send("GET", target)).json()
    link = asked["download_url"].removeprefix(shop.simulator.url)
    answer = await shop.send("GET", link, verify=False)
    assert "wechatpay-signature" not in answer.headers
    plain = gzip.decompress(answer.content) if "GZIP" in target else answer.content
    assert (asked["hash_type"], asked["hash_value"]) == ("SHA1", hashlib.sha1(plain).hexdigest())  # noqa: S324
    assert plain.startswith(b"\xef\xbb\xbf")
    assert plain.count(b"\r\n") == plain.count(b"\n")
    return list(csv.reader(plain.decode("utf-8-sig").splitlines(), quoting=csv.QUOTE_NONE))


def _named(rows: list[list[str]]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return rows and sums by the names of their columns."""
    header, *lines, sum_header, sums = rows
    assert all(field.startswith("`") for line in [*lines, sums] for field in line)
    named = [dict(zip(header, (field[1:] for field in line), strict=True)) for line in lines]
    return named, dict(zip(sum_header, (field[1:] for field in sums), strict=True))


def _target(kind: str = "tradebill", **query: str) -> str:
    joined = "".join(f"&{name}={value}" for name, value in query.items())
    return f"/v3/bill/{kind}?bill_date={DAY}{joined}"


def _total(rows: list[dict[str, str]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


async def test_the_trade_bill_adds_up(day: WechatMerchant) -> None:
    rows, sums = _named(await _bill(day, _target(bill_type="ALL", tar_type="GZIP")))
    assert len(rows[0]) == 27
    assert [row["商户订单号"] for row in rows] == ["BILLED001", "BILLED002", "BILLED003", "BILLED001"]
    assert [row["交易状态"] for row in rows] == ["SUCCESS"] * 3 + ["REFUND"]
    assert [Decimal(row["手续费"]) for row in rows] == [
        Decimal(one) for one in ("0.04", "0.06", "0.01", "-0.01")
    ]
    assert rows[0]["交易时间"] == "2026-11-22 12:00:00"
    assert (rows[3]["商户退款单号"], rows[3]["退款金额"], rows[3]["退款状态"]) == (
        "REFUND01",
        "2.00",
        "SUCCESS",
    )
    assert sums["总交易单数"] == "4"
    for total, name in (
        ("应结订单总金额", "应结订单金额"),
        ("退款总金额", "退款金额"),
        ("充值券退款总金额", "充值券退款金额"),
        ("手续费总金额", "手续费"),
        ("订单总金额", "订单金额"),
        ("申请退款总金额", "申请退款金额"),
    ):
        assert Decimal(sums[total]) == _total(rows, name), total


@pytest.mark.skipif(
    not (SAMPLES / "payment-samples").is_dir(), reason="PLAUDIT_SAMPLES has no payment-samples"
)
async def test_the_columns_are_those_of_a_real_bill(day: WechatMerchant) -> None:
    real = (
        (SAMPLES / "payment-samples" / "wechat-tradebill-ALL-2019-02-19.csv")
        .read_text("utf-8-sig")
        .splitlines()
    )
    made = await _bill(day, _target(bill_type="ALL"))
    assert ",".join(made[0]) == real[0]
    assert ",".join(made[-2]) == real[-2]


async def test_bills_of_one_kind(day: WechatMerchant) -> None:
    paid, sums = _named(await _bill(day, _target(bill_type="SUCCESS", tar_type="GZIP")))
    assert (len(paid), sums["总交易单数"]) == (3, "3")
    assert "退款金额" not in paid[0]
    refunded, sums = _named(await _bill(day, _target(bill_type="REFUND")))
    assert (len(refunded), sums["退款总金额"]) == (1, "2.00")
    assert refunded[0]["退款申请时间"] == "2026-11-22 12:00:00"


async def test_the_fund_flow_runs_from_balance_to_balance(day: WechatMerchant) -> None:
    rows, sums = _named(await _bill(day, _target("fundflowbill", tar_type="GZIP")))
    assert len(rows[0]) == 11
    balance = Decimal(0)
    for row in rows:
        balance += Decimal(row["收支金额(元)"]) * (1 if row["收支类型"] == "收入" else -1)
        assert Decimal(row["账户结余(元)"]) == balance
    kept = (await day.simulator.figures())["balances_minor"][day.facts["mchid"]]
    assert int(balance * 100) == kept == 600 + 999 + 100 - 11 - 200 + 1 - 500
    came = [row for row in rows if row["收支类型"] == "收入"]
    assert (sums["资金流水总笔数"], sums["收入笔数"]) == (str(len(rows)), str(len(came)))
    assert Decimal(sums["收入金额"]) == _total(came, "收支金额(元)")
    assert Decimal(sums["支出金额"]) == _total([row for row in rows if row not in came], "收支金额(元)")


async def test_a_bill_is_made_in_the_next_morning(day: WechatMerchant) -> None:
    await day.simulator.drive(at=datetime(2026, 11, 23, 0, 59, 59, tzinfo=UTC))
    early = await day.send("GET", _target(bill_type="ALL"))
    assert (early.status_code, early.json()["code"]) == (400, "STATEMENT_CREATING")
    await day.simulator.tell(f"merchants/{day.facts['mchid']}", bills="at_once")
    assert (await day.send("GET", _target(bill_type="ALL"))).status_code == 200
    nothing = await day.send("GET", "/v3/bill/tradebill?bill_date=2026-11-21&bill_type=ALL")
    assert (nothing.status_code, nothing.json()["code"]) == (400, "NO_STATEMENT_EXIST")


async def test_a_link_lives_for_five_minutes_and_for_its_merchant(
    day: WechatMerchant, inbox: Receiver
) -> None:
    link = (await day.send("GET", _target(bill_type="ALL"))).json()["download_url"]
    target = link.removeprefix(day.simulator.url)
    other = await merchant_of(day.simulator, inbox.url)
    thief = _Clocked(other.simulator, other.facts, other.notify_url)
    assert (await thief.send("GET", target, verify=False)).status_code == 403
    assert (await day.simulator.client.get(target)).status_code == 401
    await day.simulator.drive(advance_s=299)
    assert (await day.send("GET", target, verify=False)).status_code == 200
    await day.simulator.drive(advance_s=1)
    assert (await day.send("GET", target, verify=False)).status_code == 403


async def test_differences_are_planted_in_the_trade_bill_alone(day: WechatMerchant) -> None:
    mchid = day.facts["mchid"]
    funds = await _bill(day, _target("fundflowbill"))
    for kind, number, more in (
        ("missing_row", "BILLED003", {}),
        ("other_amount", "BILLED001", {"amount_minor": 601}),
        ("other_fee", "BILLED002", {"fee_minor": 7}),
        ("other_refund_state", "REFUND01", {"state": "PROCESSING"}),
        ("extra_row", "NOBODYS001", {"amount_minor": 1234, "fee_minor": 8}),
    ):
        await day.simulator.plant(merchant=mchid, day=DAY, kind=kind, number=number, **more)
    rows, sums = _named(await _bill(day, _target(bill_type="ALL", tar_type="GZIP")))
    found = {row["商户退款单号"] if row["商户退款单号"] != "0" else row["商户订单号"]: row for row in rows}
    assert found.keys() == {"BILLED001", "BILLED002", "REFUND01", "NOBODYS001"}
    assert (found["BILLED001"]["订单金额"], found["BILLED002"]["手续费"]) == ("6.01", "0.07000")
    assert (found["REFUND01"]["退款状态"], found["NOBODYS001"]["订单金额"]) == ("PROCESSING", "12.34")
    assert Decimal(sums["订单总金额"]) == _total(rows, "订单金额")
    assert await _bill(day, _target("fundflowbill")) == funds
    assert (await day.simulator.client.delete("/control/plantings")).json() == []
    assert len(_named(await _bill(day, _target(bill_type="ALL")))[0]) == 4
