"""Whatever is ordered, paid, spent and refunded: no money is lost, and the parts are the whole."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.core.commands.command import Outcome
from plaudit.features.wallets.model import part_of
from plaudit.kernel.money import MAX_MINOR
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.dues import DueReturned
from plaudit.vocabulary.facts.tipping import TipReversed, TipSent
from plaudit.vocabulary.facts.wallets import TopupClawedBack, TopupCredited
from tests.features.floor import Floor
from tests.features.orders import order_tip, order_topup, policy, save_pack
from tests.features.payer import Payer

pytestmark = pytest.mark.anyio

VIEWERS = ("ann", "bob", "eve")
STEPS = 120


@given(
    total=st.integers(1, MAX_MINOR),
    parts=st.lists(st.integers(1, MAX_MINOR // 8), min_size=1, max_size=8),
)
def test_the_parts_of_a_refund_are_the_whole(total: int, parts: list[int]) -> None:
    paid, before, taken = sum(parts), 0, []
    for part in parts:
        taken.append(
            part_of(total_minor=total, paid_minor=paid, returned_before_minor=before, returning_minor=part)
        )
        before += part
    assert min(taken) >= 0
    assert sum(taken) == total


async def _step(payer: Payer, dice: random.Random, dues: list[Outcome]) -> None:
    floor, viewer = payer.floor, dice.choice(VIEWERS)
    match dice.randrange(8):
        case 0 | 1:
            dues.append(await order_topup(floor, viewer, dice.choice(("small", "odd"))))
        case 2:
            dues.append(await order_tip(floor, dice.randrange(1, 2_000), viewer=viewer))
        case 3 if dues:
            await payer.pay(dues.pop(dice.randrange(len(dues))))
        case 4 if payer.payments:
            payment = dice.choice(list(payer.payments))
            left = payer.payments[payment].amount_minor - payer.going_back.get(payment, 0)
            if left:
                await payer.refund(payment, dice.choice((left, dice.randint(1, left))))
        case 5:
            await floor.tip(viewer, "c1", dice.randrange(1, 100))
        case 6:
            await floor.credit(viewer, dice.randrange(1, 100))
        case 7 if dice.random() < 0.3:
            share = await floor.balance("creator/c1/earnings/CNY")
            if share:
                await floor.adjust("creator/c1/earnings/CNY", -dice.randint(1, share))
        case _:
            await payer.answered()


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("clawback", ["refuse", "debt", "available"])
async def test_no_money_is_lost(floor: Floor, payer: Payer, clawback: str, seed: int) -> None:
    dice = random.Random(f"{clawback}/{seed}")  # noqa: S311 - a walk that can be walked again
    await save_pack(floor)
    await save_pack(floor, id="odd", price_minor=997, amount_minor=31, bonus_minor=0)
    await policy(floor, clawback, 40 if clawback == "debt" else 0)  # type: ignore[arg-type]
    await floor.register("c1", guild="g1")
    dues: list[Outcome] = []
    for _ in range(STEPS):
        try:
            await _step(payer, dice, dues)
        except Refusal as refusal:
            assert refusal.code == "wallet.insufficient"  # noqa: PT017 - others are faults
    await payer.answered()
    await payer.checked()
    await _check(floor, payer)


async def _check(floor: Floor, payer: Payer) -> None:
    """Compare what the accounts hold with what the facts say."""
    found = await floor.everything()
    credited, clawed = await payer.said(TopupCredited), await payer.said(TopupClawedBack)
    assert credited, "the walk topped nobody up"
    topups = {one.due for one in credited}
    back = sum(one.amount_minor for one in await payer.said(DueReturned) if one.due in topups)
    assert found.get("users/funds/CNY", 0) == sum(one.paid_minor for one in credited) - back
    sent, reversed_ = await payer.said(TipSent), await payer.said(TipReversed)
    paid = {one.due for one in sent if one.due is not None}
    assert paid, "nobody paid a tip"
    assert len(paid) == sum(one.payment is not None for one in sent)
    for one in reversed_:
        shares = one.creator_minor + one.guild_minor + one.platform_minor
        assert shares + one.lost_minor == one.amount_minor
    assert found.get("losses/CNY", 0) == -sum(one.lost_minor for one in reversed_)
    assert found.get("losses/coin", 0) == -sum(one.lost_minor for one in clawed)
    for viewer in VIEWERS:
        owes = -found.get(f"viewer/{viewer}/debt/coin", 0)
        assert owes >= 0
        assert not (owes and found.get(f"viewer/{viewer}/coin", 0))
        repaid = sum(one.repaid_minor for one in credited if one.viewer == viewer)
        owed = sum(one.debt_minor for one in clawed if one.viewer == viewer)
        assert owes <= owed - repaid
