"""Bills of Stripe: written from the balance's movements, read to the cent, refused whole when altered."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.features.payments.model.channel import BillDamaged, BillKind, BillLine, BillNotReady
from plaudit.platform.failures import Unknown
from tests.features.payments.providers.stripe.stage import (
    ACCOUNT,
    NUMBER,
    REFUND_NUMBER,
    Clock,
    Side,
    channel_at,
)

DAY: Final = date(2026, 11, 21)
AT: Final = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
MOVEMENTS_PATH: Final = "/v1/balance_transactions"


def movement(name: str, kind: str, amount: int, **changes: object) -> dict[str, Any]:
    return {
        "id": name,
        "object": "balance_transaction",
        "type": kind,
        "currency": "usd",
        "amount": amount,
        "fee": 0,
        "net": amount,
        "created": int(AT.timestamp()),
        "source": None,
        **changes,
    }


CHARGE: Final = {
    "id": "ch_1",
    "object": "charge",
    "status": "succeeded",
    "currency": "usd",
    "amount": 1_999,
    "payment_intent": "pi_1",
    "metadata": {"number": NUMBER},
}
REFUND: Final = {
    "id": "re_1",
    "object": "refund",
    "status": "succeeded",
    "currency": "usd",
    "amount": 500,
    "payment_intent": "pi_1",
    "metadata": {"number": REFUND_NUMBER, "order": NUMBER},
}
MOVEMENTS: Final = [
    movement("txn_5", "adjustment", -100, source="du_1"),
    movement("txn_4", "payout", -1_000, source={"id": "po_1", "object": "payout"}),
    movement("txn_3", "stripe_fee", -200),
    movement("txn_2", "refund", -500, source=REFUND),
    movement("txn_1", "charge", 1_999, fee=88, net=1_911, source=CHARGE),
]


async def bill(*movements: dict[str, Any]) -> bytes:
    return await channel_at(Side(movements=list(movements))).fetch_bill(day=DAY, kind="trade")


def read(content: bytes, *, kind: BillKind = "trade") -> list[BillLine]:
    return list(channel_at(Side()).read_bill(content, kind=kind))


async def test_every_movement_of_a_day_is_a_line() -> None:
    before = movement("txn_0", "charge", 1, created=int((AT - timedelta(days=1)).timestamp()))
    after = movement("txn_9", "charge", 1, created=int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()))
    lines = read(await bill(after, *MOVEMENTS, before))
    assert [(line.kind, line.amount_minor, line.fee_minor) for line in lines] == [
        ("other", -100, 0),
        ("withdrawal", -1_000, 0),
        ("fee", -200, 0),
        ("refund", -500, 0),
        ("payment", 1_999, 88),
    ]
    assert lines[3:] == [
        BillLine(
            line=4,
            kind="refund",
            asset="USD",
            amount_minor=-500,
            number=NUMBER,
            transaction="pi_1",
            refund_number=REFUND_NUMBER,
            channel_refund="re_1",
            state="succeeded",
            happened_at=AT,
        ),
        BillLine(
            line=5,
            kind="payment",
            asset="USD",
            amount_minor=1_999,
            number=NUMBER,
            transaction="pi_1",
            fee_minor=88,
            happened_at=AT,
        ),
    ]


async def test_the_money_of_a_refund_that_came_back_is_a_failed_refund_known_by_stripes_number() -> None:
    (line,) = read(await bill(movement("txn_6", "refund_failure", 500, source=REFUND)))
    assert (line.kind, line.amount_minor, line.state) == ("refund", 500, "failed")
    assert (line.refund_number, line.channel_refund) == ("", "re_1"), "ours stands on the refund's own line"


async def test_in_a_bill_of_funds_a_fee_is_a_line_of_its_own() -> None:
    lines = read(await bill(*MOVEMENTS), kind="funds")
    assert [(line.line, line.kind, line.amount_minor, line.fee_minor) for line in lines[4:]] == [
        (5, "payment", 1_999, 0),
        (5, "fee", -88, 0),
    ]
    assert sum(line.amount_minor for line in lines) == sum(one["net"] for one in MOVEMENTS)


async def test_what_was_paid_in_another_currency_is_told_as_it_was_paid() -> None:
    paid = movement(
        "txn_1", "charge", 1_650, fee=70, net=1_580, source=CHARGE | {"currency": "jpy", "amount": 2_500}
    )
    back = movement("txn_2", "refund", -330, source=REFUND | {"currency": "jpy", "amount": 500})
    content = await bill(back, paid)
    trade = [(line.asset, line.amount_minor, line.fee_minor) for line in read(content)]
    assert trade == [("JPY", -500, 0), ("JPY", 2_500, 0)]
    funds = [(line.asset, line.amount_minor) for line in read(content, kind="funds")]
    assert funds == [("USD", -330), ("USD", 1_650), ("USD", -70)]


async def test_a_day_without_movements_is_a_bill_without_lines() -> None:
    assert read(await bill()) == []


async def test_a_day_that_is_not_over_has_no_bill() -> None:
    side = Side(movements=list(MOVEMENTS))
    clock = Clock(datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(BillNotReady):
        await channel_at(side, clock=clock).fetch_bill(day=DAY, kind="trade")
    assert side.asked == []


async def test_a_bill_is_not_half_fetched() -> None:
    side = Side(movements=list(MOVEMENTS), errors={MOVEMENTS_PATH: (500, {"type": "api_error"})})
    with pytest.raises(Unknown):
        await channel_at(side).fetch_bill(day=DAY, kind="trade")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"amount":1999', '"amount":1998', 5),
        ('"fee":88', '"fee":89', 5),
        ('"net":1911', '"net":"1911"', 5),
        ('"type":"payout"', '"kind":"payout"', 2),
        ('"currency":"usd"', '"currency":"xxx"', 1),
        ('"count":5', '"count":6', 0),
        ('"amount":{"usd":199}', '"amount":{"usd":198}', 0),
        (ACCOUNT, "acct_999", 0),
    ],
)
async def test_a_line_that_was_altered_damages_the_bill(old: str, new: str, line: int) -> None:
    content = (await bill(*MOVEMENTS)).decode()
    assert old in content
    with pytest.raises(BillDamaged) as damage:
        read(content.replace(old, new, 1).encode())
    assert damage.value.line == line


async def test_a_bill_that_is_cut_off_or_goes_on_is_damaged() -> None:
    lines = (await bill(*MOVEMENTS)).splitlines(keepends=True)
    for broken, line in ((lines[:-1], 0), (lines[1:], 0), ([*lines, lines[0]], 7), ([], 0)):
        with pytest.raises(BillDamaged) as damage:
            read(b"".join(broken))
        assert damage.value.line == line


@settings(deadline=None)
@given(amounts=st.lists(st.tuples(st.integers(-10_000, 10_000), st.integers(0, 500)), max_size=7))
def test_one_amount_altered_is_always_found(amounts: list[tuple[int, int]]) -> None:
    lines = [
        {"is": "movement", "id": f"txn_{n}", "type": "charge", "currency": "usd", "created": 1}
        | {"amount": amount, "fee": fee, "net": amount - fee}
        for n, (amount, fee) in enumerate(amounts)
    ]
    sums = {
        name: {"usd": sum(line[name] for line in lines)} if lines else {}  # type: ignore[misc]
        for name in ("amount", "fee", "net")
    }
    end = {"is": "end", "account": ACCOUNT, "day": "2026-11-21", "count": len(lines), **sums}
    assert len(read(_written(*lines, end))) == len(lines)
    for place in range(len(lines)):
        altered = [dict(line) for line in lines]
        altered[place] |= {"amount": amounts[place][0] + 1, "net": amounts[place][0] - amounts[place][1] + 1}
        with pytest.raises(BillDamaged):
            read(_written(*altered, end))


def _written(*lines: dict[str, Any]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
