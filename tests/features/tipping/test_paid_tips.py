"""A tip is ordered, paid through a channel and sent; its refund takes it back from all who had a share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plaudit.core.journal import private, read
from plaudit.core.journal.facts import Recorded
from plaudit.features.identity import actions as identity
from plaudit.kernel.refusal import Refusal
from plaudit.vocabulary.facts.dues import DueKept, DueRejected, DueReturned
from plaudit.vocabulary.facts.tipping import TipOrdered, TipReversed, TipSent
from tests.features.floor import Floor
from tests.features.orders import order_tip
from tests.features.payer import Payer, fact_of

pytestmark = pytest.mark.anyio


async def paid_tip(payer: Payer, amount_minor: int | None = None, **fields: Any) -> str:  # noqa: ANN401 - the fields of the model
    """Let a tip be ordered, paid and sent, and return the payment."""
    payment = await payer.pay(await order_tip(payer.floor, amount_minor, **fields))
    await payer.answered()
    return payment


async def last_tip(floor: Floor) -> Recorded:
    """Return the fact of the newest tip."""
    async with floor.database.connection() as conn:
        page = await read.page(conn, tenant_id=floor.tenant_id, after=0, limit=1_000, kinds=[TipSent.KIND])
    return page.facts[-1]


async def test_an_order_names_the_price_and_moves_nothing(floor: Floor) -> None:
    await floor.register("c1")
    await floor.gift("rose", 250, asset="CNY")
    ordered = fact_of(await order_tip(floor, gift="rose", count=3, show="s1", anonymous=True), TipOrdered)
    assert (ordered.payer, ordered.creator, ordered.asset, ordered.amount_minor) == ("v1", "c1", "CNY", 750)
    assert (ordered.gift, ordered.gift_revision, ordered.count) == ("rose", 1, 3)
    assert (ordered.show, ordered.anonymous, ordered.message_hash) == ("s1", True, None)
    assert (ordered.title_en, ordered.title_zh) == ("rose x 3", "rose x 3")
    assert ordered.due_until == floor.clock.now() + timedelta(minutes=30)
    own = fact_of(await order_tip(floor, 1_234), TipOrdered)
    assert (own.title_en, own.title_zh, own.gift) == ("Tip 12.34 CNY", "打赏 12.34 CNY", None)
    assert await floor.everything() == {}


async def test_what_refuses_a_tip_refuses_its_order(floor: Floor) -> None:
    await floor.register("c1")
    await floor.policy("CNY", min_minor=100, max_minor=1_000, presets_minor=(500,), day_limit_minor=1_000)
    await floor.gift("old", 200, asset="CNY", on_sale=False)
    table: list[tuple[dict[str, Any], str]] = [
        ({"amount_minor": 99}, "tip.amount"),
        ({"amount_minor": 1_001}, "tip.amount"),
        ({"preset": 1, "asset": "CNY"}, "tip.amount"),
        ({"gift": "none"}, "gift.unknown"),
        ({"gift": "old"}, "gift.ended"),
        ({"amount_minor": 100, "creator": "c2"}, "creator.unknown"),
        ({"amount_minor": 100, "viewer": "c1"}, "tip.self"),
        ({"amount_minor": 100, "message": "\u0007"}, "tip.message"),
        ({"amount_minor": 100, "asset": "coin"}, "order.asset"),
        ({"amount_minor": 100, "asset": "XXX"}, "asset.unknown"),
    ]
    for fields, code in table:
        with pytest.raises(Refusal) as refusal:
            await order_tip(floor, **fields)
        assert refusal.value.code == code, fields
    assert fact_of(await order_tip(floor, preset=0, asset="CNY"), TipOrdered).amount_minor == 500
    await floor.credit("v1", 900, asset="CNY")
    await floor.tip("v1", "c1", 900, asset="CNY")
    with pytest.raises(Refusal, match=r"tip\.limit"):
        await order_tip(floor, 101)
    await floor.freeze("creator/c1/earnings/CNY", "all")
    with pytest.raises(Refusal, match=r"creator\.frozen"):
        await order_tip(floor, 100)
    await floor.flip("creator/c1", off=True)
    with pytest.raises(Refusal, match=r"switch\.off"):
        await order_tip(floor, 100)


async def test_no_caller_can_say_that_a_tip_was_paid(floor: Floor) -> None:
    await floor.register("c1")
    with pytest.raises(Refusal, match=r"funding\.unsupported"):
        await floor.tip("v1", "c1", 100, asset="CNY", funding=("payment",))


async def test_a_paid_tip_is_sent_and_shared_out_of_clearing(floor: Floor, payer: Payer) -> None:
    await floor.register("c1", guild="g1")
    due = await order_tip(floor, 1_000, show="s1", message="hello", anonymous=True)
    await floor.words("hello")
    payment = await payer.pay(due)
    paid_at = floor.clock.now()
    floor.clock.advance(timedelta(minutes=5))
    await payer.answered()
    (sent,) = await payer.said(TipSent)
    assert (sent.due, sent.payment, sent.viewer, sent.creator) == (due.position, payment, "v1", "c1")
    assert (sent.creator_minor, sent.guild_minor, sent.platform_minor) == (700, 50, 250)
    assert (sent.show, sent.anonymous, sent.message_state) == ("s1", True, "held")
    assert sent.message_hash == fact_of(due, TipOrdered).message_hash
    fact = await last_tip(floor)
    assert (fact.actor, fact.at) == ("system/tipping", paid_at)
    async with floor.database.connection() as conn:
        (text,) = await private.read(conn, tenant_id=floor.tenant_id, positions=[fact.position])
    assert (text.part.body, text.part.owner) == ("hello", "viewer/v1")
    assert await floor.everything() == {
        "channel/acc_0000000000001/CNY": -1_000,
        "creator/c1/earnings/CNY": 700,
        "guild/g1/earnings/CNY": 50,
        "platform/revenue/CNY": 250,
    }
    assert await floor.differences() == []
    await payer.checked()


async def test_a_gift_costs_what_was_ordered(floor: Floor, payer: Payer) -> None:
    await floor.register("c1")
    await floor.gift("rose", 250, asset="CNY")
    due = await order_tip(floor, gift="rose", count=2)
    await floor.gift("rose", 999, asset="CNY", on_sale=False)
    await payer.pay(due)
    await payer.answered()
    (sent,) = await payer.said(TipSent)
    assert (sent.amount_minor, sent.gift, sent.gift_revision, sent.count) == (500, "rose", 1, 2)
    await payer.checked()


async def test_the_text_of_an_erased_viewer_is_not_carried_over(floor: Floor, payer: Payer) -> None:
    await floor.register("c1")
    due = await order_tip(floor, 100, message="hello")
    erasing = identity.erase_viewer(
        grant=floor.grant("staff", "ann"),
        idempotency_key=floor.key(),
        viewer="v1",
        reason="they asked",
        randomness=bytes,
    )
    await floor.corridor.run(erasing.command, erasing.work)
    await payer.pay(due)
    await payer.answered()
    (sent,) = await payer.said(TipSent)
    assert (sent.message_state, sent.message_hash) == ("none", None)


async def test_what_cannot_be_sent_any_more_goes_back(floor: Floor, payer: Payer) -> None:
    for creator in ("c1", "c2", "c3"):
        await floor.register(creator)
    await floor.gift("rose", 100, asset="CNY")
    await floor.policy("CNY", day_limit_minor=1_000)
    dues = [
        await order_tip(floor, 100, creator="c1"),
        await order_tip(floor, 100, creator="c2"),
        await order_tip(floor, gift="rose", creator="c3"),
        await order_tip(floor, 1_000, creator="c3"),
        await order_tip(floor, 1, creator="c3"),
    ]
    await floor.freeze("creator/c1/earnings/CNY", "all")
    await floor.flip("creator/c2", off=True)
    await floor.flip("gift/rose", off=True)
    for due in dues:
        await payer.pay(due)
    await payer.answered()
    rejected = await payer.codes(DueRejected)
    assert rejected == ["creator.frozen", "switch.off", "switch.off", "tip.limit"]
    assert [one.amount_minor for one in await payer.said(TipSent)] == [1_000]
    assert await floor.balance("clearing/CNY") == 301
    await payer.checked()


async def test_a_refund_takes_back_from_everybody(floor: Floor, payer: Payer) -> None:
    await floor.register("c1", guild="g1")
    payment = await paid_tip(payer, 1_000)
    refund = await payer.refund(payment)
    await payer.answered()
    (fact,) = await payer.said(TipReversed)
    assert (fact.creator_minor, fact.guild_minor, fact.platform_minor, fact.lost_minor) == (700, 50, 250, 0)
    assert (fact.refund, fact.amount_minor, fact.reversed_minor) == (refund, 1_000, 1_000)
    (returned,) = await payer.said(DueReturned)
    assert (returned.refund, returned.amount_minor, returned.lost_minor) == (refund, 1_000, 0)
    assert await floor.everything() == {"channel/acc_0000000000001/CNY": -1_000, "clearing/CNY": 1_000}
    assert await floor.differences() == []
    await payer.checked()


async def test_parts_give_back_what_the_split_gave_and_end_at_the_whole(floor: Floor, payer: Payer) -> None:
    await floor.terms("odd", (0, "70%", "15%"))
    await floor.register("c1", guild="g1", terms="odd")
    payment = await paid_tip(payer, 19)
    for amount in (1, 5, 7, 6):
        await payer.refund(payment, amount)
    await payer.answered()
    parts = await payer.said(TipReversed)
    assert [(one.creator_minor, one.guild_minor, one.platform_minor) for one in parts] == [
        (0, 1, 0),
        (4, 0, 1),
        (5, 1, 1),
        (5, 0, 1),
    ]
    assert await floor.everything() == {"channel/acc_0000000000001/CNY": -19, "clearing/CNY": 19}
    await payer.refund(payment, 1)
    await payer.answered()
    assert await payer.codes(DueKept) == ["reversal.done"]
    await payer.checked()


async def test_the_creator_gives_back_down_to_what_is_left_to_them(floor: Floor, payer: Payer) -> None:
    await floor.register("c1")
    await floor.policy("CNY", creator_keeps_minor=100)
    payment = await paid_tip(payer, 1_000)
    # A payout takes 450 of the creator's 700.
    await floor.adjust("creator/c1/earnings/CNY", -450)
    await payer.refund(payment, 500)
    await payer.answered()
    await payer.refund(payment)
    await payer.answered()
    first, second = await payer.said(TipReversed)
    assert (first.creator_minor, first.platform_minor, first.lost_minor, first.amount_minor) == (
        150,
        150,
        200,
        500,
    )
    assert (second.creator_minor, second.platform_minor, second.lost_minor) == (0, 150, 350)
    assert [one.lost_minor for one in await payer.said(DueReturned)] == [200, 350]
    assert await payer.money() == {
        "channel/acc_0000000000001/CNY": -1_000,
        "clearing/CNY": 1_000,
        "creator/c1/earnings/CNY": 100,
        "adjustment/CNY": 450,
        "losses/CNY": -550,
    }
    await payer.checked()


async def test_a_guild_that_was_paid_out_and_a_frozen_creator_keep_it(floor: Floor, payer: Payer) -> None:
    await floor.register("c1", guild="g1")
    payment = await paid_tip(payer, 1_000)
    await floor.freeze("creator/c1/earnings/CNY", "debits")
    await payer.refund(payment)
    await payer.answered()
    await floor.freeze("creator/c1/earnings/CNY", "none")
    await floor.adjust("guild/g1/earnings/CNY", -50)
    await payer.refund(payment, 1_000)
    await payer.answered()
    assert await payer.codes(DueKept) == ["account.frozen", "reversal.insufficient"]
    assert await payer.said(TipReversed) == []
    await payer.checked()


async def test_a_refund_of_what_was_never_sent_is_kept(floor: Floor, payer: Payer) -> None:
    await floor.register("c1")
    due = await order_tip(floor, 100)
    await floor.flip("creator/c1", off=True)
    payment = await payer.pay(due)
    await payer.refund(payment)
    await payer.answered()
    assert await payer.codes(DueRejected) == ["switch.off"]
    assert await payer.codes(DueKept) == ["tip.unsent"]
    await payer.checked()


async def test_staff_refund_a_paid_tip_and_do_not_reverse_it(floor: Floor, payer: Payer) -> None:
    await floor.register("c1")
    payment = await paid_tip(payer, 100)
    with pytest.raises(Refusal) as refusal:
        await floor.reverse(await last_tip(floor))
    assert (refusal.value.code, refusal.value.details) == ("reversal.paid", {"payment": payment})
    # No switch stops that the money goes back.
    await floor.flip("feature/tipping", off=True)
    await payer.refund(payment)
    await payer.answered()
    assert await payer.codes(DueKept) == []
    await payer.checked()


async def test_paid_and_refunded_in_one_batch(floor: Floor, payer: Payer) -> None:
    await floor.register("c1", guild="g1")
    for n in range(10):
        payment = await payer.pay(await order_tip(floor, 100 + n, viewer=f"v{n}"))
        if n % 2:
            await payer.refund(payment)
    await payer.answered()
    await payer.answered()
    assert len(await payer.said(TipSent)) == 10
    assert [one.amount_minor for one in await payer.said(DueReturned)] == [101, 103, 105, 107, 109]
    assert await floor.balance("clearing/CNY") == 525
    assert await floor.differences() == []
    await payer.checked()


async def test_the_day_and_the_month_count_a_paid_tip_and_get_it_back(floor: Floor, payer: Payer) -> None:
    await floor.terms("rising", (0, "50%", None), (1_000, "100%", None))
    await floor.register("c1", terms="rising")
    await floor.policy("CNY", day_limit_minor=1_500)
    first = await paid_tip(payer, 1_000)
    await paid_tip(payer, 500)
    sent = await payer.said(TipSent)
    assert [(one.volume_before_minor, one.day_before_minor) for one in sent] == [(0, 0), (1_000, 1_000)]
    assert [one.creator_minor for one in sent] == [500, 500]
    await payer.refund(first)
    await payer.answered()
    await paid_tip(payer, 1_000)
    last = (await payer.said(TipSent))[-1]
    assert (last.volume_before_minor, last.day_before_minor, last.creator_minor) == (500, 500, 750)
    await payer.checked()
