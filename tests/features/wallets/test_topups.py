"""A pack is ordered, paid and put into the wallet; a refund takes it back, by policy where it was spent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plaudit.features.wallets import queries
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.dues import DueKept, DueRejected, DueReturned
from plaudit.vocabulary.facts.wallets import (
    Clawback,
    TopupClawedBack,
    TopupCredited,
    TopupOrdered,
    WalletCredited,
)
from tests.features.floor import Floor
from tests.features.orders import order_topup, policy, save_pack
from tests.features.payer import Payer, fact_of

pytestmark = pytest.mark.anyio


async def topped_up(payer: Payer, viewer: str = "v1") -> str:
    """Let a viewer order the pack, pay it and have it, and return the payment."""
    payment = await payer.pay(await order_topup(payer.floor, viewer))
    await payer.answered()
    return payment


async def spend(floor: Floor, amount: int, viewer: str = "v1") -> None:
    await floor.register("c1")
    await floor.tip(viewer, "c1", amount)


async def wallet(floor: Floor, viewer: str = "v1") -> tuple[int, int]:
    """Return what a wallet holds and owes."""
    found = await queries.wallet(database=floor.database, tenant_id=floor.tenant_id, viewer=viewer)
    return next(((one.balance_minor, one.owed_minor) for one in found if one.asset == "coin"), (0, 0))


async def test_an_order_names_the_price_of_now_and_until_when(floor: Floor) -> None:
    await save_pack(floor)
    first = fact_of(await order_topup(floor), TopupOrdered)
    assert (first.payer, first.asset, first.amount_minor) == ("v1", "CNY", 1_200)
    assert (first.topup_asset, first.topup_minor, first.bonus_minor, first.pack_revision) == (
        "coin",
        100,
        20,
        1,
    )
    assert first.due_until == floor.clock.now() + timedelta(minutes=30)
    assert (first.title_en, first.title_zh) == ("Top-up 100 + 20 Coin", "充值 100 + 20 金币")
    await save_pack(floor, price_minor=1_500, bonus_minor=0, pay_within_s=300)
    second = fact_of(await order_topup(floor), TopupOrdered)
    assert (second.amount_minor, second.bonus_minor, second.pack_revision) == (1_500, 0, 2)
    assert second.due_until == floor.clock.now() + timedelta(minutes=5)
    assert await floor.everything() == {}


async def test_what_cannot_be_ordered(floor: Floor) -> None:
    now = floor.clock.now()
    await save_pack(floor, id="off", on_sale=False)
    await save_pack(floor, id="early", valid_from=now + timedelta(seconds=1))
    await save_pack(floor, id="late", valid_until=now)
    await save_pack(floor)
    for pack, code in (
        ("none", "pack.unknown"),
        ("a/b", "pack.unknown"),
        ("off", "pack.ended"),
        ("early", "pack.ended"),
        ("late", "pack.ended"),
    ):
        with pytest.raises(Refusal) as refusal:
            await order_topup(floor, pack=pack)
        assert refusal.value.code == code, pack
    await order_topup(floor)
    await floor.credit("v1", 1)
    await floor.freeze("viewer/v1/coin", "debits")
    await order_topup(floor)
    await floor.freeze("viewer/v1/coin", "all")
    with pytest.raises(Refusal, match=r"account\.frozen"):
        await order_topup(floor)
    await floor.flip("feature/wallets", off=True)
    with pytest.raises(Refusal, match=r"switch\.off"):
        await order_topup(floor, viewer="v2")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"id": "a b"}, "pack.invalid"),
        ({"price_asset": "coin"}, "pack.invalid"),
        ({"price_asset": "XXX"}, "asset.unknown"),
        ({"price_minor": 0}, "pack.invalid"),
        ({"amount_minor": 0}, "pack.invalid"),
        ({"amount_minor": MAX_MINOR, "bonus_minor": 1}, "pack.invalid"),
        ({"bonus_minor": -1}, "pack.invalid"),
        ({"pay_within_s": 59}, "pack.invalid"),
        ({"pay_within_s": 86_401}, "pack.invalid"),
    ],
)
async def test_a_pack_that_makes_no_sense_is_refused(floor: Floor, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await save_pack(floor, **fields)
    assert refusal.value.code == code


async def test_a_paid_pack_is_in_the_wallet_once(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    due = await order_topup(floor)
    await save_pack(floor, amount_minor=1, on_sale=False)
    payment = await payer.pay(due)
    await payer.answered()
    await payer.answered()
    assert await floor.everything() == {
        "channel/acc_0000000000001/CNY": -1_200,
        "users/funds/CNY": 1_200,
        "issuance/coin": -120,
        "viewer/v1/coin": 120,
    }
    (credited,) = await payer.said(TopupCredited)
    assert (credited.viewer, credited.due, credited.payment) == ("v1", due.position, payment)
    assert (credited.amount_minor, credited.bonus_minor, credited.paid_minor) == (100, 20, 1_200)
    await payer.checked()


async def test_a_due_is_fulfilled_once_whoever_says_that_it_was_paid(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    due = await order_topup(floor)
    await payer.pay(due)
    await payer.answered()
    await payer.pay(due)
    await payer.answered()
    assert await wallet(floor) == (120, 0)
    assert await payer.codes(DueRejected) == ["key.conflict"]
    await payer.checked()


async def test_what_cannot_be_given_goes_back(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    frozen, full, stopped = [await order_topup(floor, viewer) for viewer in ("v1", "v2", "v3")]
    await floor.credit("v1", 1)
    await floor.freeze("viewer/v1/coin", "all")
    await floor.adjust("viewer/v2/coin", MAX_MINOR)
    for due in (frozen, full):
        await payer.pay(due)
    await payer.answered()
    await floor.flip("feature/wallets", off=True)
    await payer.pay(stopped)
    await payer.answered()
    assert await payer.codes(DueRejected) == ["account.frozen", "ledger.range", "switch.off"]
    assert await payer.said(TopupCredited) == []
    assert (await payer.money())["clearing/CNY"] == 3_600
    await payer.checked()


async def test_while_the_tenant_is_switched_off_everything_waits(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    due = await order_topup(floor)
    await payer.pay(due)
    await floor.flip("tenant", off=True)
    await payer.waits()
    assert (await payer.said(TopupCredited), await payer.said(DueRejected)) == ([], [])
    await floor.flip("tenant", off=False)
    await payer.answered()
    assert await wallet(floor) == (120, 0)


async def test_a_refund_in_parts_takes_back_the_whole(floor: Floor, payer: Payer) -> None:
    await save_pack(floor, price_minor=1_000, amount_minor=70, bonus_minor=7)
    payment = await topped_up(payer)
    for amount, left in ((1, 77), (12, 76), (13, 75), (500, 37), (474, 0)):
        await payer.refund(payment, amount)
        await payer.answered()
        assert (await wallet(floor))[0] == left, amount
    parts = await payer.said(TopupClawedBack)
    assert [one.amount_minor for one in parts] == [0, 1, 1, 38, 37]
    assert await floor.everything() == {"channel/acc_0000000000001/CNY": -1_000, "clearing/CNY": 1_000}
    assert [one.amount_minor for one in await payer.said(DueReturned)] == [1, 12, 13, 500, 474]
    await payer.refund(payment, 1)
    await payer.answered()
    assert await payer.codes(DueKept) == ["topup.returned"]
    await payer.checked()


async def test_by_default_what_was_spent_is_not_refunded(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    payment = await topped_up(payer)
    await spend(floor, 1)
    refund = await payer.refund(payment)
    await payer.answered()
    (kept,) = await payer.said(DueKept)
    assert (kept.refund, kept.code, kept.amount_minor) == (refund, "clawback.insufficient", 1_200)
    assert await wallet(floor) == (119, 0)
    assert await payer.said(TopupClawedBack) == []
    # What was kept does not count as returned: the part that is still there can go back.
    await payer.refund(payment, 1_190)
    await payer.answered()
    assert [one.amount_minor for one in await payer.said(TopupClawedBack)] == [119]
    await payer.checked()


async def test_a_wallet_owes_what_was_spent_and_credits_pay_it_off(floor: Floor, payer: Payer) -> None:
    await policy(floor, "debt", 100)
    await save_pack(floor)
    payment = await topped_up(payer)
    await spend(floor, 100)
    await payer.refund(payment)
    await payer.answered()
    assert await wallet(floor) == (0, 100)
    (clawed,) = await payer.said(TopupClawedBack)
    assert (clawed.amount_minor, clawed.debt_minor, clawed.lost_minor) == (20, 100, 0)
    # The policy changes; what is owed stays owed.
    await policy(floor, "refuse")
    assert fact_of(await floor.credit("v1", 30), WalletCredited).repaid_minor == 30
    assert await wallet(floor) == (0, 70)
    await topped_up(payer)
    assert [one.repaid_minor for one in await payer.said(TopupCredited)] == [0, 70]
    assert await wallet(floor) == (50, 0)
    assert fact_of(await floor.credit("v1", 5), WalletCredited).repaid_minor == 0
    assert await wallet(floor) == (55, 0)
    await payer.checked()


async def test_a_wallet_owes_no_more_than_the_limit(floor: Floor, payer: Payer) -> None:
    await policy(floor, "debt", 99)
    await save_pack(floor)
    payment = await topped_up(payer)
    await spend(floor, 100)
    await payer.refund(payment)
    await payer.answered()
    assert await payer.codes(DueKept) == ["clawback.limit"]
    assert await wallet(floor) == (20, 0)
    await payer.checked()


async def test_what_is_there_is_taken_and_the_rest_written_off(floor: Floor, payer: Payer) -> None:
    await policy(floor, "available")
    await save_pack(floor)
    payment = await topped_up(payer)
    await spend(floor, 100)
    await payer.refund(payment)
    await payer.answered()
    (clawed,) = await payer.said(TopupClawedBack)
    assert (clawed.amount_minor, clawed.debt_minor, clawed.lost_minor) == (20, 0, 100)
    assert await floor.balance("losses/coin") == -100
    assert await floor.balance("issuance/coin") == 0
    (returned,) = await payer.said(DueReturned)
    assert (returned.amount_minor, returned.lost_minor) == (1_200, 0)
    await payer.checked()


async def test_a_frozen_wallet_keeps_what_it_has(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    payment = await topped_up(payer)
    await floor.freeze("viewer/v1/coin", "debits")
    await payer.refund(payment)
    await payer.answered()
    assert await payer.codes(DueKept) == ["account.frozen"]
    await floor.flip("feature/wallets", off=True)
    await floor.freeze("viewer/v1/coin", "none")
    await payer.refund(payment, 600)
    await payer.answered()
    assert (await payer.money())["clearing/CNY"] == 600
    await payer.checked()


async def test_a_refund_of_what_was_never_given_is_kept(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    due = await order_topup(floor)
    await floor.flip("feature/wallets", off=True)
    payment = await payer.pay(due)
    await payer.refund(payment)
    await payer.answered()
    assert await payer.codes(DueRejected) == ["switch.off"]
    assert await payer.codes(DueKept) == ["topup.returned"]
    await payer.checked()


async def test_payment_and_refund_in_one_batch_are_answered_in_order(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    payments = [await payer.pay(await order_topup(floor, f"v{n}")) for n in range(5)]
    for payment in payments[:3]:
        await payer.refund(payment, 600)
        await payer.refund(payment)
    await payer.answered()
    assert len(await payer.said(TopupCredited)) == 5
    assert [one.amount_minor for one in await payer.said(TopupClawedBack)] == [60] * 6
    assert await floor.everything() == {
        "channel/acc_0000000000001/CNY": -6_000,
        "clearing/CNY": 3_600,
        "users/funds/CNY": 2_400,
        "issuance/coin": -240,
        "viewer/v3/coin": 120,
        "viewer/v4/coin": 120,
    }
    await payer.checked()


async def test_a_debt_can_be_forgiven_and_not_made_by_hand(floor: Floor, payer: Payer) -> None:
    await policy(floor, "debt", 100)
    await save_pack(floor)
    payment = await topped_up(payer)
    await spend(floor, 100)
    await payer.refund(payment)
    await payer.answered()
    with pytest.raises(Refusal, match=r"adjustment\.amount"):
        await floor.adjust("viewer/v1/debt/coin", -1)
    with pytest.raises(Refusal, match=r"adjustment\.debt"):
        await floor.adjust("viewer/v1/debt/coin", 101)
    await floor.adjust("viewer/v1/debt/coin", 100)
    assert await wallet(floor) == (0, 0)
    await payer.checked()


@pytest.mark.parametrize(
    ("clawback", "limit", "code"),
    [
        ("debt", 0, "topup_policy.invalid"),
        ("refuse", 1, "topup_policy.invalid"),
        ("available", 1, "topup_policy.invalid"),
        ("debt", MAX_MINOR + 1, "topup_policy.invalid"),
        ("gift", 0, "topup_policy.invalid"),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(
    floor: Floor, clawback: Clawback, limit: int, code: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        await policy(floor, clawback, limit)
    assert refusal.value.code == code
