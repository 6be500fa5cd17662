"""What the pages of wallets and tipping tell by example of paid orders and their refunds is what happens."""

from __future__ import annotations

import pytest

from plaudit.features.wallets.model import part_of
from plaudit.vocabulary.facts.dues import DueKept
from plaudit.vocabulary.facts.tipping import TipReversed
from plaudit.vocabulary.facts.wallets import TopupClawedBack
from tests.features.examples import table
from tests.features.floor import Floor
from tests.features.orders import order_tip, order_topup, policy, save_pack
from tests.features.payer import Payer

pytestmark = pytest.mark.anyio


def test_a_refund_in_parts_goes_as_the_page_says() -> None:
    refunded = taken = 0
    for row in table("wallets.md", "77 coins for 1,000 are refunded in parts"):
        part = part_of(
            total_minor=77,
            paid_minor=1_000,
            returned_before_minor=refunded,
            returning_minor=int(row["refunded"]),
        )
        refunded, taken = refunded + int(row["refunded"]), taken + part
        assert (part, refunded, taken) == (
            int(row["coins taken back"]),
            int(row["refunded in all"]),
            int(row["taken back in all"]),
        )
    assert (refunded, taken) == (1_000, 77)


async def test_a_whole_refund_goes_as_the_page_says(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    await floor.register("c1")
    for number, row in enumerate(table("wallets.md", "a top-up of 120 coins is refunded whole")):
        viewer = f"v{number}"
        await policy(floor, row["clawback"], int(row["limit"]))  # type: ignore[arg-type]
        payment = await payer.pay(await order_topup(floor, viewer))
        await payer.answered()
        if int(row["wallet holds"]) < 120:
            await floor.tip(viewer, "c1", 120 - int(row["wallet holds"]))
        refund = await payer.refund(payment)
        await payer.answered()
        kept = {one.refund: one.code for one in await payer.said(DueKept)}
        assert kept.get(refund, "due.returned") == row["answer"], row
        parts = {
            one.refund: (one.amount_minor, one.debt_minor, one.lost_minor)
            for one in await payer.said(TopupClawedBack)
        }
        assert parts.get(refund, (0, 0, 0)) == (int(row["taken"]), int(row["owed"]), int(row["lost"])), row
    await payer.checked()


async def test_a_debt_goes_as_the_page_says(floor: Floor, payer: Payer) -> None:
    await save_pack(floor)
    await policy(floor, "debt", 100)
    await floor.register("c1")
    due, payment = None, ""
    for row in table("wallets.md", "a debt and what pays it off"):
        verb, _, amount = row.pop("step").partition(" ")
        match verb:
            case "order":
                due = await order_topup(floor)
            case "paid":
                assert due is not None
                payment = await payer.pay(due)
            case "answered":
                await payer.answered()
            case "tip":
                await floor.tip("v1", "c1", int(amount))
            case "credit":
                await floor.credit("v1", int(amount))
            case _:
                await payer.refund(payment)
                await payer.answered()
        found = await floor.everything()
        assert {address: found.get(address, 0) for address in row} == {
            address: int(minor) for address, minor in row.items()
        }, verb
    await payer.checked()


async def test_a_paid_tip_goes_back_as_the_page_says(floor: Floor, payer: Payer) -> None:
    for number, row in enumerate(
        table("tipping.md", "a paid tip of 1,000, split 700 to 50 to 250, is refunded")
    ):
        creator = f"c{number}"
        await floor.register(creator, guild=f"g{number}")
        await floor.policy("CNY", creator_keeps_minor=int(row["creator keeps"]))
        payment = await payer.pay(await order_tip(floor, 1_000, creator=creator))
        await payer.answered()
        if int(row["creator has"]) < 700:
            await floor.adjust(f"creator/{creator}/earnings/CNY", int(row["creator has"]) - 700)
        await payer.refund(payment, int(row["refunded"]))
        await payer.answered()
        last = (await payer.said(TipReversed))[-1]
        parts = (last.creator_minor, last.guild_minor, last.platform_minor, last.lost_minor)
        assert parts == tuple(int(row[name]) for name in ("creator", "guild", "platform", "lost")), row
    await payer.checked()
